"""Log Service over HTTP: what it can be asked for, and how a request is read, allowed and refused.

The answers are never compressed, whatever the client would also take.
"""

import json
import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from ..http import Request, Response
from ..ram.state import Principal, RamState
from ..service import ApiError, Core, Service
from ..table import Match, Row, unknown, words
from . import operations
from .errors import LogError, denied
from .operations.call import Call, Headed, fields_of
from .signature import authenticate
from .state import LogState

_PROJECT = "/project/{project}"
_STORES = f"{_PROJECT}/logstores"
_STORE = _STORES + "/{store}"
_INDEX = f"{_STORE}/index"
_ALERTS = f"{_PROJECT}/alerts"
_ALERT = _ALERTS + "/{alert}"
_RECORDS = "/resources/{resource}/records"

_ARN = "acs:log:{region}:{account}:project/"
_ON_PROJECTS = (f"{_ARN}*",)
_ON_PROJECT = (_ARN + "{project}",)
_ON_STORES = (_ARN + "{project}/logstore/*",)
_ON_STORE = (_ARN + "{project}/logstore/{store}",)
_ON_RECORDS = ("acs:log:*:{account}:resource/{resource}",)

_HISTOGRAM = words("from to query topic accurate fromNs toNs")
_PAGE = words("offset size")
_AND_JOBS = (
    "that RAM is asked for the job, too, which an alert is: the page has all resources, and the"
    ' guide "Grant a RAM user permissions to manage alerts" only jobs',
)
_PARTS = ("how a time is divided: here into at most 60 equal parts",)
_RECORD_CODES = ("the codes for records that are there already or are not",)
_ANY_PROJECT = ("that tags are authorized on any project; it is documented for the others",)
_STORE_FIELDS = words(
    "logstoreName ttl shardCount enable_tracking autoSplit maxSplitShard appendMeta mode"
    " telemetryType hot_ttl infrequentAccessTTL encrypt_conf"
)
_INDEX_FIELDS = words("line keys ttl max_text_len log_reduce scan_index")
_ALERT_FIELDS = words("displayName description configuration schedule")
_RECORD_FIELDS = words("id tag value createTime lastModifyTime")  # as it is read
_TAG_FIELDS = words("resourceType resourceId tags")
_LOGS_FIELDS = words(
    "from to query topic line offset reverse forward powerSql isAccurate accurate highlight session"
    " fromNs toNs"
)


def _of_alert(name: str, method: str, path: str = _ALERT, **declared: Any) -> Row:
    job = f"{_ARN}{{project}}/job/{'{alert}' if path == _ALERT else '*'}"
    also = ((f"log:{name.replace('Alert', 'Job')}", job),)
    return Row(name, method, path, name, also=also, guesses=_AND_JOBS, **declared)


# Version 2020-12-30. The names are those that RAM has for the operations, for journal and faults
# too: GetLogs and GetLogsV2 are one, GetLogStoreLogs, and PutLogs is PostLogStoreLogs. A project
# stands in a request's host; here it is as if it began the path.
TABLE = (
    Row("CreateProject", "POST", "/", "CreateProject", "2026-03-27", resources=_ON_PROJECT,
        fields=words("projectName description resourceGroupId dataRedundancyType"),
        guesses=("the code beyond 50 projects, which is documented for log stores",)),
    Row("ListProject", "GET", "/", "ListProject", "2024-11-28", resources=_ON_PROJECTS,
        query=_PAGE | words("projectName description resourceGroupId")),
    Row("GetProject", "GET", _PROJECT, "GetProject", resources=_ON_PROJECT),
    Row("UpdateProject", "PUT", _PROJECT, "UpdateProject", resources=_ON_PROJECT,
        fields=words("description")),
    Row("DeleteProject", "DELETE", _PROJECT, "DeleteProject", "2024-11-06",
        resources=_ON_PROJECT),
    Row("CreateLogStore", "POST", _STORES, "CreateLogStore", "2024-02-02", resources=_ON_STORES,
        fields=_STORE_FIELDS | words("enableModify")),
    Row("ListLogStores", "GET", _STORES, "ListLogStores", "2025-12-23", resources=_ON_STORES,
        query=_PAGE | words("logstoreName mode telemetryType")),
    Row("GetLogStore", "GET", _STORE, "GetLogStore", "2023-10-26", resources=_ON_STORE),
    Row("UpdateLogStore", "PUT", _STORE, "UpdateLogStore", resources=_ON_STORE,
        fields=_STORE_FIELDS),
    Row("DeleteLogStore", "DELETE", _STORE, "DeleteLogStore", resources=_ON_STORE),
    Row("CreateIndex", "POST", _INDEX, "CreateIndex", resources=_ON_STORE, fields=_INDEX_FIELDS),
    Row("GetIndex", "GET", _INDEX, "GetIndex", resources=_ON_STORE),
    Row("UpdateIndex", "PUT", _INDEX, "UpdateIndex", resources=_ON_STORE, fields=_INDEX_FIELDS),
    Row("DeleteIndex", "DELETE", _INDEX, "DeleteIndex", resources=_ON_STORE),
    # The page "GetLogs" has the log store, and "GetLogsV2" the project: RAM is asked for both.
    Row("GetLogStoreLogs", "POST", f"{_STORE}/logs", "GetLogsV2",
        resources=(*_ON_PROJECT, *_ON_STORE), fields=_LOGS_FIELDS),
    Row("GetLogStoreHistogram", "GET", _STORE, "GetHistograms", "2025-12-23", resources=_ON_STORE,
        flags=words("type=histogram"), query=_HISTOGRAM, guesses=_PARTS),
    Row("GetLogStoreHistogram", "GET", _INDEX, "GetHistograms", "2025-12-23", resources=_ON_STORE,
        flags=words("type=histogram"), query=_HISTOGRAM, guesses=_PARTS),
    Row("PostLogStoreLogs", "POST", f"{_STORE}/shards/lb", "PutLogs", "2025-12-15",
        resources=_ON_STORE, headers=words("x-log-compresstype")),
    Row("PostLogStoreLogs", "POST", f"{_STORE}/shards/route", "PutLogs", "2025-12-15",
        resources=_ON_STORE, headers=words("x-log-compresstype"), query=words("key")),
    Row("TagResources", "POST", "/tag", "TagResources", resources=_ON_PROJECTS,
        fields=_TAG_FIELDS, guesses=_ANY_PROJECT),
    Row("UntagResources", "POST", "/untag", "UntagResources", resources=_ON_PROJECTS,
        fields=_TAG_FIELDS, guesses=_ANY_PROJECT),
    Row("ListTagResources", "GET", "/tags", "ListTagResources", resources=_ON_PROJECTS,
        query=words("resourceType resourceId tags nextToken"), guesses=_ANY_PROJECT),
    _of_alert("CreateAlert", "POST", _ALERTS, fields=_ALERT_FIELDS | words("name")),
    _of_alert("ListAlerts", "GET", _ALERTS, query=_PAGE | words("logstore")),
    _of_alert("GetAlert", "GET"),
    _of_alert("EnableAlert", "PUT", flags=words("action=enable")),
    _of_alert("DisableAlert", "PUT", flags=words("action=disable")),
    _of_alert("UpdateAlert", "PUT", fields=_ALERT_FIELDS),
    _of_alert("DeleteAlert", "DELETE"),
    Row("CreateResourceRecord", "POST", _RECORDS, "CreateResourceRecord", "2026-08-28",
        resources=_ON_RECORDS, fields=_RECORD_FIELDS, guesses=_RECORD_CODES),
    Row("ListResourceRecords", "GET", _RECORDS, "ListResourceRecord", "2026-08-28",
        resources=_ON_RECORDS, query=_PAGE | words("ids tag")),
    Row("GetResourceRecord", "GET", _RECORDS + "/{record}", "GetResourceRecord", "2026-08-28",
        resources=_ON_RECORDS),
    Row("UpdateResourceRecord", "PUT", _RECORDS + "/{record}", "UpdateResourceRecord",
        "2026-08-28", resources=_ON_RECORDS, fields=_RECORD_FIELDS),
    Row("DeleteResourceRecord", "DELETE", _RECORDS, "DeleteResourceRecord", "2026-08-28",
        resources=_ON_RECORDS, query=words("ids")),
)  # fmt: skip

_VERSION = "0.6.0"  # of the wire, in all versions of the API
# This machine by an address or a name of its own; a region's endpoint is none.
_HOST = re.compile(r"(?:(?P<project>[^.:]+)\.)?(?:\d+(?:\.\d+){3}|localhost)(?::\d+)?")
_OF_THE_ACCOUNT = ("tag", "untag", "tags", "resources")  # whatever project is in the host
_NAMED_IN_BODY = {"CreateProject": ("project", "projectName"),
                  "CreateLogStore": ("store", "logstoreName")}  # fmt: skip
_OPERATIONS = {row.name: operations.named(row.name) for row in TABLE}


class LogService(Service):
    """The wire of Log Service."""

    name = "log"
    table = TABLE
    always = words(
        "x-log-apiversion x-log-bodyrawsize x-log-signaturemethod x-log-date x-log-content-sha256"
        " x-acs-security-token"
    )
    own_headers = ("x-log-", "x-acs-")

    def __init__(self, core: Core, state: LogState, ram: RamState) -> None:
        super().__init__(core)
        self._state = state
        self._ram = ram

    def handle(self, request: Request) -> Response:
        """Serve one request; one that was sent as to a proxy names the whole URL as its path."""
        return super().handle(replace(request, path=urlsplit(request.path).path or "/"))

    def identify(self, request: Request) -> Match:
        """The operation, and what it is done to: `project` or `project/logstore`."""
        found = super().identify(self._placed(request))
        if found.name not in _NAMED_IN_BODY:
            return found
        name, field = _NAMED_IN_BODY[found.name]
        names = {**found.names, name: _told(request, field)}
        return found._replace(names=names, subject="/".join(filter(None, names.values())))

    def perform(self, operation: Match, request: Request) -> Response:
        """Verify the signature, ask RAM, carry out; raises ApiError to refuse."""
        _check_version(request)
        principal = authenticate(request, self._ram, self.core.region)
        try:
            self._look(operation)
            self._authorize(principal, operation)
            fields = self._fields(operation.row, request)
            call = Call(request, self.core.region, operation.names, fields)
            answer = _OPERATIONS[operation.name](self._state, call)
        except LogError as error:
            raise ApiError(error.status, error.code, error.message) from error
        document, more = answer if isinstance(answer, Headed) else (answer, {})
        body = b"" if document is None else json.dumps(document).encode()
        return _answered(200, body, more)

    def refuse(self, request: Request, error: ApiError) -> Response:  # noqa: ARG002  (as the base has it)
        """The error as Log Service writes it."""
        body = {"errorCode": error.code, "errorMessage": error.message}
        return _answered(error.status, json.dumps(body).encode())

    def lag(self, operation: Match, reads: int) -> None:  # noqa: ARG002  (a search)
        """A search can be incomplete, and is to be repeated."""
        self._state.let_search_lag(reads)

    def _placed(self, request: Request) -> Request:
        """The request with the project of its host, if it is about one, before its path."""
        host = _HOST.fullmatch(request.headers.get("Host"))
        if host is None:
            raise ApiError(400, "InvalidHost", f"Host {request.headers.get('Host')} is invalid.")
        made = (request.method, request.path) == ("POST", "/")  # some name it in the host, too
        if (
            not host["project"]
            or made
            or request.segments[:1] in ([each] for each in _OF_THE_ACCOUNT)
        ):
            return request
        return replace(request, path=f"/project/{host['project']}{request.path}")

    def _look(self, operation: Match) -> None:
        """Raises LogError for what is there, and not seen yet."""
        project, store = (operation.names.get(name, "") for name in ("project", "store"))
        sees, making = self._state.lateness.sees, operation.name in _NAMED_IN_BODY
        if project and not sees(project) and not (making and not store):
            raise LogError("ProjectNotExist", f"The Project does not exist : {project}")
        if store and not sees(f"{project}/{store}") and not making:
            raise LogError("LogStoreNotExist", f"logstore {store} does not exist")

    def _fields(self, row: Row, request: Request) -> dict[str, Any]:
        """What the body says, but for logs, which are not JSON; raises LogError or ApiError."""
        if row.name == "PostLogStoreLogs":
            return {}
        fields = fields_of(request.body)
        if names := unknown(fields, row.fields):
            raise self.unknown(f"in the body of {row.name}: {names}")
        return fields

    def _authorize(self, principal: Principal, operation: Match) -> None:
        """Raises LogError unless RAM allows it. Page "Authorization rules"."""
        for action, resource in self._needed(operation):
            allowed = self._ram.authorized(principal, action, resource)
            if not self._owns(operation) or not allowed:
                raise denied(action, resource)

    def _needed(self, operation: Match) -> Iterator[tuple[str, str]]:
        """The actions that RAM is asked for, each with its resource."""
        core, row = self.core, operation.row
        known = {"region": core.region, "account": core.account_id, **operation.names}
        for resource in row.resources:
            yield f"log:{row.name}", resource.format(**known)
        for action, resource in row.also:
            yield action, resource.format(**known)

    def _owns(self, operation: Match) -> bool:
        """Guessed: another account's project is as one that RAM forbids."""
        project = operation.names.get("project")
        if operation.name == "CreateProject" or not project:
            return True
        return self._state.project(project).owner == self.core.account_id


def _told(request: Request, field: str) -> str:
    """A name in the body; empty if it has none, of which the operation says what is wrong."""
    try:
        return str(json.loads(request.body)[field])
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""


def _check_version(request: Request) -> None:
    version = request.headers.get("x-log-apiversion")
    if not version:
        message = "x-log-apiversion does not exist in http header."
        raise ApiError(400, "MissingAPIVersion", message)
    if version != _VERSION:
        message = f"x-log-apiversion {version} is unsupported."
        raise ApiError(400, "InvalidAPIVersion", message)


def _answered(status: int, body: bytes, more: Mapping[str, str] | None = None) -> Response:
    headers = {
        **(more or {}),
        "Content-Type": "application/json",
        "x-log-requestid": secrets.token_hex(12).upper(),
    }
    return Response(status, body, headers)
