"""Invoking the function, and how that ends."""

import base64
import json
from typing import NamedTuple

from scripts.account.clients import Clients
from scripts.account.compute import compute
from scripts.account.permission import Permission
from scripts.declared import Spec

INVOKE = Permission("fc:InvokeFunction")
_SUCCESS = "success"


ON_THE_WAY = 30  # seconds, beyond the function's own timeout


class InvocationResult(NamedTuple):
    """How an invocation ended; `raised` is what the handler raised, in a line, or empty."""

    request_id: str
    answer: str
    raised: str
    log: bytes

    @property
    def settled(self) -> bool:
        """Whether the function did what it is for."""
        return not self.raised and self.answer == _SUCCESS


def invoke(clients: Clients, spec: Spec, event: bytes, timeout: int = 0) -> InvocationResult:
    """Invoke the spec's function and wait for its end; raises CloudError if it was not invoked.

    `timeout` is the deployed function's in seconds, where it may be longer than the spec's.

    Page "InvokeFunction": the answer is the body, and an error of the function is one too, told
    apart by a header.
    """
    seconds = max(timeout, spec.function.timeout) + ON_THE_WAY
    headers, body = compute(spec, clients).invoke(event, seconds)
    text = body.decode(errors="replace")
    failed = headers.get("x-fc-error-type", "")
    return InvocationResult(
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
