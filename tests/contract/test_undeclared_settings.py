"""Whatever somebody sets by hand, and s.yaml leaves alone, is told as drift, setting by setting."""

from collections.abc import Callable
from typing import Any

import pytest
from alibabacloud_fc_open20210406 import models as fc
from Tea.model import TeaModel

from scripts.account.compute.fc2_defaults import FUNCTION_DEFAULTS, SERVICE_DEFAULTS
from scripts.decide.drift import Drift
from scripts.flows.compare import find_drift
from tests.account import FUNCTION, SERVICE, Account
from tests.contract.spoil import look
from tests.sdk_models import fields

# What apply compares with s.yaml, what nobody sets, and what alone makes no difference.
ELSEWHERE = {
    "service": {"description", "role", "logConfig.logBeginRule", "logConfig.logstore"}
    | {"logConfig.project"},
    "function": {"codeChecksum", "description", "environmentVariables", "handler", "memorySize"}
    | {"runtime", "timeout"},
}
GIVEN = {
    "service": {"createdTime", "lastModifiedTime", "serviceId", "serviceName"},
    "function": {"codeSize", "createdTime", "functionId", "functionName", "lastModifiedTime"}
    | {"customContainerConfig.accelerationInfo.status"},
}
NO_DIFFERENCE = {
    "service": {
        "logConfig.enableInstanceMetrics",  # how much is recorded
        "logConfig.enableRequestMetrics",
        "nasConfig.groupId",  # of mounts, which are compared
        "nasConfig.userId",
        "useSLRAuthentication",  # no call sets it, and its default is not told
        "vpcConfig.role",  # of a VPC, which is compared
    },
    "function": {
        "cpu",  # the platform chooses it by the memory
        "customContainerConfig.accelerationType",  # of an image, which is compared
        "customContainerConfig.webServerMode",
        "customHealthCheckConfig.failureThreshold",  # of a URL, which is compared
        "customHealthCheckConfig.initialDelaySeconds",
        "customHealthCheckConfig.periodSeconds",
        "customHealthCheckConfig.successThreshold",
        "customHealthCheckConfig.timeoutSeconds",
        "initializationTimeout",  # of an initializer, which is compared
        "instanceLifecycleConfig.preFreeze.timeout",  # of hooks, which are compared
        "instanceLifecycleConfig.preStop.timeout",
    },
}

Planted = tuple[str, dict[str, Any], str]  # field, as set, as told


def mount(**changed: Any) -> Any:
    """A mount of an OSS bucket."""
    place = {"bucket_name": "theirs", "bucket_path": "/", "mount_dir": "/code/oss2"}
    return fc.OSSMountConfigMountPoints(**place, **changed)


def vpc(**fields: Any) -> dict[str, Any]:
    """A network of their own."""
    return {"vpc_config": fc.VPCConfig(**fields)}


NAS = fc.NASConfigMountPoints(enable_tls=False, mount_dir="/mnt", server_addr="nas:/")

OF_SERVICE: list[Planted] = [
    ("internetAccess", {"internet_access": False}, "false"),
    ("vpcConfig.vpcId", vpc(vpc_id="vpc-1"), "vpc-1"),
    ("vpcConfig.vSwitchIds", vpc(v_switch_ids=["vsw-1", "vsw-2"]), "vsw-1, vsw-2"),
    ("vpcConfig.securityGroupId", vpc(security_group_id="sg-1"), "sg-1"),
    (
        "nasConfig.mountPoints",
        {"nas_config": fc.NASConfig(mount_points=[NAS])},
        "enableTLS=false mountDir=/mnt serverAddr=nas:/",
    ),
    (
        "ossMountConfig.mountPoints",
        {"oss_mount_config": fc.OSSMountConfig(mount_points=[mount(read_only=True)])},
        "bucketName=theirs bucketPath=/ mountDir=/code/oss2 readOnly=true",
    ),
    ("tracingConfig.type", {"tracing_config": fc.TracingConfig(type="Jaeger")}, "Jaeger"),
    (
        "tracingConfig.params",
        {"tracing_config": fc.TracingConfig(params={"endpoint": "http://t/adapt_s3cret"})},
        "(a value)",
    ),
]

HOOK, DNS = fc.LifecycleHook(handler="other.stop"), fc.CustomDNS


def container(**fields: Any) -> dict[str, Any]:
    """An image to be run in place of the code."""
    return {"custom_container_config": fc.CustomContainerConfig(**fields)}


def own_runtime(**fields: Any) -> dict[str, Any]:
    """A program to be run in place of the handler."""
    return {"custom_runtime_config": fc.CustomRuntimeConfig(**fields)}


def hook(name: str) -> dict[str, Any]:
    """Code that is run beside the handler."""
    return {"instance_lifecycle_config": fc.InstanceLifecycleConfig(**{name: HOOK})}


OF_FUNCTION: list[Planted] = [
    ("initializer", {"initializer": "other.begin"}, "other.begin"),
    ("layers", {"layers": ["acs:fc:a", "acs:fc:b"]}, "acs:fc:a, acs:fc:b"),
    ("layersArnV2", {"layers": ["acs:fc:a"]}, "acs:fc:a"),
    ("customRuntimeConfig.command", own_runtime(command=["sh"]), "sh"),
    ("customRuntimeConfig.args", own_runtime(args=["-c", "x"]), "-c, x"),
    ("customContainerConfig.image", container(image="theirs:1"), "theirs:1"),
    ("customContainerConfig.command", container(command='["sh"]'), '["sh"]'),
    ("customContainerConfig.args", container(args='["-c"]'), '["-c"]'),
    ("customContainerConfig.instanceID", container(instance_id="cri-1"), "cri-1"),
    (
        "customHealthCheckConfig.httpGetUrl",
        {"custom_health_check_config": fc.CustomHealthCheckConfig(http_get_url="/up")},
        "/up",
    ),
    ("customDNS.nameServers", {"custom_dns": DNS(name_servers=["10.0.0.1"])}, "10.0.0.1"),
    ("customDNS.searches", {"custom_dns": DNS(searches=["theirs"])}, "theirs"),
    (
        "customDNS.dnsOptions",
        {"custom_dns": DNS(dns_options=[fc.DNSOption(name="ndots", value="5")])},
        "name=ndots value=5",
    ),
    ("instanceLifecycleConfig.preFreeze.handler", hook("pre_freeze"), "other.stop"),
    ("instanceLifecycleConfig.preStop.handler", hook("pre_stop"), "other.stop"),
    ("instanceType", {"instance_type": "c1"}, "c1"),
    ("instanceConcurrency", {"instance_concurrency": 9}, "9"),
    ("instanceSoftConcurrency", {"instance_soft_concurrency": 9}, "9"),
    ("caPort", {"ca_port": 8080}, "8080"),
    ("diskSize", {"disk_size": 10240}, "10240"),
    ("gpuMemorySize", {"gpu_memory_size": 1024}, "1024"),
]


def settings(account: Account) -> list[Any]:
    """All that is set of service and function."""
    resources = account.cloud.fc.resources
    return [resources.service(SERVICE).settings, resources.function(SERVICE, FUNCTION).settings]


def drift_with(account: Account, set_it: Callable[..., object], as_set: Any) -> list[Drift]:
    """What drifts while something is set so; apply, which the doctor names, brings it back."""
    set_it(**as_set)
    spec = account.spec
    found = find_drift(spec, account.clients).drift
    assert {each.mend for each in look(account, spec)} == {"resource-repair apply"}
    account.deploy()
    assert look(account, spec) == []
    assert find_drift(spec, account.clients).drift == ()
    return list(found)


EACH = [
    *(("service", SERVICE, *each) for each in OF_SERVICE),
    *(("function", FUNCTION, *each) for each in OF_FUNCTION),
]


@pytest.mark.parametrize(("kind", "name", "field", "as_set", "told"), EACH, ids=lambda each: each)
def test_a_setting_is_told(
    sound: Account, kind: str, name: str, field: str, as_set: dict[str, Any], told: str
) -> None:
    """Each compared one that was set by hand is drift: its field and its value."""
    api = sound.clients.fc

    def set_it(**fields: Any) -> None:
        if kind == "service":
            api.update_service(SERVICE, fc.UpdateServiceRequest(**fields))
        else:
            api.update_function(SERVICE, FUNCTION, fc.UpdateFunctionRequest(**fields))

    found = drift_with(sound, set_it, as_set)
    assert (kind, name, field, told) in [each[:4] for each in found]


@pytest.mark.parametrize(
    ("planted", "compared"), [(OF_SERVICE, SERVICE_DEFAULTS), (OF_FUNCTION, FUNCTION_DEFAULTS)]
)
def test_every_compared_setting_is_planted_above(
    planted: list[Planted], compared: dict[str, Any]
) -> None:
    """No setting is compared without a test of its own."""
    assert {field for field, *_ in planted} == set(compared)


@pytest.mark.parametrize(
    ("kind", "model", "compared"),
    [
        ("service", fc.GetServiceResponseBody, SERVICE_DEFAULTS),
        ("function", fc.GetFunctionResponseBody, FUNCTION_DEFAULTS),
    ],
)
def test_every_field_of_the_model_has_its_place(
    kind: str, model: type[TeaModel], compared: dict[str, Any]
) -> None:
    """A field that Function Compute tells is compared here or by apply, or known for harmless."""
    places = [set(compared), ELSEWHERE[kind], GIVEN[kind], NO_DIFFERENCE[kind]]
    assert sorted(fields(model, TeaModel, vars(fc))) == sorted(
        field for each in places for field in each
    )


def test_a_binding_to_a_vpc_is_told(sound: Account) -> None:
    """That only a VPC may call the functions any more is drift of the service."""
    sound.clients.fc.create_vpc_binding(SERVICE, fc.CreateVpcBindingRequest(vpc_id="vpc-1"))
    found = find_drift(sound.spec, sound.clients).drift
    sound.deploy()

    assert found == (Drift("service", SERVICE, "vpcBindings", "vpc-1", ""),)
    assert find_drift(sound.spec, sound.clients).drift == ()


def test_a_trigger_of_a_version_is_told_and_replaced(sound: Account) -> None:
    """A trigger that runs a version in place of what is deployed is drift, and a fault."""
    spec = sound.spec
    place = (SERVICE, FUNCTION)
    live = sound.clients.fc.get_trigger(*place, spec.trigger.name).body
    sound.clients.fc.delete_trigger(*place, spec.trigger.name)
    request = fc.CreateTriggerRequest(
        trigger_name=live.trigger_name,
        trigger_type=live.trigger_type,
        trigger_config=live.trigger_config,
        invocation_role=live.invocation_role,
        source_arn=live.source_arn,
        qualifier="old",
    )
    sound.clients.fc.create_trigger(*place, request)
    found = find_drift(spec, sound.clients).drift
    (fault,) = look(sound)
    sound.deploy()

    assert found == (Drift("trigger", spec.trigger.name, "qualifier", "old", ""),)
    assert (fault.link, fault.mend) == ("trigger", "resource-repair apply")
    assert "has qualifier old, and s.yaml says nothing" in fault.what
    assert find_drift(spec, sound.clients).drift == ()
    assert look(sound) == []


@pytest.mark.parametrize(
    ("qualifier", "stateful", "drift"),
    [("7", False, ("qualifier", "7", "")), (None, True, ("statefulInvocation", "true", "false"))],
)
def test_another_async_configuration_is_told(
    sound: Account, qualifier: str | None, stateful: bool, drift: tuple[str, str, str]
) -> None:
    """A version's own asynchronous configuration is drift, and so are tasks in place of events."""
    spec = sound.spec
    place, config = (SERVICE, FUNCTION), spec.function.async_config
    assert config
    failure = fc.Destination(destination=config.failure_destination)
    request = fc.PutFunctionAsyncInvokeConfigRequest(
        destination_config=fc.DestinationConfig(on_failure=failure),
        max_async_event_age_in_seconds=config.max_age,
        max_async_retry_attempts=config.retries,
        qualifier=qualifier,
        stateful_invocation=stateful,
    )
    sound.clients.fc.put_function_async_invoke_config(*place, request)
    found = find_drift(spec, sound.clients).drift
    sound.deploy()

    assert found == (Drift("async configuration", FUNCTION, *drift),)
    assert find_drift(spec, sound.clients).drift == ()
