"""What verify tells of a plan of apply: a value of values."""

from datetime import datetime, timezone

from scripts.account.deploy_plan import Difference, Plan, Step, Verdict
from scripts.account.deployed_function import Pause
from scripts.decide.drift import Drift, comparison
from tests.unit.chain_facts import ACCOUNT, SPEC

NAME = SPEC.function.name
MODE, PAUSED = "environmentVariables.repairMode", "environmentVariables.paused"
PAUSE = Pause(datetime(2026, 6, 1, tzinfo=timezone.utc), "why", "enforce")


def planned(*differences: Difference) -> Plan:
    """A plan that makes the trigger, and changes the function so."""
    steps = (
        Step(Verdict.KEEP, "role", "r", (), lambda: None),
        Step(Verdict.CHANGE, "function", NAME, differences, lambda: None),
        Step(Verdict.CREATE, "trigger", "t", (), lambda: None),
    )
    return Plan(ACCOUNT, SPEC.region, steps)


def test_it_is_what_apply_would_do() -> None:
    """All that was compared, each field that differs, and what is not there at all."""
    found = comparison(planned(Difference("timeout", "1", "60")), None, SPEC)
    assert found.compared == (("role", "r"), ("function", NAME), ("trigger", "t"))
    assert found.drift == (
        Drift("function", NAME, "timeout", "1", "60"),
        Drift("trigger", "t", "is there", "no", "yes"),
    )


def test_a_pause_is_none_but_the_mode_before_it_counts() -> None:
    """What a pause makes differ is meant; what it goes back to is compared all the same."""
    plan = planned(Difference(MODE, "report", "enforce"), Difference(PAUSED, "{}", ""))
    there = Drift("trigger", "t", "is there", "no", "yes")
    assert comparison(plan, PAUSE, SPEC).drift == (there,)
    other = Drift("function", NAME, MODE, "off, once resumed", "enforce")
    assert comparison(plan, PAUSE._replace(mode_before="off"), SPEC).drift == (there, other)
