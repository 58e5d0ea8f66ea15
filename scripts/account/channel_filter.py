"""What a delivery channel lets through, by the JSON that filters it (`DeliveryChannelCondition`).

Page "CreateConfigDeliveryChannel": it is a filter or a list of them, of two kinds. `ResourceType`
lets the types among its `values` pass; `RuleRiskLevel` those of at least the risk that is its
`value`, where 1 is the highest of three. Whatever has another form is left as it is: nobody here
can tell what it does.
"""

import json
from typing import Any

from scripts.account.rule import RESOURCE_TYPE

BUCKETS_ONLY = json.dumps(
    [{"filterType": "ResourceType", "values": [RESOURCE_TYPE], "multiple": True}]
)

_KNOWN = {
    "ResourceType": {"filterType", "values", "multiple"},
    "RuleRiskLevel": {"filterType", "value", "multiple"},
}


def lets_through(condition: str, risk_level: int) -> bool | None:
    """Whether a finding of that risk (1 high to 3 low) about a bucket passes; None: who knows."""
    filters = _parsed(condition)
    if filters is None:
        return None
    passed = [_passes(each, risk_level) for each in filters]
    if False in passed:
        return False
    return None if None in passed else True


def widened(condition: str, risk_level: int) -> str:
    """The condition, with what it lacks so that findings of that risk about buckets pass."""
    if lets_through(condition, risk_level) is not False:
        return condition
    return json.dumps([_widened(each, risk_level) for each in _parsed(condition) or []])


def canonical(condition: str) -> str:
    """The condition as text that is the same however it was written; empty for no filter."""
    filters = _parsed(condition)
    if filters is None:
        return condition
    return json.dumps(filters, sort_keys=True) if filters else ""


def _parsed(condition: str) -> list[Any] | None:
    """The filters, whatever they are; None if that is no list of anything."""
    try:
        filters = json.loads(condition or "[]")
    except (ValueError, RecursionError):
        return None
    if isinstance(filters, dict):
        return [filters]
    return filters if isinstance(filters, list) else None


def _passes(each: Any, risk_level: int) -> bool | None:
    kind = each.get("filterType") if isinstance(each, dict) else None
    if not isinstance(kind, str) or not set(each) <= _KNOWN.get(kind, set()):
        return None
    if kind == "ResourceType":
        values = each.get("values")
        return RESOURCE_TYPE in values if isinstance(values, list) else None
    lowest = str(each.get("value"))
    return risk_level <= int(lowest) if lowest in ("1", "2", "3") else None


def _widened(each: Any, risk_level: int) -> Any:
    if _passes(each, risk_level) is not False:
        return each
    if each["filterType"] == "ResourceType":
        return each | {"values": [*each["values"], RESOURCE_TYPE]}
    return each | {"value": str(risk_level)}
