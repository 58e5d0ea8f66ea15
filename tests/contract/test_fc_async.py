"""Asynchronous invocations: retried, and reported to a destination."""

import json
import time
from typing import Any

import pytest

from scripts.localcloud.fc.errors import FcError
from scripts.localcloud.ram import policies
from tests.contract.fc_helpers import (
    FUNCTION,
    PRINTING,
    SERVICE,
    SUBJECT,
    TOPIC,
    FcCloud,
    deploy,
    wired,
)

__all__ = ["wired"]

FAILING = "def handler(event, context):\n    raise ValueError('oops')\n"
RECOVERING = """
    calls = []

    def handler(event, context):
        calls.append(1)
        return 1 / (len(calls) - 1)
"""
QUEUE = "acs:mns:cn-shanghai:1208863178610000:/queues/results/messages"


def deploy_async(cloud: FcCloud, source: str, **config: Any) -> None:
    """A function with the role to report, and its asynchronous configuration."""
    deploy(cloud, source, role=cloud.ram.arn("repair-role"))
    cloud.fc.resources.put_async_config(SERVICE, FUNCTION, config)


def runs(cloud: FcCloud) -> list[tuple[str, int]]:
    """The invocations so far: `sync` or `async`, and the how manieth attempt."""
    entries = cloud.journal.entries("fc", "invoked", SUBJECT)
    return [(entry.details["kind"], entry.details["attempt"]) for entry in entries]


def test_an_invocation_for_which_no_process_starts_is_tried_again_and_not_lost(
    cloud: FcCloud,
) -> None:
    """As after an error of the platform, and it is told; the worker goes on to the next."""
    cloud.fc.async_at_once = 1
    cloud.fc.function_environment["unfit"] = "\0"  # a machine on which none can start
    deploy_async(cloud, PRINTING)

    request_id = cloud.fc.invoke_async(SERVICE, FUNCTION, b"first")
    assert cloud.journal.wait_for(lambda all_: any(e.action == "retried" for e in all_), 20)
    cloud.fc.function_environment.clear()
    cloud.fc.resources.update_function(SERVICE, FUNCTION, {})
    cloud.fc.invoke_async(SERVICE, FUNCTION, b"next")

    assert cloud.fc.wait_idle(20)
    ran = {entry.details["event"] for entry in cloud.journal.entries("fc", "invoked")}
    assert ran == {b"first", b"next"}
    told = cloud.journal.entries("fc", "failed")[0]
    assert told.details["request_id"] == request_id
    assert "null byte" in told.details["traceback"]


@pytest.mark.parametrize("retries", [None, 0, 2])
def test_a_failing_function_is_retried_and_then_reported(
    cloud: FcCloud, retries: int | None
) -> None:
    """It runs once and so many times more (by default 3), then the last failure is in the queue."""
    destinations = {"onFailure": {"destination": QUEUE}}
    deploy_async(cloud, FAILING, destinationConfig=destinations, maxAsyncRetryAttempts=retries)
    before = time.time()

    request_id = cloud.fc.invoke_async(SERVICE, FUNCTION, b'{"a": 1}')

    assert cloud.fc.wait_idle(20)
    wanted = 1 + (3 if retries is None else retries)
    assert runs(cloud) == [("async", attempt) for attempt in range(1, wanted + 1)]
    [message] = [json.loads(body) for body in cloud.mns.messages("results")]
    assert before - 1 < message.pop("timestamp") / 1000 < time.time() + 1
    payload = json.loads(message.pop("responsePayload"))
    assert (payload["errorMessage"], payload["errorType"]) == ("oops", "ValueError")
    assert message == {
        "requestContext": {
            "requestId": request_id,
            "functionArn": f"acs:fc:::services/{SERVICE}.LATEST/functions/{FUNCTION}",
            "condition": "UnhandledInvocationError",
            "approximateInvokeCount": wanted,
        },
        "requestPayload": '{"a": 1}',
        "responseContext": {"statusCode": 200, "functionError": "UnhandledInvocationError"},
    }


def test_a_function_that_recovers_is_reported_as_a_success(cloud: FcCloud) -> None:
    """The first success ends the retries; only the destination for successes hears of it."""
    queue = QUEUE.replace("results", "good")
    cloud.mns.create_queue("good")
    destinations = {"onFailure": {"destination": QUEUE}, "onSuccess": {"destination": queue}}
    deploy_async(cloud, RECOVERING, destinationConfig=destinations)

    cloud.fc.invoke_async(SERVICE, FUNCTION, b"")

    assert cloud.fc.wait_idle(20)
    assert runs(cloud) == [("async", 1), ("async", 2)]
    assert cloud.mns.messages("results") == []
    [message] = [json.loads(body) for body in cloud.mns.messages("good")]
    assert message["responseContext"] == {"statusCode": 200, "functionError": ""}
    assert message["responsePayload"] == "1.0"


def test_an_event_that_has_grown_too_old_is_not_tried_again(cloud: FcCloud) -> None:
    """The waits before retries count towards the greatest age, in the cloud's own time."""
    deploy_async(
        cloud,
        FAILING,
        destinationConfig={"onFailure": {"destination": QUEUE}},
        maxAsyncEventAgeInSeconds=1,
    )

    # Warm from now on: on a busy machine a cold start takes longer than the event may age.
    cloud.fc.invoke(SERVICE, FUNCTION, b"")
    cloud.fc.invoke_async(SERVICE, FUNCTION, b"")

    assert cloud.fc.wait_idle(20)
    assert runs(cloud)[1:] == [("async", 1), ("async", 2)]  # 0.5 s apart; 1 s more is too much
    [message] = [json.loads(body) for body in cloud.mns.messages("results")]
    assert message["requestContext"]["condition"] == "EventAgeExceeded"


@pytest.mark.parametrize(
    ("arn", "event", "detached", "why"),
    [
        (QUEUE, b"", True, "role 'repair-role' is not allowed mns:SendMessage"),
        (QUEUE, b"x" * 65536, False, "the message exceeds 64 KB"),
        (QUEUE.replace("results", "none"), b"", False, "MNS refused: NotExistError: 'none'"),
    ],
)
def test_what_cannot_be_delivered_is_lost_but_told(
    cloud: FcCloud, arn: str, event: bytes, detached: bool, why: str
) -> None:
    """Without permission, above 64 KB or without a queue nothing arrives; the journal says why."""
    deploy_async(
        cloud,
        FAILING,
        destinationConfig={"onFailure": {"destination": arn}},
        maxAsyncRetryAttempts=0,
    )
    if detached:
        cloud.ram.detach("repair-role", "Custom", "send")

    cloud.fc.invoke_async(SERVICE, FUNCTION, event)

    assert cloud.fc.wait_idle(20)
    assert cloud.mns.messages("results") == []
    [entry] = cloud.journal.entries("fc", "gave_up", SUBJECT)
    assert entry.details["destination"] == arn
    assert entry.details["undelivered"].startswith(why)


def test_a_destination_can_be_a_topic(cloud: FcCloud) -> None:
    """The result is published on it, by a role that may publish and need not send."""
    arn = TOPIC.replace("findings", "failures")
    cloud.mns.create_topic("failures")
    got: list[str] = []
    cloud.mns.subscribe(
        "failures",
        "test",
        strategy="BACKOFF_RETRY",
        push=lambda message: got.append(message.body) or True,  # type: ignore[func-returns-value]
    )
    cloud.ram.detach("repair-role", "Custom", "send")
    cloud.ram.create_policy("publish", policies.document(policies.allow("mns:PublishMessage")))
    cloud.ram.attach("repair-role", "Custom", "publish")
    deploy_async(cloud, FAILING, destinationConfig={"onFailure": {"destination": arn}})

    cloud.fc.invoke_async(SERVICE, FUNCTION, b"")

    assert cloud.fc.wait_idle(20)
    assert cloud.mns.wait_idle(20)
    assert json.loads(got[0])["requestContext"]["approximateInvokeCount"] == 4


def test_a_role_that_cannot_be_assumed_fails_every_attempt(cloud: FcCloud) -> None:
    """A role deleted after deployment: no run, the retries, and the end is in the journal."""
    deploy_async(cloud, PRINTING, destinationConfig={"onFailure": {"destination": QUEUE}})
    cloud.ram.detach("repair-role", "Custom", "send")
    cloud.ram.delete_role("repair-role")

    cloud.fc.invoke_async(SERVICE, FUNCTION, b"")

    assert cloud.fc.wait_idle(20)
    assert runs(cloud) == []
    [entry] = cloud.journal.entries("fc", "gave_up", SUBJECT)
    assert entry.details["runs"] == 4
    assert "does not exist" in entry.details["undelivered"]


def test_an_asynchronous_event_has_128_kilobytes_at_most(cloud: FcCloud) -> None:
    """So much is taken, and one byte more is refused at once."""
    deploy_async(cloud, "def handler(event, context):\n    print(len(event))")

    cloud.fc.invoke_async(SERVICE, FUNCTION, b"x" * 131072)
    with pytest.raises(FcError, match="131072 bytes") as refused:
        cloud.fc.invoke_async(SERVICE, FUNCTION, b"x" * 131073)

    assert (refused.value.code, refused.value.status) == ("EntityTooLarge", 400)
    assert cloud.fc.wait_idle(20)
    assert runs(cloud) == [("async", 1)]
    assert "\n131072\n" in cloud.fc.logs(SERVICE, FUNCTION)


def test_stopping_ends_retries_that_would_last_for_hours() -> None:
    """With waits of hours between attempts `stop` returns, and reports nothing."""
    with FcCloud(time_scale=10_000) as cloud:
        deploy(cloud, FAILING)
        cloud.fc.invoke_async(SERVICE, FUNCTION, b"")
        assert cloud.journal.wait_for(
            lambda entries: any(entry.action == "retried" for entry in entries), 20
        )

        cloud.fc.stop()

        assert cloud.journal.entries("fc", "gave_up") == []


def test_stopping_makes_no_failure_of_what_was_under_way(cloud: FcCloud) -> None:
    """An invocation that the cloud's end interrupts is neither retried nor reported."""
    destinations = {"onFailure": {"destination": QUEUE}}
    source = "import time\ndef handler(event, context):\n    time.sleep(60)"
    deploy_async(cloud, source, destinationConfig=destinations, maxAsyncRetryAttempts=0)
    cloud.fc.invoke_async(SERVICE, FUNCTION, b"")
    assert cloud.journal.wait_for(
        lambda entries: any(entry.action == "started" for entry in entries), 20
    )

    cloud.fc.stop()

    assert cloud.mns.messages("results") == []
    assert cloud.journal.entries("fc", "gave_up") == []
