"""The remediation of a bucket that the public may read: read, decide, write, read back.

Permissions: `oss:GetBucketInfo`, `oss:PutBucketAcl`, `oss:GetBucketPolicyStatus`, and with
`exemptTag` `oss:GetBucketTagging`.
"""

from datetime import date, datetime, timezone
from pathlib import Path
from typing import Callable, Iterator, NamedTuple, Optional, Tuple, Union

from resource_repair import exempt_tag, exemptions, naming
from resource_repair.errors import (
    BucketError,
    DeniedError,
    ElsewhereError,
    NoSuchBucketError,
    RefusedError,
    TransientError,
    UnresolvedError,
    UnsupportedError,
)
from resource_repair.exempt_tag import TagVerdict
from resource_repair.exemptions import Exemption, Exemptions, ExemptionsError
from resource_repair.openness import OPENNESS, PRIVATE
from resource_repair.oss import Bucket, BucketState, Oss
from resource_repair.remediations import Begin, Hopeless, Repair
from resource_repair.settings import ExemptTag, Settings
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

OpenBucket = Callable[[str, str], Bucket]
Conclusion = Tuple[str, str]  # outcome and reason


def prepare(settings: Settings, invocation: Invocation, deadline: Deadline) -> Begin:
    """What begins the repair of a finding, in this invocation."""
    try:
        exempt = exemptions.load(COMPILED)
    except ExemptionsError as error:
        # A ceiling that cannot be read may forbid every repair there is.
        reason = f"exemptions_unreadable: {error}"
        return lambda finding: Hopeless(finding, reason)
    if invocation.credentials is None:
        reason = "no_credentials: give the service a role that may repair"
        return lambda finding: Hopeless(finding, reason)
    oss = Oss(settings.endpoint, invocation.credentials, deadline)
    home = naming.region_id(invocation.region) or ""
    means = Means(oss.bucket, settings.mode, exempt, home, deadline, settings.exempt_tag)
    return lambda finding: BucketRepair(finding, means)


class Means(NamedTuple):
    """What every repair of one invocation shares.

    `open_bucket(name, region)` gives a bucket to ask; `home` is the function's own region, empty if
    that is not known. Without `exempt_tag` no tag exempts, and none is read.
    """

    open_bucket: OpenBucket
    mode: str
    exemptions: Exemptions
    home: str
    deadline: Deadline
    exempt_tag: Optional[ExemptTag] = None


class BucketRepair(Repair):
    """Makes a finding's bucket as private as it must be, and proves it.

    What may pass (throttling, a broken connection) is tried again until the deadline, each time
    from a fresh read.
    """

    def __init__(self, finding: Finding, means: Means) -> None:
        self._finding = finding
        self._means = means
        self._clock = means.deadline.clock
        self._name = finding.resource_id
        self._region = finding.region
        self._bucket = means.open_bucket(self._name, self._region)
        self._began: Optional[float] = None
        self._waits = backoff(first=0.2, most=5.0)
        # Which ways we went to find the bucket.
        self._answered = False
        self._from_home = False
        self._followed = False
        # What we did to it: the creation date is that of the bucket that was read before the write.
        self._created = ""
        self._wrote = False
        self._read_back: Optional[_ReadBack] = None
        # What the record will say.
        self._acl_before: Optional[str] = None
        self._acl_after: Optional[str] = None
        self._public_by_policy: Union[bool, str, None] = None
        self._oss_request_id = ""
        self._remark = ""

    def step(self) -> Union[Outcome, float]:
        """Go on as far as that needs no wait: the outcome, or in how many seconds to go on."""
        if self._began is None:
            self._began = self._clock.monotonic()
        try:
            result = self._verify(self._read_back) if self._read_back else self._try()
        except BucketError as error:
            self._read_back = None
            self._oss_request_id = error.oss_request_id or self._oss_request_id
            result = self._after(error)
        if isinstance(result, float):
            return result
        self._bucket.close()
        return self._outcome(*result)

    def give_up(self, reason: str) -> Outcome:
        """The outcome of a repair that is not gone on with: failed, with what is known so far."""
        self._bucket.close()
        return self._outcome(FAILED, reason)

    def _try(self, by_tag: Optional[TagVerdict] = None) -> Union[Conclusion, float]:
        """One pass. Every write in it directly follows a read that succeeded.

        An open bucket whose tags count is passed again with what they say, since reading them stood
        between the read and the write.
        """
        state = self._bucket.read()
        self._answered = True
        if state.region not in ("", self._region):
            # OSS may answer a read in any region; what is written must be where the bucket is.
            raise ElsewhereError("location", state.region, state.oss_request_id)
        if self._wrote and state.created != self._created:
            return self._recreated(state)
        if not self._wrote:
            self._acl_before, self._created = state.acl, state.created
            self._oss_request_id = state.oss_request_id
        self._acl_after = state.acl
        if state.acl not in OPENNESS:
            return FAILED, "unknown_acl: OSS names an ACL that is none of the three"
        exemption = self._exemption(by_tag)
        wanted = exemption.allow if exemption else PRIVATE
        if OPENNESS[state.acl] <= OPENNESS[wanted]:
            return self._settle(exemption)
        if self._means.exempt_tag and exemption is None and by_tag is None:
            return self._try_with_tag(self._means.exempt_tag)
        if self._means.mode == REPORT:
            return WOULD_REPAIR, self._remarked(f"report mode: would set {wanted}")
        self._write(wanted)
        end = self._clock.monotonic() + _READ_BACK_SECONDS
        waits = backoff(first=0.05, most=1.0, spread=0.2)
        self._read_back = _ReadBack(wanted, exemption, end, waits)
        return self._verify(self._read_back)

    def _try_with_tag(self, tag: ExemptTag) -> Union[Conclusion, float]:
        """One pass that knows the bucket's tags; what cannot be read may forbid the repair."""
        try:
            tags = self._bucket.tags()
        except (DeniedError, RefusedError) as error:
            self._oss_request_id = error.oss_request_id or self._oss_request_id
            outcome = DENIED if isinstance(error, DeniedError) else FAILED
            return outcome, f"tags_unreadable: {error.reason}"
        by_tag = exempt_tag.judge(tag, self._name, tags, self._today())
        self._remark = by_tag.remark
        return self._try(by_tag)

    def _exemption(self, by_tag: Optional[TagVerdict]) -> Optional[Exemption]:
        """What holds today: what people have reviewed, and only without that what a tag says."""
        reviewed = self._means.exemptions.for_bucket(self._name, self._today())
        return reviewed or (by_tag.exemption if by_tag else None)

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
            self._oss_request_id = self._bucket.write_acl(acl)
        except ElsewhereError:
            self._wrote = wrote_before
            raise

    def _verify(self, wanted: "_ReadBack") -> Union[Conclusion, float]:
        """Read back: the change can take a moment to be seen."""
        state = self._bucket.read()
        self._acl_after = state.acl
        if state.created != self._created:
            return self._recreated(state)
        if state.acl == wanted.acl:
            return self._repaired(wanted.exemption)
        wait = next(wanted.waits)
        if self._clock.monotonic() >= wanted.end or wait >= self._means.deadline.remaining():
            return FAILED, f"not_verified: read back {_acl(state.acl)} after setting {wanted.acl}"
        return wait

    def _repaired(self, exemption: Optional[Exemption]) -> Conclusion:
        if exemption:
            return REPAIRED, f"set to the exemption's ceiling: {_exempted(exemption)}"
        return self._unless_exposed(REPAIRED, self._remarked("set to private and read back"))

    def _remarked(self, reason: str) -> str:
        return f"{reason}; {self._remark}" if self._remark else reason

    def _recreated(self, state: BucketState) -> Conclusion:
        """Another bucket of the same name: deleted meanwhile, and created again, perhaps by us."""
        self._oss_request_id = state.oss_request_id
        return FAILED, "recreated: the bucket is not the one that was read before the write"

    def _unless_exposed(self, outcome: str, reason: str) -> Conclusion:
        """The outcome of a private bucket, unless its policy lets the public in all the same."""
        try:
            self._public_by_policy = self._bucket.public_by_policy()
        except (DeniedError, UnsupportedError):
            self._public_by_policy = "unknown"
        if self._public_by_policy is True:
            return EXPOSED, f"{outcome}, but the bucket policy makes it public"
        return outcome, reason

    def _after(self, error: BucketError) -> Union[Conclusion, float]:
        """What to do about an error: go elsewhere at once, wait and try again, or conclude."""
        if isinstance(error, ElsewhereError):
            if self._followed or error.region in (None, self._region):
                return FAILED, f"wrong_region: OSS sends us elsewhere ({error.reason})"
            self._answered = self._followed = True
            return self._move(str(error.region))
        if isinstance(error, UnresolvedError) and not self._answered and self._can_ask_home():
            self._from_home = True
            return self._move(self._means.home)
        if isinstance(error, TransientError):
            wait = next(self._waits)
            in_time = wait < self._means.deadline.remaining()
            return wait if in_time else (FAILED, f"{error.reason}; out of time")
        if isinstance(error, NoSuchBucketError):
            return self._missing()
        return (DENIED if isinstance(error, DeniedError) else FAILED), error.reason

    def _missing(self) -> Conclusion:
        if self._wrote:
            return FAILED, "vanished: there is no such bucket after the write"
        if self._from_home and not self._followed:
            # Who could tell has not been asked.
            region = self._finding.region
            return FAILED, f"unresolved_host: {region} has none, and home knows no such bucket"
        return GONE, "the bucket does not exist, and was not created"

    def _can_ask_home(self) -> bool:
        return self._means.home not in ("", self._region) and not self._from_home

    def _move(self, region: str) -> float:
        """Ask another region, by our own template: the host that OSS may have named is not used."""
        self._bucket.close()
        self._region = region
        self._bucket = self._means.open_bucket(self._name, region)
        return 0.0

    def _outcome(self, outcome: str, reason: str) -> Outcome:
        now = self._clock.monotonic()
        return outcome_of(self._finding, outcome, reason)._replace(
            region=self._region,
            acl_before=self._acl_before,
            acl_after=self._acl_after,
            public_by_policy=self._public_by_policy,
            oss_request_id=self._oss_request_id,
            duration_ms=int((now - (now if self._began is None else self._began)) * 1000),
        )

    def _today(self) -> date:
        return datetime.fromtimestamp(self._clock.wall(), timezone.utc).date()


class _ReadBack(NamedTuple):
    """What a read-back must show, and until when (`monotonic` seconds) it may take."""

    acl: str
    exemption: Optional[Exemption]
    end: float
    waits: Iterator[float]


def _exempted(exemption: Exemption) -> str:
    return f"{exemption.reason} ({exemption.owner}, until {exemption.expires.isoformat()})"


def _acl(acl: str) -> str:
    return acl if acl in OPENNESS else "an unknown ACL"
