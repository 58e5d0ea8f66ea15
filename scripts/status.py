"""Show one bucket from all sides, or without --bucket every one that the rule has evaluated.

What Cloud Config holds about it, its ACL, whether its policy makes it public, Block Public Access,
its exemption and when that ends, and the last line of the audit trail. The exemptions are those of
the file here: it says so if they may not be the deployed ones. What may not be read is told with
the permission that it takes, and the rest is shown (exit code 1).
"""

import argparse
import dataclasses
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, TypeVar

from resource_repair import naming
from resource_repair.exemptions import Exemption
from scripts import CODE, findings, views
from scripts.audit_trail import AuditLine
from scripts.clients import CloudError, Credentials
from scripts.console import Exit
from scripts.errors import UsageError
from scripts.live import Doubt
from scripts.results import Result
from scripts.verb import Situation, Verb, start
from scripts.views import Reader, Unread, View

VERB = Verb("status", __doc__ or "", views.PERMISSIONS)

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
_BLOCKED = {views.ACCOUNT: "on for the account", views.BUCKET: "on", views.NOBODY: "off"}

_NEVER = datetime.fromtimestamp(0, timezone.utc)  # Log Service's times begin here

_T = TypeVar("_T")


def main(
    arguments: Sequence[str], environ: Mapping[str, str], credentials: Credentials | None = None
) -> int:
    """Show what the command line asks for; gives the exit code, 1 where something is not known."""
    return start(VERB, _status, arguments, environ, credentials, add_options=_add_options)


def _add_options(options: argparse.ArgumentParser) -> None:
    options.add_argument("--bucket", metavar="NAME", help="this one alone")
    options.add_argument(
        "--exemptions", type=Path, default=CODE / "exemptions.yaml", help="default: the project's"
    )
    options.add_argument(
        "--days", type=float, default=7, help="look so far back for audit lines; default: 7"
    )


def _status(situation: Situation) -> Exit:
    options, now = situation.options, datetime.now(timezone.utc)
    exemptions = findings.reviewed_exemptions(options.exemptions, now.date())
    _check(situation, now)
    reader = Reader(situation.spec, situation.clients, exemptions, now=now, days=options.days)
    found = [reader.one(options.bucket)] if options.bucket else reader.all()
    doubt = reader.doubt(options.exemptions)
    _show(situation, found)
    _show_doubt(situation, doubt)
    _show_failures(situation, reader)
    situation.console.answer(_document(situation, found, doubt, reader))
    whole = not reader.failures and all(view.acl is not None for view in found)
    return Exit.DONE if whole else Exit.PROBLEM


def _check(situation: Situation, now: datetime) -> None:
    """Raise UsageError for options that no bucket and no time can be found by."""
    bucket, days = situation.options.bucket, situation.options.days
    if bucket is not None and not naming.is_bucket_name(bucket):
        raise UsageError(f"{bucket!r} is no bucket's name: 3 to 63 of a-z, 0-9 and hyphens")
    try:
        since = now - timedelta(days=days)
    except (OverflowError, ValueError):  # out of the calendar, or no number
        since = _NEVER
    if not _NEVER < since <= now:
        raise UsageError(f"--days {days:g} is no time to look back: say a number such as 7")


def _show(situation: Situation, found: Sequence[View]) -> None:
    rows = [_cells(view) for view in found]
    if situation.options.bucket:
        heads, cells = _COLUMNS, rows[0]
        situation.console.table((heads[0], cells[0]), list(zip(heads[1:], cells[1:], strict=True)))
    elif rows:
        situation.console.table(_COLUMNS, rows)
    else:
        situation.console.say("the rule has evaluated no bucket yet")


def _show_doubt(situation: Situation, doubt: Doubt | Unread | None) -> None:
    if isinstance(doubt, Unread):
        situation.console.say(f"whether these exemptions are deployed: {_not_read(doubt)}")
    elif doubt:
        situation.console.say(str(doubt), "yellow")


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
        return _not_read(value)
    return "none" if value is None else tell(value)


def _not_read(what: Unread) -> str:
    return f"not read ({what.operation})" if what.operation else "not read"


def _result(result: Result) -> str:
    until = f" until {result.ignored_until}" if result.ignored_until else ""
    return f"{result.compliance}{until}, evaluated {_time(result.evaluated_at)}"


def _exemption(exemption: Exemption) -> str:
    ended = exemption.expires < datetime.now(timezone.utc).date()
    return f"{exemption.allow} {'ended on' if ended else 'until'} {exemption.expires}"


def _line(line: AuditLine) -> str:
    return f"{_time(line.at)} {line.outcome}: {line.reason}"


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC")


def _show_failures(situation: Situation, reader: Reader) -> None:
    """What was not read, and the statements of a RAM policy that would let it be."""
    console, spec = situation.console, situation.spec
    for failure in reader.failures.values():
        console.fail(str(failure))
    refused = {
        operation
        for operation, failure in reader.failures.items()
        if isinstance(failure, CloudError) and failure.denied
    }
    if refused:
        console.say("to be added to a policy of whoever these credentials are:")
    for permission in VERB.permissions:
        if permission.action in refused:
            statement = permission.statement(spec.account_id, spec.region)
            console.say(f"  {json.dumps(statement)}")


def _document(
    situation: Situation, found: Sequence[View], doubt: Doubt | Unread | None, reader: Reader
) -> dict[str, object]:
    return {
        "account_id": situation.spec.account_id,
        "region": situation.spec.region,
        "buckets": [_bucket(view) for view in found],
        "exemptions": _exemptions(doubt),
        "not_read": [str(failure) for failure in reader.failures.values()],
    }


def _exemptions(doubt: Doubt | Unread | None) -> dict[str, object]:
    """Whether those shown are deployed, null if that is not known; and if they may not be, why."""
    if isinstance(doubt, Doubt):
        return {"deployed": False if doubt.sure else None, "why": doubt.why}
    return {"deployed": True if doubt is None else None, "why": ""}


def _bucket(view: View) -> dict[str, object]:
    """What is not there, or was not read, is null; the latter is also in `not_read`."""
    fields: dict[str, Any] = {
        name: None if isinstance(value, Unread) else value for name, value in vars(view).items()
    }
    result, exemption, line = fields["result"], fields["exemption"], fields["line"]
    return {
        "bucket": view.bucket,
        "region": view.region,
        "result": _plain(result and result._asdict()),
        "acl": fields["acl"],
        "public_by_policy": fields["public_by_policy"],
        "blocked_by": fields["blocked_by"],
        "exemption": _plain(exemption and exemption._asdict()),
        "last_audit_line": _plain(line and dataclasses.asdict(line)),
    }


def _plain(fields: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """With dates and times as text."""
    if fields is None:
        return None
    return {k: v.isoformat() if isinstance(v, date) else v for k, v in fields.items()}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
