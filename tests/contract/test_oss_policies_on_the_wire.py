"""Bucket policies on the wire, as the function asks for them: byte by byte."""

import base64
import hashlib

import pytest

from resource_repair import bucket_policy, errors
from tests.contract.test_oss_gateway import Answer, Server, bucket, closed, error, server

__all__ = ["closed", "server"]


def test_a_policy_is_put_byte_for_byte_and_deleted(server: Server) -> None:
    """One signed request each, in UTF-8, with the checksum of its page; its request id comes."""
    text = '{"Version":"1","Statement":[{"Effect":"Deny","Resource":["站点/*"]}]}'
    server.answer = Answer()
    assert bucket(server.url).write_policy(text) == "REQUEST-ID"
    server.answer = Answer(204)
    assert bucket(server.url).delete_policy() == "REQUEST-ID"
    (put, delete) = server.asked
    assert put[:2] == ("PUT", "/config-snapshot/?policy=")
    assert server.bodies[0] == text.encode()
    digest = hashlib.md5(text.encode(), usedforsecurity=False).digest()
    assert put[2]["Content-MD5"] == base64.b64encode(digest).decode()
    assert delete[:2] == ("DELETE", "/config-snapshot/?policy=")


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (Answer(body='{"Version":"1","Statement":[ ]}'), '{"Version":"1","Statement":[ ]}'),
        (Answer(body="站点"), "站点"),
        (error(404, "NoSuchBucketPolicy"), ""),
        (Answer(body=""), errors.TransientError),  # that is no policy, nor that there is none
        (error(404, "NoSuchBucket"), errors.NoSuchBucketError),
        (error(403, "NoSuchBucketPolicy"), errors.RefusedError),
        (error(403, "AccessDenied"), errors.DeniedError),
        (error(503, "NoSuchBucketPolicy"), errors.TransientError),
        (Answer(404, "no policy"), errors.RefusedError),
    ],
)
def test_a_policy_is_read_as_it_was_put(server: Server, answer: Answer, told: object) -> None:
    """Byte for byte; that there is none is believed of its own code, at its own status, alone."""
    server.answer = answer
    if isinstance(told, str):
        assert bucket(server.url).policy() == told
        assert [each[:2] for each in server.asked] == [("GET", "/config-snapshot/?policy=")]
    else:
        with pytest.raises(errors.BucketError) as caught:
            bucket(server.url).policy()
        assert type(caught.value) is told


def test_a_policy_that_is_no_text_is_one_in_no_known_form(server: Server) -> None:
    """And nothing that passes: to ask again, until time is out, would not help."""
    server.answer = Answer(body='{"Version":"1","Statement":[],"Id":"\udcff"}')
    with pytest.raises(errors.RefusedError, match="unreadable_policy"):
        bucket_policy.parse(bucket(server.url).policy())
