"""Events for functions of Function Compute 3.0: topics, both generations, failures."""

import json
from collections.abc import Iterator

import pytest

from scripts.localcloud import LocalCloud
from scripts.localcloud.faults import Fail
from scripts.localcloud.ram import policies
from tests.contract.fc_helpers import (
    ALONE,
    OF_ALONE,
    a_role,
    ask_3_0,
    deploy_alone,
    deploy_in_service,
    subscribe_alone,
)

FAILS = "def handler(event, context):\n    raise ValueError('no')\n"


@pytest.fixture
def cloud() -> Iterator[LocalCloud]:
    """An empty cloud, with a topic."""
    with LocalCloud(time_scale=0.001) as running:
        running.mns.create_topic("findings")
        yield running


def test_both_generations_get_each_message_of_one_topic(cloud: LocalCloud) -> None:
    """A move between them loses nothing: each is subscribed, and runs once for each message."""
    deploy_alone(cloud)
    deploy_in_service(cloud)
    assert subscribe_alone(cloud).status == 200
    cloud.fc.triggers.create(
        "repairs",
        ALONE,
        {
            "triggerName": "on-finding",
            "triggerType": "mns_topic",
            "sourceArn": f"acs:mns:{cloud.region}:{cloud.account_id}:/topics/findings",
            "invocationRole": cloud.ram.arn("notifier"),
            "triggerConfig": {},
        },
    )
    cloud.mns.publish("findings", "a finding")
    assert cloud.wait_idle()

    ran = [(each.subject, each.details["event"]) for each in cloud.journal.entries("fc", "invoked")]
    assert sorted(ran) == [(ALONE, b"a finding"), (f"repairs/{ALONE}", b"a finding")]


def test_the_failure_queue_gets_what_the_function_could_not_do(cloud: LocalCloud) -> None:
    """Tried so often as is set, in the function's own role; the ARN is that of the function."""
    role = a_role(cloud)
    cloud.ram.create_policy("may-send", policies.document(policies.allow("mns:SendMessage")))
    cloud.ram.attach("repairer", "Custom", "may-send")
    cloud.mns.create_queue("failed")
    deploy_alone(cloud, FAILS, role=role)
    arn = f"acs:mns:{cloud.region}:{cloud.account_id}:/queues/failed/messages"
    put = ask_3_0(
        cloud,
        "PUT",
        f"{OF_ALONE}/async-invoke-config",
        {"maxAsyncRetryAttempts": 1, "destinationConfig": {"onFailure": {"destination": arn}}},
        query="qualifier=LATEST",
    )
    function = f"acs:fc:{cloud.region}:{cloud.account_id}:functions/{ALONE}"
    assert (put.status, put.fields["functionArn"]) == (200, function)
    assert subscribe_alone(cloud).status == 200
    cloud.mns.publish("findings", "a finding")
    assert cloud.wait_idle()

    (message,) = cloud.mns.messages("failed")
    envelope = json.loads(message)
    assert envelope["requestContext"]["functionArn"] == f"{function}/LATEST"
    assert envelope["requestContext"]["approximateInvokeCount"] == 2
    assert envelope["requestPayload"] == "a finding"
    assert json.loads(envelope["responsePayload"])["errorType"] == "ValueError"


def test_an_asynchronous_configuration_is_shown_listed_and_deleted(cloud: LocalCloud) -> None:
    """Of one function, or of all; none is told by a code of its own."""
    deploy_alone(cloud)
    path = f"{OF_ALONE}/async-invoke-config"
    missing = ask_3_0(cloud, "GET", path)
    assert (missing.status, missing.code) == (404, "AsyncConfigNotExists")
    put = ask_3_0(cloud, "PUT", path, {"maxAsyncEventAgeInSeconds": 60}).fields
    assert ask_3_0(cloud, "GET", path).fields == put
    for query in (f"functionName={ALONE}", ""):
        listed = ask_3_0(cloud, "GET", "/async-invoke-configs", query=query)
        assert listed.fields["configs"] == [put]
    assert ask_3_0(cloud, "DELETE", path).status == 204
    assert ask_3_0(cloud, "GET", path).status == 404


@pytest.mark.fidelity(40)
def test_a_trigger_of_a_topic_cannot_be_changed_unless_it_is_said_so(cloud: LocalCloud) -> None:
    """It is not documented whether it can: refused in 2.0's words, or changed at once."""
    deploy_alone(cloud)
    subscribe_alone(cloud)
    path = f"{OF_ALONE}/triggers/on-finding"
    change = {"triggerConfig": json.dumps({"notifyStrategy": "EXPONENTIAL_DECAY_RETRY"})}
    refused = ask_3_0(cloud, "PUT", path, change)
    assert (refused.status, refused.code) == (400, "InvalidArgument")
    assert refused.fields["Message"] == "Updating trigger is not supported yet."

    cloud.fc.triggers.can_change = True
    assert ask_3_0(cloud, "PUT", path, change).status == 200
    shown = ask_3_0(cloud, "GET", path).fields
    assert json.loads(shown["triggerConfig"]) == {
        "notifyContentFormat": "STREAM",
        "notifyStrategy": "EXPONENTIAL_DECAY_RETRY",
        "filterTag": "",
    }
    (subscription,) = cloud.mns.topic("findings").subscriptions.values()
    assert subscription.strategy == "EXPONENTIAL_DECAY_RETRY"
    cloud.mns.publish("findings", "a finding")
    assert cloud.wait_idle()
    assert len(cloud.journal.entries("fc", "invoked", ALONE)) == 1

    cloud.mns.delete_topic("findings")
    as_object = ask_3_0(cloud, "PUT", path, {"triggerConfig": {}})
    assert "JSON in a string" in as_object.fields["Message"]
    late = ask_3_0(cloud, "PUT", path, {"description": "late"})
    assert (late.code, late.fields["Message"]) == (
        "InvalidArgument",
        "topic 'findings' does not exist",
    )
    assert ask_3_0(cloud, "GET", path).fields["description"] == ""


@pytest.mark.parametrize(("status", "ending"), [(429, "succeeded"), (503, "gave_up")])
def test_of_the_platform_s_errors_3_0_waits_only_for_room(
    cloud: LocalCloud, status: int, ending: str
) -> None:
    """By its page: 429 is no attempt, however often; another error is one, as the function's own.

    With one retry the event comes through after four of the first, and is given up after two of
    the others.
    """
    deploy_alone(cloud)
    ask_3_0(cloud, "PUT", f"{OF_ALONE}/async-invoke-config", {"maxAsyncRetryAttempts": 1})
    times = {429: 4, 503: 2}[status]
    cloud.faults.add("fc:run", Fail(status, "Refused"), subject=ALONE, times=times)
    cloud.fc.invoke_async("", ALONE, b"an event")
    assert cloud.wait_idle()
    (end,) = cloud.journal.entries("fc", ending, ALONE)
    assert end.details["runs"] == {429: 1, 503: 2}[status]
