"""The remediation of a bucket that the public may read: its ACL is set to private."""

from typing import TYPE_CHECKING, Callable, Optional, Tuple, Union

from resource_repair import exempt_tag
from resource_repair.errors import (
    BlockedError,
    BucketError,
    DeniedError,
    RefusedError,
    UnsupportedError,
)
from resource_repair.exempt_tag import TagVerdict
from resource_repair.openness import OPENNESS, PRIVATE
from resource_repair.remediations import ACL
from resource_repair.remediations.frame import Aim, Case, Conclusion, Remediation
from resource_repair.values import (
    ALREADY_PRIVATE,
    BLOCKED,
    ENFORCE,
    EXEMPT,
    EXPOSED,
    REPAIRED,
    UNPROVEN,
)

if TYPE_CHECKING:
    from resource_repair.oss import Bucket, BucketState

_UNKNOWN = "unknown"  # what could not be read: neither public nor closed


def state(there: "BucketState") -> str:
    """The ACL."""
    return there.acl


def check(there: "BucketState") -> None:
    """Raise RefusedError for an ACL in no known form."""
    if there.acl not in OPENNESS:
        raise RefusedError("unknown_acl: OSS names an ACL that is none of the three")


def wanted(
    case: Case, there: "BucketState", learnt: Optional[TagVerdict], again: bool
) -> Optional[Aim]:
    """Private, or the ceiling that people have reviewed, and only without that what a tag says."""
    check(there)
    reviewed = case.exemptions.for_bucket(case.bucket, case.today())
    if reviewed:
        return Aim(reviewed.allow, reviewed)
    # Where a write may follow, a tag counts that forbids it, though nothing is open by now.
    if case.tag is None or (there.acl == PRIVATE and not again):
        return Aim(PRIVATE)
    if learnt is None:
        return None
    allowed = learnt.exemption.allow if learnt.exemption else PRIVATE
    return Aim(allowed, learnt.exemption, learnt.remark)


def learn(case: Case, bucket: "Bucket") -> TagVerdict:
    """What the bucket's tags say; tags that cannot be read may forbid the repair."""
    if case.tag is None:
        return TagVerdict()
    try:
        tags = bucket.tags()
    except (DeniedError, RefusedError) as error:
        kind = DeniedError if isinstance(error, DeniedError) else RefusedError
        reason = f"tags_unreadable: {error.reason}"
        raise kind(reason, error.oss_request_id) from None
    return exempt_tag.judge(case.tag, case.bucket, tags, case.today())


def met(there: "BucketState", aim: Aim) -> bool:
    """Whether the bucket is no more open than it may be."""
    return OPENNESS.get(there.acl, len(OPENNESS)) <= OPENNESS[aim.value]


def proof(there: "BucketState", aim: Aim) -> bool:
    """Whether it is so open, and neither more nor less."""
    return there.acl == aim.value


def harmless(aim: Aim) -> bool:
    """A ceiling is not: its owner may have closed the bucket meanwhile."""
    return aim.value == PRIVATE


def write(bucket: "Bucket", there: "BucketState", aim: Aim) -> str:
    """Set the ACL. A public one, of a ceiling, Block Public Access forbids."""
    if aim.value == PRIVATE:
        return bucket.write_acl(PRIVATE)
    why = "the exemption allows" if aim.exemption else "it is to be left with"
    reason = f"Block Public Access forbids {aim.value}, which {why}"
    return put_public(bucket, there, lambda: bucket.write_acl(aim.value), reason)


def would(aim: Aim) -> str:
    """What `write` would do."""
    return _remarked(f"set {aim.value}", aim)


def settled(
    case: Case, bucket: "Bucket", there: "BucketState", aim: Aim, repaired: bool
) -> Conclusion:
    """Exempt, or private; then whether the policy lets the public in all the same."""
    if aim.exemption:
        by_it = str(aim.exemption)
        if repaired and proof(there, aim):
            return REPAIRED, f"set to the exemption's ceiling: {by_it}"
        return EXEMPT, by_it
    outcome, reason = ALREADY_PRIVATE, "private at two looks"
    if repaired:
        outcome, reason = REPAIRED, _remarked("set to private and read back", aim)
    public = case.known["public_by_policy"] = public_by_policy(bucket)
    if public is False:
        return outcome, reason
    return not_closed(bucket, there, public is True, f"{outcome}: {reason}")


def undo(before: str) -> Tuple[str, str]:
    """The ACL that it had."""
    return "PutBucketAcl", before


REMEDIATION = Remediation(
    name=ACL,
    # By page "Managed rules" the first two are mended by the ACL; the third speaks of none but
    # buckets with a public ACL.
    rules=(
        "oss-bucket-public-read-prohibited",
        "oss-bucket-public-write-prohibited",
        "oss-bucket-anonymous-prohibited",
    ),
    to_read=(
        "oss:GetBucketInfo",
        "oss:GetBucketPolicyStatus",
        "oss:GetBucketTagging",  # with exemptTag
        "oss:GetPublicAccessBlock",  # where the policy is public, or a ceiling is refused
    ),
    to_write=("oss:PutBucketAcl",),
    to_undo=("oss:PutBucketAcl",),
    reversible=True,
    breaks="whoever reads or writes the bucket without signing: websites, downloads, CDN origins",
    state=state,
    wanted=wanted,
    met=met,
    write=write,
    would=would,
    proof=proof,
    settled=settled,
    undo=undo,
    learn=learn,
    harmless=harmless,
    creates=True,
    default_mode=ENFORCE,
)


def put_public(bucket: "Bucket", there: "BucketState", put: Callable[[], str], why: str) -> str:
    """Put what is public, and return what that does; BlockedError where no such may be put."""
    try:
        return put()
    except DeniedError as denied:
        if not (there.blocked or _surely_blocked(bucket)):
            raise
        raise BlockedError(why, denied.oss_request_id) from None


def not_closed(bucket: "Bucket", there: "BucketState", public: bool, reason: str) -> Conclusion:
    """What to conclude on an ACL as it is to be, with a policy that is public, or unreadable."""
    policy = "the bucket policy is public" if public else "the bucket policy cannot be read"
    if there.blocked:
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


def public_by_policy(bucket: "Bucket") -> Union[bool, str]:
    """Whether its policy lets the public in: True, False, or that it cannot be read."""
    try:
        return bucket.public_by_policy()
    except (DeniedError, UnsupportedError):
        return _UNKNOWN


def _account_blocked(bucket: "Bucket") -> Optional[bool]:
    """Whether Block Public Access holds for the account; None if that cannot be read."""
    try:
        return bucket.account_blocked()
    except (DeniedError, RefusedError):
        return None


def _surely_blocked(bucket: "Bucket") -> bool:
    """The same, after a write that was refused: what cannot be read is no reason to try again."""
    try:
        return bucket.account_blocked()
    except BucketError:
        return False


def _remarked(text: str, aim: Aim) -> str:
    return f"{text}; {aim.remark}" if aim.remark else text
