"""Objects: checksums, digests and headers."""

import base64
import dataclasses

from tests.contract.oss_helpers import NAME, OssCloud, cloud

__all__ = ["cloud"]


def test_checksums_of_objects(cloud: OssCloud) -> None:
    """OSS tells CRC-64 of what it got and gives; the published check value comes out."""
    signed = cloud.sign("PUT", f"/{NAME}/a")
    assert cloud.send(signed, b"123456789").headers["x-oss-hash-crc64ecma"] == str(
        0x995DC9BBDF1939FA
    )
    bucket = cloud.bucket(NAME)
    given = bucket.put_object("a", b"some text")
    assert (given.crc, bucket.get_object("a").server_crc) == (given.crc, given.crc)


def test_a_body_must_be_the_one_whose_digest_was_sent(cloud: OssCloud) -> None:
    """Another Content-MD5 is refused, whatever the operation, and nothing is stored."""
    digest = base64.b64encode(b"0" * 16).decode()
    for path, params in ((f"/{NAME}/a", {}), (f"/{NAME}/", {"policy": ""})):
        signed = cloud.sign("PUT", path, params, {"content-md5": digest})
        answer = cloud.send(signed, b"text")
        assert (answer.status, answer.error()["Code"]) == (400, "InvalidDigest")
    bucket = cloud.state.bucket(NAME)
    assert (bucket.objects, bucket.policy) == ({}, None)


def test_an_objects_headers_come_back(cloud: OssCloud) -> None:
    """What was said of an object when it was put, in OSS's words or HTTP's, is told with it."""
    said = {"Cache-Control": "no-cache", "x-oss-meta-note": "seen", "Content-Encoding": "identity"}
    bucket = cloud.bucket(NAME)
    bucket.put_object("a", b"text", headers=said)
    told = bucket.head_object("a").headers
    assert {name: told[name] for name in said} == said
    assert dataclasses.asdict(cloud.state.bucket(NAME).objects["a"])["body"] == b"text"
