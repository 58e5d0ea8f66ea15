"""A second remediator: Cloud Config's own, on the findings that ours are."""

import json

import pytest
from alibabacloud_config20200907 import models

from scripts.decide.chain import Standing
from scripts.verbs.pause import VERB
from tests.account import Account
from tests.contract.spoil import look

PUT_ACL = "ACS-OSS-PutBucketAcl"


def remedy(account: Account, *, invoked: str = "AUTO_EXECUTION", template: str = PUT_ACL) -> None:
    """The documentation's own example for our rule, made in the console."""
    request = models.CreateRemediationRequest(
        config_rule_id=account.rule_id,
        invoke_type=invoked,
        remediation_template_id=template,
        remediation_type="OOS",
        params="{}",
    )
    account.clients.config.create_remediation(request)
    account.clients.memory.act()


def test_the_doctor_sees_that_cloud_config_closes_buckets_too(sound: Account) -> None:
    """Whatever mode, pause and exemptions say, so that nothing here can be promised."""
    assert look(sound) == []
    remedy(sound)
    (told,) = look(sound)
    assert (told.link, told.standing) == ("who else acts", Standing.FAULT)
    assert PUT_ACL in told.what
    assert sound.rule_id in told.what
    (before,) = look(sound, before_deploy=True)
    assert before.standing is Standing.NOT_YET  # no reason to stop a deploy


@pytest.mark.parametrize("invoked", ["MANUAL_EXECUTION", "NON_EXECUTION"])
def test_one_that_waits_for_a_person_is_no_fault(sound: Account, invoked: str) -> None:
    """Whoever starts it by hand knows what he does."""
    remedy(sound, invoked=invoked)
    assert look(sound) == []


@pytest.mark.parametrize(
    ("verb", "arguments"), [("pause", ()), ("status", ()), ("provision", ("--dry-run",))]
)
def test_verbs_say_what_their_promise_is_worth_then(
    sound: Account, capsys: pytest.CaptureFixture[str], verb: str, arguments: tuple[str, ...]
) -> None:
    """A pause above all: what it stops is the function alone."""
    remedy(sound)
    sound.run(verb, *arguments)
    assert "itself changes buckets on these findings, whatever mode, pause" in " ".join(
        "".join(capsys.readouterr()).split()
    )


def test_a_pause_holds_where_that_may_not_be_read(
    sound: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is told that nobody knows, and nothing else is changed by it."""
    may = [each for each in VERB.permissions if each.action != "config:ListRemediations"]
    assert sound.run("pause", "--json", may=may) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["acting_beside"] is None
    assert '"Action": "config:ListRemediations"' in said.err
