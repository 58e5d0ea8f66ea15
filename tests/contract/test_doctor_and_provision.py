"""What the doctor finds around the function and what provision would change are the same."""

import json
import re
from dataclasses import replace

import pytest

from scripts.account.inventory import around
from scripts.account.resource import step_for
from scripts.decide.chain import Diagnosis, Standing
from scripts.decide.chain.model import PROVISION
from scripts.localcloud.config.channels import Channel
from scripts.localcloud.ram import policies
from tests.account import ROLE, TOPIC, Account
from tests.contract import spoil
from tests.contract.spoil import Plant, look

RISK = {"filterType": "RuleRiskLevel", "multiple": False}
MNS, ECS = "mns.aliyuncs.com", "ecs.aliyuncs.com"


def condition(*filters: dict[str, object]) -> Plant:
    """Our channel is given other filters."""
    return spoil.channel(condition=json.dumps(filters) if filters else "")


def theirs(**changed: object) -> Plant:
    """The channel is one that somebody else made."""
    return spoil.channel(name="theirs", description="theirs", **changed)


def second_channel(account: Account) -> None:
    """Our channel is off, and another one publishes the same findings."""
    spoil.channel(active=False)(account)
    (ours,) = account.cloud.config.channels()
    account.cloud.config.create_channel(Channel(ours.target_arn, name="theirs"))


def trusts(*services: str, described: str = "") -> Plant:
    """The trigger's role lets others assume it too."""
    statement = {"Action": "sts:AssumeRole", "Effect": "Allow"}
    trust = policies.document({**statement, "Principal": {"Service": list(services)}})

    def plant(account: Account) -> None:
        role = account.cloud.ram.role(ROLE)
        role.trust, role.description = trust, described or role.description

    return plant


def retention(days: int) -> Plant:
    """The log store keeps logs for so long."""

    def plant(account: Account) -> None:
        account.cloud.log.update_store(account.log_project, spoil.STORE, {"ttl": days})

    return plant


def renamed_topic(account: Account) -> None:
    """Our channel still leads to the topic that s.yaml named before."""
    account.cloud.mns.create_topic(spoil.OTHER_TOPIC)
    account.change_channel(target_arn=account.topic_arn.replace(TOPIC, spoil.OTHER_TOPIC))


# What is planted, and whether findings, or the record of them, are lost by it.
STATES: dict[str, tuple[Plant, bool]] = {
    "nothing": (lambda _: None, False),
    "rule off": (spoil.inactive_rule, True),
    "no channel": (spoil.no_channel, True),
    "channel off": (spoil.channel(active=False), True),
    "channel off beside another": (second_channel, False),
    "channel without non-compliance": (spoil.channel(non_compliant_notification=False), True),
    "channel with more": (spoil.channel(also=("ConfigurationSnapshot",)), False),
    "channel without filters": (condition(), False),
    "channel with an unneeded filter": (condition(RISK | {"value": "3"}), False),
    "channel of high risks": (condition(RISK | {"value": "1"}), True),
    "channel to another topic": (renamed_topic, True),
    "their channel": (theirs(condition=""), False),
    "their channel, off": (theirs(active=False), True),
    "their channel of high risks": (theirs(condition=json.dumps(RISK | {"value": "1"})), True),
    "their channel with more": (theirs(also=("ConfigurationSnapshot",)), False),
    "no topic": (spoil.no_topic, True),
    "small messages": (spoil.small_topic_messages, True),
    "no queue": (spoil.no_queue, True),
    "short retention": (spoil.short_retention, True),
    "small messages in the queue": (spoil.small_queue_messages, True),
    "no trigger's role": (spoil.no_trigger_role, True),
    "trigger's role of others": (trusts(ECS), True),
    "trigger's role of others too": (trusts(ECS, MNS), False),
    "somebody's role": (trusts(ECS, MNS, described="theirs"), False),
    "role without its policy": (
        spoil.detached(ROLE, "AliyunMNSNotificationRolePolicy"),
        True,
    ),
    "no log store": (spoil.no_store, True),
    "logs for a day": (retention(1), True),
    "logs for ever": (retention(3650), False),
    "no index": (spoil.no_index, True),
    "no full text": (spoil.no_full_text, True),
    "no fields": (spoil.no_fields, True),
}


def told(found: list[Diagnosis]) -> set[tuple[str, str, str]]:
    """Kind, name and field of what the doctor says that provision would change."""
    changes = re.compile(
        r"^the ([a-z ]+) (\S+)(?: .*: it)? has (\w+) .*, and provision makes that "
    )
    return {match.groups() for each in found if (match := changes.match(each.what))}  # type: ignore[misc]


@pytest.mark.parametrize("name", STATES)
def test_they_agree(sound: Account, name: str) -> None:
    """The doctor names every field that provision would change and no other."""
    plant, lost = STATES[name]
    plant(sound)
    steps = [step_for(resource) for resource in around(sound.spec, sound.clients)]
    found = look(sound)

    planned = {(s.kind, s.name, each.field) for s in steps for each in s.differences}
    missing = [step.kind for step in steps if step.verdict == "create"]
    asked = [each for each in found if each.mend.endswith(PROVISION)]
    assert told(found) == planned
    assert bool(asked) is bool(planned or missing)
    assert any(each.standing is Standing.FAULT for each in asked) is lost


def test_an_oversized_finding_s_bucket_is_compared(sound: Account) -> None:
    """That s.yaml names a bucket for large findings, and the channel does not, is told."""
    spec = replace(sound.spec, oversized_bucket="large")
    (found,) = look(sound, spec)
    assert found.link == "channel"
    assert found.standing is Standing.FAULT
    assert "has oversizedDataOSSTargetArn off, and provision makes that acs:oss:" in found.what


def test_filters_that_nobody_knows_are_told_and_left_alone(sound: Account) -> None:
    """Whether findings pass them is not known here, so that provision changes nothing of it."""
    spoil.unknown_filters('[{"filterType": "Tag", "values": ["a"]}]')(sound)
    (found,) = look(sound)
    steps = [step_for(resource) for resource in around(sound.spec, sound.clients)]

    assert (found.link, found.standing) == ("channel", Standing.UNSEEN)
    assert {step.verdict for step in steps} == {"keep"}
