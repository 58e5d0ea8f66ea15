"""What the function makes of a bucket by a way of closing that is not the ACL alone: its own words.

It goes the course of a repair in thought: each step is taken to have been done.
"""

from collections.abc import Collection
from datetime import datetime, time, timezone
from typing import Any, NamedTuple, cast

from resource_repair.errors import RefusedError
from resource_repair.openness import PRIVATE
from resource_repair.oss import BucketState
from resource_repair.remediations import ACL, named
from resource_repair.remediations.frame import Aim, Case
from resource_repair.settings import BLOCK, BOTH, Ways
from resource_repair.timing import Clock
from scripts.account import buckets
from scripts.account.buckets import Bucket
from scripts.account.live_exemptions import LiveExemptions
from scripts.errors import CloudError

PERMISSIONS = (
    buckets.GET_INFO,
    buckets.GET_TAGS,
    buckets.GET_POLICY_STATUS,
    buckets.GET_ACCOUNT_BLOCK,
    buckets.GET_WEBSITE,
    buckets.LIST_DOMAINS,
)


class Foretold(NamedTuple):
    """How the function ends with a bucket in mode enforce, and what it writes to it before."""

    outcome: str
    writes: Collection[str]

    @property
    def blocks(self) -> bool:
        """Whether it switches on Block Public Access."""
        return BLOCK in self.writes


def writes(bucket: Bucket, exempting: LiveExemptions, ways: Ways) -> Collection[str]:
    """What it writes; nothing where it is gone, or in no known form. Raises CloudError."""
    try:
        return foretell(bucket, exempting, ways).writes
    except RefusedError:
        return ()
    except CloudError as error:
        if error.code == buckets.NO_SUCH_BUCKET:
            return ()
        raise


def foretell(bucket: Bucket, exempting: LiveExemptions, ways: Ways) -> Foretold:
    """Both; raises CloudError, and RefusedError as the function does."""
    does, there, asked = named(ACL, ways), bucket.state(), cast("Any", bucket)
    midnight = datetime.combine(exempting.today, time(), timezone.utc)
    clock = Clock(lambda: 0.0, midnight.timestamp)
    case = Case(bucket.name, exempting.exemptions, exempting.tag, clock, {})
    written: set[str] = set()
    while True:
        aim = does.wanted(case, there, None, False)
        if aim is None:
            aim = does.wanted(case, there, does.learn(case, asked), False)
        if aim and not does.met(there, aim):
            written.add(aim.value)
            there = _after(there, aim)
        elif aim and (ended := does.settled(case, asked, there, aim, bool(written))):
            return Foretold(ended[0], written)


def _after(there: BucketState, aim: Aim) -> BucketState:
    """The bucket once that was written."""
    if aim.value == BLOCK:
        return there._replace(blocked=True)
    return there._replace(acl=PRIVATE if aim.value == BOTH else aim.value)
