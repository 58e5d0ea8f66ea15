"""Where Block Public Access is never switched on: somebody may want the public there."""

from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple, Union

from resource_repair.errors import DeniedError, RefusedError, TransientError
from resource_repair.exempt_tag import TagVerdict
from resource_repair.exemptions import Exemptions, matches
from resource_repair.remediations import ACL, bucket_acl
from resource_repair.remediations.frame import Case
from resource_repair.settings import Ways

if TYPE_CHECKING:
    from resource_repair.oss import Bucket

_TRIES = 3  # which go unanswered
_LATELY = timedelta(days=7)  # for how long an exemption that has ended still counts


class Learnt(NamedTuple):
    """What a bucket's tags say, or why they are not known; and why it may not be blocked."""

    tag: TagVerdict
    unread: Union[DeniedError, RefusedError, None]
    why_not: str = ""


def learn(ways: Ways, case: Case, bucket: "Bucket") -> Learnt:
    """What the tags say; and where it comes to that, why the bucket may not be blocked."""
    try:
        learnt = Learnt(bucket_acl.learn(case, bucket), None)
    except (DeniedError, RefusedError) as error:  # then none that is open is closed
        learnt = Learnt(TagVerdict(), error, error.reason)
    if by_policy(ways, case):  # by now, and of this bucket: another one may have its name since
        case.known["public_by_policy"] = bucket_acl.public_by_policy(bucket)
    elif ways.close == ACL:
        return learnt
    said = by_what_is_said(ways, case.bucket, case.exemptions, learnt.tag, case.today())
    return learnt._replace(why_not=said or learnt.why_not or _by_what_it_serves(ways, case, bucket))


def by_policy(ways: Ways, case: Case) -> bool:
    """Whether it was found to be public by its policy alone, and the way is for such a one, too."""
    return ways.policy and case.known.get("public_by_policy") is True


def by_what_is_said(
    ways: Ways, name: str, exemptions: Exemptions, tag: TagVerdict, today: date
) -> str:
    """Why it may not be blocked, by its name, or by an exemption from whatever; or nothing."""
    said = [f"neverBlock has {each}" for each in ways.never if matches(each, name)]
    lately = today - _LATELY
    held = [each for each in exemptions.entries if each.expires >= lately]
    said += [f"it is exempt, or was: {each}" for each in held if matches(each.bucket, name)]
    if (tag.exemption or tag.remark) and (tag.ended or today) >= lately:
        said.append(f"it is exempt, or was: {tag.exemption or tag.remark}")
    return said[0] if said else ""


def _by_what_it_serves(ways: Ways, case: Case, bucket: "Bucket") -> str:
    for what, asked in (("website", bucket.is_website), ("bound domain", bucket.has_domain)):
        try:
            if asked():
                return f"it has a {what}"
        except (DeniedError, RefusedError) as error:
            return f"it may have a {what}: {error.reason}"
        except TransientError as error:
            # One that is open by its ACL can be closed without this answer, and is not to wait for
            # it; of any other to try again is all that helps.
            missed = [] if case.missed is None or by_policy(ways, case) else case.missed
            missed.append(error.reason)
            if len(missed) < _TRIES:
                raise
            return f"it may have a {what}: {error.reason}"
    return ""
