"""Function Compute's operations, for whichever version of the API asks for them.

An operation takes the state and a call, gives an answer, and raises FcError. `OPERATIONS` has them
by the API's names.
"""

import base64
import json
import time
from collections.abc import Callable
from typing import Any

from .call import NOTHING, Answer, Call, listed, shown
from .code import Code
from .errors import FcError, invalid
from .resources import LATEST, Function
from .runner import Invocation
from .state import FcState
from .views import service_view

_LOG_TAIL = 4096
_STATEFUL = ("x-fc-stateful-async-invocation-id", "x-fc-async-task-id")


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
    state.bindings.bind(_bound(state, call), str(call.fields.get("vpcId") or ""))
    return Answer(b"{}")


def _delete_vpc_binding(state: FcState, call: Call) -> Answer:
    state.bindings.unbind(_bound(state, call), call.names["vpc"])
    return NOTHING


def _list_vpc_bindings(state: FcState, call: Call) -> Answer:
    return Answer(json.dumps({"vpcIds": state.bindings.of(_bound(state, call))}).encode())


def _bound(state: FcState, call: Call) -> str:
    """What is bound to VPCs: a service, or a function that stands alone (`/function`)."""
    if call.service:
        return state.resources.service(call.service).name
    return f"/{state.resources.function('', call.function).name}"


def _create_function(state: FcState, call: Call) -> Answer:
    fields = _function_fields(state, call)
    name = str(fields.get("functionName", ""))
    return shown(call.views.function(state.resources.create_function(call.service, name, fields)))


def _get_function(state: FcState, call: Call) -> Answer:
    call.check_qualifier()
    return shown(call.views.function(state.resources.function(call.service, call.function)))


def _update_function(state: FcState, call: Call) -> Answer:
    fields = _function_fields(state, call)
    fields.setdefault("instanceConcurrency", fields.get("InstanceConcurrency"))
    if call.service and "service" not in call.names:
        raise _unknown("a change of a function of a service where there are none")
    place, check = (call.service, call.function), call.matching(call.views.function)
    return shown(call.views.function(state.resources.update_function(*place, fields, check)))


def _delete_function(state: FcState, call: Call) -> Answer:
    place = (call.service, call.function)
    state.resources.delete_function(*place, call.matching(call.views.function))
    if not call.service:
        state.bindings.forget(f"/{call.function}")
    return NOTHING


def _list_functions(state: FcState, call: Call) -> Answer:
    if "service" not in call.names:
        return _list_all_functions(state, call)
    call.check_qualifier()
    views = [call.views.function(function) for function in state.resources.functions(call.service)]
    return listed(call, "functions", "functionName", views)


def _list_all_functions(state: FcState, call: Call) -> Answer:
    """Page "ListFunctions" (2023-03-30): of both generations, if one is not asked for."""
    generation = call.request.params.get("fcVersion") or ""
    if generation not in ("", "v2", "v3"):
        raise invalid(f"fcVersion must be v2 or v3, not '{generation}'")

    def asked_for(function: Function) -> bool:
        return generation in ("", "v2" if function.service else "v3")

    views = [
        call.views.function(each) for each in filter(asked_for, state.resources.all_functions())
    ]
    views.sort(key=lambda view: str(view["functionName"]))
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
    return shown(call.views.trigger(trigger))


def _get_trigger(state: FcState, call: Call) -> Answer:
    trigger = state.resources.trigger(call.service, call.function, call.trigger)
    return shown(call.views.trigger(trigger))


def _update_trigger(state: FcState, call: Call) -> Answer:
    state.check_role(call.fields.get("invocationRole"))
    place = (call.service, call.function, call.trigger)
    trigger = state.triggers.update(*place, call.fields)
    return shown(call.views.trigger(trigger))


def _delete_trigger(state: FcState, call: Call) -> Answer:
    state.triggers.delete(call.service, call.function, call.trigger)
    return NOTHING


def _list_triggers(state: FcState, call: Call) -> Answer:
    triggers = state.resources.triggers(call.service, call.function)
    views = [call.views.trigger(trigger) for trigger in triggers]
    return listed(call, "triggers", "triggerName", views)


def _put_async_config(state: FcState, call: Call) -> Answer:
    place = (call.service, call.function)
    call.fields.setdefault("statefulInvocation", call.fields.get("asyncTask"))
    config = state.resources.put_async_config(*place, call.fields, call.qualifier)
    return shown(call.views.async_config(*place, call.qualifier, config))


def _get_async_config(state: FcState, call: Call) -> Answer:
    place = (call.service, call.function, call.qualifier)
    return shown(call.views.async_config(*place, state.resources.async_config(*place)))


def _list_async_configs(state: FcState, call: Call) -> Answer:
    place = (call.service, call.function)
    configs = state.resources.async_configs(*place)
    views = [call.views.async_config(*place, name, config) for name, config in configs.items()]
    return listed(call, "configs", "qualifier", views)


def _list_all_async_configs(state: FcState, call: Call) -> Answer:
    """Page "ListAsyncInvokeConfigs" (2023-03-30): a function's, or those of all."""
    one = call.request.params.get("functionName", "")
    service, _, function = one.rpartition("$")
    places = [(each.service, each.name) for each in state.resources.all_functions()]
    views = [
        call.views.async_config(*place, name, config)
        for place in ([(service, function)] if one else places)
        for name, config in state.resources.async_configs(*place).items()
    ]
    views.sort(key=lambda view: str(view["functionArn"]))
    return listed(call, "configs", "functionArn", views)


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
    headers = _invocation_headers(call, invocation)
    if call.choice("x-fc-log-type", "none", "tail") == "tail":
        tail = invocation.log.encode()[-_LOG_TAIL:]
        headers["X-Fc-Log-Result"] = base64.b64encode(tail).decode()
    return Answer(invocation.payload, headers=headers)


def _check_stateful(state: FcState, call: Call) -> None:
    """Raises FcError for an id by which an event would run but once: each is run here."""
    config = state.resources.async_configs(call.service, call.function).get(LATEST)
    if config and config.settings["statefulInvocation"]:
        for header in filter(call.request.headers.get, _STATEFUL):
            raise _unknown(f"{header} of a function whose invocations are stateful")


def _invocation_headers(call: Call, invocation: Invocation) -> dict[str, str]:
    of_service = {"X-Fc-Invocation-Service-Version": "LATEST"} if call.service else {}
    headers = {
        "Content-Type": "application/octet-stream",
        "X-Fc-Invocation-Duration": str(round(invocation.duration_ms)),
        **of_service,
        "X-Fc-Instance-Id": invocation.instance_id,
    }
    if invocation.error_type:
        headers["X-Fc-Error-Type"] = invocation.error_type
        headers["Content-Type"] = "application/json"
    return headers


def _empty(field_name: str) -> Callable[[FcState, Call], Answer]:
    """A list of something that this cloud does not have; whose it is must exist."""

    def operation(state: FcState, call: Call) -> Answer:
        if "function" in call.names:
            state.resources.function(call.service, call.function)
        elif "service" in call.names:
            state.resources.service(call.service)
        return Answer(json.dumps({field_name: []}).encode())

    return operation


def _nothing_set(state: FcState, call: Call) -> Answer:
    """A configuration that no function has here. Guessed: that it is told by empty fields."""
    state.resources.function(call.service, call.function)
    return Answer(b"{}")


def _get_concurrency_config(state: FcState, call: Call) -> Answer:
    """The same, told as the Serverless Devs client was recorded to be told."""
    state.resources.function(call.service, call.function)
    what = f"concurrency config of function '{call.function}' does not exist"
    raise FcError("ConcurrencyConfigNotFound", what)


def _get_temp_bucket_token(state: FcState, call: Call) -> Answer:  # noqa: ARG001  (as others)
    token = state.uploads.token()
    ends = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(token.credentials.expires_at))
    body = {
        "credentials": {
            "AccessKeyId": token.credentials.access_key_id,
            "AccessKeySecret": token.credentials.access_key_secret,
            "SecurityToken": token.credentials.security_token,
            "Expiration": ends,
        },
        "ossRegion": token.region,
        "ossBucket": token.bucket,
        "objectName": token.name,
    }
    return Answer(json.dumps(body).encode())


def _function_fields(state: FcState, call: Call) -> dict[str, Any]:
    """The body's fields. What they name must be there, and seen: the role, logs, the package.

    A code package must have the checksum that the request says.
    """
    fields = call.fields
    if "service" not in call.names:
        state.check_role(fields.get("role"))
        state.check_logs(fields)
    code = fields.get("code") or {}
    if not isinstance(code, dict):
        raise invalid("code must be an object")
    if code.get("ossBucketName") or code.get("ossObjectName"):
        place = str(code.get("ossBucketName")), str(code.get("ossObjectName"))
        code["zipFile"] = base64.b64encode(state.uploads.read(*place)).decode()
    said = call.request.headers.get("X-Fc-Code-Checksum") or str(code.get("checksum") or "")
    if said and code and Code.from_request(code).checksum != said:
        raise invalid("the code package's CRC-64 is not the one that is told")
    return fields


def _unknown(what: str) -> FcError:
    return FcError("NotImplemented", f"The local cloud does not know this: {what}")


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
    "GetTempBucketToken": _get_temp_bucket_token,
    # Of 3.0 alone.
    "PutAsyncInvokeConfig": _put_async_config,
    "GetAsyncInvokeConfig": _get_async_config,
    "ListAsyncInvokeConfigs": _list_all_async_configs,
    "DeleteAsyncInvokeConfig": _delete_async_config,
    "ListFunctionVersions": _empty("versions"),
    "GetProvisionConfig": _nothing_set,
    "GetScalingConfig": _nothing_set,
    "ListScalingConfigs": _empty("scalingConfigs"),
    "GetConcurrencyConfig": _get_concurrency_config,
}
