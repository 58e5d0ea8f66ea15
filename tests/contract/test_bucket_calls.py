"""What an operator is told when OSS refuses one of their own calls."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import oss2
import pytest

from scripts.account import buckets
from scripts.account.clients import Clients
from scripts.account.memory import Memory
from scripts.errors import CloudError
from scripts.localcloud.faults import Fail
from tests.contract.oss_helpers import OssCloud, oss_cloud

NAME = "config-snapshot"


@pytest.fixture
def cloud() -> Iterator[OssCloud]:
    """An OSS with one open bucket."""
    with oss_cloud() as running:
        running.state.create(NAME, acl="public-read")
        yield running


@pytest.mark.parametrize(
    ("status", "code", "advice"),
    [
        (403, "AccessDenied", "allow oss:PutBucketAcl to whoever these credentials are"),
        (409, "BucketAlreadyExists", "allow oss:PutBucketAcl to whoever these credentials are"),
        (403, "UserDisable", "the owner's account is in arrears, barred"),
        (404, "NoSuchUser", "the owner's account is in arrears, barred"),
        (403, "BucketNotBelongTo", "the bucket is another account's"),
        (409, "ConcurrentUpdateBucketFailed", "somebody changes the bucket just now"),
        (403, "RequestTimeTooSkewed", "this machine's clock shows "),
        (403, "SecurityTokenExpired", "the credentials are wrong or have expired"),
        (503, "ServiceUnavailable", "OSS cannot answer just now"),
        (418, "Whatever", "OSS's request id is "),
    ],
)
def test_a_refusal_says_what_to_do(cloud: OssCloud, status: int, code: str, advice: str) -> None:
    """By the same table as the function's: a permission, the account, the clock, or patience."""
    cloud.core.faults.add("oss:PutBucketAcl", Fail(status, code))
    live = buckets.Bucket(
        cast("Clients", SimpleNamespace(bucket=opening(cloud), memory=Memory())), NAME
    )
    with pytest.raises(CloudError) as refused:
        live.ask(buckets.PUT_ACL, lambda bucket: bucket.put_bucket_acl("private"))
    assert str(refused.value).startswith(f"oss:PutBucketAcl on {NAME} failed: {code}; {advice}")


def opening(cloud: OssCloud) -> Any:
    """The clients' way to a bucket."""

    def bucket(name: str, region: str = "") -> oss2.Bucket:
        return cloud.bucket(name)

    return bucket
