"""The remediation of a bucket that the public may read: read, decide, write, read back.

Permissions: `oss:GetBucketInfo`, `oss:PutBucketAcl`, `oss:GetBucketPolicyStatus`.
"""

from datetime import date, datetime, timezone
from pathlib import Path
from typing import Callable, Iterator, NamedTuple, Optional, Tuple, Union

from resource_repair import exemptions
from resource_repair.errors import (
    BucketError,
    DeniedError,
    ElsewhereError,
    NoSuchBucketError,
    RefusedError,
    TransientError,
    UnresolvedError,
)
from resource_repair.exemptions import Exemption, Exemptions, ExemptionsError
from resource_repair.openness import OPENNESS, PRIVATE
from resource_repair.oss import Bucket, BucketState, Oss
from resource_repair.settings import Settings
from resource_repair.timing import Deadline, backoff
from resource_repair.values import (
    ALREADY_PRIVATE,
    DENIED,
    EXEMPT,
    EXPOSED,
    FAILED,
    GONE,
    REPAIRED,
    REPORT,
    WOULD_REPAIR,
    Finding,
    Invocation,
    Outcome,
    outcome_of,
)

COMPILED = Path(__file__).with_name("exemptions.json")  # put there by the build

_READ_BACK_SECONDS = 10.0  # how long an ACL may take to show; OSS documents no bound

Open = Callable[[str, str], Bucket]
Conclusion = Tuple[str, str]  # outcome and reason


def prepare(
    settings: Settings, invocation: Invocation, deadline: Deadline
) -> Callable[[Finding], Outcome]:
    """The repair of one finding, for this invocation."""
    try:
        exempt = exemptions.load(COMPILED)
    except ExemptionsError as error:
        # A ceiling that cannot be read may forbid every repair there is.
        reason = f"exemptions_unreadable: {error}"
        return lambda finding: outcome_of(finding, FAILED, reason)
    if invocation.credentials is None:
        reason = "no_credentials: give the service a role that may repair"
        return lambda finding: outcome_of(finding, FAILED, reason)
    oss = Oss(settings.endpoint, invocation.credentials, deadline)
    task = Task(oss.bucket, settings.mode, exempt, invocation.region, deadline)
    return lambda finding: repair(finding, task)


class Task(NamedTuple):
    """What every repair of one invocation shares.

    `open_bucket(name, region)` gives a bucket to ask; `home` is the function's own region.
    """

    open_bucket: Open
    mode: str
    exemptions: Exemptions
    home: str
    deadline: Deadline


def repair(finding: Finding, task: Task) -> Outcome:
    """Make the finding's bucket as private as it must be, and prove it; never raises BucketError.

    What may pass (throttling, a broken connection) is tried again until the deadline, each time
    from a fresh read.
    """
    started = task.deadline.clock.monotonic()
    attempt = _Repair(finding, task)
    outcome, reason = attempt.run()
    return outcome_of(finding, outcome, reason)._replace(
        region=attempt.region,
        acl_before=attempt.acl_before,
        acl_after=attempt.acl_after,
        public_by_policy=attempt.public_by_policy,
        oss_request_id=attempt.oss_request_id,
        duration_ms=int((task.deadline.clock.monotonic() - started) * 1000),
    )


class _Repair:
    """One repair under way, and what it has seen so far."""

    def __init__(self, finding: Finding, task: Task) -> None:
        self.region = finding.region
        self.acl_before: Optional[str] = None
        self.acl_after: Optional[str] = None
        self.public_by_policy: Union[bool, str, None] = None
        self.oss_request_id = ""
        self._name = finding.resource_id
        self._task = task
        self._bucket = task.open_bucket(self._name, self.region)
        self._asked_home = finding.region == task.home or not task.home
        self._followed = False
        self._created = ""  # the creation date of the bucket that we wrote to
        self._wrote = False

    def run(self) -> Conclusion:
        waits = backoff(first=0.2, most=5.0)
        while True:
            try:
                return self._try()
            except BucketError as error:
                self.oss_request_id = error.oss_request_id or self.oss_request_id
                if not self._can_try_again(error, waits):
                    return _conclude(error)

    def _can_try_again(self, error: BucketError, waits: Iterator[float]) -> bool:
        """Whether another pass may do better, having gone or waited where that needs it."""
        if isinstance(error, ElsewhereError):
            if self._followed or error.region in (None, self.region):
                return False
            self._followed = True
            self._move(str(error.region))
            return True
        if isinstance(error, UnresolvedError) and not self._asked_home:
            self._asked_home = True
            self._move(self._task.home)
            return True
        return isinstance(error, TransientError) and self._task.deadline.pause(next(waits))

    def _try(self) -> Conclusion:
        """One pass. Every write in it directly follows a read that succeeded."""
        state = self._bucket.read()
        if self._wrote and state.created != self._created:
            return self._recreated(state)
        if not self._wrote:
            self.acl_before, self._created = state.acl, state.created
            self.oss_request_id = state.oss_request_id
        self.acl_after = state.acl
        if state.acl not in OPENNESS:
            return FAILED, "unknown_acl: OSS names an ACL that is none of the three"
        exemption = self._task.exemptions.for_bucket(self._name, self._today())
        wanted = exemption.allow if exemption else PRIVATE
        if OPENNESS[state.acl] > OPENNESS[wanted]:
            if self._task.mode == REPORT:
                return WOULD_REPAIR, f"report mode: would set {wanted}"
            self._write(wanted)
            return self._verify(wanted, exemption)
        return self._settle(exemption)

    def _settle(self, exemption: Optional[Exemption]) -> Conclusion:
        """Conclude on a bucket that is no more open than it may be."""
        if self._wrote:
            return self._repaired(exemption)
        if exemption:
            return EXEMPT, _exempted(exemption)
        return self._unless_exposed(ALREADY_PRIVATE, "private when looked at")

    def _write(self, acl: str) -> None:
        wrote_before = self._wrote
        self._wrote = True  # before the call: a request that fails may have been applied
        try:
            self.oss_request_id = self._bucket.write_acl(acl)
        except ElsewhereError:
            # OSS answers GetBucketInfo in any region, but a write only where the bucket is.
            self._wrote = wrote_before
            raise

    def _verify(self, wanted: str, exemption: Optional[Exemption]) -> Conclusion:
        """Read back until the ACL shows: a change can take a moment to be seen."""
        clock = self._task.deadline.clock
        end = clock.monotonic() + _READ_BACK_SECONDS
        waits = backoff(first=0.05, most=1.0, spread=0.2)
        while True:
            state = self._bucket.read()
            self.acl_after = state.acl
            if state.created != self._created:
                return self._recreated(state)
            if state.acl == wanted:
                return self._repaired(exemption)
            if clock.monotonic() >= end or not self._task.deadline.pause(next(waits)):
                return FAILED, f"not_verified: read back {_acl(state.acl)} after setting {wanted}"

    def _repaired(self, exemption: Optional[Exemption]) -> Conclusion:
        if exemption:
            return REPAIRED, f"set to the exemption's ceiling: {_exempted(exemption)}"
        return self._unless_exposed(REPAIRED, "set to private and read back")

    def _recreated(self, state: BucketState) -> Conclusion:
        """Another bucket of the same name: deleted meanwhile, and created again, perhaps by us."""
        self.oss_request_id = state.oss_request_id
        return FAILED, "recreated: the bucket is not the one that was read before the write"

    def _unless_exposed(self, outcome: str, reason: str) -> Conclusion:
        """The outcome of a private bucket, unless its policy lets the public in all the same."""
        try:
            self.public_by_policy = self._bucket.public_by_policy()
        except (DeniedError, RefusedError):
            self.public_by_policy = "unknown"
        if self.public_by_policy is True:
            return EXPOSED, f"{outcome}, but the bucket policy makes it public"
        return outcome, reason

    def _move(self, region: str) -> None:
        """Ask another region, by our own template: the host that OSS may have named is not used."""
        self.region = region
        self._bucket = self._task.open_bucket(self._name, region)

    def _note(self, error: BucketError) -> None:
        self.oss_request_id = error.oss_request_id or self.oss_request_id

    def _today(self) -> date:
        return datetime.fromtimestamp(self._task.deadline.clock.wall(), timezone.utc).date()


def _conclude(error: BucketError) -> Conclusion:
    """What an error that nothing helps against makes of the finding."""
    if isinstance(error, NoSuchBucketError):
        return GONE, "the bucket does not exist, and was not created"
    if isinstance(error, DeniedError):
        return DENIED, error.reason
    if isinstance(error, ElsewhereError):
        return FAILED, f"wrong_region: OSS sends us elsewhere ({error.reason})"
    if isinstance(error, TransientError):
        return FAILED, f"{error.reason}; out of time"
    return FAILED, error.reason


def _exempted(exemption: Exemption) -> str:
    return f"{exemption.reason} ({exemption.owner}, until {exemption.expires.isoformat()})"


def _acl(acl: str) -> str:
    return acl if acl in OPENNESS else "an unknown ACL"
