"""What Log Service's operations do, by their names in the table.

An operation takes the state and a call, gives what is answered, and raises LogError.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scripts.localcloud.http import Request
from scripts.localcloud.log import protobuf
from scripts.localcloud.log.alerts import DISABLED, ENABLED, Rule
from scripts.localcloud.log.errors import LogError, invalid, only_known
from scripts.localcloud.log.index import Index
from scripts.localcloud.log.model import Log, LogStore, Project
from scripts.localcloud.log.records import Record
from scripts.localcloud.log.state import LogState, Search

Answer = Any
"""A JSON document, or None for no body."""

_PAGE_OF_ALERTS = 10
_DEFAULT_PAGE = 100
_LARGEST_PAGE = 500
# What may be said of a search, a project and an index, but only as it is here anyway.
_SEARCH_INERT = {"session": "", "highlight": False, "fromNs": 0, "toNs": 0}
_PROJECT_INERT = {"resourceGroupId": "", "dataRedundancyType": "LRS"}
_INDEX_INERT = {"log_reduce": False}


@dataclass(frozen=True)
class Call:
    """A request: what its host and its path name, and the JSON object in its body."""

    request: Request
    region: str
    names: Mapping[str, str]
    fields: dict[str, Any]

    @property
    def project(self) -> str:
        """The project's name."""
        return self.names["project"]

    @property
    def store(self) -> str:
        """The log store's name."""
        return self.names["store"]

    @property
    def alert(self) -> str:
        """The alert's name."""
        return self.names["alert"]

    @property
    def resource(self) -> str:
        """The name of what a record is of."""
        return self.names["resource"]

    def page(self, found: list[Any], default: int = _DEFAULT_PAGE) -> list[Any]:
        """The part of a list that `offset` and `size` ask for. Raises LogError."""
        params = self.request.params
        offset = _number(params.get("offset"), 0)
        size = _number(params.get("size"), default)
        if offset < 0 or not 0 <= size <= _LARGEST_PAGE:
            raise invalid(f"offset must not be negative, and size 0 to {_LARGEST_PAGE}")
        return found[offset : offset + size]


def create_project(state: LogState, call: Call) -> Answer:
    """Operation "CreateProject"."""
    fields = call.fields
    only_known("", fields, _PROJECT_INERT, fields)
    if not isinstance(fields.get("description"), str):
        raise invalid("description is required")
    state.create_project(str(fields.get("projectName") or ""), fields["description"])


def get_project(state: LogState, call: Call) -> Answer:
    """Operation "GetProject"."""
    return _project_view(state.project(call.project), call.region)


def list_project(state: LogState, call: Call) -> Answer:
    """Operation "ListProject"."""
    params = call.request.params
    only_known("", params, {"resourceGroupId": ""}, params)
    name, description = params.get("projectName", ""), params.get("description", "")
    projects = [
        project
        for project in state.projects()
        if name in project.name and description in project.description
    ]
    page = [_project_view(project, call.region) for project in call.page(projects)]
    return {"count": len(page), "total": len(projects), "projects": page}


def update_project(state: LogState, call: Call) -> Answer:
    """Operation "UpdateProject"."""
    state.update_project(call.project, str(call.fields.get("description") or ""))


def delete_project(state: LogState, call: Call) -> Answer:
    """Operation "DeleteProject"."""
    state.delete_project(call.project)


def create_log_store(state: LogState, call: Call) -> Answer:
    """Operation "CreateLogStore"."""
    fields = call.fields
    state.create_store(call.project, str(fields.get("logstoreName") or ""), fields)


def get_log_store(state: LogState, call: Call) -> Answer:
    """Operation "GetLogStore"."""
    return _store_view(state.store(call.project, call.store))


def list_log_stores(state: LogState, call: Call) -> Answer:
    """Operation "ListLogStores"."""
    params = call.request.params
    wanted = {name: params[name] for name in ("mode", "telemetryType") if params.get(name)}
    names = [
        name
        for name in state.stores(call.project)
        if params.get("logstoreName", "") in name
        and wanted.items() <= state.store(call.project, name).settings.items()
    ]
    page = call.page(names)
    return {"count": len(page), "total": len(names), "logstores": page}


def update_log_store(state: LogState, call: Call) -> Answer:
    """Operation "UpdateLogStore"."""
    state.update_store(call.project, call.store, call.fields)


def delete_log_store(state: LogState, call: Call) -> Answer:
    """Operation "DeleteLogStore"."""
    state.delete_store(call.project, call.store)


def create_index(state: LogState, call: Call) -> Answer:
    """Operation "CreateIndex"."""
    state.create_index(call.project, call.store, _index_of(call))


def get_index(state: LogState, call: Call) -> Answer:
    """Operation "GetIndex"."""
    settings = state.index(call.project, call.store).settings
    store = state.store(call.project, call.store)
    return {
        "index_mode": "v2",
        "storage": "pg",
        "ttl": store.settings["ttl"],
        "lastModifyTime": int(store.indexed_at),
        **settings,
    }


def update_index(state: LogState, call: Call) -> Answer:
    """Operation "UpdateIndex"."""
    state.update_index(call.project, call.store, _index_of(call))


def delete_index(state: LogState, call: Call) -> Answer:
    """Operation "DeleteIndex"."""
    state.delete_index(call.project, call.store)


def get_log_store_logs(state: LogState, call: Call) -> Answer:
    """Operation "GetLogsV2"; "GetLogs" asks in the same way and is answered so here too."""
    fields = call.fields
    only_known("", fields, _SEARCH_INERT, fields)
    search = Search(
        str(fields.get("query") or ""),
        _number(fields.get("from")),
        _number(fields.get("to")),
        _number(fields.get("offset"), 0),
        _number(fields.get("line"), _DEFAULT_PAGE),
        fields.get("reverse") is True,
    )
    found = state.search(call.project, call.store, search)
    meta = {
        "progress": "Complete" if found.complete else "Incomplete",
        "count": len(found.logs),
        "hasSQL": False,
        "isAccurate": False,
    }
    return {"meta": meta, "data": [_log_view(log) for log in found.logs]}


def post_log_store_logs(state: LogState, call: Call) -> Answer:
    """Operation "PutLogs". (Not here: logs of another time than now.)"""
    headers = call.request.headers
    size = _number(headers.get("x-log-bodyrawsize"), 0)
    group = protobuf.parse(call.request.body, headers.get("x-log-compresstype"), size)
    state.write(call.project, call.store, group.logs, topic=group.topic)


def tag_resources(state: LogState, call: Call) -> Answer:
    """Operation "TagResources"."""
    fields = call.fields
    try:
        tags = {str(tag["key"]): str(tag["value"]) for tag in fields["tags"]}
    except (KeyError, TypeError):
        raise invalid("tags must be a list of keys and values") from None
    for project, store in _tagged(fields.get("resourceType"), fields.get("resourceId")):
        state.tag(project, store, tags)


def untag_resources(state: LogState, call: Call) -> Answer:
    """Operation "UntagResources"."""
    fields = call.fields
    if not isinstance(fields.get("tags"), list):
        raise invalid("tags must be a list of keys")
    for project, store in _tagged(fields.get("resourceType"), fields.get("resourceId")):
        state.untag(project, store, fields["tags"])


def list_tag_resources(state: LogState, call: Call) -> Answer:
    """Operation "ListTagResources"."""
    params = call.request.params
    kind = params.get("resourceType", "")
    only_known("", params, {"nextToken": ""}, params)  # one page has all that is asked for
    filters = {tag["key"]: tag["value"] for tag in _parsed(params.get("tags") or "[]")}
    resources = []
    for project, store in _tagged(kind, _parsed(params.get("resourceId", ""))):
        tagged = state.store(project, store) if store else state.project(project)
        resources += [
            {
                "resourceType": kind,
                "resourceId": f"{project}#{store}" if store else project,
                "tagKey": key,
                "tagValue": value,
            }
            for key, value in tagged.tags.items()
            if filters.get(key, value) == value and (key in filters or not filters)
        ]
    return {"nextToken": "", "tagResources": resources}


def create_alert(state: LogState, call: Call) -> Answer:
    """Operation "CreateAlert"."""
    fields = call.fields
    state.alerts.create(call.project, str(fields.get("name") or ""), fields)


def get_alert(state: LogState, call: Call) -> Answer:
    """Operation "GetAlert"."""
    return _rule_view(state.alerts.get(call.project, call.alert))


def list_alerts(state: LogState, call: Call) -> Answer:
    """Operation "ListAlerts"."""
    store = call.request.params.get("logstore")
    rules = [rule for rule in state.alerts.all(call.project) if store in (None, rule.store)]
    page = call.page(rules, _PAGE_OF_ALERTS)
    return {"count": len(page), "total": len(rules), "results": [_rule_view(rule) for rule in page]}


def update_alert(state: LogState, call: Call) -> Answer:
    """Operation "UpdateAlert"."""
    state.alerts.update(call.project, call.alert, call.fields)


def enable_alert(state: LogState, call: Call) -> Answer:
    """Operation "EnableAlert"."""
    state.alerts.switch(call.project, call.alert, ENABLED)


def disable_alert(state: LogState, call: Call) -> Answer:
    """Operation "DisableAlert"."""
    state.alerts.switch(call.project, call.alert, DISABLED)


def delete_alert(state: LogState, call: Call) -> Answer:
    """Operation "DeleteAlert"."""
    state.alerts.delete(call.project, call.alert)


def create_resource_record(state: LogState, call: Call) -> Answer:
    """Operation "CreateResourceRecord"."""
    record = state.records.create(call.resource, *_record_of(call))
    return {"id": record.id}


def list_resource_records(state: LogState, call: Call) -> Answer:
    """Operation "ListResourceRecord", as far as it is by ids."""
    records = state.records.all(call.resource)
    if ids := call.request.params.get("ids"):
        records = [record for record in records if record.id in ids.split(",")]
    if tag := call.request.params.get("tag"):
        records = [record for record in records if record.tag == tag]
    page = call.page(records)
    items = [_record_view(record) for record in page]
    return {"count": len(items), "total": len(records), "items": items}


def get_resource_record(state: LogState, call: Call) -> Answer:
    """Operation "GetResourceRecord"."""
    return _record_view(state.records.get(call.resource, call.names["record"]))


def update_resource_record(state: LogState, call: Call) -> Answer:
    """Operation "UpdateResourceRecord"."""
    _, tag, value = _record_of(call)
    state.records.update(call.resource, call.names["record"], tag, value)


def delete_resource_record(state: LogState, call: Call) -> Answer:
    """Operation "DeleteResourceRecord"."""
    for id_ in call.request.params.get("ids", "").split(","):
        state.records.delete(call.resource, id_)


def fields_of(body: bytes) -> dict[str, Any]:
    """The JSON object in a body; raises LogError for what is none."""
    fields = _parsed(body or b"{}")
    if not isinstance(fields, dict):
        raise _no_json()
    return fields


def _parsed(text: str | bytes) -> Any:
    """What JSON says. Raises LogError."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise _no_json() from None


def _no_json() -> LogError:
    return LogError("PostBodyInvalid", "The request body is not valid JSON object.")


def _number(value: object, default: int | None = None) -> int:
    """An integer, as a number or as text. Raises LogError."""
    try:
        return int(str(default if value is None else value))
    except ValueError:
        raise invalid(f"{value} is not an integer") from None


def _index_of(call: Call) -> Index:
    only_known("", call.fields, _INDEX_INERT, call.fields)
    return Index.parse(call.fields)


def _tagged(kind: object, ids: object) -> list[tuple[str, str]]:
    """The project and log store (empty: none) that each id names: `project`, `project#store`."""
    if kind not in ("project", "logstore") or not isinstance(ids, list) or not ids:
        raise invalid("resourceType must be project or logstore here, and resourceId a list")
    pairs = [str(each).partition("#")[::2] for each in ids]
    if any(bool(store) != (kind == "logstore") for _, store in pairs):
        raise invalid("the resourceId of a logstore is <project>#<logstore>")
    return pairs


def _project_view(project: Project, region: str) -> Answer:
    return {
        "projectName": project.name,
        "description": project.description,
        "owner": project.owner,
        "region": region,
        "status": "Normal",
        "createTime": str(int(project.created_at)),
        "lastModifyTime": str(int(project.modified_at)),
    }


def _store_view(store: LogStore) -> Answer:
    return {
        "logstoreName": store.name,
        **store.settings,
        "createTime": int(store.created_at),
        "lastModifyTime": int(store.modified_at),
    }


def _log_view(log: Log) -> Answer:
    return {
        "__time__": str(log.time),
        "__source__": log.source,
        "__topic__": log.topic,
        **log.fields,
    }


def _record_of(call: Call) -> tuple[str, str, str]:
    fields = call.fields
    return tuple(str(fields.get(name) or "") for name in ("id", "tag", "value"))  # type: ignore[return-value]


def _rule_view(rule: Rule) -> dict[str, Any]:
    settings = {"description": "", **rule.settings}
    return {
        **settings,
        "name": rule.name,
        "status": rule.status,
        "createTime": int(rule.created_at),
        "lastModifiedTime": int(rule.modified_at),
    }


def _record_view(record: Record) -> dict[str, Any]:
    return {
        "id": record.id,
        "tag": record.tag,
        "value": record.value,
        "createTime": int(record.created_at),
        "lastModifyTime": int(record.modified_at),
    }
