"""Publish an event to the topic, and follow what becomes of it.

Sends the file's bytes to the MNS topic, so that the trigger is tested and not the function alone,
and waits for the audit line of each finding in it. Asks first where buckets may be closed. Fails
(exit code 1) when one is not settled, or does not come.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter

from resource_repair.values import UNREADABLE
from scripts.account import audit_trail
from scripts.account.audit_trail import AuditLine
from scripts.account.deployed_function import GET
from scripts.account.topic import PUBLISH, publish
from scripts.context import LONGEST, Context, Ended, Verb, finite
from scripts.flows.audit_lines import show, tell_person
from scripts.flows.event_file import FindingKey, Named, Sending, finding_keys, preview, told_event
from scripts.patience import Progress, wait
from scripts.terminal import Exit
from scripts.words import count

_TIMEOUT = 120.0  # seconds; a cold start, and the seconds that Log Service takes to find a line


@dataclass(frozen=True, kw_only=True)
class Options(Sending):
    """What it takes."""

    timeout: Annotated[
        float, Parameter(help=f"default: {_TIMEOUT:g}", converter=finite(0, LONGEST)), "SECONDS"
    ] = _TIMEOUT


@dataclass(frozen=True)
class Foreseen:
    """What a message would lead to, where there was none."""

    topic: str
    function: str
    mode: str
    findings: tuple[Named, ...]
    message_id: None = None


@dataclass(frozen=True)
class Report:
    """What a message led to: the lines that came, of those that were awaited."""

    topic: str
    message_id: str
    awaited: int
    audit: tuple[AuditLine, ...]


def _publish(context: Context) -> Ended:
    console, topic = context.console, context.spec.topic
    event = told_event(context)
    awaited = Counter(finding_keys(event))
    coming = preview(context.clients, context.spec, event)
    coming.show(console)
    foreseen = Foreseen(topic, coming.function, coming.mode, coming.findings)
    if console.dry_run:
        console.say(
            f"would publish {count(len(event), 'byte')}, {_findings(awaited)}, to topic {topic}"
        )
        return Ended(Exit.DONE, foreseen)
    if not coming.harmless and not console.confirm("Publish it?"):
        console.say("nothing was published")
        return Ended(Exit.DONE, foreseen)
    context.act()
    earlier = {line.request_id for line in audit_trail.recent(context.clients, context.spec)}
    message_id = publish(context.clients, topic, event)
    console.say(f"published {count(len(event), 'byte')} to topic {topic}, as message {message_id}")
    lines = _follow(context, awaited, earlier)
    end = _tell(context, awaited, lines)
    return Ended(end, Report(topic, message_id, awaited.total(), tuple(lines)))


def of_message(awaited: Counter[FindingKey], lines: Iterable[AuditLine]) -> list[AuditLine]:
    """Of the lines, those of the invocation that got the message, as far as they have come.

    No audit line names its message, whose id the trigger does not hand over. But one invocation
    handles all of a message: the lines of ours are about what is awaited and nothing else.
    """
    invocations = defaultdict(list)
    for line in lines:
        invocations[line.request_id].append(line)
    runs = (_first_run(awaited, each) for each in invocations.values())
    return max(runs, key=len, default=[])


def _first_run(awaited: Counter[FindingKey], lines: Iterable[AuditLine]) -> list[AuditLine]:
    """What an invocation wrote before it was tried again; nothing if it is about others too."""
    left, run = awaited.copy(), []
    for line in lines:
        key = line.rule_id, line.bucket
        if key not in awaited:
            return []
        if left[key]:
            left[key] -= 1
            run.append(line)
    return run


def _follow(context: Context, awaited: Counter[FindingKey], earlier: set[str]) -> list[AuditLine]:
    """What comes; lines from before the message are told apart by their request."""
    found: list[AuditLine] = []

    def look() -> Progress:
        lines = audit_trail.recent(context.clients, context.spec)
        new = (line for line in lines if line.request_id not in earlier)
        found[:] = of_message(awaited, new)
        words = f"{len(found)} of {count(awaited.total(), 'audit line')} came"
        return Progress(words, len(found) == awaited.total())

    wait(look, context.console, context.options.timeout)
    return found


def _tell(context: Context, awaited: Counter[FindingKey], lines: Sequence[AuditLine]) -> Exit:
    console, spec = context.console, context.spec
    show(console, lines)
    missing = awaited.total() - len(lines)
    unsettled = [line for line in lines if not line.settled]
    if missing:
        console.say(
            f"{missing} of {count(awaited.total(), 'audit line')} did not come within "
            f"{context.options.timeout:g} s: `resource-repair doctor` says where findings are "
            "lost",
            "red",
        )
    if any(line.outcome != UNREADABLE for line in unsettled):
        console.say(
            f"{len(unsettled)} not settled: Function Compute tries again, and then keeps the "
            f"message in {spec.failure_queue or 'no queue: none is declared'}",
            "red",
        )
    told = tell_person(console, lines)
    if missing or unsettled or told:
        return Exit.PROBLEM
    console.say("all of it is settled", "green")
    return Exit.DONE


def _findings(awaited: Counter[FindingKey]) -> str:
    buckets = [bucket for _, bucket in awaited.elements() if bucket]
    return f"findings about {', '.join(buckets)}" if buckets else "no finding"


VERB = Verb(
    "publish",
    __doc__ or "",
    (
        GET,
        PUBLISH,
        *audit_trail.PERMISSIONS,
    ),
    Options,
    _publish,
)
