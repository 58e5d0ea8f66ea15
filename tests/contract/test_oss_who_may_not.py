"""What they are told who may not: documented in more than one way."""

import oss2
import pytest

from tests.contract.oss_helpers import NAME, OssCloud, cloud, refused

__all__ = ["cloud"]


@pytest.mark.fidelity(34)
def test_a_missing_permission_has_its_own_code(cloud: OssCloud) -> None:
    """Without an Allow 0003-00000202, with a Deny 0003-00000201; another's bucket -00000001."""
    allow = cloud.role("oss:PutBucketAcl")
    deny = cloud.role("oss:*", but="oss:GetBucketInfo")
    cloud.state.create("not-ours", owner="2000")
    for name, keys, ec in [
        (NAME, allow, "0003-00000202"),
        (NAME, deny, "0003-00000201"),
        ("not-ours", cloud.ram.root, "0003-00000001"),
    ]:
        found = refused(cloud.bucket(name, credentials=keys).get_bucket_info)
        assert found == (403, "AccessDenied", ec)


@pytest.mark.fidelity(34)
def test_a_denial_may_say_that_the_bucket_is_anothers(cloud: OssCloud) -> None:
    """A switch, as both are documented: a missing permission is told as somebody else's bucket."""
    cloud.state.explains_denials = False
    bucket = cloud.bucket(NAME, credentials=cloud.role("oss:PutBucketAcl"))
    with pytest.raises(oss2.exceptions.AccessDenied, match="does not belong to you") as told:
        bucket.get_bucket_info()
    assert told.value.ec == "0003-00000001"
    assert b"AccessDeniedDetail" not in told.value.body


def test_put_bucket_acl_may_conflict(cloud: OssCloud) -> None:
    """A switch, as pages differ: who may not put an ACL is told that the bucket exists."""
    cloud.state.create("not-ours", owner="2000")
    cloud.state.create("far-away", region="cn-beijing")
    keys = cloud.role("oss:GetBucketInfo")
    calls = [
        lambda: cloud.bucket(NAME, credentials=keys).put_bucket_acl("private"),
        lambda: cloud.bucket("not-ours").put_bucket_acl("private"),
    ]
    for call in calls:
        assert refused(call)[:2] == (403, "AccessDenied")
    cloud.state.put_acl_conflicts = True
    for call in calls:
        assert refused(call) == (409, "BucketAlreadyExists", "0015-00000104")
    elsewhere = refused(lambda: cloud.bucket("far-away").put_bucket_acl("private"))
    assert elsewhere == (403, "AccessDenied", "0003-00001403")
