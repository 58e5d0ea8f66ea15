"""What a delivery channel's condition does to our findings, whatever it is."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.account.channel_filter import BUCKETS_ONLY, canonical, lets_through, widened
from scripts.account.rule import RESOURCE_TYPE

RISKS = st.integers(1, 3)
TYPES = {"filterType": "ResourceType", "multiple": True}
RISK = {"filterType": "RuleRiskLevel", "multiple": False}

NAMES = st.sampled_from(["filterType", "values", "value", "multiple", "operator"]) | st.text(
    max_size=3
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-1, 4)
    | st.floats()
    | st.sampled_from(["ResourceType", "RuleRiskLevel", RESOURCE_TYPE, "1", "2", "3"])
    | st.text(max_size=3)
)
ANYTHING = st.recursive(
    SCALARS, lambda some: st.lists(some, max_size=3) | st.dictionaries(NAMES, some, max_size=4)
)
CONDITIONS = ANYTHING.map(json.dumps) | st.text() | st.just("[" * 100_000)


@pytest.mark.parametrize(
    ("condition", "passing"),
    [
        (RISK | {"value": "2"}, {1, 2}),
        ([RISK | {"value": 1}], {1}),
        (TYPES | {"values": [RESOURCE_TYPE, "ACS::ECS::Disk"]}, {1, 2, 3}),
        ([TYPES | {"values": []}], set()),
        ([RISK | {"value": "2"}, TYPES | {"values": [RESOURCE_TYPE]}], {1, 2}),
    ],
)
def test_documented_filters_pass_what_they_say(condition: Any, passing: set[int]) -> None:
    """One filter alone counts as a list of one; all must let a finding pass."""
    text = json.dumps(condition)
    assert {risk for risk in (1, 2, 3) if lets_through(text, risk)} == passing
    assert all(lets_through(text, risk) is not None for risk in (1, 2, 3))


@pytest.mark.parametrize(
    "condition",
    [
        [{"filterType": "Tag", "values": ["a"]}],
        [{"filterType": "ResourceType", "values": [RESOURCE_TYPE], "operator": "NotIn"}],
        [{"filterType": "ResourceType", "value": RESOURCE_TYPE}],
        [{"filterType": "RuleRiskLevel", "value": "high"}],
        [{"filterType": ["ResourceType"], "values": [RESOURCE_TYPE]}],
        [{"values": [RESOURCE_TYPE]}],
        ["ResourceType"],
        7,
        "[]",
    ],
)
def test_filters_of_another_form_are_not_judged_nor_touched(condition: Any) -> None:
    """Who knows what passes a filter that is not documented: it stays as it is."""
    text = json.dumps(condition)
    assert lets_through(text, 2) is None
    assert widened(text, 2) == text


def test_a_filter_that_is_known_to_hold_back_is_enough() -> None:
    """Beside a filter that nobody knows, one that holds findings back is told and widened."""
    unknown = {"filterType": "Tag"}
    text = json.dumps([unknown, RISK | {"value": "1"}])
    assert lets_through(text, 2) is False
    assert json.loads(widened(text, 2)) == [unknown, RISK | {"value": "2"}]


@given(condition=CONDITIONS, risk=RISKS)
def test_whatever_the_condition_is_there_is_an_answer(condition: str, risk: int) -> None:
    """No condition is a traceback; once widened none is known to hold our findings back."""
    wide = widened(condition, risk)
    assert lets_through(wide, risk) is not False
    assert widened(wide, risk) == wide
    if lets_through(condition, risk) is not False:
        assert wide == condition
    assert canonical(canonical(condition)) == canonical(condition)


def test_no_condition_and_ours_let_findings_pass() -> None:
    """Without filters everything passes; with the one that provision makes, buckets do."""
    assert lets_through("", 3)
    assert lets_through(BUCKETS_ONLY, 3)
    assert canonical("") == canonical("[]") == ""
