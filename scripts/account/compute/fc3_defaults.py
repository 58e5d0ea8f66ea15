"""Settings of a function of 3.0 that s.yaml leaves alone, where one is not the default.

By the same rule as for 2.0: what may run other code, or the same with something else or elsewhere,
is compared; and what keeps it from running, or from having its role. What 3.0 adds by itself is no
difference (state, sessions, isolation, tags). Which restriction of its invocations holds is not
compared: an update cannot lift it.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from alibabacloud_fc20230330 import models

from scripts.account.compute import undeclared
from scripts.account.compute.undeclared import Defaults

# Data structure "Function" (2023-03-30).
FUNCTION_DEFAULTS: Defaults = {
    **undeclared.AROUND,
    "polarFsConfig.mountPoints": ("",),
    "juiceFsConfig.mountPoints": ("",),
    "tracingConfig.type": ("",),
    "tracingConfig.params": ("",),
    "layers": ("",),
    "customRuntimeConfig.command": ("",),
    "customRuntimeConfig.args": ("",),
    "customContainerConfig.image": ("",),
    "customContainerConfig.command": ("",),
    "customContainerConfig.entrypoint": ("",),
    "customDNS.nameServers": ("",),
    "customDNS.searches": ("",),
    "customDNS.dnsOptions": ("",),
    "instanceLifecycleConfig.initializer.handler": ("",),
    "instanceLifecycleConfig.initializer.command": ("",),
    "instanceLifecycleConfig.preStop.handler": ("",),
    "instanceLifecycleConfig.preStop.command": ("",),
    "instanceConcurrency": ("1", "0", ""),
    "gpuConfig.gpuMemorySize": ("", "0"),
    "disableOndemand": ("false", ""),
    "disableInjectCredentials": ("None", ""),
}


def resetting(fields: Iterable[str]) -> dict[str, Any]:
    """What an update of the function says to set these back, as the SDK has it."""
    return undeclared.resetting(_resets(), fields)


def _resets() -> Mapping[str, Mapping[str, Any]]:
    return {
        **undeclared.resets_around(models),
        "polarFsConfig": {"polar_fs_config": models.PolarFsConfig(mount_points=[])},
        "juiceFsConfig": {"juice_fs_config": models.JuiceFsConfig(mount_points=[])},
        "tracingConfig": {"tracing_config": models.TracingConfig()},
        "layers": {"layers": []},
        "customRuntimeConfig": {"custom_runtime_config": models.CustomRuntimeConfig()},
        "customContainerConfig": {"custom_container_config": models.CustomContainerConfig()},
        "customDNS": {"custom_dns": models.CustomDNS()},
        "instanceLifecycleConfig": {"instance_lifecycle_config": models.InstanceLifecycleConfig()},
        "instanceConcurrency": {"instance_concurrency": 1},
        "gpuConfig": {"gpu_config": models.GPUConfig()},
        "disableOndemand": {"disable_ondemand": False},
        "disableInjectCredentials": {"disable_inject_credentials": "None"},
    }
