"""Invoke the function with an event, and fail when it did.

Sends the file's bytes straight to the function, past the topic and its trigger, waits for the end,
and prints the answer and the audit lines of the log's tail. Asks first where buckets may be closed.
Fails (exit code 1) when the handler raised or answered anything but success.
"""

import argparse
import base64
import json
import os
import sys
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from scripts import audit_trail
from scripts.clients import Clients, Credentials, calling
from scripts.console import Exit
from scripts.live import GET
from scripts.messages import Line, prospect, read_event, show
from scripts.spec import Spec
from scripts.verb import Permission, Situation, Verb, start

VERB = Verb(
    "invoke",
    __doc__ or "",
    (GET, Permission("fc:InvokeFunction", "acs:fc:{region}:{account}:services/*")),
)

_SUCCESS = "success"
_TAIL = 4096  # bytes; InvokeFunction, "X-Fc-Log-Result": the end of the log, no more
ON_THE_WAY = 30  # seconds, beyond the function's own timeout


class Invocation(NamedTuple):
    """How an invocation ended; `raised` is what the handler raised, in a line, or empty."""

    request_id: str
    answer: str
    raised: str
    log: bytes

    @property
    def settled(self) -> bool:
        """Whether the function did what it is for."""
        return not self.raised and self.answer == _SUCCESS


def main(
    arguments: Sequence[str], environ: Mapping[str, str], credentials: Credentials | None = None
) -> int:
    """Invoke as the command line says; `credentials` default to the default chain's.

    Gives the exit code.
    """
    return start(VERB, _invoke, arguments, environ, credentials, add_options=_add_options)


def _add_options(options: argparse.ArgumentParser) -> None:
    options.add_argument("event", help="a file with the event, or - for stdin")


def _invoke(situation: Situation) -> Exit:
    console, spec = situation.console, situation.spec
    event = read_event(situation.options.event)
    name = f"{spec.service.name}/{spec.function.name}"
    coming = prospect(situation.clients, spec, event)
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
    ended = invoke(situation.clients, spec, event)
    lines = list(audit_trail.parse(ended.log.decode(errors="replace")))
    show(console, lines)
    if len(ended.log) >= _TAIL:
        console.say("the log's tail is cut: `make audit` has the lines before")
    if ended.raised:
        console.say(f"the function raised {ended.raised}", "red")
    else:
        console.say(f"the function answered {ended.answer!r}", "green" if ended.settled else "red")
    console.answer(_document(name, ended, lines))
    return Exit.DONE if ended.settled else Exit.PROBLEM


def invoke(clients: Clients, spec: Spec, event: bytes, timeout: int = 0) -> Invocation:
    """Invoke the spec's function and wait for its end; raises CloudError if it was not invoked.

    `timeout` is the deployed function's in seconds, where it may be longer than the spec's.

    Page "InvokeFunction": the answer is the body, and an error of the function is one too, told
    apart by a header.
    """
    from alibabacloud_fc_open20210406 import models  # noqa: PLC0415  (a slow import)
    from alibabacloud_tea_util.models import RuntimeOptions  # noqa: PLC0415

    wait = 1000 * (max(timeout, spec.function.timeout) + ON_THE_WAY)
    with calling("fc:InvokeFunction", spec.function.name):
        response = clients.fc.invoke_function_with_options(
            spec.service.name,
            spec.function.name,
            models.InvokeFunctionRequest(body=event),
            models.InvokeFunctionHeaders(x_fc_invocation_type="Sync", x_fc_log_type="Tail"),
            RuntimeOptions(read_timeout=wait),
        )
    headers = {name.lower(): value for name, value in response.headers.items()}
    text = (response.body or b"").decode(errors="replace")
    failed = headers.get("x-fc-error-type", "")
    return Invocation(
        request_id=headers.get("x-fc-request-id", ""),
        answer="" if failed else text,
        raised=_error(failed, text) if failed else "",
        log=base64.b64decode(headers.get("x-fc-log-result", "")),
    )


def _error(kind: str, text: str) -> str:
    """An error in a line: what the handler raised, or what Function Compute did to it."""
    try:
        body = json.loads(text)
    except ValueError:
        body = {}
    known = body if isinstance(body, dict) else {}
    return f"{known.get('errorType') or kind}: {known.get('errorMessage') or text}".strip()


def _document(name: str, ended: Invocation, lines: Sequence[Line]) -> dict[str, object]:
    return {
        "function": name,
        "request_id": ended.request_id,
        "answer": ended.answer,
        "raised": ended.raised,
        "audit": lines,
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
