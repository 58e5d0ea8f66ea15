"""What Function Compute writes into the failure queue about an invocation that it gave up.

Page "Destinations for asynchronous invocations": `requestPayload` is the event, `responsePayload`
what the last run answered. Both are shown as text there; an object is taken as well. A message has
64 KB at most, and what is longer may come without its event or not at all. What cannot be read is
no reason to lose a message: it says so, and stays where it is. A message that has nothing but
findings, without an envelope, was put there by hand or moved from elsewhere: it is its own event.
"""

import base64
import binascii
import json
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from resource_repair import notification
from resource_repair.values import Finding, Unreadable

# Function Compute 2.0, and 3.0, which has no services.
_OF_SERVICE = re.compile(r":services/([^/.]+)[^/]*/functions/([^/]+)")
_PARTS = frozenset(["requestContext", "requestPayload", "responseContext", "responsePayload"])
_ALONE = re.compile(r":functions/([^/]+)")


class Failure(NamedTuple):
    """An invocation that was given up.

    `event` is what the function is to get again; `unreadable` says why there is none, or why it
    makes no sense. `attempts` is 0 if it is not told. `service` and `function` are empty likewise.
    """

    event: bytes = b""
    unreadable: str = ""
    findings: Sequence[Finding] = ()
    reason: str = ""
    attempts: int = 0
    service: str = ""
    function: str = ""

    @property
    def qualified_name(self) -> str:
        """The function's, as `Spec.qualified_name` has it."""
        return f"{self.service}/{self.function}" if self.service else self.function

    @property
    def buckets(self) -> list[str]:
        """The buckets that it is about, each once."""
        return list(dict.fromkeys(finding.resource_id for finding in self.findings))


def failure_in(body: str) -> Failure:
    """What a message of the failure queue says. Never raises."""
    envelope = _object(body)
    if (envelope is None or not envelope.keys() & _PARTS) and (bare := _findings_alone(body)):
        return Failure(event=body.encode("utf-8", "surrogatepass"), findings=bare)
    if envelope is None:
        return Failure(unreadable="it is not an envelope of Function Compute")
    context = _part(envelope, "requestContext")
    service, function = _names(str(context.get("functionArn") or ""))
    attempts = context.get("approximateInvokeCount")
    failure = Failure(
        reason=_reason(envelope),
        attempts=attempts if isinstance(attempts, int) else 0,
        service=service,
        function=function,
    )
    event = _event(envelope.get("requestPayload"))
    if not event:
        return failure._replace(unreadable="it came without its event (requestPayload)")
    items = notification.read(event)
    # A cut one is among these: what is left of it is no JSON.
    damaged = [item.why for item in items if isinstance(item, Unreadable)]
    return failure._replace(
        event=event,
        findings=tuple(item for item in items if isinstance(item, Finding)),
        unreadable=f"its event cannot be read: {damaged[0]}" if damaged else "",
    )


def _findings_alone(body: str) -> tuple[Finding, ...]:
    """The findings of a message that the function reads as it is; none if it has else too."""
    items = notification.read(body.encode("utf-8", "surrogatepass"))
    found = tuple(item for item in items if isinstance(item, Finding))
    return found if len(found) == len(items) else ()


def _object(text: str) -> dict[str, Any] | None:
    """The JSON object in a text, or in the base64 that clients of MNS like to make of a text."""
    found = _json(text)
    if found is None:
        try:
            found = _json(base64.b64decode(text, validate=True).decode())
        except (binascii.Error, ValueError):
            return None
    return found if isinstance(found, dict) else None


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _part(envelope: dict[str, Any], name: str) -> dict[str, Any]:
    part = envelope.get(name)
    return part if isinstance(part, dict) else {}


def _event(payload: Any) -> bytes:
    """The event as the function got it; empty if the payload is none."""
    if isinstance(payload, str):
        return payload.strip().encode("utf-8", "surrogatepass")
    if isinstance(payload, dict | list) and payload:
        return json.dumps(payload, ensure_ascii=False).encode("utf-8", "surrogatepass")
    return b""


def _reason(envelope: dict[str, Any]) -> str:
    """Why it was given up: what the function raised, else Function Compute's own word for it."""
    payload = envelope.get("responsePayload")
    answered = _json(payload) if isinstance(payload, str) else payload
    if isinstance(answered, dict) and answered.get("errorMessage"):
        return f"{answered.get('errorType') or 'error'}: {answered['errorMessage']}"
    told = (
        _part(envelope, "responseContext").get("functionError"),
        _part(envelope, "requestContext").get("condition"),
    )
    return next((str(each) for each in told if each), "")


def _names(arn: str) -> tuple[str, str]:
    """Service and function of an ARN; empty if it does not tell them."""
    if found := _OF_SERVICE.search(arn):
        return found[1], found[2]
    if found := _ALONE.search(arn):
        service, _, function = found[1].rpartition("$")  # as a migrated function is called
        return service, function
    return "", ""
