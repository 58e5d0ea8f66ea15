"""Show one bucket from all sides, or without --bucket every one that the rule has evaluated.

What Cloud Config holds about it, its ACL, whether its policy makes it public, Block Public Access,
its exemption, whose that is and when it ends, and the last line of the audit trail. The exemptions
are those of the live function: it says so if they are not those of the file here. What may not be
read is told with the permission that it takes, and the rest is shown (exit code 1).
"""

from collections.abc import Callable, Sequence
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
from scripts.context import Context, Ended, Looking, Verb, finite, show_unread
from scripts.decide.view import ACCOUNT, BUCKET, NOBODY, Unread, View
from scripts.declared.exemptions import reviewed_exemptions
from scripts.errors import UsageError
from scripts.flows import beside, bucket_view
from scripts.flows.audit_lines import at
from scripts.flows.bucket_view import ViewReader
from scripts.terminal import Exit

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

_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True)
class Options(Looking):
    """What it takes."""

    bucket: Annotated[str | None, Parameter(help="this one alone"), "NAME"] = None
    exemptions: Annotated[Path, Parameter(help="default: the project's")] = CODE / "exemptions.yaml"
    days: Annotated[
        float,
        Parameter(
            help="look so far back for audit lines; default: 7", converter=finite(0, 1_000_000)
        ),
        "DAYS",
    ] = 7.0


@dataclass(frozen=True)
class BucketReport:
    """One bucket. What is not there, or was not read, is None; the latter is also in `not_read`."""

    bucket: str
    region: str
    result: Result | None
    acl: str | None
    public_by_policy: bool | None
    blocked_by: str | None
    exemption: Exemption | None
    last_audit_line: AuditLine | None


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


def _status(context: Context) -> Ended:
    options, now = context.options, datetime.now(timezone.utc)
    reviewed = reviewed_exemptions(options.exemptions, now.date())
    if options.bucket is not None and not naming.is_bucket_name(options.bucket):
        raise UsageError(f"{options.bucket!r} is no bucket's name: 3 to 63 of a-z, 0-9 and hyphens")
    since = audit_trail.since(options.days, now)
    reader = ViewReader(context.spec, context.clients, reviewed, since, now)
    found = [reader.one(options.bucket)] if options.bucket else reader.all()
    others = beside.tell(context, VERB)
    _show(context, found)
    _show_function(context, reader)
    show_unread(context, VERB, reader.failures.values())
    pause = reader.live.pause if isinstance(reader.live, DeployedFunction) else None
    report = Report(
        str(pause) if pause else None,
        others,
        tuple(map(_bucket, found)),
        ExemptionsReport(reader.deployed, reader.doubt(options.exemptions)),
        tuple(map(str, reader.failures.values())),
    )
    whole = (
        others is not None and not reader.failures and all(view.acl is not None for view in found)
    )
    return Ended(Exit.DONE if whole else Exit.PROBLEM, report)


def _show(context: Context, found: Sequence[View]) -> None:
    rows = [_cells(view) for view in found]
    if context.options.bucket:
        heads, cells = _COLUMNS, rows[0]
        context.console.table((heads[0], cells[0]), list(zip(heads[1:], cells[1:], strict=True)))
    elif rows:
        context.console.table(_COLUMNS, rows)
    else:
        context.console.say("the rule has evaluated no bucket yet")


def _show_function(context: Context, reader: ViewReader) -> None:
    """Whether it is paused, and whether it has the exemptions that are here."""
    console, name, live = context.console, context.spec.function.name, reader.live
    if isinstance(live, Unread):
        console.say(f"whether {name} is paused: {live}", "yellow")
    elif live and live.pause:
        console.say(f"{name} is {live.pause}: nothing is closed; resource-repair resume", "bold")
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


def _bucket(view: View) -> BucketReport:
    return BucketReport(
        view.bucket,
        view.region,
        _known(view.result),
        _known(view.acl),
        _known(view.public_by_policy),
        _known(view.blocked_by),
        _known(view.exemption),
        _known(view.line),
    )


def _known(value: _T | Unread | None) -> _T | None:
    return None if isinstance(value, Unread) else value


VERB = Verb(
    "status",
    __doc__ or "",
    (bucket_view.OF_ONE, *bucket_view.PERMISSIONS, *beside.PERMISSIONS),
    Options,
    _status,
)
