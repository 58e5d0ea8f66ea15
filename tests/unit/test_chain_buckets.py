"""What a deploy closes, ends or drops: the links of which the doctor tells before it is done."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timezone
from typing import Any

import pytest

from resource_repair.exemptions import Exemption, Exemptions
from scripts.account.deployed_function import Pause
from scripts.account.findings import NON_COMPLIANT, Result
from scripts.decide.chain import Diagnosis, Standing, examine
from scripts.decide.chain.buckets import BUCKETS
from scripts.decide.chain.facts import Facts
from scripts.decide.deploy_conflicts import EXPECT_DROP
from scripts.decide.deploy_effect import EXPECT_CLOSE as EXPECT
from scripts.decide.deploy_effect import EXPECT_LEAVE_OPEN
from scripts.decide.prospect import Prospect
from scripts.errors import Problem
from tests.unit.chain_facts import NOW, SPEC, facts, rule, running, said, unlike

REPORT = {**SPEC.function.environment, "repairMode": "report"}
REPORTING = replace(SPEC, function=replace(SPEC.function, environment=REPORT))
HELD = Exemption("static-site", "why", "who", date(2026, 12, 31))
WIDE = HELD._replace(bucket="*-s*")


def open_ones(count: int) -> Prospect:
    """So many buckets that a report leads to the closing of, and one that is exempt."""
    results = [
        Result(f"public-{n:02}", "cn-shanghai", NON_COMPLIANT, NOW, "public-read", "")
        for n in range(count + 1)
    ]
    return Prospect(to_close=tuple(results[1:]), exempt=(results[0],))


def of_buckets(given: Facts) -> list[Diagnosis]:
    """What there is to say of the buckets."""
    return list(examine(BUCKETS, given, before_deploy=False))


@pytest.mark.parametrize(
    ("count", "expected", "standing"),
    [
        (20, "", Standing.SOUND),
        (21, "", Standing.FAULT),
        (21, "20", Standing.FAULT),
        (21, "21", Standing.SOUND),
    ],
)
def test_enforcing_for_the_first_time_counts_what_it_closes(
    count: int, expected: str, standing: Standing
) -> None:
    """Above 20 buckets it stops, names their number, and goes on when given just that."""
    (found,) = of_buckets(facts(running=None, found=open_ones(count), settings={EXPECT: expected}))
    assert found.standing is standing
    assert found.what.startswith(f"{count} buckets that are non-compliant and not exempt will be")
    assert (f"{EXPECT}={count}" in found.mend) is (standing is Standing.FAULT)


@pytest.mark.parametrize(
    ("endpoint", "bucket_in", "standing", "says"),
    [
        ("https://oss-{region}.aliyuncs.com", "cn-beijing", None, ""),
        (
            "https://oss-cn-hzfinance.aliyuncs.com",
            "cn-hangzhou-finance",
            Standing.SOUND,
            "repairs of buckets outside cn-hzfinance would fail",
        ),
        (
            "https://oss-cn-shanghai-internal.aliyuncs.com",
            "cn-shanghai",
            Standing.SOUND,
            "repairs of buckets outside cn-shanghai would fail",
        ),
        (
            "https://oss-cn-beijing.aliyuncs.com",
            "cn-shanghai",
            Standing.FAULT,
            "repairs fail of a-bucket (cn-shanghai)",
        ),
        (
            "https://oss.example.com",
            "cn-beijing",
            Standing.SOUND,
            "repairs of buckets outside its region would fail",
        ),
    ],
)
def test_an_endpoint_of_one_region_is_told_of_where_buckets_of_others_would_fail(
    endpoint: str, bucket_in: str, standing: Standing | None, says: str
) -> None:
    """A host answers for its own region; buckets that are known elsewhere make it a fault."""
    variables = {**SPEC.function.environment, "ossEndpoint": endpoint}
    spec = replace(SPEC, function=replace(SPEC.function, environment=variables))
    result = Result("a-bucket", bucket_in, NON_COMPLIANT, NOW, "public-read", "")
    _, *further = of_buckets(facts(spec=spec, found=Prospect(to_close=(result,))))
    assert [each.standing for each in further] == ([standing] if standing else [])
    for each in further:
        assert f"ossEndpoint in s.yaml is {endpoint}" in each.what
        assert says in each.what
        assert "{region}" in each.mend


@pytest.mark.parametrize(
    ("variables", "begins", "wrong"),
    [
        ({}, False, False),
        ({"repairMode": "report"}, True, False),
        ({"prepareRuleId": "cr-another"}, True, False),
        # With these it keeps every finding as misconfigured.
        ({"repairMode": ""}, True, True),
        ({"ossEndpoint": "http://oss.example.com"}, True, True),
    ],
)
def test_one_that_did_not_repair_begins_to_enforce(
    variables: Mapping[str, str], begins: bool, wrong: bool
) -> None:
    """The count also comes where a function only reports, or enforces another rule, or none."""
    held = Prospect() if begins else open_ones(21)
    found = of_buckets(facts(running=running(**variables), found=open_ones(21), held=held))
    told = ["none"] * wrong + (["21"] if begins else ["non-compliant"])
    assert [each.what.partition(" ")[0] for each in found] == told


def test_where_nothing_begins_they_are_counted_alone() -> None:
    """Whatever their number: in mode report, and where it enforces already."""
    for spec in (SPEC, REPORTING):
        live = open_ones(21) if spec is SPEC else Prospect()
        (found,) = of_buckets(facts(spec=spec, found=open_ones(21), held=live))
        assert found.what == "non-compliant and not exempt: 21, exempt: 1"
        assert found.standing is Standing.SOUND


def prospect(close: str = "", exempt: str = "") -> Prospect:
    """Buckets by what becomes of them."""
    closed, left = (
        tuple(
            Result(name, "cn-shanghai", NON_COMPLIANT, NOW, "public-read", "")
            for name in names.split()
        )
        for names in (close, exempt)
    )
    return Prospect(to_close=closed, exempt=left)


@pytest.mark.parametrize(
    ("live", "ours", "settings", "says", "stops"),
    [
        # An exemption taken out or narrowed, exemptTag switched off: from the first one on.
        (("", "shop"), ("shop", ""), {}, "1 bucket that the live function leaves open", True),
        (("", "shop"), ("shop", ""), {EXPECT: "1"}, "will be closed once this is deployed", False),
        (("", "shop"), ("shop", ""), {EXPECT: "2"}, "shop; EXPECT_CLOSE is 2", True),
        (("", "shop"), ("shop", ""), {EXPECT_DROP: "shop"}, "will be closed once", True),
        # Named in full by the live exemptions: EXPECT_DROP wants the name, and nobody a number.
        (("", "old-site"), ("old-site", ""), {}, "will be closed once", False),
        # A glob, a tag: nobody named it, so that nobody looked at it.
        (("site-a", ""), ("", "site-a"), {}, "1 bucket that the live function closes", True),
        (("site-a", ""), ("", "site-a"), {EXPECT_LEAVE_OPEN: "1"}, "will be left open", False),
        (("site-a", ""), ("", "site-a"), {EXPECT_LEAVE_OPEN: "3"}, "EXPECT_LEAVE_OPEN is 3", True),
        # Named in full, in a file that is reviewed.
        (("static-site", ""), ("", "static-site"), {}, "will be left open", False),
        (("shop", "site"), ("shop", "site"), {}, "non-compliant and not exempt: 1", False),
    ],
)
def test_what_a_later_deploy_changes_for_buckets_is_told_and_its_number_wanted(
    live: tuple[str, str],
    ours: tuple[str, str],
    settings: Mapping[str, str],
    says: str,
    stops: bool,
) -> None:
    """Beside what is live, where that enforces already; as it is live, nothing is wrong with it."""
    given = facts(
        held=prospect(*live),
        found=prospect(*ours),
        exemptions=Exemptions((HELD,)),
        live_exemptions=Exemptions((HELD._replace(bucket="old-site"),)),
        settings=settings,
    )
    (before,) = examine(BUCKETS, given, before_deploy=True)
    (now,) = of_buckets(given)
    assert says in before.what
    assert before.standing is (Standing.FAULT if stops else Standing.SOUND)
    assert now.standing is Standing.SOUND


def test_a_first_enforcement_names_what_it_closes_though_the_live_function_exempts_it() -> None:
    """One is enough to ask, and it is named apart from those that are merely reported."""
    given = facts(
        running=running(repairMode="report"),
        held=prospect("another", "shop"),
        found=prospect("another shop"),
    )
    (found,) = of_buckets(given)
    assert found.standing is Standing.FAULT
    assert found.what.startswith("2 buckets that are non-compliant")
    assert found.what.endswith("exempt until now: shop")
    # To be followed at once: the variable, and what becomes of its number by what else is advised.
    assert f"each of which makes the number one less; to close all of them set {EXPECT}=2" in (
        found.mend
    )


def test_going_back_to_report_names_what_stays_open_and_wants_no_number() -> None:
    """It is said in so many words in s.yaml, and is how somebody stops it."""
    given = facts(spec=REPORTING, held=prospect("shop"), found=prospect("shop"))
    (found,) = examine(BUCKETS, given, before_deploy=True)
    assert found.standing is Standing.SOUND
    assert "will be left open once this is deployed: shop, as nothing is closed then" in found.what


def test_live_exemptions_that_nobody_can_read_exempt_nothing_and_close_nothing() -> None:
    """The function repairs nothing with them, so that a deploy closes all that is found."""
    broken = Problem("the exemptions cannot be read (KeyError): deploy again")
    (found,) = of_buckets(facts(live_exemptions=broken, found=prospect("shop")))
    assert found.what.startswith("1 bucket that the live function leaves open will be closed")


@pytest.mark.parametrize(
    ("changed", "standing", "says"),
    [
        ({"rules": ()}, Standing.UNSEEN, "the rule is not known by its id"),
        (
            {"running": None, "rules": (rule(state="EVALUATING"),)},
            Standing.FAULT,
            "is not known: the rule is just evaluating",
        ),
        ({"exemptions": Problem("none.yaml: cannot be read: correct it")}, Standing.FAULT, "none"),
    ],
)
def test_what_is_not_known_is_not_counted(
    changed: dict[str, Any], standing: Standing, says: str
) -> None:
    """Without results or exemptions nobody knows how many it will be, and it stops."""
    (found,) = of_buckets(facts(**changed))
    assert found.standing is standing
    assert says in found.what


@pytest.mark.parametrize(
    ("live", "ours", "settings", "stops"),
    [
        ((HELD,), (HELD,), {}, ""),
        ((HELD,), (), {}, "exempts static-site"),
        ((HELD,), (), {EXPECT_DROP: "static-site"}, ""),
        ((HELD._replace(expires=date(2026, 5, 31)),), (), {}, ""),
        ((), (WIDE,), {}, "is new to the live code"),
        ((WIDE,), (WIDE,), {}, ""),
    ],
)
def test_a_deploy_drops_no_exemption_and_brings_none_too_wide(
    live: tuple[Exemption, ...],
    ours: tuple[Exemption, ...],
    settings: Mapping[str, str],
    stops: str,
) -> None:
    """Before a deploy that is a fault; as long as none is made, nothing is wrong with it."""
    given = facts(live_exemptions=Exemptions(live), exemptions=Exemptions(ours), settings=settings)
    assert said(given) == []
    found = said(given, before_deploy=True)
    assert [each.link for each in found] == ["exemptions"] * bool(stops)
    assert all(stops in each.what for each in found)


def test_live_exemptions_that_nobody_can_read_are_for_the_deploy_to_mend() -> None:
    """The function reads them no better, and repairs nothing: a deploy brings others."""
    given = facts(live_exemptions=Problem("the exemptions cannot be read (KeyError): deploy again"))
    (found,) = said(given)
    (before,) = said(given, before_deploy=True)
    assert (found.link, found.standing) == ("exemptions", Standing.FAULT)
    assert before.standing is Standing.NOT_YET


@pytest.mark.parametrize(("spec", "stops"), [(SPEC, True), (REPORTING, False)])
def test_a_pause_is_sound_and_a_deploy_that_ends_it_stops(spec: Any, stops: bool) -> None:
    """Nothing is wrong with it; what it makes differ, mode and pause, is not told either."""
    pause = Pause(datetime(2026, 5, 31, tzinfo=timezone.utc), "why", "enforce")
    told = unlike("function", environmentVariables__repairMode="report")
    given = facts(
        spec=spec,
        function=told.function,
        running=running(repairMode="report")._replace(pause=pause),
    )
    assert said(given) == []
    assert [each.link for each in said(given, before_deploy=True)] == ["function"] * stops
