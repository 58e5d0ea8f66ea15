"""What every service of the local cloud has in common: identify, suffer, perform, answer."""

import abc
from collections.abc import Mapping
from typing import NamedTuple

from scripts.localcloud.clock import Clock
from scripts.localcloud.faults import Drop, Fail, Faults, Hold, Lag, Stall
from scripts.localcloud.http import Request, Response
from scripts.localcloud.journal import Journal


class ApiError(Exception):
    """A refusal: HTTP status, the service's error code, a message, more fields of the body."""

    def __init__(
        self, status: int, code: str, message: str, **fields: str | Mapping[str, str]
    ) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.fields = fields


class Operation(NamedTuple):
    """An API operation (`PutBucketAcl`) and what it is done to (a bucket's name, a role's …)."""

    name: str
    subject: str = ""


class Core(NamedTuple):
    """What the services of one cloud share."""

    account_id: str
    region: str
    clock: Clock
    journal: Journal
    faults: Faults


class Service(abc.ABC):
    """The wire of one service; its state lives in a module of its own."""

    name: str

    def __init__(self, core: Core) -> None:
        self.core = core

    @abc.abstractmethod
    def identify(self, request: Request) -> Operation:
        """Which operation the request asks for; raises ApiError if none."""

    @abc.abstractmethod
    def perform(self, operation: Operation, request: Request) -> Response:
        """Authenticate, authorize and carry out; raises ApiError to refuse."""

    @abc.abstractmethod
    def refuse(self, request: Request, error: ApiError) -> Response:
        """The error in the service's own format."""

    def lag(self, operation: Operation, reads: int) -> None:
        """Let the next reads of what was just written show its old state, where that can happen."""
        raise NotImplementedError(f"{self.name}:{operation.name} cannot lag")

    def handle(self, request: Request) -> Response:
        """Serve one request, with whatever fault was ordered for it, and journal it."""
        operation = Operation("Unknown")
        try:
            operation = self.identify(request)
            response = self._perform(operation, request)
        except ApiError as error:
            response = self.refuse(request, error)
        self.core.journal.record(
            self.name, operation.name, operation.subject, status=response.status, request=request
        )
        return response

    def _perform(self, operation: Operation, request: Request) -> Response:
        fault = self.core.faults.take(f"{self.name}:{operation.name}", operation.subject)
        if isinstance(fault, Fail):
            raise ApiError(fault.status, fault.code, fault.message, **fault.fields)
        if isinstance(fault, Stall):
            self.core.clock.hold(fault.seconds)
        if isinstance(fault, Hold):
            self.core.clock.hold_until(fault.released)
        if isinstance(fault, Drop) and not fault.applied:
            return Response(dropped=True)
        if isinstance(fault, Lag):
            self.lag(operation, fault.reads)
        response = self.perform(operation, request)
        response.dropped = isinstance(fault, Drop)
        return response
