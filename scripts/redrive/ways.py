"""How an event comes to the function once more: straight, or the way that findings come.

Each gives the problem that remains, or an empty text once everything in the event is settled.
"""

from typing import Protocol

from scripts import audit_trail
from scripts.audit_trail import AuditLine
from scripts.errors import UsageError
from scripts.live import Live
from scripts.messages import publish, settled
from scripts.publish import keys
from scripts.settling import submit
from scripts.verb import Permission, Situation
from scripts.waiting import Progress, wait

PUBLISH = Permission("mns:PublishMessage", "acs:mns:{region}:{account}:/topics/*")

_SPARE = 90  # seconds: what an invocation takes on the way, throttling, and finding its lines


class Way(Protocol):
    """A way to the function."""

    hold: int
    """Seconds for which a message is to be held meanwhile."""

    def send(self, event: bytes) -> str:
        """Send it, and wait for what becomes of it; raises CloudError if it surely was not sent."""
        ...


class Straight:
    """Invokes the function and waits for its end, so that the outcome is known at once."""

    def __init__(self, situation: Situation, live: Live) -> None:
        self._situation = situation
        self._timeout = int(live.timeout)
        self.hold = max(self._timeout, situation.spec.function.timeout) + 2 * _SPARE

    def send(self, event: bytes) -> str:
        """The problem that remains; what fails is not in the failure queue once more."""
        return submit(self._situation.clients, self._situation.spec, event, self._timeout).problem


class Topic:
    """Publishes to the topic, so that the trigger is tried too, and looks for the audit lines.

    Function Compute retries what comes by this way, and puts it into the failure queue at the end:
    what fails is then there twice.
    """

    def __init__(self, situation: Situation) -> None:
        self._situation = situation
        self.hold = int(situation.options.timeout) + 2 * _SPARE

    def send(self, event: bytes) -> str:
        """The problem that remains when the time is over."""
        situation = self._situation
        where = (situation.clients, situation.spec)
        awaited = set(keys(event))
        earlier = {line.request_id for line in audit_trail.recent(*where)}
        try:
            publish(situation.clients, situation.spec.topic, event)
        except UsageError as error:
            return str(error)
        last: dict[tuple[str, str], AuditLine] = {}

        def look() -> Progress:
            lines = audit_trail.recent(*where)
            new = (line for line in lines if line.request_id not in earlier)
            last.update((_key(line), line) for line in new if _key(line) in awaited)
            done = sum(settled(vars(line)) for line in last.values())
            words = f"{done} of {len(awaited)} settled, by the log store"
            return Progress(words, done == len(awaited))

        if wait(look, situation.console, situation.options.timeout):
            return ""
        return _unsettled(awaited, last)


def _key(line: AuditLine) -> tuple[str, str]:
    return line.rule_id, line.bucket


def _unsettled(awaited: set[tuple[str, str]], last: dict[tuple[str, str], AuditLine]) -> str:
    lines = [line for line in last.values() if not settled(vars(line))]
    told = [f"{line.outcome}: {line.reason}" for line in lines]
    if missing := len(awaited) - len(last):
        told.append(f"{missing} audit lines did not come in time")
    return "; ".join(told)
