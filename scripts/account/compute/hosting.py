"""The role and the logs of what runs functions: a service in 2.0, the function itself in 3.0."""

from collections.abc import Iterator
from typing import Any

from scripts.account import just_made
from scripts.account.clients import Clients
from scripts.account.just_made import JustMade
from scripts.account.resource import State
from scripts.account.role import just_made_role
from scripts.declared import Spec


def hosting(role: str | None, logs: Any) -> State:
    """A role and where logs go, by field; `logs` is a LogConfig of either SDK."""
    return {
        "role": (role or "").lower(),  # RAM does not tell them apart by case
        "logConfig.project": logs.project or "",
        "logConfig.logstore": logs.logstore or "",
        "logConfig.logBeginRule": logs.log_begin_rule or "None",
        "logConfig.enableRequestMetrics": str(bool(logs.enable_request_metrics)).lower(),
    }


def log_settings(spec: Spec) -> dict[str, Any]:
    """What is declared of the logs, as a LogConfig of either SDK takes it."""
    logs = spec.logs
    return {
        "project": logs.project if logs else "",
        "logstore": logs.logstore if logs else "",
        "log_begin_rule": logs.begin_rule if logs else "None",
        "enable_request_metrics": logs.request_metrics if logs else False,
    }


def role_and_logs(spec: Spec, clients: Clients) -> Iterator[JustMade]:
    """The role, and where it logs to: who is asked to make the host may not know these yet."""
    yield just_made_role(clients, spec.service.role.name)
    if logs := spec.logs:
        yield just_made.missed(clients, "log project", logs.project)
        yield just_made.missed(clients, "log store", f"{logs.project}/{logs.logstore}")
