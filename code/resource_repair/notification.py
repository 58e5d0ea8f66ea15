"""Reads what the trigger hands over: unwraps the envelope, reads the body.

`read` takes the event in every form that reaches a function behind an MNS topic, or that Cloud
Config sends itself, and returns what is in it. It never raises.
"""

import base64
import binascii
import json
import re
from typing import Any, Dict, Iterator, List, Optional, Tuple, Union

from resource_repair.values import Finding, Item, Other, Unreadable

_DEPTH = 10  # layers; real messages have at most five (bytes, CloudEvents, body, base64, JSON)
_SALVAGED_LAYERS = 2
_NOT_OF_BASE64 = re.compile(r"\s+|\\[nr]")
_MILLISECONDS = re.compile(r"[0-9]{13}", re.ASCII)  # from 2001 to 2286
_BASE64_RUN = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
_ENVELOPE_KEYS = frozenset(["TopicName", "TopicOwner", "MessageId", "Subscriber"])
_WRAPPERS = ("Message", "messageBody", "body", "data_base64", "data")
_BODY_KEYS = frozenset(
    ["evaluationResultIdentifier", "configRuleId", "eventType", "ResourceEventType"]
)


class _MalformedError(Exception):
    """A known shape with something impossible in it."""


def read(event: Union[bytes, str]) -> Tuple[Item, ...]:
    """Everything that the event says: findings, other traffic, and what could not be read.

    All that could not be read is one item, with every text of the whole message.
    """
    items: List[Union[Finding, Other]] = []
    reasons: List[str] = []
    _unwrap(event, _DEPTH, items, reasons)
    if not reasons:
        return tuple(items)
    why = reasons[0] if len(reasons) == 1 else f"{reasons[0]}, and {len(reasons) - 1} more"
    return (*items, Unreadable(why, tuple(_texts(event, _DEPTH))))


def _unwrap(value: Any, depth: int, items: List[Union[Finding, Other]], reasons: List[str]) -> None:
    """Add what `value` says to `items`, and why something in it cannot be read to `reasons`."""
    if depth == 0:
        reasons.append("envelopes nested too deep")
    elif isinstance(value, (bytes, bytearray, str)):
        inner = _decoded(_text_of(value))
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


def _text_of(value: Union[bytes, bytearray, str]) -> str:
    if not isinstance(value, str):
        value = bytes(value).decode(json.detect_encoding(value), "replace")
    return value.lstrip("\ufeff")


def _decoded(text: str) -> Any:
    """What the text encodes, as JSON or base64; None if neither (or null, which says no more).

    That Cloud Config encodes is not documented: the tutorial's 2021 edition decoded base64, later
    pages show plain JSON.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return _base64(text)


def _is_envelope(message: Dict[str, Any]) -> bool:
    """Function Compute, "MNS topic triggers" (JSON, STREAM) and "EventBridge triggers"."""
    if "Message" in message and not _ENVELOPE_KEYS.isdisjoint(message):
        return True  # attributes of a message become further keys, whatever they are called
    return _BODY_KEYS.isdisjoint(message) and any(key in message for key in _WRAPPERS)


def _content(envelope: Dict[str, Any]) -> Any:
    return next(envelope[key] for key in _WRAPPERS if key in envelope)


def _texts(value: Any, depth: int) -> Iterator[str]:
    """Every text in a message, raw and decoded, however damaged: one may name our rule."""
    if isinstance(value, (bytes, bytearray, str)):
        text = _text_of(value)
        yield text
        inner = _decoded(text) if depth else None
        if inner is None:
            yield from _salvaged(text, _SALVAGED_LAYERS)
        else:
            yield from _texts(inner, depth - 1)
    elif isinstance(value, dict) and depth:
        for key, each in value.items():
            yield key
            yield from _texts(each, depth - 1)
    elif isinstance(value, list) and depth:
        for each in value:
            yield from _texts(each, depth - 1)


def _read_object(message: Dict[str, Any]) -> Union[Finding, Other]:
    """What a body says: Cloud Config's "Resource non-compliance events", or a list's flat item."""
    event_type = message.get("eventType")
    if event_type in ("ResourceChange", "SnapshotDelivery"):
        return Other(event_type)
    if "ResourceEventType" in message:
        return Other("ResourceChange")
    if "evaluationResultIdentifier" in message:
        return _finding(message, _qualifier(message["evaluationResultIdentifier"]))
    if "configRuleId" in message:
        return _finding(message, message)
    keys = ", ".join(sorted(message)[:8])[:120]
    raise _MalformedError(f"an object of no known shape, with the keys: {keys}")


def _qualifier(identifier: Any) -> Dict[str, Any]:
    qualifier = (
        identifier.get("evaluationResultQualifier") if isinstance(identifier, dict) else None
    )
    if not isinstance(qualifier, dict):
        raise _MalformedError("evaluationResultIdentifier without evaluationResultQualifier")
    return qualifier


def _finding(message: Dict[str, Any], resource: Dict[str, Any]) -> Finding:
    finding = Finding(
        rule_id=_text(resource, "configRuleId"),
        rule_name=_text(resource, "configRuleName"),
        resource_id=_text(resource, "resourceId"),
        resource_type=_text(resource, "resourceType"),
        region=_text(resource, "regionId"),
        compliance=_text(message, "complianceType"),
        owner=_text(resource, "resourceOwnerId") or _text(message, "accountId"),
        reported_at=_moment(message.get("notificationCreationTime")),
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


def _moment(value: Any) -> Optional[int]:
    """Milliseconds since 1970, a number in some editions and a text in others; None otherwise.

    Whatever it is, a finding is not to be lost by it.
    """
    if isinstance(value, (int, str)) and _MILLISECONDS.fullmatch(str(value)):
        return int(value)
    return None


def _base64(text: str) -> Union[bytes, None]:
    """What `text` encodes, standard or URL-safe, padded or not; None if it is not base64."""
    compact = "".join(text.split()).replace("-", "+").replace("_", "/").rstrip("=")
    if not compact:
        return None
    try:
        return base64.b64decode(compact + "=" * (-len(compact) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def _salvaged(text: str, layers: int) -> Iterator[str]:
    """What the base64 in a damaged text says, as far as it goes: it may still name our rule.

    Line breaks, real or escaped, are taken out; as damage can shift the rest, each run is read from
    each of its first four characters; and what comes out may hold more of the same.
    """
    whole = _NOT_OF_BASE64.sub("", text).replace("\\/", "/")
    for run in _BASE64_RUN.findall(whole):
        for start in range(4):
            part = run[start:].rstrip("=")
            decoded = _base64(part[: len(part) // 4 * 4])
            if decoded:
                found = decoded.decode("utf-8", "replace")
                yield found
                if layers > 1:
                    yield from _salvaged(found, layers - 1)
