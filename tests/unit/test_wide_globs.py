"""Which globs are too wide for a new exemption, and that an old one goes on."""

from datetime import date, timedelta

import pytest

from resource_repair.exemptions import Exemption, Exemptions, dump, fields, parse
from resource_repair.openness import PUBLIC_READ, PUBLIC_READ_WRITE
from scripts.decide.deploy_conflicts import too_wide
from scripts.declared import wide_globs

TODAY = date(2026, 6, 1)
WIDE = Exemption("company-*", "why", "who", TODAY + timedelta(399), PUBLIC_READ_WRITE)


@pytest.mark.parametrize(
    ("bucket", "allow", "says"),
    [
        ("company-*", PUBLIC_READ_WRITE, "public-read alone"),
        ("static-site-?", PUBLIC_READ_WRITE, "public-read alone"),
        ("*-*-*-*-*-*-*", PUBLIC_READ, "6 literal characters in a row"),
        ("a?b?c?d?e?f*", PUBLIC_READ, "6 literal characters in a row"),
        ("short*-site", PUBLIC_READ, "6 literal characters in a row"),
        ("short-*", PUBLIC_READ, ""),
        ("*-a-b-c*", PUBLIC_READ, ""),  # a hyphen is a literal character
        ("*?static?*", PUBLIC_READ, ""),
        ("company-site", PUBLIC_READ_WRITE, ""),
        ("abc", PUBLIC_READ_WRITE, ""),
    ],
)
def test_a_new_glob_gives_reading_only_and_names_something(
    bucket: str, allow: str, says: str
) -> None:
    """Six literal characters in a row, and never writing; an exact name may have what it asks."""
    entry = Exemption(bucket, "why", "who", TODAY, allow)
    assert says in wide_globs.why_too_wide(entry)
    assert bool(wide_globs.why_too_wide(entry)) is bool(says)


def test_what_was_accepted_goes_on_until_it_ends() -> None:
    """The build and the function take it as before; the build says what it would refuse now."""
    spaced = WIDE._replace(bucket="*-*-*-*-*-*-*", allow=PUBLIC_READ)
    ended = WIDE._replace(expires=TODAY - timedelta(1))
    held = Exemptions((WIDE, spaced, ended, WIDE._replace(bucket="company-site")))
    entries = [dict(fields(each), expires=str(each.expires)) for each in held.entries]
    assert parse(entries, TODAY) == held
    assert parse(entries) == held
    assert dump(held)
    warned = wide_globs.warnings(held, TODAY)
    assert [line.split()[0] for line in warned] == ["company-*", "*-*-*-*-*-*-*"]
    assert "goes on until 2027-07-05" in warned[0]


@pytest.mark.parametrize(
    ("live", "is_new"),
    [
        ((), True),
        ((WIDE,), False),
        ((WIDE._replace(reason="in other words", expires=date(2028, 1, 1)),), False),
        ((WIDE._replace(allow=PUBLIC_READ),), True),
        ((WIDE._replace(expires=WIDE.expires - timedelta(1)),), True),
        ((WIDE._replace(bucket="company*"),), True),
    ],
)
def test_new_is_what_the_live_code_does_not_give(live: tuple[Exemption, ...], is_new: bool) -> None:
    """As much and as long as it is live it is old; opened further, or for longer, it is new."""
    fine = WIDE._replace(bucket="company-site")
    ended = WIDE._replace(expires=TODAY - timedelta(1))
    found = too_wide(Exemptions((WIDE, fine, ended)), Exemptions(live), TODAY)
    assert found == ([WIDE] if is_new else [])
