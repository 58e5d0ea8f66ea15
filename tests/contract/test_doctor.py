import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scripts.decide.chain import Standing
from scripts.decide.chain.model import APPLY, DEPLOY, PROVISION
from scripts.localcloud.faults import Fail
from tests.contract import apply_helpers
from tests.contract import doctor_helpers as spoil
from tests.contract.doctor_helpers import Plant, Scene, deployed

OTHER_RULE = "another-rule"


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Everything provisioned and deployed; a test leaves it as it found it."""
    with deployed(tmp_path_factory.mktemp("project")) as scene:
        yield scene


def test_what_is_provisioned_and_deployed_is_sound(scene: Scene) -> None:
    """With everything in place there is nothing to say."""
    assert scene.look() == []


FAULTS: dict[str, tuple[Plant, str, str, str]] = {
    "rule switched off": (spoil.inactive_rule, "rule", "is INACTIVE", PROVISION),
    "no channel": (spoil.no_channel, "channel", "no delivery channel publishes", PROVISION),
    "channel off": (spoil.channel(active=False), "channel", "is switched off", PROVISION),
    "channel without non-compliance": (
        spoil.channel(non_compliant_notification=False),
        "channel",
        "does not send non-compliance",
        PROVISION,
    ),
    "channel for higher risks": (
        spoil.channel(condition='[{"filterType": "RuleRiskLevel", "value": "1"}]'),
        "channel",
        "filters away findings about buckets of the rule's risk level, 2",
        PROVISION,
    ),
    "channel for other resources": (
        spoil.channel(condition='[{"filterType": "ResourceType", "values": ["ACS::ECS::Disk"]}]'),
        "channel",
        "filters away findings",
        PROVISION,
    ),
    "trigger of another topic": (
        spoil.trigger(role="declared", topic=spoil.OTHER_TOPIC),
        "trigger",
        f"/topics/{spoil.OTHER_TOPIC}, and s.yaml names",
        APPLY,
    ),
    "trigger without a role": (spoil.trigger(role=None), "trigger", "has no role", APPLY),
    "trigger with a role's bare name": (
        spoil.trigger(role="AliyunMNSNotificationRole"),
        "trigger",
        "has the bare name",
        APPLY,
    ),
    "no trigger": (spoil.no_trigger, "trigger", "there is no trigger", DEPLOY),
    "no trigger's role": (
        spoil.no_trigger_role,
        "trigger's role",
        "there is no role",
        PROVISION,
    ),
    "trigger's role of another trust": (
        spoil.trust(spoil.trigger_role, "fc.aliyuncs.com"),
        "trigger's role",
        "trusts fc.aliyuncs.com, and not mns.aliyuncs.com",
        PROVISION,
    ),
    "trigger's role without its policy": (
        spoil.detached(spoil.trigger_role, "AliyunMNSNotificationRolePolicy"),
        "trigger's role",
        "lacks AliyunMNSNotificationRolePolicy",
        PROVISION,
    ),
    "the client's own role": (
        spoil.service(role="aliyunfcdefaultrole"),
        "service",
        "was deployed with aliyunfcdefaultrole",
        APPLY,
    ),
    "another role": (spoil.service(role="somebody"), "service", "role/somebody, and", DEPLOY),
    "function's role of another trust": (
        spoil.trust(spoil.service_role, "ecs.aliyuncs.com"),
        "function's role",
        "is not for Function Compute alone",
        DEPLOY,
    ),
    "function's role without a policy": (
        spoil.detached(spoil.service_role, "AliyunOSSFullAccess"),
        "function's role",
        "lacks the policy AliyunOSSFullAccess",
        DEPLOY,
    ),
    "function for another rule": (
        spoil.variable("prepareRuleId", "cr-another"),
        "function",
        "acts on findings of the rule cr-another",
        DEPLOY,
    ),
    "no failure destination": (
        spoil.no_destination,
        "failure queue",
        "sends what it could not repair to nobody",
        DEPLOY,
    ),
    "no failure queue": (spoil.no_queue, "failure queue", "there is no queue", PROVISION),
    "short retention": (
        spoil.short_retention,
        "failure queue",
        "keeps a message 4 d, and not 7 d",
        PROVISION,
    ),
    "logs off": (spoil.service(logs=False), "logs", "logs are off", DEPLOY),
    "no log store": (spoil.no_store, "logs", "there is no log store", PROVISION),
    "small messages": (
        spoil.small_topic_messages,
        "topic",
        "has maxMessageSize 2048, and provision makes that 65536",
        PROVISION,
    ),
    "small messages in the queue": (
        spoil.small_queue_messages,
        "failure queue",
        "takes no message above 2048 bytes",
        PROVISION,
    ),
    "no full text": (spoil.no_full_text, "logs", "has fullText off", PROVISION),
    "no fields": (spoil.no_fields, "logs", "has fields off", PROVISION),
    "no index": (spoil.no_index, "logs", "there is no log index", PROVISION),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_named_with_what_mends_it(scene: Scene, name: str) -> None:
    """Each fault is told at its link, alone, with a command; after that the chain is sound."""
    plant, link, says, mend = FAULTS[name]
    plant(scene)

    (found,) = [each for each in scene.look() if each.standing is Standing.FAULT]
    scene.provision() if found.mend == PROVISION else scene.deploy()

    assert found.link == link
    assert says in found.what
    assert found.mend.startswith(mend)
    assert scene.look() == []


def test_a_lost_topic_is_named(scene: Scene) -> None:
    """Without the topic neither it nor the subscription is there, though the trigger still is."""
    spoil.no_topic(scene)
    found = scene.look()
    scene.provision()
    spoil.no_trigger(scene)
    scene.deploy()

    assert [each.link for each in found] == ["topic", "subscription"]
    assert {each.mend for each in found} == {PROVISION}


def test_somebody_else_s_role_is_not_provision_s_to_mend(scene: Scene) -> None:
    """A role of the trigger's name that is for something else is for its owner to change."""
    spoil.foreign_trigger_role(scene)
    found = scene.look()
    spoil.no_trigger_role(scene)
    scene.provision()

    (told,) = found
    assert (told.link, told.standing) == ("trigger's role", Standing.FAULT)
    assert "trusts fc.aliyuncs.com, and not mns.aliyuncs.com" in told.what
    assert told.mend.endswith("or let that one trust it too")


def test_messages_that_wait_are_told_with_their_age(scene: Scene) -> None:
    """What lies in the failure queue is counted, its age is that of the oldest, if it is seen."""
    spoil.waiting(days=3, messages=1)(scene)
    spoil.waiting(days=1, messages=1)(scene)
    (found,) = scene.look()
    queue = str(scene.spec().failure_queue)
    received = scene.cloud.mns.receive(queue, count=2, wait=0)
    (hidden,) = scene.look()
    for message in received:
        scene.cloud.mns.delete_message(queue, message.receipt_handle)

    assert (found.link, found.standing) == ("failure queue", Standing.FAULT)
    assert f"2 messages wait in {queue}, for 3 d:" in found.what
    assert "2 messages wait" in hidden.what
    assert "just being received" in hidden.what
    assert scene.look() == []


def test_messages_are_found_whatever_they_are(scene: Scene) -> None:
    """A message that is no base64 counts, also where the queue tells no counts any more."""
    mns, queue = scene.cloud.mns, str(scene.spec().failure_queue)
    mns.send(queue, "no base64: é")
    mns.tells_counts = False
    (found,) = scene.look()
    mns.tells_counts = True
    (message,) = mns.receive(queue, count=1, wait=0)
    mns.delete_message(queue, message.receipt_handle)

    assert f"1 messages wait in {queue}, for 0 min:" in found.what


@pytest.mark.parametrize(
    ("rule_id", "says"),
    [
        ("", "is not set"),
        ("test-oss-bucket-public-read-prohibited", "a rule's name, perhaps?"),
        ("cr-0123456789", "cr-0123456789 is none of this account's"),
        ("{other}", f"the id of another rule ({OTHER_RULE})"),
        ("{own},cr-0123456789", "cr-0123456789 is none of this account's"),
    ],
)
def test_a_wrong_rule_id_is_named(scene: Scene, rule_id: str, says: str) -> None:
    """No id, a name for it, or another rule's: the id that is meant is told."""
    other = scene.cloud.config.create_rule(OTHER_RULE, "oss-bucket-public-write-prohibited")
    wrong = rule_id.format(other=other.id, own=scene.rule_id)
    found = scene.look(scene.spec(wrong))
    scene.cloud.config.delete_rule(other.id)

    (fault,) = [each for each in found if each.link == "rule"]
    assert says in fault.what
    assert scene.rule_id in fault.mend or "correct PREPARE_RULE_ID" in fault.mend


def test_an_instance_of_another_managed_rule_is_named(scene: Scene, tmp_path: Path) -> None:
    """A rule of the right name that tests something else finds nothing of ours."""
    path = Path(shutil.copy(scene.path, tmp_path))
    apply_helpers.edit(path, "ruleName: test-oss", "ruleName: other-oss")
    source = "oss-bucket-public-write-prohibited"
    name = apply_helpers.read(path, scene.cloud).rule_name
    rule = scene.cloud.config.create_rule(name, source)
    found = scene.look(apply_helpers.read(path, scene.cloud))
    scene.cloud.config.delete_rule(rule.id)

    assert any(each.link == "rule" and source in each.what for each in found)


@pytest.mark.parametrize(
    ("source", "active", "says"),
    [
        ("oss-bucket-public-write-prohibited", True, "is an instance of"),
        ("oss-bucket-public-read-prohibited", False, "is INACTIVE"),
    ],
)
def test_an_unfit_rule_beside_the_right_one_is_named(
    scene: Scene, source: str, active: bool, says: str
) -> None:
    """Every id that the function waits for is that of a fit rule at work, or it is told."""
    rule = scene.cloud.config.create_rule(OTHER_RULE, source)
    scene.cloud.config.switch_rule(rule.id, active=active)
    found = scene.look(scene.spec(f"{scene.rule_id},{rule.id}"))
    scene.cloud.config.delete_rule(rule.id)

    (told,) = [each for each in found if each.link == "rule"]
    assert told.standing is Standing.FAULT
    assert f"{rule.id}: {OTHER_RULE} {says}" in told.what


def test_a_topic_in_another_region_is_named(scene: Scene, tmp_path: Path) -> None:
    """When s.yaml moves to another region, channel and trigger are told to be left behind."""
    path = Path(shutil.copy(scene.path, tmp_path))
    apply_helpers.edit(path, "  region: cn-shanghai\n", "  region: cn-hangzhou\n")
    faults = scene.look(apply_helpers.read(path, scene.cloud))
    astray, in_the_way = [each for each in faults if each.link == "channel"]
    found = {each.link: each for each in faults}

    assert "findings go to acs:mns:cn-shanghai:" in astray.what
    assert astray.mend == PROVISION
    assert in_the_way.mend.startswith("rename that one")  # or provision would refuse
    assert "listens to acs:mns:cn-shanghai:" in found["trigger"].what
    assert found["trigger"].mend == APPLY


@pytest.mark.parametrize(
    "settings",
    [
        {"AccountID": "1000000000000001"},
        {
            "s_default_enable_fc_endpoint": "true",
            "s_default_fc_endpoint": "https://1000000000000001.cn-shanghai.fc.aliyuncs.com",
        },
    ],
)
def test_credentials_of_another_account_are_named(scene: Scene, settings: dict[str, str]) -> None:
    """That the client would deploy to another account than is looked at is told, with both."""
    (found,) = scene.look(**settings)

    assert (found.link, found.standing) == ("credentials", Standing.FAULT)
    assert "1000000000000001" in found.what
    assert scene.cloud.account_id in found.what


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (403, "AccessDenied", "FC service is not enabled for current user."),
        (400, "InvalidArgument", "Function Compute 2.0 is no longer open to new users"),
    ],
)
def test_services_not_to_be_had_are_named(
    scene: Scene, status: int, code: str, message: str
) -> None:
    """An account that cannot have services is told so, and not to look for a permission."""
    scene.cloud.faults.add("fc:GetService", Fail(status, code, message))
    found = {each.link: each for each in scene.look()}

    assert found["service"].standing is Standing.FAULT
    assert "cannot have services (Function Compute 2.0)" in found["service"].what
    assert "ask Alibaba Cloud" in found["service"].mend
    assert "Effect" not in found["logs"].mend


def test_throttling_is_waited_out(scene: Scene) -> None:
    """A link that is throttled for a moment is looked at again, and not told as unseen."""
    throttled = Fail(429, "Throttling.User", "Request was denied due to user flow control.")
    scene.cloud.faults.add("config:ListConfigDeliveryChannels", throttled)
    assert scene.look() == []


def test_cloud_config_switched_off_is_named(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing is recorded nothing is found, and that is told with what to do."""
    monkeypatch.setattr(scene.cloud.config, "recorder", "REGISTRABLE")
    (found,) = scene.look()

    assert (found.link, found.standing) == ("Cloud Config", Standing.FAULT)
    assert "activate it" in found.mend


@pytest.mark.parametrize(
    ("plant", "mend", "goes_on"),
    [
        (spoil.service(logs=False), Scene.deploy, True),
        (spoil.variable("repairMode", "report"), Scene.deploy, True),
        (spoil.service(role="aliyunfcdefaultrole"), Scene.deploy, False),
        (spoil.trigger(role=None), Scene.deploy, False),
        (spoil.no_index, Scene.provision, False),
    ],
)
def test_before_a_deploy_what_it_mends_is_no_fault(
    scene: Scene, plant: Plant, mend: Callable[[Scene], None], goes_on: bool
) -> None:
    """A deploy is not stopped by what it puts right itself, and is by everything else."""
    plant(scene)
    faults = [each for each in scene.look(before_deploy=True) if each.standing is Standing.FAULT]
    mend(scene)

    assert (faults == []) is goes_on
