"""What is done to a running local cloud over HTTP."""

import http.client
import json
from collections.abc import Iterator
from typing import Any

import oss2
import pytest

from scripts.localcloud import LocalCloud
from scripts.localcloud.control import Control


class Remote:
    """Somebody with nothing but the address of a control endpoint."""

    def __init__(self, cloud: LocalCloud, control: Control) -> None:
        self.cloud = cloud
        self.address = control.url.removeprefix("http://")

    def ask(
        self, method: str, path: str, body: object = None, **headers: str
    ) -> tuple[int, dict[str, Any]]:
        """Status and document."""
        connection = http.client.HTTPConnection(self.address)
        sent = body if isinstance(body, str) else json.dumps(body) if body is not None else None
        connection.request(method, f"/_local/{path}", sent, headers)
        answer = connection.getresponse()
        document = json.loads(answer.read())
        connection.close()
        return answer.status, document

    def bucket(self) -> oss2.Bucket:
        """A bucket on the cloud."""
        return self.cloud.clients.bucket("photos")


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[LocalCloud, Control]]:
    """A cloud of these tests' own, with what controls it."""
    with LocalCloud() as cloud, Control(cloud) as control:
        yield cloud, control


@pytest.fixture
def remote(running: tuple[LocalCloud, Control]) -> Iterator[Remote]:
    """Reset, before each test, by what is tested."""
    remote = Remote(*running)
    assert remote.ask("POST", "reset") == (200, {"reset": True})
    return remote


def test_health_says_where_the_services_are(remote: Remote) -> None:
    """With the account and the region, and no key."""
    status, told = remote.ask("GET", "health")
    assert status == 200
    assert told.pop("up") is True
    where = remote.cloud.endpoints._asdict()
    assert told == {"account": remote.cloud.account_id, "region": remote.cloud.region, **where}


def test_a_reset_leaves_what_was_there_at_the_start(remote: Remote) -> None:
    """Buckets, journal, faults and time; and connections from before go on."""
    bucket = remote.bucket()
    bucket.create_bucket()
    remote.ask("POST", "faults", {"operation": "oss:PutObject", "drop": {}})
    ahead = remote.ask("POST", "clock", {"advance": 86400})[1]["now"]
    assert remote.ask("POST", "reset")[0] == 200
    assert remote.ask("GET", "journal")[1] == {"entries": []}
    assert remote.ask("GET", "faults")[1] == {"faults": []}
    assert remote.cloud.clock.now() < ahead - 80000
    with pytest.raises(oss2.exceptions.NoSuchBucket):
        bucket.get_bucket_acl()


def test_faults_are_ordered_and_suffered(remote: Remote) -> None:
    """So often as was said; then all is well."""
    bucket = remote.bucket()
    bucket.create_bucket()
    busy = {"status": 503, "code": "ServiceUnavailable", "fields": {"EC": "1"}}
    order = {"operation": "oss:PutObject", "subject": "photos", "times": 1, "fail": busy}
    status, told = remote.ask("POST", "faults", order)
    assert (status, told["left"], told["met"]) == (200, 1, False)
    assert remote.ask("GET", "faults")[1]["faults"] == [told]
    other = remote.cloud.clients.bucket("films")
    other.create_bucket()
    other.put_object("cat.jpg", b"")
    with pytest.raises(oss2.exceptions.ServerError) as refused:
        bucket.put_object("cat.jpg", b"")
    assert (refused.value.status, refused.value.code) == (503, "ServiceUnavailable")
    bucket.put_object("cat.jpg", b"")
    remote.ask("POST", "faults", order)
    assert remote.ask("DELETE", "faults")[1] == {"faults": []}
    bucket.put_object("cat.jpg", b"")


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("{", "the body is no JSON"),
        ('{"a":' * 20000, "the body is no JSON"),
        ([], "the body is no JSON object"),
        ({"operation": "oss:PutObject"}, "one of fail, stall, drop, lag"),
        ({"operation": "oss:PutObject", "drop": {}, "lag": {}}, "one of fail, stall, drop, lag"),
        ({"operation": "oss:PutObject", "drop": {}, "often": 2}, "often"),
        ({"operation": "oss:PutObjects", "drop": {}}, "no call is of 'oss:PutObjects'"),
        ({"operation": "oss:PutObject", "drop": {"applied": "no"}}, "applied"),
        ({"operation": "oss:PutObject", "fail": {"code": "Busy"}}, "status"),
        ({"operation": "oss:PutObject", "fail": {"status": 503, "code": "Busy", "x": 1}}, "x"),
        ({"operation": "oss:PutObject", "drop": {}, "times": "two"}, "times"),
        *(({"operation": "oss:PutObject", "drop": {}, "times": n}, "times is") for n in (-1, 0)),
        *(
            ({"operation": "oss:PutObject", "fail": {"status": n, "code": "Busy"}}, "status is")
            for n in (99, 200, 1000, True)
        ),
        ({"operation": "oss:PutObject", "fail": {"status": 503, "code": ""}}, "code is"),
        *(
            (f'{{"operation": "oss:PutObject", "stall": {{"seconds": {n}}}}}', "seconds is")
            for n in ("-1", "NaN", "Infinity", "1e300")
        ),
        ({"operation": "oss:PutBucketAcl", "lag": {"reads": 0}}, "reads is"),
        ({"operation": "oss:PutObject", "lag": {"reads": 1}}, "one that can is oss:PutBucketAcl"),
    ],
)
def test_a_fault_that_cannot_be_is_refused(remote: Remote, body: object, says: str) -> None:
    """With what is wrong about it; none is ordered that nobody could meet."""
    status, told = remote.ask("POST", "faults", body)
    assert status == 400
    assert says in told["error"]
    assert remote.ask("GET", "faults")[1] == {"faults": []}


@pytest.mark.parametrize("seconds", ["NaN", "Infinity", "-1", "1e300", '"an hour"', "null"])
def test_time_goes_forward_by_what_is_a_time(remote: Remote, seconds: str) -> None:
    """Anything else is refused, and the clock as it was."""
    before = remote.cloud.clock.now()
    assert remote.ask("POST", "clock", f'{{"advance": {seconds}}}')[0] == 400
    assert before <= remote.cloud.clock.now() < before + 600


def test_the_journal_tells_no_secret(remote: Remote) -> None:
    """What was done to what, and how it was answered; but no signature, and no token."""
    bucket = remote.bucket()
    bucket.create_bucket()
    bucket.put_object("cat.jpg", b"secret words")
    signed = bucket.sign_url("GET", "cat.jpg", 60)
    connection = http.client.HTTPConnection(remote.cloud.endpoints.oss.removeprefix("http://"))
    connection.request("GET", signed.partition(remote.cloud.endpoints.oss)[2])
    assert connection.getresponse().status == 200
    connection.close()
    remote.cloud.clients.ram.list_roles(list_roles_request())
    status, told = remote.ask("GET", "journal")
    assert status == 200
    assert [entry["action"] for entry in told["entries"]] == [
        *("PutBucket", "PutObject", "GetObject", "ListRoles")
    ]
    details = told["entries"][1]["details"]
    assert (details["status"], details["request"]) == (200, "PUT /photos/cat.jpg")
    for secret in ("ignature", "Credential", *remote.cloud.credentials[:2], "secret words"):
        assert secret not in json.dumps(told)


def test_the_journal_is_asked_for_a_part(remote: Remote) -> None:
    """By service, action and subject, and for the last of it; anything else is refused."""
    bucket = remote.bucket()
    bucket.create_bucket()
    bucket.put_object("cat.jpg", b"")
    bucket.put_object("dog.jpg", b"")
    _, told = remote.ask("GET", "journal?service=oss&action=PutObject&last=1")
    assert [entry["details"]["request"] for entry in told["entries"]] == ["PUT /photos/dog.jpg"]
    assert len(remote.ask("GET", "journal?subject=photos")[1]["entries"]) == 3
    assert remote.ask("GET", "journal?subject=films")[1] == {"entries": []}
    for wrong in ("last=-1", "last=all", "since=1"):
        assert remote.ask("GET", f"journal?{wrong}")[0] == 400


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://example.com"},  # a page that sends a form
        {"Origin": "null"},
        {"Host": "example.com:9007"},  # a page whose name leads here by now
        {"Host": "example.com"},
    ],
)
def test_web_pages_control_nothing(remote: Remote, headers: dict[str, str]) -> None:
    """A browser on this machine opens this endpoint to no page that it shows."""
    remote.bucket().create_bucket()
    assert remote.ask("POST", "reset", **headers)[0] == 403
    assert remote.ask("GET", "journal", **headers)[0] == 403
    assert remote.bucket().get_bucket_acl().acl == "private"


def test_what_is_not_known_is_refused_with_what_is(remote: Remote) -> None:
    """So that a misspelt path is seen at once."""
    status, told = remote.ask("POST", "restet")
    assert status == 404
    assert "POST /_local/reset" in told["error"]


def list_roles_request() -> object:
    """A request of no more than its name."""
    from alibabacloud_ram20150501.models import ListRolesRequest  # noqa: PLC0415  (slow)

    return ListRolesRequest()
