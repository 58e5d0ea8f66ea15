"""The remediation of a bucket whose policy lets everybody in: what does is taken out of it.

That is each Allow for `*` without a Condition, and nothing else: whether a Condition is narrow
enough, OSS judges. The audit line keeps what is taken out, whole, so that it can be put back.
"""

from typing import TYPE_CHECKING, List, Optional

from resource_repair import audit
from resource_repair.bucket_policy import Statement, dump, is_narrowed, opening, parse
from resource_repair.exemptions import Exemption
from resource_repair.no_http import as_put
from resource_repair.openness import PRIVATE
from resource_repair.remediations import bucket_acl
from resource_repair.remediations.frame import OVERTAKEN, Aim, Case, Conclusion, Remediation
from resource_repair.values import COMPLIANT, EXEMPT, REPAIRED

if TYPE_CHECKING:
    from resource_repair.exempt_tag import TagVerdict
    from resource_repair.oss import Bucket, BucketState

_NAME = "policy"
_AS_IT_IS = "as it is"


def state(there: "BucketState") -> str:
    """The statements that let everybody in, as JSON: taken out, and put back among the others."""
    return dump(_to_go(there, None))


def wanted(
    case: Case, there: "BucketState", learnt: Optional["TagVerdict"], _again: bool
) -> Optional[Aim]:
    """Without these, but for what a ceiling allows; as it is if the record has no room for them.

    The value is the text to put, empty where nothing is left, and the policy is to be deleted.
    """
    document = parse(there.policy)
    ceiling = case.exemptions.for_bucket(case.bucket, case.today(), _NAME)
    if ceiling is None and case.tag is not None and opening(document):
        if learnt is None:
            return None
        ceiling = learnt.exemption
    out = _to_go(there, ceiling)
    if not out:
        beyond = ceiling and opening(document, ceiling.allow)
        return Aim(_AS_IT_IS, None if beyond else ceiling)
    if not audit.fits(state(there)):
        return Aim(_AS_IT_IS, remark="too_long: its line has no room for what is to be taken out")
    left = [each for each in document["Statement"] if each not in out]
    remark = f"{len(out)} of {len(document['Statement'])} statements"
    if learnt and learnt.remark:
        remark += f"; {learnt.remark}"
    return Aim(dump({**document, "Statement": left}) if left else "", ceiling, remark)


def met(there: "BucketState", aim: Aim) -> bool:
    """Whether nothing is to be taken out, or no longer is."""
    return aim.value == _AS_IT_IS or not _to_go(there, aim.exemption)


def proof(there: "BucketState", aim: Aim) -> bool:
    """Whether it is what was put, by its meaning; but for what `https` adds at the same time."""
    return aim.value != _AS_IT_IS and as_put(there, aim.value)


def write(bucket: "Bucket", there: "BucketState", aim: Aim) -> str:
    """Put the rest; delete a policy of which nothing is left."""
    if aim.value and opening(parse(aim.value)):  # else Block Public Access forbids nothing
        why = "Block Public Access forbids to put what is left, which is public too"
        return bucket_acl.put_public(bucket, there, lambda: bucket.write_policy(aim.value), why)
    return bucket.write_policy(aim.value) if aim.value else bucket.delete_policy()


def settled(
    case: Case, bucket: "Bucket", there: "BucketState", aim: Aim, repaired: bool
) -> Conclusion:
    """Exempt, where a ceiling surely allows the rest; else whether OSS calls that public."""
    outcome, reason = COMPLIANT, "its policy lets nobody in without a Condition, at two looks"
    if repaired:
        outcome, reason = REPAIRED, f"taken out, and read back twice: {aim.remark}"
        if not proof(there, aim):
            return OVERTAKEN
    elif aim.remark:
        return bucket_acl.not_closed(bucket, there, True, aim.remark)
    if aim.exemption and not opening(parse(there.policy), aim.exemption.allow):
        by = f"{reason}; the rest is exempt: {aim.exemption}"
        return (outcome, by) if repaired else (EXEMPT, str(aim.exemption))
    public = case.known["public_by_policy"] = bucket_acl.public_by_policy(bucket)
    if public is False:
        return outcome, reason
    return bucket_acl.not_closed(bucket, there, public is True, f"{outcome}: {reason}")


def _to_go(there: "BucketState", ceiling: Optional[Exemption]) -> List[Statement]:
    beyond = opening(parse(there.policy), ceiling.allow if ceiling else PRIVATE)
    return [each for each in beyond if not is_narrowed(each)]


REMEDIATION = Remediation(
    name=_NAME,
    rules=("oss-bucket-policy-no-any-anonymous",),
    to_read=("oss:GetBucketPolicy", *bucket_acl.REMEDIATION.to_read),
    to_write=("oss:PutBucketPolicy", "oss:DeleteBucketPolicy"),
    to_undo=("oss:GetBucketPolicy", "oss:PutBucketPolicy"),
    reversible=True,
    breaks="whoever nothing else lets in, even signed: websites, downloads, CDN origins, RAM users",
    look=lambda bucket, there: there._replace(policy=bucket.policy()),
    state=state,
    wanted=wanted,
    met=met,
    write=write,
    would=lambda aim: f"take out {aim.remark}",
    proof=proof,
    settled=settled,
    undo=lambda before: ("PutBucketPolicy", before),
    learn=bucket_acl.learn,
    looks_twice=True,
    whole=True,
)
