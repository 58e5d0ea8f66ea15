"""Proves on the account itself that the loop closes, with a bucket of its own.

The bucket is opened to the public, as somebody might, and nothing else is done: what follows is
Cloud Config's change-triggered evaluation, and the repair. An evaluation on demand would close
other buckets too, and is never started. The bucket is empty, and is taken away whatever happens.
"""

import functools
import re
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from http import HTTPStatus
from typing import TypeVar

from resource_repair.openness import PRIVATE, PUBLIC_READ
from resource_repair.values import REPAIRED, REPORT, SETTLED, TOLD
from scripts.account import audit_trail, buckets, findings, just_made
from scripts.account.audit_trail import AuditLine
from scripts.account.buckets import Bucket, Info
from scripts.account.findings import Result
from scripts.account.mark import TAG_KEY
from scripts.account.permission import Permission
from scripts.context import Context, Ended
from scripts.errors import CloudError, Problem
from scripts.patience import Progress, patiently, wait
from scripts.terminal import Exit

_T = TypeVar("_T")

_PREFIX = "resource-repair-proof-"
_NAME = re.compile(_PREFIX + r"[0-9a-f]{16}")
_ANY_NAME = f"{_PREFIX}<16 hexadecimal digits>"
_TAG_VALUE = "resource-repair-proof"
_OF_A_PROOF = f"acs:oss:*:{{account}}:{_PREFIX}*"

_CREATE = Permission("oss:PutBucket", _OF_A_PROOF)
_GET_TAGS = Permission("oss:GetBucketTagging", _OF_A_PROOF)
_PUT_TAGS = Permission("oss:PutBucketTagging", _OF_A_PROOF)
_PUT_BLOCK = Permission("oss:PutBucketPublicAccessBlock", _OF_A_PROOF)
_PUT_ACL = Permission("oss:PutBucketAcl", _OF_A_PROOF)
_DELETE = Permission("oss:DeleteBucket", _OF_A_PROOF)

PERMISSIONS = (
    buckets.GET_ACCOUNT_BLOCK,
    buckets.LIST,
    buckets.GET_INFO,
    _CREATE,
    _GET_TAGS,
    _PUT_TAGS,
    _PUT_BLOCK,
    _PUT_ACL,
    _DELETE,
    findings.LIST_OF_BUCKET,
    *audit_trail.PERMISSIONS,
)

# The legs, by what each ends with, and what each begins with.
_EVALUATED, _CLOSED, _RECORDED, _COMPLIANT = "evaluated", "repaired", "audit line", "compliant"
_LEGS = {_EVALUATED: "change", _CLOSED: _EVALUATED, _RECORDED: _CLOSED, _COMPLIANT: _CLOSED}
_MISSING = {
    _EVALUATED: "Cloud Config did not evaluate the change",
    _CLOSED: "the finding did not lead to a repair",
    _RECORDED: "the repair has no audit line",
    _COMPLIANT: "Cloud Config did not evaluate the repair",
}

_CLEANING = 60.0  # seconds
_UNDER_WAY = timedelta(hours=1)  # within which a bucket may be of a proof that still runs


@dataclass(frozen=True)
class Report:
    """What was proved, and when each leg ended; None for one that did not."""

    bucket: str
    proved: bool
    seconds_after_change: Mapping[str, float | None]
    outcome: str | None
    bucket_deleted: bool


@dataclass(frozen=True)
class Foreseen:
    """What a proof would do."""

    bucket: str
    proved: None
    would: tuple[str, ...]
    leftovers: tuple[str, ...]
    legs: tuple[Mapping[str, str], ...]
    timeout_seconds: float


def prove(context: Context) -> Ended:
    """Prove the loop within `options.timeout` seconds; PROBLEM if it did not close.

    Raises CloudError, and Problem where it cannot be proved at all. The function must be live as
    the spec declares it.
    """
    _check(context)
    console = context.console
    name = _PREFIX + secrets.token_hex(8)
    if console.dry_run:
        return Ended(Exit.DONE, _foreseen(context))
    context.act()
    _take_away_leftovers(context)
    proof = _Proof(context, Bucket(context.clients, name))
    try:
        proof.begin()
        proof.follow()
    finally:
        left = _take_away(context, proof.bucket)
    proof.show()
    report = proof.report(deleted=left is None)
    if left:
        console.so_far(lambda: report)
        raise left
    return Ended(Exit.DONE if report.proved else Exit.PROBLEM, report)


def _check(context: Context) -> None:
    """Raise what stands against any proof, before anything is made."""
    if context.spec.function.environment.get("repairMode") == REPORT:
        raise Problem(f"the loop cannot be proved in mode {REPORT}: nothing is repaired in it")
    if buckets.account_blocks_public_access(context.clients):
        raise Problem(
            "the loop cannot be proved: Block Public Access is on for the account, so that no "
            "bucket can be opened to begin with"
        )


def _foreseen(context: Context) -> Foreseen:
    """What would be done, which is said to people too."""
    timeout = context.options.timeout
    leftovers = [bucket.name for bucket in _leftovers(context)]
    steps = [
        *(f"delete {name}, which an earlier proof left" for name in leftovers),
        f"make the bucket {_ANY_NAME}, tagged {TAG_KEY}: {_TAG_VALUE}",
        "lift Block Public Access from it, and set its ACL to public-read",
        f"wait, for {timeout:g} s at most, until these have been seen: {', '.join(_LEGS)}",
        "delete the bucket, however that ends",
    ]
    for step in steps:
        context.console.say(f"would {step}")
    legs = tuple({"from": begin, "to": leg} for leg, begin in _LEGS.items())
    return Foreseen(_ANY_NAME, None, tuple(steps), tuple(leftovers), legs, timeout)


def _take_away_leftovers(context: Context) -> None:
    """Delete the buckets of proofs that were killed; raises Problem for one that is not empty."""
    for bucket in _leftovers(context):
        try:
            _delete(bucket)
        except CloudError as error:
            if error.code != "BucketNotEmpty":
                raise
            raise Problem(
                f"{bucket.name}, which an earlier proof left, is not empty: look at what is in it, "
                "delete it, and run again"
            ) from None
        context.console.say(f"deleted {bucket.name}, which an earlier proof had left")


def _leftovers(context: Context) -> Iterator[Bucket]:
    """The buckets of proofs that were killed.

    One that may be another's, or of a proof under way, is named and left.
    """
    clients, console = context.clients, context.console
    for name, found in buckets.listed(clients, _PREFIX).items():
        bucket = Bucket(clients, name, found.region)
        if not _NAME.fullmatch(name):
            continue
        if datetime.now(timezone.utc) - found.created_at < _UNDER_WAY:
            console.say(f"left {name}: it is too young to be surely what an earlier proof left")
            continue
        if not _is_marked(bucket):
            console.say(f"left {name}: its tag does not say that it is a proof's")
            continue
        yield bucket


def _is_marked(bucket: Bucket) -> bool:
    """Whether it is tagged as a proof's, and nothing else."""
    try:
        found = bucket.ask(_GET_TAGS, lambda live: live.get_bucket_tagging())
    except CloudError as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise
        return False  # gone, or (guessed: OSS may say so) without tags
    return dict(found.tag_set.tagging_rule) == {TAG_KEY: _TAG_VALUE}


def _take_away(context: Context, bucket: Bucket) -> CloudError | None:
    """Delete the bucket; gives what stood in the way, and raises nothing over what is under way."""

    def look() -> Progress:
        _delete(bucket)
        return Progress(f"deleted {bucket.name}", done=True)

    try:
        if wait(look, context.console, _CLEANING):
            return None
        left = CloudError(_DELETE.action, bucket.name, "NoUsableAnswer", 0, "run again")
    except CloudError as error:
        left = error
    context.console.say(f"{bucket.name} is still there: delete it, or run again", "red")
    return left


def _delete(bucket: Bucket) -> None:
    try:
        bucket.ask(_DELETE, lambda live: live.delete_bucket())
    except CloudError as error:
        if error.code != buckets.NO_SUCH_BUCKET:
            raise


class _Proof:
    """A proof under way: its bucket, and how many seconds after the change each leg ended."""

    def __init__(self, context: Context, bucket: Bucket) -> None:
        self.bucket = bucket
        self._context = context
        self._since = datetime.now(timezone.utc) - audit_trail.SKEW
        self._made_at: datetime | None = None
        self._changed = 0.0
        self._seen_open = False
        self._ended: dict[str, float] = {}
        self._line: AuditLine | None = None

    def begin(self) -> None:
        """Make the bucket, marked, and open it."""
        name, console = self.bucket.name, self._context.console
        self._result()
        self._lines()  # what may not be read is refused here, and not once it is open
        self.bucket.ask(_CREATE, lambda live: live.create_bucket())
        self.bucket.ask(_PUT_TAGS, lambda bucket: buckets.tag(bucket, TAG_KEY, _TAG_VALUE))
        self.bucket.ask(_PUT_BLOCK, lambda live: live.put_bucket_public_access_block(False))
        lifted = just_made.now(f"Block Public Access was just lifted from {name}")
        console.say(f"made {name}, and lifted Block Public Access from it")
        patiently(self._open, spreading=functools.partial(just_made.reason, named=(lifted,)))
        self._changed = time.monotonic()
        console.say(f"opened {name} to the public: the rest must happen by itself")

    def follow(self) -> None:
        """Wait until every leg has ended, or can no longer."""
        wait(self._look, self._context.console, self._context.options.timeout)

    def show(self) -> None:
        """Say how long each leg took, and whether all of them ended."""
        console = self._context.console
        rows = [(f"{begin} -> {leg}", self._took(leg, begin)) for leg, begin in _LEGS.items()]
        console.table(("leg", "seconds, as seen"), rows)
        missing = next((leg for leg in _LEGS if leg not in self._ended), None)
        if missing is None:
            console.say(f"the loop closed {self._ended[_CLOSED]:.1f} s after the change", "green")
            return
        said = f" (the function said {self._told()})" if self._line else ""
        console.say(
            f"the loop is not proved: {_MISSING[missing]}{said}; `resource-repair doctor` says "
            "where findings are lost",
            "red",
        )

    def report(self, *, deleted: bool) -> Report:
        """The same for programs, and whether the bucket was deleted."""
        return Report(
            self.bucket.name,
            all(leg in self._ended for leg in _LEGS),
            {leg: self._ended.get(leg) for leg in _LEGS},
            self._line.outcome if self._line else None,
            deleted,
        )

    def _open(self) -> None:
        """Directly after a read: to set the ACL of a bucket that is gone would make it anew."""
        made_at = self._info().created_at
        if made_at != (self._made_at or made_at):
            raise Problem(f"{self.bucket.name} was deleted and made again: look whose it is")
        self._made_at = made_at
        self.bucket.ask(_PUT_ACL, lambda live: live.put_bucket_acl(PUBLIC_READ))

    def _look(self) -> Progress:
        """What has ended by now. The ACL is read first: what is read after it is no older."""
        there = self._unless_gone(self.bucket.state)
        acl = there.acl
        result = self._result()
        self._line = self._line_so_far()
        compliance = result.compliance if result else ""
        recorded = self._line is not None and self._line.outcome == REPAIRED
        self._seen_open |= acl != PRIVATE
        if compliance == findings.NON_COMPLIANT:
            self._end(_EVALUATED)
        # The ACL that was set can be late to show: private may still be the one before.
        reported_closed = _EVALUATED in self._ended and compliance == findings.COMPLIANT
        # By Block Public Access alone: Cloud Config may go on finding the ACL, which is as it was.
        alone = there.blocked is True and recorded and self._says_blocked() and acl != PRIVATE
        if alone or (acl == PRIVATE and (self._seen_open or recorded or reported_closed)):
            self._end(_EVALUATED)  # as it must have been, if between two looks
            self._end(_CLOSED)
        if _CLOSED in self._ended and recorded:
            self._end(_RECORDED)
        if _CLOSED in self._ended and (alone or compliance == findings.COMPLIANT):
            self._end(_COMPLIANT)
        return self._progress()

    def _progress(self) -> Progress:
        missing = [leg for leg in _LEGS if leg not in self._ended]
        if not missing:
            return Progress("all that was to happen has happened", done=True)
        settled = self._line is not None and self._line.outcome in (SETTLED | TOLD) - {REPAIRED}
        said = f"; the function said {self._told()}" if self._line else ""
        return Progress(f"waiting for: {', '.join(missing)}{said}", done=settled)

    def _says_blocked(self) -> bool:
        return self._line is not None and self._line.stays_blocked

    def _info(self) -> Info:
        return self._unless_gone(self.bucket.info)

    def _unless_gone(self, look: Callable[[], _T]) -> _T:
        try:
            return look()
        except CloudError as error:
            if error.code != buckets.NO_SUCH_BUCKET:
                raise
            raise Problem(
                f"{self.bucket.name} has gone: another proof may have taken it for a leftover; "
                "prove the loop once at a time"
            ) from None

    def _result(self) -> Result | None:
        return findings.of_bucket(self._context.spec, self._context.clients, self.bucket.name)

    def _lines(self) -> list[AuditLine]:
        until = datetime.now(timezone.utc) + audit_trail.SKEW
        clients, spec = self._context.clients, self._context.spec
        return list(audit_trail.read(clients, spec, self._since, until, bucket=self.bucket.name))

    def _line_so_far(self) -> AuditLine | None:
        """The line of the repair, which may have been delivered twice; else the last line."""
        lines = self._lines()
        repairs = [line for line in lines if line.outcome == REPAIRED]
        return next(iter(repairs or reversed(lines)), None)

    def _end(self, leg: str) -> None:
        self._ended.setdefault(leg, round(time.monotonic() - self._changed, 1))

    def _took(self, leg: str, begin: str) -> str:
        if leg not in self._ended:
            return "not seen"
        return f"{self._ended[leg] - self._ended.get(begin, 0.0):.1f}"

    def _told(self) -> str:
        return f"{self._line.outcome}: {self._line.reason}" if self._line else "nothing"
