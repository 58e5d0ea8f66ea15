"""MNS on the wire: its own XML interface, and the management calls of mns-open beside it."""

from scripts.localcloud.http import Request, Response
from scripts.localcloud.mns import xml
from scripts.localcloud.mns.calls import Call
from scripts.localcloud.mns.errors import MnsError, as_api_error
from scripts.localcloud.mns.management import MnsManagement
from scripts.localcloud.mns.queue_calls import QueueCalls
from scripts.localcloud.mns.signature import authenticate
from scripts.localcloud.mns.state import MnsState
from scripts.localcloud.mns.topic_calls import TopicCalls
from scripts.localcloud.pop import request_id
from scripts.localcloud.ram.state import RamState
from scripts.localcloud.service import ApiError, Core, Operation, Service
from scripts.localcloud.table import Match

_VERSION = "2015-06-06"
_VARIANTS = ("metaoverride", "peekonly")


class MnsService(Service):
    """One listener for both interfaces: the management calls are all made at `/`."""

    name = "mns"

    def __init__(self, core: Core, state: MnsState, ram: RamState) -> None:
        super().__init__(core)
        self._ram = ram
        self._management = MnsManagement(core, state, ram)
        self._routes = TopicCalls(core, state).routes() | QueueCalls(state).routes()

    def identify(self, request: Request) -> Match:
        """The operation and its topic or queue; raises ApiError if none."""
        if _is_management(request):
            return self._management.identify(request)
        route = self._routes.get((request.method, _form(request)))
        if route is None:
            raise ApiError(400, "InvalidRequestURL", "Http request URL format invalid.")
        return Operation(route[0], "".join(request.segments[1:2]))

    def perform(self, operation: Match, request: Request) -> Response:
        """Verify the signature, ask RAM, and carry the operation out."""
        if _is_management(request):
            return self._management.perform(operation, request)
        self._authorize(operation, request)
        _, perform = self._routes[request.method, _form(request)]
        try:
            response = perform(Call(request))
        except MnsError as error:
            raise as_api_error(error) from error
        return _with_common_headers(response, request_id())

    def refuse(self, request: Request, error: ApiError) -> Response:
        """The error in the form of the interface that was called."""
        if _is_management(request):
            return self._management.refuse(request, error)
        known_as = request_id()
        content = {
            "Code": error.code,
            "Message": error.message,
            "RequestId": known_as,
            "HostId": f"http://{request.headers.get('Host')}",
        }
        return _with_common_headers(xml.answer(error.status, "Error", content), known_as)

    def _authorize(self, operation: Match, request: Request) -> None:
        principal = authenticate(request, self._ram)
        action = f"mns:{operation.name}"
        path = "/".join(request.segments)
        paths = [path]
        if operation.name == "ChangeMessageVisibility":  # so its page spells it
            paths.append(path.replace("/messages", "/messsages"))
        for each in paths:
            resource = f"acs:mns:{self.core.region}:{self.core.account_id}:/{each}"
            if not self._ram.authorized(principal, action, resource):
                raise ApiError(
                    403,
                    "AccessDenied",
                    "The OwnerId that your Access Key Id associated to is forbidden for this "
                    f"operation: {action} on {resource}.",
                )


def _is_management(request: Request) -> bool:
    return not request.segments


def _form(request: Request) -> str:
    """The URL's form: `topics/*/messages`, and what its query makes another operation of it."""
    parts = [part if place % 2 == 0 else "*" for place, part in enumerate(request.segments)]
    given = {name.lower() for name in request.params}
    variant = next((f"?{name}" for name in _VARIANTS if name in given), "")
    return "/".join(parts) + variant


def _with_common_headers(response: Response, known_as: str) -> Response:
    response.headers |= {"x-mns-request-id": known_as, "x-mns-version": _VERSION}
    return response
