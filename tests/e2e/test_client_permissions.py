"""The page's rows of the Serverless Devs client, tried by replay of what it was recorded to ask.

Each command's requests are sent by a RAM user who has exactly that row's statements.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scripts.declared import Generation
from scripts.docs.permissions import CLIENT
from scripts.localcloud.ram import policies
from scripts.localcloud.ram.state import Credentials as Key
from tests import permission_map
from tests.account import Account
from tests.contract import test_serverless_devs_fc2 as client
from tests.contract import test_serverless_devs_fc3 as client_alone
from tests.contract.fc_helpers import Answer
from tests.contract.test_serverless_devs_fc2 import NOTIFIER, RECORDED, RECORDED_OWN_SPEC
from tests.permission_map import Statements, Tried, without
from tests.ram_user import asked_of_users, rewrite, user_who_may
from tests.ram_user import client as ram_client

_NOTHING = {"*": ("none:Nothing",)}  # as a policy has one statement at least
TABLES = {each: permission_map.told(each) for each in Generation}
ROLE, ROLE_ALONE = "resource-repair-role", "resource-repair-fc-role"  # as they were recorded
# Which s.fc3.yaml never is: it has the role of its trigger.
_NOT_OURS = "deploy-without-invocation-role"


# Not recorded: what a deploy asks for whose s.yaml has another policy than the account, by the
# source of the client's component `ram` (src/utils/ram.ts, updatePolicy).
POLICY = "AliyunFcGeneratedMNSPolicy-cn-shanghai-resource-repair"
CHANGED: tuple[dict[str, str], ...] = (
    {"Action": "ListPolicyVersions", "PolicyType": "Custom"},
    {
        "Action": "CreatePolicyVersion",
        "PolicyDocument": json.dumps(policies.document(policies.allow("mns:SendMessage"))),
        "SetAsDefault": "true",
    },
    {"Action": "DeletePolicyVersion", "VersionId": "v1"},
)


class Replay:
    """A recording, sent by users who may what the page says; each step can be gone back to."""

    def __init__(self, account: Account) -> None:
        self.cloud = account.cloud
        self._send = _sender(account)
        self._table = TABLES[account.generation]
        self.cloud.mns.create_topic("MNSTestConfig")
        self.cloud.log.create_project(account.log_project)
        self.cloud.log.create_store(account.log_project, "audit", {"ttl": 30, "shardCount": 2})
        self.cloud.ram.create_role(NOTIFIER, policies.trust("mns.aliyuncs.com"))
        self._ram = ram_client(self.cloud)
        self._users = {command: self._user(command) for command in CLIENT}
        self.refused: dict[str, list[str]] = {command: [] for command in CLIENT}

    def send(self, request: dict[str, Any]) -> tuple[int, str]:
        """Status and code; before that, each action that is new is found to be needed for it."""
        command = command_of(request["scenario"])
        before = self.cloud.snapshot()
        with asked_of_users(self.cloud) as asked:
            answer = self._send(request, self._users[command])
        assert self.cloud.wait_idle()
        after = self.cloud.snapshot()
        for action in asked - set(self.refused[command]):
            self.cloud.rollback(before)
            self._refuse(command, action, request)
        self.cloud.rollback(after)
        return answer.status, client.error(answer, "Code")

    def _refuse(self, command: str, action: str, request: dict[str, Any]) -> None:
        left = without(self._table[command], action) or _NOTHING
        rewrite(self._ram, f"{_name(command)}-0", self._document(left))
        answer = self._send(request, self._users[command])
        assert answer.status == 403, (command, action)
        assert action in answer.body.decode()
        self.refused[command].append(action)

    def _user(self, command: str) -> Key:
        return user_who_may(self._ram, _name(command), self._document(self._table[command]))

    def _document(self, statements: Statements) -> str:
        return permission_map.document(self.cloud.account_id, self.cloud.region, statements)


def _sender(account: Account) -> Callable[[dict[str, Any], Key], Answer]:
    """What sends a recorded request, signed with a key."""

    def with_a_service(request: dict[str, Any], key: Key) -> Answer:
        return client.replay(account.cloud, request, key)

    alone = client_alone.Replay(account.cloud).send
    return with_a_service if account.generation is Generation.FC2 else alone


def command_of(scenario: str) -> str:
    """`s info` and `s plan` only look, as a deploy does first."""
    kind = scenario.split("-", maxsplit=1)[0].rstrip("0123456789")
    return "s deploy" if kind in ("info", "plan") else f"s {kind}"


def changed(params: dict[str, str]) -> dict[str, Any]:
    """A request of a deploy with another policy, in the recordings' form."""
    return {
        "scenario": "deploy-policy-changed",
        "n": params["Action"],
        "service": "ram",
        "method": "GET",
        "path": "/",
        "headers": {},
        "answered": {"status": 200},
        "params": {"PolicyName": POLICY, "Version": "2015-05-01", **params},
    }


def _name(command: str) -> str:
    return command.replace(" ", "-")


@pytest.mark.parametrize("generation", [Generation.FC2], ids=str, indirect=True)
@pytest.mark.parametrize("recording", [RECORDED, RECORDED_OWN_SPEC], ids=lambda path: path.stem)
def test_the_clients_rows_suffice_and_each_action_is_needed(
    recording: Path, account: Account
) -> None:
    """Each request is answered as recorded, and refused by name without one of its actions."""
    own = recording == RECORDED_OWN_SPEC
    replay = Replay(account)
    differing = []
    requests = client.recorded(account.cloud, recording)
    if own:
        requests += map(changed, CHANGED)
    for request in requests:
        if own and (request["scenario"], request["n"]) == ("deploy-role-mended", 1):
            account.cloud.ram.detach(ROLE, "System", "AliyunOSSFullAccess")
        wanted = request["answered"]["status"], request["answered"].get("code", "")
        if not own and request.get("params", {}).get("RoleName") == NOTIFIER:
            wanted = 200, ""  # it was not there then
        if (given := replay.send(request)) != wanted:
            differing.append((request["scenario"], request["n"], given, wanted))
    assert differing == []
    judge(replay, Generation.FC2, all_of_it=own)


@pytest.mark.parametrize("generation", [Generation.FC3], ids=str, indirect=True)
@pytest.mark.parametrize(
    "recording",
    [client_alone.RECORDED, client_alone.RECORDED_OWN_SPEC],
    ids=lambda path: path.stem,
)
def test_the_clients_rows_of_3_0_suffice_and_each_action_is_needed(
    recording: Path, account: Account
) -> None:
    """Each request is answered as recorded, and refused by name without one of its actions."""
    for role in (ROLE, ROLE_ALONE):
        account.cloud.ram.create_role(role, policies.trust("fc.aliyuncs.com"))
    replay = Replay(account)
    differing = []
    for request in client.recorded(account.cloud, recording):
        if request["scenario"] == _NOT_OURS:
            continue
        wanted = request["answered"]["status"], request["answered"].get("code", "")
        if wanted == (404, "NotFound"):  # the recorders' stand-in knew no lists
            wanted = 200, ""
        if (given := replay.send(request)) != wanted:
            differing.append((request["scenario"], request["n"], given, wanted))
    assert differing == []
    judge(replay, Generation.FC3, all_of_it=recording == client_alone.RECORDED_OWN_SPEC)


def judge(replay: Replay, generation: Generation, *, all_of_it: bool) -> None:
    """Hold what was needed to the page's rows, and those to what it says was tried.

    Of some recordings all of it was needed; of the others no more.
    """
    table, tried = TABLES[generation], permission_map.tried(generation)
    needed = {command: sorted(actions) for command, actions in replay.refused.items()}
    told = {command: sorted(a for on in table[command].values() for a in on) for command in CLIENT}
    if not all_of_it:
        assert all(set(needed[command]) <= set(told[command]) for command in CLIENT)
        return
    assert needed == told
    for command, actions in told.items():
        assert tried[command] == Tried(len(table[command]), len(actions), 2)
