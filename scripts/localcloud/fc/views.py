"""How Function Compute's API shows what there is: JSON objects, as the 2.0 data structures say."""

import hashlib
import json
import time
from typing import Any

from .resources import AsyncConfig, Function, Service, Trigger

View = dict[str, Any]


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


def trigger_view(trigger: Trigger, *, config_as_text: bool) -> View:
    """Data structure "TriggerMetadata"; the newer API writes the configuration as text."""
    config = trigger.settings
    return {
        "triggerName": trigger.name,
        "triggerId": trigger.id,
        "triggerType": trigger.kind,
        "triggerConfig": json.dumps(config) if config_as_text else config,
        "sourceArn": trigger.source_arn,
        "invocationRole": trigger.invocation_role,
        "description": trigger.description,
        "qualifier": trigger.qualifier,
        "createdTime": _time(trigger.created_at),
        "lastModifiedTime": _time(trigger.created_at),
    }


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


def etag(view: View) -> str:
    """A tag of a resource's present state, for If-Match."""
    return hashlib.md5(json.dumps(view).encode(), usedforsecurity=False).hexdigest()


def _time(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
