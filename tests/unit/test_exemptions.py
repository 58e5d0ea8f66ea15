"""What an exemption must say, whom it covers, and until when."""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resource_repair import exemptions
from resource_repair.exemptions import ExemptionsError, dump, load, parse

TODAY = date(2026, 11, 23)
ENTRY: dict[str, Any] = {
    "bucket": "static-assets",
    "reason": "serves the website",
    "owner": "web@example.com",
    "expires": "2026-12-31",
}


def test_the_shipped_file_exempts_nobody() -> None:
    """The compiled form of no exemptions is read as none."""
    assert parse([], TODAY).for_bucket("static-assets", TODAY) is None


@pytest.mark.parametrize("key", ["bucket", "reason", "owner", "expires"])
@pytest.mark.parametrize("value", [None, "", "  ", 7, True, ["x"]])
def test_every_key_must_say_something(key: str, value: Any) -> None:
    """An entry that lacks a reason, an owner, an end or a bucket is refused, and named."""
    with pytest.raises(ExemptionsError, match=r"exemption 2: .*"):
        parse([ENTRY, {**ENTRY, key: value}], TODAY)


@pytest.mark.parametrize(
    "change",
    [
        {"allow": "private"},
        {"allow": "public"},
        {"allow": None},
        {"allow": ["public-read"]},
        {"expire": "2026-12-31"},
        {7: "two keys of two types", "expire": "2026-12-31"},
        {"expires": "2026-13-01"},
        {"expires": "2026-12-31T00:00:00"},
        {"expires": "31.12.2026"},
        {"expires": "2026- 1-01"},
        {"expires": "2026-01-+1"},
        {"expires": " 202-01-01"},
        {"bucket": "s" * 63 + "*"},
        {"bucket": "Static"},
        {"bucket": "ab"},
        {"bucket": "-static-assets"},
        {"bucket": "static-assets-"},
        {"bucket": "*"},
        {"bucket": "stati*"},
        {"bucket": "a?b?c?d?e?*"},
        {"bucket": "static-[ab]-*"},
        {"bucket": "static_assets-*"},
    ],
)
def test_what_an_entry_may_not_be(change: dict[Any, Any]) -> None:
    """Unknown keys and values, impossible dates and globs that are too wide are refused."""
    with pytest.raises(ExemptionsError, match="exemption 1: "):
        parse([{**ENTRY, **change}], TODAY)


@pytest.mark.parametrize("entries", [None, {}, "x", [None], ["static-assets"]])
def test_only_a_list_of_entries_will_do(entries: Any) -> None:
    """Anything but a list of mappings is refused."""
    with pytest.raises(ExemptionsError):
        parse(entries, TODAY)


def test_no_exemption_is_for_ever() -> None:
    """The build takes 400 days and not 401; the function takes what was once right."""
    at_most = {**ENTRY, "expires": (TODAY + timedelta(days=400)).isoformat()}
    too_far = {**ENTRY, "expires": (TODAY + timedelta(days=401)).isoformat()}
    parse([at_most], TODAY)
    with pytest.raises(ExemptionsError, match="400 days"):
        parse([too_far], TODAY)
    assert parse([too_far]).entries


@pytest.mark.parametrize(
    ("glob", "bucket", "covered"),
    [
        ("static-assets", "static-assets", True),
        ("static-assets", "static-assets-2", False),
        ("abc", "abc", True),
        ("static-*", "static-", True),
        ("static-*", "static-eu-1", True),
        ("static-*", "not-static-eu", False),
        ("static-?", "static-1", True),
        ("static-?", "static-12", False),
        ("*-static-site", "eu-static-site", True),
        ("*-static-site", "eu-static-sites", False),
        ("*static*", "eu-static-sites", True),
        ("static*eu*", "static-1-eu", True),
        ("static*eu*", "static-1-us", False),
        ("static-*eu", "static-eu", True),
        ("*static-eu", "static-eu", True),
        ("******static", "eu-static", True),
        ("s" * 62 + "?", "s" * 63, True),
        ("*-*-*-*-*-*-*-static*-x", "-" * 63, False),
    ],
)
def test_whom_a_name_or_glob_covers(glob: str, bucket: str, covered: bool) -> None:
    """A name covers itself; * stands for any text and ? for one character, of the whole name."""
    found = parse([{**ENTRY, "bucket": glob}], TODAY).for_bucket(bucket, TODAY)
    assert (found is not None) == covered


def test_it_holds_to_the_end_of_its_last_day() -> None:
    """On its last day an exemption holds, on the next it does not."""
    parsed = parse([ENTRY], TODAY)
    assert parsed.for_bucket("static-assets", date(2026, 12, 31))
    assert not parsed.for_bucket("static-assets", date(2027, 1, 1))


def test_the_widest_of_several_counts() -> None:
    """Where several cover a bucket, it may be as open as the widest that still holds."""
    entries = [
        {**ENTRY, "allow": "public-read-write", "expires": "2026-11-30"},
        {**ENTRY, "bucket": "static-*"},
    ]
    parsed = parse(entries, TODAY)
    now = parsed.for_bucket("static-assets", TODAY)
    later = parsed.for_bucket("static-assets", date(2026, 12, 15))
    assert now is not None
    assert later is not None
    assert (now.allow, later.allow) == ("public-read-write", "public-read")


TEXT = st.text(min_size=1, max_size=20).map(str.strip).filter(bool)


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "bucket": st.from_regex(r"[a-z][a-z0-9]{5,20}\*?", fullmatch=True),
                "reason": TEXT,
                "owner": TEXT,
                "expires": st.dates(max_value=TODAY + timedelta(days=400)),
            },
            optional={"allow": st.sampled_from(["public-read", "public-read-write"])},
        ),
        max_size=4,
    )
)
def test_what_is_compiled_is_what_was_reviewed(entries: list[dict[str, Any]]) -> None:
    """Compiling and reading back gives the same exemptions, whatever their texts."""
    parsed = parse(entries, TODAY)
    assert parse(json.loads(dump(parsed))["exemptions"]) == parsed


@pytest.mark.parametrize(
    "content",
    [
        None,
        b"",
        b"[]",
        b"{}",
        b'{"exemptions": {}}',
        b'{"exemptions": [], "more": []}',
        b'["exemptions"]',
        b"7",
        b'{"exemptions": [{}]}',
        b"\xff\xfe\x00",
        b"{",
    ],
)
def test_a_damaged_file_is_no_empty_one(tmp_path: Path, content: bytes | None) -> None:
    """A compiled file that is missing or damaged is an error, never read as no exemptions."""
    path = tmp_path / "exemptions.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ExemptionsError):
        load(path)


def test_a_whole_file_is_read(tmp_path: Path) -> None:
    """What the build wrote is what the function reads."""
    parsed = parse([ENTRY], TODAY)
    path = tmp_path / "exemptions.json"
    path.write_text(dump(parsed), encoding="utf-8")
    assert load(path) == parsed
    assert exemptions.FEWEST_LITERALS == 6


def test_space_around_a_text_is_no_part_of_it() -> None:
    """Of a name, neither: it would cover nothing."""
    spaced = {**ENTRY, "bucket": " static-assets ", "reason": " why\n", "owner": "\tweb"}
    (entry,) = parse([spaced], TODAY).entries
    assert (entry.bucket, entry.reason, entry.owner) == ("static-assets", "why", "web")
    assert (entry.expires, entry.allow) == (date(2026, 12, 31), "public-read")
