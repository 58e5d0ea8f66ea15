"""By which route an event comes to the function once more: straight, or as findings come.

Each gives the problem that remains, or an empty text once everything in the event is settled.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Protocol, TypeAlias

from resource_repair import notification
from resource_repair.values import IGNORED, Finding
from scripts.account import audit_trail
from scripts.account.audit_trail import AuditLine
from scripts.account.deployed_function import DeployedFunction
from scripts.account.topic import publish
from scripts.context import Context
from scripts.errors import UsageError
from scripts.flows.audit_lines import left_open
from scripts.flows.deliver import submit
from scripts.patience import Progress, wait
from scripts.words import count

ReportKey: TypeAlias = tuple[str, str, int | None]
"""A finding's rule, its bucket, and when Cloud Config reported it; empty for what is none."""

_SPARE = 90  # seconds: what an invocation takes on the way, throttling, and finding its lines


class Route(Protocol):
    """A route to the function."""

    hold: int
    """Seconds for which a message is to be held meanwhile."""
    said: list[AuditLine]
    """What the function wrote about what is settled."""

    def send(self, event: bytes) -> str:
        """Send it, and wait for what becomes of it; raises CloudError if it surely was not sent."""
        ...


class ToFunction:
    """Invokes the function and waits for its end, so that the outcome is known at once."""

    def __init__(self, context: Context, live: DeployedFunction) -> None:
        self._context = context
        self._live = live
        self._timeout = int(live.timeout)
        self.hold = max(self._timeout, context.spec.function.timeout) + 2 * _SPARE
        self.said: list[AuditLine] = []

    def send(self, event: bytes) -> str:
        """The problem that remains; what fails is not in the failure queue once more."""
        ended = submit(self._context.clients, self._context.spec, event, self._timeout)
        self.said += ended.lines
        return ended.problem or left_open(ended.lines, self._live.settings.rule_ids)


class ToTopic:
    """Publishes to the topic, so that the trigger is tried too, and looks for the audit lines.

    Function Compute retries what comes by this route, and at the end puts it into the failure
    queue: what fails is then there twice.
    """

    def __init__(self, context: Context, live: DeployedFunction) -> None:
        self._context = context
        self._live = live
        self.hold = int(context.options.timeout) + 2 * _SPARE
        self.said: list[AuditLine] = []

    def send(self, event: bytes) -> str:
        """The problem that remains when the time is over."""
        context = self._context
        where = (context.clients, context.spec)
        awaited = awaited_of(event)
        earlier = {line.request_id for line in audit_trail.recent(*where)}
        try:
            publish(context.clients, context.spec.topic, event)
        except UsageError as error:
            return str(error)
        last: Sequence[AuditLine] = ()

        def look() -> Progress:
            nonlocal last
            lines = audit_trail.recent(*where)
            last = said_last(awaited, (each for each in lines if each.request_id not in earlier))
            done = sum(line.settled for line in last)
            words = f"{done} of {len(awaited)} settled, by the log store"
            return Progress(words, done == len(awaited))

        if wait(look, context.console, context.options.timeout):
            self.said += last
            return left_open(last, self._live.settings.rule_ids)
        return _unsettled(awaited, last)


def awaited_of(event: bytes) -> Counter[ReportKey]:
    """How many lines about each key the function will write, by its own reading of the event.

    Another finding about the bucket, such as one that it is compliant, was reported another time.
    """
    return Counter(
        (item.rule_id, item.resource_id, item.reported_at)
        if isinstance(item, Finding)
        else ("", "", None)
        for item in notification.read(event)
    )


def said_last(awaited: Counter[ReportKey], lines: Iterable[AuditLine]) -> Sequence[AuditLine]:
    """What an invocation said last about each key, as far as that decides; the furthest one's.

    A message may name a bucket twice, and what is ignored as a duplicate is told before the repair
    has ended: it decides nothing until there are as many lines as items, and then only where there
    is no other line about the key.
    """
    invocations: defaultdict[str, list[AuditLine]] = defaultdict(list)
    for line in lines:
        invocations[line.request_id].append(line)
    decided = (_decided(awaited, each) for each in invocations.values())
    return max(decided, key=lambda each: sum(line.settled for line in each), default=())


def _decided(awaited: Counter[ReportKey], lines: Iterable[AuditLine]) -> Sequence[AuditLine]:
    last: dict[ReportKey, AuditLine] = {}
    seen: Counter[ReportKey] = Counter()
    for line in lines:
        key = line.rule_id, line.bucket, line.reported_at
        seen[key] += 1
        if line.outcome != IGNORED or key not in last:
            last[key] = line
    return [line for key, line in last.items() if seen[key] >= awaited[key] > 0]


def _unsettled(awaited: Counter[ReportKey], last: Sequence[AuditLine]) -> str:
    lines = [line for line in last if not line.settled]
    told = [f"{line.outcome}: {line.reason}" for line in lines]
    if missing := len(awaited) - len(last):
        told.append(f"{count(missing, 'audit line')} did not come in time")
    return "; ".join(told)
