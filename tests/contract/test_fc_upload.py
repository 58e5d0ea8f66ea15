"""Function Compute's temporary bucket: where a code package is put before a function is made."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from scripts.localcloud import LocalCloud
from tests.contract.fc_helpers import ECHO, QUICK, Answer, acs3, send, signed, upload, zipped

NAME = "uploaded"


@pytest.fixture
def cloud() -> Iterator[LocalCloud]:
    """An empty cloud."""
    with LocalCloud() as running:
        yield running


def a_token(cloud: LocalCloud) -> dict[str, Any]:
    """What GetTempBucketToken answers, with 2.0's signature."""
    request = signed(cloud.credentials, "GET", "/2016-08-15/tempBucketToken")
    answer = request.send(cloud.endpoints.fc)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
    return answer.fields


def place_of(cloud: LocalCloud, token: dict[str, Any]) -> str:
    """The object that the keys are for, as the client makes it of the token."""
    return f"{cloud.account_id}/{token['objectName']}"


def create(cloud: LocalCloud, bucket: str, place: str) -> Answer:
    """CreateFunction of 3.0 with the package in a bucket."""
    code = {"ossBucketName": bucket, "ossObjectName": place}
    fields = {"functionName": NAME, "runtime": QUICK, "handler": "index.handler", "code": code}
    place = "/2023-03-30/functions"
    request = acs3(cloud.credentials, "POST", place, json.dumps(fields).encode())
    return request.send(cloud.endpoints.fc)


@pytest.mark.parametrize("dated_by", ["date", "x-oss-date"])
@pytest.mark.fidelity(39)
def test_a_package_is_put_with_version_1_and_then_is_the_function_s(
    cloud: LocalCloud, dated_by: str
) -> None:
    """The bucket is an old one: it takes what new ones refuse, dated by either header."""
    token, package = a_token(cloud), zipped(ECHO)
    place = place_of(cloud, token)
    put = upload(cloud.endpoints.oss, token, place, package, dated_by=dated_by)
    assert (put.status, put.body) == (200, b"")

    shown = create(cloud, token["ossBucket"], place).fields
    assert shown["codeSize"] == len(package)
    assert cloud.fc.invoke("", NAME, b"hello").payload == b"hello"


def test_the_keys_put_one_object_in_one_bucket_and_do_nothing_else(cloud: LocalCloud) -> None:
    """Not another object, nor is there a way to the account's own buckets."""
    token = a_token(cloud)
    place = place_of(cloud, token)
    cloud.oss.create("own")
    other = upload(cloud.endpoints.oss, token, f"{place}x", b"")
    own = upload(cloud.endpoints.oss, token, place, b"", bucket="own")
    nobody = send(cloud.endpoints.oss, "PUT", f"/{token['ossBucket']}/{place}", "", b"", {})

    assert [answer.status for answer in (other, own, nobody)] == [403, 403, 403]
    assert b"<EC>0002-00000080</EC>" in own.body  # version 1 is refused where it always was
    assert cloud.oss.bucket(token["ossBucket"]).objects == {}


def test_the_keys_end(cloud: LocalCloud) -> None:
    """As all that are temporary; the next token has new ones, and another name."""
    token = a_token(cloud)
    cloud.clock.advance(3600)
    late = upload(cloud.endpoints.oss, token, place_of(cloud, token), b"")
    assert (late.status, b"SecurityTokenExpired" in late.body) == (403, True)
    assert a_token(cloud)["objectName"] != token["objectName"]


def test_the_bucket_is_not_the_account_s(cloud: LocalCloud) -> None:
    """Its owner is Function Compute: nobody finds it in a list, nor can see what it is."""
    bucket = a_token(cloud)["ossBucket"]
    assert bucket not in [each.name for each in cloud.clients.oss.list_buckets().buckets]
    with pytest.raises(Exception, match="AccessDenied"):
        cloud.clients.bucket(bucket).get_bucket_info()


def test_a_package_that_is_not_there_is_refused_by_its_name(cloud: LocalCloud) -> None:
    """In the words of page "CreateFunction": one that was not put, or is of another account."""
    token = a_token(cloud)
    bucket = token["ossBucket"]
    for place in (place_of(cloud, token), f"1/{token['objectName']}"):
        refused = create(cloud, bucket, place)
        assert (refused.status, refused.code) == (400, "InvalidArgument")
        assert refused.fields["Message"] == f"unable to access object {place} in bucket {bucket}"


@pytest.mark.fidelity(39)
def test_a_package_in_a_bucket_of_the_account_is_not_known_here(cloud: LocalCloud) -> None:
    """It is documented, and no client in use does so: refused by the bucket's name."""
    cloud.oss.create("own")
    refused = create(cloud, "own", "code.zip")
    assert (refused.status, refused.code) == (501, "NotImplemented")
    assert "'own'" in refused.fields["Message"]
