"""How MNS is asked: its own XML interface, and beside it the management calls of mns-open."""

from typing import Any

from ..http import Request, Response
from ..pop import PopService, request_id, rpc
from ..ram.state import RamState
from ..service import ApiError, Core, Service
from ..table import Match, Row, find, unknown, words
from . import xml
from .errors import MnsError, as_api_error, invalid_argument
from .operations.management import ManagementOperations
from .operations.xml_interface import Call, Operations
from .signature import authenticate
from .state import MnsState

_VERSION = "2015-06-06"


def _row(name: str, method: str, path: str, read_on: str = "", **declared: Any) -> Row:
    """A row whose page has the operation's name, and names what is at the path as the resource."""
    resource = f"acs:mns:{{region}}:{{account}}:{path}"
    return Row(name, method, path, name, read_on, **{"resources": (resource,), **declared})


def _body(root: str, names: str, *inner: frozenset[str]) -> frozenset[str]:
    """The elements of a body as paths: the root, those in it, and what is in some of these."""
    there = words(names).union(*inner)
    return frozenset({root, *(f"{root}/{each}" for each in there)})


_QUEUE = _body(
    "Queue",
    "DelaySeconds MaximumMessageSize MessageRetentionPeriod VisibilityTimeout PollingWaitSeconds "
    "LoggingEnabled",
)
_TOPIC = _body("Topic", "MaximumMessageSize LoggingEnabled")
_PROPERTIES = _body("UserProperties", "", _body("PropertyValue", "Name Value Type"))
_MESSAGE = _body("Message", "MessageBody DelaySeconds Priority", _PROPERTIES)
_PAGE = words("x-mns-marker x-mns-ret-number x-mns-prefix")
_CHANGE = words("metaoverride")
_MESSAGES = "/queues/{queue}/messages"
_SUBSCRIPTION = "/topics/{topic}/subscriptions/{subscription}"

# Names in a query are given in lower case here, as clients differ. A flag in angle brackets is the
# root of the body: of messages and of receipt handles there can be one, or several. What is read
# with numOfMessages has a page of its own ("BatchReceiveMessage", "BatchPeekMessage") and the same
# name in RAM's list (page "Permission policies and examples", 2026-01-20), so that it is no row of
# its own. The pages of batches name actions of their own for RAM, that list those of one message:
# see `MnsState.batches_need_their_own`.
TABLE = (
    _row("ListQueue", "GET", "/queues", headers=_PAGE | {"x-mns-with-meta"}),
    _row("CreateQueue", "PUT", "/queues/{queue}", fields=_QUEUE),
    _row("SetQueueAttributes", "PUT", "/queues/{queue}", flags=_CHANGE, fields=_QUEUE),
    _row("GetQueueAttributes", "GET", "/queues/{queue}"),
    _row("DeleteQueue", "DELETE", "/queues/{queue}"),
    _row("SendMessage", "POST", _MESSAGES, fields=_MESSAGE),
    _row(
        "ReceiveMessage", "GET", _MESSAGES, "2024-09-02", query=words("waitseconds numofmessages")
    ),
    _row(
        "PeekMessage",
        "GET",
        _MESSAGES,
        "2024-09-02",
        flags=words("peekonly"),
        query=words("numofmessages"),
    ),
    _row("DeleteMessage", "DELETE", _MESSAGES, query=words("receipthandle")),
    _row(
        "BatchSendMessage",
        "POST",
        _MESSAGES,
        "2024-12-16",
        flags=words("<Messages>"),
        fields=_body("Messages", "", _MESSAGE),
        action="SendMessage",
    ),
    _row(
        "BatchDeleteMessage",
        "DELETE",
        _MESSAGES,
        "2026-03-11",
        flags=words("<ReceiptHandles>"),
        fields=_body("ReceiptHandles", "ReceiptHandle"),
        guesses=("the status if some of them are not deleted: 404",),
    ),
    _row(
        "ChangeMessageVisibility",
        "PUT",
        _MESSAGES,
        query=words("receipthandle visibilitytimeout"),
        resources=(
            "acs:mns:{region}:{account}:/queues/{queue}/messages",
            "acs:mns:{region}:{account}:/queues/{queue}/messsages",  # so its page spells it
        ),
    ),
    _row("ListTopic", "GET", "/topics", headers=_PAGE | {"x-mns-with-meta"}),
    _row("CreateTopic", "PUT", "/topics/{topic}", fields=_TOPIC),
    _row("SetTopicAttributes", "PUT", "/topics/{topic}", flags=_CHANGE, fields=_TOPIC),
    _row("GetTopicAttributes", "GET", "/topics/{topic}"),
    _row("DeleteTopic", "DELETE", "/topics/{topic}"),
    _row(
        "PublishMessage",
        "POST",
        "/topics/{topic}/messages",
        "2024-09-02",
        fields=_body(
            "Message",
            "MessageBody MessageTag",
            _body("MessageAttributes", "DirectMail DirectSMS Push"),
            _PROPERTIES,
        ),
    ),
    _row(
        "ListSubscriptionByTopic",
        "GET",
        "/topics/{topic}/subscriptions",
        "2026-01-30",
        headers=_PAGE,
    ),
    _row(
        "Subscribe",
        "PUT",
        _SUBSCRIPTION,
        "2024-06-19",
        fields=_body("Subscription", "Endpoint NotifyStrategy NotifyContentFormat FilterTag"),
    ),
    _row(
        "SetSubscriptionAttributes",
        "PUT",
        _SUBSCRIPTION,
        "2024-06-18",
        flags=_CHANGE,
        fields=_body("Subscription", "NotifyStrategy"),
    ),
    _row("GetSubscriptionAttributes", "GET", _SUBSCRIPTION),
    _row("Unsubscribe", "DELETE", _SUBSCRIPTION),
)

_OF_ITS_TOPIC = "acs:mns:{region}:{account}:/topics/{TopicName}"
_OF_ITS_QUEUE = "acs:mns:{region}:{account}:/queues/{QueueName}"
_OF_ITS_SUBSCRIPTION = f"{_OF_ITS_TOPIC}/subscriptions/{{SubscriptionName}}"
_PAGED = "PageNum PageSize"
_TAG = "Tag.1.Key Tag.1.Value"
_OF_TOPIC = "TopicName MaxMessageSize EnableLogging"
_OF_QUEUE = (
    "QueueName DelaySeconds MaximumMessageSize MessageRetentionPeriod VisibilityTimeout"
    " PollingWaitSeconds EnableLogging"
)
_OF_SUBSCRIPTION = "TopicName SubscriptionName"
_PART = "the name given is a part of the names wanted"
_ALIKE = "the resource: as on the page of the XML interface"


def _managed(name: str, read_on: str, resource: str, fields: str, *guesses: str) -> Row:
    """A row of the management calls, about the topic or the queue that the resource has."""
    about = [each for each in ("TopicName", "QueueName") if f"{{{each}}}" in resource]
    return rpc(
        name,
        fields,
        subject="".join(about),
        resources=(resource,),
        read_on=read_on,
        guesses=guesses,
    )


# Lists are allowed on all resources alone, though the page "Custom policies for SMQ" (2024-10-15)
# names `/queues` and `/topics` for them.
MANAGEMENT_TABLE = (
    _managed("CreateTopic", "2026-01-29", _OF_ITS_TOPIC, f"{_OF_TOPIC} TopicType {_TAG}"),
    _managed("DeleteTopic", "", _OF_ITS_TOPIC, "TopicName", _ALIKE),
    _managed("GetTopicAttributes", "2026-01-30", _OF_ITS_TOPIC, "TopicName"),
    _managed("SetTopicAttributes", "2026-01-29", _OF_ITS_TOPIC, _OF_TOPIC),
    _managed("ListTopic", "2026-01-29", "*", f"{_PAGED} TopicName TopicType {_TAG}", _PART),
    _managed("CreateQueue", "", _OF_ITS_QUEUE, f"{_OF_QUEUE} QueueType {_TAG}", _ALIKE),
    _managed("DeleteQueue", "", _OF_ITS_QUEUE, "QueueName", _ALIKE),
    _managed("GetQueueAttributes", "2025-11-24", _OF_ITS_QUEUE, "QueueName"),
    _managed("SetQueueAttributes", "", _OF_ITS_QUEUE, _OF_QUEUE, _ALIKE),
    _managed("ListQueue", "2025-11-24", "*", f"{_PAGED} QueueName QueueType {_TAG}", _PART),
    _managed(
        "Subscribe",
        "2026-01-30",
        _OF_ITS_SUBSCRIPTION,
        f"{_OF_SUBSCRIPTION} PushType Endpoint NotifyStrategy NotifyContentFormat MessageTag",
    ),
    _managed(
        "SetSubscriptionAttributes",
        "2026-01-30",
        _OF_ITS_SUBSCRIPTION,
        f"{_OF_SUBSCRIPTION} NotifyStrategy",
    ),
    _managed("Unsubscribe", "", _OF_ITS_SUBSCRIPTION, _OF_SUBSCRIPTION, _ALIKE),
    _managed("GetSubscriptionAttributes", "2026-01-30", _OF_ITS_SUBSCRIPTION, _OF_SUBSCRIPTION),
    _managed(
        "ListSubscriptionByTopic",
        "2026-01-30",
        f"{_OF_ITS_TOPIC}/subscriptions",
        f"{_PAGED} {_OF_SUBSCRIPTION}",
        _PART,
    ),
)


class MnsManagement(PopService):
    """The management calls, as `alibabacloud_mns_open20220119` makes them."""

    name = "mns"
    version = "2022-01-19"
    denied_code = "AccessDenied"
    table = MANAGEMENT_TABLE

    def __init__(self, core: Core, state: MnsState, ram: RamState) -> None:
        super().__init__(core, ram, ManagementOperations(core, state))

    def perform(self, operation: Match, request: Request) -> Response:
        """As every RPC-style service, with the state's refusals put into words."""
        try:
            return super().perform(operation, request)
        except MnsError as error:
            raise as_api_error(error) from error


class MnsService(Service):
    """One listener for both interfaces: the management calls are all made at `/`."""

    name = "mns"
    table = TABLE
    always = words("x-mns-version x-mns-date x-mns-user-request-id")

    def __init__(self, core: Core, state: MnsState, ram: RamState) -> None:
        super().__init__(core)
        self._ram = ram
        self._state = state
        self._management = MnsManagement(core, state, ram)
        self._operations = Operations(core, state)

    def identify(self, request: Request) -> Match:
        """The operation and its topic or queue; raises ApiError if none."""
        if _is_management(request):
            return self._management.identify(request)
        query = {name.lower(): value for name, value in request.params.items()}
        root = f"<{xml.root(request.body)}>"
        found = find(self.table, request.method, request.segments, {*query, root})
        if found is None:
            raise ApiError(400, "InvalidRequestURL", "Http request URL format invalid.")
        row = found.row
        off = {name for name in row.flags & query.keys() if query[name].lower() != "true"}
        if names := unknown(query, (row.flags | row.query) - off):
            raise ApiError(
                400,
                "InvalidQueryString",
                f'Http request URL contains invalid querystring item "{names}", which the local '
                f"cloud does not know of {row.name}.",
            )
        own = [name for name in request.headers if name.startswith("x-mns-")]
        if names := unknown(own, row.headers | self.always):
            raise self.unknown(f"a header of {row.name}: {names}")
        version = request.headers.get("x-mns-version")
        if not version:  # Guessed: the code, which client libraries know; its page has none.
            raise ApiError(400, "MissingVersionHeader", "x-mns-version header is required.")
        if version != _VERSION:
            raise self.unknown(f"x-mns-version {version}")
        return found._replace(subject="".join(request.segments[1:2]))

    def perform(self, operation: Match, request: Request) -> Response:
        """Verify the signature, ask RAM, and carry the operation out."""
        if _is_management(request):
            return self._management.perform(operation, request)
        self._authorize(operation, request)
        call = Call(request, operation.names)
        _check_body(operation.row, call)
        try:
            response = self._operations.perform(operation.name, call)
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
        known = {"region": self.core.region, "account": self.core.account_id, **operation.names}
        for action in self._actions(operation, request):
            for each in operation.row.resources:
                resource = each.format_map(known)
                if not self._ram.authorized(principal, action, resource):
                    raise ApiError(
                        403,
                        "AccessDenied",
                        "The OwnerId that your Access Key Id associated to is forbidden for this "
                        f"operation: {action} on {resource}.",
                    )

    def _actions(self, operation: Match, request: Request) -> list[str]:
        """What RAM is asked for."""
        name = operation.name
        actions = [f"mns:{operation.row.action or name}"]
        if self._state.batches_need_their_own:
            batch = any(given.lower() == "numofmessages" for given in request.params)
            actions.append(f"mns:Batch{name}" if batch else f"mns:{name}")
        return actions


def _check_body(row: Row, call: Call) -> None:
    """Refuse elements that the operation does not take (page "Error codes": InvalidArgument)."""
    given = xml.paths(call.body) if call.request.body else ()
    if names := unknown(given, row.fields):
        raise invalid_argument(
            "The XML you provided did not validate against our published schema, cause by "
            f"{names}, which the local cloud does not know of {row.name}."
        )


def _is_management(request: Request) -> bool:
    """Whether it is made at `/`, and does not say that it is one of the XML interface."""
    return not request.segments and "x-mns-version" not in request.headers


def _with_common_headers(response: Response, known_as: str) -> Response:
    response.headers |= {"x-mns-request-id": known_as, "x-mns-version": _VERSION}
    return response
