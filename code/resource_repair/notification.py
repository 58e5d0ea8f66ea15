"""Reads what the trigger hands over: unwraps the envelope, reads the body.

`read` takes the event in every form that reaches a function behind an MNS topic, or that Cloud
Config sends itself, and returns what is in it. It never raises.
"""

import base64
import json
import re
from typing import Any, Callable, Dict, List, Optional, Tuple, Union

from resource_repair.values import Finding, Item, Other, Unreadable

DEPTH = 10  # layers; real messages have at most five (bytes, CloudEvents, body, base64, JSON)
_MILLISECONDS = re.compile(r"[0-9]{13}", re.ASCII)  # from 2001 to 2286
# What may stand around a message and says nothing: controls, space, byte order marks.
_AROUND_BYTES = bytes(range(0x21)) + b"\x7f\xef\xbb\xbf\xfe\xff"
_AROUND = "".join(map(chr, range(0x21))) + "\x7f\xef\xbb\xbf\ufffe\ufeff"
_ENVELOPE_KEYS = frozenset(["TopicName", "TopicOwner", "MessageId", "Subscriber"])
_WRAPPERS = ("Message", "messageBody", "body", "data_base64", "data")
_CHANGES = ("ResourceEventType", "resourceEventType")  # of a topic, of EventBridge
_BODY_KEYS = frozenset(["evaluationResultIdentifier", "configRuleId", "eventType", *_CHANGES])
_OTHER_TYPES = {
    "ResourceChange": "ResourceChange",
    "SnapshotDelivery": "SnapshotDelivery",
    # What EventBridge has of ActionTrail. Page "ActionTrail events".
    "AliyunServiceEvent": "ActionTrail",
    "ApiCall": "ActionTrail",
    "ConsoleOperation": "ActionTrail",
}


class _MalformedError(Exception):
    """A known shape with something impossible in it."""


def read(event: Union[bytes, str]) -> Tuple[Item, ...]:
    """Everything that the event says: findings, other traffic, and what could not be read.

    All that could not be read is one item, with every reading of the whole message.
    """
    items: List[Union[Finding, Other]] = []
    reasons: List[str] = []
    _unwrap(event, DEPTH, items, reasons)
    if not reasons:
        return tuple(items)
    from resource_repair import salvage  # noqa: PLC0415  (no part of a cold start)

    why = reasons[0] if len(reasons) == 1 else f"{reasons[0]}, and {len(reasons) - 1} more"
    return (*items, Unreadable(why, tuple(salvage.readings(event))))


def _unwrap(value: Any, depth: int, items: List[Union[Finding, Other]], reasons: List[str]) -> None:
    """Add what `value` says to `items`, and why something in it cannot be read to `reasons`."""
    if depth == 0:
        reasons.append("envelopes nested too deep")
    elif isinstance(value, (bytes, bytearray, str)):
        inner = decoded(value)
        if inner is None:
            reasons.append("neither JSON nor base64")
        else:
            _unwrap(inner, depth - 1, items, reasons)
    elif isinstance(value, list) and value:
        for each in value:
            _unwrap(each, depth - 1, items, reasons)
    elif isinstance(value, dict) and _is_envelope(value):
        _unwrap(_content(value), depth - 1, items, reasons)
    elif isinstance(value, dict):
        try:
            items.append(_read_object(value))
        except _MalformedError as error:
            reasons.append(str(error))
    else:
        reasons.append("neither an object nor a list of them")


def decoded(value: Union[bytes, bytearray, str], pairs: Optional[Callable[..., Any]] = None) -> Any:
    """What a text encodes, as JSON or base64; None if neither (or null, which says no more).

    `pairs` makes what stands for an object from its pairs. That Cloud Config encodes is not
    documented: the tutorial's 2021 edition decoded base64, later pages show plain JSON.
    """
    text = _text_of(value)
    try:
        return json.loads(text, object_pairs_hook=pairs)
    except (ValueError, RecursionError):
        return from_base64(text)


def _text_of(value: Union[bytes, bytearray, str]) -> str:
    """The text without what says nothing around it, which misleads a guess of its encoding."""
    if isinstance(value, str):
        return value.strip(_AROUND)
    raw, encoding = bytes(value).lstrip(_AROUND_BYTES), "utf-8"
    if raw[1:2] == b"\0":  # beside the first character, which is ASCII: JSON and base64 are
        width = 4 if raw[1:4] == b"\0\0\0" else 2
        little = raw.endswith(b"\0")
        raw = raw if little else b"\0" * (width - 1) + raw
        encoding = f"utf-{8 * width}-{'le' if little else 'be'}"
    return raw.decode(encoding, "replace").strip(_AROUND)


def _is_envelope(message: Dict[str, Any]) -> bool:
    """Function Compute, "MNS topic triggers" (JSON, STREAM) and "EventBridge triggers"."""
    if "Message" in message and not _ENVELOPE_KEYS.isdisjoint(message):
        return True  # attributes of a message become further keys, whatever they are called
    return _BODY_KEYS.isdisjoint(message) and any(key in message for key in _WRAPPERS)


def _content(envelope: Dict[str, Any]) -> Any:
    return next(envelope[key] for key in _WRAPPERS if key in envelope)


def _read_object(message: Dict[str, Any]) -> Union[Finding, Other]:
    """What a body says: Cloud Config's "Resource non-compliance events", or a list's flat item."""
    other = _OTHER_TYPES.get(str(message.get("eventType")))
    if other:
        return Other(other)
    if "ResourceEventType" in message:
        return Other("ResourceChange")
    if "evaluationResultIdentifier" in message:
        identifier = _object(message, "evaluationResultIdentifier")
        resource = _object(identifier, "evaluationResultQualifier")
        return _finding(message, identifier, resource)
    if "configRuleId" in message:
        return _finding(message, message, message)
    if "resourceEventType" in message:
        return Other("ResourceChange")
    keys = ", ".join(sorted(message)[:8])[:120]
    raise _MalformedError(f"an object of no known shape, with the keys: {keys}")


def _object(fields: Dict[str, Any], name: str) -> Dict[str, Any]:
    """A field that is an object, or is one as JSON in a text, as Log Service's copy has it."""
    value = fields.get(name)
    if isinstance(value, str):
        value = decoded(value)
    if not isinstance(value, dict):
        raise _MalformedError(f"a finding whose {name} is no object")
    return value


def _finding(
    message: Dict[str, Any], identifier: Dict[str, Any], resource: Dict[str, Any]
) -> Finding:
    """The finding in a body's three parts, which are one in a list's item."""
    times = (
        _moment(message.get("notificationCreationTime")),
        _moment(identifier.get("orderingTimestamp")),
        _moment(resource.get("captureTime")),
    )
    finding = Finding(
        rule_id=_text(resource, "configRuleId"),
        rule_name=_text(resource, "configRuleName"),
        resource_id=_text(resource, "resourceId"),
        resource_type=_text(resource, "resourceType"),
        region=_text(resource, "regionId"),
        compliance=_text(message, "complianceType"),
        owner=_text(resource, "resourceOwnerId") or _text(message, "accountId"),
        reported_at=next((time for time in times if time is not None), None),
        source=_source(resource.get("sourceIdentifier")),
    )
    for name, value in (("configRuleId", finding.rule_id), ("resourceId", finding.resource_id)):
        if not value:
            raise _MalformedError(f"a finding without {name}")
    return finding


def _text(fields: Dict[str, Any], name: str) -> str:
    """A field as text; ids and accounts are numbers in some editions. Absent and null are empty."""
    value = fields.get(name)
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value or "")  # no account and no rule is number 0
    raise _MalformedError(f"{name} is neither text nor a number")


def _source(value: Any) -> str:
    """The managed rule's identifier; what is no text tells as little as none."""
    return value if isinstance(value, str) else ""


def _moment(value: Any) -> Optional[int]:
    """Milliseconds since 1970, a number in some editions and a text in others; None otherwise.

    Whatever it is, a finding is not to be lost by it.
    """
    if _MILLISECONDS.fullmatch(str(value)):
        return int(value)
    return None


def from_base64(text: str) -> Optional[bytes]:
    """What `text` encodes, standard or URL-safe, padded or not; None if it is not base64."""
    compact = "".join(text.split()).replace("-", "+").replace("_", "/").rstrip("=")
    if not compact:
        return None
    try:
        return base64.b64decode(compact + "=" * (-len(compact) % 4), validate=True)
    except ValueError:
        return None
