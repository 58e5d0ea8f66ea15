"""What a deploy would drop of the exemptions that are live."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resource_repair.exemptions import Exemption, Exemptions
from resource_repair.openness import OPENNESS, PRIVATE, PUBLIC_READ, PUBLIC_READ_WRITE
from scripts.decide.deploy_conflicts import EXPECT_DROP, dropped, unexpected

TODAY = date(2026, 6, 1)
LIVE = Exemption("static-site", "why", "who", date(2026, 12, 31))
NAMES = ("static-site", "static-sites", "static-docs", "another")


@pytest.mark.parametrize(
    ("ours", "keeps"),
    [
        (LIVE, True),
        (LIVE._replace(reason="another", owner="others"), True),
        (LIVE._replace(bucket="static-*"), True),
        (LIVE._replace(expires=date(2027, 1, 1), allow=PUBLIC_READ_WRITE), True),
        (LIVE._replace(expires=date(2026, 12, 30)), False),
        (LIVE._replace(bucket="static-docs"), False),
    ],
)
def test_as_much_and_as_long_is_kept(ours: Exemption, keeps: bool) -> None:
    """What counts is how open which bucket may be and until when, and not in whose words."""
    assert dropped(Exemptions((LIVE,)), Exemptions((ours,)), TODAY) == ([] if keeps else [LIVE])


def test_one_that_allows_less_does_not_keep_it() -> None:
    """An exemption of public-read drops one of public-read-write of the same bucket."""
    wider = LIVE._replace(allow=PUBLIC_READ_WRITE)
    assert dropped(Exemptions((LIVE, wider)), Exemptions((LIVE,)), TODAY) == [wider]


def test_a_glob_is_kept_by_itself_alone() -> None:
    """What another glob leaves out is not known, even where it matches the text of the first."""
    glob = LIVE._replace(bucket="static-*")
    for other in ("static-?", "static-site", "another*"):
        ours = Exemptions((glob._replace(bucket=other),))
        assert dropped(Exemptions((glob,)), ours, TODAY) == [glob]
    assert dropped(Exemptions((glob,)), Exemptions((glob,)), TODAY) == []


def test_what_has_ended_is_not_dropped() -> None:
    """A live exemption that holds no more is nobody's loss; on its last day it still holds."""
    last_day = LIVE._replace(expires=TODAY)
    ended = LIVE._replace(expires=TODAY - timedelta(1))
    assert dropped(Exemptions((ended, last_day)), Exemptions(), TODAY) == [last_day]


@pytest.mark.parametrize(
    ("said", "left"), [("", True), ("another", True), ("another, static-site", False)]
)
def test_what_is_to_be_dropped_can_be_said(said: str, left: bool) -> None:
    """EXPECT_DROP names the exemptions that are dropped on purpose, and excuses no other."""
    assert unexpected([LIVE], {EXPECT_DROP: said}) == ([LIVE] if left else [])


entries = st.lists(
    st.builds(
        Exemption,
        bucket=st.sampled_from(
            [*NAMES, "static-*", "static-?", "static-????", "static-site*", "*another*"]
        ),
        reason=st.just("why"),
        owner=st.just("who"),
        expires=st.dates(TODAY - timedelta(2), TODAY + timedelta(4)),
        allow=st.sampled_from([PUBLIC_READ, PUBLIC_READ_WRITE]),
    ),
    max_size=4,
).map(lambda found: Exemptions(tuple(found)))


@given(live=entries, ours=entries)
def test_where_nothing_is_dropped_no_bucket_loses(live: Exemptions, ours: Exemptions) -> None:
    """If nothing is said to be dropped, no bucket may on any day be less open than before."""
    if dropped(live, ours, TODAY):
        return
    for name in NAMES:
        for day in (TODAY + timedelta(days) for days in range(6)):
            assert ceiling(ours, name, day) >= ceiling(live, name, day)


def ceiling(held: Exemptions, name: str, day: date) -> int:
    """How open the bucket may be on that day."""
    found = held.for_bucket(name, day)
    return OPENNESS[found.allow if found else PRIVATE]
