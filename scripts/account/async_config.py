"""The function's asynchronous configuration: retries, and where goes what failed."""

from collections.abc import Iterator
from typing import Any

from alibabacloud_fc_open20210406 import models

from scripts.account.clients import Clients, calling
from scripts.account.permission import Permission
from scripts.account.resource import FC_PAGE, Difference, State, deleting, read, token_pages
from scripts.declared import AsyncConfig, Spec

LIST_ASYNC = Permission("fc:ListFunctionAsyncInvokeConfigs")
DELETE_ASYNC = Permission("fc:DeleteFunctionAsyncInvokeConfig")


class AsyncInvokeConfig:
    """The function's asynchronous configuration."""

    kind = "async configuration"
    READING = (Permission("fc:GetFunctionAsyncInvokeConfig"),)
    MAKING = (Permission("fc:PutFunctionAsyncInvokeConfig"),)

    def __init__(self, spec: Spec, wanted: AsyncConfig, clients: Clients) -> None:
        self.name = spec.function.name
        self._service = spec.service.name
        self._wanted = wanted
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
            "statefulInvocation": "true" if body.stateful_invocation else "false",
        }

    def declared(self) -> State:
        """What s.yaml declares, by the same fields."""
        return {
            "maxAsyncRetryAttempts": str(self._wanted.retries),
            "maxAsyncEventAgeInSeconds": str(self._wanted.max_age),
            "destination.onFailure": self._wanted.failure_destination,
            "destination.onSuccess": "",
            "statefulInvocation": "false",
        }

    def create(self) -> None:
        """Make it."""
        failure = models.Destination(destination=self._wanted.failure_destination)
        request = models.PutFunctionAsyncInvokeConfigRequest(
            max_async_retry_attempts=self._wanted.retries,
            max_async_event_age_in_seconds=self._wanted.max_age,
            destination_config=models.DestinationConfig(on_failure=failure),
            stateful_invocation=False,
        )
        with calling("fc:PutFunctionAsyncInvokeConfig", self.name):
            self._fc.put_function_async_invoke_config(self._service, self.name, request)

    def change(self, differences: tuple[Difference, ...]) -> None:  # noqa: ARG002  (put replaces all)
        """Bring it to what is declared."""
        self.create()


def _destination(destination: models.Destination | None) -> str:
    return (destination.destination or "") if destination else ""


def async_configs(clients: Clients, service: str, function: str) -> Iterator[Any]:
    """Every asynchronous configuration of a function, whatever version or alias it is for."""

    def page(token: str | None) -> Any:
        request = models.ListFunctionAsyncInvokeConfigsRequest(limit=FC_PAGE, next_token=token)
        return clients.fc.list_function_async_invoke_configs(service, function, request)

    return token_pages(
        "fc:ListFunctionAsyncInvokeConfigs", function, page, lambda body: body.configs
    )


def delete_async(
    clients: Clients, service: str, function: str, qualifier: str | None = None
) -> None:
    """Take it away, or that of a version or an alias; one that is gone already is no error."""
    request = models.DeleteFunctionAsyncInvokeConfigRequest(qualifier=qualifier)
    subject = f"{function}.{qualifier}" if qualifier else function
    with deleting("fc:DeleteFunctionAsyncInvokeConfig", subject):
        clients.fc.delete_function_async_invoke_config(service, function, request)
