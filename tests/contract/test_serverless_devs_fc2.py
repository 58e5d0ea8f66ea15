"""What the real Serverless Devs client was recorded to ask gets the recorded answers.

Each recording holds every request of the scenarios that were run, in their order, with the
signatures and the code package left out; `answered` is the status and code that a stand-in gave
then, and in the one of the project's own specification the content type and the message too. Each
request is signed anew, for this cloud's account, with a real package put in.
"""

import base64
import hashlib
import hmac
import json
import time
import urllib.parse
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts.localcloud.cloud import LocalCloud
from scripts.localcloud.ram import policies
from scripts.localcloud.ram.state import Credentials
from tests.contract.fc_helpers import Answer, send, signed, zip_file

RECORDED = Path(__file__).with_name("serverless_devs_fc2.jsonl")
RECORDED_OWN_SPEC = Path(__file__).with_name("serverless_devs_fc2_own_spec.jsonl")
NOTIFIER = "AliyunMNSNotificationRole"
RECORDED_ACCOUNT = "1234567890123456"
# What its event was to make the recorded function raise.
SOURCE = """
    def handler(event, context):
        if b"/?acl#" in event:
            raise ValueError("no bucket has such a name")
        return event
"""


@pytest.fixture
def cloud() -> Iterator[LocalCloud]:
    """A cloud with no more in it than what the recorded specifications presume."""
    with LocalCloud() as running:
        running.mns.create_topic("MNSTestConfig")
        project = running.log.create_project(f"resource-repair-{running.account_id}")
        running.log.create_store(project.name, "audit", {"ttl": 30, "shardCount": 2})
        yield running


def test_the_recorded_deployment_is_answered_as_recorded(cloud: LocalCloud) -> None:
    """Deploy, redeploy, invoke, info and remove, in order, get each recorded status and code.

    The scenarios follow from each other's state, from an empty account to an empty account. Where
    it was recorded, nobody missed the trigger's role, which a real account has by then.
    """
    differing = []
    for request in recorded(cloud, RECORDED):
        if (request["method"], request["path"].endswith("/triggers")) == ("POST", True):
            cloud.ram.create_role(NOTIFIER, policies.trust("mns.aliyuncs.com"))
        answer = replay(cloud, request)
        if NOTIFIER in cloud.ram.roles:
            cloud.ram.delete_role(NOTIFIER)
        wanted = request["answered"]["status"], request["answered"].get("code", "")
        if (answer.status, error(answer, "Code")) != wanted:
            differing.append((request["scenario"], request["n"], answer.status, answer.body))
    assert differing == []


@pytest.mark.fidelity(25)
def test_the_recorded_life_of_the_own_specification_is_answered_as_recorded(
    cloud: LocalCloud,
) -> None:
    """Deploys, invocations and the removal get each recorded status, code, type and message.

    The client reads what says that it is JSON, so an empty answer must not; and of a trigger that
    cannot be updated it tolerates one message and no other.
    """
    cloud.ram.create_role(NOTIFIER, policies.trust("mns.aliyuncs.com"))
    differing = []
    for request in recorded(cloud, RECORDED_OWN_SPEC):
        if (request["scenario"], request["n"]) == ("deploy-role-mended", 1):
            cloud.ram.detach("resource-repair-role", "System", "AliyunOSSFullAccess")
        answer = replay(cloud, request)
        wanted = {"code": "", "message": "", **request["answered"]}
        given = outcome(answer)
        if given != wanted:
            differing.append((request["scenario"], request["n"], given, wanted))
    assert differing == []


def recorded(cloud: LocalCloud, recording: Path) -> list[dict[str, Any]]:
    """The requests, for this cloud's account and with a real code package."""
    text = recording.read_text("utf-8").replace(RECORDED_ACCOUNT, cloud.account_id)
    text = text.replace("<base64 zip>", zip_file(SOURCE))
    return [json.loads(line) for line in text.splitlines()]


def replay(cloud: LocalCloud, request: dict[str, Any], key: Credentials | None = None) -> Answer:
    """Send a recorded request, signed anew, when all that was made before it is seen.

    It is signed with a key, or the account's own.
    """
    # The recorded stand-in was not strict, so that the client was never refused what is new.
    cloud.settle()
    held = key or cloud.credentials
    if request["service"] == "ram":
        query = rpc_query(held, request["method"], request["params"])
        headers = request["headers"]
        return send(cloud.endpoints.ram, request["method"], request["path"], query, b"", headers)
    body = request.get("body", "")
    text = body if isinstance(body, str) else json.dumps(body)
    return signed(
        held,
        request["method"],
        request["path"],
        text.encode(),
        {k: v for k, v in request["headers"].items() if k != "authorization"},
        urllib.parse.urlencode(request.get("query", {})),
    ).send(cloud.endpoints.fc)


def rpc_query(credentials: Credentials, method: str, params: dict[str, str]) -> str:
    """A query signed in RPC form: page "V2 RPC request body and signature mechanism"."""
    full = {
        **params,
        "Format": "JSON",
        "AccessKeyId": credentials.access_key_id,
        "SignatureMethod": "HMAC-SHA1",
        "SignatureNonce": str(uuid.uuid4()),
        "SignatureVersion": "1.0",
        "Timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
    query = urllib.parse.urlencode(sorted(full.items()), quote_via=urllib.parse.quote, safe="~")
    text = f"{method}&%2F&{urllib.parse.quote(query, safe='~')}"
    key = f"{credentials.access_key_secret}&".encode()
    digest = hmac.new(key, text.encode(), hashlib.sha1).digest()
    signature = urllib.parse.quote(base64.b64encode(digest).decode(), safe="")
    return f"{query}&Signature={signature}"


def outcome(answer: Answer) -> dict[str, Any]:
    """Of an answer what the client goes by."""
    return {
        "status": answer.status,
        "content_type": answer.headers.get("Content-Type", ""),
        "code": error(answer, "Code"),
        "message": error(answer, "Message"),
    }


def error(answer: Answer, field: str) -> str:
    """`Code` or `Message` of an error's body, of either service; empty if it is none."""
    if answer.status < 400:
        return ""
    fields = json.loads(answer.body)
    return str(fields.get(f"Error{field}") or fields.get(field))
