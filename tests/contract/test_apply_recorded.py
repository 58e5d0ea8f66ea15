"""What `apply` asks of Alibaba Cloud, against what the real client was recorded to ask."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from scripts.localcloud.cloud import LocalCloud
from scripts.localcloud.http import Request
from tests.account import TOPIC, Account
from tests.parts import project

RECORDING = Path(__file__).parent / "serverless_devs_fc2.jsonl"
RECORDED = Path(__file__).parent / "fixtures/recorded.s.yaml"
ACCOUNT = "1234567890123456"

# The fields by which the two must agree, per request that makes something. The client sends more:
# defaults of Function Compute, written out (instanceType, vpcConfig, …), and names of its own
# (filename, service); a role's description, for which it sends the text "undefined".
MEANT = {
    "CreateRole": ["RoleName", "AssumeRolePolicyDocument"],
    "AttachPolicyToRole": ["PolicyName", "PolicyType", "RoleName"],
    "CreateService": [
        "serviceName",
        "description",
        "role",
        "logConfig.project",
        "logConfig.logstore",
        "logConfig.logBeginRule",
    ],
    "CreateFunction": [
        "functionName",
        "description",
        "handler",
        "runtime",
        "memorySize",
        "timeout",
        "environmentVariables",
        "code.zipFile",
    ],
    "CreateTrigger": [
        "triggerName",
        "triggerType",
        "triggerConfig",
        "invocationRole",
        "sourceArn",
    ],
}
FC_PATHS = {
    "services": "CreateService",
    "functions": "CreateFunction",
    "triggers": "CreateTrigger",
}


def recorded() -> dict[str, dict[str, Any]]:
    """The real client's requests of its first deploy that made something, by operation."""
    lines = map(json.loads, RECORDING.read_text("utf-8").splitlines())
    requests = {}
    for line in (line for line in lines if line["scenario"] == "deploy1"):
        if line["service"] == "ram":
            requests[line["params"]["Action"]] = line["params"]
        elif line["method"] == "POST":
            requests[FC_PATHS[line["path"].rpartition("/")[2]]] = line["body"]
    return {operation: requests[operation] for operation in MEANT}


def fields(request: dict[str, Any], names: list[str]) -> dict[str, Any]:
    """The named fields of a request, whichever of its two forms the trigger's settings have."""
    chosen = {}
    for name in names:
        value: Any = request
        for part in name.split("."):
            value = value[part]
        is_text = name == "triggerConfig" and isinstance(value, str)
        chosen[name] = json.loads(value) if is_text else value
    return chosen


def parameters(request: Request) -> dict[str, Any]:
    """What a request says: RAM's in its query, Function Compute's in its body."""
    if request.body.startswith(b"{"):
        body = json.loads(request.body)
        assert isinstance(body, dict)
        return body
    return dict(request.params)


@pytest.fixture(scope="module")
def applied(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The requests of an apply of the same deployment that made something, by operation."""
    folder = tmp_path_factory.mktemp("recorded")
    with LocalCloud(account_id=ACCOUNT) as cloud:
        cloud.mns.create_topic(TOPIC)
        account = Account(cloud, folder)
        project(folder, RECORDED)
        account.deploy()
        requests = {e.action: parameters(e.details["request"]) for e in account.writes()}
    zipped = requests["CreateFunction"]["code"]["zipFile"]
    assert base64.b64decode(zipped) == (folder / "function.zip").read_bytes()
    requests["CreateFunction"]["code"]["zipFile"] = "<base64 zip>"  # as in the recording
    return requests


@pytest.mark.parametrize("operation", MEANT)
def test_apply_asks_for_what_the_client_asks_for(
    applied: dict[str, dict[str, Any]], operation: str
) -> None:
    """For the recorded deployment, each thing is made with the same meaning as by the client."""
    names = MEANT[operation]
    assert fields(applied[operation], names) == fields(recorded()[operation], names)


def test_apply_makes_nothing_else(applied: dict[str, dict[str, Any]]) -> None:
    """For the recorded deployment, nothing is made that the client does not make."""
    assert set(applied) == set(MEANT)
