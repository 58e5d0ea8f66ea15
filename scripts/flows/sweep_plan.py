"""What a sweep would do, read from Cloud Config, OSS, the live function and its audit trail."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from resource_repair.remediations import ACL
from resource_repair.settings import Settings
from resource_repair.values import DENIED, EXEMPT, FAILED
from scripts.account import audit_trail, findings
from scripts.account.deployed_function import DeployedFunction
from scripts.account.findings import Result
from scripts.account.live_exemptions import LiveExemptions
from scripts.context import Context
from scripts.decide.candidates import Candidate, counted, in_order
from scripts.decide.due import due, last_lines, overlooked
from scripts.errors import Problem
from scripts.flows.candidates import CandidateReader
from scripts.terminal import Console


class SweepPlan(NamedTuple):
    """What a sweep would do.

    `chosen` get a finding, in this order; `later` are left by the limit, `exempt` by the function,
    `ignored` by Cloud Config. `why` says of each why it is due, with --due. The `overlooked` among
    them are due by what was read alone, and want their number confirmed: `unconfirmed` are left
    where nobody does. `fresh` are left as what happened to them is less than --grace ago.
    """

    live: DeployedFunction
    chosen: Sequence[Candidate]
    later: Sequence[Candidate]
    exempt: Sequence[Candidate]
    ignored: Sequence[Result]
    why: Mapping[str, str]
    overlooked: Collection[str]
    unconfirmed: Sequence[Candidate]
    fresh: Sequence[str]

    @property
    def does(self) -> str:
        """What it does to them, in a word: not all is closing where further remediations are on."""
        if all(each.remediation == ACL for each in self.chosen):
            return "close"
        return "change" if len({each.bucket for each in self.changes}) == self.closes else "make"

    @property
    def changes(self) -> list[Candidate]:
        """Those that will be closed, or changed by a further remediation: one each."""
        return [each for each in self.chosen if each.closes]

    @property
    def closes(self) -> int:
        """How many these are: a bucket that several remediations change counts for each."""
        return len(self.changes)

    @property
    def told(self) -> str:
        """The same in words."""
        return counted(self.changes)


def plan_sweep(context: Context, now: datetime) -> tuple[CandidateReader, SweepPlan]:
    """The plan for what the options say, and who read the buckets for it.

    Raises CloudError, and Problem for what no finding would come of.
    """
    spec, clients, options = context.spec, context.clients, context.options
    live = DeployedFunction.read(spec, clients)
    known = findings.read(spec, clients)
    by_others = [
        (given, findings.read(spec, clients, sorted(given.rule_ids)))
        for given in live.settings.others or ()
    ]
    all_known = [*known, *(each for _, of_it in by_others for each in of_it)]
    _check_named(context.console, all_known, options.bucket)
    found = _of(known, options.bucket)
    reported = [each for each in found if each.compliance == findings.NON_COMPLIANT]
    deployed = _checked_settings(context, live)
    exempting = LiveExemptions(live.exemptions(), deployed.exempt_tag, now.date())
    reader = CandidateReader(clients, deployed.mode, exempting, deployed.ways)
    read = in_order(reader.read(reported))
    for given, further in by_others:
        named = _of(further, options.bucket)
        of_it = [each for each in named if each.compliance == findings.NON_COMPLIANT]
        read += in_order(reader.further(given, of_it))
    exempt = [each for each in read if each.expected == EXEMPT]
    swept = [each for each in read if each.expected != EXEMPT]
    why: Mapping[str, str] = {}
    new: Mapping[str, str] = {}
    fresh: Sequence[str] = ()
    if options.due:
        why, new, fresh = _due(context, swept, deployed, now)
        # What fails every night must not use up the limits before the others have their turn.
        due_by_lines = sorted(
            (each for each in swept if each.label in why),
            key=lambda each: why[each.label].startswith((FAILED, DENIED)),
        )
        swept = [*due_by_lines, *(each for each in swept if each.label in new)]
    # A yes to whatever comes is no confirmation: an upgrade must not have a night close more.
    unconfirmed = []
    if options.yes and options.expect is None:
        unconfirmed = [each for each in swept if each.label in new]
        swept = [each for each in swept if each.label not in new]
    ignored = [each for each in found if each.compliance == findings.IGNORED]
    chosen, later = swept[: options.limit], swept[options.limit :]
    whys = {**why, **new}
    return reader, SweepPlan(
        live, chosen, later, exempt, ignored, whys, new.keys(), unconfirmed, fresh
    )


def _checked_settings(context: Context, live: DeployedFunction) -> Settings:
    """What the function is told; it ignores findings of other rules than its own."""
    deployed = live.settings
    others = [each for each in findings.rule_ids(context.spec) if each not in deployed.rule_ids]
    if others:
        raise Problem(
            f"{context.spec.function_in_cloud} is not deployed for rule {others[0]} of "
            "PREPARE_RULE_ID, and would ignore its findings: correct that, or deploy"
        )
    return deployed


def _check_named(console: Console, known: Sequence[Result], names: Sequence[str]) -> None:
    """Say of each that is named that no rule found anything; raise Problem where none looked."""
    for name in dict.fromkeys(names):
        about = [each for each in known if each.bucket == name]
        if not about:
            raise Problem(
                f"the rule has not evaluated {name}: "
                f"look with `resource-repair status --bucket {name}`"
            )
        if all(each.compliance != findings.NON_COMPLIANT for each in about):
            console.say(f"{name} is {about[0].compliance} in Cloud Config: it is left alone")


def _of(results: Sequence[Result], names: Sequence[str]) -> Sequence[Result]:
    """The results about those buckets; without any name, all."""
    return [each for each in results if not names or each.bucket in names]


def _due(
    context: Context, swept: Sequence[Candidate], deployed: Settings, now: datetime
) -> tuple[Mapping[str, str], Mapping[str, str], Sequence[str]]:
    """Why each that is due is so, of the others why each that was overlooked is, and the fresh."""
    if not swept:
        return {}, {}, ()
    where, grace = (context.clients, context.spec), timedelta(minutes=context.options.grace)
    span = (audit_trail.since(context.options.days, now), now + audit_trail.SKEW)
    said = list(audit_trail.read(*where, *span))
    lines = {name: last_lines(said, name) for name in {each.remediation for each in swept}}
    why: dict[str, str] = {}
    new: dict[str, str] = {}
    fresh: list[str] = []
    for each in swept:
        mode = deployed.mode_of(each.remediation)
        asked = (each, lines[each.remediation].get(each.bucket), mode, now)
        if told := due(*asked, grace):
            why[each.label] = told
        elif told := overlooked(*asked, grace):
            new[each.label] = told
        elif due(*asked, timedelta()) or overlooked(*asked, timedelta()):
            fresh.append(each.label)
    return why, new, fresh
