"""A number in a document is the code's, or one that a run measured."""

import re

import pytest

from resource_repair import exemptions, repair, settings, settle
from scripts.account import alert_rules, mailbox, topic
from scripts.decide import deploy_effect
from scripts.declared import reader, wide_globs
from scripts.verbs import sweep
from tests.documents import cells, text_of

# What a document says around a number, and what that number is.
OF_THE_CODE = (
    ("README.md", r"would close more than (\d+) of them stops", deploy_effect._UNASKED),
    ("docs/deploying.md", r"at once, would close more than (\d+) buckets", deploy_effect._UNASKED),
    ("docs/commands.md", r"`--parallel` \| (\d+) \|", sweep._PARALLEL),
    ("docs/commands.md", r"`--limit` \| (\d+) \|", sweep._LIMIT),
    ("docs/commands.md", r"`--max-failures` \| (\d+) \|", sweep._MAX_FAILURES),
    ("docs/commands.md", r"is beyond the first ([\d,]+),", mailbox.MOST_LISTED),
    ("docs/commands.md", r"The queue takes (\d+) KB", topic.LONGEST // 1024),
    ("docs/commands.md", r"what the function raised \((\d+) KB at most\)", settle._LONGEST // 1024),
    ("docs/alerts.md", r"more than (\d+) findings were repaired", alert_rules._BURST),
    ("docs/operations.md", r"more than (\d+) findings ended as `repaired`", alert_rules._BURST),
    ("docs/settings.md", r"retries included; (\d+) at least", reader._SHORTEST_TIMEOUT),
    ("docs/settings.md", r"that date may be, 1 to (\d+)", settings._MOST_TAG_DAYS),
    ("SECURITY.md", r"a last day at most (\d+) days ahead", exemptions.LONGEST.days),
    (
        "docs/exemptions.md",
        r"and has (\w+) literal characters in a row",
        wide_globs.FEWEST_IN_A_ROW,
    ),
    ("docs/outcomes.md", r"private at two looks, (\w+) seconds apart", repair.STALE_SECONDS),
)
WORDS = {"three": 3, "six": 6}


@pytest.mark.parametrize(("document", "around", "number"), OF_THE_CODE)
def test_a_limit_is_that_of_the_code(document: str, around: str, number: float) -> None:
    """What the code goes by is what the page says."""
    (said,) = re.findall(around, " ".join(text_of(document).split()))
    assert (WORDS.get(said) or int(said.replace(",", ""))) == number


def section(title: str) -> str:
    """What README has under a heading, in one line."""
    return " ".join(text_of("README.md").partition(title)[2].partition("\n## ")[0].split())


def test_how_fast_it_is_was_measured() -> None:
    """README's ratios are those of the benchmark's targets, and its time is a row's."""
    measured = [row[2].split()[0] for row in cells(text_of("docs/benchmark.md"), "target")]
    cold, of_sources, _, near, far, floor = map(float, measured[:6])
    said = section("## What it costs, and how fast it is")
    assert f"takes {cold:g} of the time of the tutorial's one blind write, {of_sources:.2f}" in said
    assert f"{near:.1f} times as fast" in said
    assert f"at 2 ms a round trip, {far:.1f} times at 20 ms" in said
    thousand = text_of("docs/benchmark.md").partition("### Warm, 1000 findings, 20 ms")[2]
    (wall,) = re.findall(
        r"^\| resource-repair \| (\d+) ", thousand.partition("###")[0], re.MULTILINE
    )
    assert f"A thousand buckets at 20 ms take {int(wall) / 1000:.1f} s, {floor:g} times" in said


def test_what_a_month_costs_is_computed() -> None:
    """README's dollars are those of docs/scale.md, without cents."""
    (total,) = (
        row for row in cells(text_of("docs/scale.md"), "findings a day") if "priced here" in row[0]
    )
    few, some, many, _ = (round(float(cell.strip("*").split()[0])) for cell in total[1:])
    said = section("## What it costs, and how fast it is")
    assert few == some
    assert (
        f"a month costs {few} USD for ten findings a day or for a thousand, and {many} USD" in said
    )
