"""What is read of the things around the function, beyond what provision's tests show."""

import json

import pytest

from scripts.account.inventory import Channel, Queue, Rule
from scripts.account.recorder import recorder
from scripts.account.topic import topics
from scripts.localcloud.config.channels import Channel as LiveChannel
from tests.account import QUEUE, RULE, TOPIC, Account
from tests.contract.spoil import MANAGED


def test_nothing_is_found_where_nothing_is(account: Account) -> None:
    """Of an empty account each reader says that there is none."""
    spec, clients = account.spec, account.clients
    assert Rule(spec, clients).found() is None
    assert Channel(spec, clients).found() is None
    assert Queue(QUEUE, clients).found() is None
    assert Queue(QUEUE, clients).holds() == 0


def test_a_rule_is_told_with_its_state(account: Account) -> None:
    """A rule found by its name has its id, what it applies, its risk, and whether it works."""
    made = account.cloud.config.create_rule(RULE, MANAGED, risk_level=3)
    account.cloud.config.switch_rule(made.id, active=False)
    found = Rule(account.spec, account.clients).found()
    assert found
    assert (found.id, found.source, found.risk_level) == (made.id, MANAGED, 3)
    assert (found.state, found.at_work, found.marked) == ("INACTIVE", False, False)


@pytest.mark.parametrize(
    ("condition", "passing"),
    [
        ([], {1, 2, 3}),
        ([{"filterType": "RuleRiskLevel", "value": "2"}], {1, 2}),
        ([{"filterType": "ResourceType", "values": ["ACS::OSS::Bucket"]}], {1, 2, 3}),
        ([{"filterType": "ResourceType", "values": ["ACS::ECS::Instance"]}], set()),
    ],
)
def test_a_channel_tells_what_it_lets_through(
    account: Account, condition: list[dict[str, object]], passing: set[int]
) -> None:
    """What a channel's filters do to findings of each risk is as Cloud Config does it."""
    account.cloud.mns.create_topic(TOPIC)
    text = json.dumps(condition) if condition else ""
    account.cloud.config.create_channel(LiveChannel(account.topic_arn, condition=text))
    found = Channel(account.spec, account.clients).found()
    assert found
    assert {risk for risk in (1, 2, 3) if found.lets_through(risk)} == passing


def test_of_several_channels_ours_is_meant_then_one_that_works(account: Account) -> None:
    """Several may lead to the topic: the one that provision made, else one that delivers."""
    account.cloud.mns.create_topic(TOPIC)
    config, spec = account.cloud.config, account.spec
    config.create_channel(LiveChannel(account.topic_arn, name="off", active=False))
    config.create_channel(LiveChannel(account.topic_arn, name="on"))
    found = Channel(spec, account.clients).found()
    assert found
    assert found.name == "on"
    Channel(spec, account.clients).create()
    found = Channel(spec, account.clients).found()
    assert found
    assert (found.name, found.marked) == ("resource-repair", True)


def test_hidden_and_delayed_messages_wait_too(account: Account) -> None:
    """A queue's count has all that is in it, whether it can be received now or not."""
    mns = account.cloud.mns
    mns.create_queue(QUEUE)
    mns.send(QUEUE, "seen")
    mns.receive(QUEUE)
    mns.send(QUEUE, "later", delay=60)
    mns.send(QUEUE, "now")
    found = Queue(QUEUE, account.clients).found()
    assert found
    assert found.waiting == 3


def test_messages_are_seen_that_are_not_counted(account: Account) -> None:
    """Where MNS tells no counts any more, what can be received is still known to wait."""
    account.cloud.mns.create_queue(QUEUE)
    account.cloud.mns.send(QUEUE, "now")
    account.cloud.mns.tells_counts = False
    try:
        assert Queue(QUEUE, account.clients).holds() == 1
    finally:
        account.cloud.mns.tells_counts = True


def test_topics_are_listed_to_the_last_page(account: Account) -> None:
    """More topics than a page has are all told."""
    for number in range(60):
        account.cloud.mns.create_topic(f"topic-{number}")
    assert len(list(topics(account.clients))) == 60


def test_cloud_config_tells_whether_it_is_on(account: Account) -> None:
    """Off and on are told apart, and just being switched on is neither an obstacle nor on."""
    clients = account.clients
    assert recorder(clients).obstacle() == ""
    account.cloud.config.recorder = "BUILDING"
    assert (recorder(clients).building, recorder(clients).obstacle()) == (True, "")
