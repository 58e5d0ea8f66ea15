"""Many buckets: every one is counted, and asked no more about than what is told of it.

There are as many as take three pages; docs/scale.md has the figures of 10,000.
"""

import gc
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import oss2
import pytest

from scripts.account import buckets
from scripts.localcloud.log.state import Found, LogState, Search
from tests import many
from tests.account import Account, Moments
from tests.contract import spoil

NUMBER, EVERY = 210, 10
OPEN = NUMBER // EVERY
PAGES = 3  # of results, and of audit lines, of which one more without any is the end
LISTED = {"config:ListConfigRuleEvaluationResults": PAGES, "log:GetLogStoreLogs": PAGES + 1}


def _with_many(account: Account) -> None:
    spoil.sound(account)
    many.plant(account, NUMBER, every=EVERY)


@pytest.fixture
def crowded(moments: Moments, tmp_path: Path) -> Account:
    """A sound account with many buckets, one in ten of them open, and an audit line about each."""
    return moments.after(_with_many, tmp_path)


@pytest.fixture
def run(crowded: Account, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """Runs a verb, and gives what it answers, and how often it asked OSS what, and for lists."""

    def ran(*command: str) -> tuple[Any, dict[str, int]]:
        capsys.readouterr()
        calls = crowded.calls()
        crowded.run(*command, "--json")
        made = Counter(each for each in calls() if each in LISTED or each.startswith("oss:"))
        return json.loads(capsys.readouterr().out), dict(made)

    return ran


def test_status_counts_every_bucket(run: Callable[..., Any]) -> None:
    """Three requests a bucket, and of lists each page once."""
    told, made = run("status")
    assert len(told["buckets"]) == len({each["bucket"] for each in told["buckets"]}) == NUMBER
    standings = told["totals"]["standings"]
    assert (standings["open"], standings["closed"]) == (OPEN, NUMBER - OPEN)
    assert all(each["last_audit_line"] for each in told["buckets"])
    looks = ("GetBucketInfo", "GetBucketPolicyStatus", "GetBucketPublicAccessBlock")
    of_each = {f"oss:{each}": NUMBER for each in looks}
    assert made == {**LISTED, **of_each, "oss:GetPublicAccessBlock": 1}


def test_report_counts_every_bucket(run: Callable[..., Any]) -> None:
    """As status does, by the same requests."""
    told, made = run("report")
    assert (told["buckets"]["open"], told["buckets"]["closed"]) == (OPEN, NUMBER - OPEN)
    assert sum(made.values()) == sum(LISTED.values()) + 3 * NUMBER + 1


def test_sweep_plans_every_open_bucket(run: Callable[..., Any]) -> None:
    """It asks about those alone that Cloud Config found open; and --due reads all audit lines."""
    told, made = run("sweep", "--due", "--dry-run", "--limit", "1000")
    assert told["closes"] == len(told["buckets"]) == OPEN
    looks = ("GetBucketInfo", "GetBucketWebsite", "ListCname")
    assert made == {**LISTED, **{f"oss:{each}": OPEN for each in looks}}


def test_the_doctor_counts_every_open_bucket(run: Callable[..., Any]) -> None:
    """And asks each that seems due once whether it still is open."""
    told, made = run("doctor")
    what = " ".join(each["what"] for each in told["links"])
    assert f"non-compliant and not exempt: {OPEN}, exempt: 0" in what
    lists = {**LISTED, "log:GetLogStoreLogs": made["log:GetLogStoreLogs"]}
    assert made == {**lists, "oss:GetBucketInfo": OPEN}


def test_a_page_that_is_not_full_is_not_the_last(
    run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Log Service may give fewer lines than were asked for: the end is a page without any."""
    search = LogState.search

    def stingy(state: LogState, project: str, name: str, asked: Search) -> Found:
        return search(state, project, name, asked._replace(line=min(asked.line, 90)))

    monkeypatch.setattr(LogState, "search", stingy)
    told, _ = run("audit", "--since", "30d")
    assert len(told["lines"]) == NUMBER


def test_what_is_remembered_of_a_bucket_keeps_no_connection_open(product: Account) -> None:
    """Each bucket has a host of its own: of thousands, as many connections would stay."""
    product.plant(opened="public-read")
    asked = product.clients
    asked.memory.look()
    bucket = buckets.Bucket(asked, "opened")
    told = bucket.info(), bucket.blocks_public_access(), bucket.domains(), bucket.is_website()
    assert told[0].acl == "public-read"
    del bucket
    gc.collect()
    kept = [each for each in gc.get_objects() if isinstance(each, oss2.models.RequestResult)]
    assert kept == []
