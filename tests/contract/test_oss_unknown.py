"""What the local OSS does not know it refuses, by name, and passes over nothing in silence."""

import re
from collections.abc import Iterator

import pytest

from scripts.localcloud.oss import api, operations
from tests.contract.oss_helpers import OssCloud, oss_cloud

NAME = "config-snapshot"
OBJECT = f"/{NAME}/a"


@pytest.fixture(scope="module")
def cloud() -> Iterator[OssCloud]:
    """An OSS with a bucket and an object."""
    with oss_cloud() as running:
        running.state.create(NAME)
        running.state.put_object(NAME, "a", b"text")
        yield running


@pytest.mark.fidelity(35)
@pytest.mark.parametrize(
    ("method", "path", "params", "headers", "named"),
    [
        ("GET", "/", {"regions": ""}, {}, "in the query of ListBuckets: regions"),
        ("GET", "/", {"prefix": "a", "regionList": ""}, {}, "ListBuckets: regionList"),
        ("PUT", f"/{NAME}/", {"lifecycle": ""}, {}, "PutBucket: lifecycle"),
        ("GET", f"/{NAME}/", {"acl": "", "tagging": ""}, {}, "GetBucketAcl: tagging"),
        ("GET", f"/{NAME}/", {"acl": "", "versionId": "1"}, {}, "GetBucketAcl: versionId"),
        ("POST", f"/{NAME}/", {"delete": ""}, {}, f"POST /{NAME}/?delete="),
        ("GET", OBJECT, {"x-oss-process": "image/info"}, {}, "GetObject: x-oss-process"),
        ("GET", OBJECT, {"Expires": "1", "Signature": "a"}, {}, "GetObject: Expires, Signature"),
        ("GET", OBJECT, {}, {"range": "bytes=0-1"}, "a header of GetObject: range"),
        ("GET", OBJECT, {}, {"if-none-match": "a"}, "a header of GetObject: if-none-match"),
        ("PUT", f"{OBJECT}2", {}, {"x-oss-copy-source": OBJECT}, "PutObject: x-oss-copy-source"),
        ("PUT", f"{OBJECT}2", {}, {"x-oss-storage-class": "IA"}, "PutObject: x-oss-storage-class"),
        ("PUT", f"/{NAME}/", {"tagging": ""}, {"x-oss-acl": "private"}, "Tagging: x-oss-acl"),
    ],
)
def test_what_is_not_known_is_refused_by_its_name(
    cloud: OssCloud,
    method: str,
    path: str,
    params: dict[str, str],
    headers: dict[str, str],
    named: str,
) -> None:
    """A subresource, a query name or a header: 501, named, in the journal too; nothing is done."""
    before = cloud.state.all()

    answer = cloud.send(cloud.sign(method, path, params, headers))

    assert (answer.status, answer.error()["Code"]) == (501, "NotImplemented")
    assert named in answer.error()["Message"]
    told = cloud.core.journal.entries("oss")[-1].details
    assert (told["status"], told["code"]) == (501, "NotImplemented")
    assert named in told["message"]
    assert cloud.state.all() == before


@pytest.mark.parametrize(
    ("path", "flag", "body", "named"),
    [
        ("/", "tagging", "<Tagging><TagSet/><Colour/></Tagging>", "in a Tagging: Colour"),
        ("/", "publicAccessBlock", "", "IgnorePublicAcls"),
        ("/", "website", "", "RedirectAllRequestsTo"),
        ("/", "acl", "<AccessControlPolicy/>", "a body of PutBucketAcl"),
        ("/a", "acl", "<AccessControlPolicy/>", "a body of PutObjectAcl"),
    ],
)
def test_an_element_that_is_not_known_is_refused(
    cloud: OssCloud, path: str, flag: str, body: str, named: str
) -> None:
    """What a body holds beyond what the operation takes is named, and nothing of it is kept."""
    root = {
        "publicAccessBlock": "PublicAccessBlockConfiguration",
        "website": "WebsiteConfiguration",
    }
    before = cloud.state.all()

    body = body or f"<{root[flag]}><{named}/></{root[flag]}>"
    answer = cloud.send(cloud.sign("PUT", f"/{NAME}{path}", {flag: ""}), body.encode())

    assert (answer.status, answer.error()["Code"]) == (501, "NotImplemented")
    assert named in answer.error()["Message"]
    assert cloud.state.all() == before


def test_the_table_is_all_that_there_is() -> None:
    """Each row has a function, each function a row; a row names its page and what RAM is asked."""
    rows = {row.name: row for row in api.TABLE}
    assert len(rows) == len(api.TABLE)
    assert all(operations.named(name) for name in rows)
    assert all(row.page and row.resources != ("*",) for row in rows.values())
    public = {
        name
        for module in operations.MODULES
        for name, value in vars(module).items()
        if callable(value) and getattr(value, "__module__", "") == module.__name__
    }
    helpers = {"check_encryption", "etag"}
    functions = {re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower() for name in rows}
    assert {name for name in public if not name.startswith("_")} - functions == helpers
