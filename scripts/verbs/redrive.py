"""Show what waits in the failure queue, and send it to the function again.

Each message is an invocation that Function Compute gave up: its finding was not repaired. One is
removed only once everything in it is settled, as its audit lines tell; what fails again stays, and
is told (exit code 1). What the function only reported is open still: that stays too. Before each
message the function is read again, and nothing more is sent once it was paused or changed. Stopped
at any point, this loses nothing. To show the messages it receives each and lets go of it, so that
for some seconds others do not see them; --dry-run does no more.

Straight to the function, a message that fails is not put into the queue once more. By --to topic it
is: Function Compute retries it and keeps it, and the old one stays too, so it may be there twice.

A message that cannot be read, is another function's, or has nothing but findings of rules that the
function would ignore, is shown and kept.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Annotated, Literal, NamedTuple

from cyclopts import Parameter

from resource_repair.values import REPORT
from scripts.account.deployed_function import GET, DeployedFunction
from scripts.account.mailbox import (
    LONGEST_HOLD,
    MOST_LISTED,
    RECEIVE,
    RELEASE,
    REMOVE,
    Message,
    QueueMailbox,
    opened,
)
from scripts.account.topic import PUBLISH
from scripts.context import Acting, Context, Ended, Verb, finite, whole
from scripts.decide.envelope import Failure, failure_in
from scripts.declared import Spec
from scripts.errors import Problem, UsageError
from scripts.flows.audit_lines import cut, for_a_person, tell_person
from scripts.flows.deliver import PERMISSIONS as SETTLING
from scripts.flows.drain import Handled, drain
from scripts.flows.redelivery import Route, ToFunction, ToTopic
from scripts.terminal import Console, Exit
from scripts.words import count

_TO_FUNCTION, _TO_TOPIC = "function", "topic"
_ROUTES: Mapping[str, Callable[[Context, DeployedFunction], Route]] = {
    _TO_FUNCTION: ToFunction,
    _TO_TOPIC: ToTopic,
}
_TIMEOUT = 300.0  # seconds for one message by the topic: its retries, and finding their lines
_LONGEST_TIMEOUT = 3600  # each message is held for as long
_SHORTEST_ID = 4
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


class Waiting(NamedTuple):
    """A message of the queue; `kept` is why it cannot be sent, empty if it can."""

    message: Message
    failure: Failure
    kept: str


@dataclass(frozen=True, kw_only=True)
class Options(Acting):
    """What it takes."""

    bucket: Annotated[
        tuple[str, ...], Parameter(help="only what is about it; may be repeated"), "NAME"
    ] = ()
    id: Annotated[
        tuple[str, ...],
        Parameter(help="only this message (its id may be cut short); may be repeated"),
        "ID",
    ] = ()
    limit: Annotated[
        int | None, Parameter(help="the N oldest at most", converter=whole(1, 1_000_000)), "N"
    ] = None
    to: Annotated[Literal["function", "topic"], Parameter(help="default: function")] = "function"
    timeout: Annotated[
        float,
        Parameter(
            help="how long to wait for the audit lines of a message sent to the topic; "
            f"default: {_TIMEOUT}",
            converter=finite(1, _LONGEST_TIMEOUT),
        ),
        "SECONDS",
    ] = _TIMEOUT


@dataclass(frozen=True)
class MessageReport:
    """A message of the queue, and what became of it; without `tried` it was not sent."""

    id: str
    waits_seconds: int
    buckets: tuple[str, ...]
    attempts: int | None
    reason: str
    kept: str | None
    removed: bool
    problem: str | None
    tried: bool


@dataclass(frozen=True)
class Report:
    """What was chosen; `stopped` is why the run ended before all of it was tried."""

    queue: str | None
    to: str
    stopped: str | None
    messages: tuple[MessageReport, ...]


def _redrive(context: Context) -> Ended:
    console, spec = context.console, context.spec
    _check(context.options)
    if spec.failure_queue is None:
        raise Problem("s.yaml declares no failure queue: there is nothing to redrive")
    live = DeployedFunction.read(spec, context.clients)
    with opened(context.clients, spec.failure_queue) as mailbox:
        waiting = [_read(message, spec, live) for message in mailbox.listed()]
        chosen = _chosen(waiting, context.options)
        _show(console, chosen, spec.failure_queue, len(waiting))
        sendable = [each for each in chosen if not each.kept]
        if not sendable or console.dry_run:
            end = Exit.PROBLEM if chosen and not console.dry_run else Exit.DONE
            return Ended(end, _report(context, chosen, {}))
        _refuse_in_report(live)
        if not _agreed(context, live, len(sendable)):
            console.say("nothing was sent")
            return Ended(Exit.PROBLEM, _report(context, chosen, {}))
        context.act()
        route = _ROUTES[context.options.to](context, live)
        handled = _send(context, mailbox, live, route, chosen)
    settled = not for_a_person(route.said) and all(_gone(each, handled) for each in chosen)
    return Ended(Exit.DONE if settled else Exit.PROBLEM, _report(context, chosen, handled))


def _send(
    context: Context,
    mailbox: QueueMailbox,
    live: DeployedFunction,
    route: Route,
    chosen: Sequence[Waiting],
) -> Mapping[str, Handled]:
    """What became of each message that was tried; told too where an error or a stop ends it.

    The function must be as it was when they were chosen: it is read again before each.
    """
    console = context.console
    events = {each.message.id: each.failure.event for each in chosen if not each.kept}
    handled: dict[str, Handled] = {}
    stopped = ""
    console.so_far(lambda: _report(context, chosen, handled, stopped))

    def send(message: Message) -> str:
        live.check_unchanged()
        return route.send(events[message.id])

    try:
        with closing(drain(mailbox, list(events), send, min(route.hold, LONGEST_HOLD))) as tried:
            for done in tried:
                handled[done.message.id] = done
                _tell(console, done, len(handled), len(events))
    except BaseException as error:
        stopped = str(error) if isinstance(error, Problem) else "it was stopped"
        raise
    finally:
        _show_end(console, chosen, handled, stopped)
        tell_person(console, route.said)
    return handled


def _check(options: Options) -> None:
    for short in options.id or ():
        if len(short) < _SHORTEST_ID:
            raise UsageError(f"--id {short} is too short to tell one: {_SHORTEST_ID} at least")


def _read(message: Message, spec: Spec, live: DeployedFunction) -> Waiting:
    failure = failure_in(message.body)
    return Waiting(message, failure, _why_kept(failure, spec, live))


def _why_kept(failure: Failure, spec: Spec, live: DeployedFunction) -> str:
    """Why sending it would settle nothing, or lose it.

    What a list has beside findings of the function's own rules it ignores: that keeps no list.
    """
    if failure.unreadable:
        return failure.unreadable
    if failure.function and failure.qualified_name != spec.qualified_name:
        return f"it is of the function {failure.qualified_name}"
    deployed = live.settings.rule_ids
    foreign = [each.rule_id for each in failure.findings if each.rule_id not in deployed]
    if foreign and len(foreign) == len(failure.findings):
        return f"the function is not deployed for rule {foreign[0]}, and would ignore it"
    return ""


def _chosen(waiting: Sequence[Waiting], options: Options) -> list[Waiting]:
    """What the options name; the oldest first."""
    found = [
        each
        for each in waiting
        if not options.bucket or set(options.bucket) & set(each.failure.buckets)
    ]
    if options.id:
        found = [each for each in found if each.message.id.startswith(tuple(options.id))]
        for short in options.id:
            if not any(each.message.id.startswith(short) for each in found):
                raise Problem(f"no message {short} can be seen in the queue: look with --dry-run")
    return found[: options.limit]


def _show(console: Console, chosen: Sequence[Waiting], queue: str, seen: int) -> None:
    if not chosen:
        what = (
            "is empty, or others are at work on what is in it" if not seen else "has none of these"
        )
        console.say(f"nothing to do: {queue} {what}", "green")
        return
    rows = [
        (
            each.message.id,
            _age(each.message),
            ", ".join(each.failure.buckets) or "none that can be read",
            str(each.failure.attempts or "not told"),
            cut(each.failure.reason),
            f"keep: {each.kept}" if each.kept else "send",
        )
        for each in chosen
    ]
    console.table(("id", "waits", "buckets", "runs", "why it was given up", "now"), rows)
    more = " or more: run again for the rest" if seen >= MOST_LISTED else ""
    console.say(f"{len(chosen)} of {count(seen, 'message')} that can be seen in {queue}{more}")


def _refuse_in_report(live: DeployedFunction) -> None:
    """In mode report it settles each finding without closing anything: it would be lost so."""
    if live.mode == REPORT:
        is_so = f"is {live.pause}" if live.pause else f"runs in mode {REPORT}"
        raise Problem(
            f"{live.spec.function.name} {is_so}: it would let each message pass and close nothing; "
            f"{'`resource-repair resume`' if live.pause else 'deploy it in mode enforce'} first"
        )


def _agreed(context: Context, live: DeployedFunction, number: int) -> bool:
    to = f"topic {context.spec.topic}"
    if context.options.to == _TO_FUNCTION:
        to = f"function {live.spec.qualified_name}"
    what = count(number, "message")
    return context.console.confirm(f"Send {what} to {to}, deployed in mode {live.mode}?")


def _tell(console: Console, done: Handled, number: int, of: int) -> None:
    what = "settled, and removed" if done.removed else cut(done.problem) or _SETTLED_LATE
    console.say(f"{number} of {of}  {done.message.id}: {what}", "" if done.removed else "red")


_SETTLED_LATE = "settled, but no longer held: it may be there again, and would be settled at once"
_NOT_HAD = "not to be had: somebody else holds it, or removed it"
_NOT_TRIED = "not sent: the run ended before"


def _end(each: Waiting, handled: Mapping[str, Handled], stopped: str) -> str:
    """What became of a message, in a line."""
    if each.kept:
        return f"kept: {each.kept}"
    done = handled.get(each.message.id)
    if done is None:
        return _NOT_TRIED if stopped else _NOT_HAD
    return "removed" if done.removed else done.problem or _SETTLED_LATE


def _gone(each: Waiting, handled: Mapping[str, Handled]) -> bool:
    done = handled.get(each.message.id)
    return done is not None and done.removed


def _show_end(
    console: Console, chosen: Sequence[Waiting], handled: Mapping[str, Handled], stopped: str
) -> None:
    left = [each for each in chosen if not _gone(each, handled)]
    rows = [
        (each.message.id, ", ".join(each.failure.buckets), cut(_end(each, handled, stopped)))
        for each in left
    ]
    if rows:
        console.table(("stays", "buckets", "because"), rows)
        stay = "stays" if len(left) == 1 else "stay"
        told = f"{len(left)} of {count(len(chosen), 'message')} {stay} in the queue"
        console.say(f"{told}: once that is mended, run again", "red")
    else:
        console.say(f"{len(chosen)} settled, and removed from the queue", "green")


def _report(
    context: Context,
    chosen: Sequence[Waiting],
    handled: Mapping[str, Handled],
    stopped: str = "",
) -> Report:
    messages = tuple(_message(each, handled.get(each.message.id)) for each in chosen)
    return Report(context.spec.failure_queue, context.options.to, stopped or None, messages)


def _message(each: Waiting, done: Handled | None) -> MessageReport:
    return MessageReport(
        each.message.id,
        round(max(0.0, time.time() - each.message.arrived_at)),
        tuple(each.failure.buckets),
        each.failure.attempts or None,
        each.failure.reason,
        each.kept or None,
        removed=done is not None and done.removed,
        problem=(done.problem or None) if done else None,
        tried=done is not None,
    )


def _age(message: Message) -> str:
    seconds = max(0.0, time.time() - message.arrived_at)
    if seconds >= _DAY:
        return f"{seconds // _DAY:.0f} d {seconds % _DAY // _HOUR:.0f} h"
    if seconds >= _HOUR:
        return f"{seconds // _HOUR:.0f} h {seconds % _HOUR // _MINUTE:.0f} min"
    return f"{seconds // _MINUTE:.0f} min"


VERB = Verb(
    "redrive",
    __doc__ or "",
    (GET, RECEIVE, RELEASE, REMOVE, PUBLISH, *SETTLING),
    Options,
    _redrive,
)
