"""The base of RPC-style services (RAM, STS, Cloud Config, MNS management).

A service declares its actions in a dict and writes one method for each; the base finds the action,
verifies who signed, asks RAM, and gives answers and errors the common JSON form:

    class ThingService(PopService):
        name = "thing"

        def actions(self) -> dict[str, Action]:
            return {
                "GetThing": Action(
                    self._get_thing, subject="Name", resource="acs:thing::{account}:thing/{Name}"
                ),
            }

        def _get_thing(self, call: Call) -> Answer:
            return {"Thing": self._state.thing(call.text("Name"))}
"""

import abc
import json
import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias

from scripts.localcloud.http import Request, Response
from scripts.localcloud.pop_signature import authenticate, authenticate_acs3, parameters
from scripts.localcloud.ram.state import Principal, RamState
from scripts.localcloud.service import ApiError, Core, Operation, Service
from scripts.localcloud.table import Match

__all__ = ["Action", "Answer", "Call", "PopService", "authenticate_acs3", "invalid", "request_id"]

Answer: TypeAlias = dict[str, Any]
"""The body of a good answer, without its RequestId."""


class Call:
    """One authorized call: who calls, and its parameters, read by type.

    Each reader raises the ApiError of `missing` or `invalid` for what it cannot give; a service
    with codes of its own overrides those two.
    """

    def __init__(self, principal: Principal, params: Mapping[str, str]) -> None:
        self.principal = principal
        self.params = params

    def text(self, name: str, default: str | None = None) -> str:
        """A string; mandatory, and not empty, unless there is a default."""
        value = self.params.get(name) or default
        if value is None:
            raise self.missing(name)
        return value

    def number(self, name: str, default: int | None = None, *, low: int, high: int) -> int:
        """An integer between `low` and `high`; mandatory unless there is a default."""
        text = self.text(name, None if default is None else str(default))
        if not re.fullmatch(r"[0-9]{1,18}", text) or not low <= int(text) <= high:
            raise self.invalid(name, f"must be an integer from {low} to {high}")
        return int(text)

    def flag(self, name: str, default: bool) -> bool:
        """`true` or `false`, in any case."""
        text = self.text(name, str(default)).lower()
        if text not in ("true", "false"):
            raise self.invalid(name, "must be true or false")
        return text == "true"

    def listed(self, name: str, default: str | None = None) -> list[str]:
        """A comma-separated list; mandatory unless there is a default."""
        return [item.strip() for item in self.text(name, default).split(",") if item.strip()]

    def missing(self, name: str) -> ApiError:
        """What to raise for a mandatory parameter that is not there."""
        return ApiError(400, f"Missing{name}", f"{name} is mandatory for this action.")

    def invalid(self, name: str, why: str) -> ApiError:
        """What to raise for a parameter whose value the service does not take."""
        return invalid(name, why)


class Action(NamedTuple):
    """What to do for an action, and what RAM must allow.

    `subject` is the parameter that names what it is done to. `resource` is the ARN to authorize,
    with `{account}`, `{region}` and any parameter's name in braces, and `further` are more of them;
    `*` is what pages call "All Resource". `authorize` is False for an action that everyone may
    call.
    """

    perform: Callable[[Call], Answer]
    subject: str = ""
    resource: str = "*"
    authorize: bool = True
    further: tuple[str, ...] = ()


class PopService(Service):
    """A service whose actions are named by the header x-acs-action or the parameter Action."""

    denied_code = "NoPermission"
    call_type: type[Call] = Call

    def __init__(self, core: Core, ram: RamState) -> None:
        super().__init__(core)
        self.ram = ram
        self._actions = self.actions()

    @abc.abstractmethod
    def actions(self) -> dict[str, Action]:
        """The actions of this service by name."""

    def identify(self, request: Request) -> Match:
        """The action asked for and its subject; raises ApiError 404 if there is no such."""
        params = parameters(request)
        name = request.headers.get("x-acs-action") or params.get("Action", "")
        if request.path not in ("", "/") or name not in self._actions:
            raise ApiError(
                404,
                "InvalidAction.NotFound",
                f"Specified api is not found, please check your url and method: {name!r}.",
            )
        return Operation(name, params.get(self._actions[name].subject, ""))

    def perform(self, operation: Match, request: Request) -> Response:
        """Verify the signature, ask RAM, and carry the action out; raises ApiError to refuse."""
        action = self._actions[operation.name]
        call = self.call_type(authenticate(request, self.ram), parameters(request))
        if action.authorize:
            self._authorize(operation.name, action, call)
        return _json(200, {**action.perform(call), "RequestId": request_id()})

    def refuse(self, request: Request, error: ApiError) -> Response:
        """The common error body: Code, Message, RequestId, HostId and further fields."""
        body = {
            "Code": error.code,
            "Message": error.message,
            "RequestId": request_id(),
            "HostId": request.headers.get("Host"),
            **error.fields,
        }
        return _json(error.status, body)

    def known(self, call: Call) -> dict[str, str]:  # noqa: ARG002  (for those that look at it)
        """What stands in braces in an ARN beside the names of parameters."""
        return {"account": self.core.account_id, "region": self.core.region}

    def _authorize(self, name: str, action: Action, call: Call) -> None:
        permission = f"{self.name}:{name}"
        names = _BlankIfMissing({**call.params, **self.known(call)})
        for pattern in (action.resource, *action.further):
            resource = pattern.format_map(names)
            if not self.ram.authorized(call.principal, permission, resource):
                # As users of RAM report it.
                message = "You are not authorized to do this action."
                message += f" Resource: {resource} Action: {permission}"
                raise ApiError(403, self.denied_code, message)


def invalid(name: str, why: str) -> ApiError:
    """A parameter's value that the service does not take."""
    return ApiError(400, "InvalidParameter", f"The specified parameter {name} is not valid: {why}.")


def request_id() -> str:
    """A new request id, as Alibaba Cloud writes them."""
    return str(uuid.uuid4()).upper()


class _BlankIfMissing(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return ""


def _json(status: int, body: Mapping[str, Any]) -> Response:
    return Response(
        status,
        json.dumps(body, ensure_ascii=False).encode(),
        {"Content-Type": "application/json;charset=utf-8"},
    )
