"""How requests to Function Compute are read, verified, allowed, answered and refused."""

import json
from collections.abc import Callable, Sequence
from typing import NamedTuple

from ...http import Request, Response
from ...pop_signature import authenticate_acs3
from ...ram.state import Principal, RamState
from ...service import ApiError, Core, Service
from ...table import Match, Row
from ..call import Call
from ..errors import STATUS, FcError
from ..operations import OPERATIONS
from ..state import FcState, new_request_id
from ..views import NEWER as NEWER_VIEWS
from ..views import OLDER as OLDER_VIEWS
from ..views import Views, standing_alone
from . import signature
from .access import authorize
from .alone import ALONE
from .fields import read_fields
from .table import NEWER, OLDER

_JSON = {"Content-Type": "application/json"}


class Version(NamedTuple):
    """How one version of the API is spoken.

    `config_as_text`: a trigger's configuration is written as JSON in a string. `error` names an
    error's fields: its code, its message, and the request's id if that is told. Without `views`
    things are shown as 3.0 does.
    """

    table: Sequence[Row]
    authenticate: Callable[[Request, RamState], Principal]
    config_as_text: bool
    error: Sequence[str] = ("ErrorCode", "ErrorMessage")
    views: Views | None = None


# The Serverless Devs client speaks the first, alibabacloud_fc_open20210406 the second; of 3.0 its
# component fc3 and alibabacloud_fc20230330 speak the third.
VERSIONS = {
    "2016-08-15": Version(OLDER, signature.authenticate, config_as_text=False, views=OLDER_VIEWS),
    "2021-04-06": Version(NEWER, authenticate_acs3, config_as_text=True, views=NEWER_VIEWS),
    "2023-03-30": Version(
        ALONE, authenticate_acs3, config_as_text=True, error=("Code", "Message", "RequestId")
    ),
}
_PUBLIC = ("DownloadPackage",)


class FcService(Service):
    """The wire of Function Compute."""

    name = "fc"
    table = tuple(row for version in VERSIONS.values() for row in version.table)
    own_headers = ("x-fc-", "x-acs-")

    def __init__(self, core: Core, state: FcState, ram: RamState) -> None:
        super().__init__(core)
        self._state = state
        self._ram = ram
        arns = f"acs:fc:{core.region}:{core.account_id}:functions/"
        self._alone = standing_alone(arns, state.resources.around)

    def identify(self, request: Request) -> Match:
        """The operation, and what it is done to: `service/function/trigger` as far as named."""
        version = _version(request)
        if version not in VERSIONS:
            message = f"'{request.method}' against '{request.path}' is not supported"
            raise ApiError(STATUS["PathNotSupported"], "PathNotSupported", message)
        found = super().identify(request)
        for header, said in (("x-acs-version", version), ("x-acs-action", found.name)):
            if request.headers.get(header) not in ("", said):
                raise self.unknown(f"{header} of {found.name}: {request.headers.get(header)}")
        # Without a service's qualifier.
        plain = [name.partition(".")[0].replace("$", "/") for name in found.names.values()]
        return found._replace(subject="/".join(plain))

    def perform(self, operation: Match, request: Request) -> Response:
        """Verify the signature, ask RAM, carry out; raises ApiError to refuse."""
        try:
            return self._perform_call(operation, request)
        except FcError as error:
            told = error
            if error.code == "ServiceNotFound" and "service" not in operation.names:
                # Where there are no services, none can be missing.
                what = f"function '{operation.names.get('function', '')}' does not exist"
                told = FcError("FunctionNotFound", what)
            raise ApiError(told.status, told.code, told.message) from error

    def refuse(self, request: Request, error: ApiError) -> Response:
        """The error as the version of the API that was asked writes it."""
        request_id = new_request_id()
        spoken = VERSIONS.get(_version(request), VERSIONS["2016-08-15"])
        body = dict(zip(spoken.error, (error.code, error.message, request_id), strict=False))
        headers = {**_JSON, "X-Fc-Request-Id": request_id}
        return Response(error.status, json.dumps(body).encode(), headers)

    def _perform_call(self, operation: Match, request: Request) -> Response:
        row = operation.row
        version = row.parts[0]
        spoken = VERSIONS[version]
        principal = None if row.name in _PUBLIC else spoken.authenticate(request, self._ram)
        call = Call(
            request,
            new_request_id(),
            operation.names,
            read_fields(row, request, config_as_text=spoken.config_as_text),
            f"http://{request.authority}/{version}/packages",
            spoken.views or self._alone,
        )
        if principal:
            authorize(self.core, self._ram, principal, row, call)
        answer = OPERATIONS[row.name](self._state, call)
        headers = {"X-Fc-Request-Id": call.request_id, **answer.headers}
        # Clients parse whatever says that it is JSON: what is empty must not say so.
        return Response(answer.status, answer.body, {**(_JSON if answer.body else {}), **headers})


def _version(request: Request) -> str:
    return request.segments[0] if request.segments else ""
