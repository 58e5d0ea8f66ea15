"""Services that accept a connection and say nothing: how long that is borne, and what is told."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from alibabacloud_config20200907 import models as config
from alibabacloud_fc_open20210406 import models as fc
from alibabacloud_mns_open20220119 import models as mns
from alibabacloud_ram20150501 import models as ram

from scripts import patience
from scripts.account.buckets import Bucket, account_blocks_public_access
from scripts.account.clients import Clients, Endpoints, calling
from scripts.account.function import Function
from scripts.account.resource import Difference
from scripts.account.topic import publish
from scripts.errors import CloudError
from scripts.localcloud import Fail, LocalCloud, Stall
from scripts.patience import patiently
from tests.account import Account
from tests.parts import credentials, zipped

SHORT = 0.2  # seconds; nothing here waits for what it would on an account
LONG = Stall(60)  # until the cloud stops

Call = Callable[[Clients], object]


def _caller(clients: Clients) -> object:
    return clients.account_id


def _role(clients: Clients) -> object:
    with calling("ram:GetRole", "a-role"):
        return clients.ram.get_role(ram.GetRoleRequest(role_name="a-role"))


def _service(clients: Clients) -> object:
    with calling("fc:GetService", "a-service"):
        return clients.fc.get_service("a-service", fc.GetServiceRequest())


def _rules(clients: Clients) -> object:
    with calling("config:ListConfigRules", "the account"):
        return clients.config.list_config_rules(config.ListConfigRulesRequest())


def _queue(clients: Clients) -> object:
    with calling("mns:GetQueueAttributes", "a-queue"):
        request = mns.GetQueueAttributesRequest(queue_name="a-queue")
        return clients.mns.get_queue_attributes(request)


def _message(clients: Clients) -> object:
    return publish(clients, "a-topic", b"{}")


def _log_store(clients: Clients) -> object:
    with calling("log:GetLogStore", "some-logs/audit"):
        return clients.log.get_log_store("some-logs", "audit")


def _bucket(clients: Clients) -> object:
    return Bucket(clients, "a-bucket").info()


def _account_of_oss(clients: Clients) -> object:
    return account_blocks_public_access(clients)


CALLS: dict[str, Call] = {
    "sts:GetCallerIdentity": _caller,
    "ram:GetRole": _role,
    "fc:GetService": _service,
    "config:ListConfigRules": _rules,
    "mns:GetQueueAttributes": _queue,
    "mns:PublishMessage": _message,
    "log:GetLogStore": _log_store,
    "oss:GetBucketInfo": _bucket,
    "oss:GetPublicAccessBlock": _account_of_oss,
}


@pytest.fixture
def clients(account: Account) -> Clients:
    """Clients that wait but a moment for an answer, on a cloud with nothing on it."""
    cloud = account.cloud
    held, endpoints = credentials(cloud.credentials), Endpoints(**cloud.endpoints._asdict())
    return Clients(cloud.region, credentials=held, endpoints=endpoints, read_timeout=SHORT)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("operation", CALLS)
def test_no_call_waits_for_longer_than_it_is_told(
    cloud: LocalCloud, clients: Clients, monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    """Whichever service says nothing, the call ends as one without an answer, having asked once.

    With no time for a further try: it is no SDK that asks again.
    """
    monkeypatch.setattr(patience, "WITHIN", 0.0)
    clients.account_id = cloud.account_id  # asked for before, but where it is what is asked
    if operation.startswith("sts"):
        del clients.account_id
    stalled = cloud.faults.add(operation, LONG)
    with pytest.raises(CloudError) as failed:
        CALLS[operation](clients)
    assert (failed.value.unanswered, failed.value.operation) == (True, operation)
    assert stalled.met.wait(10)  # the call may have given up before it was looked at
    assert cloud.faults.take(operation, "") is None


def test_code_may_take_longer(clients: Clients, deployed: Account) -> None:
    """An upload that is answered late, as all of it must come first, is not given up for that."""
    cloud, spec = deployed.cloud, deployed.spec
    function = Function(spec, clients, zipped("other = 'code'"))
    cloud.faults.add("fc:UpdateFunction", Stall(2 * SHORT))
    function.change((Difference("code", "1", "2"),))
    clients.fc.delete_trigger(spec.service.name, spec.function.name, spec.trigger.name)
    clients.fc.delete_function(spec.service.name, spec.function.name)
    cloud.faults.add("fc:CreateFunction", Stall(2 * SHORT))
    function.create()
    assert function.live() == function.declared()


@pytest.mark.timeout(20)
def test_each_further_try_is_told(
    cloud: LocalCloud, clients: Clients, capsys: pytest.CaptureFixture[str]
) -> None:
    """Unanswered, it says in a line on stderr what was asked and when it asks again, and does."""
    cloud.faults.add("config:ListConfigRules", LONG, times=2)
    assert patiently(lambda: _rules(clients))
    said = capsys.readouterr()
    line = r"config:ListConfigRules on the account gave no answer; trying again in \d\.\d s"
    assert [bool(re.fullmatch(line, each)) for each in said.err.splitlines()] == [True, True]
    assert said.out == ""


def test_patience_around_patience_tries_no_more_often(
    cloud: LocalCloud, clients: Clients, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was tried to the end is not begun again by whoever waits around it."""
    busy = cloud.faults.add(
        "config:ListConfigRules", Fail(429, "Throttling.User"), times=100, may_be_unmet=True
    )
    with pytest.raises(CloudError, match="Throttling"):
        patiently(lambda: patiently(lambda: _rules(clients), within=SHORT), within=60)
    assert busy.met.is_set()
    assert capsys.readouterr().err.count("trying again") <= 1


@pytest.mark.timeout(20)
def test_it_comes_to_an_end_in_time(
    cloud: LocalCloud, clients: Clients, capsys: pytest.CaptureFixture[str]
) -> None:
    """No try begins after the time that it is given, however many would be left."""
    cloud.faults.add("config:ListConfigRules", LONG, times=100)
    with pytest.raises(CloudError, match="check the network"):
        patiently(lambda: _rules(clients), within=0)
    assert capsys.readouterr().err == ""
    with pytest.raises(CloudError, match="check the network"):
        patiently(lambda: _rules(clients), within=3 * SHORT)
    assert 1 <= capsys.readouterr().err.count("trying again") <= 3


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (Fail(429, "Throttling.User"), "is refused for now (Throttling.User); trying again in"),
        (Fail(404, "EntityNotExist.Role"), "finds nothing yet (EntityNotExist.Role); trying again"),
        (Fail(400, "InvalidArgument", "project 'a' does not exist"), "finds nothing yet (Invalid"),
    ],
)
def test_what_else_is_tried_again_is_told_by_its_code(
    cloud: LocalCloud,
    clients: Clients,
    capsys: pytest.CaptureFixture[str],
    fault: Fail,
    says: str,
) -> None:
    """Throttled, or too early for what was just made, the code of the refusal is told."""
    cloud.ram.create_role("a-role", {"Statement": [], "Version": "1"})
    cloud.faults.add("ram:GetRole", fault)
    assert patiently(lambda: _role(clients), after_making=True)
    assert f"ram:GetRole on a-role {says}" in capsys.readouterr().err


def test_what_is_missing_is_not_waited_for_unasked(
    clients: Clients, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was not made just before, and is not there, is told at once."""

    def look() -> Any:
        with calling("ram:GetRole", "another"):
            return clients.ram.get_role(ram.GetRoleRequest(role_name="another"))

    with pytest.raises(CloudError, match=r"EntityNotExist\.Role"):
        patiently(look)
    assert capsys.readouterr().err == ""
