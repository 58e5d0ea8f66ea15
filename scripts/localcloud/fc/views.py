"""How Function Compute's API shows what there is: JSON objects, as its data structures say."""

import hashlib
import json
import time
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from .alone import ALONE_DEFAULTS
from .resources import LATEST, AsyncConfig, Function, Service, Trigger

View = dict[str, Any]


class Views(NamedTuple):
    """How one version of the API shows what all have.

    `async_config` takes the service, the function and the qualifier that a configuration is of.
    """

    function: Callable[[Function], View]
    trigger: Callable[[Trigger], View]
    async_config: Callable[[str, str, str, AsyncConfig], View]


def service_view(service: Service) -> View:
    """Data structure "ServiceMetadata"."""
    return {
        "serviceName": service.name,
        "serviceId": service.id,
        **service.settings,
        "createdTime": _time(service.created_at),
        "lastModifiedTime": _time(service.modified_at),
    }


def function_view(function: Function) -> View:
    """Data structure "FunctionMetadata"."""
    return {
        "functionName": function.name,
        "functionId": function.id,
        **function.settings,
        "layersArnV2": function.settings["layers"],
        "codeSize": len(function.code.package),
        "codeChecksum": function.code.checksum,
        "createdTime": _time(function.created_at),
        "lastModifiedTime": _time(function.modified_at),
    }


def trigger_view(trigger: Trigger) -> View:
    """Data structure "TriggerMetadata"."""
    return {
        "triggerName": trigger.name,
        "triggerId": trigger.id,
        "triggerType": trigger.kind,
        "triggerConfig": trigger.settings,
        "sourceArn": trigger.source_arn,
        "invocationRole": trigger.invocation_role,
        "description": trigger.description,
        "qualifier": trigger.qualifier,
        "createdTime": _time(trigger.created_at),
        "lastModifiedTime": _time(trigger.modified_at or trigger.created_at),
    }


def _with_text(trigger: Trigger) -> View:
    """The newer versions write a trigger's configuration as text."""
    return {**trigger_view(trigger), "triggerConfig": json.dumps(trigger.settings)}


def async_config_view(service: str, function: str, qualifier: str, config: AsyncConfig) -> View:
    """What GetFunctionAsyncInvokeConfig answers."""
    return {
        "service": service,
        "function": function,
        "qualifier": qualifier,
        **config.settings,
        "createdTime": _time(config.created_at),
        "lastModifiedTime": _time(config.modified_at),
    }


OLDER = Views(function_view, trigger_view, async_config_view)
NEWER = OLDER._replace(trigger=_with_text)


def standing_alone(arns: str, around: Callable[[str, str], Service]) -> Views:
    """How 3.0 shows them; `arns` is what the ARN of each function begins with.

    Data structures "Function", "Trigger" and "AsyncConfig" (2023-03-30). A function of a service is
    `service$function`: page "Comparison and compatibility between 3.0 and 2.0" (read 2024-10-21).
    `around` gives a function's service.
    """

    def function(shown: Function) -> View:
        of_service = around(shown.service, shown.name).settings if shown.service else {}
        settings = {**of_service, **shown.settings}
        name = known_alone(shown.service, shown.name)
        return {
            "functionName": name,
            "functionArn": f"{arns}{name}",
            "functionId": shown.id,
            **{each: settings[each] for each in ALONE_DEFAULTS if each in settings},
            "layers": [{"arn": arn} for arn in settings["layers"]],
            "codeSize": len(shown.code.package),
            "codeChecksum": shown.code.checksum,
            "createdTime": _time(shown.created_at),
            "lastModifiedTime": _time(shown.modified_at),
            "state": "Active",
            "stateReason": "",
            "stateReasonCode": "",
            "lastUpdateStatus": "Successful",
            "lastUpdateStatusReason": "",
            "lastUpdateStatusReasonCode": "",
        }

    return Views(function, partial(_trigger, arns), partial(_async_config, arns))


def known_alone(service: str, function: str) -> str:
    """What a function is called where there are no services."""
    return "$".join(filter(None, (service, function)))


def _trigger(arns: str, trigger: Trigger) -> View:
    target = f"{arns}{known_alone(trigger.service, trigger.function)}"
    return {**_with_text(trigger), "status": "", "targetArn": target}


def _async_config(
    arns: str, service: str, function: str, qualifier: str, config: AsyncConfig
) -> View:
    """Guessed: that the ARN has a qualifier but the latest, from how the client reads it."""
    name = known_alone(service, function)
    return {
        "functionArn": f"{arns}{name}" + ("" if qualifier == LATEST else f"/{qualifier}"),
        "destinationConfig": config.settings["destinationConfig"],
        "maxAsyncEventAgeInSeconds": config.settings["maxAsyncEventAgeInSeconds"],
        "maxAsyncRetryAttempts": config.settings["maxAsyncRetryAttempts"],
        "asyncTask": config.settings["statefulInvocation"],
        "createdTime": _time(config.created_at),
        "lastModifiedTime": _time(config.modified_at),
    }


def etag(view: View) -> str:
    """A tag of a resource's present state, for If-Match."""
    return hashlib.md5(json.dumps(view).encode(), usedforsecurity=False).hexdigest()


def _time(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
