"""What is said where this machine's clock is off."""

from datetime import datetime, timezone

import pytest

from scripts.account import clock

NOW = datetime(2026, 11, 29, 12, 0, 0, tzinfo=timezone.utc)
SHOWS = "this machine's clock shows 2026-11-29 12:00:00 UTC, "


@pytest.mark.parametrize(
    ("date", "off"),
    [
        ("Sun, 29 Nov 2026 08:58:00 GMT", "3 h 2 min ahead of the service's time"),
        ("Mon, 30 Nov 2026 12:20:00 GMT", "1 d 20 min behind the service's time"),
        ("Sun, 29 Nov 2026 12:10:00 GMT", "more than 15 minutes off the service's time"),
        ("", "more than 15 minutes off the service's time"),
        ("yesterday", "more than 15 minutes off the service's time"),
    ],
)
def test_by_how_much_is_told_where_the_answer_tells(date: str, off: str) -> None:
    """By the date that the service answers with; else what the clock shows."""
    assert clock.advice(NOW, date) == f"{SHOWS}{off}: set it right, and run again"


@pytest.mark.parametrize(
    ("code", "off"),
    [
        *((code, True) for code in ("RequestTimeTooSkewed", "InvalidTimeStamp.Expired")),
        *((code, True) for code in ("RequestTimeExpired", "TimeExpired")),
        *((code, False) for code in ("SecurityTokenExpired", "InvalidSecurityToken.Expired")),
        *((code, False) for code in ("RequestTimeout", "AccessDenied", "")),
    ],
)
def test_each_service_has_its_own_code(code: str, off: bool) -> None:
    """OSS and Function Compute, the RPC services, Log Service, MNS; an old token is none."""
    assert clock.is_off(code) is off
