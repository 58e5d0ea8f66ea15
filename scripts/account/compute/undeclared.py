"""Settings that s.yaml leaves alone, and that are not as by default; of either generation."""

from collections.abc import Iterable, Mapping
from typing import Any

from scripts.account.resource import State

Defaults = Mapping[str, tuple[str, ...]]
"""Each setting, by its path, with its default in words, or all forms that it may have.

The empty text stands for absence.
"""

# Networks and mounts: a service's in 2.0, the function's own in 3.0.
AROUND: Defaults = {
    "internetAccess": ("true", ""),
    "vpcConfig.vpcId": ("",),
    "vpcConfig.vSwitchIds": ("",),
    "vpcConfig.securityGroupId": ("",),
    "nasConfig.mountPoints": ("",),
    "ossMountConfig.mountPoints": ("",),
}

# The address of a collector of traces has its token in it.
_SECRET = {"tracingConfig.params"}


def settings_of(model: Any, settings: Defaults) -> State:
    """Those of the settings (a table of an adapter's) as the SDK's model has them, by path."""
    described = model.to_map()
    found = {field: _words(_at(described, field.split("."))) for field in settings}
    return {
        field: settings[field][0] if live in settings[field] else _shown(field, live)
        for field, live in found.items()
    }


def defaults_of(settings: Defaults) -> State:
    """The same settings as they are by default."""
    return {field: defaults[0] for field, defaults in settings.items()}


def resets_around(models: Any) -> dict[str, Mapping[str, Any]]:
    """What sets back each of `AROUND`, in the models of an adapter's SDK."""
    return {
        "internetAccess": {"internet_access": True},
        "vpcConfig": {
            "vpc_config": models.VPCConfig(vpc_id="", v_switch_ids=[], security_group_id="")
        },
        "nasConfig": {"nas_config": models.NASConfig(mount_points=[])},
        "ossMountConfig": {"oss_mount_config": models.OSSMountConfig(mount_points=[])},
    }


def resetting(resets: Mapping[str, Mapping[str, Any]], fields: Iterable[str]) -> dict[str, Any]:
    """What an update says to set these back, of what it says for each of a model's own fields."""
    return {
        name: value
        for field in fields
        for name, value in resets.get(field.partition(".")[0], {}).items()
    }


def _shown(field: str, live: str) -> str:
    return "(a value)" if field in _SECRET else live


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
