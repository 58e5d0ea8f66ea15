"""The remediation of a bucket that may be reached by http: its policy gets one statement more.

That denies everybody, the owner too, what does not come by https. All that is there stays as it is.
"""

from typing import TYPE_CHECKING, Any, List

from resource_repair.bucket_policy import dump, opening, parse
from resource_repair.errors import RefusedError
from resource_repair.no_http import as_put, denies_http, deny_http, stated
from resource_repair.remediations import bucket_acl
from resource_repair.remediations.frame import Aim, Case, Conclusion, Remediation
from resource_repair.values import COMPLIANT, EXEMPT, REPAIRED, UNPROVEN

if TYPE_CHECKING:
    from resource_repair.bucket_policy import Statement
    from resource_repair.oss import Bucket, BucketState

_NAME = "https"
_AS_IT_IS = "as it is"
_TOO_LONG = 16 * 1024  # bytes. Page "0030-00000001"


def state(there: "BucketState") -> str:
    """The statements that deny http, as JSON: none before a repair, and then the one to undo."""
    try:
        return dump(_denying(there))
    except RefusedError:
        return "unreadable"


def wanted(case: Case, there: "BucketState", _learnt: Any, _again: bool) -> Aim:
    """With such a statement, if there is none; the value is the text to put."""
    exemption = case.exemptions.for_bucket(case.bucket, case.today(), _NAME)
    if exemption or _denying(there):
        return Aim(_AS_IT_IS, exemption)
    document = stated(there.policy)
    statements = [*document["Statement"], deny_http(there.owner, there.name)]
    text = dump({**document, "Statement": statements})
    if len(text.encode()) >= _TOO_LONG:
        raise RefusedError(
            "no_room: with one statement more its policy would reach 16 KB: shorten it"
        )
    return Aim(text)


def met(there: "BucketState", aim: Aim) -> bool:
    """Whether nothing is to be added, or no longer is."""
    return aim.exemption is not None or bool(_denying(there))


def proof(there: "BucketState", aim: Aim) -> bool:
    """Whether it is what was put, by its meaning; but for what `policy` takes out meanwhile."""
    return aim.value != _AS_IT_IS and as_put(there, aim.value)


def write(bucket: "Bucket", there: "BucketState", aim: Aim) -> str:
    """Put all of it. Block Public Access forbids that where something else in it is public."""
    if not opening(parse(aim.value)):
        return bucket.write_policy(aim.value)
    why = "Block Public Access forbids to put what is in the policy, which is public"
    return bucket_acl.put_public(bucket, there, lambda: bucket.write_policy(aim.value), why)


def settled(
    _case: Case, _bucket: "Bucket", there: "BucketState", aim: Aim, repaired: bool
) -> Conclusion:
    """Exempt; or closed to http by our doing, or by somebody's."""
    if aim.exemption:
        return EXEMPT, str(aim.exemption)
    if not repaired:
        return COMPLIANT, "its policy denies http to everybody, at two looks"
    if not proof(there, aim):
        return UNPROVEN, "somebody else wrote it meanwhile: look for what they miss"
    return REPAIRED, "http is denied to everybody, its owner too: read back twice"


def without(text: str, statement: "Statement") -> str:
    """A policy without that statement, and otherwise as it is; empty where that leaves nothing."""
    document = parse(text)
    left = [each for each in document["Statement"] if each != statement]
    return dump({**document, "Statement": left}) if left else ""


def _denying(there: "BucketState") -> "List[Statement]":
    statements = parse(there.policy)["Statement"]
    return [each for each in statements if denies_http(each, there.owner, there.name)]


REMEDIATION = Remediation(
    name=_NAME,
    rules=("oss-bucket-only-https-enabled",),
    to_read=("oss:GetBucketInfo", "oss:GetBucketPolicy", "oss:GetPublicAccessBlock"),
    to_write=("oss:PutBucketPolicy",),
    to_undo=("oss:GetBucketPolicy", "oss:PutBucketPolicy", "oss:DeleteBucketPolicy"),
    reversible=True,
    breaks="whoever comes by http, its owner too: SDKs and tools without https, CDN origins, sites",
    look=lambda bucket, there: there._replace(policy=bucket.policy()),
    state=state,
    wanted=wanted,
    met=met,
    write=write,
    would=lambda _aim: "deny everybody, its owner too, what comes by http",
    proof=proof,
    settled=settled,
    undo=lambda before: ("PutBucketPolicy", before),
    looks_twice=True,
    whole=True,
)
