"""What happens around OSS's operations: ordered faults, late reads and those who listen."""

import json
import threading
from collections.abc import Callable

import oss2
import pytest

from scripts.localcloud.faults import Drop, Fail, Lag
from tests.contract.oss_helpers import NAME, OssCloud, no_buckets

__all__ = ["no_buckets"]
TAGS = b"<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>"
POLICY = json.dumps(
    {
        "Version": "1",
        "Statement": [
            {"Effect": "Allow", "Action": "oss:*", "Principal": ["2000"], "Resource": "*"}
        ],
    }
)


def test_a_late_read_back(cloud: OssCloud) -> None:
    """After a lag, so many reads show the ACL as it was, in either operation, then as it is."""
    cloud.state.create(NAME, acl="public-read")
    cloud.core.faults.add("oss:PutBucketAcl", Lag(reads=3))
    bucket = cloud.bucket(NAME)

    bucket.put_bucket_acl("private")

    assert cloud.state.bucket(NAME).acl == "private"
    assert bucket.get_bucket_info().acl.grant == "public-read"
    assert bucket.get_bucket_acl().acl == "public-read"
    assert bucket.get_bucket_acl().acl == "public-read"
    assert bucket.get_bucket_info().acl.grant == "private"


def test_a_lag_does_not_outlive_its_bucket(cloud: OssCloud) -> None:
    """A bucket made again under the name of one that lagged shows its own ACL at once."""
    cloud.state.create(NAME, acl="public-read-write")
    cloud.core.faults.add("oss:PutBucketAcl", Lag(reads=3))
    cloud.bucket(NAME).put_bucket_acl("private")
    cloud.state.delete(NAME)
    cloud.state.create(NAME, acl="public-read")

    assert cloud.bucket(NAME).get_bucket_acl().acl == "public-read"


def test_ordered_faults(cloud: OssCloud) -> None:
    """An ordered failure comes as OSS's own error and changes nothing; a dropped one is applied."""
    cloud.state.create(NAME, acl="public-read")
    cloud.core.faults.add("oss:PutBucketAcl", Fail(503, "ServiceUnavailable"), subject=NAME)
    cloud.core.faults.add("oss:PutBucketAcl", Drop())
    bucket = cloud.bucket(NAME)

    with pytest.raises(oss2.exceptions.ServerError) as failed:
        bucket.put_bucket_acl("private")
    assert (failed.value.status, failed.value.code) == (503, "ServiceUnavailable")
    assert failed.value.request_id == failed.value.details["RequestId"]
    assert failed.value.details["EC"]
    assert cloud.state.bucket(NAME).acl == "public-read"

    with pytest.raises(oss2.exceptions.RequestError):
        bucket.put_bucket_acl("private")
    assert cloud.state.bucket(NAME).acl == "private"

    journal = cloud.core.journal.entries("oss", "PutBucketAcl", NAME)
    assert [entry.details["status"] for entry in journal] == [503, 200]


# In this order each changes something.
CHANGES: list[Callable[[oss2.Bucket], object]] = [
    lambda bucket: bucket.create_bucket(),
    lambda bucket: bucket.put_bucket_acl("public-read"),
    lambda bucket: bucket.put_bucket_policy(POLICY),
    lambda bucket: bucket.put_bucket_tagging(TAGS),
    lambda bucket: bucket.put_bucket_public_access_block(True),
    lambda bucket: bucket.delete_bucket_policy(),
    lambda bucket: bucket.delete_bucket(),
    lambda bucket: bucket.put_bucket_acl("private"),
]


def test_changes_are_told_once_each(cloud: OssCloud) -> None:
    """Listeners hear of each change once, after it was made, and may ask the state about it."""
    heard: list[tuple[str, object]] = []
    cloud.state.on_change.append(lambda name: heard.append((name, cloud.state.all())))

    for change in CHANGES:
        heard.clear()
        change(cloud.bucket(NAME))
        assert heard == [(NAME, cloud.state.all())]


def test_what_changes_nothing_is_not_told(cloud: OssCloud) -> None:
    """Reads, objects and writing what is there already are no news."""
    cloud.state.create(NAME)
    heard: list[str] = []
    cloud.state.on_change.append(heard.append)
    bucket = cloud.bucket(NAME)

    bucket.put_bucket_acl("private")
    bucket.get_bucket_info()
    bucket.put_object("a", b"text")

    assert heard == []


def test_many_at_once_lose_nothing(cloud: OssCloud) -> None:
    """Objects that many threads put into one bucket at the same time are all there afterwards."""
    cloud.state.create(NAME)
    together = threading.Barrier(8)

    def put(thread: int) -> None:
        together.wait()
        for number in range(200):
            cloud.state.put_object(NAME, f"{thread}/{number}", b"text")

    threads = [threading.Thread(target=put, args=(thread,)) for thread in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(cloud.state.bucket(NAME).objects) == 8 * 200


def test_an_ordered_failure_has_what_oss_s_has(cloud: OssCloud) -> None:
    """A failure can be ordered with the further elements that OSS's error documents have."""
    cloud.state.create(NAME, acl="public-read")
    detail = {"NoPermissionType": "ImplicitDeny", "AuthAction": "oss:PutBucketAcl"}
    fields = {"AccessDeniedDetail": detail, "EC": "0003-00000202"}
    cloud.core.faults.add("oss:PutBucketAcl", Fail(403, "AccessDenied", fields=fields))

    with pytest.raises(oss2.exceptions.AccessDenied) as failed:
        cloud.bucket(NAME).put_bucket_acl("private")

    assert failed.value.ec == failed.value.headers["x-oss-ec"] == "0003-00000202"
    assert b"<AuthAction>oss:PutBucketAcl</AuthAction></AccessDeniedDetail>" in failed.value.body


@pytest.mark.parametrize(("but", "told"), [("", "Implicit"), ("oss:PutBucketAcl", "Explicit")])
def test_a_denial_says_what_was_denied_and_how(cloud: OssCloud, but: str, told: str) -> None:
    """RAM's refusal names the action, and whether a Deny forbids it or nothing allows it."""
    cloud.state.create(NAME, acl="public-read")
    keys = cloud.role("oss:Get*", but=but) if but else cloud.role("oss:Get*")

    with pytest.raises(oss2.exceptions.AccessDenied) as failed:
        cloud.bucket(NAME, credentials=keys).put_bucket_acl("private")

    assert f"<NoPermissionType>{told}Deny</NoPermissionType>".encode() in failed.value.body
    assert b"<AuthAction>oss:PutBucketAcl</AuthAction>" in failed.value.body


def test_a_denial_says_whom(cloud: OssCloud) -> None:
    """A role's session by its name, a user by its id: each is what it is, as everywhere in RAM."""
    cloud.state.create(NAME, acl="public-read")
    session = cloud.role("oss:Get*")
    cloud.ram.create_user("alice")
    alice = cloud.ram.create_key("alice")

    for keys, kind, known_as in (
        (session, "AssumedRoleUser", "role-0:session"),
        (alice, "SubUser", cloud.ram.user("alice").user_id),
    ):
        with pytest.raises(oss2.exceptions.AccessDenied) as failed:
            cloud.bucket(NAME, credentials=keys).put_bucket_acl("private")
        body = failed.value.body.decode()
        assert f"<AuthPrincipalType>{kind}</AuthPrincipalType>" in body
        assert f"<AuthPrincipalDisplayName>{known_as}</AuthPrincipalDisplayName>" in body
        assert f"<AuthPrincipalOwnerId>{cloud.core.account_id}</AuthPrincipalOwnerId>" in body
