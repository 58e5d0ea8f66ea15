"""Block Public Access as a way of closing a bucket, where `close` or `policyPublic` asks for it.

It overrules all that ACL, policy and objects grant to the public, and changes none of it. Where it
may not be, the ACL is set, as without it.
"""

from functools import partial
from typing import TYPE_CHECKING, Optional, Set

from resource_repair.openness import PRIVATE
from resource_repair.remediations import ACL, bucket_acl, never_block
from resource_repair.remediations.frame import Aim, Case, Conclusion, Remediation
from resource_repair.remediations.never_block import Learnt, by_policy
from resource_repair.settings import BLOCK, BOTH, Ways
from resource_repair.values import BLOCKED, EXPOSED, REPAIRED

if TYPE_CHECKING:
    from resource_repair.oss import Bucket, BucketState

ON, OFF = ", blocked", ", not blocked"  # what stands after the ACL, in `before` and `after`
_ON = "Block Public Access is on"
_NOT = "not blocked, since "


def state(there: "BucketState") -> str:
    """The ACL, and whether the bucket is blocked, where OSS tells."""
    return there.acl + ("" if there.blocked is None else ON if there.blocked else OFF)


def acl_in(text: str) -> str:
    """The ACL in what `state` tells."""
    end = next((end for end in (OFF, ON) if text.endswith(end)), "")
    return text[: len(text) - len(end)]


def was(before: Optional[str], after: Optional[str], written: Set[str]) -> Optional[str]:
    """What there was before; a flag that others have set meanwhile is none of ours to undo."""
    theirs = before and after and after.endswith(ON) and BLOCK not in written
    return acl_in(before) + ON if before and theirs else before


def wanted(
    ways: Ways, case: Case, there: "BucketState", learnt: Optional[Learnt], again: bool
) -> Optional[Aim]:
    """Blocked first, so that another run goes on from there; else what the ACL is to be."""
    if learnt and learnt.unread and there.acl != PRIVATE:
        raise learnt.unread
    aim = bucket_acl.wanted(case, there, learnt and learnt.tag, again)
    by_acl = ways.close != ACL and there.acl != PRIVATE
    if aim is None or aim.exemption or not (by_acl or by_policy(ways, case)):
        return aim
    alone = ways.close == BLOCK or there.acl == PRIVATE
    if there.blocked:
        return Aim(BLOCK if alone else BOTH)
    if learnt is None:
        return None
    why_not = learnt.why_not or ("OSS does not tell of it" if there.blocked is None else "")
    if why_not:
        return aim._replace(remark="; ".join(filter(None, [aim.remark, _NOT + why_not])))
    return Aim(BLOCK, remark="" if alone else f", and set {PRIVATE}")


def met(there: "BucketState", aim: Aim) -> bool:
    """Whether it is blocked, or the ACL no more open than it may be, or both."""
    if aim.value in (BLOCK, BOTH):
        return there.blocked is True and (aim.value == BLOCK or there.acl == PRIVATE)
    return bucket_acl.met(there, aim)


def proof(there: "BucketState", aim: Aim) -> bool:
    """By the flag itself, and the ACL."""
    return met(there, aim) if aim.value in (BLOCK, BOTH) else bucket_acl.proof(there, aim)


def write(bucket: "Bucket", there: "BucketState", aim: Aim) -> str:
    """One of the two."""
    return bucket.write_block() if aim.value == BLOCK else bucket_acl.write(bucket, there, _of(aim))


def would(ways: Ways, aim: Aim) -> str:
    """What `write` would do, and then does."""
    if aim.value == BLOCK:
        return f"switch on Block Public Access{aim.remark}"
    may_follow = ways.policy and aim.value == PRIVATE and _NOT not in aim.remark
    then = ", and switch on Block Public Access if its policy is public" if may_follow else ""
    return bucket_acl.would(_of(aim)) + then


def _of(aim: Aim) -> Aim:
    """What the ACL is to be."""
    return aim._replace(value=PRIVATE) if aim.value in (BLOCK, BOTH) else aim


def settled(
    ways: Ways, case: Case, bucket: "Bucket", there: "BucketState", aim: Aim, repaired: bool
) -> Optional[Conclusion]:
    """Blocked, or as by the ACL alone; None where the one is done and the other still to do."""
    if aim.value in (BLOCK, BOTH):
        if there.acl != PRIVATE and ways.close != BLOCK:
            return None
        case.known["public_by_policy"] = bucket_acl.public_by_policy(bucket)
        reason = f"{_ON}, and the ACL {there.acl}"
        return (
            (REPAIRED, f"{reason}: read back") if repaired else (BLOCKED, f"{reason}: at two looks")
        )
    if aim.exemption and repaired and there.blocked:  # by one that came after the flag
        return REPAIRED, f"{_ON}: read back; exempt by now ({aim.exemption}): undo lifts it"
    outcome, reason = bucket_acl.settled(case, bucket, there, aim, repaired)
    if ways.policy and outcome == EXPOSED and _NOT not in aim.remark:
        return None
    return outcome, reason if aim.remark in reason else f"{reason}; {aim.remark}"


def by(ways: Ways, acl: Remediation) -> Remediation:
    """The ACL's remediation, by these ways."""
    return acl._replace(
        to_read=(*acl.to_read, "oss:GetBucketWebsite", "oss:ListCname"),
        to_write=(*acl.to_write, "oss:PutBucketPublicAccessBlock"),
        to_undo=(*acl.to_undo, "oss:PutBucketPublicAccessBlock"),
        state=state,
        acl_in=acl_in,
        was=was,
        wanted=partial(wanted, ways),
        learn=partial(never_block.learn, ways),
        met=met,
        proof=proof,
        harmless=lambda aim: bucket_acl.harmless(_of(aim)),
        write=write,
        would=partial(would, ways),
        settled=partial(settled, ways),
        undo=lambda before: acl.undo(acl_in(before)),
    )
