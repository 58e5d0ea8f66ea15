"""Alerts: rules that a project has, each checked every so often. Page "Alert overview".

A check runs the rule's query, and fires for each row that meets the condition or, where the rule
does not group, once for all. The same row is notified again after the repeat interval only. What
came of each check is a log of the project (page "Fields in alert rule evaluation logs").
"""

import json
import re
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Protocol

from ..rewinding import Memory, Rewindable
from ..service import Core
from . import analysis, query
from .errors import LogError, invalid
from .index import Index
from .logs import Condition, Log

HISTORY = "internal-alert-history"
ENABLED, DISABLED = "ENABLED", "DISABLED"

Row = analysis.Row
Settings = Mapping[str, Any]

_NAME = re.compile(r"[0-9a-z][0-9a-z_-]{2,62}[0-9a-z]")
_SPAN = re.compile(r"-?(\d+)([smhd])")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_LONGEST_LOOK_BACK = 86400  # page "Alert overview", its limits
_REQUIRED = ("queryList", "groupConfiguration", "severityConfigurations", "threshold", "version")
_HISTORY_SETTINGS = {"ttl": 7, "shardCount": 1}
_WHOLE_LOGS = {"line": {"token": list(", '\";=()[]{}?@&<>/:\n\t\r")}}
_STOP_SECONDS = 5.0
_LEAST_PAUSE = 1.0  # real seconds between two checks, however fast the cloud's time passes


@dataclass(frozen=True)
class Rule:
    """An alert rule: what it was made with, and whether it is switched on."""

    name: str
    settings: Settings
    created_at: float
    modified_at: float
    status: str = ENABLED

    @property
    def every(self) -> int:
        """Seconds between two checks."""
        return _seconds(str(self.settings["schedule"].get("interval")))

    @property
    def store(self) -> str:
        """The log store that is looked at."""
        return str(self.settings["configuration"]["queryList"][0].get("store"))


class Firing(NamedTuple):
    """An alert that somebody is to be told of: of which rule, for which rows, and since when."""

    rule: Rule
    project: str
    labels: Mapping[str, str]
    rows: tuple[Row, ...]
    since: float
    now: float


@dataclass
class _Seen:
    """What is known of the rows of one cause, as long as checks keep finding them."""

    since: float
    times: int = 0
    notified_at: float | None = None


class Store(Protocol):
    """What they need of a log store."""

    @property
    def index(self) -> Index | None:
        """What of its logs is found."""
        ...


class Stores(Protocol):
    """What the checks need of Log Service's state."""

    def store(self, project: str, name: str) -> Store:
        """A log store."""
        ...

    def stores(self, project: str) -> list[str]:
        """The names of a project's log stores."""
        ...

    def create_store(self, project: str, name: str, fields: dict[str, Any]) -> Store:
        """A new log store."""
        ...

    def create_index(self, project: str, name: str, index: Index) -> None:
        """Give it an index."""
        ...

    def matching(
        self, project: str, name: str, condition: Condition, since: float, until: float
    ) -> list[Log]:
        """All logs that can be found and meet a condition."""
        ...

    def write(self, project: str, name: str, logs: list[dict[str, str]]) -> None:
        """Write logs."""
        ...


class Alerts(Rewindable):
    """The rules of all projects, checked by a thread that begins with the first of them.

    `notify` tells whoever is to be told. All methods raise LogError.
    """

    def __init__(self, core: Core, stores: Stores, notify: Callable[[Firing], None]) -> None:
        self._core = core
        self._stores = stores
        self._notify = notify
        self._lock = threading.RLock()
        self._rules: dict[tuple[str, str], Rule] = {}
        self._due: dict[tuple[str, str], float] = {}  # monotonic, in real seconds
        self._seen: dict[tuple[str, str], dict[tuple[str, ...], _Seen]] = {}
        self._changed = threading.Condition(self._lock)
        self._thread: threading.Thread | None = None
        self._stopped = threading.Event()

    def create(self, project: str, name: str, settings: Settings) -> None:
        """A new rule, switched on, and the store for what comes of its checks."""
        self._stores.stores(project)
        _check(name, settings)
        now = self._core.clock.now()
        with self._lock:
            if (project, name) in self._rules:
                raise LogError("JobAlreadyExist", f"job {name} already exists")
            self._keep(project, Rule(name, dict(settings), now, now))
            self._make_history(project)

    def get(self, project: str, name: str) -> Rule:
        """A rule."""
        self._stores.stores(project)
        with self._lock:
            if (project, name) not in self._rules:
                raise LogError("JobNotExist", f"job {name} does not exist")
            return self._rules[project, name]

    def all(self, project: str) -> list[Rule]:
        """A project's rules, by name."""
        self._stores.stores(project)
        with self._lock:
            found = (rule for (of, _), rule in self._rules.items() if of == project)
            return sorted(found, key=lambda rule: rule.name)

    def update(self, project: str, name: str, settings: Settings) -> None:
        """Put other settings in place of a rule's own."""
        _check(name, settings)
        now = self._core.clock.now()
        with self._lock:
            rule = self.get(project, name)
            self._keep(project, replace(rule, settings=dict(settings), modified_at=now))

    def switch(self, project: str, name: str, status: str) -> None:
        """Switch a rule on or off."""
        with self._lock:
            self._keep(project, replace(self.get(project, name), status=status))

    def delete(self, project: str, name: str) -> None:
        """Remove a rule."""
        with self._lock:
            self.get(project, name)
            self._forget((project, name))

    def forget(self, project: str) -> None:
        """Remove all rules of a project that goes."""
        with self._lock:
            for key in [key for key in self._rules if key[0] == project]:
                self._forget(key)

    def check(self, *names: str) -> None:
        """Check these rules now (none named: all) that are switched on, due or not."""
        with self._lock:
            keys = [key for key in self._rules if not names or key[1] in names]
        for key in keys:
            self._check(key)

    def stop(self) -> None:
        """End the thread."""
        with self._changed:
            self._stopped.set()
            self._changed.notify_all()
            thread = self._thread
        if thread and thread is not threading.current_thread():
            thread.join(_STOP_SECONDS)

    def rollback(self, memory: Memory) -> None:
        """Have the rules of `memory` again, each with its whole interval to go; after `stop`."""
        if self._thread:
            self._thread.join()  # it may be calling somebody, who may take his time to answer
        super().rollback(memory)
        self._stopped.clear()
        self._thread = None
        with self._changed:
            for key, rule in self._rules.items():
                self._due[key] = self._next_time(rule)
            self._start()

    def _keep(self, project: str, rule: Rule) -> None:
        key = (project, rule.name)
        self._rules[key] = rule
        self._due[key] = self._next_time(rule)
        self._seen[key] = {}
        self._start()
        self._changed.notify_all()

    def _next_time(self, rule: Rule) -> float:
        return time.monotonic() + max(_LEAST_PAUSE, rule.every * self._core.clock.scale)

    def _start(self) -> None:
        if self._thread is None and self._rules and not self._stopped.is_set():
            self._thread = threading.Thread(target=self._work, name="log-alerts", daemon=True)
            self._thread.start()

    def _forget(self, key: tuple[str, str]) -> None:
        for table in (self._rules, self._due, self._seen):
            table.pop(key, None)

    def _work(self) -> None:
        while (key := self._next()) is not None:
            self._check(key)

    def _next(self) -> tuple[str, str] | None:
        """The rule whose time has come, which then is set to its next time."""
        with self._changed:
            while not self._stopped.is_set():
                due = min(self._due, key=self._due.__getitem__, default=None)
                wait = self._due[due] - time.monotonic() if due else None
                if due and wait is not None and wait <= 0:
                    self._due[due] = self._next_time(self._rules[due])
                    return due
                self._changed.wait(wait)
        return None

    def _make_history(self, project: str) -> None:
        if HISTORY not in self._stores.stores(project):
            self._stores.create_store(project, HISTORY, dict(_HISTORY_SETTINGS))
            self._stores.create_index(project, HISTORY, Index.parse(_WHOLE_LOGS))

    def _check(self, key: tuple[str, str]) -> None:
        with self._lock:
            rule = self._rules.get(key)
            if rule is None or rule.status != ENABLED:
                return
            now = self._core.clock.now()
            try:
                found = self._causes(rule, now)
            except LogError as error:
                self._record(key[0], rule, "error", reason=error.message, status="Failed")
                return
            firing = self._fired(key, rule, found, now)
        for each in firing:
            # Whether it comes to anybody is not written here: what is fired is handed over.
            self._record(key[0], rule, "firing", rows=each.rows)
            self._notify(each)

    def _causes(self, rule: Rule, now: float) -> dict[tuple[str, ...], list[Row]]:
        """The rows that meet the condition, by what tells their causes apart."""
        configuration = rule.settings["configuration"]
        (asked,) = configuration["queryList"]
        since, until = now - _seconds(asked["start"]), now + 1
        search, _, statement = asked["query"].partition("|")
        index = self._stores.store(asked["project"], asked["store"]).index
        if index is None:
            raise LogError("IndexConfigNotExist", "logstore without index config")
        condition = query.parse(search, index)
        logs = self._stores.matching(asked["project"], asked["store"], condition, since, until)
        rows = analysis.rows(statement, logs, index)
        when = configuration["severityConfigurations"][0]["evalCondition"]["condition"]
        fields = configuration["groupConfiguration"].get("fields") or []
        causes: dict[tuple[str, ...], list[Row]] = {}
        for row in rows:
            if not when or analysis.holds(when, row):
                causes.setdefault(tuple(row.get(name, "") for name in fields), []).append(row)
        return causes

    def _fired(
        self,
        key: tuple[str, str],
        rule: Rule,
        causes: Mapping[tuple[str, ...], list[Row]],
        now: float,
    ) -> list[Firing]:
        """Those to be told of.

        Guessed: that a check without a cause's row ends it, so that its next row is a new one, and
        that the checks that count towards the threshold are those in a row.
        """
        configuration = rule.settings["configuration"]
        repeat = _seconds(configuration["policyConfiguration"]["repeatInterval"])
        fields = configuration["groupConfiguration"].get("fields") or []
        before = self._seen[key]
        seen = self._seen[key] = {cause: before.get(cause, _Seen(now)) for cause in causes}
        firing = []
        for cause, known in seen.items():
            known.times += 1
            if known.times < int(configuration["threshold"]):
                self._record(key[0], rule, "pending", rows=tuple(causes[cause]))
                continue
            if known.notified_at is None or now - known.notified_at >= repeat:
                known.notified_at = now
                labels = dict(zip(fields, cause, strict=True))
                rows = tuple(causes[cause])
                firing.append(Firing(rule, key[0], labels, rows, known.since, now))
        return firing

    def _record(
        self,
        project: str,
        rule: Rule,
        alert_status: str,
        *,
        rows: tuple[Row, ...] = (),
        reason: str = "",
        status: str = "Success",
    ) -> None:
        """A log of a check. (Not here: those in which nothing was found, or nothing new.)"""
        fired = alert_status == "firing"
        log = {
            "AlertID": uuid.uuid4().hex,
            "AlertName": rule.name,
            "AlertDisplayName": str(rule.settings.get("displayName", "")),
            "AlertStatus": alert_status,
            "Fired": str(fired).lower(),
            "NotifyStatus": "Success" if fired else "NotNotified",
            "Reason": reason,
            "Results": json.dumps([{"RawResultCount": len(rows), "RawResults": list(rows)}]),
            "Status": status,
        }
        try:
            self._stores.write(project, HISTORY, [log])
        except LogError:
            return  # the project went while this was checked


def _check(name: str, settings: Settings) -> None:
    """Data structure "Alert", as far as it is used here; raises LogError."""
    configuration, schedule = settings.get("configuration"), settings.get("schedule")
    if not _NAME.fullmatch(name):
        raise invalid(f"job name {name} is invalid")
    if not isinstance(configuration, dict) or not isinstance(schedule, dict):
        raise invalid("configuration and schedule are required")
    for required in _REQUIRED:
        if configuration.get(required) is None:
            raise invalid(f"configuration.{required} is required")
    if schedule.get("type") != "FixedRate":
        raise invalid("here a schedule can only be of type FixedRate")
    _seconds(str(schedule.get("interval")))
    queries = configuration["queryList"]
    if len(queries) != 1 or queries[0].get("timeSpanType") != "Relative":
        raise invalid("here an alert has one query, over a relative time span")
    if _seconds(str(queries[0].get("start"))) > _LONGEST_LOOK_BACK:
        raise invalid("the time range of a query is at most 24 hours")


def _seconds(span: str) -> int:
    """The length of `5m`, `-24h`; raises LogError."""
    found = _SPAN.fullmatch(span)
    if found is None:
        raise invalid(f"{span} is no duration")
    return int(found[1]) * _UNITS[found[2]]
