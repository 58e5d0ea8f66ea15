"""The function: how it is read, made, changed and taken away; by way of Function Compute."""

import base64
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from alibabacloud_fc_open20210406 import models
from alibabacloud_tea_util.models import RuntimeOptions

from scripts.account import defaults, mark
from scripts.account.async_config import DELETE_ASYNC, delete_async
from scripts.account.clients import Clients, calling, uploading
from scripts.account.defaults import defaults_of, resetting, settings_of
from scripts.account.package import checksum
from scripts.account.permission import Permission
from scripts.account.resource import (
    FC_PAGE,
    Difference,
    State,
    Thing,
    compare,
    deleting,
    read,
    token_pages,
)
from scripts.declared import Spec
from scripts.errors import CloudError, Problem

# Their own pages know no resource to name. Page "Policies and sample policies" knows one for each
# action of Function Compute: on all of them neither is refused, so that all are declared so.
GET = Permission("fc:GetFunction")
UPDATE = Permission("fc:UpdateFunction")
LIST_FUNCTIONS = Permission("fc:ListFunctions")
LIST_TRIGGERS = Permission("fc:ListTriggers")


class Function(Thing):
    """The function; `code` is the zip that it is to run. It is known by its description."""

    kind = "function"
    READING = (GET,)
    MAKING = (Permission("fc:CreateFunction"), UPDATE)
    REMOVING = (GET, LIST_TRIGGERS, DELETE_ASYNC, Permission("fc:DeleteFunction"))

    def __init__(self, spec: Spec, clients: Clients, code: bytes = b"") -> None:
        self.name = spec.function.name
        self._service = spec.service.name
        self._wanted = spec.function
        self._code = code
        self._spec = spec
        self._clients = clients
        self._etag = ""
        self._fc = clients.fc

    def live(self) -> State | None:
        """What is live, the code by its checksum; None if it is not there."""
        answer = self._read()
        if answer is None:
            return None
        body, self._etag = answer.body, answer.headers.get("etag", "")
        declared = self._wanted.environment
        # A variable that nobody declared may be a secret: it is told of, its value is not.
        environment = {
            name: value if name in declared else "(a value)"
            for name, value in (body.environment_variables or {}).items()
        }
        told = _state(body, environment, str(body.code_checksum))
        return {**told, **settings_of(body, defaults.FUNCTION_DEFAULTS)}

    def declared(self) -> State:
        """What s.yaml declares, by the same fields."""
        settings = models.UpdateFunctionRequest(**self._settings())
        told = _state(settings, dict(self._wanted.environment), checksum(self._code))
        return {**told, **defaults_of(defaults.FUNCTION_DEFAULTS)}

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
        try:
            update(self._spec, self._clients, self._etag, request)
        except ChangedError:  # which is as well where another run brought just that
            if compare(self.live() or {}, self.declared()):
                raise

    def stays(self) -> str:
        """It is described otherwise, or others call it too."""
        if not self.ours():
            return mark.NOT_AS_DESCRIBED
        names = [each.trigger_name for each in triggers_of(self._spec, self._clients)]
        others = [name for name in names if name != self._spec.trigger.name]
        return f"others call it by the trigger {', '.join(others)}" if others else ""

    def ours(self) -> bool:
        """Whether it is there, and described as in the spec."""
        found = self._read()
        return found is not None and (found.body.description or "") == self._wanted.description

    def delete(self) -> None:
        """Take it away, with its asynchronous configuration."""
        delete_async(self._clients, self._service, self.name)
        with deleting("fc:DeleteFunction", self.name):
            self._fc.delete_function(self._service, self.name)

    def _read(self) -> Any:
        return answer_about(self._spec, self._clients)


def _state(settings: Any, environment: dict[str, str], code: str) -> State:
    return {
        "description": settings.description or "",
        "runtime": settings.runtime,
        "handler": settings.handler,
        "memorySize": str(settings.memory_size),
        "timeout": str(settings.timeout),
        **{f"environmentVariables.{name}": value for name, value in environment.items()},
        "code": code,
    }


class ChangedError(Problem):
    """The function is no longer as it was read, and was left so."""


def update(
    spec: Spec, clients: Clients, etag: str, request: models.UpdateFunctionRequest, **headers: str
) -> None:
    """Change the live function, if it is as it was when it was read with that `etag`.

    Page "UpdateFunction": with If-Match, nothing that somebody else changed is undone. Raises
    CloudError; ChangedError if it was changed since.
    """
    name = spec.function.name
    given = {**headers, "If-Match": etag} if etag else headers
    carrying = uploading() if request.code else RuntimeOptions()
    options = (models.UpdateFunctionHeaders(common_headers=given), carrying)
    try:
        with calling("fc:UpdateFunction", name):
            clients.fc.update_function_with_options(spec.service.name, name, request, *options)
    except CloudError as error:
        if error.status != HTTPStatus.PRECONDITION_FAILED:
            raise
        raise ChangedError(
            f"{name} was changed by somebody else in this moment, so it was left alone: run again"
        ) from None


def functions(clients: Clients, service: str) -> Iterator[str]:
    """The names of a service's functions."""

    def page(token: str | None) -> Any:
        request = models.ListFunctionsRequest(limit=FC_PAGE, next_token=token)
        return clients.fc.list_functions(service, request)

    found = token_pages("fc:ListFunctions", service, page, lambda body: body.functions)
    return (each.function_name for each in found)


def triggers_of(spec: Spec, clients: Clients) -> Iterator[Any]:
    """Every trigger of the function; none if it is not there."""
    service, function = spec.service.name, spec.function.name

    def page(token: str | None) -> Any:
        request = models.ListTriggersRequest(limit=FC_PAGE, next_token=token)
        return clients.fc.list_triggers(service, function, request)

    return token_pages("fc:ListTriggers", function, page, lambda body: body.triggers)


def answer_about(spec: Spec, clients: Clients) -> Any:
    """The live function with the headers of the answer, which tell one state of it from another.

    None if it is not there.
    """
    name = spec.function.name
    place = (spec.service.name, name, models.GetFunctionRequest())
    return read("fc:GetFunction", name, lambda: clients.fc.get_function(*place))
