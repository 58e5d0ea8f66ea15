"""How a report becomes a document: one rule for each kind of value."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from scripts.terminal import plain


class Pair(NamedTuple):
    """A named tuple."""

    name: str
    day: date


class Colour(enum.Enum):
    """An enumeration."""

    RED = "red"


@dataclass(frozen=True)
class Inner:
    """A part of a report."""

    at: datetime
    colour: Colour


@dataclass(frozen=True)
class Report:
    """What a verb returns."""

    parts: tuple[Inner, ...]
    pair: Pair | None
    counts: Mapping[str, int]
    path: Path
    value: Any


AT = datetime(2026, 11, 28, 19, 30, tzinfo=timezone(timedelta(hours=8)))


def test_every_kind_of_value_has_its_form() -> None:
    """Parts are objects, times are UTC, and what has a value is told by that."""
    report = Report((Inner(AT, Colour.RED),), Pair("a", AT.date()), {"b": 1}, Path("c/d"), None)
    assert plain(report) == {
        "parts": [{"at": "2026-11-28T11:30:00Z", "colour": "red"}],
        "pair": {"name": "a", "day": "2026-11-28"},
        "counts": {"b": 1},
        "path": "c/d",
        "value": None,
    }


@pytest.mark.parametrize("value", [object(), b"bytes", {1, 2}, Inner])
def test_what_is_no_value_is_refused(value: object) -> None:
    """So that nothing is told by accident, as a client or its credentials would be."""
    with pytest.raises(TypeError, match="is no value of a report"):
        plain(Report((), None, {}, Path(), value))
