"""Reads the non-compliant buckets, and what closing them would hurt."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from resource_repair.errors import RefusedError
from resource_repair.exemptions import Exemption
from resource_repair.openness import PRIVATE, PUBLIC_READ_WRITE
from resource_repair.remediations import named
from resource_repair.settings import Assignment, Ways
from resource_repair.values import BLOCKED, ENFORCE, EXEMPT, GONE, REPAIRED, REPORT, WOULD_REPAIR
from scripts.account import buckets
from scripts.account.buckets import Bucket
from scripts.account.clients import Clients
from scripts.account.findings import Result
from scripts.account.live_exemptions import LiveExemptions
from scripts.decide.candidates import Candidate, expected
from scripts.errors import CloudError
from scripts.flows.foresee import forecast
from scripts.flows.foretold import foretell
from scripts.patience import tallied

PERMISSIONS = (
    buckets.GET_INFO,
    buckets.GET_TAGS,  # where exemptTag is set
    buckets.GET_POLICY,  # where the remediation policy or https is on
    buckets.GET_WEBSITE,
    buckets.LIST_DOMAINS,
    buckets.GET_POLICY_STATUS,  # where close or policyPublic is set, as the next one
    buckets.GET_ACCOUNT_BLOCK,
)

_AT_ONCE = 8  # buckets that are asked about at a time
_T = TypeVar("_T")


class _GoneMeanwhileError(Exception):
    """The bucket was deleted after its ACL was read."""


class CandidateReader:
    """Reads candidates; `failures` is what stood in the way, one for each operation."""

    def __init__(
        self, clients: Clients, mode: str, exempting: LiveExemptions, ways: Ways | None = None
    ) -> None:
        self.failures: dict[str, CloudError] = {}
        self._clients = clients
        self._mode = mode
        self._exempting = exempting
        self._ways = ways

    def read(self, results: Sequence[Result]) -> list[Candidate]:
        """One candidate for each result, in their order."""
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            found = pool.map(self._candidate, results)
            return list(tallied(found, "buckets read", len(results)))

    def further(self, given: Assignment, results: Sequence[Result]) -> list[Candidate]:
        """The same of a further remediation, in the mode that is given."""
        does, would = named(given.remediation), REPAIRED if given.mode == ENFORCE else WOULD_REPAIR

        def read(result: Result) -> Candidate:
            bucket = Bucket(self._clients, result.bucket, result.region)
            like = Candidate(result, None, None, GONE, False, (), True, given.remediation)
            try:
                there = bucket.state_for(does)
                if there is None:
                    return like
                end, exemption = forecast(given, bucket, there, self._exempting)
                return like._replace(acl=does.state(there), expected=end, exemption=exemption)
            except CloudError as error:
                if error.code == buckets.NO_SUCH_BUCKET:  # deleted since its state was read
                    return like
                self.failures.setdefault(error.operation, error)
            except RefusedError:
                pass  # the function says what is odd about it
            return like._replace(acl="not known", expected=would, sure=False)

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return list(tallied(pool.map(read, results), "buckets read", len(results)))

    def _candidate(self, result: Result) -> Candidate:
        try:
            return self._by_ways(self._asked(result))
        except _GoneMeanwhileError:
            gone = expected(None, None, self._mode)
            return Candidate(result, None, None, gone, website=False, domains=())

    def _by_ways(self, candidate: Candidate) -> Candidate:
        """The same where the function closes by other ways than the ACL alone."""
        ways = self._ways
        if ways is None or candidate.expected in (GONE, EXEMPT):
            return candidate
        bucket = Bucket(self._clients, candidate.bucket, candidate.result.region)
        try:
            told = self._attempt(lambda: foretell(bucket, self._exempting, ways))
        except RefusedError:
            return candidate  # the function says what is odd about it
        if told is None:
            return candidate._replace(sure=False)
        if told.blocks:
            would = WOULD_REPAIR if self._mode == REPORT else REPAIRED
            return candidate._replace(expected=would, blocks=True)
        if told.outcome == BLOCKED and not told.writes:
            return candidate._replace(expected=BLOCKED)
        return candidate

    def _asked(self, result: Result) -> Candidate:
        bucket = Bucket(self._clients, result.bucket, result.region)
        acl, sure = self._acl(bucket, result)
        exemption = None
        if acl not in (None, PRIVATE):
            exemption, known = self._exemption(bucket)
            sure = sure and known
        end = expected(acl, exemption, self._mode)
        if end not in (REPAIRED, WOULD_REPAIR):
            return Candidate(result, acl, exemption, end, website=False, domains=())
        return Candidate(
            result,
            acl,
            exemption,
            end,
            website=self._attempt(bucket.is_website),
            domains=self._attempt(bucket.domains),
            sure=sure,
        )

    def _acl(self, bucket: Bucket, result: Result) -> tuple[str | None, bool]:
        """The ACL, and whether it was read."""
        try:
            info = bucket.info_if_there()
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
            return look()
        except CloudError as error:
            self._note(error)
            return None

    def _note(self, error: CloudError) -> None:
        if error.code == buckets.NO_SUCH_BUCKET:
            raise _GoneMeanwhileError
        self.failures.setdefault(error.operation, error)
