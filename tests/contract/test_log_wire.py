"""Log Service's requests to the byte: who signed them, and that nothing in them is passed over."""

import base64
import contextlib
import email.utils
import hashlib
import hmac
import http.client
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from alibabacloud_sls20201230 import models

from scripts.localcloud import LocalCloud
from scripts.localcloud.log.api import TABLE
from tests.contract.log_helpers import PROJECT, STORE, make_store, refusal, until_seen
from tests.parts import clients


@pytest.fixture(scope="module")
def cloud() -> Iterator[LocalCloud]:
    """A cloud with a project, a store and an index."""
    with LocalCloud(time_scale=0) as cloud:
        make_store(cloud)
        yield cloud


def ask(
    cloud: LocalCloud,
    path: str,
    body: bytes = b"",
    sent: bytes | None = None,
    method: str = "POST",
    **headers: str,
) -> tuple[int, str, str]:
    """Status, error code and message over plain HTTP, signed as documented.

    `sent` goes in place of `body`, and `headers` in place of the right ones.
    """
    key = cloud.credentials
    known = {
        "Date": email.utils.formatdate(usegmt=True),
        "Content-MD5": hashlib.md5(body).hexdigest().upper() if body else "",  # noqa: S324
        "x-log-apiversion": "0.6.0",
        "x-log-signaturemethod": "hmac-sha1",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    own = sorted(name for name in known if name.startswith("x-log-") and name != "x-log-date")
    lines = "".join(f"{name}:{known[name]}\n" for name in own)
    text = f"{method}\n{known['Content-MD5']}\n\n{known['Date']}\n{lines}{path}"
    digest = hmac.new(key.access_key_secret.encode(), text.encode(), "sha1").digest()
    signature = f"LOG {key.access_key_id}:{base64.b64encode(digest).decode()}"
    return send(
        cloud, method, path, body if sent is None else sent, {"Authorization": signature, **known}
    )


def send(
    cloud: LocalCloud, method: str, path: str, body: bytes, headers: dict[str, str]
) -> tuple[int, str, str]:
    """Status, error code and message."""
    port = cloud.listeners["log"].port
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port)) as connection:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        told = json.loads(answer.read() or b"{}")
        told = told if isinstance(told, dict) else {}
        return answer.status, told.get("errorCode", ""), told.get("errorMessage", "")


BODY = b'{"projectName": "plain-logs", "description": ""}'


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        ({"path": "/", "body": BODY}, (200, "")),
        ({"path": "/tag", "body": b"{}"}, (400, "ParameterInvalid")),
        ({"path": "/", "body": b"[]"}, (400, "PostBodyInvalid")),
        ({"path": "/", "body": b"{"}, (400, "PostBodyInvalid")),
        ({"path": "/", "body": b'{"a":' * 2000}, (400, "PostBodyInvalid")),
        ({"path": "/", "body": BODY, "sent": b"{}"}, (400, "PostBodyInvalid")),
        ({"path": "/tag", "body": b'{"tags": ["a"]}'}, (400, "ParameterInvalid")),
        ({"path": "/nowhere"}, (501, "NotImplemented")),
        ({"path": "/", "Host": "example.com"}, (400, "InvalidHost")),
        ({"path": "/shards", "Host": "no-logs.localhost"}, (501, "NotImplemented")),
        ({"path": "/shards", "Host": "no-logs.192.0.2.7:9006"}, (501, "NotImplemented")),
        ({"path": "/", "Authorization": "Bearer x"}, (400, "MissAccessKeyId")),
        ({"path": "/", "x_log_apiversion": "0.7.0"}, (400, "InvalidAPIVersion")),
        ({"path": "/", "x_log_apiversion": ""}, (400, "MissingAPIVersion")),
        ({"path": "/", "x_log_signaturemethod": "none"}, (400, "InvalidSignatureMethod")),
        ({"path": "/", "Date": "yesterday"}, (400, "InvalidRequestTime")),
        (
            {"path": "/", "Date": "Mon, 01 Jan 2024 00:00:00 GMT"},
            (400, "RequestTimeExpired"),
        ),
    ],
)
def test_requests_are_verified_to_the_byte(
    cloud: LocalCloud, request_: dict[str, Any], answer: tuple[int, str]
) -> None:
    """Only the body, the date, the host and the headers that were signed get through."""
    assert ask(cloud, **request_)[:2] == answer


IN_PROJECT = f"{PROJECT}.127.0.0.1"


@pytest.mark.fidelity(30)
def test_x_log_date_is_no_part_of_the_signature(cloud: LocalCloud) -> None:
    """It may come beside Date, for proxies that take that away, and is not signed."""
    now = email.utils.formatdate(usegmt=True)
    assert ask(cloud, "/", method="GET", x_log_date=now)[0] == 200
    assert ask(cloud, "/", method="GET", x_log_date=now, Date=now, x_log_none="")[0] == 501


def v4(
    cloud: LocalCloud, *, region: str = "cn-shanghai", late: float = 0, sent: bytes = b""
) -> Any:
    """What is answered to a request with signature V4; `late` seconds old, and sent a body."""
    key, date = cloud.credentials, time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() - late))
    headers = {
        "host": IN_PROJECT,
        "x-log-apiversion": "0.6.0",
        "x-log-content-sha256": hashlib.sha256(b"").hexdigest(),
        "x-log-date": date,
    }
    lines = "".join(f"{name}:{value}\n" for name, value in sorted(headers.items()))
    query = "logstoreName=a%2Fb%20c&size=1"
    signed = [
        "GET",
        "/logstores",
        query,
        lines,
        ";".join(sorted(headers)),
        headers["x-log-content-sha256"],
    ]
    scope = f"{date[:8]}/{region}/sls/aliyun_v4_request"
    hashed = hashlib.sha256("\n".join(signed).encode()).hexdigest()
    secret = f"aliyun_v4{key.access_key_secret}".encode()
    for part in scope.split("/"):
        secret = hmac.digest(secret, part.encode(), "sha256")
    text = f"SLS4-HMAC-SHA256\n{date}\n{scope}\n{hashed}"
    signature = hmac.digest(secret, text.encode(), "sha256").hex()
    pair = f"Credential={key.access_key_id}/{scope},Signature={signature}"
    headers["Authorization"] = f"SLS4-HMAC-SHA256 {pair}"
    return send(cloud, "GET", "/logstores?size=1&logstoreName=a%2Fb+c", sent, headers)


@pytest.mark.fidelity(30)
def test_signature_v4_is_verified_too(cloud: LocalCloud) -> None:
    """Its date, its region and the digest of the body must be right as well."""
    assert v4(cloud)[0] == 200
    assert v4(cloud, late=901)[:2] == (400, "RequestTimeExpired")
    assert v4(cloud, region="cn-beijing")[:2] == (401, "SignatureNotMatch")
    assert v4(cloud, sent=b"{}")[:2] == (400, "PostBodyInvalid")
    pair = {"Authorization": "SLS4-HMAC-SHA256 Credential=a", "Host": IN_PROJECT}
    assert ask(cloud, "/", method="GET", **pair)[:2] == (400, "ParameterInvalid")


@pytest.mark.fidelity(35)
@pytest.mark.parametrize(
    ("request_", "named"),
    [
        ({"method": "GET", "path": f"/logstores/{STORE}/shards"}, f"/logstores/{STORE}/shards"),
        ({"method": "GET", "path": "/?fetchQuota=true"}, "fetchQuota"),
        ({"method": "GET", "path": f"/logstores/{STORE}?type=topic"}, "type"),
        ({"method": "PUT", "path": "/alerts/a?action=pause"}, "action"),
        ({"method": "DELETE", "path": "/?forceDelete=true"}, "forceDelete"),
        ({"method": "GET", "path": "/", "x_log_progress": "1"}, "x-log-progress"),
        ({"path": "/logstores", "body": b'{"logstoreName": "s", "ttl": 1, "tt": 2}'}, ": tt"),
        ({"path": f"/logstores/{STORE}/logs", "body": b'{"from": 0, "pages": 1}'}, ": pages"),
        ({"path": f"/logstores/{STORE}/logs", "body": b'{"session": "mode=scan"}'}, "session"),
        ({"path": f"/logstores/{STORE}/logs", "body": b'{"highlight": true}'}, "highlight"),
        ({"path": f"/logstores/{STORE}/logs", "body": b'{"fromNs": 5}'}, "fromNs"),
        ({"path": f"/logstores/{STORE}/logs", "body": b'{"forward": true}'}, "forward"),
        ({"path": f"/logstores/{STORE}/logs", "body": b'{"powerSql": true}'}, "powerSql"),
        ({"path": f"/logstores/{STORE}/index", "body": b'{"line": {"a": 1}}'}, "line.a"),
        ({"path": f"/logstores/{STORE}/index", "body": b'{"keys": {"k": {"a": 1}}}'}, "keys.k.a"),
        (
            {"path": f"/logstores/{STORE}/index", "body": b'{"line": {"chn": true, "token": []}}'},
            "chn",
        ),
        ({"path": "/", "body": b'{"projectName": "abc", "dataRedundancyType": "ZRS"}'}, "dataRed"),
    ],
)
def test_what_is_not_known_is_refused_by_name(
    cloud: LocalCloud, request_: dict[str, Any], named: str
) -> None:
    """An operation, a name or a value that nothing here is done with is never passed over."""
    host = {} if request_["path"].startswith("/?fetch") else {"Host": IN_PROJECT}
    status, code, message = ask(cloud, **host, **request_)
    assert (status, code) == (501, "NotImplemented")
    assert named in message
    assert cloud.journal.entries("log")[-1].details["message"] == message


def test_each_row_names_its_page_and_its_resource() -> None:
    """Nothing is asked of RAM for a name that the request does not have."""
    for row in TABLE:
        assert row.page
        for resource in row.resources:
            names = {part.strip("{}") for part in row.parts if part.startswith("{")}
            known = dict.fromkeys({*names, "region", "account", "project"}, "x")
            assert resource == "*" or resource.format(**known).startswith("acs:log:")


@pytest.mark.fidelity(22)
def test_what_is_new_is_unseen_at_first() -> None:
    """Two requests do not see a new project or store, in lists either."""
    with LocalCloud(time_scale=0) as cloud:
        sdk = clients(cloud).log
        sdk.create_project(models.CreateProjectRequest(project_name=PROJECT, description=""))
        before = cloud.snapshot()
        for _ in range(2):
            assert sdk.list_project(models.ListProjectRequest()).body.total == 0
            cloud.rollback(before)
            assert (
                refusal(lambda: sdk.get_project(PROJECT, models.GetProjectRequest())).status == 404
            )
            before = cloud.snapshot()
        assert sdk.list_project(models.ListProjectRequest()).body.total == 1

        request = models.CreateLogStoreRequest(logstore_name=STORE, ttl=1, shard_count=1)
        sdk.create_log_store(PROJECT, request)
        assert refusal(lambda: sdk.get_index(PROJECT, STORE)).code == "LogStoreNotExist"
        stores = sdk.list_log_stores(PROJECT, models.ListLogStoresRequest()).body
        assert stores.logstores == []
        assert sdk.get_log_store(PROJECT, STORE).body.ttl == 1


@pytest.mark.fidelity(32)
def test_what_was_deleted_lingers() -> None:
    """Two requests still see it, and it cannot be made anew meanwhile."""
    with LocalCloud(time_scale=0) as cloud:
        sdk = clients(cloud).log
        make_store(cloud)
        store = models.CreateLogStoreRequest(logstore_name=STORE, ttl=1, shard_count=1)
        sdk.delete_log_store(PROJECT, STORE)
        assert sdk.get_log_store(PROJECT, STORE).body.ttl == 365
        error = refusal(lambda: sdk.create_log_store(PROJECT, store))
        assert error.code == "LogStoreAlreadyExist"
        assert refusal(lambda: sdk.get_log_store(PROJECT, STORE)).code == "LogStoreNotExist"
        sdk.create_log_store(PROJECT, store)

        project = models.CreateProjectRequest(project_name=PROJECT, description="")
        sdk.delete_project(PROJECT, models.DeleteProjectRequest())
        assert sdk.get_project(PROJECT, models.GetProjectRequest()).body.project_name == PROJECT
        assert refusal(lambda: sdk.create_project(project)).code == "ProjectAlreadyExist"
        sdk.create_project(project)
        listed = until_seen(lambda: sdk.list_log_stores(PROJECT, models.ListLogStoresRequest()))
        assert listed.body.logstores == []


@pytest.mark.fidelity(32)
def test_there_are_no_more_than_the_limits() -> None:
    """50 projects of an account, 200 stores of a project, 64 characters of a description."""
    with LocalCloud(time_scale=0) as cloud:
        sdk = clients(cloud).log
        for number in range(50):
            cloud.log.create_project(f"logs-{number}")
        project = models.CreateProjectRequest(project_name=PROJECT, description="")
        assert refusal(lambda: sdk.create_project(project)).code == "ProjectQuotaExceed"
        for number in range(200):
            cloud.log.create_store("logs-0", f"store-{number}", {"ttl": 1, "shardCount": 1})
        store = models.CreateLogStoreRequest(logstore_name=STORE, ttl=1, shard_count=1)
        refused = refusal(lambda: sdk.create_log_store("logs-0", store))
        assert (refused.status, refused.code) == (400, "ProjectQuotaExceed")
        described = models.UpdateProjectRequest(description="ü" * 64)
        sdk.update_project("logs-1", described)
        described.description += "x"
        assert refusal(lambda: sdk.update_project("logs-1", described)).code == "ParameterInvalid"
        cloud.log.delete_project("logs-2")
        project.description = described.description
        assert refusal(lambda: sdk.create_project(project)).code == "ParameterInvalid"
