"""What Function Compute does that a function does not see: its own errors, roles, initializers."""

import json
from collections.abc import Callable, Iterator

import pytest
from alibabacloud_fc_open20210406 import models
from alibabacloud_fc_open20210406.client import Client

from scripts.localcloud import LocalCloud
from scripts.localcloud.faults import Fail
from scripts.localcloud.fc import logs
from scripts.localcloud.ram import policies
from tests.contract.fc_helpers import (
    ECHO,
    FUNCTION,
    SERVICE,
    FcCloud,
    client,
    deploy,
    refusal,
    signed,
    zip_file,
)

QUEUE = "acs:mns:cn-shanghai:1208863178610000:/queues/results/messages"
TOPIC = "acs:mns:cn-shanghai:1208863178610000:/topics/findings"
SUBJECT = f"{SERVICE}/{FUNCTION}"


@pytest.fixture
def cloud() -> Iterator[FcCloud]:
    """A cloud with a queue, a topic, and a role that may send to the one."""
    with FcCloud(serve=True, time_scale=0.00001) as running:
        running.mns.create_queue("results")
        running.mns.create_topic("findings")
        make_role(running, "repair-role")
        running.ram.create_policy("send", policies.document(policies.allow("mns:SendMessage")))
        running.ram.attach("repair-role", "Custom", "send")
        yield running


def make_role(cloud: FcCloud | LocalCloud, name: str) -> str:
    """A role that both services may assume; its ARN."""
    cloud.ram.create_role(name, policies.trust("fc.aliyuncs.com"))
    cloud.ram.roles[name].trust["Statement"][0]["Principal"]["Service"].append("mns.aliyuncs.com")
    return cloud.ram.arn(name)


def make_new_role(cloud: FcCloud | LocalCloud, name: str) -> str:
    """The same, as RAM's operation makes it just now."""
    make_role(cloud, name)
    cloud.ram.begin_to_spread(cloud.ram.role(name))
    return cloud.ram.arn(name)


@pytest.mark.fidelity(23)
@pytest.mark.parametrize("status", [429, 500, 503])
def test_the_platform_s_errors_are_retried_and_are_no_attempts(cloud: FcCloud, status: int) -> None:
    """Five of them, at growing intervals, and the function has its one attempt all the same."""
    deploy(cloud, ECHO)
    cloud.fc.resources.put_async_config(SERVICE, FUNCTION, {"maxAsyncRetryAttempts": 0})
    cloud.faults.add("fc:run", Fail(status, "Platform"), subject=SUBJECT, times=5)

    cloud.fc.invoke_async(SERVICE, FUNCTION, b"")

    assert cloud.fc.wait_idle(20)
    retried = [entry.details for entry in cloud.journal.entries("fc", "retried", SUBJECT)]
    assert [each["interval"] for each in retried] == [0.5, 1, 2, 4, 8]
    assert {each["attempt"] for each in retried} == {1}
    [run] = cloud.journal.entries("fc", "invoked", SUBJECT)
    assert run.details["attempt"] == 1
    [end] = cloud.journal.entries("fc", "succeeded", SUBJECT)
    assert end.details["runs"] == 1


@pytest.mark.fidelity(23)
def test_the_platform_s_errors_are_retried_for_five_hours_and_then_told(cloud: FcCloud) -> None:
    """Then the failure destination has the platform's error, though the function never ran."""
    deploy(cloud, ECHO, role=cloud.ram.arn("repair-role"))
    destinations = {"onFailure": {"destination": QUEUE}}
    cloud.fc.resources.put_async_config(SERVICE, FUNCTION, {"destinationConfig": destinations})
    cloud.faults.add("fc:run", Fail(429, "ResourceExhausted"), subject=SUBJECT, times=100)

    cloud.fc.invoke_async(SERVICE, FUNCTION, b"")

    assert cloud.fc.wait_idle(20)
    waits = [e.details["interval"] for e in cloud.journal.entries("fc", "retried", SUBJECT)]
    assert sum(waits) < 5 * 3600 < sum(waits) + 2 * waits[-1]
    assert cloud.journal.entries("fc", "invoked", SUBJECT) == []
    [message] = [json.loads(body) for body in cloud.mns.messages("results")]
    assert message["requestContext"]["condition"] == "ResourceExhausted"
    assert message["responseContext"]["statusCode"] == 429


@pytest.mark.fidelity(24)
def test_more_events_at_once_than_instances_are_all_handled_in_the_end() -> None:
    """With room for one, the others are refused by the platform and come again."""
    with FcCloud(time_scale=0.01) as cloud:
        cloud.fc.max_instances = 1
        deploy(cloud, "import time\ndef handler(event, context):\n    time.sleep(0.01)")
        cloud.fc.resources.put_async_config(SERVICE, FUNCTION, {"maxAsyncRetryAttempts": 0})

        for _ in range(6):
            cloud.fc.invoke_async(SERVICE, FUNCTION, b"")

        assert cloud.fc.wait_idle(60)
        assert len(cloud.journal.entries("fc", "succeeded", SUBJECT)) == 6
        assert len(cloud.journal.entries("fc", "started", SUBJECT)) == 1


def test_what_waits_for_its_retry_holds_nobody_up() -> None:
    """With twenty events refused for hours, another function's event is handled at once."""
    with FcCloud(time_scale=10_000) as cloud:
        deploy(cloud, ECHO)
        other = {"runtime": "python3.10", "handler": "index.handler"}
        other |= {"code": {"zipFile": zip_file(ECHO)}}
        cloud.fc.resources.create_function(SERVICE, "other", other)
        cloud.faults.add("fc:run", Fail(503, "ServiceUnavailable"), subject=SUBJECT, times=20)

        for _ in range(20):
            cloud.fc.invoke_async(SERVICE, FUNCTION, b"")
        cloud.fc.invoke_async(SERVICE, "other", b"")

        def there(action: str, subject: str) -> int:
            return len(cloud.journal.entries("fc", action, subject))

        assert cloud.journal.wait_for(lambda _: there("succeeded", f"{SERVICE}/other") == 1, 20)
        assert cloud.journal.wait_for(lambda _: there("retried", SUBJECT) == 20, 20)


def make_service(fc: Client, name: str, role: str) -> Callable[[], object]:
    """What asks for a service of that role."""
    return lambda: fc.create_service(models.CreateServiceRequest(service_name=name, role=role))


@pytest.mark.fidelity(21)
def test_a_role_just_made_is_not_seen_at_first(cloud: FcCloud) -> None:
    """CreateService and CreateTrigger are refused so often; older roles are seen at once."""
    deploy(cloud)
    fc = client(cloud)
    new, notifier = make_new_role(cloud, "new"), make_new_role(cloud, "notifier")
    trigger = models.CreateTriggerRequest(
        trigger_name="t",
        trigger_type="mns_topic",
        trigger_config="{}",
        source_arn=TOPIC,
        invocation_role=notifier,
    )

    make_service(fc, "old", cloud.ram.arn("repair-role"))()
    for _ in range(2):
        assert refusal(make_service(fc, "new", new)) == (403, "AccessDenied")
        assert refusal(lambda: fc.create_trigger(SERVICE, FUNCTION, trigger)) == (
            403,
            "AccessDenied",
        )
    make_service(fc, "new", new)()
    fc.create_trigger(SERVICE, FUNCTION, trigger)
    fc.update_service("new", models.UpdateServiceRequest(role=new))


def test_how_often_a_role_was_looked_at_goes_back_too() -> None:
    """After a rollback a new role is as unseen as it was."""
    with LocalCloud() as cloud:
        role = make_new_role(cloud, "new")
        snapshot = cloud.snapshot()

        def seen() -> bool:
            path, body = "/2016-08-15/services", {"serviceName": "s", "role": role}
            request = signed(cloud.credentials, "POST", path, json.dumps(body).encode())
            return request.send(cloud.endpoints.fc).status == 200

        before = [seen(), seen(), seen()]
        cloud.rollback(snapshot)

        assert [seen(), seen(), seen()] == before == [False, False, True]


INITIALIZED = """
    calls = []

    def initialize(context):
        print("by", context.function.name)
        calls.append("initialized")
        return {1}  # of no interest

    def handler(event, context):
        calls.append("called")
        return calls
"""


@pytest.mark.fidelity(26)
def test_the_initializer_runs_once_an_instance_and_before_the_handler(cloud: FcCloud) -> None:
    """It gets the context, and what it returns is nobody's; the log tells where it ran."""
    deploy(cloud, INITIALIZED, initializer="index.initialize")

    first, second = (cloud.fc.invoke(SERVICE, FUNCTION, b"") for _ in range(2))

    assert json.loads(second.payload) == ["initialized", "called", "called"]
    lines = first.log.splitlines()
    assert lines == [
        f"FC Initialize Start RequestId: {first.request_id}",
        f"by {FUNCTION}",
        f"FC Initialize End RequestId: {first.request_id}",
        f"FC Invoke Start RequestId: {first.request_id}",
        f"FC Invoke End RequestId: {first.request_id}",
    ]
    assert "Initialize" not in second.log


@pytest.mark.fidelity(26)
def test_a_handler_waits_for_an_initializer_that_succeeds(cloud: FcCloud) -> None:
    """One that raises is the invocation's error; the same instance tries it again at the next."""
    source = """
        calls = []

        def initialize(context):
            calls.append(1)
            if len(calls) == 1:
                raise ValueError("not yet")

        def handler(event, context):
            return calls
    """
    deploy(cloud, source, initializer="index.initialize")

    failed, again = (cloud.fc.invoke(SERVICE, FUNCTION, b"") for _ in range(2))

    assert failed.error_type == "UnhandledInitializationError"
    assert json.loads(failed.payload)["errorMessage"] == "not yet"
    assert "FC Invoke Start" not in failed.log
    assert (again.error_type, json.loads(again.payload)) == ("", [1, 1])
    assert again.instance_id == failed.instance_id


def test_an_initializer_has_a_timeout_of_its_own(cloud: FcCloud) -> None:
    """It may take longer than an invocation, and is ended when it takes too long."""
    source = "import time\ndef initialize(context):\n    time.sleep(1.2)\n" + ECHO
    deploy(cloud, source, initializer="index.initialize", timeout=1, initializationTimeout=20)
    slow = cloud.fc.invoke(SERVICE, FUNCTION, b"done")
    cloud.fc.resources.update_function(SERVICE, FUNCTION, {"initializationTimeout": 1})

    lost = cloud.fc.invoke(SERVICE, FUNCTION, b"done")

    assert (slow.error_type, slow.payload) == ("", b"done")
    assert lost.error_type == "UnhandledInitializationError"
    assert json.loads(lost.payload)["errorMessage"] == "Function timed out after 1 seconds"


@pytest.mark.parametrize("fields", [{"initializer": "none"}, {"initializationTimeout": 301}])
def test_an_initializer_that_cannot_be_is_refused(
    cloud: FcCloud, fields: dict[str, object]
) -> None:
    """It is `module.function`, and has 300 seconds at most."""
    deploy(cloud)
    request = signed(
        cloud.ram.root,
        "PUT",
        f"/2016-08-15/services/{SERVICE}/functions/{FUNCTION}",
        json.dumps(fields).encode(),
    )
    answer = request.send(cloud.endpoint)
    assert (answer.status, answer.code) == (400, "InvalidArgument")


@pytest.mark.fidelity(25)
def test_an_empty_answer_does_not_say_that_it_is_json(cloud: FcCloud) -> None:
    """Clients parse what says so: neither 204 nor 202 has a type, in both versions."""
    deploy(cloud)
    function = f"/2016-08-15/services/{SERVICE}/functions/{FUNCTION}"
    later = signed(
        cloud.ram.root,
        "POST",
        f"{function}/invocations",
        headers={"x-fc-invocation-type": "Async"},
    ).send(cloud.endpoint)
    gone = signed(cloud.ram.root, "DELETE", function).send(cloud.endpoint)
    service = client(cloud).delete_service(SERVICE)

    assert [(a.status, a.body, a.headers.get("Content-Type")) for a in (later, gone)] == [
        (202, b"", None),
        (204, b"", None),
    ]
    assert "content-type" not in service.headers


def test_of_what_functions_print_the_end_is_kept(
    cloud: FcCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is remembered is bounded: the oldest runs are forgotten, the newest never."""
    monkeypatch.setattr(logs, "_KEPT", 1000)
    deploy(cloud, "def handler(event, context):\n    print(event.decode() * 300)")

    for event in ("a", "b", "c", "d"):
        cloud.fc.invoke(SERVICE, FUNCTION, event)
    kept = cloud.fc.logs(SERVICE, FUNCTION)
    cloud.fc.invoke(SERVICE, FUNCTION, "efgh")
    longest = cloud.fc.logs(SERVICE, FUNCTION)

    assert [event for event in "abcd" if event * 300 in kept] == ["c", "d"]
    assert len(kept) < 1000
    assert "efgh" * 300 in longest
    assert "d" * 300 not in longest
