"""The posture page: its figures, and that nothing it quotes can be more than text."""

import itertools
from datetime import date, datetime, timedelta, timezone
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resource_repair.exemptions import Exemption, Exemptions
from scripts.account.audit_trail import AuditLine
from scripts.decide.brake import Brake
from scripts.decide.posture import Period, Posture, posture, standing, verdict
from scripts.decide.view import ACCOUNT, BUCKET, NOBODY, Unread, View
from scripts.verbs.report import chart
from scripts.verbs.report.page import Subject, render, took

NOW = datetime(2027, 1, 15, 12, tzinfo=timezone.utc)
TODAY = NOW.date()
SITE = Exemption("site", "the website", "web", TODAY, "public-read")
UNREAD = Unread("oss:GetBucketInfo")
PAUSE = Brake("paused since yesterday (the site moves)", "resource-repair resume")


def view(acl: str | Unread | None = "private", **fields: object) -> View:
    """A bucket that nothing speaks against but what is given."""
    plain = {"public_by_policy": False, "blocked_by": NOBODY, "exemption": None, "line": None}
    names = {"bucket": "site", "region": "cn-shanghai", "result": None}
    return View(acl=acl, **{**names, **plain, **fields})  # type: ignore[arg-type]


def line(hours_ago: float, outcome: str = "repaired", **fields: object) -> AuditLine:
    """An audit line of so long ago."""
    told = {"bucket": "site", **fields}
    return AuditLine(at=NOW - timedelta(hours=hours_ago), outcome=outcome, **told)  # type: ignore[arg-type]


def shown_of(*views: View, **given: object) -> Posture:
    """The posture of these in a week; `exemptions` and `lines` are none but those given."""
    lines, entries = given.get("lines", []), given.get("exemptions", ())
    exempt = Exemptions(entries)  # type: ignore[arg-type]
    return posture(views, exempt, lines, NOW - timedelta(days=7), NOW)  # type: ignore[arg-type]


def drawn(shown: Posture, brake: Brake | None = None, not_read: tuple[str, ...] = ()) -> str:
    """The page of a posture."""
    subject = Subject(
        "1", "cn-shanghai", "rule", "runs", NOW - timedelta(days=7), NOW, not_read, brake
    )
    return render(subject, shown, verdict(shown, brake, whole=not not_read))


def page(*views: View, exemptions: tuple[Exemption, ...] = (), not_read: str = "") -> str:
    """The page of these."""
    lines = [each.line for each in views if isinstance(each.line, AuditLine)]
    shown = shown_of(*views, exemptions=exemptions, lines=lines)
    return drawn(shown, not_read=(not_read,) if not_read else ())


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        (view(), "closed"),
        (view("public-read"), "open"),
        (view(public_by_policy=True), "open"),
        (view(None), "gone"),
        (view(UNREAD), "unknown"),
        (view(public_by_policy=UNREAD), "unknown"),
        (view("public-read", public_by_policy=UNREAD), "open"),
        (view("public-read", blocked_by=ACCOUNT), "blocked"),
        (view("public-read", blocked_by=BUCKET), "blocked"),
        (view("public-read", blocked_by=UNREAD), "open"),
        (view("public-read", exemption=SITE), "exempt"),
        (view("public-read-write", exemption=SITE), "open"),
        (view("public-read", exemption=SITE._replace(expires=date(2027, 1, 14))), "open"),
        (view("new-acl", exemption=SITE), "open"),
    ],
)
def test_a_bucket_stands_by_all_that_is_known(seen: View, told: str) -> None:
    """Nothing that may let the public in is told as closed, and no ended exemption counts."""
    assert standing(seen, TODAY) == told


def test_repairs_are_counted_by_the_day() -> None:
    """Each day has its bar, those without a line too; what waits for a person is its own colour."""
    lines = [line(49), line(48, "failed"), line(2, "would_repair"), line(1, "exposed"), line(0)]
    shown = posture([], Exemptions(), lines, NOW - timedelta(days=2), NOW)
    assert shown.periods == (
        Period(date(2027, 1, 13), date(2027, 1, 13), 1, 0, 1),
        Period(date(2027, 1, 14), date(2027, 1, 14), 0, 0, 0),
        Period(date(2027, 1, 15), date(2027, 1, 15), 1, 1, 1),
    )
    assert not shown.weekly
    drawn = chart.chart(shown.periods)
    assert drawn.top == 3
    assert sum(bar.height for bar in drawn.bars) == pytest.approx(chart.HEIGHT * 5 / 3, abs=0.1)
    assert min(bar.y for bar in drawn.bars) == 0


def test_a_long_span_is_counted_by_the_week() -> None:
    """Ninety days are thirteen bars, and none of their lines is left out."""
    lines = [line(24 * day) for day in range(90, -1, -1)]
    shown = posture([], Exemptions(), lines, NOW - timedelta(days=90), NOW)
    assert shown.weekly
    assert len(shown.periods) == 13
    assert sum(period.repaired for period in shown.periods) == len(lines)
    ends = [period.ends for period in shown.periods]
    assert ends[-1] == TODAY, "the caption tells the last day that has a bar"
    assert ends[:-1] == [each.begins - timedelta(days=1) for each in shown.periods[1:]]


def test_a_finding_counts_once_however_often_it_was_tried() -> None:
    """Bars, closings, times to fix and repeat offenders are of findings, and not of audit lines."""
    tries = {"reported_at": 1, "rule_id": "cr-1"}
    failed = [line(hour, "failed", **{**tries, "bucket": "stuck"}) for hour in (9, 8, 7, 6)]
    mended = [line(5, "denied", **tries), line(4, **tries), line(3, "already_private", **tries)]
    again = [line(2, **{**tries, "reported_at": 2})] * 5
    old = [line(1, request_id="r-1", bucket="old")] * 2
    ignored = [line(1, "ignored", **{**tries, "bucket": "stuck"})]
    shown = shown_of(lines=[*failed, *mended, *again, *old, *ignored])
    last = shown.periods[-1]
    assert (last.repaired, last.would_repair, last.unsettled) == (3, 0, 1)
    assert shown.closed == 3
    assert shown.fixes
    assert shown.fixes.repairs == 2
    assert shown.reopened == (("site", 2, NOW - timedelta(hours=2)),)


def test_closed_is_what_the_function_changed_and_private_what_is_so() -> None:
    """A bucket that was never open is not told as closed by anybody."""
    lines = [
        line(2, "unproven", acl_before="public-read", acl_after="private", bucket="was-open"),
        line(1, "already_private", acl_before="private", acl_after="private", bucket="never"),
    ]
    shown = shown_of(*(view(bucket=f"never-{n}") for n in range(23)), lines=lines)
    assert (shown.count("closed"), shown.closed) == (23, 1)
    words = " ".join(Seen(drawn(shown)).text.split())
    assert "23 private 1 closed by the function since 2027-01-08" in words


def test_the_numbers_of_the_exempt_add_up() -> None:
    """Each exemption tells which open buckets it covers; one by tag has a row of its own."""
    named = Exemption("site-*", "the website", "web", TODAY + timedelta(days=9))
    ended = Exemption("old", "was", "web", TODAY - timedelta(days=1))
    tag = Exemption("tagged", "public-until", "whoever tagged it", TODAY)
    views = [
        *(view("public-read", bucket=f"site-{n}", exemption=named) for n in range(7)),
        view(bucket="site-closed", exemption=named),
        view("public-read-write", bucket="site-wide", exemption=named),
        view("public-read", bucket="old", exemption=ended),
        view("public-read", bucket="tagged", exemption=tag),
    ]
    shown = shown_of(*views, exemptions=(named, ended, SITE))
    covers = {each.exemption.bucket: each.covers for each in shown.exemptions}
    sites = tuple(f"site-{n}" for n in range(7))
    assert covers == {"old": (), "site": (), "tagged": ("tagged",), "site-*": sites}
    assert sum(map(len, covers.values())) == shown.count("exempt") == 8
    words = " ".join(Seen(drawn(shown)).text.split())
    assert "8 open now and exempt, by 2 of 4 exemptions" in words
    assert "7: site-0, site-1, site-2, site-3, site-4 and 2 more" in words


@pytest.mark.parametrize(
    ("views", "brake", "whole", "level", "told"),
    [
        ([view("public-read"), view(UNREAD)], None, False, "open", "1 bucket is open, and nothing"),
        ([view("public-read")] * 2, PAUSE, True, "open", "nothing is closed, since the function"),
        ([view(UNREAD)], PAUSE, False, "unknown", "1 bucket is perhaps open"),
        ([], None, True, "unknown", "no bucket yet"),
        ([view(None)], None, True, "unknown", "no bucket yet"),
        ([view()], PAUSE, True, "unknown", "is paused since yesterday (the site moves)"),
        ([view()], None, False, "unknown", "not all could be read"),
        (
            [view()] * 2 + [view("public-read", blocked_by=BUCKET)],
            None,
            True,
            "blocked",
            "but for 1",
        ),
        ([view()] * 3, None, True, "closed", "All 3 buckets are closed."),
        ([view("public-read", exemption=SITE)], None, True, "closed", "but for 1 that is exempt."),
    ],
)
def test_the_worst_is_said_first(
    views: list[View], brake: Brake | None, whole: bool, level: str, told: str
) -> None:
    """One sentence tells how it stands; it is green only where all is known and something acts."""
    found = verdict(shown_of(*views), brake, whole=whole)
    assert found.standing == level
    assert told in found.text


def test_a_function_that_closes_nothing_is_a_banner() -> None:
    """It stands before all else, with why and what changes that; without it there is none."""
    shown = shown_of(view())
    body = Seen(drawn(shown, PAUSE)).text.partition("Nothing is closed")[2]
    assert body.index("paused since yesterday (the site moves)") < body.index("Public buckets of")
    assert body.index("resource-repair resume") < body.index("Public buckets of")
    assert 'class="banner"' not in drawn(shown)


def test_the_chart_has_dates_and_counts() -> None:
    """Its axes tell both, and its caption the whole of the time that is drawn."""
    lines = [line(24 * day, bucket=f"b-{n}") for day in range(80, -1, -8) for n in range(day)]
    shown = posture([], Exemptions(), lines, NOW - timedelta(days=90), NOW)
    wide = chart.chart(shown.periods)
    assert [tick.text for tick in wide.counts] == ["0", "20", "40", "60", "80"]
    assert wide.dates[0].text == "2026-10-17"
    assert len(wide.dates) > len(chart.chart(shown.periods, chart.NARROW).dates) > 1
    words = " ".join(Seen(drawn(shown)).text.split())
    assert "from 2026-10-17 to 2027-01-15 (UTC)" in words
    assert all(tick.text in words for tick in (*wide.counts, *wide.dates))


@pytest.mark.parametrize("tallest", [0, 1, 3, 4, 5, 9, 17, 99, 100, 12345])
def test_the_tallest_bar_fits_the_axis(tallest: int) -> None:
    """The axis ends at a whole step, at or above the tallest bar, with few lines."""
    found = chart.chart([Period(TODAY, TODAY, tallest, 0, 0)])
    steps = [int(tick.text) for tick in found.counts]
    assert steps[-1] == found.top >= tallest
    assert 2 <= len(steps) <= 5
    assert {later - step for step, later in itertools.pairwise(steps)} == {steps[1]}


def test_without_audit_lines_nothing_is_said_of_repairs() -> None:
    """What could not be read is not told as nothing that happened."""
    words = Seen(drawn(shown_of(view(), lines=UNREAD), not_read=("x",))).text
    assert "Nothing was repaired" not in words
    assert "No bucket was repaired twice" not in words


def test_time_to_fix_is_from_report_to_repair() -> None:
    """Median, nine of ten and the slowest are of repairs that tell when they were reported."""
    reported = [NOW.timestamp() - took for took in range(1, 11)]
    lines = [line(0, reported_at=int(each * 1000)) for each in reported]
    others = [line(0), line(0, "failed", reported_at=1), line(0, reported_at=10**13)]
    assert posture([], Exemptions(), lines, NOW, NOW).fixes == (10, 5.5, 9.0, 10.0)
    assert posture([], Exemptions(), others, NOW, NOW).fixes == (1, 0.0, 0.0, 0.0)
    words = " ".join(Seen(drawn(shown_of(lines=others))).text.split())
    assert "under a second median, from the report to the repair" in words
    assert "from when Cloud Config reported the bucket to when the function logged" in words
    assert " 0 s" not in words
    assert posture([], Exemptions(), others[:2], NOW, NOW).fixes is None


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "under a second"),
        (0.99, "under a second"),
        (1, "1 s"),
        (119, "119 s"),
        (120, "2 min"),
        (9000, "2 h"),
        (4e5, "5 d"),
    ],
)
def test_durations_are_told_as_people_say_them(seconds: float, words: str) -> None:
    """Two of a unit are needed before it is used."""
    assert took(seconds) == words


class Seen(HTMLParser):
    """The tags and the text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember a tag, and the names of its attributes."""
        self.tags.append((tag, tuple(name for name, _ in attrs)))

    def handle_data(self, data: str) -> None:
        """Remember a text."""
        self.text += data


HOSTILE = st.text(st.sampled_from("<>&\"'/ ={}%\u202e\x00\x1bascriptonload-"), min_size=1)


def quoting(name: str, reason: str) -> Seen:
    """A page that has them wherever it quotes one."""
    last = line(0, bucket=name, reason=reason, outcome="failed")
    exempt = Exemption(name, reason, reason, TODAY)
    return Seen(page(view("public-read", bucket=name, line=last), exemptions=(exempt,)))


@pytest.fixture(scope="module")
def plain() -> Seen:
    """A page that quotes nothing out of the common."""
    return quoting("bucket", "reason")


@given(name=HOSTILE, reason=HOSTILE)
def test_what_is_quoted_is_text_and_no_more(plain: Seen, name: str, reason: str) -> None:
    """No name and no reason adds a tag or an attribute, and none can turn the line round."""
    hostile = quoting(name, reason)
    assert hostile.tags == plain.tags
    assert hostile.text.replace("\n", "").isprintable()


def test_a_page_needs_nothing_but_itself() -> None:
    """No script, no link, no image; and the browser is told to allow none."""
    text = page(view("public-read"), exemptions=(SITE,), not_read="oss:GetBucketInfo failed")
    assert "default-src 'none'; style-src 'unsafe-inline'" in text
    assert "Not read: oss:GetBucketInfo failed" in text
    names = {name for tag, names in Seen(text).tags for name in names}
    assert not names & {"src", "href", "style", "onload"}
    assert "script" not in {tag for tag, _ in Seen(text).tags}
    assert "url(" not in text
