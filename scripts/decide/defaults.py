"""Settings of the service and the function that s.yaml leaves alone, where one is not the default.

Function Compute's models were gone through field by field: what may run other code, or the same
with something else or elsewhere, is compared. Not compared is what alone does nothing (a timeout of
a hook that is not there, the user of a mount that is not there), what only says how much is
recorded, and two that nobody can tell from the platform's own choice: `cpu`, which follows the
memory, and `useSLRAuthentication`, which no call sets.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

# Each with its default in words, or both forms that it may have; the empty text stands for absence.
# Data structures "ServiceMetadata" and "FunctionMetadata".
SERVICE: Mapping[str, tuple[str, ...]] = {
    "internetAccess": ("true", ""),
    "vpcConfig.vpcId": ("",),
    "vpcConfig.vSwitchIds": ("",),
    "vpcConfig.securityGroupId": ("",),
    "nasConfig.mountPoints": ("",),
    "ossMountConfig.mountPoints": ("",),
    "tracingConfig.type": ("",),
    "tracingConfig.params": ("",),
}
FUNCTION: Mapping[str, tuple[str, ...]] = {
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

# The address of a collector of traces has its token in it.
_SECRET = {"tracingConfig.params"}


class Unusual(NamedTuple):
    """A setting, by its path in the model, that is not the default; the values are in words."""

    field: str
    live: str
    default: str


def unusual(model: Any, settings: Mapping[str, tuple[str, ...]]) -> Iterator[Unusual]:
    """Those of the settings (`SERVICE`, `FUNCTION`) that the SDK's model has otherwise."""
    described = model.to_map()
    for field, defaults in settings.items():
        live = _words(_at(described, field.split(".")))
        if live not in defaults:
            yield Unusual(field, "(a value)" if field in _SECRET else live, defaults[0])


def _at(described: Any, path: list[str]) -> Any:
    """What is at the path; None where it leads nowhere."""
    for name in path:
        described = described.get(name) if isinstance(described, dict) else None
    return described


def _words(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ", ".join(map(_words, value))
    if isinstance(value, dict):
        return " ".join(f"{name}={_words(each)}" for name, each in value.items())
    return str(value)
