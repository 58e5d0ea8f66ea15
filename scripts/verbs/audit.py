"""List the audit lines of a time span, from the log store, and total them by outcome.

Buckets that were repaired more than once come first: somebody keeps opening them. A finding that
was not settled is tried again, and has a line for each try. Last come the messages that were taken
away unsettled (`resource-repair redrive --discard`).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Annotated

from cyclopts import Parameter

from scripts.account import audit_trail, discards
from scripts.account.audit_trail import AuditLine
from scripts.account.discards import Discard
from scripts.context import Context, Ended, Looking, Verb, moment, time
from scripts.decide.posture import Reopened, reopened
from scripts.errors import UsageError
from scripts.terminal import Console, Exit
from scripts.words import count


@dataclass(frozen=True, kw_only=True)
class Options(Looking):
    """What it takes."""

    since: Annotated[
        str, Parameter(help="24h, 7d or an ISO time; default: 24h", converter=time), "TIME"
    ] = "24h"
    until: Annotated[str, Parameter(help="likewise; default: now", converter=time), "TIME"] = ""
    bucket: Annotated[str, Parameter(help="only this bucket's lines"), "NAME"] = ""


@dataclass(frozen=True)
class Report:
    """The lines of a time span, totalled by outcome."""

    since: datetime
    until: datetime
    outcomes: Mapping[str, int]
    reopened: tuple[Reopened, ...]
    lines: tuple[AuditLine, ...]
    discarded: tuple[Discard, ...]


def _audit(context: Context) -> Ended:
    console, options = context.console, context.options
    now = datetime.now(timezone.utc)
    since = moment(options.since, now)
    # The second that is still running too, and a clock that is ahead of this machine's.
    until = moment(options.until, now) if options.until else now + timedelta(minutes=1)
    if since >= until:
        raise UsageError("--since is not before --until: turn them round")
    found = audit_trail.read(context.clients, context.spec, since, until, bucket=options.bucket)
    lines = list(found)
    _show(console, lines, f"since {_time(since)}")
    discarded = [
        each
        for each in discards.read(context.clients, context.spec, since, until)
        if not options.bucket or options.bucket in each.buckets
    ]
    _show_discarded(console, discarded)
    again = tuple(reopened(lines))
    report = Report(since, until, _totals(lines), again, tuple(lines), tuple(discarded))
    return Ended(Exit.DONE, report)


def _show(console: Console, lines: Sequence[AuditLine], span: str) -> None:
    if not lines:
        console.say(f"no audit line {span}: no finding came, or nothing was logged")
        return
    again = reopened(lines)
    if again:
        rows = [(each.bucket, str(each.repairs), _time(each.last)) for each in again]
        console.table(("repaired again and again", "times", "last"), rows)
        console.say("")
    console.table(
        ("time", "outcome", "bucket", "remediation", "was", "reason"),
        [_row(line) for line in lines],
    )
    console.say("")
    totals = (f"{number} {outcome}" for outcome, number in _totals(lines).items())
    console.say(f"{count(len(lines), 'line')} {span}: {', '.join(totals)}")


def _show_discarded(console: Console, discarded: Sequence[Discard]) -> None:
    if discarded:
        console.say("")
        columns = ("discarded unsettled", "message", "buckets", "by", "reason")
        rows = [
            (_time(each.at), each.message_id, ", ".join(each.buckets), each.by, each.reason)
            for each in discarded
        ]
        console.table(columns, rows)


def _row(line: AuditLine) -> tuple[str, ...]:
    return (
        *(_time(line.at), line.outcome, line.bucket, line.remediation),
        *(line.change, line.reason),
    )


def _totals(lines: Sequence[AuditLine]) -> dict[str, int]:
    """How many lines of each outcome, most first."""
    return dict(Counter(line.outcome for line in lines).most_common())


def _time(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


VERB = Verb(
    "audit",
    __doc__ or "",
    audit_trail.PERMISSIONS,
    Options,
    _audit,
    rule_id_known=False,
)
