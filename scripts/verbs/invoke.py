"""Invoke the function with an event, and fail when it did.

Sends the file's bytes straight to the function, past the topic and its trigger, waits for the end,
and prints the answer and the audit lines of the log's tail. Asks first where buckets may be closed.
Fails (exit code 1) when the handler raised or answered anything but success.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from scripts.account import audit_trail
from scripts.account.audit_trail import AuditLine
from scripts.account.deployed_function import GET
from scripts.account.invocation import INVOKE, InvocationResult, invoke
from scripts.context import Acting, Situation, Verb
from scripts.flows.audit_lines import show
from scripts.flows.event_file import preview, read_event
from scripts.terminal import Exit

_TAIL = 4096  # bytes; InvokeFunction, "X-Fc-Log-Result": the end of the log, no more


@dataclass(frozen=True, kw_only=True)
class Options(Acting):
    """What it takes."""

    event: Annotated[Path, Parameter(help="a file with the event, or - for stdin")] = field(
        kw_only=False
    )


def _invoke(situation: Situation) -> Exit:
    console, spec = situation.console, situation.spec
    event = read_event(str(situation.options.event))
    name = spec.qualified_name
    coming = preview(situation.clients, spec, event)
    coming.show(console)
    if console.dry_run:
        console.say(f"would invoke {name} with {len(event)} bytes")
        console.answer(coming.document() | {"invoked": False})
        return Exit.DONE
    if not coming.harmless and not console.confirm("Invoke it?"):
        console.say("nothing was invoked")
        console.answer(coming.document() | {"invoked": False})
        return Exit.DONE
    console.say(f"invoking {name} with {len(event)} bytes, for {spec.function.timeout} s at most")
    situation.act()
    ended = invoke(situation.clients, spec, event)
    lines = audit_trail.of_log(ended.log)
    show(console, lines)
    if len(ended.log) >= _TAIL:
        console.say("the log's tail is cut: `resource-repair audit` has the lines before")
    if ended.raised:
        console.say(f"the function raised {ended.raised}", "red")
    else:
        console.say(f"the function answered {ended.answer!r}", "green" if ended.settled else "red")
    console.answer(_document(name, ended, lines))
    return Exit.DONE if ended.settled else Exit.PROBLEM


def _document(name: str, ended: InvocationResult, lines: Sequence[AuditLine]) -> dict[str, object]:
    return {
        "function": name,
        "request_id": ended.request_id,
        "answer": ended.answer,
        "raised": ended.raised,
        "audit": [line.document() for line in lines],
    }


VERB = Verb(
    "invoke",
    __doc__ or "",
    (GET, INVOKE),
    Options,
    _invoke,
)
