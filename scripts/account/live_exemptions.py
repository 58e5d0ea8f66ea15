"""Which exemption holds for a bucket, as the function judges it; and by which exemptions it goes.

What counts is what the live code has. The file that people review may be ahead of that, or behind,
as after an undo that is not committed yet.
"""

from datetime import date, datetime, time, timezone
from pathlib import Path
from typing import NamedTuple

from resource_repair import exempt_tag
from resource_repair.exemptions import Exemption, Exemptions
from resource_repair.openness import OPENNESS, PUBLIC_READ_WRITE
from resource_repair.remediations.frame import Case
from resource_repair.settings import ExemptTag
from resource_repair.timing import Clock
from scripts.account.buckets import Bucket


class LiveExemptions(NamedTuple):
    """By what a function exempts buckets on a day (in UTC); without `tag` no tag does."""

    exemptions: Exemptions
    tag: ExemptTag | None
    today: date

    def of(self, bucket: Bucket) -> Exemption | None:
        """What people have reviewed, and only without that what its tag says; raises CloudError."""
        reviewed = self.exemptions.for_bucket(bucket.name, self.today)
        if reviewed or self.tag is None:
            return reviewed
        return exempt_tag.judge(self.tag, bucket.name, bucket.tags(), self.today).exemption

    def case(self, bucket: str) -> Case:
        """The same as a remediation gets it; what is learnt of the bucket is not kept."""
        noon = datetime.combine(self.today, time(12), timezone.utc)
        return Case(bucket, self.exemptions, self.tag, Clock(lambda: 0.0, noon.timestamp), {})


def allows(exemption: Exemption | None, acl: str) -> bool:
    """Whether a bucket with that ACL is no more open than it may be; an unknown one is the worst.

    Whether the exemption holds is for the caller to know.
    """
    openness = OPENNESS.get(acl, OPENNESS[PUBLIC_READ_WRITE])
    return exemption is not None and openness <= OPENNESS[exemption.allow]


def differing(live: Exemptions, reviewed: Exemptions, path: Path) -> str:
    """How the live exemptions differ from those in the file at `path`; empty if they do not."""
    lists = (("only live", live, reviewed), ("only there", reviewed, live))
    told = [
        f"{where}: {', '.join(f'{each.bucket} until {each.expires}' for each in alone)}"
        for where, ours, theirs in lists
        if (alone := [each for each in ours.entries if each not in theirs.entries])
    ]
    if not told:
        return ""
    return f"the live exemptions count, and differ from those in {path} ({'; '.join(told)})"
