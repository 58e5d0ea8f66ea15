"""From a verb's report to what JSON can tell: one rule for each kind of value."""

import dataclasses
from collections.abc import Mapping
from datetime import date, datetime, timezone
from enum import Enum
from pathlib import Path
from typing import Any


def fields(report: Any) -> dict[str, Any]:
    """The fields of a report, a frozen dataclass, in their order.

    Values in it may be dataclasses, named tuples, mappings and sequences too. Times are told in UTC
    by ISO 8601, with Z. Raises TypeError for what is no value.
    """
    return {each.name: plain(getattr(report, each.name)) for each in dataclasses.fields(report)}


def plain(value: Any) -> Any:
    """One value."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return fields(value)
    if isinstance(value, Mapping):
        return {str(plain(key)): plain(each) for key, each in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return plain(value._asdict())
    if isinstance(value, tuple | list):
        return [plain(each) for each in value]
    return _single(value)


def _single(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    if value is None or isinstance(value, str | int | float):
        return value
    raise TypeError(f"{type(value).__name__} is no value of a report")
