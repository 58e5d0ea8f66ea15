"""The course that every repair of a bucket takes: find, read, decide, write, read back.

What a bucket is to be, and how that is written, says a `Remediation`.
"""

import logging
from typing import Any, Callable, Generator, List, NamedTuple, Optional, Set, Tuple, Union

from resource_repair.batch import Repair
from resource_repair.errors import (
    BlockedError,
    BucketError,
    DeniedError,
    DisabledError,
    ElsewhereError,
    NoSuchBucketError,
    RefusedError,
    TheirsError,
    TransientError,
    UnresolvedError,
)
from resource_repair.oss import Bucket, BucketState
from resource_repair.remediations.frame import LATE, OVERTAKEN, Aim, Case, Conclusion, Remediation
from resource_repair.timing import Deadline, backoff, seconds_of
from resource_repair.values import (
    ALREADY_PRIVATE,
    BLOCKED,
    CEILING_REFUSED,
    COMPLIANT,
    DENIED,
    DISABLED,
    EXEMPT,
    FAILED,
    GONE,
    RECREATED,
    REPAIRED,
    REPORT,
    THEIRS,
    WOULD_REPAIR,
    Finding,
    Outcome,
    outcome_of,
)

# How stale a read may be. OSS documents no bound; its SDKs' own tests wait as long as this after a
# change of a bucket's settings before they look. A finding is contradicted only by two looks that
# are this far apart: the second cannot show what was before the first.
STALE_SECONDS = 3.0
_READ_BACK_SECONDS = 10.0  # how long a change may take to show, before that is told
_UNDATED_SECONDS = 86400.0  # for how long a message without a time may have been on its way

logger = logging.getLogger("resource_repair")

Waiting = Generator[float, None, Conclusion]  # gives in how many seconds to go on


class Means(NamedTuple):
    """What the repairs of one remediation share in one invocation.

    `open_bucket(name, region)` gives a bucket to ask; `account` is the function's own and `home`
    its region, each empty if that is not known.
    """

    open_bucket: Callable[[str, str], Bucket]
    mode: str
    account: str
    home: str
    deadline: Deadline


class BucketRepair(Repair):
    """Takes one finding's bucket through the course, and proves what it says of it.

    What may pass (throttling, a broken connection) is tried again until the deadline, each time
    from a fresh read.
    """

    def __init__(
        self, finding: Finding, means: Means, remediation: Remediation, case: Case
    ) -> None:
        self._finding = finding
        self._means = means
        self._remediation = remediation
        self._case = case
        self._clock = means.deadline.clock
        self._region = finding.region
        self._bucket = means.open_bucket(finding.resource_id, finding.region)
        self._began: Optional[float] = None
        self._given_up = False
        self._course = self._run()
        # Which ways we went to find the bucket.
        self._answered = False
        self._from_home = False
        self._followed = False
        # What we saw and did. The creation date is that of the bucket that was read before a write;
        # a write that was not acknowledged may have been applied all the same.
        self._at_rest: Tuple[Any, float] = (None, 0.0)
        self._looked_at, self._late = 0.0, False  # the last look's begin; a write long after it
        self._created = ""
        self._wrote = self._acknowledged = self._recreated = False
        self._tried: Set[str] = set()  # what was to be written to this bucket
        self._written: Optional[Aim] = None  # by the last write that was acknowledged
        self._overtook = False  # that write took the place of what somebody else had just put
        # What the record will say.
        self._before: Optional[str] = None
        self._after: Optional[str] = None
        self._oss_request_id = ""

    def step(self) -> Union[Outcome, float]:
        """Go on as far as that needs no wait: the outcome, or in how many seconds to go on."""
        try:
            return next(self._course)
        except StopIteration as ended:
            outcome: Outcome = ended.value
            return outcome

    def give_up(self, reason: str) -> Outcome:
        """The outcome of a repair that is not gone on with: failed, with what is known so far.

        Any thread may call it, even while another is in `step`: nothing is sent after it.
        """
        self._given_up = True  # before the bucket is closed: see _move
        self._bucket.close()
        return self._outcome(FAILED, reason)

    def _run(self) -> Generator[float, None, Outcome]:
        self._began = self._clock.monotonic()
        try:
            outcome, reason = yield from self._find()
        except _TooLateError as late:
            outcome, reason = FAILED, str(late)
        self._bucket.close()
        return self._outcome(outcome, reason)

    def _find(self) -> Waiting:
        """Try until there is a conclusion, in the region where the bucket turns out to be."""
        waits = backoff(first=0.2, most=5.0)
        while True:
            try:
                return (yield from self._attempt())
            except BucketError as error:
                self._oss_request_id = error.oss_request_id or self._oss_request_id
                elsewhere = self._region_to_try(error)
                if elsewhere:
                    self._move(elsewhere)
                elif isinstance(error, TransientError):
                    yield from self._wait(next(waits), f"{error.reason}; out of time")
                elif not isinstance(error, NoSuchBucketError) or self._may_have_made_one():
                    return self._given(error)
                elif (yield from self._seen_twice(GONE)):
                    return self._missing()

    def _attempt(self) -> Waiting:
        """Read, decide, write, read back. Every write directly follows a read that succeeded."""
        learnt, remediation = None, self._remediation
        while True:
            state = self._read()
            unsure = self._wrote and not self._acknowledged
            aim = remediation.wanted(self._case, state, learnt, unsure)
            if aim is None:
                learnt = remediation.learn(self._case, self._bucket)
                continue
            learnt = None
            if remediation.met(state, aim):
                ours = self._acknowledged and remediation.proof(state, aim)
                # After a write that was not acknowledged, this may be what was before the finding.
                if ours or not (self._wrote and remediation.harmless(aim)):
                    seen = ours or (yield from self._seen_twice(self._look(state)))
                    ended = self._settled(state, aim) if seen else None
                    if ended:
                        return ended
                    continue
            elif self._means.mode == REPORT:
                return WOULD_REPAIR, f"report mode: would {remediation.would(aim)}"
            elif remediation.looks_twice and not (yield from self._seen_twice(self._look(state))):
                continue
            self._write(state, aim)
            shown = yield from self._read_back(state, aim)
            if shown and remediation.proof(shown, aim) and (yield from self._stays(shown)):
                ended = self._settled(shown, aim)
                if ended:
                    return ended

    def _read(self) -> BucketState:
        """The bucket as it is; raises if it is not ours, or not here."""
        state = self._bucket.read()
        self._answered = True
        if state.name != self._finding.resource_id:
            raise RefusedError("wrong_bucket: OSS answers for another bucket", state.oss_request_id)
        if self._means.account not in ("", state.owner):
            raise TheirsError("another account owns the bucket by now", state.oss_request_id)
        if state.region not in ("", self._region):
            # OSS may answer a read in any region; what is written must be where the bucket is.
            raise ElsewhereError("location", state.region, state.oss_request_id)
        self._looked_at = self._clock.monotonic()
        state = self._remediation.look(self._bucket, state)
        if self._at_rest[0] is not None and self._at_rest[0] != self._look(state):
            self._at_rest = (None, 0.0)  # what was seen before is contradicted
        if self._wrote and state.created != self._created:
            # Deleted meanwhile, and created again, perhaps by us: judged anew, and told.
            self._recreated = True
            self._wrote, self._acknowledged, self._tried = False, False, set()
            self._oss_request_id = state.oss_request_id
        if not self._wrote:
            self._created = state.created
            if not self._recreated:
                self._before = self._remediation.state(state)
                self._oss_request_id = state.oss_request_id
        self._after = self._remediation.state(state)
        return state

    def _look(self, state: BucketState) -> Tuple[str, BucketState]:
        """What was seen of a bucket, by whichever request; its ACL only where that is changed."""
        rest = state._replace(acl="", encryption=None, oss_request_id="")
        return self._remediation.state(state), rest

    def _write(self, state: BucketState, aim: Aim) -> None:
        if not self._means.account:
            raise RefusedError("account_unknown: the function is not told whose it is")
        if self._remediation.whole:
            if self._remediation.state(state) != self._before:
                raise RefusedError(_MORE)
            # Where this run is killed now, no line will tell it, nor a retry know it.
            told = (self._remediation.name, state.name, self._before)
            logger.info("%s is about to change %s, where it finds: %s", *told)
        wrote_before = self._wrote
        # Before the call: a request that fails may have been applied.
        self._wrote, self._acknowledged = True, False
        self._tried.add(aim.value)
        try:
            self._oss_request_id = self._remediation.write(self._bucket, state, aim)
        except TransientError:
            raise
        except BucketError as error:
            self._wrote = wrote_before
            if isinstance(error, (DeniedError, TheirsError)):
                self._read()  # which knows better whether it is gone, or another's, by now
                raise DeniedError(error.reason, error.oss_request_id) from None
            raise
        finally:  # answered or not, it may be done as late as this
            self._late = self._clock.monotonic() - self._looked_at >= STALE_SECONDS
        self._acknowledged, self._written, self._overtook = True, aim, False

    def _read_back(
        self, was: BucketState, aim: Aim
    ) -> Generator[float, None, Optional[BucketState]]:
        """The bucket once the write shows, which can take a moment; None if it is another one.

        Of a document that others write, too, it may be theirs that shows.
        """
        end = self._clock.monotonic() + _READ_BACK_SECONDS
        for wait in backoff(first=0.05, most=1.0, spread=0.2):
            state = self._read()
            if not self._acknowledged:
                return None
            if self._remediation.proof(state, aim):
                return state
            self._overtook = self._remediation.whole and self._look(state) != self._look(was)
            if self._overtook or self._remediation.met(state, aim):
                return state
            if self._clock.monotonic() >= end:
                raise _TooLateError(_NOT_SHOWN)
            yield from self._wait(wait, _NOT_SHOWN)
        raise AssertionError("a backoff has no end")

    def _stays(self, shown: BucketState) -> Generator[float, None, bool]:
        """Whether what was read back is no other writer's to lose: at once, or at a second look."""
        return not self._remediation.whole or (yield from self._seen_twice(self._look(shown)))

    def _settled(self, state: BucketState, aim: Aim) -> Optional[Conclusion]:
        """Conclude on a bucket that is as it is to be; one that may be our creation is told."""
        if self._remediation.whole and self._acknowledged and self._written:
            aim = self._written  # there is nothing left to be wanted by now
        if self._remediation.whole and self._wrote and (self._overtook or self._late):
            return OVERTAKEN if self._overtook else LATE
        ended = self._remediation.settled(self._case, self._bucket, state, aim, self._acknowledged)
        if ended is None or not self._remediation.creates:
            return ended
        outcome, reason = ended
        again = _AGAIN if self._recreated else self._younger(state)
        # Else each finding without a time that is right about a young bucket were an alarm.
        plain = outcome == REPAIRED and again in (_SAME_SECOND, _UNDATED)
        if again and outcome in _QUIET and not plain:
            return RECREATED, f"{again}; {outcome}: {reason}"
        return outcome, f"{reason}; {again}" if again else reason

    def _younger(self, state: BucketState) -> str:
        """How the bucket, open or not, is perhaps not the one that the finding is of; or empty."""
        created = seconds_of(state.created)
        if created is None:
            return ""
        if self._finding.reported_at is not None:
            late = created - self._finding.reported_at / 1000
            # OSS tells whole seconds: what was made in the second of the finding may be younger.
            return _YOUNGER if late > 0 else _SAME_SECOND if late > -1 else ""
        return _UNDATED if created > self._clock.wall() - _UNDATED_SECONDS else ""

    def _may_have_made_one(self) -> bool:
        return self._wrote and self._remediation.creates

    def _missing(self) -> Conclusion:
        if self._recreated and self._remediation.creates:
            return RECREATED, f"{_AGAIN}; gone by now"
        if self._from_home and not self._followed:
            # Who could tell has not been asked.
            region = self._finding.region
            return FAILED, f"unresolved_host: {region} has none, and home knows no such bucket"
        return GONE, "the bucket does not exist, and was not created"

    def _given(self, error: BucketError) -> Conclusion:
        """What is concluded from an error that neither time nor another region helps."""
        if isinstance(error, NoSuchBucketError):
            return FAILED, "vanished: no such bucket after the write, which may have made one"
        if isinstance(error, ElsewhereError):
            return FAILED, f"wrong_region: OSS sends us elsewhere ({error.reason})"
        outcome = next((each for kind, each in _CONCLUDED if isinstance(error, kind)), FAILED)
        if self._recreated and self._remediation.creates:
            return outcome, f"{error.reason}; {_AGAIN}"
        if self._may_have_made_one():
            return outcome, f"{error.reason}; after a write, which may have made a bucket anew"
        return outcome, error.reason

    def _seen_twice(self, what: Any) -> Generator[float, None, bool]:
        """Whether this was seen before, and long enough ago; waits, to look again, where not."""
        now = self._clock.monotonic()
        seen, at = self._at_rest
        if seen != what:
            at = now
            self._at_rest = (what, at)
        left = at + STALE_SECONDS - now
        if left <= 0:
            return True
        yield from self._wait(left, "not_verified: no time for a second look")
        return False

    def _wait(self, seconds: float, otherwise: str) -> Generator[float, None, None]:
        if seconds >= self._means.deadline.remaining():
            raise _TooLateError(otherwise)
        yield seconds

    def _region_to_try(self, error: BucketError) -> str:
        """Where else the bucket may be, as OSS says or home may know; or empty."""
        if isinstance(error, ElsewhereError):
            if self._followed or error.region in (None, self._region):
                return ""
            self._answered = self._followed = True
            return str(error.region)
        unresolved = isinstance(error, UnresolvedError) and not self._answered
        if unresolved and self._means.home not in ("", self._region):
            self._from_home = True
            return self._means.home
        return ""

    def _move(self, region: str) -> None:
        """Ask another region, by our own template: the host that OSS may have named is not used."""
        self._bucket.close()
        self._at_rest = (None, 0.0)
        self._region = region
        self._bucket = self._means.open_bucket(self._finding.resource_id, region)
        if self._given_up:  # and the bucket that was closed then may have been the one before
            self._bucket.close()

    def _outcome(self, outcome: str, reason: str) -> Outcome:
        now = self._clock.monotonic()
        seen = (self._remediation.was(self._before, self._after, self._tried), self._after)
        acls: List[Optional[str]] = [None, None]
        if "oss:PutBucketAcl" in self._remediation.to_write:
            acls = [text and self._remediation.acl_in(text) for text in seen]
        return outcome_of(self._finding, outcome, reason)._replace(
            region=self._region,
            remediation=self._remediation.name,
            before=seen[0],
            after=seen[1],
            acl_before=acls[0],
            acl_after=acls[1],
            oss_request_id=self._oss_request_id,
            duration_ms=int((now - (now if self._began is None else self._began)) * 1000),
            **self._case.known,
        )


_AGAIN = "deleted and made again while it was repaired, perhaps by this function"
_YOUNGER = "the bucket is younger than its finding, and perhaps made by this function"
_SAME_SECOND = f"{_YOUNGER}, or not: both are of one second"
_UNDATED = f"{_YOUNGER}, or not: it says no time"
_QUIET = (REPAIRED, ALREADY_PRIVATE, COMPLIANT, EXEMPT, BLOCKED)  # nobody is told of these
_MORE = "changed_meanwhile: somebody wrote what this line has no place to tell of; begin anew"
_NOT_SHOWN = "not_verified: OSS acknowledged the write, and does not show it"


class _TooLateError(Exception):
    """There is no time to wait for what must be waited for; the text is the reason."""


_CONCLUDED = (
    (TheirsError, THEIRS),
    (DisabledError, DISABLED),
    (BlockedError, CEILING_REFUSED),
    (DeniedError, DENIED),
)
