"""The conditions of RAM policies: pages "Conditional operators" and "Policy elements"."""

import datetime
import fnmatch
import ipaddress
import operator
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

Test: TypeAlias = Callable[[str, str], bool]
"""Whether what a request has is what a policy wants; raises ValueError if one cannot be read."""


def is_one(condition: object) -> bool:
    """Whether it has the form of a condition: by operator, by key, values."""
    return isinstance(condition, dict) and all(
        isinstance(keys, dict) and all(_are_values(values) for values in keys.values())
        for keys in condition.values()
    )


def hold(condition: Mapping[str, Any], context: Mapping[str, str]) -> bool | None:
    """Whether each of its parts holds; None if that hangs on one that is not known here.

    One of a key's values is enough, and none for an operator with Not.
    """
    known = {key.lower(): value for key, value in context.items()}
    parts = [
        _holds(name, values, known.get(key.lower()))
        for name, keys in condition.items()
        for key, values in keys.items()
    ]
    if False in parts:
        return False
    return None if None in parts else True


def _holds(name: str, values: Any, given: str | None) -> bool | None:
    test = _TESTS.get(name.replace("Not", ""))
    if test is None or given is None:
        return None
    listed = values if isinstance(values, list) else [values]
    try:
        found = any(test(given, str(value)) for value in listed)
    except ValueError:
        return None
    return found != ("Not" in name)


def _are_values(values: object) -> bool:
    listed = values if isinstance(values, list) else [values]
    return all(isinstance(value, str | bool | int) for value in listed)


def _like(given: str, wanted: str) -> bool:
    return fnmatch.fnmatchcase(given, wanted.replace("[", "[[]"))


def _same(given: str, wanted: str) -> bool:
    return given.lower() == wanted.lower()


def _within(given: str, wanted: str) -> bool:
    return ipaddress.ip_address(given) in ipaddress.ip_network(wanted, strict=False)


def _by_time(compare: Callable[[float, float], bool]) -> Test:
    return lambda given, wanted: compare(_moment(given), _moment(wanted))


def _moment(text: str) -> float:
    moment = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    if moment.tzinfo is None:
        raise ValueError(text)
    return moment.timestamp()


# By the operator's name without its Not.
_TESTS: dict[str, Test] = {
    "StringEquals": operator.eq,
    "StringEqualsIgnoreCase": _same,
    "StringLike": _like,
    "DateEquals": _by_time(operator.eq),
    "DateLessThan": _by_time(operator.lt),
    "DateLessThanEquals": _by_time(operator.le),
    "DateGreaterThan": _by_time(operator.gt),
    "DateGreaterThanEquals": _by_time(operator.ge),
    "Bool": _same,
    "IpAddress": _within,
}
