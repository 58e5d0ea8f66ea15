"""Function Compute's API: what there is, in which words, and who may ask; with the real SDK."""

import base64
import json
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import oss2
import pytest
from alibabacloud_fc_open20210406 import models
from alibabacloud_fc_open20210406.client import Client
from alibabacloud_tea_util.models import RuntimeOptions

from scripts.localcloud.faults import Fail
from scripts.localcloud.fc.code import crc64
from scripts.localcloud.ram import policies
from tests.contract.fc_helpers import (
    ECHO,
    FUNCTION,
    QUICK,
    SERVICE,
    FcCloud,
    client,
    deploy,
    refusal,
    signed,
    zip_file,
    zipped,
)

TOPIC_ARN = "acs:mns:cn-shanghai:1208863178610000:/topics/findings"
TRIGGER = "on-finding"
OLD_DATE = "Mon, 01 Jan 2024 00:00:00 GMT"


@pytest.fixture
def cloud() -> Iterator[FcCloud]:
    """A cloud with a topic in it."""
    with FcCloud(serve=True) as running:
        running.mns.create_topic("findings")
        trust = policies.trust("mns.aliyuncs.com")
        running.ram.create_role("AliyunMNSNotificationRole", trust)
        yield running


def function_request(**fields: Any) -> models.CreateFunctionRequest:
    """A request for an echoing function."""
    defaults: dict[str, Any] = {
        "function_name": FUNCTION,
        "runtime": QUICK,
        "handler": "index.handler",
        "code": models.Code(zip_file=zip_file(ECHO)),
    }
    return models.CreateFunctionRequest(**{**defaults, **fields})


def oss_crc64(data: bytes) -> int:
    """The CRC-64 as OSS's SDK calculates it."""
    checksum = oss2.utils.Crc64()
    checksum.update(data)
    return int(checksum.crc)


def trigger_request(**fields: Any) -> models.CreateTriggerRequest:
    """A request for a trigger on the topic."""
    defaults: dict[str, Any] = {
        "trigger_name": TRIGGER,
        "trigger_type": "mns_topic",
        "trigger_config": json.dumps({"notifyContentFormat": "JSON"}),
        "source_arn": TOPIC_ARN,
        "invocation_role": "acs:ram::1208863178610000:role/AliyunMNSNotificationRole",
    }
    return models.CreateTriggerRequest(**{**defaults, **fields})


def test_a_service_and_its_function_are_made_shown_changed_and_removed(cloud: FcCloud) -> None:
    """What is created is shown as it was asked for, changes where it is told to, and goes."""
    fc, role = client(cloud), cloud.ram.arn("AliyunMNSNotificationRole")
    fc.create_service(models.CreateServiceRequest(service_name=SERVICE, role=role))
    fc.create_function(SERVICE, function_request(environment_variables={"mode": "report"}))
    fc.update_service(SERVICE, models.UpdateServiceRequest(description="repairs buckets"))
    fc.update_function(SERVICE, FUNCTION, models.UpdateFunctionRequest(timeout=60))

    service = fc.get_service(SERVICE, models.GetServiceRequest()).body
    assert (service.role, service.description) == (role, "repairs buckets")
    shown = fc.get_function(SERVICE, FUNCTION, models.GetFunctionRequest()).body
    assert (shown.runtime, shown.timeout, shown.memory_size) == (QUICK, 60, 128)
    assert shown.environment_variables == {"mode": "report"}
    assert shown.code_size == len(zipped(ECHO))
    assert shown.code_checksum == str(oss_crc64(zipped(ECHO)))

    fc.delete_function(SERVICE, FUNCTION)
    fc.delete_service(SERVICE)
    assert fc.list_services(models.ListServicesRequest()).body.services == []


def test_a_trigger_and_an_async_configuration_are_made_shown_and_removed(cloud: FcCloud) -> None:
    """A trigger's configuration comes back as text, an asynchronous one as it was put."""
    fc, names = client(cloud), deploy(cloud)
    queue = "acs:mns:cn-shanghai:1208863178610000:/queues/failures/messages"
    fc.create_trigger(*names, trigger_request())
    destinations = models.DestinationConfig(on_failure=models.Destination(destination=queue))
    fc.put_function_async_invoke_config(
        *names,
        models.PutFunctionAsyncInvokeConfigRequest(
            destination_config=destinations, max_async_retry_attempts=2
        ),
    )

    trigger = fc.get_trigger(*names, TRIGGER).body
    assert json.loads(trigger.trigger_config) == {
        "notifyContentFormat": "JSON",
        "notifyStrategy": "BACKOFF_RETRY",
        "filterTag": "",
    }
    assert trigger.source_arn == TOPIC_ARN
    listed = fc.list_triggers(*names, models.ListTriggersRequest()).body.triggers
    assert [each.trigger_name for each in listed] == [TRIGGER]
    config = fc.get_function_async_invoke_config(
        *names, models.GetFunctionAsyncInvokeConfigRequest()
    ).body
    assert config.destination_config.on_failure.destination == queue
    assert (config.max_async_retry_attempts, config.max_async_event_age_in_seconds) == (2, 86400)

    fc.delete_trigger(*names, TRIGGER)
    fc.delete_function_async_invoke_config(*names, models.DeleteFunctionAsyncInvokeConfigRequest())
    fc.delete_function(*names)


Ask = Callable[[Client], object]
REFUSED: list[tuple[Ask, int, str]] = [
    (lambda fc: fc.get_service("none", models.GetServiceRequest()), 404, "ServiceNotFound"),
    (
        lambda fc: fc.get_function(SERVICE, "none", models.GetFunctionRequest()),
        404,
        "FunctionNotFound",
    ),
    (lambda fc: fc.get_trigger(SERVICE, FUNCTION, "none"), 404, "TriggerNotFound"),
    (
        lambda fc: fc.get_function_async_invoke_config(
            SERVICE, FUNCTION, models.GetFunctionAsyncInvokeConfigRequest()
        ),
        404,
        "AsyncConfigNotExists",
    ),
    (
        lambda fc: fc.invoke_function(
            SERVICE, FUNCTION, models.InvokeFunctionRequest(qualifier="production")
        ),
        404,
        "AliasNotFound",
    ),
    (
        lambda fc: fc.create_service(models.CreateServiceRequest(service_name=SERVICE)),
        409,
        "ServiceAlreadyExists",
    ),
    (lambda fc: fc.create_function(SERVICE, function_request()), 409, "FunctionAlreadyExists"),
    (
        lambda fc: fc.create_trigger(SERVICE, FUNCTION, trigger_request()),
        409,
        "TriggerAlreadyExists",
    ),
    (lambda fc: fc.delete_service(SERVICE), 409, "ServiceNotEmpty"),
    (lambda fc: fc.delete_function(SERVICE, FUNCTION), 409, "FunctionNotEmpty"),
    (
        lambda fc: fc.update_trigger(SERVICE, FUNCTION, TRIGGER, models.UpdateTriggerRequest()),
        400,
        "InvalidArgument",
    ),
    (
        lambda fc: fc.create_function(SERVICE, function_request(function_name="2nd")),
        400,
        "InvalidArgument",
    ),
    (
        lambda fc: fc.create_function(SERVICE, function_request(function_name="f" * 65)),
        400,
        "InvalidArgument",
    ),
    (
        lambda fc: fc.create_function(
            SERVICE, function_request(function_name="other", runtime="nodejs16")
        ),
        400,
        "InvalidArgument",
    ),
    (
        lambda fc: fc.create_function(
            SERVICE, function_request(function_name="other", code=models.Code(zip_file="bm8="))
        ),
        400,
        "InvalidArgument",
    ),
    (
        lambda fc: fc.create_function(
            SERVICE,
            function_request(function_name="other", environment_variables={"a": "x" * 4096}),
        ),
        400,
        "InvalidArgument",
    ),
    (
        lambda fc: fc.create_function_with_options(
            SERVICE,
            function_request(function_name="other"),
            models.CreateFunctionHeaders(x_fc_code_checksum="1"),
            RuntimeOptions(),
        ),
        400,
        "InvalidArgument",
    ),
    (
        lambda fc: fc.create_trigger(
            SERVICE,
            FUNCTION,
            trigger_request(trigger_name="other", source_arn=TOPIC_ARN.replace("shanghai", "x")),
        ),
        400,
        "InvalidArgument",
    ),
    (
        lambda fc: fc.create_trigger(
            SERVICE,
            FUNCTION,
            trigger_request(
                trigger_name="other", trigger_config='{"filterTag": "%s"}' % ("x" * 17)
            ),
        ),
        400,
        "InvalidArgument",
    ),
    (
        lambda fc: fc.put_function_async_invoke_config(
            SERVICE,
            FUNCTION,
            models.PutFunctionAsyncInvokeConfigRequest(max_async_retry_attempts=9),
        ),
        400,
        "InvalidArgument",
    ),
]


def test_what_cannot_be_is_refused_with_its_code(cloud: FcCloud) -> None:
    """What is missing is 404, what is there already 409, what makes no sense 400, each by name."""
    fc, names = client(cloud), deploy(cloud)
    fc.create_trigger(*names, trigger_request())

    answered = [refusal(lambda ask=ask: ask(fc)) for ask, _, _ in REFUSED]  # type: ignore[misc]

    assert answered == [(status, code) for _, status, code in REFUSED]


def test_the_code_that_was_uploaded_can_be_had_again(cloud: FcCloud) -> None:
    """GetFunctionCode tells the checksum, and a URL where the very package is."""
    names = deploy(cloud)

    code = client(cloud).get_function_code(*names, models.GetFunctionCodeRequest()).body

    assert code.checksum == str(crc64(zipped(ECHO)))
    with urllib.request.urlopen(code.url, timeout=10) as download:  # noqa: S310  (it is ours)
        assert download.read() == zipped(ECHO)


def test_a_client_that_leaves_the_port_out_of_host_finds_the_code_too(cloud: FcCloud) -> None:
    """As @alicloud/fc2 does: the URL of the package leads to where the request came in."""
    service, function = deploy(cloud)
    path = f"/2016-08-15/services/{service}/functions/{function}/code"

    answer = signed(cloud.ram.root, "GET", path, headers={"Host": "127.0.0.1"}).send(cloud.endpoint)

    with urllib.request.urlopen(json.loads(answer.body)["url"], timeout=10) as download:  # noqa: S310
        assert download.read() == zipped(ECHO)


def test_lists_come_in_pages(cloud: FcCloud) -> None:
    """Each page has at most `limit` items and says where the next one begins."""
    fc, names, token = client(cloud), [f"s{number}" for number in range(5)], None
    for name in [*names, "other"]:
        fc.create_service(models.CreateServiceRequest(service_name=name))

    pages = []
    for _ in range(3):
        request = models.ListServicesRequest(limit=2, prefix="s", next_token=token)
        page = fc.list_services(request).body
        pages.append([service.service_name for service in page.services])
        token = page.next_token

    assert pages == [names[0:2], names[2:4], names[4:]]
    assert not token


def test_a_change_meant_for_an_older_state_is_refused(cloud: FcCloud) -> None:
    """If-Match with a tag that is no longer the resource's gets 412, with the present one not."""
    fc, (service, function) = client(cloud), deploy(cloud)
    request = models.UpdateFunctionRequest(timeout=7)
    first = fc.get_function(service, function, models.GetFunctionRequest()).headers["etag"]
    headers = models.UpdateFunctionHeaders(common_headers={"If-Match": first})

    def update() -> None:
        fc.update_function_with_options(service, function, request, headers, RuntimeOptions())

    update()

    assert refusal(update) == (412, "PreconditionFailed")


def test_an_invocation_answers_with_the_function_s_own_bytes_and_log(cloud: FcCloud) -> None:
    """A synchronous invocation returns what the function did, and the last 4 KB that it printed."""
    names = deploy(cloud, "def handler(event, context):\n    print('x' * 5000)\n    return event")
    headers = models.InvokeFunctionHeaders(x_fc_log_type="Tail")
    request = models.InvokeFunctionRequest(body=b"\x00\xff")

    answer = client(cloud).invoke_function_with_options(*names, request, headers, RuntimeOptions())

    assert answer.body == b"\x00\xff"
    log = base64.b64decode(answer.headers["x-fc-log-result"])
    assert len(log) == 4096
    assert f"x\nFC Invoke End RequestId: {answer.headers['x-fc-request-id']}\n".encode() in log


def test_a_function_s_error_is_an_answer_of_status_200(cloud: FcCloud) -> None:
    """An uncaught exception is told by a header, its description is the body."""
    names = deploy(cloud, "def handler(event, context):\n    raise ValueError('oops')")

    answer = client(cloud).invoke_function(*names, models.InvokeFunctionRequest(body=b""))

    assert answer.status_code == 200
    assert answer.headers["x-fc-error-type"] == "UnhandledInvocationError"
    assert json.loads(answer.body)["errorMessage"] == "oops"


def test_an_asynchronous_invocation_is_accepted_and_done_later(cloud: FcCloud) -> None:
    """It answers 202 with the request id that the invocation then has."""
    names = deploy(cloud, "def handler(event, context):\n    print(event, context.request_id)")
    headers = models.InvokeFunctionHeaders(x_fc_invocation_type="Async")
    request = models.InvokeFunctionRequest(body=b"later")

    answer = client(cloud).invoke_function_with_options(*names, request, headers, RuntimeOptions())

    assert answer.status_code == 202
    assert cloud.fc.wait_idle(20)
    assert f"b'later' {answer.headers['x-fc-request-id']}\n" in cloud.fc.logs(*names)


def test_faults_are_told_in_function_compute_s_words(cloud: FcCloud) -> None:
    """An ordered failure of one function's invocations reaches the SDK as FC's own error would."""
    service, function = deploy(cloud)
    cloud.faults.add(
        "fc:InvokeFunction", Fail(429, "ResourceExhausted"), subject=f"{service}/{function}"
    )

    def invoke() -> int:
        request = models.InvokeFunctionRequest(body=b"")
        return int(client(cloud).invoke_function(service, function, request).status_code)

    assert refusal(invoke) == (429, "ResourceExhausted")
    assert invoke() == 200
