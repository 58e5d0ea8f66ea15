"""The non-compliant buckets: how open each is, what the function will do, and what that breaks."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, TypeVar

from resource_repair.exemptions import Exemption
from resource_repair.openness import OPENNESS, PRIVATE, PUBLIC_READ_WRITE
from resource_repair.values import ALREADY_PRIVATE, EXEMPT, GONE, REPAIRED, REPORT, WOULD_REPAIR
from scripts.account import buckets
from scripts.account.buckets import Bucket
from scripts.account.clients import Clients
from scripts.account.findings import Result
from scripts.account.live_exemptions import LiveExemptions, allows
from scripts.errors import CloudError
from scripts.patience import patiently

PERMISSIONS = (
    buckets.GET_INFO,
    buckets.GET_TAGS,  # where exemptTag is set
    buckets.GET_WEBSITE,
    buckets.LIST_DOMAINS,
)

_AT_ONCE = 8  # buckets that are asked about at a time
_T = TypeVar("_T")


class Candidate(NamedTuple):
    """A non-compliant bucket, as it is now.

    `acl` is None for a bucket that is gone. What could not be read is None in `website` and
    `domains`; an ACL that could not be is what Cloud Config tells, or the worst. `expected` is what
    the function will make of it, in the mode and with the exemptions that are live; `sure` is
    whether both ACL and exemption were read for that.
    """

    result: Result
    acl: str | None
    exemption: Exemption | None
    expected: str
    website: bool | None
    domains: tuple[str, ...] | None
    sure: bool = True

    @property
    def bucket(self) -> str:
        """Its name."""
        return self.result.bucket

    @property
    def closes(self) -> bool:
        """Whether the function will close it."""
        return self.expected == REPAIRED

    @property
    def unread(self) -> bool:
        """Whether it is not known what closing it would hurt."""
        return self.website is None or self.domains is None

    @property
    def hurts(self) -> str:
        """What closing it would break, for people; empty if nothing is known to."""
        told = ["static website"] if self.website else []
        told += self.domains or ()
        if self.unread:
            told.append("not all read")
        return ", ".join(told)


class Reader:
    """Reads candidates; `failures` is what stood in the way, one for each operation."""

    def __init__(self, clients: Clients, mode: str, exempting: LiveExemptions) -> None:
        self.failures: dict[str, CloudError] = {}
        self._clients = clients
        self._mode = mode
        self._exempting = exempting

    def read(self, results: Iterable[Result]) -> list[Candidate]:
        """One candidate for each result, in their order."""
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return list(pool.map(self._candidate, results))

    def _candidate(self, result: Result) -> Candidate:
        bucket = Bucket(self._clients, result.bucket, result.region)
        acl, sure = self._acl(bucket, result)
        exemption = None
        if acl not in (None, PRIVATE):
            exemption, known = self._exemption(bucket)
            sure = sure and known
        expected = _expected(acl, exemption, self._mode)
        if expected not in (REPAIRED, WOULD_REPAIR):
            return Candidate(result, acl, exemption, expected, website=False, domains=())
        return Candidate(
            result,
            acl,
            exemption,
            expected,
            website=self._attempt(bucket.is_website),
            domains=self._attempt(bucket.domains),
            sure=sure,
        )

    def _acl(self, bucket: Bucket, result: Result) -> tuple[str | None, bool]:
        """The ACL, and whether it was read."""
        try:
            info = patiently(bucket.info_if_there)
        except CloudError as error:
            self._note(error)
            return result.acl or PUBLIC_READ_WRITE, False
        return info and info.acl, True

    def _exemption(self, bucket: Bucket) -> tuple[Exemption | None, bool]:
        """The exemption that holds, and whether that is known."""
        try:
            return self._exempting.of(bucket), True
        except CloudError as error:
            self._note(error)
            return None, False

    def _attempt(self, look: Callable[[], _T]) -> _T | None:
        try:
            return patiently(look)
        except CloudError as error:
            self._note(error)
            return None

    def _note(self, error: CloudError) -> None:
        self.failures.setdefault(error.operation, error)


def in_order(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Those to begin with first, since a limit may leave the rest for another time.

    What closing hurts nobody comes before what it may hurt, and that before what it will; among
    these the more open first. What is not closed comes last.
    """

    def place(candidate: Candidate) -> tuple[bool, int, int, str]:
        hurt = 2 if candidate.website or candidate.domains else int(candidate.unread)
        openness = OPENNESS.get(candidate.acl or PRIVATE, 0)
        return not candidate.closes, hurt, -openness, candidate.bucket

    return sorted(candidates, key=place)


def _expected(acl: str | None, exemption: Exemption | None, mode: str) -> str:
    """What the function makes of a bucket that is as open as `acl` says."""
    if acl is None:
        return GONE
    if acl == PRIVATE:
        return ALREADY_PRIVATE
    if allows(exemption, acl):
        return EXEMPT
    return WOULD_REPAIR if mode == REPORT else REPAIRED
