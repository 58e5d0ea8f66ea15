"""What the doctor finds around the function and what provision would change are the same."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from alibabacloud_sls20201230 import models as log

from scripts.account.inventory import around
from scripts.account.resource import step_for
from scripts.decide.chain import Diagnosis, Standing
from scripts.decide.chain.model import PROVISION
from scripts.localcloud.cloud import Snapshot
from scripts.localcloud.config.channels import Channel
from scripts.localcloud.ram import policies
from tests.contract import doctor_helpers as spoil
from tests.contract.doctor_helpers import Plant, Scene, deployed

RISK = {"filterType": "RuleRiskLevel", "multiple": False}
MNS, ECS = "mns.aliyuncs.com", "ecs.aliyuncs.com"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Scene, Snapshot]]:
    """Everything provisioned and deployed, and the cloud as it is then."""
    with deployed(tmp_path_factory.mktemp("project")) as scene:
        yield scene, scene.cloud.snapshot()


@pytest.fixture
def scene(shared: tuple[Scene, Snapshot]) -> Scene:
    """The same, whatever was planted on it before."""
    scene, sound = shared
    scene.cloud.rollback(sound)
    return scene


def condition(*filters: dict[str, object]) -> Plant:
    """Our channel is given other filters."""
    return spoil.channel(condition=json.dumps(filters) if filters else "")


def theirs(**changed: object) -> Plant:
    """The channel is one that somebody else made."""
    return spoil.channel(name="theirs", description="theirs", **changed)


def second_channel(scene: Scene) -> None:
    """Our channel is off, and another one publishes the same findings."""
    spoil.channel(active=False)(scene)
    (ours,) = scene.cloud.config.channels()
    scene.cloud.config.create_channel(Channel(ours.target_arn, name="theirs"))


def trusts(*services: str, described: str = "") -> Plant:
    """The trigger's role lets others assume it too."""
    statement = {"Action": "sts:AssumeRole", "Effect": "Allow"}
    trust = policies.document({**statement, "Principal": {"Service": list(services)}})

    def plant(scene: Scene) -> None:
        role = scene.cloud.ram.role(spoil.trigger_role(scene.spec()))
        scene.cloud.ram.update_role(
            role.name,
            trust,
            description=described or role.description,
            max_session=role.max_session,
        )

    return plant


def retention(days: int) -> Plant:
    """The log store keeps logs for so long."""

    def plant(scene: Scene) -> None:
        logs = scene.spec().service.logs
        assert logs
        request = log.UpdateLogStoreRequest(logstore_name=logs.logstore, ttl=days)
        scene.clients.log.update_log_store(logs.project, logs.logstore, request)

    return plant


def renamed_topic(scene: Scene) -> None:
    """Our channel still leads to the topic that s.yaml named before."""
    scene.cloud.mns.create_topic(spoil.OTHER_TOPIC)
    (now,) = scene.cloud.config.channels()
    target = now.target_arn.replace(scene.spec().topic, spoil.OTHER_TOPIC)
    scene.cloud.config.update_channel(replace(now, target_arn=target))


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
        spoil.detached(spoil.trigger_role, "AliyunMNSNotificationRolePolicy"),
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
def test_they_agree(scene: Scene, name: str) -> None:
    """The doctor names every field that provision would change and no other."""
    plant, lost = STATES[name]
    plant(scene)
    steps = [step_for(resource) for resource in around(scene.spec(), scene.clients)]
    found = scene.look()

    planned = {(s.kind, s.name, each.field) for s in steps for each in s.differences}
    missing = [step.kind for step in steps if step.verdict == "create"]
    asked = [each for each in found if each.mend == PROVISION]
    assert told(found) == planned
    assert bool(asked) is bool(planned or missing)
    assert any(each.standing is Standing.FAULT for each in asked) is lost


def test_an_oversized_finding_s_bucket_is_compared(scene: Scene) -> None:
    """That s.yaml names a bucket for large findings, and the channel does not, is told."""
    spec = replace(scene.spec(), oversized_bucket="large")
    (found,) = scene.look(spec)
    assert found.link == "channel"
    assert found.standing is Standing.FAULT
    assert "has oversizedDataOSSTargetArn off, and provision makes that acs:oss:" in found.what


def test_filters_that_nobody_knows_are_told_and_left_alone(scene: Scene) -> None:
    """Whether findings pass them is not known here, so that provision changes nothing of it."""
    spoil.unknown_filters('[{"filterType": "Tag", "values": ["a"]}]')(scene)
    (found,) = scene.look()
    steps = [step_for(resource) for resource in around(scene.spec(), scene.clients)]

    assert (found.link, found.standing) == ("channel", Standing.UNSEEN)
    assert {step.verdict for step in steps} == {"keep"}
