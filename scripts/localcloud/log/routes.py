"""Which operation a method, a host and a path mean."""

import json
import re
from typing import NamedTuple

from scripts.localcloud.http import Request

# Version 2020-12-30. The names are those that RAM has for the operations, for journal and faults
# too; GetLogs and GetLogsV2 are one, GetLogStoreLogs. Those with `project` name one in their host.
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
"""
_ROUTES = tuple(tuple(line.split()) for line in _TABLE.strip().splitlines())

_HOST = re.compile(r"(?:(?P<project>[^.]+)\.)?(?:127\.0\.0\.1|localhost)(?::\d+)?")


class Match(NamedTuple):
    """An operation, and the project and log store that it is done to, as far as it names any."""

    operation: str
    project: str
    store: str

    @property
    def subject(self) -> str:
        """How journal and faults name it: `project` or `project/store`."""
        return f"{self.project}/{self.store}" if self.store else self.project


def match(request: Request) -> Match | None:
    """What a request asks for; None if it is nothing known."""
    host = _HOST.fullmatch(request.headers.get("Host"))
    if host is None:
        return None
    project = host["project"] or ""
    parts = request.segments
    store = parts[1] if len(parts) > 1 else ""
    path = "/" + "/".join(["{store}" if at == 1 else part for at, part in enumerate(parts)])
    asked = ("project" if project else "-", request.method, path)
    for operation, *route in _ROUTES:
        if tuple(route) == asked:
            return Match(operation, *_named(request, operation, project, store))
    return None


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
