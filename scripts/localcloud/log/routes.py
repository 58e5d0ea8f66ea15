"""Which operation a method, a host and a path mean."""

import json
import re
from typing import NamedTuple

from scripts.localcloud.http import Request

# Version 2020-12-30. The names are those that RAM has for the operations, for journal and faults
# too: GetLogs and GetLogsV2 are one, GetLogStoreLogs, and PutLogs is PostLogStoreLogs. Those with
# `project` name one in their host; a word after a path is what its `action` must be.
_TABLE = """
CreateProject     -        POST    /
ListProject       -        GET     /
TagResources      -        POST    /tag
ListTagResources  -        GET     /tags
GetProject        project  GET     /
UpdateProject     project  PUT     /
DeleteProject     project  DELETE  /
CreateLogStore    project  POST    /logstores
ListLogStores     project  GET     /logstores
GetLogStore       project  GET     /logstores/{store}
UpdateLogStore    project  PUT     /logstores/{store}
DeleteLogStore    project  DELETE  /logstores/{store}
CreateIndex       project  POST    /logstores/{store}/index
GetIndex          project  GET     /logstores/{store}/index
UpdateIndex       project  PUT     /logstores/{store}/index
DeleteIndex       project  DELETE  /logstores/{store}/index
GetLogStoreLogs   project  POST    /logstores/{store}/logs
PostLogStoreLogs  project  POST    /logstores/{store}/shards/lb
CreateAlert       project  POST    /alerts
ListAlerts        project  GET     /alerts
GetAlert          project  GET     /alerts/{subject}
EnableAlert       project  PUT     /alerts/{subject}  enable
DisableAlert      project  PUT     /alerts/{subject}  disable
UpdateAlert       project  PUT     /alerts/{subject}
DeleteAlert       project  DELETE  /alerts/{subject}
CreateResourceRecord  -    POST    /resources/{store}/records
ListResourceRecords   -    GET     /resources/{store}/records
UpdateResourceRecord  -    PUT     /resources/{store}/records/{subject}
DeleteResourceRecord  -    DELETE  /resources/{store}/records
"""
_ROUTES = tuple(tuple(line.split()) for line in _TABLE.strip().splitlines())

_HOST = re.compile(r"(?:(?P<project>[^.]+)\.)?(?:127\.0\.0\.1|localhost)(?::\d+)?")


class Match(NamedTuple):
    """An operation, and the project, the log store and the rest that it names, as far as it does.

    `store` is of a record the resource; `subject` an alert or a record.
    """

    operation: str
    project: str
    store: str = ""
    subject: str = ""

    @property
    def path(self) -> str:
        """How journal and faults name it: `project`, `project/store`, `project/alert` …"""
        return "/".join(filter(None, (self.project, self.store, self.subject)))


def match(request: Request) -> Match | None:
    """What a request asks for; None if it is nothing known."""
    host = _HOST.fullmatch(request.headers.get("Host"))
    if host is None:
        return None
    project = host["project"] or ""
    for operation, where, method, path, *action in _ROUTES:
        there = ("project" if project else "-", request.method) == (where, method)
        if there and action in ([], [request.params.get("action", "")]):
            named = _names(path, request.segments)
            if named is not None:
                store = named.get("store", "")
                holder, made = _named(request, operation, project, store)
                return Match(operation, holder, made, named.get("subject", ""))
    return None


def _names(path: str, segments: list[str]) -> dict[str, str] | None:
    """What stands in a path for its `{names}`; None if it is another path."""
    parts = path.split("/")[1:] if path != "/" else []
    if len(parts) != len(segments):
        return None
    pairs = list(zip(parts, segments, strict=True))
    if any(part != segment for part, segment in pairs if not part.startswith("{")):
        return None
    return {part.strip("{}"): segment for part, segment in pairs if part.startswith("{")}


def _named(request: Request, operation: str, project: str, store: str) -> tuple[str, str]:
    """What is to be made has its name in the body."""
    field = {"CreateProject": "projectName", "CreateLogStore": "logstoreName"}.get(operation)
    if field is None:
        return project, store
    try:
        name = str(json.loads(request.body)[field])
    except (ValueError, KeyError, TypeError):
        name = ""  # the operation says what is wrong
    return (project, name) if project else (name, "")
