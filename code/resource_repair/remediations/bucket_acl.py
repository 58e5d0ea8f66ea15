"""The remediation of a bucket that the public may read: its ACL is set to private.

Permissions: `oss:GetBucketInfo`, `oss:PutBucketAcl`, `oss:GetBucketPolicyStatus`, with `exemptTag`
`oss:GetBucketTagging`, and `oss:GetPublicAccessBlock` for what only the account's flag can tell.
"""

from datetime import date, datetime, timezone
from typing import Any, Dict, NamedTuple, Optional, Union

from resource_repair import exempt_tag, exemptions, naming
from resource_repair.errors import (
    BlockedError,
    BucketError,
    DeniedError,
    RefusedError,
    UnsupportedError,
)
from resource_repair.exempt_tag import TagVerdict
from resource_repair.exemptions import Exemption, Exemptions, ExemptionsError
from resource_repair.openness import OPENNESS, PRIVATE
from resource_repair.oss import Bucket, BucketState, Oss
from resource_repair.remediations import Begin, Hopeless
from resource_repair.repair import BucketRepair, Conclusion, Means, Remedy
from resource_repair.settings import ExemptTag, Settings
from resource_repair.timing import Clock, Deadline
from resource_repair.values import (
    ALREADY_PRIVATE,
    BLOCKED,
    EXEMPT,
    EXPOSED,
    REPAIRED,
    UNPROVEN,
    Finding,
    Invocation,
)

_UNKNOWN = "unknown"  # what could not be read: neither public nor closed


def prepare(settings: Settings, invocation: Invocation, deadline: Deadline) -> Begin:
    """What begins the repair of a finding, in this invocation."""
    try:
        exempt = exemptions.load(exemptions.COMPILED)
    except ExemptionsError as error:
        # A ceiling that cannot be read may forbid every repair there is.
        reason = f"exemptions_unreadable: {error}"
        return lambda finding: Hopeless(finding, reason)
    if invocation.credentials is None:
        reason = "no_credentials: give the service a role that may repair"
        return lambda finding: Hopeless(finding, reason)
    oss = Oss(settings.endpoint, invocation.credentials, deadline)
    home = naming.region_id(invocation.region) or ""
    means = Means(oss.bucket, settings.mode, invocation.account_id, home, deadline)
    tag, clock = settings.exempt_tag, deadline.clock
    return lambda finding: BucketRepair(finding, means, Acl(finding, exempt, tag, clock))


class Aim(NamedTuple):
    """The most open that the bucket may be, by which exemption, and what is to be said of a tag."""

    acl: str
    exemption: Optional[Exemption] = None
    remark: str = ""


class Acl(Remedy):
    """Sets the ACL of a bucket to private, or to the ceiling of what exempts it.

    Without `tag` no tag exempts, and none is read.
    """

    def __init__(
        self, finding: Finding, exempt: Exemptions, tag: Optional[ExemptTag], clock: Clock
    ) -> None:
        self._name = finding.resource_id
        self._exempt = exempt
        self._tag = tag
        self._clock = clock
        self._public_by_policy: Union[bool, str, None] = None

    def aim(self, state: BucketState, learnt: Optional[TagVerdict], again: bool) -> Optional[Aim]:
        """What people have reviewed, and only without that what a tag says."""
        if state.acl not in OPENNESS:
            raise RefusedError("unknown_acl: OSS names an ACL that is none of the three")
        reviewed = self._exempt.for_bucket(self._name, self._today())
        if reviewed:
            return Aim(reviewed.allow, reviewed)
        # Where a write may follow, a tag counts that forbids it, though nothing is open by now.
        if self._tag is None or (state.acl == PRIVATE and not again):
            return Aim(PRIVATE)
        if learnt is None:
            return None
        allowed = learnt.exemption.allow if learnt.exemption else PRIVATE
        return Aim(allowed, learnt.exemption, learnt.remark)

    def learn(self, bucket: Bucket) -> TagVerdict:
        """What the bucket's tags say; tags that cannot be read may forbid the repair."""
        if self._tag is None:
            return TagVerdict()
        try:
            tags = bucket.tags()
        except (DeniedError, RefusedError) as error:
            kind = DeniedError if isinstance(error, DeniedError) else RefusedError
            reason = f"tags_unreadable: {error.reason}"
            raise kind(reason, error.oss_request_id) from None
        return exempt_tag.judge(self._tag, self._name, tags, self._today())

    def met(self, state: BucketState, aim: Aim, exactly: bool = False) -> bool:
        """Whether the bucket is no more open than it may be, or `exactly` so open."""
        if exactly:
            return state.acl == aim.acl
        return OPENNESS.get(state.acl, len(OPENNESS)) <= OPENNESS[aim.acl]

    def harmless(self, aim: Aim) -> bool:
        """A ceiling is not: its owner may have closed the bucket meanwhile."""
        return aim.acl == PRIVATE

    def write(self, bucket: Bucket, state: BucketState, aim: Aim) -> str:
        """Set the ACL. A public one, of a ceiling, Block Public Access forbids."""
        if aim.acl == PRIVATE:
            return bucket.write_acl(PRIVATE)
        try:
            return bucket.write_acl(aim.acl)
        except DeniedError as denied:
            if not (state.blocked or _surely_blocked(bucket)):
                raise
            reason = f"Block Public Access forbids {aim.acl}, which the exemption allows"
            raise BlockedError(reason, denied.oss_request_id) from None

    def would(self, aim: Aim) -> str:
        """What `write` would do."""
        return _remarked(f"set {aim.acl}", aim)

    def settled(self, bucket: Bucket, state: BucketState, aim: Aim, repaired: bool) -> Conclusion:
        """Exempt, or private; then whether the policy lets the public in all the same."""
        if aim.exemption:
            exempted = _exempted(aim.exemption)
            if repaired and self.met(state, aim, exactly=True):
                return REPAIRED, f"set to the exemption's ceiling: {exempted}"
            return EXEMPT, exempted
        outcome, reason = ALREADY_PRIVATE, "private at two looks"
        if repaired:
            outcome, reason = REPAIRED, _remarked("set to private and read back", aim)
        self._public_by_policy = _public_by_policy(bucket)
        if self._public_by_policy is False:
            return outcome, reason
        return self._not_closed(bucket, state, f"{outcome}: {reason}")

    def known(self) -> Dict[str, Any]:
        """What the policy was seen to say."""
        return {"public_by_policy": self._public_by_policy}

    def _not_closed(self, bucket: Bucket, state: BucketState, reason: str) -> Conclusion:
        """What to conclude on a private ACL with a policy that is public, or cannot be read."""
        public = self._public_by_policy is True
        policy = "the bucket policy is public" if public else "the bucket policy cannot be read"
        if state.blocked:
            return BLOCKED, f"{reason}; {policy}, and Block Public Access overrules it"
        account = _account_blocked(bucket)
        if account is True:
            return (
                BLOCKED,
                f"{reason}; {policy}, and the account's Block Public Access overrules it",
            )
        if account is None:
            policy += ", nor is the account's Block Public Access known"
        return (EXPOSED if public else UNPROVEN), f"{reason}; but {policy}"

    def _today(self) -> date:
        return datetime.fromtimestamp(self._clock.wall(), timezone.utc).date()


def _public_by_policy(bucket: Bucket) -> Union[bool, str]:
    try:
        return bucket.public_by_policy()
    except (DeniedError, UnsupportedError):
        return _UNKNOWN


def _account_blocked(bucket: Bucket) -> Optional[bool]:
    """Whether Block Public Access holds for the account; None if that cannot be read."""
    try:
        return bucket.account_blocked()
    except (DeniedError, RefusedError):
        return None


def _surely_blocked(bucket: Bucket) -> bool:
    """The same, after a write that was refused: what cannot be read is no reason to try again."""
    try:
        return bucket.account_blocked()
    except BucketError:
        return False


def _remarked(text: str, aim: Aim) -> str:
    return f"{text}; {aim.remark}" if aim.remark else text


def _exempted(exemption: Exemption) -> str:
    return f"{exemption.reason} ({exemption.owner}, until {exemption.expires.isoformat()})"
