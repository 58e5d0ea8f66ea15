"""docs/scale.md is the program's, and the program counts as the price pages do."""

import json
import math
import random
import statistics
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from resource_repair.values import SETTLED
from scripts import ROOT
from scripts.errors import Problem
from scripts.scale import __main__ as scale
from scripts.scale import day, facts, lines, page, tables
from scripts.scale.inputs import ORIGINS, Inputs, of_spec, platform

GIVEN = of_spec()
PAGE = page.PAGE.read_text("utf-8")


def test_the_page_is_the_programs(tmp_path: Path) -> None:
    """The tables are those that the program writes."""
    copy = tmp_path / "scale.md"
    copy.write_text(PAGE, "utf-8")
    assert scale.main(["--check"], copy) == 0


@pytest.mark.bad_days
def test_a_figure_that_is_not_the_programs_is_mended(tmp_path: Path) -> None:
    """A page that somebody changed is told, and written as it was."""
    copy = tmp_path / "scale.md"
    copy.write_text(PAGE.replace("| half settled |", "| a third settled |"), "utf-8")
    assert scale.main(["--check"], copy) == 1
    assert scale.main([], copy) == 0
    assert copy.read_text("utf-8") == PAGE


def test_a_page_without_a_place_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A page that lost a table's place is a problem that names the table."""
    with pytest.raises(Problem, match="“meaning”"):
        page.written("# Scale on paper\n", GIVEN)
    copy = tmp_path / "scale.md"
    copy.write_text(PAGE.replace("<!-- end of prices -->\n", ""), "utf-8")
    assert scale.main([], copy) == 1
    assert "“prices”" in capsys.readouterr().err


def test_every_knob_of_the_page_is_one() -> None:
    """The page's knobs are s.yaml's, and s.yaml does not set what the page says it does not."""
    spec = (ROOT / "s.yaml").read_text("utf-8")
    knobs = yaml.safe_load(spec)["vars"]
    table = PAGE[PAGE.index("| knob |") :].split("\n\n", 1)[0]
    named = {line.split("`")[1] for line in table.splitlines()[2:]}
    assert {"memory", "timeout", "retries", "retryWithin", "notifyStrategy"} <= named
    assert all(name in knobs or f"{name}:" in spec for name in named)
    assert "instanceConcurrency" not in spec


def test_the_inputs_are_those_of_s_yaml() -> None:
    """What s.yaml declares is read from it, and every other input has its origin told."""
    knobs = yaml.safe_load((ROOT / "s.yaml").read_text("utf-8"))["vars"]
    declared = {
        "memory": knobs["memory"],
        "retries": knobs["retries"],
        "retry_within": knobs["retryWithin"],
        "log_days": knobs["logRetention"],
    }
    assert {name: getattr(GIVEN, name) for name in declared} == declared
    assert {each.name for each in ORIGINS} == set(Inputs._fields) - set(declared)


def test_the_price_pages_example() -> None:
    """Three million runs of 0.2 s with 512 MB and a quarter vCPU are the page's 217,500 units."""
    units = day.compute_units(3_000_000, 600_000, vcpu=0.25, gigabytes=0.5)
    assert units == pytest.approx(22_500 + 45_000 + 150_000)
    assert day.usd(units) == pytest.approx(4.35)


def test_the_tiers_of_the_price() -> None:
    """A unit costs less above 100 and above 500 million a month; those below cost as before."""
    assert day.usd(100e6) == pytest.approx(2_000)
    assert day.usd(500e6) == pytest.approx(2_000 + 400 * 17)
    assert day.usd(600e6) == pytest.approx(2_000 + 400 * 17 + 100 * 14)


@given(st.floats(0, 1e9), st.floats(0, 1e9))
def test_more_never_costs_less(units: float, more: float) -> None:
    """The price of a month grows with what is used."""
    assert day.usd(units + more) >= day.usd(units)


@pytest.mark.parametrize("mean", [0.0001, 0.1, 2.3, 55.0, 499.0, 501.0, 20_000.0])
def test_enough_instances_are_poissons(mean: float) -> None:
    """So many are enough 99.99% of the time, and one fewer is not."""

    def at_most(count: int) -> float:
        each = (k * math.log(mean) - mean - math.lgamma(k + 1) for k in range(count + 1))
        return math.fsum(math.exp(one) for one in each)

    enough = day.instances(mean)
    slack = 0 if mean < 500 else 3  # the normal distribution is not quite Poisson's
    assert at_most(enough + slack) >= 0.9999
    assert enough == 1 or at_most(enough - 1 - slack) < 0.9999


def test_the_formula_agrees_with_chance() -> None:
    """Runs that start by chance keep as many instances busy as the formula says."""
    chance = random.Random(1)  # noqa: S311  (no secret)
    rate, long, until = 10.0, 0.3, 2_000.0
    ends: list[float] = []
    busy, now = [], 0.0
    while now < until:
        now += chance.expovariate(rate)
        ends = [end for end in ends if end > now] + [now + long]
        busy.append(len(ends) - 1)
    assert statistics.mean(busy) == pytest.approx(rate * long, rel=0.05)
    assert statistics.quantiles(busy, n=1000)[-1] <= day.instances(rate * long)


def test_a_quiet_day_is_all_cold_starts() -> None:
    """Ten findings a day each start a new instance; ten thousand share a few."""
    assert day.use(10, GIVEN, 500).cold_starts == 10
    assert day.use(10_000, GIVEN, 500).cold_starts < 10


def test_failures_cost_runs_and_fill_the_queue() -> None:
    """The expected runs and kept findings are those of hopeless and of unlucky findings."""
    given = GIVEN._replace(failing=0.5, hopeless=0.25, retries=1)
    assert day.runs_each(given, failures=True) == pytest.approx(0.25 * 2 + 0.75 * 1.5)
    use = day.use(1_000, given, 500, failures=True)
    assert use.kept == pytest.approx(1_000 * (0.25 + 0.75 * 0.25))
    assert use.mns == 2_000 + use.kept
    assert day.use(1_000, given, 500).kept == 0


def test_a_bill_leaves_nothing_out() -> None:
    """What has no known price is in the bill without one, and only that."""
    bill = day.month(day.use(1_000_000, GIVEN, 500), GIVEN)
    unknown = {each.name for each in facts.PRICES if each.value is None}
    assert {each.name for each in bill if each.usd is None} == unknown
    with pytest.raises(LookupError, match="mns"):
        facts.price("mns")


def test_every_fact_has_its_page() -> None:
    """Each limit and price has a page, and when that was; no name is there twice in a table."""
    for table in (facts.LIMITS, facts.PRICES, facts.FREE):
        assert all(each.page and each.edition for each in table)
        assert len({each.name for each in table}) == len(table)


def test_audit_lines_are_the_functions() -> None:
    """The sizes are of lines that the function wrote, far below the 32 KB that a line may have."""
    sizes = lines.sizes()
    assert set(sizes) & SETTLED
    assert all(200 < size < 1_000 for size in sizes.values())
    assert tables.line_bytes() == max(sizes.values())


def test_a_platform_never_starts_more_than_its_quota() -> None:
    """A small quota is not passed by the many that a region may start at once."""
    assert platform(GIVEN, 7, failures=False).at_once == 7
    assert platform(GIVEN, 5_000, failures=False).at_once == facts.limit("at_once")


@pytest.mark.parametrize(
    ("span", "said"),
    [
        (0.05, "0.1 s"),
        (9.9, "9.9 s"),
        (119, "119 s"),
        (600, "10 min"),
        (7200, "2.0 h"),
        (1e6, "11.6 days"),
    ],
)
def test_how_a_span_is_said(span: float, said: str) -> None:
    """Short spans in seconds, long ones in days."""
    assert tables.seconds(span) == said


def test_own_figures(capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever has measured his own durations gets his own answer, as one document if he likes."""
    own = ["--findings", "50", "--over", "5", "--warm", "0.3", "--cold", "2", "--memory", "1024"]
    assert scale.main([*own, "--instances", "3", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["inputs"]["warm"] == 0.3
    assert answer["inputs"]["memory"] == 1024
    assert answer["course"]["settled"] == 50
    assert answer["course"]["most"] <= 3
    assert answer["day"]["findings"] == 50

    assert scale.main(own) == 0
    assert "MNS topic" in capsys.readouterr().out


@pytest.mark.parametrize(
    "wrong",
    [["--findings", "0"], ["--findings", "9", "--failing", "nan"], ["--findings", "9", "--check"]],
)
def test_what_makes_no_sense_is_refused(wrong: list[str]) -> None:
    """Options that mean nothing end with exit code 2."""
    with pytest.raises(SystemExit) as stopped:
        scale.main(wrong)
    assert stopped.value.code == 2


def test_too_many_to_simulate(capsys: pytest.CaptureFixture[str]) -> None:
    """More findings than can be simulated are a misuse, told before anything is simulated."""
    assert scale.main(["--findings", "1000001"]) == 2
    assert "1000000 at most" in capsys.readouterr().err
