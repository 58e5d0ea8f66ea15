"""Show what waits in the failure queue, and send it to the function again.

Each message is an invocation that Function Compute gave up: its finding was not repaired. One is
removed only once everything in it is settled, as its audit lines tell; what fails again stays, and
is told (exit code 1). What the function only reported is open still: that stays too. Before each
message the function is read again, and nothing more is sent once it was paused or changed. Stopped
at any point, this loses nothing. To show the messages it receives each and lets go of it, so that
for some seconds others do not see them; --dry-run does no more. What others hold just now, or is
beyond the first 1000, is told last, and is work left (exit code 1).

Straight to the function, a message that fails is not put into the queue once more. By --to topic it
is: Function Compute retries it and keeps it, and the old one stays too, so it may be there twice.

A message that cannot be read, is another function's, or has nothing but findings of rules that the
function would ignore, is shown and kept. With --discard and a --reason such messages are taken away
unsettled; those with a finding of our rule only if --id names them. What was discarded, by whom and
why is first written to the log store, where `resource-repair audit` shows it.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Annotated, Literal, NamedTuple

from cyclopts import Parameter

from resource_repair.values import REPORT
from scripts.account.deployed_function import GET, DeployedFunction
from scripts.account.log_line import WRITE_LINE
from scripts.account.mailbox import (
    LONGEST_HOLD,
    RECEIVE,
    RELEASE,
    REMOVE,
    Message,
    QueueMailbox,
    opened,
)
from scripts.account.queue import GET_QUEUE
from scripts.account.topic import PUBLISH
from scripts.context import Acting, Context, Ended, Verb, finite, whole
from scripts.errors import Problem, UsageError
from scripts.flows.audit_lines import cut, for_a_person, tell_person
from scripts.flows.deliver import PERMISSIONS as SETTLING
from scripts.flows.discarding import HOLD, Discarding, noted_before
from scripts.flows.drain import Handled, drain
from scripts.flows.redelivery import Route, ToFunction, ToTopic
from scripts.flows.waiting import Sight, Waiting, age, chosen_of, look, not_seen, unseen
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


class _Deed(NamedTuple):
    """What is done with the messages, in words; `late` is for one that was held too long."""

    now: str
    done: str
    late: str


_SEND = _Deed(
    "send",
    "settled, and removed",
    "settled, but no longer held: it may be there again, and would be settled at once",
)
_DISCARD = _Deed(
    "discard",
    "noted, and discarded",
    "noted, but no longer held: it may be there again, and stays until you run again",
)


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
            f"default: {_TIMEOUT:g}",
            converter=finite(1, _LONGEST_TIMEOUT),
        ),
        "SECONDS",
    ] = _TIMEOUT
    discard: Annotated[
        bool, Parameter(help="take away, unsettled, what cannot be settled, or what --id names")
    ] = False
    reason: Annotated[str, Parameter(help="why it is discarded; kept in the log store"), "WHY"] = ""

    def check(self) -> None:
        """Raise UsageError for ids that are too short, and for options of two deeds."""
        for short in self.id:
            if len(short) < _SHORTEST_ID:
                raise UsageError(f"--id {short} is too short to tell one: {_SHORTEST_ID} at least")
        if self.discard and not self.reason.strip():
            raise UsageError("--discard takes away what was never settled: add --reason WHY")
        if self.discard and self.to != _TO_FUNCTION:
            raise UsageError("--to sends, and --discard does not: say one of them")
        if self.reason and not self.discard:
            raise UsageError("--reason is of --discard: say that too, or leave it out")


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
    """What was chosen; `stopped` is why the run ended before all of it was tried.

    `discard` is why it was to be discarded, None where it was to be sent; `rest` is what is said of
    messages that could not be seen, None where there are none.
    """

    queue: str | None
    to: str
    discard: str | None
    stopped: str | None
    messages: tuple[MessageReport, ...]
    rest: str | None = None


def _redrive(context: Context) -> Ended:
    console, options, spec = context.console, context.options, context.spec
    if spec.failure_queue is None:
        raise Problem("s.yaml declares no failure queue: there is nothing to redrive")
    if options.discard:
        return _discard(context, spec.failure_queue)
    live = DeployedFunction.read(spec, context.clients)
    with opened(context.clients, spec.failure_queue) as mailbox:
        sight = look(context, spec.failure_queue, mailbox, live)
        for short in unseen(sight.seen, options.id):
            raise not_seen(short)
        named = chosen_of(sight.seen, options.bucket, options.id)
        chosen = named[: options.limit]
        _show(console, chosen, spec.failure_queue, sight, _SEND)
        sendable = [each for each in chosen if not each.kept]
        if not sendable or console.dry_run:
            return _ended(context, not chosen, sight, named, chosen, {})
        _refuse_in_report(live)
        if not _agreed(context, live, sendable):
            console.say("nothing was sent")
            return Ended(Exit.PROBLEM, _report(context, chosen, {}))
        context.act()
        route = _ROUTES[options.to](context, live)
        events = {each.message.id: each.failure.event for each in sendable}

        def send(message: Message) -> str:
            live.check_unchanged()
            return route.send(events[message.id])

        try:
            handled = _drain(context, mailbox, chosen, list(events), send, route.hold, _SEND)
        finally:
            tell_person(console, route.said)
    settled = not for_a_person(route.said) and all(_gone(each, handled) for each in chosen)
    return _ended(context, settled, sight, named, chosen, handled)


def _discard(context: Context, queue: str) -> Ended:
    """Take away unsettled what the options choose; the function need not be there any more."""
    console, options, spec = context.console, context.options, context.spec
    live = DeployedFunction.find(spec, context.clients)
    with opened(context.clients, queue) as mailbox:
        sight = look(context, queue, mailbox, live)
        before = [noted_before(context, short) for short in unseen(sight.seen, options.id)]
        named = chosen_of(sight.seen, options.bucket, options.id)
        taken = [each for each in named if not each.ours or options.id]
        chosen, left = taken[: options.limit], len(named) - len(taken)
        if chosen or not before:
            _show(console, chosen, queue, sight, _DISCARD)
        if left:
            stay = count(left, "message", "stay")
            console.say(f"{stay}, with findings that can be settled: {_NAME_IT}", "yellow")
        if not chosen or console.dry_run:
            return _ended(context, not left, sight, taken, chosen, {})
        discarding = Discarding(context, live, chosen)
        if not console.confirm(
            f"Discard {count(len(chosen), 'message')} of {queue}? It cannot be undone."
        ):
            console.say("nothing was discarded")
            return Ended(Exit.PROBLEM, _report(context, chosen, {}))
        context.act()
        ids = [each.message.id for each in chosen]
        handled = _drain(context, mailbox, chosen, ids, discarding.send, HOLD, _DISCARD)
    settled = all(_gone(each, handled) for each in chosen)
    return _ended(context, settled, sight, taken, chosen, handled)


def _ended(
    context: Context,
    settled: bool,
    sight: Sight,
    named: Sequence[Waiting],
    chosen: Sequence[Waiting],
    handled: Mapping[str, Handled],
) -> Ended:
    """Say last what is left: by --limit, which is no good end where nobody was asked, or unseen."""
    console, options = context.console, context.options
    if left := len(named) - len(chosen):
        console.say(f"--limit left {count(left, 'message')} for the next run", "red")
        settled = settled and not options.yes
    if rest := "" if options.id else sight.rest:  # what was named was seen
        console.say(rest, "red")
    end = Exit.DONE if console.dry_run or (settled and not rest) else Exit.PROBLEM
    return Ended(end, replace(_report(context, chosen, handled), rest=rest or None))


def _drain(
    context: Context,
    mailbox: QueueMailbox,
    chosen: Sequence[Waiting],
    ids: Sequence[str],
    send: Callable[[Message], str],
    hold: int,
    deed: _Deed,
) -> Mapping[str, Handled]:
    """What became of each message that was tried; told too where an error or a stop ends it.

    The function must be as it was when they were chosen: it is read again before each.
    """
    console = context.console
    handled: dict[str, Handled] = {}
    stopped = ""
    console.so_far(lambda: _report(context, chosen, handled, stopped))
    try:
        with closing(drain(mailbox, ids, send, min(hold, LONGEST_HOLD))) as tried:
            for done in tried:
                handled[done.message.id] = done
                _tell(console, done, f"{len(handled)} of {len(ids)}", deed)
    except BaseException as error:
        stopped = str(error) if isinstance(error, Problem) else "it was stopped"
        raise
    finally:
        _show_end(console, chosen, handled, stopped, deed)
    return handled


def _show(
    console: Console, chosen: Sequence[Waiting], queue: str, sight: Sight, deed: _Deed
) -> None:
    if not chosen:
        if not sight.rest:
            what = "has none of these" if sight.seen else "is empty, by its own counts"
            console.say(f"nothing to do: {queue} {what}", "green")
        return
    rows = [
        (
            each.message.id,
            age(each.message),
            ", ".join(each.failure.buckets) or "none that can be read",
            str(each.failure.attempts or "not told"),
            cut(each.failure.reason),
            _now(each, deed),
        )
        for each in chosen
    ]
    console.table(("id", "waits", "buckets", "runs", "why it was given up", "now"), rows)
    console.say(f"{len(chosen)} of {count(len(sight.seen), 'message')} that can be seen in {queue}")


def _now(each: Waiting, deed: _Deed) -> str:
    if deed is _SEND:
        return f"keep: {each.told}" if each.kept else deed.now
    return f"{deed.now}: {each.kept or 'by its id, though it can be sent'}"


def _refuse_in_report(live: DeployedFunction) -> None:
    """In mode report it settles each finding without closing anything: it would be lost so."""
    if live.mode == REPORT:
        is_so = f"is {live.pause}" if live.pause else f"runs in mode {REPORT}"
        mend = "`resource-repair resume`" if live.pause else "deploy it in mode enforce"
        raise Problem(
            f"{live.spec.function_in_cloud} {is_so}: it would let each message pass and close "
            f"nothing; {mend} first"
        )


def _agreed(context: Context, live: DeployedFunction, sendable: Sequence[Waiting]) -> bool:
    to = f"topic {context.spec.topic}"
    if context.options.to == _TO_FUNCTION:
        to = f"function {live.spec.qualified_name}"
    what = count(len(sendable), "message")
    return context.console.confirm(f"Send {what} to {to}, deployed in mode {live.mode}?")


def _tell(console: Console, done: Handled, place: str, deed: _Deed) -> None:
    what = deed.done if done.removed else cut(done.problem) or deed.late
    console.say(f"{place}  {done.message.id}: {what}", "" if done.removed else "red")


_NAME_IT = "see `resource-repair redrive --dry-run`; name by --id what is to be discarded anyhow"
_NOT_HAD = "not to be had: somebody else holds it, or removed it"
_NOT_TRIED = "not sent: the run ended before"


def _end(each: Waiting, handled: Mapping[str, Handled], stopped: str, deed: _Deed) -> str:
    """What became of a message, in a line."""
    if each.kept and deed is _SEND:
        return f"kept: {each.told}"
    done = handled.get(each.message.id)
    if done is None:
        return _NOT_TRIED if stopped else _NOT_HAD
    return "removed" if done.removed else cut(done.problem) or deed.late


def _gone(each: Waiting, handled: Mapping[str, Handled]) -> bool:
    done = handled.get(each.message.id)
    return done is not None and done.removed


def _show_end(
    console: Console,
    chosen: Sequence[Waiting],
    handled: Mapping[str, Handled],
    stopped: str,
    deed: _Deed,
) -> None:
    left = [each for each in chosen if not _gone(each, handled)]
    rows = [
        (each.message.id, ", ".join(each.failure.buckets), _end(each, handled, stopped, deed))
        for each in left
    ]
    if rows:
        console.table(("stays", "buckets", "because"), rows)
        stay = "stays" if len(left) == 1 else "stay"
        told = f"{len(left)} of {count(len(chosen), 'message')} {stay} in the queue"
        console.say(f"{told}: once that is mended, run again", "red")
    else:
        console.say(f"{len(chosen)} {deed.done} from the queue", "green")


def _report(
    context: Context,
    chosen: Sequence[Waiting],
    handled: Mapping[str, Handled],
    stopped: str = "",
) -> Report:
    messages, options = tuple(_message(each, handled) for each in chosen), context.options
    discard = options.reason if options.discard else None
    return Report(context.spec.failure_queue, options.to, discard, stopped or None, messages)


def _message(each: Waiting, handled: Mapping[str, Handled]) -> MessageReport:
    done = handled.get(each.message.id)
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


VERB = Verb(
    "redrive",
    __doc__ or "",
    (GET, RECEIVE, RELEASE, REMOVE, GET_QUEUE, PUBLISH, *SETTLING, WRITE_LINE),
    Options,
    _redrive,
)
