"""The posture page: its figures, and that nothing it quotes can be more than text."""

from datetime import date, datetime, timedelta, timezone
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resource_repair.exemptions import Exemption, Exemptions
from scripts.account.audit_trail import AuditLine
from scripts.decide.posture import Period, posture, standing
from scripts.decide.view import ACCOUNT, BUCKET, NOBODY, Unread, View
from scripts.verbs.report import chart
from scripts.verbs.report.page import Subject, render, took

NOW = datetime(2027, 1, 15, 12, tzinfo=timezone.utc)
TODAY = NOW.date()
SITE = Exemption("site", "the website", "web", TODAY, "public-read")
UNREAD = Unread("oss:GetBucketInfo")


def view(acl: str | Unread | None = "private", **fields: object) -> View:
    """A bucket that nothing speaks against but what is given."""
    plain = {"public_by_policy": False, "blocked_by": NOBODY, "exemption": None, "line": None}
    names = {"bucket": "site", "region": "cn-shanghai", "result": None}
    return View(acl=acl, **{**names, **plain, **fields})  # type: ignore[arg-type]


def line(hours_ago: float, outcome: str = "repaired", **fields: object) -> AuditLine:
    """An audit line of so long ago."""
    told = {"bucket": "site", **fields}
    return AuditLine(at=NOW - timedelta(hours=hours_ago), outcome=outcome, **told)  # type: ignore[arg-type]


def page(*views: View, exemptions: tuple[Exemption, ...] = (), not_read: str = "") -> str:
    """The page of these."""
    lines = [each.line for each in views if isinstance(each.line, AuditLine)]
    shown = posture(views, Exemptions(exemptions), lines, NOW - timedelta(days=7), NOW)
    subject = Subject("1", "cn-shanghai", "rule", "runs", NOW, NOW, (not_read,) if not_read else ())
    return render(subject, shown)


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
        Period(date(2027, 1, 13), 1, 0, 1),
        Period(date(2027, 1, 14), 0, 0, 0),
        Period(date(2027, 1, 15), 1, 1, 1),
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


def test_time_to_fix_is_from_report_to_repair() -> None:
    """Median, nine of ten and the slowest are of repairs that tell when they were reported."""
    reported = [NOW.timestamp() - took for took in range(1, 11)]
    lines = [line(0, reported_at=int(each * 1000)) for each in reported]
    others = [line(0), line(0, "failed", reported_at=1), line(0, reported_at=10**13)]
    assert posture([], Exemptions(), lines, NOW, NOW).fixes == (10, 5.5, 9.0, 10.0)
    assert posture([], Exemptions(), others, NOW, NOW).fixes == (1, 0.0, 0.0, 0.0)
    assert posture([], Exemptions(), others[:2], NOW, NOW).fixes is None


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0 s"), (119, "119 s"), (120, "2 min"), (9000, "2 h"), (4e5, "5 d")]
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
