"""Invoke the function with an event, and fail when it did.

Sends the file's bytes straight to the function, past the topic and its trigger, waits for the end,
and prints the answer and the audit lines of the log's tail. Asks first where buckets may be closed.
Fails (exit code 1) when the handler raised or answered anything but success.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from scripts.account import audit_trail
from scripts.account.deployed_function import GET
from scripts.account.invocation import INVOKE, invoke
from scripts.context import Context, Ended, Verb
from scripts.flows.audit_lines import show
from scripts.flows.event_file import Named, Sending, preview, told_event
from scripts.terminal import Exit
from scripts.words import count

_TAIL = 4096  # bytes; InvokeFunction, "X-Fc-Log-Result": the end of the log, no more


@dataclass(frozen=True)
class Foreseen:
    """What an invocation would lead to, where there was none."""

    function: str
    mode: str
    findings: tuple[Named, ...]
    invoked: bool = False


@dataclass(frozen=True)
class Report:
    """What an invocation led to."""

    function: str
    request_id: str
    answer: str
    raised: str
    audit: tuple[Mapping[str, object], ...]


def _invoke(context: Context) -> Ended:
    console, spec = context.console, context.spec
    event = told_event(context)
    name = spec.qualified_name
    coming = preview(context.clients, spec, event)
    coming.show(console)
    foreseen = Foreseen(name, coming.mode, coming.findings)
    if console.dry_run:
        console.say(f"would invoke {name} with {count(len(event), 'byte')}")
        return Ended(Exit.DONE, foreseen)
    if not coming.harmless and not console.confirm("Invoke it?"):
        console.say("nothing was invoked")
        return Ended(Exit.DONE, foreseen)
    size = count(len(event), "byte")
    console.say(f"invoking {name} with {size}, for {spec.function.timeout} s at most")
    context.act()
    ended = invoke(context.clients, spec, event)
    lines = audit_trail.of_log(ended.log)
    show(console, lines)
    if len(ended.log) >= _TAIL:
        console.say("the log's tail is cut: `resource-repair audit` has the lines before")
    if ended.raised:
        console.say(f"the function raised {ended.raised}", "red")
    else:
        console.say(f"the function answered {ended.answer!r}", "green" if ended.settled else "red")
    audit = tuple(line.as_written() for line in lines)
    report = Report(name, ended.request_id, ended.answer, ended.raised, audit)
    return Ended(Exit.DONE if ended.settled else Exit.PROBLEM, report)


VERB = Verb(
    "invoke",
    __doc__ or "",
    (GET, INVOKE),
    Sending,
    _invoke,
)
