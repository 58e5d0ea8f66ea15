"""Undo the repair of one bucket, and keep it undone: for when a site is down.

Finds what the repair changed in the audit trail, exempts the bucket (in code/exemptions.yaml, and
in the code that is live, of which nothing else changes), and then sets its ACL back. A bucket that
was never repaired is opened with --acl alone. With `public-read-write` anybody may write: that
wants the bucket's name a second time, typed or as --world-writable. Safe to repeat.
"""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timezone
from pathlib import Path

from resource_repair import exemptions, naming
from resource_repair.exemptions import Exemption, ExemptionsError
from resource_repair.openness import PUBLIC_READ, PUBLIC_READ_WRITE
from scripts import CODE
from scripts.account import audit_trail, buckets
from scripts.account.clients import Credentials
from scripts.account.function import GET, GET_CODE, UPDATE
from scripts.context import Situation, Verb, start
from scripts.errors import UsageError
from scripts.flows import reopen
from scripts.flows.reopen import Reopening, Wish
from scripts.patience import patiently
from scripts.terminal import Console, Exit

VERB = Verb(
    "undo",
    __doc__ or "",
    (
        GET,
        GET_CODE,
        UPDATE,
        *audit_trail.PERMISSIONS,
        buckets.GET_INFO,
        buckets.GET_BLOCK,
        buckets.GET_ACCOUNT_BLOCK,
        buckets.PUT_ACL,
    ),
)


def main(
    arguments: Sequence[str], environ: Mapping[str, str], credentials: Credentials | None = None
) -> int:
    """Undo as the command line says; gives the exit code."""
    return start(
        VERB,
        _undo,
        arguments,
        environ,
        credentials,
        add_options=_add_options,
        rule_id_known=False,
    )


def _add_options(options: argparse.ArgumentParser) -> None:
    options.add_argument("--bucket", default="", metavar="NAME", help="whose repair to undo")
    options.add_argument("--reason", default="", metavar="WHY", help="why it is public on purpose")
    options.add_argument("--owner", default="", metavar="WHO", help="who answers for it")
    options.add_argument(
        "--expires", default="", metavar="DATE", help="the last day, in UTC, as in 2026-12-31"
    )
    options.add_argument(
        "--acl",
        choices=(PUBLIC_READ, PUBLIC_READ_WRITE),
        help="set this one; default: what the last repair found",
    )
    options.add_argument("--world-writable", default="", metavar="NAME", help="the bucket again")
    options.add_argument(
        "--days", type=float, default=30, help="look so far back for the repair; default: 30"
    )
    options.add_argument(
        "--watch", type=float, metavar="SECONDS", help="afterwards; default: the function's timeout"
    )
    options.add_argument(
        "--exemptions", type=Path, default=CODE / "exemptions.yaml", help="default: the project's"
    )


def _undo(situation: Situation) -> Exit:
    console, options = situation.console, situation.options
    now = datetime.now(timezone.utc)
    _check(options)
    wish = Wish(
        options.bucket,
        options.acl,
        _new_entry(options, now.date()),
        options.exemptions,
        audit_trail.since(options.days, now),
        options.watch,
    )
    job = patiently(lambda: reopen.prepare(situation, wish, now))
    job.show()
    if console.dry_run:
        console.answer(job.document())
        return Exit.DONE
    if not _agreed(console, options, job):
        console.say("nothing was changed")
        console.answer(job.document())
        return Exit.PROBLEM
    situation.act()
    job.carry_out()
    console.answer(job.document())
    return Exit.DONE


def _check(options: argparse.Namespace) -> None:
    """Raise UsageError for options that name no bucket, or two."""
    if not naming.is_bucket_name(options.bucket):
        raise UsageError(
            f"{options.bucket!r} is no bucket's name: say whose repair to undo, as BUCKET=name"
        )
    if options.world_writable not in ("", options.bucket):
        raise UsageError(f"--world-writable names another bucket than {options.bucket}")


def _new_entry(options: argparse.Namespace, today: date) -> Exemption | None:
    """The exemption that the options make, its `allow` left open; None without any of them.

    Raises UsageError for what a build would refuse, and for one that holds no more.
    """
    if not (options.reason or options.owner or options.expires):
        return None
    fields = {name: getattr(options, name) for name in ("bucket", "reason", "owner", "expires")}
    try:
        (entry,) = exemptions.parse([fields], today).entries
    except ExemptionsError as error:
        raise UsageError(
            f"{error}: say REASON=, OWNER= and EXPIRES=, a date such as 2026-12-31, at most "
            f"{exemptions.LONGEST.days} days ahead"
        ) from None
    if entry.expires < today:
        raise UsageError(f"EXPIRES={entry.expires} has passed: say a day that is still to come")
    return entry


def _agreed(console: Console, options: argparse.Namespace, job: Reopening) -> bool:
    if not console.confirm("Do this?"):
        return False
    if job.acl != PUBLIC_READ_WRITE or options.world_writable:
        return True
    typed = console.ask(
        f"With {PUBLIC_READ_WRITE} anybody may write to it, and delete: to go on, type its name:",
        f"say --world-writable {options.bucket} if that is meant (--yes is not enough)",
    )
    if typed != options.bucket:
        raise UsageError(f"{typed or 'nothing'!r} was typed, and not its name: nothing was changed")
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
