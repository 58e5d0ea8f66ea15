"""A bucket that its owners exempt by a tag whose value is a date, for some days.

Off unless `exemptTag` names the tag's key: with it, whoever may tag a bucket may keep it open. So a
tag allows no writing by the public, and none that ends further ahead than a few days counts: it is
to be renewed, or reviewed and written into the exemptions.
"""

import re
from datetime import date, timedelta
from typing import Mapping, NamedTuple, Optional

from resource_repair.exemptions import Exemption
from resource_repair.openness import PUBLIC_READ
from resource_repair.settings import ExemptTag

_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})", re.ASCII)


class TagVerdict(NamedTuple):
    """The exemption that a tag gives, if it does; else why a tag that is there gives none.

    `ended` is the last day of one that has ended.
    """

    exemption: Optional[Exemption] = None
    remark: str = ""
    ended: Optional[date] = None


def judge(tag: ExemptTag, bucket: str, tags: Mapping[str, str], today: date) -> TagVerdict:
    """What the bucket's tags say on this day (in UTC)."""
    if tag.key not in tags:
        return TagVerdict()
    until = _date(tags[tag.key])
    if until is None:
        return _not_honoured(tag, "its value is no date such as 2026-12-31")
    if until < today:
        return _not_honoured(tag, f"it ended on {until.isoformat()}")._replace(ended=until)
    if until > today + timedelta(days=tag.days):
        return _not_honoured(tag, f"{until.isoformat()} is more than {tag.days} days ahead")
    reason = f"by its tag {tag.key}"
    return TagVerdict(Exemption(bucket, reason, "whoever tagged it", until, PUBLIC_READ))


def _not_honoured(tag: ExemptTag, why: str) -> TagVerdict:
    return TagVerdict(remark=f"its tag {tag.key} is not honoured: {why}")


def _date(value: str) -> Optional[date]:
    match = _DATE.fullmatch(value)
    try:
        return date(*(int(part) for part in match.groups())) if match else None
    except ValueError:
        return None
