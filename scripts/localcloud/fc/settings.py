"""What services, functions and asynchronous invocations can be set to, and what they are if not."""

import re
from typing import Any

from ..pythons import RUNTIMES
from . import destinations
from .errors import invalid

Settings = dict[str, Any]

# Data structures "ServiceMetadata" and "FunctionMetadata": what is not said is so. (The default
# timeout is documented as 3 seconds and, in the SDK, as 60: the shorter one hurts earlier.)
SERVICE_DEFAULTS: Settings = {
    "description": "",
    "role": "",
    "logConfig": {
        "project": "",
        "logstore": "",
        "enableRequestMetrics": False,
        "enableInstanceMetrics": False,
        "logBeginRule": "None",
    },
    "internetAccess": True,
    "vpcConfig": {"vpcId": "", "vSwitchIds": [], "securityGroupId": ""},
    "nasConfig": {"userId": -1, "groupId": -1, "mountPoints": []},
    "ossMountConfig": {"mountPoints": []},
    "tracingConfig": {},
}
FUNCTION_DEFAULTS: Settings = {
    "description": "",
    "runtime": "",
    "handler": "",
    "timeout": 3,
    "memorySize": 128,
    "environmentVariables": {},
    "initializer": "",
    "initializationTimeout": 3,
    "instanceConcurrency": 1,
    "instanceSoftConcurrency": 0,
    "instanceType": "e1",
    "instanceLifecycleConfig": {},
    "customContainerConfig": {},
    "customDNS": {},
    "customHealthCheckConfig": {},
    "customRuntimeConfig": {},
    "layers": [],
    "caPort": 0,
    "cpu": 0,
    "diskSize": 512,
    "gpuMemorySize": 0,
}
# Data structure "AsyncConfiguration".
ASYNC_DEFAULTS: Settings = {
    "destinationConfig": {},
    "maxAsyncEventAgeInSeconds": 86400,
    "maxAsyncRetryAttempts": 3,
    "statefulInvocation": False,
}

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
# Pages "CreateService" and "CreateFunction" of 2021-04-06.
_LONGEST_NAME = {"serviceName": 128, "functionName": 64, "triggerName": 128}
_HANDLER = re.compile(r"[\w./-]+\.\w+")
_ENVIRONMENT_LIMIT = 4096


def merged(settings: Settings, fields: Settings) -> Settings:
    """The settings, with what `fields` says of them; null says nothing."""
    said = {name: fields[name] for name in settings if fields.get(name) is not None}
    for name, value in said.items():
        kind = (int, float) if isinstance(settings[name], int | float) else type(settings[name])
        if not isinstance(value, kind):
            raise invalid(f"{name} is of the wrong type: {value!r}")
    return {**settings, **said}


def check_name(what: str, name: str) -> None:
    """Raises FcError for no name of a service, function or trigger."""
    longest = _LONGEST_NAME[what]
    if not _NAME.fullmatch(name) or len(name) > longest:
        raise invalid(
            f"{what} must be 1 to {longest} letters, digits, _ and -, and begin with a letter or _"
        )


def _check_range(what: str, value: object, least: int, most: int) -> None:
    if not isinstance(value, int) or not least <= value <= most:
        raise invalid(f"{what} must be {least} to {most}, not {value}")


def _check_destinations(config: Settings) -> None:
    for outcome in ("onSuccess", "onFailure"):
        chosen = config.get(outcome) or {}
        if not isinstance(chosen, dict):
            raise invalid(f"destinationConfig.{outcome} must be an object")
        if arn := chosen.get("destination"):
            destinations.parse(str(arn))


def check_async_config(settings: Settings) -> None:
    """Raises FcError for what an asynchronous configuration cannot have."""
    _check_destinations(settings["destinationConfig"])
    _check_range("maxAsyncRetryAttempts", settings["maxAsyncRetryAttempts"], 0, 8)
    _check_range("maxAsyncEventAgeInSeconds", settings["maxAsyncEventAgeInSeconds"], 1, 604800)


def check_function(settings: Settings) -> None:
    """Raises FcError for what a function of a service cannot have, or not here."""
    check_common(settings)
    if settings["initializer"]:
        _check_handler("initializer", settings["initializer"])
    _check_range("initializationTimeout", settings["initializationTimeout"], 1, 300)


def check_common(settings: Settings) -> None:
    """The same of what functions with and without services have alike."""
    if settings["runtime"] not in RUNTIMES:
        known = ", ".join(RUNTIMES)
        raise invalid(f"runtime must be one of {known} here, not '{settings['runtime']}'")
    _check_handler("handler", settings["handler"])
    _check_range("timeout", settings["timeout"], 1, 86400)
    _check_range("memorySize", settings["memorySize"], 128, 32768)
    _check_environment(settings["environmentVariables"])


def _check_handler(what: str, given: object) -> None:
    if not _HANDLER.fullmatch(str(given)):
        raise invalid(f"{what} must be <module>.<function>, not '{given}'")


def _check_environment(variables: object) -> None:
    """Page "Environment variables": text, and 4 KB of it at most."""
    if not isinstance(variables, dict) or not all(isinstance(v, str) for v in variables.values()):
        raise invalid("environmentVariables must be an object of strings")
    size = sum(len((name + value).encode()) for name, value in variables.items())
    if size > _ENVIRONMENT_LIMIT:
        raise invalid(f"environmentVariables must not exceed 4 KB, and have {size} bytes")
