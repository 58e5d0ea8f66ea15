"""Reads what the trigger hands over: unwraps the envelope, reads the body.

`read` takes the event in every form that reaches a function behind an MNS topic, or that Cloud
Config sends itself, and returns what is in it. It never raises.
"""

import base64
import binascii
import json
import re
from typing import Any, Dict, List, Tuple, Union

from resource_repair.values import Finding, Item, Other, Unreadable

_DEPTH = 10  # layers; real messages have at most five (bytes, CloudEvents, body, base64, JSON)
_BASE64_RUN = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
_ENVELOPE_KEYS = frozenset(["TopicName", "TopicOwner", "MessageId", "Subscriber"])


class _MalformedError(Exception):
    """A known shape with something impossible in it."""


def read(event: Union[bytes, str]) -> Tuple[Item, ...]:
    """Everything that the event says: findings, other traffic, and what could not be read."""
    try:
        return tuple(_unwrap(event, (), _DEPTH))
    except RecursionError:
        return (Unreadable("JSON nested too deep", (_decode(event),)),)


def _unwrap(value: Any, texts: Tuple[str, ...], depth: int) -> List[Item]:
    if depth == 0:
        return [Unreadable("envelopes nested too deep", texts)]
    if isinstance(value, (bytes, str)):
        return _unwrap_text(_decode(value), texts, depth)
    if isinstance(value, list):
        return _unwrap_list(value, texts, depth)
    if isinstance(value, dict):
        return _unwrap_object(value, texts, depth)
    return [Unreadable("neither an object nor a list", texts)]


def _decode(value: Union[bytes, str]) -> str:
    if isinstance(value, str):
        return value
    return value.decode(json.detect_encoding(value), "replace")


def _unwrap_text(text: str, texts: Tuple[str, ...], depth: int) -> List[Item]:
    texts = (*texts, text)
    try:
        return _unwrap(json.loads(text.lstrip("\ufeff")), texts, depth - 1)
    except ValueError:
        pass
    # Not documented: the tutorial's 2021 edition decoded base64, later pages show plain JSON.
    decoded = _base64(text)
    if decoded is not None:
        return _unwrap(decoded, texts, depth - 1)
    return [Unreadable("neither JSON nor base64", texts + tuple(_base64_runs(text)))]


def _unwrap_list(items: List[Any], texts: Tuple[str, ...], depth: int) -> List[Item]:
    if not items:
        return [Unreadable("an empty list", texts)]
    # An item answers for its own text alone: beside a good one of ours, a foreign one is no alarm.
    return [
        read_item
        for item in items
        for read_item in _unwrap(item, (json.dumps(item, ensure_ascii=False),), depth - 1)
    ]


def _unwrap_object(message: Dict[str, Any], texts: Tuple[str, ...], depth: int) -> List[Item]:
    wrapped, body = _body(message)
    if wrapped:
        return _unwrap(body, texts, depth - 1)
    try:
        return [_read_object(message)]
    except _MalformedError as error:
        return [Unreadable(str(error), texts)]


def _body(message: Dict[str, Any]) -> Tuple[bool, Any]:
    """Whether the object is an envelope, and what is in it.

    Function Compute, "MNS topic triggers" (JSON, STREAM) and "EventBridge triggers" (CloudEvents).
    """
    if "Message" in message and not _ENVELOPE_KEYS.isdisjoint(message):
        return True, message["Message"]
    if "body" in message and ("attrs" in message or len(message) == 1):
        return True, message["body"]
    if "data_base64" in message:
        return True, message["data_base64"]
    if "data" in message and ("specversion" in message or "source" in message):
        data = message["data"]
        if isinstance(data, dict) and "messageBody" in data:
            return True, data["messageBody"]
        return True, data
    return False, None


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
        return str(value)
    raise _MalformedError(f"{name} is neither text nor a number")


def _base64(text: str) -> Union[bytes, None]:
    """What `text` encodes, standard or URL-safe, padded or not; None if it is not base64."""
    compact = "".join(text.split()).replace("-", "+").replace("_", "/").rstrip("=")
    if not compact:
        return None
    try:
        return base64.b64decode(compact + "=" * (-len(compact) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def _base64_runs(text: str) -> List[str]:
    """What the base64 in a damaged message says, as far as it goes: it may still name our rule."""
    found = []
    for run in _BASE64_RUN.findall(text):
        whole = run.rstrip("=")
        decoded = _base64(whole[: len(whole) // 4 * 4])
        if decoded:
            found.append(decoded.decode("utf-8", "replace"))
    return found
