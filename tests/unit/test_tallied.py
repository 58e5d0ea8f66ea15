"""What takes long says how far it has come."""

import itertools

import pytest

from scripts import patience
from scripts.patience import tallied


def test_what_takes_long_is_counted_now_and_then(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With four seconds between two looks at the clock every third item brings a line on stderr."""
    monkeypatch.setattr(patience.time, "monotonic", itertools.count(0, 4).__next__)
    assert list(tallied("abcdefgh", "buckets read", 8)) == list("abcdefgh")
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == "3 of 8 buckets read so far\n6 of 8 buckets read so far\n"


def test_what_is_soon_over_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """A run of some seconds has no such line, and of what has no known end none is told."""
    assert list(tallied(range(1000), "results listed")) == list(range(1000))
    assert capsys.readouterr().err == ""
