"""Log Service's operations, by the names that RAM has for them.

An operation takes the state and a call, gives what is answered, and raises LogError.
"""

from collections.abc import Callable

from scripts.localcloud.log import alert_calls, protobuf
from scripts.localcloud.log.call import DEFAULT_PAGE, Answer, Call, number, parsed
from scripts.localcloud.log.errors import invalid
from scripts.localcloud.log.index import Index
from scripts.localcloud.log.model import Log, LogStore, Project
from scripts.localcloud.log.state import LogState, Search


def _create_project(state: LogState, call: Call) -> Answer:
    fields = call.fields()
    if not isinstance(fields.get("description"), str):
        raise invalid("description is required")
    state.create_project(str(fields.get("projectName") or ""), fields["description"])


def _get_project(state: LogState, call: Call) -> Answer:
    return _project_view(state.project(call.project), call.region)


def _list_projects(state: LogState, call: Call) -> Answer:
    wanted = call.request.params.get("projectName", "")
    projects = [project for project in state.projects() if wanted in project.name]
    page = [_project_view(project, call.region) for project in call.page(projects)]
    return {"count": len(page), "total": len(projects), "projects": page}


def _update_project(state: LogState, call: Call) -> Answer:
    state.update_project(call.project, str(call.fields().get("description") or ""))


def _delete_project(state: LogState, call: Call) -> Answer:
    state.delete_project(call.project)


def _create_store(state: LogState, call: Call) -> Answer:
    fields = call.fields()
    state.create_store(call.project, str(fields.get("logstoreName") or ""), fields)


def _get_store(state: LogState, call: Call) -> Answer:
    return _store_view(state.store(call.project, call.store))


def _list_stores(state: LogState, call: Call) -> Answer:
    wanted = call.request.params.get("logstoreName", "")
    names = [name for name in state.stores(call.project) if wanted in name]
    page = call.page(names)
    return {"count": len(page), "total": len(names), "logstores": page}


def _update_store(state: LogState, call: Call) -> Answer:
    state.update_store(call.project, call.store, call.fields())


def _delete_store(state: LogState, call: Call) -> Answer:
    state.delete_store(call.project, call.store)


def _create_index(state: LogState, call: Call) -> Answer:
    state.create_index(call.project, call.store, Index.parse(call.fields()))


def _get_index(state: LogState, call: Call) -> Answer:
    settings = state.index(call.project, call.store).settings
    store = state.store(call.project, call.store)
    return {
        "index_mode": "v2",
        "storage": "pg",
        "ttl": store.settings["ttl"],
        "lastModifyTime": int(store.indexed_at),
        **settings,
    }


def _update_index(state: LogState, call: Call) -> Answer:
    state.update_index(call.project, call.store, Index.parse(call.fields()))


def _delete_index(state: LogState, call: Call) -> Answer:
    state.delete_index(call.project, call.store)


def _get_logs(state: LogState, call: Call) -> Answer:
    """Operation "GetLogsV2"; "GetLogs" asks in the same way and is answered so here too."""
    fields = call.fields()
    search = Search(
        str(fields.get("query") or ""),
        number(fields.get("from")),
        number(fields.get("to")),
        number(fields.get("offset"), 0),
        number(fields.get("line"), DEFAULT_PAGE),
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


def _put_logs(state: LogState, call: Call) -> Answer:
    """Operation "PutLogs". (Not here: logs of another time than now.)"""
    headers = call.request.headers
    size = number(headers.get("x-log-bodyrawsize"), 0)
    group = protobuf.parse(call.request.body, headers.get("x-log-compresstype"), size)
    state.write(call.project, call.store, group.logs, topic=group.topic)


def _tag(state: LogState, call: Call) -> Answer:
    fields = call.fields()
    try:
        tags = {str(tag["key"]): str(tag["value"]) for tag in fields["tags"]}
    except (KeyError, TypeError):
        raise invalid("tags must be a list of keys and values") from None
    for project, store in _tagged(fields.get("resourceType"), fields.get("resourceId")):
        state.tag(project, store, tags)


def _list_tags(state: LogState, call: Call) -> Answer:
    params = call.request.params
    kind = params.get("resourceType", "")
    resources = []
    for project, store in _tagged(kind, parsed(params.get("resourceId", ""))):
        tagged = state.store(project, store) if store else state.project(project)
        resources += [
            {
                "resourceType": kind,
                "resourceId": f"{project}#{store}" if store else project,
                "tagKey": key,
                "tagValue": value,
            }
            for key, value in tagged.tags.items()
        ]
    return {"nextToken": "", "tagResources": resources}


OPERATIONS: dict[str, Callable[[LogState, Call], Answer]] = {
    "CreateProject": _create_project,
    "GetProject": _get_project,
    "ListProject": _list_projects,
    "UpdateProject": _update_project,
    "DeleteProject": _delete_project,
    "CreateLogStore": _create_store,
    "GetLogStore": _get_store,
    "ListLogStores": _list_stores,
    "UpdateLogStore": _update_store,
    "DeleteLogStore": _delete_store,
    "CreateIndex": _create_index,
    "GetIndex": _get_index,
    "UpdateIndex": _update_index,
    "DeleteIndex": _delete_index,
    "GetLogStoreLogs": _get_logs,
    "TagResources": _tag,
    "ListTagResources": _list_tags,
    "PostLogStoreLogs": _put_logs,
    "CreateAlert": alert_calls.create_alert,
    "GetAlert": alert_calls.get_alert,
    "ListAlerts": alert_calls.list_alerts,
    "UpdateAlert": alert_calls.update_alert,
    "EnableAlert": alert_calls.enable_alert,
    "DisableAlert": alert_calls.disable_alert,
    "DeleteAlert": alert_calls.delete_alert,
    "CreateResourceRecord": alert_calls.create_record,
    "ListResourceRecords": alert_calls.list_records,
    "UpdateResourceRecord": alert_calls.update_record,
    "DeleteResourceRecord": alert_calls.delete_records,
}


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
