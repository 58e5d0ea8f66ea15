"""MNS's management calls as the SDK (alibabacloud_mns_open20220119) makes them, over HTTP."""

from collections.abc import Callable, Iterator

import pytest
from alibabacloud_mns_open20220119 import models
from alibabacloud_mns_open20220119.client import Client
from alibabacloud_tea_openapi.exceptions import ClientException

from scripts.localcloud import LocalCloud
from scripts.localcloud.mns.delivery import BACKOFF_RETRY, EXPONENTIAL_DECAY_RETRY
from scripts.localcloud.mns.queue import QueueAttributes
from scripts.localcloud.mns.state import TopicAttributes
from scripts.localcloud.ram import policies
from scripts.localcloud.ram.state import Credentials, Policy, Role
from tests.contract.rpc import signing

TOPIC, QUEUE = "MNSTestConfig", "repair-failures"


@pytest.fixture
def cloud() -> Iterator[LocalCloud]:
    """A cloud of the test's own."""
    with LocalCloud() as running:
        yield running


@pytest.fixture
def client(cloud: LocalCloud) -> Client:
    """The SDK with the account's own key."""
    return connect(cloud, cloud.credentials)


def connect(cloud: LocalCloud, credentials: Credentials) -> Client:
    """The SDK's client for these credentials."""
    return Client(signing(cloud.endpoints.mns, credentials, region_id=cloud.region))


def test_a_topic_is_made_changed_and_deleted(cloud: LocalCloud, client: Client) -> None:
    """What a topic was told is what the state holds and the attributes say."""
    made = client.create_topic(models.CreateTopicRequest(topic_name=TOPIC, max_message_size=2048))
    assert (made.status_code, made.body.success) == (200, True)
    assert cloud.mns.topic(TOPIC).attributes == TopicAttributes(maximum_message_size=2048)
    client.set_topic_attributes(
        models.SetTopicAttributesRequest(topic_name=TOPIC, enable_logging=True)
    )
    data = client.get_topic_attributes(models.GetTopicAttributesRequest(topic_name=TOPIC)).body.data
    assert (data.topic_name, data.max_message_size, data.logging_enabled) == (TOPIC, 2048, True)
    client.delete_topic(models.DeleteTopicRequest(topic_name=TOPIC))
    assert cloud.mns.topics() == []


def test_a_queue_is_made_changed_and_deleted(cloud: LocalCloud, client: Client) -> None:
    """What a queue was told is what the state holds and the attributes say."""
    client.create_queue(
        models.CreateQueueRequest(queue_name=QUEUE, message_retention_period=604800)
    )
    assert cloud.mns.queue(QUEUE)[0].attributes == QueueAttributes(message_retention_period=604800)
    client.set_queue_attributes(
        models.SetQueueAttributesRequest(queue_name=QUEUE, visibility_timeout=60)
    )
    cloud.mns.send(QUEUE, "body")
    data = client.get_queue_attributes(models.GetQueueAttributesRequest(queue_name=QUEUE)).body.data
    assert (data.message_retention_period, data.visibility_timeout) == (604800, 60)
    assert (data.active_messages, data.inactive_messages, data.delay_messages) == (1, 0, 0)
    client.delete_queue(models.DeleteQueueRequest(queue_name=QUEUE))
    assert cloud.mns.queues() == []


def test_lists_come_in_pages(cloud: LocalCloud, client: Client) -> None:
    """Pages of ten show each name once; a name asked for shows only its like."""
    for number in range(12):
        cloud.mns.create_topic(f"t-{number:02}")
        cloud.mns.create_queue(f"q-{number:02}")
    pages = [client.list_topic(models.ListTopicRequest(page_num=page)).body.data for page in (1, 2)]
    assert [len(page.page_data) for page in pages] == [10, 2]
    assert [topic.topic_name for page in pages for topic in page.page_data] == cloud.mns.topics()
    assert pages[0].total == 12
    queues = client.list_queue(models.ListQueueRequest(queue_name="q-1", page_size=50)).body.data
    assert [queue.queue_name for queue in queues.page_data] == ["q-10", "q-11"]


def test_subscriptions_of_triggers_and_endpoints_are_listed_together(
    cloud: LocalCloud, client: Client
) -> None:
    """A subscription made by the SDK keeps its attributes, and stands beside a trigger's."""
    cloud.mns.create_topic(TOPIC)
    cloud.mns.subscribe(TOPIC, "a-trigger", strategy=BACKOFF_RETRY, push=lambda _: True)
    client.subscribe(
        models.SubscribeRequest(
            topic_name=TOPIC,
            subscription_name="mine",
            push_type="http",
            endpoint="http://203.0.113.1/",
            notify_strategy=EXPONENTIAL_DECAY_RETRY,
            message_tag="oss",
        )
    )
    data = client.get_subscription_attributes(
        models.GetSubscriptionAttributesRequest(topic_name=TOPIC, subscription_name="mine")
    ).body.data
    assert (data.endpoint, data.filter_tag) == ("http://203.0.113.1/", "oss")
    assert (data.notify_strategy, data.notify_content_format) == (EXPONENTIAL_DECAY_RETRY, "XML")
    listed = client.list_subscription_by_topic(
        models.ListSubscriptionByTopicRequest(topic_name=TOPIC)
    ).body.data.page_data
    assert [found.subscription_name for found in listed] == ["a-trigger", "mine"]
    client.unsubscribe(models.UnsubscribeRequest(topic_name=TOPIC, subscription_name="mine"))
    assert list(cloud.mns.topic(TOPIC).subscriptions) == ["a-trigger"]


@pytest.mark.parametrize(
    ("call", "status", "code"),
    [
        (
            lambda c: c.get_topic_attributes(models.GetTopicAttributesRequest(topic_name="absent")),
            404,
            "TopicNotExist",
        ),
        (
            lambda c: c.delete_queue(models.DeleteQueueRequest(queue_name="absent")),
            404,
            "QueueNotExist",
        ),
        (
            lambda c: c.create_topic(
                models.CreateTopicRequest(topic_name=TOPIC, max_message_size=1024)
            ),
            409,
            "TopicAlreadyExist",
        ),
        (
            lambda c: c.create_queue(
                models.CreateQueueRequest(queue_name=QUEUE, message_retention_period=604801)
            ),
            400,
            "InvalidArgument",
        ),
        (lambda c: c.create_topic(models.CreateTopicRequest()), 400, "MissingTopicName"),
    ],
)
def test_refusals_have_their_codes(
    cloud: LocalCloud, client: Client, call: Callable[[Client], object], status: int, code: str
) -> None:
    """Each refusal is the client's fault and has a status and a code."""
    cloud.mns.create_topic(TOPIC)
    with pytest.raises(ClientException) as refused:
        call(client)
    assert (refused.value.status_code, refused.value.code) == (status, code)
    assert cloud.mns.queues() == []


@pytest.mark.parametrize(
    ("action", "on"), [("mns:ListQueue", "/queues*"), ("mns:ListTopic", "/topics*")]
)
def test_lists_are_allowed_on_all_resources_alone(cloud: LocalCloud, action: str, on: str) -> None:
    """The management call's page knows no resource: a grant on queues or topics is none."""

    def listed(resource: str) -> int:
        policy = policies.document(policies.allow(action, resource))
        cloud.ram.policies["Custom", "list"] = Policy("list", "Custom", policy)
        cloud.ram.roles["lister"] = Role(
            "lister", policies.trust("ecs.aliyuncs.com"), attached=[("Custom", "list")]
        )
        role = connect(cloud, cloud.ram.assume("lister", "test"))
        calls = {
            "mns:ListQueue": lambda: role.list_queue(models.ListQueueRequest()),
            "mns:ListTopic": lambda: role.list_topic(models.ListTopicRequest()),
        }
        return int(calls[action]().status_code)

    with pytest.raises(ClientException, match=action):
        listed(f"acs:mns:{cloud.region}:{cloud.account_id}:{on}")
    assert listed("*") == 200


def test_a_role_without_the_permission_is_refused(cloud: LocalCloud) -> None:
    """A role whose policy allows nothing here is told the action that it may not do."""
    cloud.ram.roles["nobody"] = Role("nobody", policies.trust("fc.aliyuncs.com"))
    role = connect(cloud, cloud.ram.assume("nobody", "test"))
    with pytest.raises(ClientException, match="mns:CreateTopic") as refused:
        role.create_topic(models.CreateTopicRequest(topic_name=TOPIC))
    assert (refused.value.status_code, refused.value.code) == (403, "AccessDenied")
    assert cloud.mns.topics() == []
