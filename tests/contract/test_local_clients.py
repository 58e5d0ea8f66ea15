"""The ready SDK clients of a local cloud."""

import sys
from collections.abc import Callable, Iterator

import pytest
from alibabacloud_config20200907.models import ListConfigRulesRequest
from alibabacloud_fc20230330.models import ListFunctionsRequest
from alibabacloud_fc_open20210406.models import ListServicesRequest
from alibabacloud_mns_open20220119.models import CreateQueueRequest, ListTopicRequest
from alibabacloud_ram20150501.models import ListRolesRequest
from alibabacloud_sls20201230.models import (
    GetProjectRequest,
    ListProjectRequest,
)
from mns.queue import Message

from scripts.localcloud import LocalCloud
from scripts.localcloud.clients import Clients


@pytest.fixture(scope="module")
def clients() -> Iterator[Clients]:
    """Those of a cloud of these tests' own, with a log project in it."""
    with LocalCloud(region="cn-hangzhou") as cloud:
        cloud.log.create_project("some-logs")
        yield cloud.clients


@pytest.mark.parametrize(
    "ask",
    [
        lambda clients: clients.fc.list_services(ListServicesRequest()),
        lambda clients: clients.fc3.list_functions(ListFunctionsRequest()),
        lambda clients: clients.ram.list_roles(ListRolesRequest()),
        lambda clients: clients.sts.get_caller_identity(),
        lambda clients: clients.config.list_config_rules(ListConfigRulesRequest()),
        lambda clients: clients.mns.list_topic(ListTopicRequest()),
        lambda clients: clients.log.list_project(ListProjectRequest()),
    ],
)
def test_each_is_answered(clients: Clients, ask: Callable[[Clients], object]) -> None:
    """With the account's own key, in the cloud's region."""
    assert getattr(ask(clients), "status_code", None) == 200


def test_buckets_are_where_they_are_asked_for(clients: Clients) -> None:
    """In the cloud's region, or in the one that is named."""
    clients.bucket("here").create_bucket()
    clients.bucket("there", "cn-beijing").create_bucket()
    found = {each.name: each.location for each in clients.oss.list_buckets().buckets}
    assert found == {"here": "oss-cn-hangzhou", "there": "oss-cn-beijing"}


def test_messages_are_sent_and_received(clients: Clients) -> None:
    """By the SDK for messages, on a queue that the other one made."""
    clients.mns.create_queue(CreateQueueRequest(queue_name="parcels"))
    queue = clients.messages.get_queue("parcels")
    queue.send_message(Message("hello"))
    assert queue.receive_message(0).message_body == b"hello"


def test_a_project_is_asked_by_its_name(clients: Clients) -> None:
    """Although before an address no name can stand."""
    assert (
        clients.log.get_project("some-logs", GetProjectRequest()).body.project_name == "some-logs"
    )


def test_what_is_not_installed_is_said_with_what_to_install(
    clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When it is first asked for, and not before."""
    monkeypatch.setitem(sys.modules, "oss2", None)
    with pytest.raises(ImportError, match=r"pip install 'alicloud-local\[oss\]'"):
        clients.bucket("photos")
