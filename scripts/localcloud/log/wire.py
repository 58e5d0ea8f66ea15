"""Log Service over HTTP: the projects at one endpoint, each by its host.

The answers are never compressed, whatever the client would also take.
"""

import json
import secrets
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit

from scripts.localcloud.http import Request, Response
from scripts.localcloud.log import routes
from scripts.localcloud.log.call import Call
from scripts.localcloud.log.calls import OPERATIONS
from scripts.localcloud.log.errors import LogError, denied
from scripts.localcloud.log.signature import authenticate
from scripts.localcloud.log.state import LogState
from scripts.localcloud.ram.state import Principal, RamState
from scripts.localcloud.service import ApiError, Core, Operation, Service
from scripts.localcloud.table import Match


class LogService(Service):
    """The wire of Log Service."""

    name = "log"

    def __init__(self, core: Core, state: LogState, ram: RamState) -> None:
        super().__init__(core)
        self._state = state
        self._ram = ram

    def handle(self, request: Request) -> Response:
        """Serve one request; one that was sent as to a proxy names the whole URL as its path."""
        return super().handle(replace(request, path=urlsplit(request.path).path or "/"))

    def identify(self, request: Request) -> Match:
        """The operation, and what it is done to: `project` or `project/logstore`."""
        match = _match(request)
        return Operation(match.operation, match.path)

    def perform(self, operation: Match, request: Request) -> Response:
        """Verify the signature, ask RAM, carry out; raises ApiError to refuse."""
        match = _match(request)
        principal = authenticate(request, self._ram)
        call = Call(request, self.core.region, match.project, match.store, match.subject)
        try:
            self._authorize(principal, match)
            answer = OPERATIONS[operation.name](self._state, call)
        except LogError as error:
            raise ApiError(error.status, error.code, error.message) from error
        return _answered(200, b"" if answer is None else json.dumps(answer).encode())

    def refuse(self, request: Request, error: ApiError) -> Response:  # noqa: ARG002  (as the base has it)
        """The error as Log Service writes it."""
        body = {"errorCode": error.code, "errorMessage": error.message}
        return _answered(error.status, json.dumps(body).encode())

    def lag(self, operation: Match, reads: int) -> None:
        """A search can be incomplete, and is to be repeated; nothing else can lag."""
        if operation.name != "GetLogStoreLogs":
            super().lag(operation, reads)
        self._state.let_search_lag(reads)

    def _authorize(self, principal: Principal, match: routes.Match) -> None:
        """Raises LogError unless RAM allows it. Page "Authorization rules"."""
        for operation, resource in self._needed(match):
            action = f"log:{operation}"
            if not self._owns(match) or not self._ram.authorized(principal, action, resource):
                raise denied(action, resource)

    def _needed(self, match: routes.Match) -> Iterator[tuple[str, str]]:
        """The operations that are asked for, each with its resource."""
        operation, project = match.operation, self._state.arn(match.project or "*")
        if operation.endswith(("Alert", "Alerts")):
            yield operation, "*"  # page "CreateAlert": on all resources
            # Guessed: both; guide "Grant a RAM user permissions to manage alerts" has but this.
            yield operation.replace("Alert", "Job"), f"{project}/job/{match.subject or '*'}"
        elif "ResourceRecord" in operation:
            yield operation, f"acs:log:*:{self.core.account_id}:resource/{match.store}"
        elif operation == "GetLogStoreLogs":
            yield operation, project  # of GetLogsV2: the operation's own table, in its SDK
        elif operation in ("CreateLogStore", "ListLogStores"):
            yield operation, self._state.arn(match.project, "*")
        else:
            # Guessed: that tags are authorized on any project; it is documented for the others.
            yield operation, self._state.arn(match.project or "*", match.store)

    def _owns(self, match: routes.Match) -> bool:
        """Guessed: another account's project is as one that RAM forbids."""
        if match.operation == "CreateProject" or not match.project:
            return True
        return self._state.project(match.project).owner == self.core.account_id


def _match(request: Request) -> routes.Match:
    match = routes.match(request)
    if match is None:
        # Guessed: what is answered where there is no such operation.
        host = request.headers.get("Host")
        message = f"there is no {request.method} {request.path} at {host} here"
        raise ApiError(404, "InvalidParameter", message)
    return match


def _answered(status: int, body: bytes) -> Response:
    headers = {
        "Content-Type": "application/json",
        "x-log-requestid": secrets.token_hex(12).upper(),
    }
    return Response(status, body, headers)
