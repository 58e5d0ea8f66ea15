"""What every service of the local cloud has in common: identify, suffer, perform, answer."""

import abc
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import formatdate

from .clock import Clock
from .faults import LAGGING, Drop, Fail, Faults, Hold, Lag, Stall
from .http import Request, Response
from .journal import Journal
from .spreading import Spreading
from .table import Match, Row, find, unknown

_UNKNOWN = Row("Unknown", "", "", "")


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


@dataclass(frozen=True)
class Core:
    """What the services of one cloud share."""

    account_id: str
    region: str
    clock: Clock
    journal: Journal
    faults: Faults
    spreading: Spreading = field(default_factory=Spreading)


class Service(abc.ABC):
    """The wire of one service; its state lives in a module of its own.

    `table` has its operations. `always` are the names that any request may have in its query, as
    they sign it, and `own_headers` the beginning of the names of headers that are the service's own
    (`x-oss-`): one that a row does not take, and `always` does not have, is refused.
    """

    name: str
    table: Sequence[Row] = ()
    always: frozenset[str] = frozenset()
    own_headers: tuple[str, ...] = ()

    def __init__(self, core: Core) -> None:
        self.core = core

    def identify(self, request: Request) -> Match:
        """Which operation the request asks for; raises ApiError if none, or if it takes less."""
        asked = {*request.params, *(f"{name}={value}" for name, value in request.params.items())}
        found = find(self.table, request.method, self.segments(request), asked)
        if found is None:
            raise self.unknown(f"{request.method} {request.path}?{request.query}")
        row = found.row
        flags = {flag.partition("=")[0] for flag in row.flags}
        if names := unknown(request.params, flags | row.query | self.always):
            raise self.unknown(f"in the query of {row.name}: {names}")
        own = [name for name in request.headers if name.startswith(self.own_headers or ("\n",))]
        if names := unknown(own, row.headers | self.always):
            raise self.unknown(f"a header of {row.name}: {names}")
        return found

    def segments(self, request: Request) -> Sequence[str]:
        """What a row's path is compared with; a service may have part of it in its host's name."""
        return request.segments

    def unknown(self, what: str) -> ApiError:
        """What is raised for what is not known here, and perhaps to Alibaba Cloud."""
        return ApiError(501, "NotImplemented", f"The local cloud does not know this: {what}")

    @abc.abstractmethod
    def perform(self, operation: Match, request: Request) -> Response:
        """Authenticate, authorize and carry out; raises ApiError to refuse."""

    @abc.abstractmethod
    def refuse(self, request: Request, error: ApiError) -> Response:
        """The error in the service's own format."""

    def lag(self, operation: Match, reads: int) -> None:
        """Let the next reads of what was just written show its old state: of one of `LAGGING`."""
        raise NotImplementedError

    def handle(self, request: Request) -> Response:
        """Serve one request, with whatever fault was ordered for it, and journal it."""
        operation, began = Match(_UNKNOWN, {}), time.monotonic()
        told = {}
        try:
            operation = self.identify(request)
            response = self._perform(operation, request)
        except ApiError as error:
            response = self.refuse(request, error)
            told = {"code": error.code, "message": error.message}
        except Exception as error:
            traceback.print_exc(file=sys.stderr)
            response = self.refuse(request, ApiError(500, "InternalError", repr(error)[:500]))
            told = {"traceback": traceback.format_exc()}
        self.core.journal.record(
            self.name,
            operation.name,
            operation.subject,
            status=response.status,
            request=request,
            began=began,
            dropped=response.dropped,
            **told,
        )
        response.headers.setdefault("Date", formatdate(self.core.clock.now(), usegmt=True))
        return response

    def _perform(self, operation: Match, request: Request) -> Response:
        fault = self.core.faults.take(f"{self.name}:{operation.name}", operation.subject)
        if isinstance(fault, Fail):
            raise ApiError(fault.status, fault.code, fault.message, **fault.fields)
        if isinstance(fault, Stall):
            self.core.clock.hold(fault.seconds)
        if isinstance(fault, Hold):
            self.core.clock.hold_until(fault.released)
        if isinstance(fault, Drop) and not fault.applied:
            return Response(dropped=True)
        if isinstance(fault, Lag) and f"{self.name}:{operation.name}" not in LAGGING:
            raise NotImplementedError(f"{self.name}:{operation.name} cannot lag")
        if isinstance(fault, Lag):
            self.lag(operation, fault.reads)
        response = self.perform(operation, request)
        response.dropped = isinstance(fault, Drop)
        return response
