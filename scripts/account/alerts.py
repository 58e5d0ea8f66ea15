"""The alerts of `alert_rules`, as Log Service has them: each a rule of the log project."""

import functools
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

from alibabacloud_sls20201230 import models

from scripts.account import just_made, mark
from scripts.account.alert_rules import OF_ONE, QUIET, TEST_EVENT, AlertRule
from scripts.account.audit_index import PROJECTS
from scripts.account.audit_trail import SEARCH, SKEW
from scripts.account.clients import Clients, asked, calling
from scripts.account.just_made import JustMade
from scripts.account.log_line import write_line
from scripts.account.permission import Permission
from scripts.account.resource import Difference, State, Thing, creating, deleting, find
from scripts.declared import Logs
from scripts.errors import CloudError

# The store of the project in which Log Service keeps what came of each check, which it makes
# itself. Page "Fields in alert rule evaluation logs".
HISTORY = "internal-alert-history"

# What Log Service groups alerts by, and lets the rule choose the actions of. Page "Dynamic action
# policies".
_ALERT_POLICY = "sls.builtin.dynamic"
_ENABLED = "enabled"


def _needed(*operations: str) -> tuple[Permission, ...]:
    """What such operations on alerts (`Get`, `Create`) take.

    Their own pages name the first, on no single resource. Guide "Grant a RAM user permissions to
    manage alerts" names the project's jobs, of which an alert is one. Who has both is not refused.
    """
    return tuple(
        permission
        for each in operations
        for permission in (Permission(f"log:{each}Alert"), Permission(f"log:{each}Job", PROJECTS))
    )


class Alert(Thing):
    """An alert. Its description has the mark."""

    kind = "alert"
    READING = _needed("Get")
    MAKING = _needed("Create", "Update", "Enable")
    REMOVING = _needed("Get", "Delete")

    def __init__(self, rule: AlertRule, logs: Logs, clients: Clients) -> None:
        self.name = rule.name
        self._rule = rule
        self._project = logs.project
        self._store = logs.logstore
        self._region = clients.region
        self._clients = clients
        self._log = clients.log

    def live(self) -> State | None:
        """As it is, by the fields that are compared; None if it is not there."""
        found = self._read()
        return None if found is None else _state(found)

    def declared(self) -> State:
        """As the table of alerts has it, switched on."""
        alert = models.Alert(
            display_name=self._rule.title,
            configuration=self._configuration(),
            schedule=self._schedule(),
            status=_ENABLED,
        )
        return _state(alert)

    def create(self) -> None:
        """Make it, described as ours; it is on from then on."""
        request = models.CreateAlertRequest(
            name=self.name,
            display_name=self._rule.title,
            description=mark.described("Wakes somebody"),
            configuration=self._configuration(),
            schedule=self._schedule(),
        )
        with creating("log:CreateAlert", self.name):
            self._log.create_alert(self._project, request)

    def rests_on(self) -> Iterator[JustMade]:
        """The project that it is in, and the store that it searches."""
        yield just_made.missed(self._clients, "log project", self._project)
        yield just_made.missed(self._clients, "log store", f"{self._project}/{self._store}")

    def change(self, differences: tuple[Difference, ...]) -> None:
        """Bring it to what is declared; how it is described stays."""
        found = self._read()
        request = models.UpdateAlertRequest(
            display_name=self._rule.title,
            description=found.description if found else "",
            configuration=self._configuration(),
            schedule=self._schedule(),
        )
        with calling("log:UpdateAlert", self.name):
            self._log.update_alert(self._project, self.name, request)
        if any(each.field == "status" for each in differences):
            with calling("log:EnableAlert", self.name):
                self._log.enable_alert(self._project, self.name)

    def stays(self) -> str:
        """It has no mark."""
        found = self._read()
        return "" if found and mark.in_description(found.description) else mark.NOT_OURS

    def delete(self) -> None:
        """Take it away."""
        with deleting("log:DeleteAlert", self.name):
            self._log.delete_alert(self._project, self.name)

    def _read(self) -> Any:
        get = functools.partial(self._log.get_alert, self._project, self.name)
        # That it is not there is an error of the SDK's, which is not remembered by itself.
        return self._clients.memory.once(
            (__name__, self._project, self.name), lambda: find("log:GetAlert", self.name, get)
        )

    def _schedule(self) -> models.Schedule:
        return models.Schedule(type="FixedRate", interval=self._rule.every, run_immediately=False)

    def _configuration(self) -> models.AlertConfiguration:
        rule = self._rule
        grouped = models.GroupConfiguration(
            type="custom" if rule.about else "no_group", fields=list(rule.about)
        )
        fires = models.ConditionConfiguration(condition=rule.condition, count_condition="")
        severity = models.SeverityConfiguration(severity=rule.severity, eval_condition=fires)
        notes = {"title": rule.title, "desc": rule.text}
        return models.AlertConfiguration(
            version="2.0",
            type="default",
            dashboard="internal-alert-analysis",
            query_list=[self._query()],
            join_configurations=[],
            group_configuration=grouped,
            severity_configurations=[severity],
            labels=[],
            annotations=[models.AlertTag(key=key, value=text) for key, text in notes.items()],
            auto_annotation=True,
            send_resolved=False,
            no_data_fire=False,
            no_data_severity=rule.severity,
            threshold=rule.in_a_row,
            sink_alerthub=models.SinkAlerthubConfiguration(enabled=True),
            policy_configuration=models.PolicyConfiguration(
                alert_policy_id=_ALERT_POLICY,
                action_policy_id=action_policy_id(self._project),
                repeat_interval=QUIET,
            ),
        )

    def _wanted(self) -> str:
        """The query that is declared: after a move back another one than at the first deploy."""
        rule = self._rule
        found = self._read() if rule.after_move else None
        return rule.after_move if found and OF_ONE in _state(found)["query"] else rule.query

    def _query(self) -> models.AlertQuery:
        return models.AlertQuery(
            store_type="log",
            region=self._region,
            project=self._project,
            store=self._store,
            query=self._wanted(),
            time_span_type="Relative",
            start=f"-{self._rule.looks_back}",
            end="now",
            power_sql_mode="auto",
        )


def action_policy_id(project: str) -> str:
    """The id of what is done when an alert fires: unlike projects, it is the whole account's."""
    return project


def _state(alert: Any) -> State:
    """An alert by what decides whether, and of what, somebody is woken."""
    config = alert.configuration
    query = config.query_list[0] if config.query_list else models.AlertQuery()
    grouped = config.group_configuration or models.GroupConfiguration()
    policy = config.policy_configuration or models.PolicyConfiguration()
    muted = config.mute_until or 0
    return {
        "status": (alert.status or _ENABLED).lower(),
        "mutedUntil": str(muted) if muted > time.time() else "",
        "displayName": alert.display_name or "",
        "every": alert.schedule.interval or alert.schedule.type or "",
        "query": query.query or "",
        "of": f"{query.project}/{query.store}",
        "from": f"{query.start} to {query.end}",
        "groupedBy": ", ".join(grouped.fields or ()),
        "fires": "; ".join(map(_firing, config.severity_configurations or ())),
        "threshold": str(config.threshold or 1),
        "text": "; ".join(f"{tag.key}: {tag.value}" for tag in config.annotations or ()),
        "alertPolicy": policy.alert_policy_id or "",
        "actionPolicy": policy.action_policy_id or "",
        "repeatInterval": policy.repeat_interval or "",
    }


def _firing(severity: Any) -> str:
    """With which severity, and when."""
    when = severity.eval_condition
    conditions = (when.condition, when.count_condition) if when else ()
    return " if ".join([str(severity.severity), *filter(None, conditions)])


class AlertCheck(NamedTuple):
    """What Log Service says of the check that found the line: was it handed over; if not, why."""

    handed_over: bool
    reason: str


# Until the project's first alert was checked, there is nothing to look into.
_NOT_YET = ("LogStoreNotExist", "IndexConfigNotExist")


def checks_of_test(clients: Clients, logs: Logs, test_id: str) -> list[AlertCheck]:
    """The checks that fired for the line. Page "Fields in alert rule evaluation logs"."""
    from alibabacloud_sls20201230 import models  # noqa: PLC0415  (a slow import)

    now, skew = int(time.time()), int(SKEW.total_seconds())
    request = models.GetLogsV2Request(query=f'"{test_id}"', from_=now - skew, to=now + skew)
    ask = functools.partial(clients.log.get_logs_v2, logs.project, HISTORY, request)
    try:
        body = asked(SEARCH.action, f"{logs.project}/{HISTORY}", ask).body
    except CloudError as error:
        if error.code in _NOT_YET:
            return []
        raise
    return [
        AlertCheck(log.get("NotifyStatus") == "Success", log.get("Reason", ""))
        for log in body.data or ()
        if log.get("Fired") == "true"
    ]


def write_test(clients: Clients, logs: Logs, test_id: str) -> None:
    """Write the line that the alert for tests looks for; raises CloudError."""
    write_line(clients, logs, TEST_EVENT, test_id=test_id)
