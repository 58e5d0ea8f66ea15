"""Where the function's log goes: a log project, a log store in it, and the store's index."""

import functools
import itertools
from collections.abc import Iterator, Mapping
from typing import Any

from alibabacloud_sls20201230 import models

from scripts.account import just_made, mark
from scripts.account.alert_rules import IN_MESSAGE, MESSAGE, OF_A_RUN
from scripts.account.alerts import HISTORY
from scripts.account.audit_index import GET_INDEX, PROJECTS, finds_audit_lines
from scripts.account.clients import Clients, asked, calling
from scripts.account.compute import hosts
from scripts.account.compute.fc2_service import LIST_SERVICES
from scripts.account.just_made import JustMade
from scripts.account.permission import Permission, on
from scripts.account.resource import Difference, State, Thing, creating, deleting, find, gone, seen
from scripts.declared import Logs
from scripts.errors import CloudError
from scripts.patience import patiently

_GET_PROJECT = Permission("log:GetProject", PROJECTS)
_GET_STORE = Permission("log:GetLogStore", PROJECTS)
LIST_PROJECTS = Permission("log:ListProject", PROJECTS)

_PAGE = 500
_NO_INDEX = "IndexConfigNotExist"  # with status 400, and not 404
# Log Service's own choice for whole logs (page "Create indexes").
_DELIMITERS = list(", '\";=()[]{}?@&<>/:\n\t\r")
# What alerts search and count by.
_OUR_FIELDS = (*(f"{MESSAGE}.{name}" for name in IN_MESSAGE), *OF_A_RUN)


class LogProject(Thing):
    """The project. Names of projects are global: another account may have taken it."""

    kind = "log project"
    READING = (_GET_PROJECT,)
    MAKING = (LIST_PROJECTS, Permission("log:CreateProject", PROJECTS))
    REMOVING = (
        *(_GET_PROJECT, LIST_SERVICES),
        *on(PROJECTS, "log:ListLogStores", "log:DeleteProject"),
    )

    def __init__(self, logs: Logs, clients: Clients) -> None:
        self.name = logs.project
        self._store = logs.logstore
        self._clients = clients
        self._log = clients.log

    def live(self) -> State | None:
        """Nothing but that it is there; None if it is not."""
        return {} if self.there() else None

    def declared(self) -> State:
        """Nothing but that it is there."""
        return {}

    def obstacle(self) -> str:
        """It is another account's, which looks just as if it could not be read for a permission."""
        try:
            self._read()
        except CloudError as error:
            if error.denied and not self._listed():
                return (
                    f"the log project {self.name} is refused, and is none of this account's: give "
                    "another logProject in s.yaml if another account has taken the name, for it is "
                    "global; else allow log:GetProject"
                )
            raise
        return ""

    def create(self) -> None:
        """Make it, described as ours."""
        request = models.CreateProjectRequest(
            project_name=self.name, description=mark.described("The log of a repair")
        )
        with creating("log:CreateProject", self.name):
            self._log.create_project(request)
        just_made.note(self._clients, self.kind, self.name)
        seen(self, _GET_PROJECT.action)

    def change(self, differences: tuple[Difference, ...]) -> None:
        """Never called: a project that is there does not differ."""

    def stays(self) -> str:
        """It has no mark, or other log stores."""
        if not_ours := mark.missing_from(self._read()):
            return not_ours
        request = models.ListLogStoresRequest(size=_PAGE)
        ask = functools.partial(self._log.list_log_stores, self.name, request)
        stores = asked("log:ListLogStores", self.name, ask).body.logstores or []
        others = [name for name in stores if name not in (self._store, HISTORY)]
        return f"others have log stores in it: {', '.join(others)}" if others else ""

    def users(self) -> list[str]:
        """The services in the region that log to any store of it."""
        return [each.what for each in hosts(self._clients) if each.project == self.name]

    def delete(self) -> None:
        """Take it away, with all logs in it."""
        with deleting("log:DeleteProject", self.name):
            self._log.delete_project(self.name, models.DeleteProjectRequest())

    def see_gone(self) -> None:
        """Look until it is, having been deleted; raises CloudError."""
        gone(self, _GET_PROJECT.action)

    def marked(self) -> bool:
        """Whether it is there and has the mark."""
        return not mark.missing_from(self._read())

    def _read(self) -> Any:
        get, request = self._log.get_project, models.GetProjectRequest()
        return find("log:GetProject", self.name, lambda: get(self.name, request))

    def _listed(self) -> bool:
        """Whether the account has it: a project that is refused may be its own all the same."""
        request = models.ListProjectRequest(project_name=self.name, size=_PAGE)
        ask = functools.partial(self._log.list_project, request)
        projects = asked("log:ListProject", "the account", ask).body.projects or []
        return any(project.project_name == self.name for project in projects)


class LogStore(Thing):
    """The log store. In a project of ours it needs no mark; else it is tagged."""

    kind = "log store"
    READING = (_GET_PROJECT, _GET_STORE, Permission("log:ListTagResources", PROJECTS))
    MAKING = on(PROJECTS, "log:CreateLogStore", "log:UpdateLogStore", "log:TagResources")
    REMOVING = (*READING, LIST_SERVICES, Permission("log:DeleteLogStore", PROJECTS))

    def __init__(self, logs: Logs, retention: int, clients: Clients) -> None:
        self.name = f"{logs.project}/{logs.logstore}"
        self._project, self._store = logs.project, logs.logstore
        self._holder = LogProject(logs, clients)
        self._retention = retention
        self._clients = clients
        self._log = clients.log

    def live(self) -> State | None:
        """For how many days it keeps logs; None if it is not there."""
        found = self._read()
        return None if found is None else {"ttl": str(found.ttl)}

    def declared(self) -> State:
        """As many days as declared; a store that was there may keep them longer."""
        found = self._read()
        longer = found is not None and found.ttl > self._retention and bool(self.stays())
        return {"ttl": str(found.ttl if longer else self._retention)}

    def create(self) -> None:
        """Make it, and mark it unless its project is marked."""
        request = models.CreateLogStoreRequest(
            logstore_name=self._store,
            ttl=self._retention,
            shard_count=1,
            auto_split=True,
            max_split_shard=8,
        )
        with creating("log:CreateLogStore", self.name):
            self._log.create_log_store(self._project, request)
        just_made.note(self._clients, self.kind, self.name)
        seen(self, _GET_STORE.action)
        if not self._holder.marked():
            # Here, since the next try of the step would find the store, and leave it as it is.
            made = just_made.missed(self._clients, self.kind, self.name)
            why = functools.partial(just_made.reason, named=[made])
            patiently(self._tag, after_making=True, spreading=why)

    def rests_on(self) -> Iterator[JustMade]:
        """Its project."""
        yield just_made.missed(self._clients, LogProject.kind, self._project)

    def change(self, differences: tuple[Difference, ...]) -> None:  # noqa: ARG002  (there is but one)
        """Let it keep logs for as long as declared."""
        request = models.UpdateLogStoreRequest(logstore_name=self._store, ttl=self._retention)
        with calling("log:UpdateLogStore", self.name):
            self._log.update_log_store(self._project, self._store, request)

    def stays(self) -> str:
        """It has no mark, and nor has its project: all that is in one of ours is ours."""
        return "" if self._holder.marked() or self._tagged() else mark.NOT_OURS

    def users(self) -> list[str]:
        """The services in the region that log to it."""
        place = (self._project, self._store)
        logging = hosts(self._clients)
        return [each.what for each in logging if (each.project, each.logstore) == place]

    def delete(self) -> None:
        """Take it away, with all logs in it."""
        with deleting("log:DeleteLogStore", self.name):
            self._log.delete_log_store(self._project, self._store)

    def see_gone(self) -> None:
        """Look until it is, having been deleted; raises CloudError."""
        gone(self, _GET_STORE.action)

    def _read(self) -> Any:
        get = self._log.get_log_store
        return find(_GET_STORE.action, self.name, lambda: get(self._project, self._store))

    def _tag(self) -> None:
        tag = models.TagResourcesRequestTags(key=mark.TAG_KEY, value=mark.TAG_VALUE)
        with calling("log:TagResources", self.name):
            self._log.tag_resources(
                models.TagResourcesRequest(
                    resource_type="logstore", resource_id=[self._tag_id()], tags=[tag]
                )
            )

    def _tagged(self) -> bool:
        request = models.ListTagResourcesRequest(
            resource_type="logstore", resource_id=[self._tag_id()]
        )
        ask = functools.partial(self._log.list_tag_resources, request)
        return mark.tagged(asked("log:ListTagResources", self.name, ask).body.tag_resources)

    def _tag_id(self) -> str:
        return f"{self._project}#{self._store}"


class LogIndex(Thing):
    """The store's index, of whole logs and of fields. It goes with the store.

    Without that of whole logs nothing is found, and without that of fields no alert fires.
    """

    kind = "log index"
    READING = (GET_INDEX,)
    MAKING = on(PROJECTS, "log:CreateIndex", "log:UpdateIndex")

    def __init__(self, logs: Logs, clients: Clients) -> None:
        self.name = f"{logs.project}/{logs.logstore}"
        self._place = (logs.project, logs.logstore)
        self._clients = clients
        self._log = clients.log

    def live(self) -> State | None:
        """Whether audit lines are found, and our fields are indexed; None if nothing is."""
        found = self._read()
        if found is None:
            return None
        fields = ", ".join(name for name in _OUR_FIELDS if _counts(found.keys or {}, name))
        return {"fullText": "on" if finds_audit_lines(found) else "", "fields": fields}

    def declared(self) -> State:
        """Whole logs and our fields are indexed; what else is, is left as it is."""
        return {"fullText": "on", "fields": ", ".join(_OUR_FIELDS)}

    def create(self) -> None:
        """Make it."""
        index = models.Index(line=_whole_logs(), keys=_with_our_fields({}))
        request = models.CreateIndexRequest(body=index)
        with creating("log:CreateIndex", self.name):
            self._log.create_index(*self._place, request)

    def rests_on(self) -> Iterator[JustMade]:
        """The project, and the store."""
        yield just_made.missed(self._clients, LogProject.kind, self._place[0])
        yield just_made.missed(self._clients, LogStore.kind, self.name)

    def change(self, differences: tuple[Difference, ...]) -> None:  # noqa: ARG002  (both are sent)
        """Index whole logs and our fields too."""
        found = self._read()
        index = models.Index(
            line=found.line if finds_audit_lines(found) else _whole_logs(),
            keys=_with_our_fields(found.keys or {}),
            log_reduce=found.log_reduce,
            max_text_len=found.max_text_len,
        )
        with calling("log:UpdateIndex", self.name):
            self._log.update_index(*self._place, models.UpdateIndexRequest(body=index))

    def _read(self) -> Any:
        try:
            return find(GET_INDEX.action, self.name, lambda: self._log.get_index(*self._place))
        except CloudError as error:
            if error.code == _NO_INDEX:
                return None
            raise


def marked_projects(clients: Clients) -> Iterator[str]:
    """The names of the account's log projects in the region of the clients that have the mark."""
    for start in itertools.count(0, _PAGE):
        request = models.ListProjectRequest(offset=start, size=_PAGE)
        ask = functools.partial(clients.log.list_project, request)
        page = asked("log:ListProject", "the account", ask).body
        marked = (each for each in page.projects or () if not mark.missing_from(each))
        yield from (each.project_name for each in marked)
        if start + _PAGE >= page.total:
            return


def _whole_logs() -> models.IndexLine:
    return models.IndexLine(token=_DELIMITERS, case_sensitive=False, chn=False)


def _counts(keys: Mapping[str, Any], name: str) -> bool:
    """Whether a field, or one inside the message, can be searched and counted by."""
    outer, _, inner = name.partition(".")
    key = keys.get(outer)
    if key is not None and inner:
        key = (key.json_keys or {}).get(inner) if key.type == "json" else None
    return key is not None and bool(key.doc_value)


def _with_our_fields(keys: Mapping[str, Any]) -> dict[str, Any]:
    """Those of an index and ours. A message that was one text becomes JSON with texts in it."""
    settings = {"case_sensitive": False, "chn": False, "doc_value": True, "token": _DELIMITERS}
    message = keys.get(MESSAGE)
    there = (message.json_keys or {}) if message is not None and message.type == "json" else {}
    ours = {name: models.IndexJsonKey(type="text", doc_value=True) for name in IN_MESSAGE}
    inside = models.IndexKey(
        type="json", index_all=True, max_depth=-1, json_keys={**there, **ours}, **settings
    )
    runs = {name: models.IndexKey(type="text", **settings) for name in OF_A_RUN}
    return {
        **keys,
        **{name: runs[name] for name in runs if not _counts(keys, name)},
        MESSAGE: inside,
    }
