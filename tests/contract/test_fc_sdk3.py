"""alibabacloud_fc20230330, the official SDK of Function Compute 3.0, on the local cloud."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from alibabacloud_fc20230330 import models
from alibabacloud_fc20230330.client import Client
from alibabacloud_tea_openapi.exceptions import ClientException, ServerException
from alibabacloud_tea_util.models import RuntimeOptions

from scripts.localcloud import LocalCloud
from scripts.localcloud.ram import policies
from tests.contract.fc_helpers import ECHO, QUICK, send, zip_file, zipped

NAME = "repair-alone"


@pytest.fixture
def cloud() -> Iterator[LocalCloud]:
    """A cloud with a topic and roles."""
    with LocalCloud(time_scale=0.001) as running:
        running.mns.create_topic("findings")
        running.mns.create_queue("failed")
        running.ram.create_role("repairer", policies.trust("fc.aliyuncs.com"))
        running.ram.create_role("notifier", policies.trust("mns.aliyuncs.com"))
        running.ram.attach("notifier", "System", "AliyunMNSNotificationRolePolicy")
        yield running


@pytest.fixture
def fc(cloud: LocalCloud) -> Client:
    """Its client, with the function deployed."""
    client: Client = cloud.clients.fc3
    client.create_function(models.CreateFunctionRequest(created(cloud)))
    return client


def created(cloud: LocalCloud, **more: Any) -> models.CreateFunctionInput:
    """A function with what the product's has."""
    return models.CreateFunctionInput(
        function_name=NAME,
        runtime=QUICK,
        handler="index.handler",
        code=models.InputCodeLocation(zip_file=zip_file(ECHO)),
        memory_size=512,
        cpu=0.35,
        disk_size=512,
        timeout=20,
        role=cloud.ram.arn("repairer"),
        environment_variables={"mode": "enforce"},
        log_config=models.LogConfig(
            project="", logstore="", enable_request_metrics=False, log_begin_rule="None"
        ),
        tags=[models.Tag("team", "security")],
        **more,
    )


def trigger(cloud: LocalCloud) -> models.CreateTriggerInput:
    """A trigger of the topic."""
    return models.CreateTriggerInput(
        trigger_name="on-finding",
        trigger_type="mns_topic",
        source_arn=f"acs:mns:{cloud.region}:{cloud.account_id}:/topics/findings",
        invocation_role=cloud.ram.arn("notifier"),
        qualifier="LATEST",
        trigger_config=json.dumps({"notifyContentFormat": "STREAM"}),
    )


def refusal(call: Callable[[], object]) -> tuple[int, str]:
    """The status and code that a call is refused with."""
    with pytest.raises((ClientException, ServerException)) as refused:
        call()
    return refused.value.status_code, refused.value.code


def test_a_function_is_made_read_changed_listed_and_deleted(cloud: LocalCloud, fc: Client) -> None:
    """All that its models tell comes back in them; what is not told of stays."""
    read = fc.get_function(NAME, models.GetFunctionRequest()).body
    assert (read.function_name, read.role) == (NAME, cloud.ram.arn("repairer"))
    assert (read.cpu, read.memory_size, read.timeout) == (0.35, 512, 20)
    assert (read.environment_variables, read.state) == ({"mode": "enforce"}, "Active")
    assert [(tag.key, tag.value) for tag in read.tags] == [("team", "security")]
    again = models.CreateFunctionRequest(created(cloud))
    assert refusal(lambda: fc.create_function(again)) == (409, "FunctionAlreadyExists")

    change = models.UpdateFunctionInput(environment_variables={"mode": "report"})
    changed = fc.update_function(NAME, models.UpdateFunctionRequest(change)).body
    assert (changed.environment_variables, changed.timeout) == ({"mode": "report"}, 20)
    listed = fc.list_functions(models.ListFunctionsRequest(fc_version="v3", limit=10)).body
    assert [each.function_name for each in listed.functions] == [NAME]

    assert fc.delete_function(NAME).status_code == 204
    gone = models.GetFunctionRequest()
    assert refusal(lambda: fc.get_function(NAME, gone)) == (404, "FunctionNotFound")


def test_its_code_can_be_had_again(fc: Client) -> None:
    """At the URL of GetFunctionCode, which is the one that was put."""
    told = fc.get_function_code(NAME, models.GetFunctionCodeRequest()).body
    host, _, path = told.url.removeprefix("http://").partition("/")
    assert send(host, "GET", f"/{path}", "", b"", {}).body == zipped(ECHO)
    assert told.checksum == fc.get_function(NAME, models.GetFunctionRequest()).body.code_checksum


def test_it_is_invoked_now_and_later(cloud: LocalCloud, fc: Client) -> None:
    """By the headers that the SDK writes."""

    def invoke(kind: str) -> models.InvokeFunctionResponse:
        headers = models.InvokeFunctionHeaders(x_fc_invocation_type=kind, x_fc_log_type="Tail")
        request = models.InvokeFunctionRequest(body=kind.encode(), qualifier="LATEST")
        return fc.invoke_function_with_options(NAME, request, headers, RuntimeOptions())

    now = invoke("Sync")
    assert (now.status_code, now.body.read()) == (200, b"Sync")
    assert "x-fc-log-result" in now.headers
    assert invoke("Async").status_code == 202
    assert cloud.wait_idle()
    assert len(cloud.journal.entries("fc", "invoked", NAME)) == 2


def test_a_trigger_is_made_read_listed_and_deleted(cloud: LocalCloud, fc: Client) -> None:
    """And invokes the function, until it is deleted; it cannot be changed."""
    made = fc.create_trigger(NAME, models.CreateTriggerRequest(trigger(cloud))).body
    read = fc.get_trigger(NAME, "on-finding").body
    assert (read.trigger_id, read.target_arn) == (made.trigger_id, made.target_arn)
    assert json.loads(read.trigger_config)["notifyContentFormat"] == "STREAM"
    listed = fc.list_triggers(NAME, models.ListTriggersRequest(limit=10)).body.triggers
    assert [each.trigger_name for each in listed] == ["on-finding"]
    change = models.UpdateTriggerRequest(models.UpdateTriggerInput(description="another"))
    refused = refusal(lambda: fc.update_trigger(NAME, "on-finding", change))
    assert refused == (400, "InvalidArgument")
    cloud.fc.triggers.can_change = True
    assert fc.update_trigger(NAME, "on-finding", change).body.description == "another"

    cloud.mns.publish("findings", "a finding")
    assert cloud.wait_idle()
    assert fc.delete_trigger(NAME, "on-finding").status_code == 204
    cloud.mns.publish("findings", "another")
    assert cloud.wait_idle()
    events = [each.details["event"] for each in cloud.journal.entries("fc", "invoked", NAME)]
    assert events == [b"a finding"]


def test_an_asynchronous_configuration_is_put_read_listed_and_deleted(
    cloud: LocalCloud, fc: Client
) -> None:
    """With the failure destination, by the action names that RAM has for them."""
    queue = f"acs:mns:{cloud.region}:{cloud.account_id}:/queues/failed/messages"
    wanted = models.PutAsyncInvokeConfigInput(
        destination_config=models.DestinationConfig(on_failure=models.Destination(queue)),
        max_async_event_age_in_seconds=3600,
        max_async_retry_attempts=2,
    )
    fc.put_async_invoke_config(NAME, models.PutAsyncInvokeConfigRequest(wanted, "LATEST"))
    read = fc.get_async_invoke_config(NAME, models.GetAsyncInvokeConfigRequest("LATEST")).body
    assert read.destination_config.on_failure.destination == queue
    assert (read.max_async_retry_attempts, read.async_task) == (2, False)
    request = models.ListAsyncInvokeConfigsRequest(function_name=NAME)
    (listed,) = fc.list_async_invoke_configs(request).body.configs
    assert listed.to_map() == read.to_map()
    away = models.DeleteAsyncInvokeConfigRequest("LATEST")
    assert fc.delete_async_invoke_config(NAME, away).status_code == 204
    none = models.GetAsyncInvokeConfigRequest("LATEST")
    assert refusal(lambda: fc.get_async_invoke_config(NAME, none)) == (404, "AsyncConfigNotExists")


def test_what_no_function_has_here_is_read_as_not_there(fc: Client) -> None:
    """Provisioned and scaled instances, reserved concurrency, versions, aliases, VPC bindings."""
    assert fc.get_provision_config(NAME, models.GetProvisionConfigRequest()).body.target is None
    scaled = fc.get_scaling_config(NAME, models.GetScalingConfigRequest()).body
    assert scaled.current_instances is None
    missing = refusal(lambda: fc.get_concurrency_config(NAME))
    assert missing == (404, "ConcurrencyConfigNotFound")
    scaling = models.ListScalingConfigsRequest(function_name=NAME)
    assert fc.list_scaling_configs(scaling).body.scaling_configs == []
    provisioned = models.ListProvisionConfigsRequest(function_name=NAME)
    assert fc.list_provision_configs(provisioned).body.provision_configs == []
    assert fc.list_aliases(NAME, models.ListAliasesRequest(limit=100)).body.aliases == []
    versions = models.ListFunctionVersionsRequest(limit=100)
    assert fc.list_function_versions(NAME, versions).body.versions == []
    assert fc.list_vpc_bindings(NAME).body.vpc_ids == []


def test_what_the_sdk_knows_and_the_cloud_does_not_is_refused(cloud: LocalCloud) -> None:
    """A field of its models by its name; an operation by its path."""
    fc, more = cloud.clients.fc3, {"disable_inject_credentials": "All"}
    request = models.CreateFunctionRequest(created(cloud, **more))
    assert refusal(lambda: fc.create_function(request)) == (501, "NotImplemented")
    layers = models.ListLayersRequest()
    assert refusal(lambda: fc.list_layers(layers)) == (501, "NotImplemented")
