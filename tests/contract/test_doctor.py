from types import SimpleNamespace

import pytest

from scripts import patience
from scripts.decide.chain import Standing
from scripts.decide.chain.model import APPLY, PROVISION
from scripts.localcloud.faults import Fail
from tests.account import QUEUE, Account
from tests.contract import spoil
from tests.contract.spoil import FUNCTION_ROLE, Plant, look
from tests.parts import EITHER, edit


@EITHER
def test_what_is_provisioned_and_deployed_is_sound(sound: Account) -> None:
    """With everything in place there is nothing to say."""
    assert look(sound) == []


# One a link: all that there is to say of it is in tests/unit/test_chain_links.py.
FAULTS: dict[str, tuple[Plant, str, str, str]] = {
    "topic": (
        spoil.small_topic_messages,
        "topic",
        "has maxMessageSize 2048, and provision makes that 65536",
        PROVISION,
    ),
    "trigger": (spoil.trigger(role=None), "trigger", "has no role", APPLY),
    "service": (
        spoil.service(role="aliyunfcdefaultrole"),
        "service",
        "was deployed with aliyunfcdefaultrole",
        APPLY,
    ),
    "function's role": (
        spoil.detached(FUNCTION_ROLE, "AliyunOSSFullAccess"),
        "function's role",
        "lacks the policy AliyunOSSFullAccess",
        APPLY,
    ),
    "function": (
        spoil.variable("prepareRuleId", "cr-another"),
        "function",
        "acts on findings of the rule cr-another",
        APPLY,
    ),
    "failure queue": (
        spoil.no_destination,
        "failure queue",
        "sends what it could not repair to nobody",
        APPLY,
    ),
    "logs": (spoil.service(logs=False), "logs", "logs are off", APPLY),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_named_with_what_mends_it(sound: Account, name: str) -> None:
    """Each fault is told at its link, alone, with a command; after that the chain is sound."""
    plant, link, says, mend = FAULTS[name]
    plant(sound)

    (found,) = [each for each in look(sound) if each.standing is Standing.FAULT]
    spoil.mend(sound) if found.mend == PROVISION else sound.deploy()

    assert found.link == link
    assert says in found.what
    assert found.mend.startswith(mend)
    assert look(sound) == []


def test_somebody_else_s_role_is_not_provision_s_to_mend(sound: Account) -> None:
    """A role of the trigger's name that is for something else is for its owner to change."""
    spoil.foreign_trigger_role(sound)
    (told,) = look(sound)

    assert (told.link, told.standing) == ("trigger's role", Standing.FAULT)
    assert "trusts fc.aliyuncs.com, and not mns.aliyuncs.com" in told.what
    assert told.mend.endswith("or let that one trust it too")


def test_messages_are_found_whatever_they_are(sound: Account) -> None:
    """No base64, received just now, or in a queue that tells no counts any more: each counts."""
    mns, queue = sound.cloud.mns, QUEUE
    mns.send(queue, "no base64: é")
    mns.tells_counts = False
    (found,) = look(sound)
    mns.tells_counts = True
    assert mns.receive(queue, count=1, wait=0)
    (hidden,) = look(sound)

    assert f"1 message waits in {queue}, for 0 min:" in found.what
    assert f"1 message waits in {queue}, just being received:" in hidden.what


def test_an_instance_of_another_managed_rule_is_named(sound: Account) -> None:
    """A rule of the right name that tests something else finds nothing of ours."""
    edit(sound.path, "ruleName: test-oss", "ruleName: other-oss")
    source = "oss-bucket-public-write-prohibited"
    sound.cloud.config.create_rule(sound.spec.rule_name, source)
    found = look(sound)

    assert any(each.link == "rule" and source in each.what for each in found)


def test_a_topic_in_another_region_is_named(sound: Account) -> None:
    """When s.yaml moves to another region, channel and trigger are told to be left behind."""
    edit(sound.path, "  region: cn-shanghai\n", "  region: cn-hangzhou\n")
    faults = look(sound)
    astray, in_the_way = [each for each in faults if each.link == "channel"]
    found = {each.link: each for each in faults}

    assert "findings go to acs:mns:cn-shanghai:" in astray.what
    assert astray.mend == PROVISION
    assert in_the_way.mend.startswith("rename that one")  # or provision would refuse
    assert "listens to acs:mns:cn-shanghai:" in found["trigger"].what
    assert found["trigger"].mend == APPLY


def test_throttling_is_waited_out(sound: Account) -> None:
    """A link that is throttled for a moment is looked at again, and not told as unseen."""
    throttled = Fail(429, "Throttling.User", "Request was denied due to user flow control.")
    sound.cloud.faults.add("config:ListConfigDeliveryChannels", throttled)
    assert look(sound) == []


def test_what_cannot_be_read_is_tried_once_for_all_links(
    sound: Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No link waits again for what another has waited for in vain, nor what stands on that."""
    monkeypatch.setattr(patience, "time", SimpleNamespace(sleep=lambda _: None, monotonic=float))
    throttled = Fail(429, "Throttling.User", "Request was denied due to user flow control.")
    sound.cloud.faults.add("fc:GetTrigger", throttled, times=6)  # as often as it is tried
    found = look(sound)

    assert [each.link for each in found] == ["subscription", "trigger"]
    assert {each.standing for each in found} == {Standing.UNSEEN}
    assert capsys.readouterr().err.count("trying again") == 5
    assert look(sound) == []


def test_cloud_config_switched_off_is_named(sound: Account) -> None:
    """Where nothing is recorded nothing is found, and that is told with what to do."""
    sound.cloud.config.recorder = "REGISTRABLE"
    (found,) = look(sound)

    assert (found.link, found.standing) == ("Cloud Config", Standing.FAULT)
    assert "activate it" in found.mend


@EITHER
def test_a_lost_subscription_is_named(sound: Account) -> None:
    """That nobody listens to the topic any more is told, and that it takes a trigger made anew."""
    spoil.no_subscription(sound)
    (found,) = look(sound)
    spoil.no_trigger(sound)
    sound.deploy()

    assert (found.link, found.standing) == ("subscription", Standing.FAULT)
    assert found.mend == APPLY
    assert look(sound) == []
