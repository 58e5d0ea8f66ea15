"""How many buckets there can be, who makes one again, and what one is made with."""

from functools import partial

import pytest
from oss2 import models

from tests.contract.oss_helpers import NAME, OssCloud, cloud, refused

__all__ = ["cloud"]


@pytest.mark.fidelity(10)
def test_an_account_has_100_buckets_in_a_region(cloud: OssCloud) -> None:
    """The 101st is refused, by either operation that makes one; elsewhere there is room."""
    for number in range(99):
        cloud.state.create(f"many-{number}")
    cloud.state.create("not-ours", owner="2000")
    bucket = cloud.bucket("one-more")
    for make in (bucket.create_bucket, lambda: bucket.put_bucket_acl("private")):
        assert refused(make)[:2] == (400, "TooManyBuckets")
    cloud.bucket("one-more", "cn-beijing").create_bucket()
    cloud.bucket(NAME).delete_bucket()
    cloud.bucket(NAME).create_bucket()


def test_who_makes_a_bucket_again(cloud: OssCloud) -> None:
    """The account itself sets the ACL so; a role is refused, whatever it may, and so is a change
    of place or class. Page "0015-00000104".
    """
    bucket = cloud.bucket(NAME)
    bucket.create_bucket("public-read")
    assert cloud.state.bucket(NAME).acl == "public-read"
    again = (409, "BucketAlreadyExists", "0015-00000104")
    keys = cloud.role("oss:*")
    assert refused(lambda: cloud.bucket(NAME, credentials=keys).create_bucket("private")) == again
    assert refused(lambda: cloud.bucket(NAME, "cn-beijing").create_bucket("private")) == again
    other = models.BucketCreateConfig("IA")
    assert refused(lambda: bucket.create_bucket("private", other)) == again
    assert cloud.state.bucket(NAME).acl == "public-read"
    cloud.state.create("not-ours", owner="2000")
    theirs = refused(cloud.bucket("not-ours").create_bucket)
    assert theirs == (409, "BucketAlreadyExists", "0015-00000102")


@pytest.mark.fidelity(33)
@pytest.mark.parametrize(
    ("headers", "rule"),
    [
        ({"": "AES256"}, ("AES256", None, None)),
        ({"": "KMS", "-key-id": "9468da86"}, ("KMS", "9468da86", None)),
    ],
)
def test_encryption_headers_are_kept(
    cloud: OssCloud, headers: dict[str, str], rule: tuple[str, str | None, str | None]
) -> None:
    """PutBucket's headers make the rule that GetBucketInfo and GetBucketEncryption tell."""
    sent = {f"x-oss-server-side-encryption{name}": value for name, value in headers.items()}
    bucket = cloud.bucket("encrypted")
    bucket.create_bucket(headers=sent)
    for told in (bucket.get_bucket_info().bucket_encryption_rule, bucket.get_bucket_encryption()):
        assert (told.sse_algorithm, told.kms_master_keyid, told.kms_data_encryption) == rule


def test_a_rule_of_encryption(cloud: OssCloud) -> None:
    """None, put, got and deleted; algorithms and keys as their page has them."""
    bucket = cloud.bucket(NAME)
    none = (404, "NoSuchServerSideEncryptionRule", "0005-00000004")
    assert refused(bucket.get_bucket_encryption) == none
    rule = models.ServerSideEncryptionRule()
    rule.sse_algorithm, rule.kms_data_encryption = "KMS", "SM4"
    bucket.put_bucket_encryption(rule)
    found = bucket.get_bucket_encryption()
    assert (found.sse_algorithm, found.kms_data_encryption) == ("KMS", "SM4")
    bucket.delete_bucket_encryption()
    assert cloud.state.bucket(NAME).encryption == {}
    for algorithm, key, data, code, ec in [
        ("random", None, None, "InvalidEncryptionAlgorithmError", "0005-00000003"),
        ("AES256", "a-key", None, "InvalidArgument", "0005-00000204"),
        ("KMS", None, "AES256", "InvalidArgument", "0005-00000203"),
    ]:
        rule.sse_algorithm, rule.kms_master_keyid, rule.kms_data_encryption = algorithm, key, data
        assert refused(lambda: bucket.put_bucket_encryption(rule)) == (400, code, ec)
    assert refused(
        lambda: cloud.bucket("new").create_bucket(
            headers={"x-oss-server-side-encryption": "random"}
        )
    )[:2] == (400, "InvalidEncryptionAlgorithmError")


@pytest.mark.fidelity(33)
def test_a_website_is_kept_whole(cloud: OssCloud) -> None:
    """Its error page and its routing rules come back as they were put."""
    redirect = models.Redirect("External", pass_query_string=True, host_name="example.com")
    condition = models.Condition(key_prefix_equals="abc/", http_err_code_return_equals=404)
    rule = models.RoutingRule(1, condition, redirect)
    bucket = cloud.bucket(NAME)
    bucket.put_bucket_website(models.BucketWebsite("index.html", "error.html", [rule]))
    found = bucket.get_bucket_website()
    assert (found.index_file, found.error_file) == ("index.html", "error.html")
    (kept,) = found.rules
    assert (kept.rule_num, kept.condition.key_prefix_equals) == (1, "abc/")
    assert (kept.redirect.host_name, kept.redirect.pass_query_string) == ("example.com", True)


@pytest.mark.parametrize(
    ("name", "value"),
    [("x-oss-server-side-encryption", "AES256"), ("x-oss-resource-group-id", "rg-other")],
)
def test_what_a_bucket_that_is_there_is_not_given_by_making_it_again_is_refused(
    cloud: OssCloud, name: str, value: str
) -> None:
    """No page says what becomes of it: 501 that names it, where it would be passed over."""
    again = partial(cloud.bucket(NAME).create_bucket, headers={name: value})
    assert refused(again)[:2] == (501, "NotImplemented")
