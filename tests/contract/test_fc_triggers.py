"""Topics of MNS that set functions off: in which form, by which role, and what is refused."""

import json
import time
from collections.abc import Mapping
from typing import Any

import pytest

from scripts.localcloud.faults import Drop, Fail
from scripts.localcloud.fc.errors import FcError
from scripts.localcloud.mns.delivery import BACKOFF_RETRY
from scripts.localcloud.ram import policies
from tests.contract.fc_helpers import (
    FUNCTION,
    POLICY,
    PRINTING,
    SERVICE,
    SUBJECT,
    TOPIC,
    FcCloud,
    deploy,
    wired,
)

__all__ = ["wired"]


def add_trigger(cloud: FcCloud, name: str = "on-finding", **fields: Any) -> None:
    """A trigger on the topic with the role that is documented for it."""
    cloud.fc.triggers.create(
        SERVICE,
        FUNCTION,
        {
            "triggerName": name,
            "triggerType": "mns_topic",
            "triggerConfig": {},
            "sourceArn": TOPIC,
            "invocationRole": cloud.ram.arn("AliyunMNSNotificationRole"),
            **fields,
        },
    )


def events(cloud: FcCloud) -> list[str]:
    """What the function printed of its events, once all is delivered and done."""
    assert cloud.mns.wait_idle(20)
    assert cloud.fc.wait_idle(20)
    lines = cloud.fc.logs(SERVICE, FUNCTION).splitlines()
    return [line.removeprefix("event: ") for line in lines if line.startswith("event: ")]


BODY = '{"riskLevel": "Warning", "who": "\u00e9"}'


@pytest.mark.parametrize(
    ("content_format", "attributes", "wanted"),
    [
        ("STREAM", {}, BODY),
        ("STREAM", {"Extend": "x"}, {"body": BODY, "attrs": {"Extend": "x"}}),
        ("JSON", {}, {}),
        ("JSON", {"Extend": "x"}, {"Extend": "x"}),
    ],
)
def test_a_published_message_reaches_the_function_in_the_trigger_s_format(
    cloud: FcCloud,
    content_format: str,
    attributes: dict[str, str],
    wanted: str | Mapping[str, Any],
) -> None:
    """STREAM is the body (with attributes wrapped), JSON the documented envelope around it."""
    deploy(cloud, PRINTING)
    add_trigger(cloud, triggerConfig={"notifyContentFormat": content_format})

    message_id = cloud.mns.publish("findings", BODY, attributes=attributes)

    [event] = events(cloud)
    if content_format == "STREAM":
        assert (event if isinstance(wanted, str) else json.loads(event)) == wanted
        return
    envelope = json.loads(event)
    assert abs(envelope.pop("PublishTime") / 1000 - time.time()) < 60
    assert envelope.pop("SubscriptionName").startswith("on-finding-")
    assert envelope.pop("MessageMD5")
    assert envelope == {
        "TopicOwner": cloud.account_id,
        "Message": BODY,
        "Subscriber": cloud.account_id,
        "TopicName": "findings",
        "MessageId": message_id,
        **(wanted if isinstance(wanted, Mapping) else {}),
    }


def test_a_trigger_hears_only_its_tag_and_only_while_it_exists(cloud: FcCloud) -> None:
    """A filter tag keeps other messages away; after its deletion a trigger gets nothing."""
    deploy(cloud, PRINTING)
    add_trigger(cloud, triggerConfig={"filterTag": "oss"})

    for tag in ("", "oss", "ecs"):
        cloud.mns.publish("findings", f"tagged {tag}", tag=tag)
    heard = events(cloud)
    cloud.fc.triggers.delete(SERVICE, FUNCTION, "on-finding")
    cloud.mns.publish("findings", "late", tag="oss")

    assert heard == ["tagged oss"]
    assert events(cloud) == heard


@pytest.mark.parametrize(
    ("break_role", "why"),
    [
        (lambda ram, name: (ram.detach(name, *POLICY), ram.delete_role(name)), "does not exist"),
        (
            lambda ram, name: ram.update_role(
                name, policies.trust("fc.aliyuncs.com"), description="", max_session=3600
            ),
            "does not trust mns.aliyuncs.com",
        ),
        (lambda ram, name: ram.detach(name, *POLICY), "is not allowed fc:InvokeFunction"),
    ],
)
def test_a_message_is_refused_when_the_trigger_s_role_is_of_no_use(
    cloud: FcCloud, break_role: Any, why: str
) -> None:
    """A role that is missing, does not trust MNS or may not invoke: MNS retries in vain."""
    deploy(cloud, PRINTING)
    add_trigger(cloud)
    break_role(cloud.ram, "AliyunMNSNotificationRole")

    cloud.mns.publish("findings", BODY)

    assert events(cloud) == []
    refused = cloud.journal.entries("fc", "delivery_refused", SUBJECT)
    assert len(refused) == 4
    assert all(why in entry.details["reason"] for entry in refused)


def test_a_delivery_that_fails_is_made_again(cloud: FcCloud) -> None:
    """FC refuses MNS's call once, and once takes it without an answer: the message comes twice."""
    deploy(cloud, PRINTING)
    add_trigger(cloud)
    cloud.faults.add("fc:InvokeFunction", Fail(503, "ServiceUnavailable"), subject=SUBJECT)
    cloud.faults.add("fc:InvokeFunction", Drop(), subject=SUBJECT)

    cloud.mns.publish("findings", "again")

    assert events(cloud) == ["again", "again"]


def test_a_trigger_on_a_topic_that_is_not_there_is_refused_and_not_kept(cloud: FcCloud) -> None:
    """After the refusal the same trigger can be made, once the topic exists."""
    deploy(cloud, PRINTING)
    arn = TOPIC.replace("findings", "late")

    with pytest.raises(FcError, match="topic 'late' does not exist"):
        add_trigger(cloud, sourceArn=arn)
    cloud.mns.create_topic("late")
    add_trigger(cloud, sourceArn=arn)
    cloud.mns.publish("late", "now")

    assert events(cloud) == ["now"]


def test_a_trigger_on_a_topic_with_all_its_subscriptions_is_refused_and_not_kept(
    cloud: FcCloud,
) -> None:
    """It is an error of Function Compute's, whatever MNS calls it; with room it can be made."""
    deploy(cloud, PRINTING)
    for number in range(100 - len(cloud.mns.topic("findings").subscriptions)):
        cloud.mns.subscribe("findings", f"n-{number}", strategy=BACKOFF_RETRY, push=bool)

    with pytest.raises(FcError, match="takes no subscription") as refused:
        add_trigger(cloud)
    assert refused.value.status == 400
    cloud.mns.unsubscribe("findings", "n-0")
    add_trigger(cloud)
