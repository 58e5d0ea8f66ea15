"""Settings of the service and the function that s.yaml leaves alone, where one is not the default.

Function Compute's models were gone through field by field: what may run other code, or the same
with something else or elsewhere, is compared. Not compared is what alone does nothing (a timeout of
a hook that is not there, the user of a mount that is not there), what only says how much is
recorded, and two that nobody can tell from the platform's own choice: `cpu`, which follows the
memory, and `useSLRAuthentication`, which no call sets.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from alibabacloud_fc_open20210406 import models

from scripts.account.compute import undeclared
from scripts.account.compute.undeclared import Defaults

# Data structures "ServiceMetadata" and "FunctionMetadata".
SERVICE_DEFAULTS: Defaults = {
    **undeclared.AROUND,
    "tracingConfig.type": ("",),
    "tracingConfig.params": ("",),
}
FUNCTION_DEFAULTS: Defaults = {
    "initializer": ("",),
    "layers": ("",),
    "layersArnV2": ("",),
    "customRuntimeConfig.command": ("",),
    "customRuntimeConfig.args": ("",),
    "customContainerConfig.image": ("",),
    "customContainerConfig.command": ("",),
    "customContainerConfig.args": ("",),
    "customContainerConfig.instanceID": ("",),
    "customHealthCheckConfig.httpGetUrl": ("",),
    "customDNS.nameServers": ("",),
    "customDNS.searches": ("",),
    "customDNS.dnsOptions": ("",),
    "instanceLifecycleConfig.preFreeze.handler": ("",),
    "instanceLifecycleConfig.preStop.handler": ("",),
    "instanceType": ("e1", ""),
    "instanceConcurrency": ("1", "0", ""),
    "instanceSoftConcurrency": ("", "0", "1"),
    "caPort": ("", "0", "9000"),
    "diskSize": ("512", "0", ""),
    "gpuMemorySize": ("", "0"),
}


def resetting(fields: Iterable[str]) -> dict[str, Any]:
    """What an update of the service or the function says to set these back, as the SDK has it."""
    return undeclared.resetting(_resets(), fields)


def _resets() -> Mapping[str, Mapping[str, Any]]:
    return {
        **undeclared.resets_around(models),
        "tracingConfig": {"tracing_config": models.TracingConfig()},
        "initializer": {"initializer": ""},
        "layers": {"layers": []},
        "layersArnV2": {"layers": []},
        "customRuntimeConfig": {"custom_runtime_config": models.CustomRuntimeConfig()},
        "customContainerConfig": {"custom_container_config": models.CustomContainerConfig()},
        "customHealthCheckConfig": {"custom_health_check_config": models.CustomHealthCheckConfig()},
        "customDNS": {"custom_dns": models.CustomDNS()},
        "instanceLifecycleConfig": {"instance_lifecycle_config": models.InstanceLifecycleConfig()},
        "instanceType": {"instance_type": "e1"},
        "instanceConcurrency": {"instance_concurrency": 1},
        "instanceSoftConcurrency": {"instance_soft_concurrency": 0},
        "caPort": {"ca_port": 0},
        "diskSize": {"disk_size": 512},
        "gpuMemorySize": {"gpu_memory_size": 0},
    }
