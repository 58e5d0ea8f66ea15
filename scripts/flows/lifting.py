"""Block Public Access of a bucket that is to be open: lifted where it is ours to lift."""

from collections.abc import Callable, Iterable

from resource_repair.remediations import block
from scripts.account import buckets
from scripts.account.audit_trail import AuditLine
from scripts.account.buckets import Bucket, Info
from scripts.context import Context
from scripts.errors import Problem
from scripts.patience import Progress, patiently, wait
from scripts.terminal import Console

_READ_BACK = 30.0  # seconds within which it must show; OSS documents no bound
_THE_BUCKET = "the bucket"


def whose(context: Context, bucket: Bucket) -> str:
    """For whom it is on; empty if it is off. Raises CloudError."""
    if buckets.account_blocks_public_access(context.clients):
        return "the account"
    return _THE_BUCKET if bucket.blocks_public_access() else ""


def to_lift(
    context: Context, bucket: Bucket, info: Info, lines: Callable[[], Iterable[AuditLine]]
) -> bool:
    """Whether it is on, and to be lifted; raises CloudError, and Problem where it is not ours."""
    found = whose(context, bucket)
    if not found:
        return False
    if found == _THE_BUCKET and set_by_us(lines(), info):
        return True
    days = f"--days {context.options.days:g}"
    told = f" (no audit line within {days} says that the function set it)"
    told = told if found == _THE_BUCKET else ""
    raise Problem(
        f"{bucket.name} stays closed: Block Public Access is on for {found}{told}, so that OSS "
        "refuses a public ACL, and heeds none; nothing was changed: lift that first, if it is to "
        "be public"
    )


def set_by_us(lines: Iterable[AuditLine], info: Info) -> bool:
    """Whether the function has set it on this bucket, and no line since then says that it was off.

    `lines` are oldest first.
    """
    ours = False
    for line in lines:
        if line.of_acl and line.at >= info.created_at.replace(microsecond=0):
            ours = line.blocked or (ours and not (line.after or "").endswith(block.OFF))
    return ours


def lift(
    console: Console,
    bucket: Bucket,
    look_first: Callable[[], object],
    narrow: Callable[[], object],
) -> bool:
    """Lift it, if it is on, and see it off; whether it was on. Raises CloudError, and Problem.

    `look_first` raises if the bucket is no longer the one that it was. `narrow` has it no more open
    by its ACL than it is to be: what counts for nothing until then counts from then on.
    """
    look_first()
    if not bucket.blocks_public_access():
        return False
    narrow()
    patiently(lambda: _off(bucket, look_first))

    def look() -> Progress:
        look_first()
        on = bucket.blocks_public_access()
        return Progress(f"Block Public Access of {bucket.name} is {'on' if on else 'off'}", not on)

    if not wait(look, console, _READ_BACK):
        raise Problem(f"{bucket.name} does not show that Block Public Access is off: run again")
    return True


def check_off(bucket: Bucket) -> None:
    """Raise Problem where it is on after all; or CloudError."""
    if bucket.blocks_public_access():
        raise Problem(
            f"{bucket.name} is closed: Block Public Access was switched on meanwhile, and no audit "
            "line says yet that it was the function: see who it was, and run again"
        )


def _off(bucket: Bucket, look_first: Callable[[], object]) -> None:
    look_first()
    bucket.set_block(on=False)
