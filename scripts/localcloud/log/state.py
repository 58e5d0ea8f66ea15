"""Log Service as a whole: what the account has, what was written, and what is found of it."""

import math
import re
import threading
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from ..rewinding import Rewindable
from ..service import Core
from . import query
from .alerts import Alerts
from .errors import LogError, invalid
from .index import Index
from .lateness import Lateness
from .logs import Condition, Log, Logs
from .notify import Notifier
from .protobuf import Entry
from .records import Records

# Operation "GetHistograms": a log of just now is found within 3 seconds, nearly all within one; one
# that is more than 3 minutes old when it comes, within 5 minutes.
_SEARCHABLE_AFTER = 1.0
_OLD, _OLD_SEARCHABLE_AFTER = 180, 300.0
# Operation "PutLogs": how far a log's own time may be from now.
_EARLIEST, _LATEST = 7 * 86400, 15 * 60
_LONGEST_PAGE = 100

# Operations "CreateProject" and "CreateLogStore": the rules for names. Pages "Basic resources" and
# "Manage projects": how many there may be, and how long the description.
_PROJECT_NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
_STORE_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,61}[a-z0-9]")
_MOST_PROJECTS, _MOST_STORES = 50, 200
_LONGEST_DESCRIPTION = 64

Settings = dict[str, Any]

# Operation "CreateLogStore": what is not said is so.
_STORE_DEFAULTS: Settings = {
    "ttl": 0,
    "shardCount": 0,
    "enable_tracking": False,
    "autoSplit": False,
    "maxSplitShard": 0,
    "appendMeta": False,
    "mode": "standard",
    "telemetryType": "",
}
_STORE_MORE = ("hot_ttl", "infrequentAccessTTL", "encrypt_conf", "enableModify")  # kept, if told


@dataclass(frozen=True)
class Project:
    """A project; `owner` is the account that has it, since names are everybody's."""

    name: str
    description: str
    owner: str
    created_at: float
    modified_at: float
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class LogStore:
    """A log store; without `index` nothing in it is found."""

    name: str
    settings: Settings
    created_at: float
    modified_at: float
    index: Index | None = None
    indexed_at: float = 0.0
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Found:
    """What a search gives; an incomplete one is to be asked again."""

    logs: tuple[Log, ...]
    complete: bool = True


class Search(NamedTuple):
    """What is searched for, in which seconds (`until` is past the last), and which page of it."""

    text: str
    since: int
    until: int
    offset: int = 0
    line: int = _LONGEST_PAGE
    reverse: bool = False
    topic: str = ""


class LogState(Rewindable):
    """The account's projects and log stores, their alerts, and the account's records.

    All methods raise LogError.
    """

    def __init__(self, core: Core) -> None:
        self._core = core
        self._lock = threading.RLock()
        self._projects: dict[str, Project] = {}
        self._stores: dict[tuple[str, str], LogStore] = {}
        self._logs: dict[tuple[str, str], Logs] = defaultdict(Logs)
        self._incomplete = 0
        self.records = Records(core.clock)
        self.alerts = Alerts(core, self, Notifier(core, self.records))
        self.lateness = Lateness(self._delete)
        self._parts = (self.records, self.alerts, self.lateness)

    def stop(self) -> None:
        """Check no more alerts."""
        self.alerts.stop()

    def arn(self, project: str, store: str = "") -> str:
        """The ARN of a project, or of a log store in it; `*` stands for all."""
        path = f"project/{project}/logstore/{store}" if store else f"project/{project}"
        return f"acs:log:{self._core.region}:{self._core.account_id}:{path}"

    def create_project(self, name: str, description: str = "", *, owner: str = "") -> Project:
        """A new project, of another account if `owner` names one."""
        if not _PROJECT_NAME.fullmatch(name):
            raise invalid(f"project name {name} is invalid")
        _check_description(description)
        now = self._core.clock.now()
        with self._lock:
            if name in self._projects:
                raise LogError("ProjectAlreadyExist", f"Project {name} already exist")
            if len(self.projects()) >= _MOST_PROJECTS and not owner:
                raise LogError("ProjectQuotaExceed", "Project Quota Exceed.")
            project = Project(name, description, owner or self._core.account_id, now, now)
            self._projects[name] = project
        return project

    def project(self, name: str) -> Project:
        """The project of that name, whoever owns it."""
        with self._lock:
            if name not in self._projects:
                raise LogError("ProjectNotExist", f"The Project does not exist : {name}")
            return self._projects[name]

    def projects(self) -> list[Project]:
        """The account's own projects, by name."""
        with self._lock:
            owned = (p for p in self._projects.values() if p.owner == self._core.account_id)
            return sorted(owned, key=lambda project: project.name)

    def update_project(self, name: str, description: str) -> None:
        """Describe a project otherwise."""
        _check_description(description)
        with self._lock:
            project = self.project(name)
            now = self._core.clock.now()
            self._projects[name] = replace(project, description=description, modified_at=now)

    def delete_project(self, name: str) -> None:
        """Remove a project with all that is in it."""
        with self._lock:
            self.project(name)
            for store in self.stores(name):
                self.delete_store(name, store)
            del self._projects[name]
        self.alerts.forget(name)
        self.lateness.forget(name)
        self._core.spreading.forget(self.arn(name))

    def create_store(self, project: str, name: str, fields: Settings) -> LogStore:
        """A new log store with the settings among `fields`; it has no index yet."""
        if not _STORE_NAME.fullmatch(name):
            raise LogError("LogStoreInfoInvalid", f"store name {name} is invalid")
        settings = _settings(_STORE_DEFAULTS, fields)
        now = self._core.clock.now()
        with self._lock:
            if name in self.stores(project):
                raise LogError("LogStoreAlreadyExist", f"logstore {name} already exists")
            if len(self.stores(project)) >= _MOST_STORES:
                raise LogError("ProjectQuotaExceed", "Project Quota Exceed.")
            store = LogStore(name, settings, now, now)
            self._stores[project, name] = store
        return store

    def store(self, project: str, name: str) -> LogStore:
        """The log store of that name."""
        with self._lock:
            if name not in self.stores(project):
                raise LogError("LogStoreNotExist", f"logstore {name} does not exist")
            return self._stores[project, name]

    def stores(self, project: str) -> list[str]:
        """The names of a project's log stores, sorted."""
        with self._lock:
            self.project(project)
            return sorted(name for holder, name in self._stores if holder == project)

    def update_store(self, project: str, name: str, fields: Settings) -> None:
        """Change the settings among `fields`; the others stay."""
        with self._lock:
            store = self.store(project, name)
            settings = _settings(store.settings, fields)
            if settings["shardCount"] != store.settings["shardCount"]:
                raise invalid(
                    "invalid shard count,you can only modify shardCount by split& merge shard"
                )
            self._put(project, replace(store, settings=settings))

    def delete_store(self, project: str, name: str) -> None:
        """Remove a log store and its logs."""
        with self._lock:
            self.store(project, name)
            del self._stores[project, name]
            self._logs.pop((project, name), None)
        self.lateness.forget(f"{project}/{name}")
        self._core.spreading.forget(self.arn(project, name))

    def create_index(self, project: str, name: str, index: Index) -> None:
        """Give a log store its index; logs are found that are written from now on."""
        with self._lock:
            self.check_seen(project, name)
            if self.store(project, name).index:
                raise LogError("IndexAlreadyExist", "log store index is already created")
            self._put_index(project, name, index)

    def update_index(self, project: str, name: str, index: Index) -> None:
        """Put another index in place of the present one."""
        with self._lock:
            self.index(project, name)
            self._put_index(project, name, index)

    def delete_index(self, project: str, name: str) -> None:
        """Take the index away; nothing is found any more."""
        with self._lock:
            self.index(project, name)
            self._put_index(project, name, None)

    def index(self, project: str, name: str) -> Index:
        """A log store's index."""
        with self._lock:
            self.check_seen(project, name)
            index = self.store(project, name).index
            if index is None:
                raise LogError("IndexConfigNotExist", "index config doesn't exist")
            return index

    def begin_to_spread(self, project: str, name: str = "") -> None:
        """A project or store was made just now, by an operation."""
        self._core.spreading.begin(self.arn(project, name))

    def check_seen(self, project: str, name: str = "") -> None:
        """Raise LogError for a project or store so new that who looks now does not see it yet."""
        spreading = self._core.spreading
        if spreading.misses(self.arn(project)):
            raise LogError("ProjectNotExist", f"The Project does not exist : {project}")
        if name and spreading.misses(self.arn(project, name)):
            raise LogError("LogStoreNotExist", f"logstore {name} does not exist")

    def tag(self, project: str, store: str, tags: Mapping[str, str]) -> None:
        """Add tags to a log store, or to the project if `store` is empty."""
        with self._lock:
            if store:
                there = self.store(project, store)
                self._stores[project, store] = replace(there, tags={**there.tags, **tags})
            else:
                holder = self.project(project)
                self._projects[project] = replace(holder, tags={**holder.tags, **tags})

    def untag(self, project: str, store: str, keys: Sequence[str]) -> None:
        """Take these tags from a log store, or from the project if `store` is empty."""
        with self._lock:
            tagged = self.store(project, store) if store else self.project(project)
            tags = {key: value for key, value in tagged.tags.items() if key not in keys}
            if store:
                self._stores[project, store] = replace(self.store(project, store), tags=tags)
            else:
                self._projects[project] = replace(self.project(project), tags=tags)

    def write(
        self, project: str, name: str, logs: Sequence[Mapping[str, str]], *, topic: str = ""
    ) -> None:
        """Write logs, of the present second."""
        now = int(self._core.clock.now())
        self.put(project, name, [Entry(now, dict(fields)) for fields in logs], topic=topic)

    def put(
        self, project: str, name: str, logs: Sequence[Entry], *, topic: str = "", source: str = ""
    ) -> None:
        """Write logs, each of its own time; soon they can be found, if the store has an index."""
        now = self._core.clock.now()
        if any(not now - _EARLIEST <= log.time <= now + _LATEST for log in logs):
            raise LogError("PostBodyInvalid", "The post data time is out of range")
        with self._lock:
            index = self.store(project, name).index
            for log in logs:
                after = _SEARCHABLE_AFTER if now - log.time < _OLD else _OLD_SEARCHABLE_AFTER
                found_at = now + after * self._core.clock.scale
                self._logs[project, name].add(
                    Log(log.time, topic, source, log.fields, index, found_at)
                )

    def search(self, project: str, name: str, search: Search) -> Found:
        """The logs that a search finds, oldest first unless it is in reverse."""
        if not 0 <= search.line <= _LONGEST_PAGE:
            raise LogError("InvalidLine", "line is invalid")
        if search.offset < 0:
            raise LogError("InvalidOffset", "offset is invalid")
        logs = self._found(project, name, search)
        if logs is None:
            return Found((), complete=False)
        if search.reverse:
            logs.reverse()
        return Found(tuple(logs[search.offset : search.offset + search.line]))

    def counts(self, project: str, name: str, search: Search) -> list[tuple[int, int]] | None:
        """How many logs a search finds, by their second; None for an incomplete answer."""
        logs = self._found(project, name, search)
        return None if logs is None else sorted(Counter(log.time for log in logs).items())

    def matching(
        self, project: str, name: str, condition: Condition, since: float, until: float
    ) -> list[Log]:
        """All logs of a time that meet a condition, as alerts look for them.

        Guessed: that a check finds all that was written before it, as if it were made late enough.
        """
        with self._lock:
            self.store(project, name)
            return self._logs[project, name].find(condition, since, until, math.inf)

    def _found(self, project: str, name: str, search: Search) -> list[Log] | None:
        if search.since >= search.until:
            raise LogError("InvalidTimeRange", "request time range is invalid")
        with self._lock:
            index = self.store(project, name).index
            if index is None:
                raise LogError("IndexConfigNotExist", "logstore without index config")
            condition = query.parse(search.text, index)
            if self._incomplete:
                self._incomplete -= 1
                return None
            now = self._core.clock.now()
            logs = self._logs[project, name].find(condition, search.since, search.until, now)
        return [log for log in logs if log.topic == search.topic] if search.topic else logs

    def _delete(self, name: str) -> None:
        """Remove `project`, or `project/store`."""
        project, _, store = name.partition("/")
        if store:
            self.delete_store(project, store)
        else:
            self.delete_project(project)

    def let_search_lag(self, searches: int) -> None:
        """Let the next searches be incomplete."""
        with self._lock:
            self._incomplete = searches

    def _put(self, project: str, store: LogStore) -> None:
        self._stores[project, store.name] = replace(store, modified_at=self._core.clock.now())

    def _put_index(self, project: str, name: str, index: Index | None) -> None:
        store = self.store(project, name)
        now = self._core.clock.now()
        self._stores[project, name] = replace(store, index=index, indexed_at=now)


def _check_description(description: str) -> None:
    if len(description) > _LONGEST_DESCRIPTION:
        raise invalid(f"the description is longer than {_LONGEST_DESCRIPTION} characters")


def _settings(present: Settings, fields: Settings) -> Settings:
    known = (*present, *_STORE_MORE)
    said = {name: fields[name] for name in known if fields.get(name) is not None}
    settings = {**present, **said}
    for name, most in (("ttl", 3650), ("shardCount", 10)):
        value = settings[name]
        if not isinstance(value, int) or not 1 <= value <= most:
            raise invalid(f"{name} must be 1 to {most}, not {value}")
    return settings
