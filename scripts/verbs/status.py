"""Show how the buckets stand that the rule has evaluated, or with --bucket one from all sides.

First the totals, then each bucket that needs something, the worst first, with why and what mends
it: at most 50, and without those that need nothing; --all lists every one. What a person was told
of is named for as long as it is so (of a bucket made anew, as far back as --days). Exit code 1: a
bucket is open by its ACL or its policy, and neither exempt nor blocked; or not all could be read.

Of one bucket all is told: what Cloud Config holds about it, its ACL, whether its policy makes it
public, Block Public Access, its exemption, whose that is and when it ends, and the last line of the
audit trail. The exemptions are those of the live function: it says so if they are not those of the
file here. What may not be read is told with the permission that it takes, and the rest is shown.

Of each further remediation that is on it tells how many buckets its rules find non-compliant, and
which of them want a person: what it should have mended by now, in mode enforce, which is exit code
1 too, and what was told and is still so.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Annotated, TypeVar

from cyclopts import Parameter

from resource_repair import naming
from resource_repair.exemptions import Exemption
from scripts import CODE
from scripts.account import audit_trail
from scripts.account.audit_trail import AuditLine
from scripts.account.deployed_function import DeployedFunction
from scripts.account.findings import Result
from scripts.account.permission import union
from scripts.context import Context, Ended, Looking, Verb, finite, show_unread
from scripts.decide import attention, posture
from scripts.decide.attention import Need, Totals
from scripts.decide.view import ACCOUNT, BUCKET, NOBODY, Unread, View
from scripts.declared.exemptions import reviewed_exemptions
from scripts.errors import UsageError
from scripts.flows import beside, bucket_view, further, left_open
from scripts.flows.audit_lines import at
from scripts.flows.bucket_view import ViewReader
from scripts.flows.further import Further
from scripts.terminal import Console, Exit
from scripts.words import few

_COLUMNS = (
    "bucket",
    "region",
    "Cloud Config",
    "ACL",
    "public by policy",
    "Block Public Access",
    "exemption",
    "last audit line",
)
_BLOCKED = {
    ACCOUNT: "on for the account",
    BUCKET: "on",
    NOBODY: "off",
}

_STANDS = {  # in the totals
    posture.OPEN: "open, and not exempt",
    posture.UNKNOWN: "not all of it was read",
    posture.BLOCKED: "closed by Block Public Access alone",
    posture.EXEMPT: "open, and exempt",
    posture.CLOSED: "private",
    posture.GONE: "no such bucket any more",
}
_WANTING = ("bucket", "standing", "why", "what you do")
_AT_MOST = 50  # of these, without --all
_NAMED = 5  # buckets in a line of the totals

_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True)
class Options(Looking):
    """What it takes."""

    bucket: Annotated[str | None, Parameter(help="this one alone"), "NAME"] = None
    all: Annotated[bool, Parameter(help="list every bucket, with all that is known of it")] = False
    exemptions: Annotated[Path, Parameter(help="default: the project's")] = CODE / "exemptions.yaml"
    days: Annotated[
        float,
        Parameter(
            help="look so far back for audit lines; default: 7", converter=finite(0, 1_000_000)
        ),
        "DAYS",
    ] = 7.0

    def check(self) -> None:
        """Raise UsageError for a bucket that can be none, and for no time to look back."""
        if self.bucket is not None and not naming.is_bucket_name(self.bucket):
            raise UsageError(
                f"{self.bucket!r} is no bucket's name: 3 to 63 of a-z, 0-9 and hyphens"
            )
        audit_trail.since(self.days, datetime.now(timezone.utc))


@dataclass(frozen=True)
class BucketReport:
    """One bucket. What is not there, or was not read, is None; the latter is also in `not_read`.

    `standing` is how it stands; `told`, `why` and `mend` are empty where it needs nothing.
    """

    bucket: str
    region: str
    result: Result | None
    acl: str | None
    public_by_policy: bool | None
    blocked_by: str | None
    exemption: Exemption | None
    last_audit_line: AuditLine | None
    standing: str
    told: str
    why: str
    mend: str


@dataclass(frozen=True)
class ExemptionsReport:
    """Whether the exemptions are those of the live function (None: unknown), and why not."""

    deployed: bool | None
    why: str


@dataclass(frozen=True)
class Report:
    """The buckets, and what is to be known to read of them."""

    paused: str | None
    acting_beside: tuple[str, ...] | None
    buckets: tuple[BucketReport, ...]
    exemptions: ExemptionsReport
    not_read: tuple[str, ...]
    totals: Totals
    further: tuple[Further, ...]


def _status(context: Context) -> Ended:
    options, now = context.options, datetime.now(timezone.utc)
    reviewed = reviewed_exemptions(options.exemptions, now.date())
    since = audit_trail.since(options.days, now)
    reader = ViewReader(context.spec, context.clients, reviewed, since, now)
    views = [reader.one(options.bucket)] if options.bucket else reader.all()
    found = attention.needs(views, reader.brake, now.date())
    totals = attention.totals(found)
    asked = (context.spec, context.clients, now, left_open.GRACE, options.bucket or "")
    on = further.standings(reader, *asked)
    others = beside.tell(context, VERB)
    _show_function(context, reader)
    _show(context, found, totals)
    _show_further(context.console, on)
    show_unread(context, VERB, reader.failures.values())
    pause = reader.live.pause if isinstance(reader.live, DeployedFunction) else None
    report = Report(
        str(pause) if pause else None,
        others,
        tuple(map(_bucket, found)),
        ExemptionsReport(reader.deployed, reader.doubt(options.exemptions)),
        tuple(map(str, reader.failures.values())),
        totals,
        on,
    )
    whole = (
        others is not None
        and not reader.failures
        and (not options.bucket or views[0].acl is not None)
    )
    overdue = any(not each.told for one in on for each in one.wanting)
    sound = whole and not overdue and not totals.standings[posture.OPEN]
    return Ended(Exit.DONE if sound else Exit.PROBLEM, report)


def _show(context: Context, found: Sequence[Need], totals: Totals) -> None:
    console, options = context.console, context.options
    if not found:
        console.say("the rule has evaluated no bucket yet")
    elif options.bucket:
        _show_one(console, found[0])
    else:
        console.table(("buckets", "standing", "which"), list(_total_rows(found, totals)))
        (_show_all if options.all else _show_worst)(console, found)


def _show_further(console: Console, on: Sequence[Further]) -> None:
    """Each further remediation, and the buckets that want a person; nothing where none is on."""
    if not on:
        return
    console.say("")
    rows = [
        (each.remediation, each.mode, "not read" if each.found is None else str(each.found))
        for each in on
    ]
    console.table(("further remediation", "mode", "non-compliant"), rows)
    wanting = [
        (f"{each.bucket} ({one.remediation})", each.why, each.mend)
        for one in on
        for each in one.wanting
    ]
    if wanting:
        console.say("")
        console.table((_WANTING[0], *_WANTING[2:]), wanting[:_AT_MOST])
    if len(wanting) > _AT_MOST:
        console.say(f"left out: {len(wanting) - _AT_MOST} more like these; --json lists them")


def _show_one(console: Console, need: Need) -> None:
    rows = list(zip(_COLUMNS[1:], _cells(need.view)[1:], strict=True))
    more = (need.why, need.mend) if need.why else ()
    rows.append(("standing", posture.called(need.standing)))
    rows += zip(_WANTING[-2:], more, strict=False)
    console.table((_COLUMNS[0], need.view.bucket), rows)


def _show_all(console: Console, found: Sequence[Need]) -> None:
    console.say("")
    rows = [(posture.called(each.standing), *_cells(each.view), each.mend) for each in found]
    console.table(("standing", *_COLUMNS, _WANTING[-1]), rows)


def _show_worst(console: Console, found: Sequence[Need]) -> None:
    """Those that need something, no more than people read, and how many are left out."""
    wanting = [each for each in found if each.why]
    shown = [
        (each.view.bucket, posture.called(each.standing), each.why, each.mend)
        for each in wanting[:_AT_MOST]
    ]
    if shown:
        console.say("")
        console.table(_WANTING, shown)
    more, in_order = len(wanting) - len(shown), len(found) - len(wanting)
    left = [f"{more} more like these"] * bool(more) + [f"{in_order} in order"] * bool(in_order)
    if left:
        console.say(f"left out: {', '.join(left)}; --all lists every one")


def _total_rows(found: Sequence[Need], totals: Totals) -> Iterator[tuple[str, str, str]]:
    """Each kind that there is, the worst first: how many, and the names of a few."""
    for standing in posture.STANDINGS:
        names = [each.view.bucket for each in found if each.standing == standing and each.why]
        if count := totals.standings[standing]:
            yield str(count), _STANDS[standing], few(names, _NAMED)
        if standing == posture.OPEN:
            if policy := totals.public_by_policy:
                what = "  of these by policy alone: see to it, or to Block Public Access"
                yield str(len(policy)), what, few(policy, _NAMED)
            if settled := totals.open_though_settled:
                yield (
                    str(len(settled)),
                    "  of these settled by their last audit line",
                    few(settled, _NAMED),
                )
    for outcome, buckets in totals.told.items():
        yield str(len(buckets)), f"told as {outcome}, and still so", few(buckets, _NAMED)


def _show_function(context: Context, reader: ViewReader) -> None:
    """Whether it is paused, and whether it has the exemptions that are here."""
    console, name, live = context.console, context.spec.function_in_cloud, reader.live
    if isinstance(live, Unread):
        console.say(f"whether {name} is paused: {live}", "yellow")
    elif held := reader.brake:
        console.say(f"{name} is {held.why}: nothing is closed; {held.mend}", "bold")
    if doubt := reader.doubt(context.options.exemptions):
        console.say(doubt, "yellow")


def _cells(view: View) -> tuple[str, ...]:
    return (
        view.bucket,
        view.region,
        _told(view.result, _result),
        "no such bucket" if view.acl is None else _told(view.acl, str),
        _told(view.public_by_policy, lambda public: "yes" if public else "no"),
        _told(view.blocked_by, _BLOCKED.__getitem__),
        _told(view.exemption, _exemption),
        _told(view.line, _line),
    )


def _told(value: _T | Unread | None, tell: Callable[[_T], str]) -> str:
    if isinstance(value, Unread):
        return str(value)
    return "none" if value is None else tell(value)


def _result(result: Result) -> str:
    until = f" until {result.ignored_until}" if result.ignored_until else ""
    return f"{result.compliance}{until}, evaluated {at(result.evaluated_at)}"


def _exemption(exemption: Exemption) -> str:
    ended = exemption.expires < datetime.now(timezone.utc).date()
    end = f"{'ended on' if ended else 'until'} {exemption.expires}"
    return f"{exemption.allow} {end} ({exemption.owner})"


def _line(line: AuditLine) -> str:
    return f"{at(line.at)} {line.outcome}: {line.reason}"


def _bucket(need: Need) -> BucketReport:
    view = need.view
    return BucketReport(
        view.bucket,
        view.region,
        _known(view.result),
        _known(view.acl),
        _known(view.public_by_policy),
        _known(view.blocked_by),
        _known(view.exemption),
        _known(view.line),
        need.standing,
        need.told,
        need.why,
        need.mend,
    )


def _known(value: _T | Unread | None) -> _T | None:
    return None if isinstance(value, Unread) else value


VERB = Verb(
    "status",
    __doc__ or "",
    union((bucket_view.OF_ONE,), bucket_view.PERMISSIONS, further.PERMISSIONS, beside.PERMISSIONS),
    Options,
    _status,
)
