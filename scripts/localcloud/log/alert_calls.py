"""Log Service's operations on alerts and on records, by the names that RAM has for them."""

from typing import Any

from scripts.localcloud.log.alerts import DISABLED, ENABLED, Rule
from scripts.localcloud.log.call import Answer, Call
from scripts.localcloud.log.records import Record
from scripts.localcloud.log.state import LogState

_DEFAULT_PAGE = 10


def create_alert(state: LogState, call: Call) -> Answer:
    """Operation "CreateAlert"."""
    fields = call.fields()
    state.alerts.create(call.project, str(fields.get("name") or ""), fields)


def get_alert(state: LogState, call: Call) -> Answer:
    """Operation "GetAlert"."""
    return _rule_view(state.alerts.get(call.project, call.subject))


def list_alerts(state: LogState, call: Call) -> Answer:
    """Operation "ListAlerts"."""
    rules = state.alerts.all(call.project)
    page = call.page(rules, _DEFAULT_PAGE)
    return {"count": len(page), "total": len(rules), "results": [_rule_view(rule) for rule in page]}


def update_alert(state: LogState, call: Call) -> Answer:
    """Operation "UpdateAlert"."""
    state.alerts.update(call.project, call.subject, call.fields())


def enable_alert(state: LogState, call: Call) -> Answer:
    """Operation "EnableAlert"."""
    state.alerts.switch(call.project, call.subject, ENABLED)


def disable_alert(state: LogState, call: Call) -> Answer:
    """Operation "DisableAlert"."""
    state.alerts.switch(call.project, call.subject, DISABLED)


def delete_alert(state: LogState, call: Call) -> Answer:
    """Operation "DeleteAlert"."""
    state.alerts.delete(call.project, call.subject)


def create_record(state: LogState, call: Call) -> Answer:
    """Operation "CreateResourceRecord"."""
    record = state.records.create(call.store, *_record_of(call))
    return {"id": record.id}


def list_records(state: LogState, call: Call) -> Answer:
    """Operation "ListResourceRecord", as far as it is by ids."""
    records = state.records.all(call.store)
    if ids := call.request.params.get("ids"):
        records = [record for record in records if record.id in ids.split(",")]
    page = call.page(records)
    items = [_record_view(record) for record in page]
    return {"count": len(items), "total": len(records), "items": items}


def update_record(state: LogState, call: Call) -> Answer:
    """Operation "UpdateResourceRecord"."""
    _, tag, value = _record_of(call)
    state.records.update(call.store, call.subject, tag, value)


def delete_records(state: LogState, call: Call) -> Answer:
    """Operation "DeleteResourceRecord"."""
    for id_ in call.request.params.get("ids", "").split(","):
        state.records.delete(call.store, id_)


def _record_of(call: Call) -> tuple[str, str, str]:
    fields = call.fields()
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
