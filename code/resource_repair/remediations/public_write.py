"""The remediation of a bucket that the public may write to: its ACL is set to public-read.

It may still be read: that is another rule's finding. What `acl` has closed in the same minute it
must not open again, which is why it looks twice.
"""

from typing import TYPE_CHECKING, Any

from resource_repair.openness import OPENNESS, PUBLIC_READ
from resource_repair.remediations import bucket_acl
from resource_repair.remediations.frame import Aim, Case, Conclusion, Remediation
from resource_repair.values import COMPLIANT, EXEMPT, REPAIRED

if TYPE_CHECKING:
    from resource_repair.oss import Bucket, BucketState


def wanted(case: Case, there: "BucketState", _learnt: Any, _again: bool) -> Aim:
    """Public-read at most, or more where people have reviewed that. (No tag allows writing.)"""
    bucket_acl.check(there)
    reviewed = case.exemptions.for_bucket(case.bucket, case.today(), "public-write")
    if reviewed and OPENNESS[reviewed.allow] > OPENNESS[PUBLIC_READ]:
        return Aim(reviewed.allow, reviewed)
    return Aim(PUBLIC_READ)


def settled(
    case: Case, bucket: "Bucket", there: "BucketState", aim: Aim, repaired: bool
) -> Conclusion:
    """Exempt, or no more open than public-read; then whether the policy lets the public in.

    OSS does not tell what a public policy allows: where the ACL is not what was found, it is that.
    """
    if aim.exemption:
        return EXEMPT, str(aim.exemption)
    outcome, reason = COMPLIANT, f"{there.acl} at two looks"
    if repaired and bucket_acl.proof(there, aim):
        outcome, reason = REPAIRED, f"set to {aim.value} and read back"
    public = case.known["public_by_policy"] = bucket_acl.public_by_policy(bucket)
    if public is False:
        return outcome, reason
    return bucket_acl.not_closed(bucket, there, public is True, f"{outcome}: {reason}")


REMEDIATION = Remediation(
    name="public-write",
    rules=("oss-bucket-public-write-prohibited",),
    to_read=(
        "oss:GetBucketInfo",
        "oss:GetBucketPolicyStatus",
        "oss:GetPublicAccessBlock",  # where the policy is public, or the ACL is refused
    ),
    to_write=("oss:PutBucketAcl",),
    to_undo=("oss:PutBucketAcl",),
    reversible=True,
    breaks="whoever writes to the bucket without signing: web forms, devices, log collectors",
    state=bucket_acl.state,
    wanted=wanted,
    met=bucket_acl.met,
    write=bucket_acl.write,
    would=bucket_acl.would,
    proof=bucket_acl.proof,
    settled=settled,
    undo=bucket_acl.undo,
    looks_twice=True,
    creates=True,
)
