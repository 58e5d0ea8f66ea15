"""The non-compliant buckets: how open each is, what the function will do, and what that breaks."""

from collections.abc import Collection, Iterable
from typing import NamedTuple

from resource_repair.exemptions import Exemption
from resource_repair.openness import OPENNESS, PRIVATE
from resource_repair.remediations import ACL, named
from resource_repair.values import ALREADY_PRIVATE, EXEMPT, GONE, REPAIRED, REPORT, WOULD_REPAIR
from scripts.account.findings import Result
from scripts.account.live_exemptions import allows
from scripts.words import count


class Candidate(NamedTuple):
    """A non-compliant bucket, as it is now.

    `acl` is None for a bucket that is gone. What could not be read is None in `website` and
    `domains`; an ACL that could not be is what Cloud Config tells, or the worst. `expected` is what
    the function will make of it, in the mode and with the exemptions that are live; `sure` is
    whether both ACL and exemption were read for that. Of a further `remediation` what it changes
    stands in the place of the ACL. `blocks` is whether it will be closed by Block Public Access.
    """

    result: Result
    acl: str | None
    exemption: Exemption | None
    expected: str
    website: bool | None
    domains: tuple[str, ...] | None
    sure: bool = True
    remediation: str = ACL
    blocks: bool = False

    @property
    def bucket(self) -> str:
        """Its name."""
        return self.result.bucket

    @property
    def label(self) -> str:
        """What tells it from all others: its name, with that of a further remediation."""
        return self.bucket if self.remediation == ACL else f"{self.bucket} ({self.remediation})"

    @property
    def closes(self) -> bool:
        """Whether the function will close it, or change it by a further remediation."""
        return self.expected == REPAIRED

    @property
    def unread(self) -> bool:
        """Whether it is not known what closing it would hurt."""
        return self.website is None or self.domains is None

    @property
    def hurts(self) -> str:
        """What closing it would break, for people; empty if nothing is known to."""
        if self.remediation != ACL:
            return named(self.remediation).breaks
        told = ["static website"] if self.website else []
        told += self.domains or ()
        if self.unread:
            told.append("not all read")
        return ", ".join(told)


def counted(candidates: Collection[Candidate], what: str = "changes to") -> str:
    """So many buckets, in words; where one has several candidates, how many of `what` these are."""
    buckets = {each.bucket for each in candidates}
    told = count(len(buckets), "bucket")
    return told if len(buckets) == len(candidates) else f"{len(candidates)} {what} {told}"


def in_order(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Those to begin with first, since a limit may leave the rest for another time.

    What closing hurts nobody comes before what it may hurt, and that before what it will; among
    these the more open first. What is not closed comes last.
    """

    def place(candidate: Candidate) -> tuple[bool, int, int, str]:
        if candidate.remediation != ACL:
            return not candidate.closes, 3, 0, candidate.label
        hurt = 2 if candidate.website or candidate.domains else int(candidate.unread)
        openness = OPENNESS.get(candidate.acl or PRIVATE, 0)
        return not candidate.closes, hurt, -openness, candidate.bucket

    return sorted(candidates, key=place)


def expected(acl: str | None, exemption: Exemption | None, mode: str) -> str:
    """What the function makes of a bucket that is as open as `acl` says."""
    if acl is None:
        return GONE
    if acl == PRIVATE:
        return ALREADY_PRIVATE
    if allows(exemption, acl):
        return EXEMPT
    return WOULD_REPAIR if mode == REPORT else REPAIRED
