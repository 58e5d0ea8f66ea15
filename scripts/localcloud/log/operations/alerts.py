"""Operations on alerts, and on the records that they go by."""

from typing import Any

from ..alerts import DISABLED, ENABLED, Rule
from ..records import Record
from ..state import LogState
from .call import Answer, Call

_PAGE_OF_ALERTS = 10


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
