"""Which settings of a function of Function Compute 3.0 are compared: each field has its place."""

import typing

import pytest
from alibabacloud_fc20230330 import models
from darabonba.model import DaraModel

from scripts.account.compute.fc3_defaults import FUNCTION_DEFAULTS, resetting
from scripts.account.compute.undeclared import defaults_of, settings_of
from tests.sdk_models import fields

# What s.yaml says, with its variables, and its code by its checksum.
TOLD = {"description", "runtime", "handler", "memorySize", "cpu", "diskSize", "timeout", "role"} | {
    *("logConfig.project", "logConfig.logstore", "logConfig.logBeginRule"),
    *("logConfig.enableRequestMetrics", "environmentVariables", "codeChecksum"),
}
# What nobody sets there: names, times, states, and what others keep beside the function.
GIVEN = {"codeSize", "createdTime", "functionArn", "functionId", "functionName"} | {
    *("lastModifiedTime", "lastUpdateStatus", "lastUpdateStatusReason"),
    *("lastUpdateStatusReasonCode", "state", "stateReason", "stateReasonCode"),
    *("resourceGroupId", "tags"),
}
# Roots of what alone makes no difference, or comes with 3.0 and declares itself.
NO_DIFFERENCE = (
    *("enableLongLiving", "idleTimeout"),  # of instances that are provisioned
    *("instanceIsolationMode", "sessionAffinity", "microSandboxConfig"),  # of sessions
    *("invocationRestriction", "lockInfo"),  # which no update sets
    *("logConfig.enableInstanceMetrics", "logConfig.enableLlmMetrics"),  # how much is recorded
    *("customContainerConfig.acc", "customContainerConfig.acr"),  # of an image, which is compared
    *("customContainerConfig.healthCheckConfig", "customContainerConfig.port"),
    *("customContainerConfig.registryConfig", "customContainerConfig.resolvedImageUri"),
    *("customRuntimeConfig.healthCheckConfig", "customRuntimeConfig.port"),  # of its command
    *("gpuConfig.gpuType",),  # of its memory
    *("nasConfig.groupId", "nasConfig.userId", "polarFsConfig.groupId", "polarFsConfig.userId"),
    *("juiceFsConfig.envs",),  # of mounts, which are compared
    *("vpcConfig.role",),
    *("instanceLifecycleConfig.initializer.timeout", "instanceLifecycleConfig.preStop.timeout"),
)


def test_every_field_of_the_model_has_its_place() -> None:
    """A field that Function Compute tells is compared, or known for harmless."""
    known = {*TOLD, *GIVEN, *FUNCTION_DEFAULTS}
    names = {**vars(typing), "main_models": models}
    found = set(fields(models.Function, DaraModel, names))
    assert sorted(each for each in found - known if not each.startswith(NO_DIFFERENCE)) == []
    assert known - found == set()


@pytest.mark.parametrize("field", FUNCTION_DEFAULTS)
def test_each_compared_setting_has_a_way_back(field: str) -> None:
    """An update that names it, and nothing else, brings it to its default."""
    body = models.UpdateFunctionInput(**resetting([field])).to_map()
    assert list(body) == [field.partition(".")[0]]


def test_a_function_with_nothing_of_all_that_is_as_by_default() -> None:
    """And so is one that has what 3.0 gives by itself."""
    bare = models.Function(function_name="f")
    given = models.Function(
        internet_access=True,
        instance_concurrency=1,
        instance_isolation_mode="SHARE",
        session_affinity="NONE",
        state="Active",
        tags=[models.Tag(key="a", value="b")],
        disable_ondemand=False,
        disable_inject_credentials="None",
        vpc_config=models.VPCConfig(vpc_id="", v_switch_ids=[], security_group_id=""),
        nas_config=models.NASConfig(group_id=0, user_id=0, mount_points=[]),
    )
    expected = defaults_of(FUNCTION_DEFAULTS)
    assert settings_of(bare, FUNCTION_DEFAULTS) == expected
    assert settings_of(given, FUNCTION_DEFAULTS) == expected
