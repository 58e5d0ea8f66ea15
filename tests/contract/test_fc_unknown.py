"""What Function Compute is asked for and does not know here is refused by name, never ignored."""

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from alibabacloud_fc_open20210406 import models
from alibabacloud_tea_openapi import utils_models as open_api
from alibabacloud_tea_util.models import RuntimeOptions

from scripts.localcloud.fc.api.alone import ALONE
from scripts.localcloud.fc.api.table import NEWER, OLDER
from scripts.localcloud.fc.operations import OPERATIONS
from tests.contract.fc_helpers import (
    FUNCTION,
    SERVICE,
    Answer,
    FcCloud,
    client,
    deploy,
    signed,
    zip_file,
)

OF_SERVICE = f"/2016-08-15/services/{SERVICE}"
OF_FUNCTION = f"{OF_SERVICE}/functions/{FUNCTION}"


@pytest.fixture
def cloud() -> Iterator[FcCloud]:
    """A cloud with a function in it."""
    with FcCloud(serve=True) as running:
        deploy(running)
        yield running


def ask(
    cloud: FcCloud,
    method: str,
    path: str,
    query: str = "",
    body: dict[str, Any] | None = None,
    headers: dict[str, str] | None = None,
) -> Answer:
    """What a signed request of 2016-08-15 is answered."""
    sent = b"" if body is None else json.dumps(body).encode()
    return signed(cloud.ram.root, method, path, sent, headers, query).send(cloud.endpoint)


UNKNOWN: list[tuple[str, str, str, dict[str, Any] | None, dict[str, str], str]] = [
    ("GET", OF_SERVICE, "tags", None, {}, "in the query of GetService: tags"),
    ("GET", "/2016-08-15/services", "tag_a=b", None, {}, "in the query of ListServices: tag_a"),
    ("DELETE", OF_SERVICE, "force=true", None, {}, "in the query of DeleteService: force"),
    (
        "GET",
        OF_FUNCTION,
        "",
        None,
        {"X-Fc-Invocation-Type": "Async"},
        "a header of GetFunction: x-fc-invocation-type",
    ),
    (
        "POST",
        f"{OF_FUNCTION}/invocations",
        "",
        {"any": "event"},
        {"X-Fc-Stateful-Async-Invocation-Enable": "true"},
        "a header of InvokeFunction: x-fc-stateful-async-invocation-enable",
    ),
    ("PUT", OF_FUNCTION, "", {"timeOut": 9}, {}, "in the body of UpdateFunction: timeOut"),
    (
        "PUT",
        OF_SERVICE,
        "",
        {"logConfig": {"logStore": "audit"}},
        {},
        "in the body of UpdateService: logConfig.logStore",
    ),
    (
        "PUT",
        OF_SERVICE,
        "",
        {"nasConfig": {"mountPoints": [{"serverAddr": "a"}, {"path": "/"}]}},
        {},
        "in the body of UpdateService: nasConfig.mountPoints.path",
    ),
    (
        "PUT",
        OF_FUNCTION,
        "",
        {"code": {"ossBucketName": "b", "ossObjectName": "o"}},
        {},
        "in the body of UpdateFunction: code.ossBucketName, code.ossObjectName",
    ),
    (
        "PUT",
        f"{OF_FUNCTION}/async-invoke-config",
        "",
        {"destinationConfig": {"onFailure": {"Destination": "x"}}},
        {},
        "in the body of PutFunctionAsyncInvokeConfig: destinationConfig.onFailure.Destination",
    ),
    (
        "POST",
        f"{OF_FUNCTION}/triggers",
        "",
        {"triggerName": "t", "triggerType": "mns_topic", "triggerConfig": {"filterTags": "x"}},
        {},
        "in the body of CreateTrigger: triggerConfig.filterTags",
    ),
    ("GET", f"{OF_SERVICE}/tempCodeBucketToken", "", None, {}, "tempCodeBucketToken"),
    ("POST", f"{OF_SERVICE}/versions", "", {}, {}, f"POST {OF_SERVICE}/versions"),
]


@pytest.mark.fidelity(35)
@pytest.mark.parametrize(
    ("method", "path", "query", "body", "headers", "names"),
    UNKNOWN,
    ids=[each[-1] for each in UNKNOWN],
)
def test_what_is_not_known_is_refused_by_name(
    cloud: FcCloud,
    method: str,
    path: str,
    query: str,
    body: dict[str, Any] | None,
    headers: dict[str, str],
    names: str,
) -> None:
    """A path, a name in the query, a header or a field: 501 that says which, in the journal too."""
    answer = ask(cloud, method, path, query, body, headers)

    assert (answer.status, answer.code) == (501, "NotImplemented")
    assert names in json.loads(answer.body)["ErrorMessage"]
    assert names in cloud.journal.entries("fc")[-1].details["message"]


def test_what_is_refused_is_not_done(cloud: FcCloud) -> None:
    """Of a request with one unknown field nothing is applied."""
    ask(cloud, "PUT", OF_FUNCTION, body={"timeout": 9, "timeOut": 9})

    assert cloud.fc.resources.function(SERVICE, FUNCTION).settings["timeout"] == 20


def test_a_path_below_no_version_is_not_supported(cloud: FcCloud) -> None:
    """Page "Error codes": 400 PathNotSupported."""
    answer = ask(cloud, "GET", "/2015-01-01/services")

    assert (answer.status, answer.code) == (400, "PathNotSupported")


def test_a_stateful_invocation_by_an_id_is_refused(cloud: FcCloud) -> None:
    """It would run once an id, which is not done here; without stateful invocations it is inert."""
    said = {"X-Fc-Invocation-Type": "Async", "X-Fc-Stateful-Async-Invocation-Id": "once"}
    invoke = partial(ask, cloud, "POST", f"{OF_FUNCTION}/invocations", headers=said)
    assert invoke().status == 202

    ask(cloud, "PUT", f"{OF_FUNCTION}/async-invoke-config", body={"statefulInvocation": True})
    answer = invoke()

    assert (answer.status, answer.code) == (501, "NotImplemented")
    assert "x-fc-stateful-async-invocation-id" in json.loads(answer.body)["ErrorMessage"]


@pytest.mark.parametrize(
    ("header", "value"), [("x-fc-invocation-type", "Later"), ("x-fc-log-type", "Head")]
)
def test_an_invocation_of_a_kind_that_there_is_not_is_refused(
    cloud: FcCloud, header: str, value: str
) -> None:
    """It is not taken for the usual one."""
    answer = ask(cloud, "POST", f"{OF_FUNCTION}/invocations", headers={header: value})

    assert (answer.status, answer.code) == (400, "InvalidArgument")
    assert header in json.loads(answer.body)["ErrorMessage"]


def test_the_newer_version_refuses_by_name_as_well(cloud: FcCloud) -> None:
    """With the SDK's own signature: a query name, a field, and one in a configuration as text."""
    fc = client(cloud)
    function = f"/2021-04-06/services/{SERVICE}/functions/{FUNCTION}"

    def refused(action: str, method: str, path: str, **request: Any) -> str:
        params = open_api.Params(
            action=action,
            version="2021-04-06",
            protocol="HTTP",
            pathname=path,
            method=method,
            auth_type="AK",
            style="FC",
            req_body_type="json",
            body_type="json",
        )
        with pytest.raises(Exception, match="NotImplemented") as error:
            fc.call_api(params, open_api.OpenApiRequest(**request), RuntimeOptions())
        return str(error.value)

    config = json.dumps({"filterTags": "findings"})
    trigger = {"triggerName": "t", "triggerType": "mns_topic", "triggerConfig": config}
    assert "GetFunction: tags" in refused("GetFunction", "GET", function, query={"tags": "a"})
    assert "UpdateFunction: name" in refused("UpdateFunction", "PUT", function, body={"name": "f"})
    assert "triggerConfig.filterTags" in refused(
        "CreateTrigger", "POST", f"{function}/triggers", body=trigger
    )
    assert "x-acs-action" in refused("GetService", "GET", function)


def test_what_the_sdk_can_say_is_known(cloud: FcCloud) -> None:
    """Every field of the SDK's requests for a service and a function is taken."""
    fc = client(cloud)
    log = models.LogConfig(log_begin_rule="None", enable_request_metrics=False)
    nas = models.NASConfig(
        user_id=1,
        group_id=1,
        mount_points=[models.NASConfigMountPoints(mount_dir="/m", server_addr="s")],
    )
    oss = models.OSSMountConfig(
        mount_points=[
            models.OSSMountConfigMountPoints(
                bucket_name="b", bucket_path="/", endpoint="e", mount_dir="/o", read_only=True
            )
        ]
    )
    fc.create_service(
        models.CreateServiceRequest(
            service_name="whole",
            description="d",
            internet_access=False,
            log_config=log,
            nas_config=nas,
            oss_mount_config=oss,
            tracing_config=models.TracingConfig(type="Jaeger", params={"endpoint": "any"}),
            vpc_config=models.VPCConfig(
                vpc_id="v", v_switch_ids=["w"], security_group_id="s", role="r"
            ),
        )
    )
    hook = models.LifecycleHook(handler="index.stop", timeout=3)
    fc.create_function(
        "whole",
        models.CreateFunctionRequest(
            function_name="whole",
            runtime="python3.10",
            handler="index.handler",
            code=models.Code(zip_file=zip_file("")),
            ca_port=9000,
            cpu=0.5,
            disk_size=512,
            gpu_memory_size=0,
            layers=["l"],
            custom_dns=models.CustomDNS(
                name_servers=["n"], searches=["s"], dns_options=[models.DNSOption("n", "v")]
            ),
            custom_health_check_config=models.CustomHealthCheckConfig(
                1, "/", 1, 1, 1, timeout_seconds=1
            ),
            custom_runtime_config=models.CustomRuntimeConfig(["a"], ["c"]),
            custom_container_config=models.CustomContainerConfig(
                acceleration_type="Default",
                args="a",
                command="c",
                image="i",
                instance_id="n",
                web_server_mode=True,
            ),
            instance_lifecycle_config=models.InstanceLifecycleConfig(
                pre_freeze=hook, pre_stop=hook
            ),
        ),
    )
    fc.update_function("whole", "whole", models.UpdateFunctionRequest(instance_concurrency=2))

    shown = cloud.fc.resources.function("whole", "whole").settings
    assert (shown["instanceConcurrency"], shown["layers"]) == (2, ["l"])


def test_each_operation_has_a_row_in_each_version_and_each_row_an_operation() -> None:
    """Nothing is routed to nowhere, and no operation is out of reach; two versions are of 2.0."""
    older, newer, alone = ({row.name for row in table} for table in (OLDER, NEWER, ALONE))
    assert older - newer == {"GetTempBucketToken"}
    assert newer <= older
    assert older | alone == set(OPERATIONS)
