"""Function Compute over HTTP: versions of one API, each with its paths and its signature."""

import json
from collections.abc import Callable, Sequence
from typing import NamedTuple

from scripts.localcloud.fc import routes, signature
from scripts.localcloud.fc.access import authorize
from scripts.localcloud.fc.calls import Call
from scripts.localcloud.fc.errors import STATUS, FcError
from scripts.localcloud.fc.operations import OPERATIONS
from scripts.localcloud.fc.state import FcState, new_request_id
from scripts.localcloud.http import Request, Response
from scripts.localcloud.pop import authenticate_acs3
from scripts.localcloud.ram.state import Principal, RamState
from scripts.localcloud.service import ApiError, Core, Operation, Service
from scripts.localcloud.table import Match


class Version(NamedTuple):
    """How one version of the API is spoken.

    `config_as_text`: a trigger's configuration is written as JSON in a string.
    """

    routes: Sequence[routes.Route]
    authenticate: Callable[[Request, RamState], Principal]
    config_as_text: bool


# The Serverless Devs client speaks the first, alibabacloud_fc_open20210406 the second.
VERSIONS = {
    "2016-08-15": Version(routes.SERVICES, signature.authenticate, config_as_text=False),
    "2021-04-06": Version(routes.SERVICES, authenticate_acs3, config_as_text=True),
}
_PUBLIC = ("DownloadPackage",)


class FcService(Service):
    """The wire of Function Compute."""

    name = "fc"

    def __init__(self, core: Core, state: FcState, ram: RamState) -> None:
        super().__init__(core)
        self._state = state
        self._ram = ram

    def identify(self, request: Request) -> Match:
        """The operation, and what it is done to: `service/function/trigger` as far as named."""
        _, match = _route(request)
        return Operation(match.operation, "/".join(_plain(match.names)))

    def perform(self, operation: Match, request: Request) -> Response:
        """Verify the signature, ask RAM, carry out; raises ApiError to refuse."""
        version, match = _route(request)
        spoken = VERSIONS[version]
        call = Call(request, new_request_id(), version, match.names, spoken.config_as_text)
        try:
            if operation.name not in _PUBLIC:
                principal = spoken.authenticate(request, self._ram)
                authorize(self.core, self._ram, principal, match, call)
            answer = OPERATIONS[operation.name](self._state, call)
        except FcError as error:
            raise ApiError(error.status, error.code, error.message) from error
        headers = {"Content-Type": "application/json", "X-Fc-Request-Id": call.request_id}
        return Response(answer.status, answer.body, {**headers, **answer.headers})

    def refuse(self, request: Request, error: ApiError) -> Response:  # noqa: ARG002  (as the base has it)
        """The error as Function Compute writes it."""
        body = {"ErrorCode": error.code, "ErrorMessage": error.message}
        headers = {"Content-Type": "application/json", "X-Fc-Request-Id": new_request_id()}
        return Response(error.status, json.dumps(body).encode(), headers)


def _route(request: Request) -> tuple[str, routes.Match]:
    version, *path = request.segments or [""]
    if version in VERSIONS:
        found = routes.match(VERSIONS[version].routes, request.method, path)
        if found:
            return version, found
    message = f"there is no {request.method} {request.path} here"
    raise ApiError(STATUS["PathNotSupported"], "PathNotSupported", message)


def _plain(names: dict[str, str]) -> list[str]:
    """The names without a service's qualifier."""
    return [name.partition(".")[0] for name in names.values()]
