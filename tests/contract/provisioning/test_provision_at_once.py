"""Provision beside another provision, and beside a deploy: both end well, and nothing is twice."""

from typing import Any

import pytest

from scripts.declared.dotenv import environment
from tests import parts
from tests.account import Account
from tests.contract.provisioning.test_provision_bad_days import WRITES
from tests.parts import overtaken, sampled

WEBHOOK = "https://hooks.example.com/a"


@pytest.mark.parametrize("held", sampled(WRITES, "log:CreateIndex", "config:CreateConfigRule"))
def test_two_provisions_make_each_thing_once(
    account: Account, made: dict[str, Any], held: str
) -> None:
    """Whichever thing one is about to make when the other makes all, both say that all is there."""

    def provision() -> int:
        return account.run("provision", "--yes")

    assert overtaken(account.cloud, held, 0, provision, provision) == (0, 0)
    assert account.state() == made
    assert environment(account.env, {})["PREPARE_RULE_ID"] == account.rule_id
    before = len(account.writes())
    assert provision() == 0
    assert len(account.writes()) == before


@pytest.mark.parametrize(
    "held", sampled(["log:CreateAlert", "log:CreateResourceRecord"], "log:CreateAlert")
)
def test_two_provisions_make_each_alert_once(account: Account, held: str) -> None:
    """It is so of who is woken, too."""

    def provision() -> int:
        return account.run("provision", "--yes", ALERT_WEBHOOK=WEBHOOK)

    assert overtaken(account.cloud, held, 0, provision, provision) == (0, 0)
    before = len(account.writes())
    assert provision() == 0
    assert len(account.writes()) == before


@pytest.mark.parametrize(
    "held",
    sampled(
        ["ram:CreatePolicy", "ram:CreateRole", "ram:AttachPolicyToRole"],
        "ram:CreateRole",
    ),
)
def test_a_provision_and_a_deploy_at_once_come_to_the_same(provisioned: Account, held: str) -> None:
    """What provision is making the deploy waits for or refuses for want of; then both are done."""
    parts.least_privilege(provisioned.path)

    def provision() -> int:
        return provisioned.run("provision", "--yes")

    def apply() -> int:
        return provisioned.run("apply", "--yes")

    first, second = overtaken(provisioned.cloud, held, 0, provision, apply)
    assert first == 0
    assert second in (0, 1)
    assert apply() == 0
    before = len(provisioned.writes())
    assert (provision(), apply()) == (0, 0)
    assert len(provisioned.writes()) == before
