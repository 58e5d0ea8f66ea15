"""Evaluate the rule on demand, and follow until its results settle.

Cloud Config evaluates no single bucket: it reports every non-compliant one of the account again,
and in mode enforce the function closes all of them that are not exempt. How many those are is said
first, and must be given back: typed at the terminal, or as --expect N. Buckets that are ignored in
Cloud Config stay ignored. The deployed code must be what is built here, since its exemptions count.
"""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import NamedTuple

from alibabacloud_config20200907 import models as config_models
from alibabacloud_fc_open20210406 import models as fc_models

from resource_repair.values import ENFORCE, REPORT
from scripts import CODE, results
from scripts.apply.fc import Function
from scripts.clients import Credentials, calling
from scripts.console import Console, Exit
from scripts.errors import Problem, UsageError
from scripts.resources.model import find
from scripts.results import Findings, Result
from scripts.retrying import patiently
from scripts.verb import Permission, Situation, Verb, start
from scripts.waiting import TIMEOUT, Progress, wait

VERB = Verb(
    "evaluate",
    __doc__ or "",
    (
        Permission("fc:GetFunction", "acs:fc:{region}:{account}:*"),
        results.LIST_RULES,
        results.LIST_OF_RULE,
        Permission("config:StartConfigRuleEvaluation", "acs:config:*:{account}:rule/*"),
    ),
)

_GONE = "gone"


class Prospect(NamedTuple):
    """What an evaluation would lead to, in the mode in which the deployed function runs."""

    mode: str
    found: Findings

    @property
    def closes(self) -> int:
        """How many buckets would be closed."""
        return 0 if self.mode == REPORT else len(self.found.to_close)

    @property
    def buckets(self) -> tuple[str, ...]:
        """The names of those that are reported and not exempt."""
        return tuple(result.bucket for result in self.found.to_close)


def main(
    arguments: Sequence[str], environ: Mapping[str, str], credentials: Credentials | None = None
) -> int:
    """Evaluate as the command line says; gives the exit code, 1 where results did not settle."""
    return start(VERB, _evaluate, arguments, environ, credentials, add_options=_add_options)


def _add_options(options: argparse.ArgumentParser) -> None:
    options.add_argument("--expect", type=int, metavar="N", help="how many buckets will be closed")
    options.add_argument(
        "--exemptions", type=Path, default=CODE / "exemptions.yaml", help="default: the project's"
    )
    options.add_argument(
        "--timeout", type=float, default=TIMEOUT, metavar="SECONDS", help="default: %(default)s"
    )


def _evaluate(situation: Situation) -> Exit:
    console = situation.console
    _wait_for_the_rule(situation)
    prospect = patiently(lambda: _prospect(situation))
    _show(console, prospect)
    _check_expected(situation.options.expect, prospect.closes)
    if not prospect.found.to_close:
        console.say("nothing to do: no bucket is non-compliant that is not exempt", "green")
    elif not console.dry_run:
        return _carry_out(situation, prospect)
    console.answer(_document(situation, prospect, None))
    return Exit.DONE


def _carry_out(situation: Situation, prospect: Prospect) -> Exit:
    if not _agreed(situation, prospect):
        situation.console.say("nothing was started")
        situation.console.answer(_document(situation, prospect, None))
        return Exit.PROBLEM
    if patiently(lambda: _prospect(situation)).buckets != prospect.buckets:
        raise Problem("results changed meanwhile, so nothing was started: run again")
    _start(situation)
    settled = _follow(situation, prospect)
    after = patiently(lambda: _now(situation))
    _show_changes(situation.console, prospect, after, settled=settled)
    situation.console.answer(_document(situation, prospect, after) | {"settled": settled})
    return Exit.DONE if settled else Exit.PROBLEM


def _prospect(situation: Situation) -> Prospect:
    today = datetime.now(timezone.utc).date()
    exemptions = results.reviewed_exemptions(situation.options.exemptions, today)
    found = results.read(situation.spec, situation.clients)
    return Prospect(_deployed_mode(situation), results.findings(found, exemptions, today))


def _deployed_mode(situation: Situation) -> str:
    """The mode of the function that will get the findings: s.yaml may say what is to come."""
    spec, fc = situation.spec, situation.clients.fc
    name = spec.function.name
    live = find(
        "fc:GetFunction",
        name,
        lambda: fc.get_function(spec.service.name, name, fc_models.GetFunctionRequest()),
    )
    if live is None:
        raise Problem(f"{name} is not deployed, so nobody acts on an evaluation: deploy it first")
    environment: dict[str, str] = live.environment_variables or {}
    deployed, ours = environment.get("prepareRuleId", ""), spec.function.environment
    if deployed != ours["prepareRuleId"]:
        raise Problem(
            f"{name} is deployed for {deployed or 'no rule'}, and PREPARE_RULE_ID is "
            f"{ours['prepareRuleId']}: correct that, or deploy"
        )
    _check_code(situation, str(live.code_checksum))
    return environment.get("repairMode") or ENFORCE


def _check_code(situation: Situation, deployed: str) -> None:
    """The bundle has its exemptions in it: those of another one would give another number."""
    spec = situation.spec
    code = spec.function.code
    if not code.is_file():
        raise Problem(
            f"{code} is not there, so whether {spec.function.name} has the exemptions that are "
            "here cannot be told: run `make bundle`"
        )
    if Function(spec, situation.clients, code.read_bytes()).declared()["code"] != deployed:
        raise Problem(
            f"{spec.function.name} runs other code than {code}, so the exemptions here may not be "
            "those deployed: deploy first"
        )


def _show(console: Console, prospect: Prospect) -> None:
    to_close, exempt, ignored = prospect.found
    rows = [(each.bucket, each.region, each.acl) for each in to_close]
    if rows:
        console.table(("non-compliant", "region", "ACL"), rows)
    left = f"{len(exempt)} exempt and {len(ignored)} ignored in Cloud Config are left alone"
    if prospect.mode == REPORT:
        console.say(
            f"nothing will be closed: the function runs in mode {REPORT}, and will report "
            f"{_buckets(len(to_close))}; {left}"
        )
    else:
        console.say(f"an evaluation now closes {_buckets(prospect.closes)}; {left}", "bold")


def _check_expected(expected: int | None, closes: int) -> None:
    if expected not in (None, closes):
        raise UsageError(
            f"{_buckets(closes)} would be closed, and {expected} were expected: nothing was "
            "started; look at them with --dry-run"
        )


def _agreed(situation: Situation, prospect: Prospect) -> bool:
    if situation.options.expect is not None:
        return True
    if not prospect.closes:
        return situation.console.confirm("Start the evaluation?")
    typed = situation.console.ask(
        "To go on, type how many buckets will be closed:",
        f"say --expect {prospect.closes} if that is meant (--yes is not enough)",
    )
    if typed != str(prospect.closes):
        raise UsageError(
            f"{_buckets(prospect.closes)} would be closed, and {typed or 'nothing'} was typed: "
            "nothing was started"
        )
    return True


def _wait_for_the_rule(situation: Situation) -> None:
    """Let an evaluation that is under way end: what it finds is not in the results yet."""

    def look() -> Progress:
        state = results.state(situation.spec, situation.clients)
        return Progress(f"the rule is {state}", state != results.EVALUATING)

    if patiently(look).done:
        return
    situation.console.say(f"the rule is {results.EVALUATING} already: waiting for that to end")
    if not wait(look, situation.console, situation.options.timeout):
        raise Problem(
            f"the rule was still EVALUATING after {situation.options.timeout:.0f} s: run again "
            "later, or with a longer --timeout"
        )


def _start(situation: Situation) -> None:
    def start_one(rule_id: str) -> None:
        request = config_models.StartConfigRuleEvaluationRequest(config_rule_id=rule_id)
        with calling("config:StartConfigRuleEvaluation", rule_id):
            situation.clients.config.start_config_rule_evaluation(request)

    for rule_id in results.rule_ids(situation.spec):
        patiently(partial(start_one, rule_id))
        situation.console.say(f"started an evaluation of {rule_id}")


def _follow(situation: Situation, prospect: Prospect) -> bool:
    """Wait until what was reported is closed, or in mode report until it was evaluated anew."""
    awaited = prospect.found.to_close
    word = "evaluated again" if prospect.mode == REPORT else "closed"

    def look() -> Progress:
        state = results.state(situation.spec, situation.clients)
        now = _now(situation)
        done = [each for each in awaited if _is_done(each, now.get(each.bucket), prospect.mode)]
        words = f"the rule is {state}; {len(done)} of {len(awaited)} {word}"
        return Progress(words, state != results.EVALUATING and len(done) == len(awaited))

    return wait(look, situation.console, situation.options.timeout)


def _is_done(before: Result, now: Result | None, mode: str) -> bool:
    if now is None:  # the bucket was deleted
        return True
    if mode == REPORT:
        return now.evaluated_at > before.evaluated_at
    return now.compliance != results.NON_COMPLIANT


def _buckets(number: int) -> str:
    return "1 bucket" if number == 1 else f"{number} buckets"


def _now(situation: Situation) -> dict[str, Result]:
    return {each.bucket: each for each in results.read(situation.spec, situation.clients)}


def _show_changes(
    console: Console, prospect: Prospect, after: Mapping[str, Result], *, settled: bool
) -> None:
    rows = [
        (before.bucket, before.compliance, _compliance(before, after))
        for before in prospect.found.to_close
    ]
    console.table(("bucket", "before", "after"), rows)
    if settled:
        console.say("results have settled", "green")
    else:
        console.say(
            "results have not settled: look with `make status BUCKET=name` at what became of each",
            "red",
        )


def _compliance(before: Result, after: Mapping[str, Result]) -> str:
    now = after.get(before.bucket)
    return now.compliance if now else _GONE


def _document(
    situation: Situation, prospect: Prospect, after: Mapping[str, Result] | None
) -> dict[str, object]:
    """Without `after` no evaluation was started."""
    buckets = [
        {
            "bucket": each.bucket,
            "region": each.region,
            "acl": each.acl,
            "before": each.compliance,
            "after": _compliance(each, after) if after is not None else None,
        }
        for each in prospect.found.to_close
    ]
    return {
        "account_id": situation.spec.account_id,
        "region": situation.spec.region,
        "rule_ids": results.rule_ids(situation.spec),
        "mode": prospect.mode,
        "closes": prospect.closes,
        "exempt": [each.bucket for each in prospect.found.exempt],
        "ignored": [each.bucket for each in prospect.found.ignored],
        "started": after is not None,
        "buckets": buckets,
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
