"""Function Compute's operations, for whichever version of the API asks for them.

An operation takes the state and a call, gives an answer, and raises FcError. `OPERATIONS` has them
by the API's names.
"""

import base64
import json
from collections.abc import Callable
from typing import Any

from .call import NOTHING, Answer, Call, listed, shown
from .code import Code
from .errors import FcError, invalid
from .resources import LATEST
from .runner import Invocation
from .state import FcState
from .views import (
    async_config_view,
    function_view,
    service_view,
    trigger_view,
)

_LOG_TAIL = 4096
_STATEFUL = "x-fc-stateful-async-invocation-id"


def _create_service(state: FcState, call: Call) -> Answer:
    fields = call.fields
    state.check_role(fields.get("role"))
    state.check_logs(fields)
    name = str(fields.get("serviceName", ""))
    return shown(service_view(state.resources.create_service(name, fields)))


def _get_service(state: FcState, call: Call) -> Answer:
    call.check_qualifier()
    return shown(service_view(state.resources.service(call.service)))


def _update_service(state: FcState, call: Call) -> Answer:
    fields = call.fields
    state.check_role(fields.get("role"))
    state.check_logs(fields)
    service = state.resources.update_service(call.service, fields, call.matching(service_view))
    return shown(service_view(service))


def _delete_service(state: FcState, call: Call) -> Answer:
    state.resources.delete_service(call.service, call.matching(service_view))
    state.bindings.forget(call.service)
    return NOTHING


def _list_services(state: FcState, call: Call) -> Answer:
    views = [service_view(service) for service in state.resources.services()]
    return listed(call, "services", "serviceName", views)


def _create_vpc_binding(state: FcState, call: Call) -> Answer:
    state.resources.service(call.service)
    state.bindings.bind(call.service, str(call.fields.get("vpcId") or ""))
    return Answer(b"{}")


def _delete_vpc_binding(state: FcState, call: Call) -> Answer:
    state.bindings.unbind(call.service, call.names["vpc"])
    return NOTHING


def _list_vpc_bindings(state: FcState, call: Call) -> Answer:
    state.resources.service(call.service)
    return Answer(json.dumps({"vpcIds": state.bindings.of(call.service)}).encode())


def _create_function(state: FcState, call: Call) -> Answer:
    fields = _fields_with_code(call)
    name = str(fields.get("functionName", ""))
    return shown(function_view(state.resources.create_function(call.service, name, fields)))


def _get_function(state: FcState, call: Call) -> Answer:
    call.check_qualifier()
    return shown(function_view(state.resources.function(call.service, call.function)))


def _update_function(state: FcState, call: Call) -> Answer:
    fields = _fields_with_code(call)
    fields.setdefault("instanceConcurrency", fields.get("InstanceConcurrency"))
    place, check = (call.service, call.function), call.matching(function_view)
    return shown(function_view(state.resources.update_function(*place, fields, check)))


def _delete_function(state: FcState, call: Call) -> Answer:
    place = (call.service, call.function)
    state.resources.delete_function(*place, call.matching(function_view))
    return NOTHING


def _list_functions(state: FcState, call: Call) -> Answer:
    call.check_qualifier()
    views = [function_view(function) for function in state.resources.functions(call.service)]
    return listed(call, "functions", "functionName", views)


def _get_function_code(state: FcState, call: Call) -> Answer:
    call.check_qualifier()
    code = state.resources.function(call.service, call.function).code
    answer = {"url": f"{call.packages}/{code.digest}", "checksum": code.checksum}
    return Answer(json.dumps(answer).encode())


def _download_package(state: FcState, call: Call) -> Answer:
    """What the URL of GetFunctionCode leads to; it can be had by whoever knows it."""
    code = state.resources.code(call.names["digest"])
    return Answer(code.package, headers={"Content-Type": "application/zip"})


def _create_trigger(state: FcState, call: Call) -> Answer:
    state.check_role(call.fields.get("invocationRole"))
    trigger = state.triggers.create(call.service, call.function, call.fields)
    return shown(trigger_view(trigger, config_as_text=call.config_as_text))


def _get_trigger(state: FcState, call: Call) -> Answer:
    trigger = state.resources.trigger(call.service, call.function, call.trigger)
    return shown(trigger_view(trigger, config_as_text=call.config_as_text))


def _update_trigger(state: FcState, call: Call) -> Answer:
    trigger = state.triggers.update(call.service, call.function, call.trigger)
    return shown(trigger_view(trigger, config_as_text=call.config_as_text))


def _delete_trigger(state: FcState, call: Call) -> Answer:
    state.triggers.delete(call.service, call.function, call.trigger)
    return NOTHING


def _list_triggers(state: FcState, call: Call) -> Answer:
    triggers = state.resources.triggers(call.service, call.function)
    views = [trigger_view(trigger, config_as_text=call.config_as_text) for trigger in triggers]
    return listed(call, "triggers", "triggerName", views)


def _put_async_config(state: FcState, call: Call) -> Answer:
    place = (call.service, call.function)
    config = state.resources.put_async_config(*place, call.fields, call.qualifier)
    return shown(async_config_view(*place, call.qualifier, config))


def _get_async_config(state: FcState, call: Call) -> Answer:
    place = (call.service, call.function, call.qualifier)
    return shown(async_config_view(*place, state.resources.async_config(*place)))


def _list_async_configs(state: FcState, call: Call) -> Answer:
    place = (call.service, call.function)
    configs = state.resources.async_configs(*place)
    views = [async_config_view(*place, name, config) for name, config in configs.items()]
    return listed(call, "configs", "qualifier", views)


def _delete_async_config(state: FcState, call: Call) -> Answer:
    state.resources.delete_async_config(call.service, call.function, call.qualifier)
    return NOTHING


def _invoke_function(state: FcState, call: Call) -> Answer:
    """Page "InvokeFunction"; a function's error is an answer of status 200 too."""
    call.check_qualifier()
    request = call.request
    names = (call.service, call.function)
    if call.choice("x-fc-invocation-type", "sync", "async") == "async":
        _check_stateful(state, call)
        state.invoke_async(*names, request.body, request_id=call.request_id)
        return Answer(status=202)
    invocation = state.invoke(*names, request.body, request_id=call.request_id)
    headers = _invocation_headers(invocation)
    if call.choice("x-fc-log-type", "none", "tail") == "tail":
        tail = invocation.log.encode()[-_LOG_TAIL:]
        headers["X-Fc-Log-Result"] = base64.b64encode(tail).decode()
    return Answer(invocation.payload, headers=headers)


def _check_stateful(state: FcState, call: Call) -> None:
    """Raises FcError for an id by which an event would run but once: each is run here."""
    config = state.resources.async_configs(call.service, call.function).get(LATEST)
    if config and config.settings["statefulInvocation"] and call.request.headers.get(_STATEFUL):
        said = "of a function whose invocations are stateful"
        raise FcError("NotImplemented", f"The local cloud does not know this: {_STATEFUL} {said}")


def _invocation_headers(invocation: Invocation) -> dict[str, str]:
    headers = {
        "Content-Type": "application/octet-stream",
        "X-Fc-Invocation-Duration": str(round(invocation.duration_ms)),
        "X-Fc-Invocation-Service-Version": "LATEST",
        "X-Fc-Instance-Id": invocation.instance_id,
    }
    if invocation.error_type:
        headers["X-Fc-Error-Type"] = invocation.error_type
        headers["Content-Type"] = "application/json"
    return headers


def _empty(field_name: str) -> Callable[[FcState, Call], Answer]:
    """A list of something that this cloud does not have; of a service, that service must exist."""

    def operation(state: FcState, call: Call) -> Answer:
        if "service" in call.names:
            state.resources.service(call.service)
        return Answer(json.dumps({field_name: []}).encode())

    return operation


def _fields_with_code(call: Call) -> dict[str, Any]:
    """The body's fields; a code package must have the checksum that the request says."""
    fields = call.fields
    said = call.request.headers.get("X-Fc-Code-Checksum")
    if said and fields.get("code") and Code.from_request(fields["code"]).checksum != said:
        raise invalid("the code package's CRC-64 is not the one in X-Fc-Code-Checksum")
    return fields


OPERATIONS: dict[str, Callable[[FcState, Call], Answer]] = {
    "CreateService": _create_service,
    "GetService": _get_service,
    "UpdateService": _update_service,
    "DeleteService": _delete_service,
    "ListServices": _list_services,
    "CreateFunction": _create_function,
    "GetFunction": _get_function,
    "UpdateFunction": _update_function,
    "DeleteFunction": _delete_function,
    "ListFunctions": _list_functions,
    "GetFunctionCode": _get_function_code,
    "DownloadPackage": _download_package,
    "CreateTrigger": _create_trigger,
    "GetTrigger": _get_trigger,
    "UpdateTrigger": _update_trigger,
    "DeleteTrigger": _delete_trigger,
    "ListTriggers": _list_triggers,
    "PutFunctionAsyncInvokeConfig": _put_async_config,
    "GetFunctionAsyncInvokeConfig": _get_async_config,
    "ListFunctionAsyncInvokeConfigs": _list_async_configs,
    "DeleteFunctionAsyncInvokeConfig": _delete_async_config,
    "InvokeFunction": _invoke_function,
    "CreateVpcBinding": _create_vpc_binding,
    "DeleteVpcBinding": _delete_vpc_binding,
    "ListVpcBindings": _list_vpc_bindings,
    "ListAliases": _empty("aliases"),
    "ListServiceVersions": _empty("versions"),
    "ListOnDemandConfigs": _empty("configs"),
    "ListProvisionConfigs": _empty("provisionConfigs"),
}
