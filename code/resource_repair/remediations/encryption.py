"""The remediation of a bucket without encryption: what is put there from now on gets AES256.

Only where there is none: KMS and SM4 were chosen by somebody, and AES256 in their place would take
their keys' protection from every new object.
"""

from typing import TYPE_CHECKING, Any, Tuple

from resource_repair.errors import RefusedError
from resource_repair.remediations.frame import Aim, Case, Conclusion, Remediation
from resource_repair.values import COMPLIANT, EXEMPT, REPAIRED

if TYPE_CHECKING:
    from resource_repair.oss import Bucket, BucketState

_NAME = "encryption"
_NONE = "None"  # page "GetBucketInfo": so OSS calls it
_AES256 = "AES256"


def state(there: "BucketState") -> str:
    """The method, or that there is none."""
    return there.encryption or "unknown"


def wanted(case: Case, there: "BucketState", _learnt: Any, _again: bool) -> Aim:
    """Encrypted, whatever exempts the bucket from being closed; unless it is exempt from this."""
    exemption = case.exemptions.for_bucket(case.bucket, case.today(), _NAME)
    if exemption:
        return Aim(_AES256, exemption)
    if there.encryption is None:
        raise RefusedError("unknown_encryption: OSS does not say whether there is any")
    return Aim(_AES256)


def met(there: "BucketState", aim: Aim) -> bool:
    """Whether it is encrypted by any method, or need not be."""
    return aim.exemption is not None or there.encryption not in (None, _NONE)


def proof(there: "BucketState", aim: Aim) -> bool:
    """Whether it is by ours."""
    return there.encryption == aim.value


def write(bucket: "Bucket", _there: "BucketState", aim: Aim) -> str:
    """Set the rule, which has no precondition: two looks came before it."""
    return bucket.write_encryption(aim.value)


def would(aim: Aim) -> str:
    """What `write` would do."""
    return f"encrypt with {aim.value} what is put there from now on"


def settled(
    _case: Case, _bucket: "Bucket", there: "BucketState", aim: Aim, repaired: bool
) -> Conclusion:
    """Exempt; or encrypted by our doing, or by somebody's."""
    if aim.exemption:
        return EXEMPT, str(aim.exemption)
    if repaired and proof(there, aim):
        return REPAIRED, f"what is put there from now on is encrypted with {aim.value}: read back"
    return COMPLIANT, f"encrypted with {there.encryption} at two looks"


def undo(_before: str) -> Tuple[str, str]:
    """No rule, as before."""
    return "DeleteBucketEncryption", ""


REMEDIATION = Remediation(
    name=_NAME,
    rules=("oss-bucket-server-side-encryption-enabled",),
    to_read=("oss:GetBucketInfo",),
    to_write=("oss:PutBucketEncryption",),
    to_undo=("oss:GetBucketInfo", "oss:DeleteBucketEncryption"),
    reversible=True,
    breaks="nothing known: it is free and needs no key, and objects there stay as they are",
    state=state,
    wanted=wanted,
    met=met,
    write=write,
    would=would,
    proof=proof,
    settled=settled,
    undo=undo,
    looks_twice=True,
)
