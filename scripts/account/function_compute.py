"""The service, the function with its asynchronous configuration, and the trigger, by way of FC."""

import base64
import functools
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

from alibabacloud_fc_open20210406 import models
from oss2.utils import Crc64

from scripts.account import defaults
from scripts.account.clients import Clients, calling, uploading
from scripts.account.defaults import defaults_of, resetting, settings_of
from scripts.account.permission import Permission
from scripts.account.resource import (
    Difference,
    State,
    Step,
    Verdict,
    compare,
    deleting,
    find,
    read,
    step_for,
)
from scripts.bundling.archive import without_byte_code
from scripts.declared import AsyncConfig, Spec
from scripts.errors import UsageError

# What making and deleting a trigger of a topic takes beside its own action, by the least
# permissions of the Serverless Devs client.
SUBSCRIBING = (Permission("mns:Subscribe"), Permission("mns:Unsubscribe"))


def function_steps(spec: Spec, clients: Clients, role_arn: str) -> Iterator[Step]:
    """Service (with the role of that ARN), function, asynchronous configuration, trigger.

    Raises CloudError, and UsageError if the code was not built.
    """
    code = _built_code(spec)
    yield step_for(Service(spec, clients, role_arn))
    yield step_for(Function(spec, clients, code))
    yield from _async_steps(spec, clients)
    yield step_for(Trigger(spec, clients), on_difference=Verdict.REPLACE)
    yield from _undeclared(spec, clients)


def _undeclared(spec: Spec, clients: Clients) -> Iterator[Step]:
    """What nobody declared: triggers beside the one, configurations of versions and aliases."""
    place = (spec.service.name, spec.function.name)
    for each in triggers_of(spec, clients):
        if each.trigger_name != spec.trigger.name:
            gone = (Difference("type", each.trigger_type, ""),)
            delete = functools.partial(_delete_trigger, clients, *place, each.trigger_name)
            yield Step(Verdict.REMOVE, Trigger.kind, each.trigger_name, gone, delete)
    for each in async_configs_of(spec, clients):
        if each.qualifier not in _LATEST:
            gone = (Difference("qualifier", each.qualifier, ""),)
            delete = functools.partial(_delete_async, clients, *place, each.qualifier)
            yield Step(Verdict.REMOVE, Async.kind, spec.function.name, gone, delete)


def _delete_trigger(clients: Clients, service: str, function: str, name: str) -> None:
    with deleting("fc:DeleteTrigger", name):
        clients.fc.delete_trigger(service, function, name)


def _delete_async(clients: Clients, service: str, function: str, qualifier: str) -> None:
    request = models.DeleteFunctionAsyncInvokeConfigRequest(qualifier=qualifier)
    with deleting("fc:DeleteFunctionAsyncInvokeConfig", f"{function}.{qualifier}"):
        clients.fc.delete_function_async_invoke_config(service, function, request)


def _async_steps(spec: Spec, clients: Clients) -> Iterator[Step]:
    """One step, or none if there is rightly no asynchronous configuration."""
    wanted = spec.function.async_config
    if wanted:
        yield step_for(_DeclaredAsync(spec, wanted, clients))
        return
    undeclared = Async(spec, clients)
    if live := undeclared.live():
        gone = compare(live, {})
        yield Step(Verdict.REMOVE, undeclared.kind, undeclared.name, gone, undeclared.remove)


def _built_code(spec: Spec) -> bytes:
    try:
        return spec.function.code.read_bytes()
    except FileNotFoundError as error:
        raise UsageError(f"{spec.function.code} is not there: run `make bundle`") from error


class Service:
    """The service, with its role and its logs."""

    kind = "service"

    def __init__(self, spec: Spec, clients: Clients, role_arn: str) -> None:
        self.name = spec.service.name
        self._description = spec.service.description
        self._role_arn = role_arn
        self._read = functools.partial(service_of, spec, clients)
        self._bindings = functools.partial(vpc_bindings_of, spec, clients)
        self._fc = clients.fc
        logs = spec.service.logs
        self._logs = models.LogConfig(
            project=logs.project if logs else "",
            logstore=logs.logstore if logs else "",
            log_begin_rule=logs.begin_rule if logs else "None",
            enable_request_metrics=logs.request_metrics if logs else False,
        )

    def live(self) -> State | None:
        """What is live, by the fields that are compared; None if it is not there."""
        found = self._read()
        if found is None:
            return None
        told = self._state(found.description, found.role, found.log_config or models.LogConfig())
        bound = ", ".join(self._bindings())
        return {**told, **settings_of(found, defaults.SERVICE), "vpcBindings": bound}

    def declared(self) -> State:
        """What s.yaml declares, by the same fields."""
        told = self._state(self._description, self._role_arn, self._logs)
        return {**told, **defaults_of(defaults.SERVICE), "vpcBindings": ""}

    def _state(self, description: str | None, role: str | None, logs: models.LogConfig) -> State:
        return {
            "description": description or "",
            "role": (role or "").lower(),  # RAM does not tell them apart by case
            "logConfig.project": logs.project or "",
            "logConfig.logstore": logs.logstore or "",
            "logConfig.logBeginRule": logs.log_begin_rule or "None",
            "logConfig.enableRequestMetrics": str(bool(logs.enable_request_metrics)).lower(),
        }

    def create(self) -> None:
        """Make it."""
        request = models.CreateServiceRequest(
            service_name=self.name,
            description=self._description,
            role=self._role_arn,
            log_config=self._logs,
        )
        with calling("fc:CreateService", self.name):
            self._fc.create_service(request)

    def change(self, differences: tuple[Difference, ...]) -> None:
        """Bring it to what is declared, and what s.yaml leaves alone to its default."""
        fields = {each.field for each in differences}
        request = models.UpdateServiceRequest(
            description=self._description,
            role=self._role_arn,
            log_config=self._logs,
            **resetting(fields),
        )
        with calling("fc:UpdateService", self.name):
            self._fc.update_service(self.name, request)
        for vpc_id in self._bindings() if "vpcBindings" in fields else ():
            with calling("fc:DeleteVpcBinding", self.name):
                self._fc.delete_vpc_binding(self.name, vpc_id)


class Function:
    """The function; `code` is the zip that it is to run."""

    kind = "function"

    def __init__(self, spec: Spec, clients: Clients, code: bytes) -> None:
        self.name = spec.function.name
        self._service = spec.service.name
        self._wanted = spec.function
        self._code = code
        self._read = functools.partial(function_of, spec, clients)
        self._fc = clients.fc

    def live(self) -> State | None:
        """What is live, the code by its checksum; None if it is not there."""
        body = self._read()
        if body is None:
            return None
        declared = self._wanted.environment
        # A variable that nobody declared may be a secret: it is told of, its value is not.
        environment = {
            name: value if name in declared else "(a value)"
            for name, value in (body.environment_variables or {}).items()
        }
        told = _function_state(body, environment, str(body.code_checksum))
        return {**told, **settings_of(body, defaults.FUNCTION)}

    def declared(self) -> State:
        """What s.yaml declares, by the same fields."""
        settings = models.UpdateFunctionRequest(**self._settings())
        told = _function_state(settings, dict(self._wanted.environment), checksum(self._code))
        return {**told, **defaults_of(defaults.FUNCTION)}

    def _settings(self) -> dict[str, Any]:
        return {
            "description": self._wanted.description,
            "runtime": self._wanted.runtime,
            "handler": self._wanted.handler,
            "memory_size": self._wanted.memory,
            "timeout": self._wanted.timeout,
            "environment_variables": dict(self._wanted.environment),
        }

    def _upload(self) -> models.Code:
        return models.Code(zip_file=base64.b64encode(self._code).decode())

    def create(self) -> None:
        """Make it."""
        request = models.CreateFunctionRequest(
            function_name=self.name, code=self._upload(), **self._settings()
        )
        with calling("fc:CreateFunction", self.name):
            self._fc.create_function_with_options(
                self._service, request, models.CreateFunctionHeaders(), uploading()
            )

    def change(self, differences: tuple[Difference, ...]) -> None:
        """Bring it to what is declared, with new code only where that differs.

        What s.yaml leaves alone is set back to its default.
        """
        fields = {each.field for each in differences}
        request = models.UpdateFunctionRequest(
            code=self._upload() if "code" in fields else None,
            **self._settings(),
            **resetting(fields),
        )
        with calling("fc:UpdateFunction", self.name):
            self._fc.update_function_with_options(
                self._service, self.name, request, models.UpdateFunctionHeaders(), uploading()
            )


def _function_state(settings: Any, environment: dict[str, str], code: str) -> State:
    return {
        "description": settings.description or "",
        "runtime": settings.runtime,
        "handler": settings.handler,
        "memorySize": str(settings.memory_size),
        "timeout": str(settings.timeout),
        **{f"environmentVariables.{name}": value for name, value in environment.items()},
        "code": code,
    }


def checksum(code: bytes) -> str:
    """As Function Compute tells it (`codeChecksum`): the same CRC-64 that OSS gives objects."""
    crc = Crc64()
    crc.update(code)
    return str(crc.crc)


def about_byte_code(code: bytes, live: str) -> str:
    """What byte code may have to do with a difference between `code` and what is live; or nothing.

    A bundle has byte code if the machine that made it has the runtime's Python; `live` is the
    checksum of what is deployed.
    """
    if not zipfile.is_zipfile(io.BytesIO(code)):
        return ""
    bare = without_byte_code(code)
    if checksum(bare) == live:
        return "the code differs by byte code alone: what is deployed has none"
    if bare == code:
        return (
            "what was built here has no byte code, for want of the runtime's Python: "
            "what is deployed may differ by that alone"
        )
    return ""


class Async:
    """The function's asynchronous configuration, whether s.yaml declares one or not."""

    kind = "async configuration"

    def __init__(self, spec: Spec, clients: Clients) -> None:
        self.name = spec.function.name
        self._service = spec.service.name
        self._fc = clients.fc

    def live(self) -> State | None:
        """What is live; None if there is none."""
        return read("fc:GetFunctionAsyncInvokeConfig", self.name, self._live)

    def _live(self) -> State:
        request = models.GetFunctionAsyncInvokeConfigRequest()
        get = self._fc.get_function_async_invoke_config
        body = get(self._service, self.name, request).body
        destinations = body.destination_config or models.DestinationConfig()
        return {
            "maxAsyncRetryAttempts": str(body.max_async_retry_attempts),
            "maxAsyncEventAgeInSeconds": str(body.max_async_event_age_in_seconds),
            "destination.onFailure": _destination(destinations.on_failure),
            "destination.onSuccess": _destination(destinations.on_success),
            "statefulInvocation": "true" if body.stateful_invocation else "",
        }

    def remove(self) -> None:
        """Take it away."""
        request = models.DeleteFunctionAsyncInvokeConfigRequest()
        with calling("fc:DeleteFunctionAsyncInvokeConfig", self.name):
            self._fc.delete_function_async_invoke_config(self._service, self.name, request)


class _DeclaredAsync(Async):
    def __init__(self, spec: Spec, wanted: AsyncConfig, clients: Clients) -> None:
        super().__init__(spec, clients)
        self._wanted = wanted

    def declared(self) -> State:
        return {
            "maxAsyncRetryAttempts": str(self._wanted.retries),
            "maxAsyncEventAgeInSeconds": str(self._wanted.max_age),
            "destination.onFailure": self._wanted.failure_destination,
            "destination.onSuccess": "",
            "statefulInvocation": "",
        }

    def create(self) -> None:
        failure = models.Destination(destination=self._wanted.failure_destination)
        request = models.PutFunctionAsyncInvokeConfigRequest(
            max_async_retry_attempts=self._wanted.retries,
            max_async_event_age_in_seconds=self._wanted.max_age,
            destination_config=models.DestinationConfig(on_failure=failure),
        )
        with calling("fc:PutFunctionAsyncInvokeConfig", self.name):
            self._fc.put_function_async_invoke_config(self._service, self.name, request)

    def change(self, differences: tuple[Difference, ...]) -> None:  # noqa: ARG002  (put replaces all)
        self.create()


def _destination(destination: models.Destination | None) -> str:
    return (destination.destination or "") if destination else ""


class Trigger:
    """The trigger, a subscription of the topic."""

    kind = "trigger"

    def __init__(self, spec: Spec, clients: Clients) -> None:
        self.name = spec.trigger.name
        self._service = spec.service.name
        self._function = spec.function.name
        self._wanted = spec.trigger
        self._fc = clients.fc

    def live(self) -> State | None:
        """What is live, by the fields that are compared; None if it is not there."""

        def trigger() -> State:
            body = self._fc.get_trigger(self._service, self._function, self.name).body
            config = json.loads(body.trigger_config or "{}")
            return {
                **self._state(body.trigger_type, body.source_arn, body.invocation_role, config),
                "qualifier": "" if body.qualifier == "LATEST" else body.qualifier or "",
            }

        return read("fc:GetTrigger", self.name, trigger)

    def declared(self) -> State:
        """What s.yaml declares, by the same fields."""
        wanted = self._wanted
        return self._state("mns_topic", wanted.source_arn, wanted.role_arn, self._config())

    def _state(self, kind: str, source: str, role: str, config: dict[str, str]) -> State:
        # The topic and its region are in the source's ARN; the live configuration may lack them.
        return {
            "type": kind,
            "sourceArn": source or "",
            "role": (role or "").lower(),
            "notifyContentFormat": config.get("notifyContentFormat", ""),
            "notifyStrategy": config.get("notifyStrategy", ""),
            "filterTag": config.get("filterTag", ""),
        }

    def _config(self) -> dict[str, str]:
        config = {
            "topicName": self._wanted.topic,
            "region": self._wanted.region,
            "notifyContentFormat": self._wanted.content_format,
            "notifyStrategy": self._wanted.strategy,
            "filterTag": self._wanted.filter_tag,
        }
        return {name: value for name, value in config.items() if value}

    def create(self) -> None:
        """Make it."""
        request = models.CreateTriggerRequest(
            trigger_name=self.name,
            trigger_type="mns_topic",
            trigger_config=json.dumps(self._config()),
            invocation_role=self._wanted.role_arn,
            source_arn=self._wanted.source_arn,
        )
        with calling("fc:CreateTrigger", self.name):
            self._fc.create_trigger(self._service, self._function, request)

    def change(self, differences: tuple[Difference, ...]) -> None:  # noqa: ARG002  (made anew)
        """Replace it: to change one of this type "is not supported yet", says Function Compute."""
        with calling("fc:DeleteTrigger", self.name):
            self._fc.delete_trigger(self._service, self._function, self.name)
        self.create()


READ_SERVICE = (Permission("fc:GetService"), Permission("fc:ListVpcBindings"))
_PAGE = 100  # the most that there can be
_LATEST = ("", "LATEST", None)


def triggers_of(spec: Spec, clients: Clients) -> Iterator[Any]:
    """Every trigger of the function; none if it is not there."""
    service, function = spec.service.name, spec.function.name

    def page(token: str | None) -> Any:
        request = models.ListTriggersRequest(limit=_PAGE, next_token=token)
        return clients.fc.list_triggers(service, function, request)

    return _paged("fc:ListTriggers", function, page, lambda body: body.triggers)


def async_configs_of(spec: Spec, clients: Clients) -> Iterator[Any]:
    """Every asynchronous configuration of the function, whatever version or alias it is for."""
    service, function = spec.service.name, spec.function.name

    def page(token: str | None) -> Any:
        request = models.ListFunctionAsyncInvokeConfigsRequest(limit=_PAGE, next_token=token)
        return clients.fc.list_function_async_invoke_configs(service, function, request)

    return _paged("fc:ListFunctionAsyncInvokeConfigs", function, page, lambda body: body.configs)


def _paged(
    operation: str,
    subject: str,
    page: Callable[[str | None], Any],
    items: Callable[[Any], list[Any] | None],
) -> Iterator[Any]:
    """What all pages have; nothing if the subject is not there."""
    token: str | None = None
    while True:
        body = find(operation, subject, functools.partial(page, token))
        yield from (body and items(body)) or ()
        token = body and body.next_token
        if not token:
            return


def service_of(spec: Spec, clients: Clients) -> Any:
    """All of the live service's settings; None if it is not there."""
    name, request = spec.service.name, models.GetServiceRequest()
    return find("fc:GetService", name, lambda: clients.fc.get_service(name, request))


def function_of(spec: Spec, clients: Clients) -> Any:
    """All of the live function's settings; None if it is not there."""
    name = spec.function.name
    place = (spec.service.name, name, models.GetFunctionRequest())
    return find("fc:GetFunction", name, lambda: clients.fc.get_function(*place))


def vpc_bindings_of(spec: Spec, clients: Clients) -> list[str]:
    """The VPCs that the live service is bound to."""
    name = spec.service.name
    bound = find("fc:ListVpcBindings", name, lambda: clients.fc.list_vpc_bindings(name))
    return list((bound and bound.vpc_ids) or ())
