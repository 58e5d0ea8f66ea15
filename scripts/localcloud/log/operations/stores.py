"""Operations on projects, log stores, their indexes and their tags."""

from ..errors import invalid, only_known
from ..index import Index
from ..state import LogState, LogStore, Project
from .call import Answer, Call, parsed

# What may be said of a project and of an index, but only as it is here anyway.
_PROJECT_INERT = {"resourceGroupId": "", "dataRedundancyType": "LRS"}
_INDEX_INERT = {"log_reduce": False}


def create_project(state: LogState, call: Call) -> Answer:
    """Operation "CreateProject"."""
    fields = call.fields
    only_known("", fields, _PROJECT_INERT, fields)
    if not isinstance(fields.get("description"), str):
        raise invalid("description is required")
    state.create_project(call.project, fields["description"])
    state.lateness.made(call.project)
    state.begin_to_spread(call.project)


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
        if state.lateness.sees(project.name)
        and name in project.name
        and description in project.description
    ]
    page = [_project_view(project, call.region) for project in call.page(projects)]
    return {"count": len(page), "total": len(projects), "projects": page}


def update_project(state: LogState, call: Call) -> Answer:
    """Operation "UpdateProject"."""
    state.update_project(call.project, str(call.fields.get("description") or ""))


def delete_project(state: LogState, call: Call) -> Answer:
    """Operation "DeleteProject"."""
    state.project(call.project)
    state.lateness.delete(call.project)


def create_log_store(state: LogState, call: Call) -> Answer:
    """Operation "CreateLogStore"."""
    state.create_store(call.project, call.store, call.fields)
    state.lateness.made(f"{call.project}/{call.store}")
    state.begin_to_spread(call.project, call.store)


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
        if state.lateness.sees(f"{call.project}/{name}")
        and params.get("logstoreName", "") in name
        and wanted.items() <= state.store(call.project, name).settings.items()
    ]
    page = call.page(names)
    return {"count": len(page), "total": len(names), "logstores": page}


def update_log_store(state: LogState, call: Call) -> Answer:
    """Operation "UpdateLogStore"."""
    state.update_store(call.project, call.store, call.fields)


def delete_log_store(state: LogState, call: Call) -> Answer:
    """Operation "DeleteLogStore"."""
    state.store(call.project, call.store)
    state.lateness.delete(f"{call.project}/{call.store}")


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
    filters = {tag["key"]: tag["value"] for tag in parsed(params.get("tags") or "[]")}
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
            if filters.get(key, value) == value and (key in filters or not filters)
        ]
    return {"nextToken": "", "tagResources": resources}


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
