"""What a bucket is used for, as its owner reads it: static website hosting, and bound domains."""

from collections.abc import Iterator

import oss2
import pytest

from tests.contract.oss_helpers import OssCloud, oss_cloud

NAME = "config-website"


@pytest.fixture(scope="module")
def cloud() -> Iterator[OssCloud]:
    """An OSS with a bucket."""
    with oss_cloud() as running:
        running.state.create(NAME)
        yield running


def test_a_website(cloud: OssCloud) -> None:
    """It is off, then on with its index page, then off again; the error is the documented one."""
    bucket = cloud.bucket(NAME)
    with pytest.raises(oss2.exceptions.NoSuchWebsite) as refused:
        bucket.get_bucket_website()
    assert refused.value.status == 404
    bucket.put_bucket_website(oss2.models.BucketWebsite("index.html", "error.html"))
    assert bucket.get_bucket_website().index_file == "index.html"
    bucket.delete_bucket_website()
    with pytest.raises(oss2.exceptions.NoSuchWebsite):
        bucket.get_bucket_website()


def test_bound_domains(cloud: OssCloud) -> None:
    """Each domain comes with the time of its binding, enabled; none is an empty list."""
    bucket = cloud.bucket(NAME)
    assert bucket.list_bucket_cname().cname == []
    cloud.state.bind_domain(NAME, "www.example.com")
    cloud.state.bind_domain(NAME, "example.com")
    found = bucket.list_bucket_cname()
    assert found.bucket == NAME
    assert [(each.domain, each.status) for each in found.cname] == [
        ("www.example.com", "Enabled"),
        ("example.com", "Enabled"),
    ]


@pytest.mark.parametrize("action", ["GetBucketWebsite", "ListCname"])
def test_each_needs_its_permission(cloud: OssCloud, action: str) -> None:
    """Who may do everything but that is refused."""
    bucket = cloud.bucket(NAME, credentials=cloud.role("oss:*", but=f"oss:{action}"))
    look = bucket.get_bucket_website if action == "GetBucketWebsite" else bucket.list_bucket_cname
    with pytest.raises(oss2.exceptions.AccessDenied):
        look()


NESTED = b"<Key>" * 20_000 + b"</Key>" * 20_000


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<WebsiteConfiguration/>",
        b"<WebsiteConfiguration><IndexDocument/></WebsiteConfiguration>",
        b"<Other/>",
        b"no XML",
        b"<WebsiteConfiguration><ErrorDocument>%s</ErrorDocument></WebsiteConfiguration>" % NESTED,
    ],
    ids=lambda body: body[:50].decode(),
)
def test_a_website_needs_a_page(cloud: OssCloud, body: bytes) -> None:
    """Anything else is refused as malformed, however deep it is."""
    signed = cloud.sign("PUT", f"/{NAME}/", {"website": ""})
    answer = cloud.send(signed, body)
    assert (answer.status, answer.error()["Code"]) == (400, "MalformedXML")
