"""Log Service's calls as the SDK (alibabacloud_sls20201230) makes them, over HTTP."""

import functools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from alibabacloud_sls20201230 import models

from scripts.errors import CloudError
from scripts.localcloud import Fail, LocalCloud
from scripts.localcloud.log.errors import LogError
from scripts.localcloud.log.index import Index
from scripts.localcloud.ram import policies
from scripts.localcloud.ram.state import Credentials
from tests.contract.log_helpers import (
    DELIMITERS,
    PROJECT,
    STORE,
    WHOLE,
    make_store,
    refusal,
    until_seen,
)
from tests.parts import clients

INDEX = models.Index(
    line=models.IndexLine(token=DELIMITERS),
    keys={"message": models.IndexKey(type="json", index_all=True, token=DELIMITERS)},
)

# Every call on PROJECT and STORE, by its permission; each can be carried out after those before.
CALLS: dict[str, Callable[[Any], Any]] = {
    "CreateProject": lambda sdk: sdk.create_project(
        models.CreateProjectRequest(project_name=PROJECT, description="made by a test")
    ),
    "GetProject": lambda sdk: sdk.get_project(PROJECT, models.GetProjectRequest()),
    "ListProject": lambda sdk: sdk.list_project(models.ListProjectRequest()),
    "UpdateProject": lambda sdk: sdk.update_project(
        PROJECT, models.UpdateProjectRequest(description="changed by a test")
    ),
    "CreateLogStore": lambda sdk: sdk.create_log_store(
        PROJECT, models.CreateLogStoreRequest(logstore_name=STORE, ttl=365, shard_count=2)
    ),
    "GetLogStore": lambda sdk: sdk.get_log_store(PROJECT, STORE),
    "ListLogStores": lambda sdk: sdk.list_log_stores(PROJECT, models.ListLogStoresRequest()),
    "UpdateLogStore": lambda sdk: sdk.update_log_store(
        PROJECT, STORE, models.UpdateLogStoreRequest(logstore_name=STORE, ttl=30)
    ),
    "CreateIndex": lambda sdk: sdk.create_index(
        PROJECT, STORE, models.CreateIndexRequest(body=INDEX)
    ),
    "GetIndex": lambda sdk: sdk.get_index(PROJECT, STORE),
    "UpdateIndex": lambda sdk: sdk.update_index(
        PROJECT, STORE, models.UpdateIndexRequest(body=INDEX)
    ),
    "GetLogStoreLogs": lambda sdk: sdk.get_logs_v2(
        PROJECT, STORE, models.GetLogsV2Request(from_=0, to=1)
    ),
    "TagResources": lambda sdk: sdk.tag_resources(
        models.TagResourcesRequest(
            resource_type="logstore",
            resource_id=[f"{PROJECT}#{STORE}"],
            tags=[models.TagResourcesRequestTags("made-by", "a-test")],
        )
    ),
    "ListTagResources": lambda sdk: sdk.list_tag_resources(
        models.ListTagResourcesRequest(resource_type="logstore", resource_id=[f"{PROJECT}#{STORE}"])
    ),
    "DeleteIndex": lambda sdk: sdk.delete_index(PROJECT, STORE),
    "DeleteLogStore": lambda sdk: sdk.delete_log_store(PROJECT, STORE),
    "DeleteProject": lambda sdk: sdk.delete_project(PROJECT, models.DeleteProjectRequest()),
}
ON_PROJECT = f"project/{PROJECT}"
ON_STORES, ON_STORE = f"{ON_PROJECT}/logstore/*", f"{ON_PROJECT}/logstore/{STORE}"
RESOURCES = {
    **dict.fromkeys(CALLS, ON_STORE),
    **dict.fromkeys(("ListProject", "TagResources", "ListTagResources"), "project/*"),
    **dict.fromkeys(("CreateProject", "GetProject", "UpdateProject", "DeleteProject"), ON_PROJECT),
    "GetLogStoreLogs": ON_PROJECT,  # and the store: one in GetLogsV2's table, one in GetLogs'
    **dict.fromkeys(("CreateLogStore", "ListLogStores"), ON_STORES),
}


@pytest.fixture(scope="module")
def running() -> Iterator[LocalCloud]:
    """A cloud for all tests here."""
    with LocalCloud(time_scale=0) as cloud:
        yield cloud


@pytest.fixture
def cloud(running: LocalCloud) -> LocalCloud:
    """The cloud, without the project of the test before."""
    for project in running.log.projects():
        running.log.delete_project(project.name)
    return running


@pytest.fixture
def sdk(cloud: LocalCloud) -> Any:
    """The SDK with the account's own key."""
    return clients(cloud).log


def role(cloud: LocalCloud, *statements: policies.Document) -> Credentials:
    """Credentials of a role with these statements."""
    name = f"role-{len(cloud.ram.roles)}"
    cloud.ram.create_role(name, policies.trust("fc.aliyuncs.com"))
    if statements:
        cloud.ram.create_policy(f"{name}-policy", policies.document(*statements))
        cloud.ram.attach(name, "Custom", f"{name}-policy")
    return cloud.ram.assume(name, "a-session")


def test_everything_is_made_read_and_changed_as_told(sdk: Any) -> None:
    """What was said of project, store and index is what is read, and later what was changed."""
    answered = {name: until_seen(functools.partial(call, sdk)) for name, call in CALLS.items()}
    assert {answer.status_code for answer in answered.values()} == {200}

    project = answered["GetProject"].body
    assert (project.project_name, project.description) == (PROJECT, "made by a test")
    assert project.region == "cn-shanghai"
    assert [each.project_name for each in answered["ListProject"].body.projects] == [PROJECT]
    store = answered["GetLogStore"].body
    assert (store.logstore_name, store.ttl, store.shard_count) == (STORE, 365, 2)
    assert answered["ListLogStores"].body.logstores == [STORE]
    index = answered["GetIndex"].body
    assert index.line.token == DELIMITERS
    assert (index.keys["message"].type, index.keys["message"].index_all) == ("json", True)
    tag = answered["ListTagResources"].body.tag_resources[0]
    assert (tag.resource_id, tag.tag_key, tag.tag_value) == (
        f"{PROJECT}#{STORE}",
        "made-by",
        "a-test",
    )
    assert refusal(lambda: CALLS["GetProject"](sdk)).code == "ProjectNotExist"


def test_what_is_changed_is_read_changed(cloud: LocalCloud, sdk: Any) -> None:
    """A new description and a new retention are read; what was not said stays."""
    make_store(cloud)
    CALLS["UpdateProject"](sdk)
    CALLS["UpdateLogStore"](sdk)
    assert CALLS["GetProject"](sdk).body.description == "changed by a test"
    store = CALLS["GetLogStore"](sdk).body
    assert (store.ttl, store.shard_count) == (30, 2)


def test_a_project_goes_with_all_that_is_in_it(cloud: LocalCloud, sdk: Any) -> None:
    """The next project of that name begins empty."""
    make_store(cloud)
    CALLS["DeleteProject"](sdk)
    cloud.log.create_project(PROJECT)
    assert CALLS["ListLogStores"](sdk).body.logstores == []


@pytest.mark.parametrize(
    ("there", "call", "refused"),
    [
        ("", "GetProject", ("ProjectNotExist", 404)),
        ("", "DeleteProject", ("ProjectNotExist", 404)),
        ("", "CreateLogStore", ("ProjectNotExist", 404)),
        ("", "GetLogStoreLogs", ("ProjectNotExist", 404)),
        ("project", "CreateProject", ("ProjectAlreadyExist", 400)),
        ("project", "GetLogStore", ("LogStoreNotExist", 404)),
        ("project", "DeleteLogStore", ("LogStoreNotExist", 404)),
        ("project", "CreateIndex", ("LogStoreNotExist", 404)),
        ("store", "CreateLogStore", ("LogStoreAlreadyExist", 400)),
        ("store", "GetIndex", ("IndexConfigNotExist", 400)),
        ("store", "UpdateIndex", ("IndexConfigNotExist", 400)),
        ("store", "DeleteIndex", ("IndexConfigNotExist", 400)),
        ("index", "CreateIndex", ("IndexAlreadyExist", 400)),
        ("another's project", "CreateProject", ("ProjectAlreadyExist", 400)),
        ("another's project", "GetProject", ("Unauthorized", 401)),
    ],
)
def test_what_is_or_is_not_there_is_told_as_documented(
    cloud: LocalCloud, sdk: Any, there: str, call: str, refused: tuple[str, int]
) -> None:
    """Each call says by its code and status what is missing or already there."""
    if there == "another's project":
        cloud.log.create_project(PROJECT, owner="1111111111111111")
    elif there == "project":
        cloud.log.create_project(PROJECT)
    elif there:
        make_store(cloud, WHOLE if there == "index" else None)
    error = refusal(lambda: CALLS[call](sdk))
    if there == "another's project":
        cloud.log.delete_project(PROJECT)
    assert (error.code, error.status) == refused


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda log: log.create_project("Some_Logs"), "ParameterInvalid"),
        (lambda log: log.create_store(PROJECT, "-", {"ttl": 1}), "LogStoreInfoInvalid"),
        (lambda log: log.create_store(PROJECT, "no-ttl", {"shardCount": 1}), "ParameterInvalid"),
        (lambda log: log.update_store(PROJECT, STORE, {"ttl": 3651}), "ParameterInvalid"),
        (lambda log: log.update_store(PROJECT, STORE, {"shardCount": 3}), "ParameterInvalid"),
        (lambda _: Index.parse({}), "IndexInfoInvalid"),
        (lambda _: Index.parse({"line": {}, "keys": {}}), "IndexInfoInvalid"),
        (lambda _: Index.parse({"line": {"chn": False}}), "IndexInfoInvalid"),
        (lambda _: Index.parse({"keys": {"a": {"type": "text"}}}), "IndexInfoInvalid"),
        (lambda _: Index.parse({"keys": {"a": {"token": []}}}), "IndexInfoInvalid"),
    ],
)
def test_what_cannot_be_is_refused(
    cloud: LocalCloud, make: Callable[[Any], object], code: str
) -> None:
    """Names, retentions and indexes that Log Service would not take are not taken."""
    make_store(cloud)
    with pytest.raises(LogError) as refused:
        make(cloud.log)
    assert refused.value.code == code


def test_lists_come_in_pages(cloud: LocalCloud, sdk: Any) -> None:
    """Pages show each project once, by name; a name asked for shows only its like."""
    for number in range(5):
        cloud.log.create_project(f"logs-{number}")

    def page(**asked: Any) -> list[str]:
        body = sdk.list_project(models.ListProjectRequest(**asked)).body
        assert body.count == len(body.projects)
        return [project.project_name for project in body.projects]

    assert [page(offset=at, size=2) for at in (0, 2, 4)] == [
        ["logs-0", "logs-1"],
        ["logs-2", "logs-3"],
        ["logs-4"],
    ]
    assert page(project_name="gs-3") == ["logs-3"]


@pytest.mark.parametrize("name", CALLS)
def test_each_call_needs_its_permission_on_its_resource(cloud: LocalCloud, name: str) -> None:
    """A role with all but it is refused, told the action and the resource; with it alone, not."""
    if name not in ("CreateProject", "CreateLogStore", "CreateIndex"):
        make_store(cloud)
    if name == "CreateLogStore":
        cloud.log.create_project(PROJECT)
    if name == "CreateIndex":
        make_store(cloud, None)
    action = f"log:{name}"
    arn = f"acs:log:{cloud.region}:{cloud.account_id}:{RESOURCES[name]}"
    others = {**policies.allow(action), "Effect": "Deny"}
    without = role(cloud, policies.allow("log:*"), others)
    error = refusal(lambda: CALLS[name](clients(cloud, without).log))
    assert (error.code, error.status, error.denied) == ("Unauthorized", 401, True)
    assert f"denied by sts or ram, action: {action}, resource: {arn}" in str(error)
    allowing = [policies.allow(action, arn)]
    if name == "GetLogStoreLogs":
        allowing.append(policies.allow(action, f"{arn}/logstore/{STORE}"))
        for each in allowing:
            call = functools.partial(CALLS[name], clients(cloud, role(cloud, each)).log)
            assert refusal(call).refused == (action,)
    allowed = role(cloud, *allowing)
    assert CALLS[name](clients(cloud, allowed).log).status_code == 200


def test_credentials_must_be_known_and_of_today(cloud: LocalCloud) -> None:
    """A wrong secret, an unknown key, a wrong token and an expired one are each refused."""
    good = role(cloud, policies.allow("log:*"))
    held = [
        good._replace(access_key_secret="wrong"),
        good._replace(access_key_id="STS.Nobody"),
        good._replace(security_token="wrong"),
        good,
    ]
    CALLS["ListProject"](clients(cloud, good).log)
    cloud.clock.advance(3601)

    def refused(credentials: Credentials) -> CloudError:
        return refusal(lambda: CALLS["ListProject"](clients(cloud, credentials).log))

    errors = [refused(each) for each in held]
    assert [error.status for error in errors] == [401] * 4
    assert ["renew them" in str(error) for error in errors] == [True] * 4
    assert errors[0].code == "SignatureNotMatch"


def test_a_fault_is_told_in_log_service_s_way(cloud: LocalCloud, sdk: Any) -> None:
    """An ordered failure reaches the SDK as Log Service's own would."""
    make_store(cloud)
    busy = Fail(503, "ServerBusy", "The server is busy, please try again later.")
    cloud.faults.add("log:GetLogStore", busy, subject=f"{PROJECT}/{STORE}")
    error = refusal(lambda: CALLS["GetLogStore"](sdk))
    assert (error.code, error.status) == ("ServerBusy", 503)
    assert "too many requests" in str(error)
    assert CALLS["GetLogStore"](sdk).status_code == 200
