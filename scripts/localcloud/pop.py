"""The base of RPC-style services (RAM, STS, Cloud Config, MNS management).

A service has a table of rows made by `rpc`, and hands over objects with a method for each row; the
base finds the row, refuses what it does not take, verifies who signed, asks RAM, and gives answers
and errors the common JSON form:

    class ThingService(PopService):
        name = "thing"
        version = "2020-01-01"
        table = (rpc("GetThing", "Name", subject="Name", resources=(_THING,)),)

        def __init__(self, core: Core, state: ThingState, ram: RamState) -> None:
            super().__init__(core, ram, Operations(state))

    class Operations:
        def get_thing(self, call: Call) -> Answer:
            return {"Thing": self._state.thing(call.text("Name"))}
"""

import json
import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from .http import Request, Response
from .pop_signature import authenticate, is_form, parameters
from .ram.state import Principal, RamState
from .service import ApiError, Core, Service
from .table import Match, Row, unknown, words

__all__ = [
    "Answer",
    "Call",
    "PopService",
    "invalid",
    "request_id",
    "rpc",
]

Answer: TypeAlias = dict[str, Any]
"""The body of a good answer, without its RequestId."""

# What signs or frames any request: pages "V3 request body and signature mechanism" and "V2 RPC
# request body and signature mechanism", and what official clients send beside that.
_COMMON = words(
    "Action Version Format AccessKeyId Signature SignatureMethod SignatureNonce SignatureType"
    " SignatureVersion SecurityToken Timestamp RegionId"
)
_COMMON_HEADERS = words(
    "x-acs-action x-acs-version x-acs-date x-acs-content-sha256 x-acs-signature-nonce"
    " x-acs-security-token x-acs-accesskey-id x-acs-credentials-provider"
)


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

    def parsed(self, name: str, default: str | None = None) -> Any:
        """What a text in JSON says; mandatory unless there is a default."""
        try:
            return json.loads(self.text(name, default))
        except (ValueError, RecursionError):
            raise self.invalid(name, "must be JSON") from None

    def missing(self, name: str) -> ApiError:
        """What to raise for a mandatory parameter that is not there."""
        return ApiError(400, f"Missing{name}", f"{name} is mandatory for this action.")

    def invalid(self, name: str, why: str) -> ApiError:
        """What to raise for a parameter whose value the service does not take."""
        return invalid(name, why)


def rpc(
    name: str,
    fields: str = "",
    *,
    subject: str = "",
    resources: tuple[str, ...] = ("*",),
    read_on: str = "",
    guesses: tuple[str, ...] = (),
    elsewhere: tuple[tuple[str, str], ...] = (),
) -> Row:
    """The row of an action: on the page of its name, asked for at `/`.

    `fields` are its parameters, a list's with the number 1 (`Tag.1.Key`); `subject` is the one that
    names what it is done to. Without `resources` everybody may call it.
    """
    path = f"/{{{subject}}}" if subject else "/"
    return Row(
        name,
        "",
        path,
        name,
        read_on,
        fields=words(fields),
        resources=resources,
        guesses=guesses,
        elsewhere=elsewhere,
    )


class PopService(Service):
    """A service whose actions are named by the header x-acs-action or the parameter Action.

    `version` is the one of its API that it knows. `operations` have a method for each row, by its
    name in snake case.
    """

    version = ""
    denied_status, denied_code = 403, "NoPermission"
    call_type: type[Call] = Call
    own_headers = ("x-acs-",)

    def __init__(self, core: Core, ram: RamState, *operations: object) -> None:
        super().__init__(core)
        self.ram = ram
        self._rows = {row.name: row for row in self.table}
        self._performs = {name: _method(name, operations) for name in self._rows}

    def identify(self, request: Request) -> Match:
        """The action asked for, its parameters and its subject; raises ApiError if none."""
        params = parameters(request)
        name = request.headers.get("x-acs-action") or params.get("Action", "")
        row = self._rows.get(name)
        if request.path not in ("", "/") or row is None:
            raise ApiError(
                404,
                "InvalidAction.NotFound",
                f"Specified api is not found, please check your url and method: {name!r}.",
            )
        self._check(row, request, params)
        return Match(row, params, params.get(row.path[2:-1], ""))

    def perform(self, operation: Match, request: Request) -> Response:
        """Verify the signature, ask RAM, and carry the action out; raises ApiError to refuse."""
        call = self.call_type(authenticate(request, self.ram), operation.names)
        self._authorize(operation.row, call)
        answer = self._performs[operation.name](call)
        return self.answered(answer)

    def answered(self, answer: Answer) -> Response:
        """A good answer as it is sent."""
        return _json(200, {**answer, "RequestId": request_id()})

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

    def _check(self, row: Row, request: Request, params: Mapping[str, str]) -> None:
        """Raises ApiError if the request has more than its row takes."""
        if request.method not in ("GET", "POST"):
            raise self.unknown(f"{row.name} by {request.method}")
        version = request.headers.get("x-acs-version") or params.get("Version", "")
        if version != self.version:
            # Guessed: the status. The code and its message are as users report them.
            message = (
                f"Specified parameter Version is not valid: {version!r} is not {self.version}."
            )
            raise ApiError(400, "InvalidVersion", message)
        given = {re.sub(r"\.\d+", ".1", name) for name in params}
        if names := unknown(given, row.fields | _COMMON):
            raise self.unknown(f"a parameter of {row.name}: {names}")
        own = [name for name in request.headers if name.startswith(self.own_headers)]
        if names := unknown(own, _COMMON_HEADERS):
            raise self.unknown(f"a header of {row.name}: {names}")
        if request.body and not is_form(request):
            raise self.unknown(f"a body of {row.name} that is no form")
        if params.get("Format", "JSON").upper() != "JSON":
            raise self.unknown(f"an answer of {row.name} as {params['Format']}")

    def _authorize(self, row: Row, call: Call) -> None:
        action = f"{self.name}:{row.action or row.name}"
        names = _BlankIfMissing({**call.params, **self.known(call)})
        for pattern in row.resources:
            resource = pattern.format_map(names)
            if not self.ram.authorized(call.principal, action, resource):
                # As users of RAM report it.
                message = "You are not authorized to do this action."
                message += f" Resource: {resource} Action: {action}"
                detail = self.ram.denial(call.principal, action, resource)
                raise ApiError(
                    self.denied_status, self.denied_code, message, AccessDeniedDetail=detail
                )


def invalid(name: str, why: str) -> ApiError:
    """A parameter's value that the service does not take."""
    return ApiError(400, "InvalidParameter", f"The specified parameter {name} is not valid: {why}.")


def request_id() -> str:
    """A new request id, as Alibaba Cloud writes them."""
    return str(uuid.uuid4()).upper()


def _method(action: str, operations: tuple[object, ...]) -> Callable[[Call], Answer]:
    """What carries an action out: `get_thing` of one of the objects for `GetThing`."""
    name = re.sub(r"(?<!^)(?=[A-Z])", "_", action).lower()
    found: Callable[[Call], Answer] = next(
        getattr(each, name) for each in operations if hasattr(each, name)
    )
    return found


class _BlankIfMissing(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return ""


def _json(status: int, body: Mapping[str, Any]) -> Response:
    return Response(
        status,
        json.dumps(body, ensure_ascii=False).encode(),
        {"Content-Type": "application/json;charset=utf-8"},
    )
