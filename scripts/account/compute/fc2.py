"""Function Compute 2.0, in which a function belongs to a service: API 2021-04-06."""

import base64
import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from alibabacloud_fc_open20210406 import models
from alibabacloud_tea_util.models import RuntimeOptions

from scripts.account.clients import Clients, calling, uploading
from scripts.account.compute import fc2_defaults as defaults
from scripts.account.compute.port import (
    Change,
    Fields,
    Invocation,
    LiveAsync,
    LiveFunction,
    LiveTrigger,
    StoredPackage,
    destination,
    qualifier,
    unless_changed,
)
from scripts.account.compute.undeclared import defaults_of, settings_of
from scripts.account.just_made import JustMade
from scripts.account.package import checksum
from scripts.account.resource import FC_PAGE, Difference, Verdict, deleting, find, read, token_pages
from scripts.declared import AsyncConfig, Spec


class FunctionCompute2:
    """The adapter; what the port says of each call holds."""

    tracking = "statefulInvocation"

    def __init__(self, spec: Spec, clients: Clients) -> None:
        self._spec = spec
        self._name = spec.function.name
        self._place = (spec.service.name, spec.function.name)
        self._clients = clients
        self._fc = clients.fc

    def function(self) -> LiveFunction | None:
        """The function, with the header that tells one state of it from another."""
        request = models.GetFunctionRequest()
        get = self._fc.get_function
        answer = read("fc:GetFunction", self._name, lambda: get(*self._place, request))
        if answer is None:
            return None
        body = answer.body
        fields = Fields(_told(body), settings_of(body, defaults.FUNCTION_DEFAULTS))
        return LiveFunction.of(answer, fields)

    def declared(self) -> Fields:
        """The function as it should be."""
        settings = models.UpdateFunctionRequest(**self._settings())
        return Fields(_told(settings), defaults_of(defaults.FUNCTION_DEFAULTS))

    def _settings(self) -> dict[str, Any]:
        wanted = self._spec.function
        return {
            "description": wanted.description,
            "runtime": wanted.runtime,
            "handler": wanted.handler,
            "memory_size": wanted.memory,
            "timeout": wanted.timeout,
            "environment_variables": dict(wanted.environment),
        }

    def create_function(self, code: bytes) -> None:
        """Make it."""
        request = models.CreateFunctionRequest(
            function_name=self._name, code=_upload(code), **self._settings()
        )
        with calling("fc:CreateFunction", self._name):
            self._fc.create_function_with_options(
                self._place[0], request, models.CreateFunctionHeaders(), uploading()
            )

    def update_function(self, seen: LiveFunction, change: Change) -> None:
        """Change it, if it is as it was when it was read.

        Page "UpdateFunction": with If-Match, nothing that somebody else changed is undone.
        """
        fields = self._settings() if change.declared else {}
        if change.environment is not None:
            fields["environment_variables"] = dict(change.environment)
        headers = {"If-Match": seen.version} if seen.version else {}
        carrying = RuntimeOptions()
        if change.code is not None:
            fields["code"], carrying = _upload(change.code), uploading()
            headers["X-Fc-Code-Checksum"] = checksum(change.code)
        request = models.UpdateFunctionRequest(**fields, **defaults.resetting(change.reset))
        options = (models.UpdateFunctionHeaders(common_headers=headers), carrying)
        with unless_changed(self._name), calling("fc:UpdateFunction", self._name):
            self._fc.update_function_with_options(*self._place, request, *options)

    def delete_function(self) -> None:
        """Take it away."""
        with deleting("fc:DeleteFunction", self._name):
            self._fc.delete_function(*self._place)

    def rests_on(self) -> Iterator[JustMade]:
        """Nothing: the service has the role and the logs."""
        return iter(())

    def package(self) -> StoredPackage:
        """Where its code is; page "GetFunctionCode". It is asked once."""
        request = models.GetFunctionCodeRequest()
        with calling("fc:GetFunctionCode", self._name):
            told = self._fc.get_function_code(*self._place, request).body
        return StoredPackage(told.url, str(told.checksum))

    def invoke(self, event: bytes, seconds: float) -> Invocation:
        """Run it; page "InvokeFunction"."""
        with calling("fc:InvokeFunction", self._name):
            answer = self._fc.invoke_function_with_options(
                *self._place,
                models.InvokeFunctionRequest(body=event),
                models.InvokeFunctionHeaders(x_fc_invocation_type="Sync", x_fc_log_type="Tail"),
                RuntimeOptions(read_timeout=round(1000 * seconds)),
            )
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return Invocation(headers, answer.body or b"")

    def trigger(self) -> LiveTrigger | None:
        """The trigger of the declared name."""
        name, get = self._spec.trigger.name, self._fc.get_trigger
        found = find("fc:GetTrigger", name, lambda: get(*self._place, name))
        return found and LiveTrigger.of(found)

    def triggers(self) -> Iterator[LiveTrigger]:
        """Every trigger of the function."""

        def page(token: str | None) -> Any:
            request = models.ListTriggersRequest(limit=FC_PAGE, next_token=token)
            return self._fc.list_triggers(*self._place, request)

        found = token_pages("fc:ListTriggers", self._name, page, lambda body: body.triggers)
        return map(LiveTrigger.of, found)

    def create_trigger(self, config: Mapping[str, str]) -> None:
        """Make the declared one."""
        wanted = self._spec.trigger
        request = models.CreateTriggerRequest(
            trigger_name=wanted.name,
            trigger_type="mns_topic",
            trigger_config=json.dumps(config),
            invocation_role=wanted.role_arn,
            source_arn=wanted.source_arn,
        )
        with calling("fc:CreateTrigger", wanted.name):
            self._fc.create_trigger(*self._place, request)

    def amounts_to(self, differences: Collection[Difference]) -> Verdict:  # noqa: ARG002
        """To change one of this type "is not supported yet", says Function Compute."""
        return Verdict.REPLACE

    def warning(self, verdict: Verdict) -> str:  # noqa: ARG002
        """Nothing beside the plan, which says that it is replaced."""
        return ""

    def change_trigger(
        self,
        config: Mapping[str, str],
        differences: Collection[Difference],  # noqa: ARG002
    ) -> None:
        """Delete it, and make it anew."""
        with calling("fc:DeleteTrigger", self._spec.trigger.name):
            self._fc.delete_trigger(*self._place, self._spec.trigger.name)
        self.create_trigger(config)

    def delete_trigger(self, name: str) -> None:
        """Take a trigger away."""
        with deleting("fc:DeleteTrigger", name):
            self._fc.delete_trigger(*self._place, name)

    def async_config(self) -> LiveAsync | None:
        """The asynchronous configuration of the latest version."""
        request = models.GetFunctionAsyncInvokeConfigRequest()
        get = self._fc.get_function_async_invoke_config
        found = find(
            "fc:GetFunctionAsyncInvokeConfig", self._name, lambda: get(*self._place, request)
        )
        return found and _async_config(found)

    def async_configs(self) -> Iterator[LiveAsync]:
        """Those of all versions and aliases."""
        return async_configs(self._clients, *self._place)

    def put_async(self, wanted: AsyncConfig) -> None:
        """Have this one for the latest version."""
        failure = models.Destination(destination=wanted.failure_destination)
        request = models.PutFunctionAsyncInvokeConfigRequest(
            max_async_retry_attempts=wanted.retries,
            max_async_event_age_in_seconds=wanted.max_age,
            destination_config=models.DestinationConfig(on_failure=failure),
            stateful_invocation=False,
        )
        with calling("fc:PutFunctionAsyncInvokeConfig", self._name):
            self._fc.put_function_async_invoke_config(*self._place, request)

    def delete_async(self, qualifier: str = "") -> None:
        """Take one away."""
        request = models.DeleteFunctionAsyncInvokeConfigRequest(qualifier=qualifier or None)
        subject = f"{self._name}.{qualifier}" if qualifier else self._name
        with deleting("fc:DeleteFunctionAsyncInvokeConfig", subject):
            self._fc.delete_function_async_invoke_config(*self._place, request)


def async_configs(clients: Clients, service: str, function: str) -> Iterator[LiveAsync]:
    """Every asynchronous configuration of a function, whatever version or alias it is for."""

    def page(token: str | None) -> Any:
        request = models.ListFunctionAsyncInvokeConfigsRequest(limit=FC_PAGE, next_token=token)
        return clients.fc.list_function_async_invoke_configs(service, function, request)

    operation = "fc:ListFunctionAsyncInvokeConfigs"
    found = token_pages(operation, function, page, lambda body: body.configs)
    return map(_async_config, found)


def _told(settings: Any) -> dict[str, str]:
    return {
        "description": settings.description or "",
        "runtime": settings.runtime,
        "handler": settings.handler,
        "memorySize": str(settings.memory_size),
        "timeout": str(settings.timeout),
    }


def _upload(code: bytes) -> models.Code:
    return models.Code(zip_file=base64.b64encode(code).decode())


def _async_config(found: Any) -> LiveAsync:
    destinations = found.destination_config or models.DestinationConfig()
    return LiveAsync(
        qualifier=qualifier(found.qualifier),
        retries=found.max_async_retry_attempts,
        max_age=found.max_async_event_age_in_seconds,
        on_failure=destination(destinations.on_failure),
        on_success=destination(destinations.on_success),
        tracked=bool(found.stateful_invocation),
    )
