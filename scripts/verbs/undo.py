"""Undo the repair of one bucket, and keep it undone: for when a site is down.

Finds what the repair changed in the audit trail, exempts the bucket (in code/exemptions.yaml, and
in the code that is live, of which nothing else changes), and then sets its ACL back. Block Public
Access is lifted before that where the repair has set it, and nowhere else. A bucket that was never
repaired is opened with --acl alone. With `public-read-write` anybody may write: that wants the
bucket's name a second time, typed or as --world-writable. Safe to repeat.

With --remediation it undoes what that further one did last: the exemption is from it alone, and
what it changed is brought back by what its audit line tells. What others changed since then stays:
of a policy, what was taken out is put among what is there.
"""

from dataclasses import dataclass
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from resource_repair import exemptions, naming
from resource_repair.exemptions import Exemption, ExemptionsError
from resource_repair.openness import PUBLIC_READ_WRITE
from resource_repair.remediations import ACL, REMEDIATIONS
from scripts import CODE
from scripts.account import audit_trail, buckets
from scripts.account.deployed_function import GET, GET_CODE, UPDATE
from scripts.account.permission import union
from scripts.context import LONGEST, Acting, Context, Ended, Verb, finite
from scripts.errors import CloudError, Problem, UsageError
from scripts.flows import put_back, reopen
from scripts.flows.put_back import PuttingBack
from scripts.flows.reopen import Reopening, Wish
from scripts.terminal import Console, Exit


@dataclass(frozen=True, kw_only=True)
class Options(Acting):
    """What it takes."""

    bucket: Annotated[str, Parameter(help="whose repair to undo"), "NAME"] = ""
    reason: Annotated[str, Parameter(help="why it is public on purpose"), "WHY"] = ""
    owner: Annotated[str, Parameter(help="who answers for it"), "WHO"] = ""
    expires: Annotated[str, Parameter(help="the last day, in UTC, as in 2026-12-31"), "DATE"] = ""
    acl: Annotated[
        Literal["public-read", "public-read-write"] | None,
        Parameter(help="set this one; default: what the last repair found"),
    ] = None
    remediation: Annotated[
        str, Parameter(help=f"default: {ACL}; or {', '.join(put_back.FURTHER)}"), "NAME"
    ] = ACL
    world_writable: Annotated[str, Parameter(help="the bucket again"), "NAME"] = ""
    days: Annotated[
        float,
        Parameter(
            help="look so far back for the repair; default: 30", converter=finite(0, 1_000_000)
        ),
        "DAYS",
    ] = 30.0
    watch: Annotated[
        float | None,
        Parameter(help="afterwards; default: the function's timeout", converter=finite(0, LONGEST)),
        "SECONDS",
    ] = None
    exemptions: Annotated[Path, Parameter(help="default: the project's")] = CODE / "exemptions.yaml"

    def check(self) -> None:
        """Raise UsageError for options that name no bucket, or two, or make no exemption."""
        if not naming.is_bucket_name(self.bucket):
            raise UsageError(
                f"{self.bucket!r} is no bucket's name: say whose repair to undo, as --bucket name"
            )
        if self.world_writable not in ("", self.bucket):
            raise UsageError(f"--world-writable names another bucket than {self.bucket}")
        if self.remediation not in REMEDIATIONS:
            raise UsageError(
                f"{self.remediation!r} is no remediation: say one of {', '.join(REMEDIATIONS)}"
            )
        if self.acl and self.remediation != ACL:
            raise UsageError(f"--acl is of {ACL}: {self.remediation} brings back what there was")
        _new_entry(self, datetime.now(timezone.utc).date())


def _undo(context: Context) -> Ended:
    console, options = context.console, context.options
    now = datetime.now(timezone.utc)
    wish = Wish(
        options.bucket,
        options.acl,
        _new_entry(options, now.date()),
        options.exemptions,
        audit_trail.since(options.days, now),
        options.watch,
    )
    job = _prepared(context, wish, now)
    job.show()
    if console.dry_run:
        return Ended(Exit.DONE, job.report())
    if not _agreed(console, options, job):
        console.say("nothing was changed")
        return Ended(Exit.PROBLEM, job.report())
    context.act()
    job.carry_out()
    return Ended(Exit.DONE, job.report())


def _prepared(context: Context, wish: Wish, now: datetime) -> Reopening | PuttingBack:
    """The job, with all of it looked at; raises as `prepare` of either."""
    name = context.options.remediation
    if name != ACL:
        return put_back.prepare(context, wish, name, now)
    try:
        return reopen.prepare(context, wish, now)
    except CloudError:
        raise
    except Problem as problem:
        others = () if wish.acl else put_back.on(context)
        if not others:
            raise
        names = " or ".join(others)
        raise Problem(f"{problem}; or undo what {names} did, by --remediation") from problem


def _new_entry(options: Options, today: date) -> Exemption | None:
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
            f"{error}: say --reason, --owner and --expires, a date such as 2026-12-31, at most "
            f"{exemptions.LONGEST.days} days ahead"
        ) from None
    if entry.expires < today:
        raise UsageError(f"--expires {entry.expires} has passed: say a day that is still to come")
    return entry


def _agreed(console: Console, options: Options, job: Reopening | PuttingBack) -> bool:
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


OF_ACL = (
    *(GET, GET_CODE, UPDATE),
    *audit_trail.PERMISSIONS,
    *(buckets.GET_INFO, buckets.GET_BLOCK, buckets.GET_ACCOUNT_BLOCK, buckets.PUT_ACL),
    buckets.PUT_BLOCK,  # where the function has set it
)
"""What it takes to undo what the ACL's remediation did."""

VERB = Verb(
    "undo",
    __doc__ or "",
    union(OF_ACL, put_back.PERMISSIONS),
    Options,
    _undo,
    rule_id_known=False,
)
