"""A bucket's tags: how many, how long, and how they are deleted."""

import oss2
import pytest
from oss2 import models

from tests.contract.oss_helpers import NAME, OssCloud, cloud, refused

__all__ = ["cloud"]


def put_tags(cloud: OssCloud, tags: dict[str, str]) -> oss2.models.RequestResult:
    """PutBucketTags past the checks that oss2 has of its own."""
    rule = models.TaggingRule()
    rule.tagging_rule = tags
    return cloud.bucket(NAME).put_bucket_tagging(models.Tagging(rule))


@pytest.mark.fidelity(1)
@pytest.mark.parametrize(
    "tags",
    [
        {f"key-{number}": "" for number in range(20)},
        {"k" * 64: "v" * 128},
        {"k": "", "my-aliyun": "http://"},
    ],
)
def test_tags_that_are_taken(cloud: OssCloud, tags: dict[str, str]) -> None:
    """20 tags, a key of 64 bytes and a value of 128 characters, or none, are the limit."""
    put_tags(cloud, tags)
    assert cloud.state.bucket(NAME).tags == tags


@pytest.mark.fidelity(1)
@pytest.mark.parametrize(
    "tags",
    [
        {f"key-{number}": "" for number in range(21)},
        {"k" * 65: ""},
        {"ä" * 33: ""},
        {"key": "v" * 129},
        {"http://a": ""},
        {"HTTPS://a": ""},
        {"Aliyun-abc": ""},
        {"aliyun": ""},
        {"acs:abc": ""},
    ],
)
def test_tags_beyond_the_limits_are_refused(cloud: OssCloud, tags: dict[str, str]) -> None:
    """More, longer, or one whose key begins as Alibaba Cloud's own do."""
    assert refused(lambda: put_tags(cloud, tags)) == (400, "InvalidTag", "0010-00000219")
    assert cloud.state.bucket(NAME).tags == {}


@pytest.mark.fidelity(2)
@pytest.mark.parametrize(
    ("keys", "left"), [("a", {"b": "2", "c": "3"}), ("a,c", {"b": "2"}), ("", {}), ("d", None)]
)
def test_deleting_tags_by_key(cloud: OssCloud, keys: str, left: dict[str, str] | None) -> None:
    """`DELETE ?tagging=key` deletes that key's alone, without a key all."""
    tags = {"a": "1", "b": "2", "c": "3"}
    cloud.state.set_tags(NAME, tags)
    cloud.bucket(NAME).delete_bucket_tagging(params={"tagging": keys})
    assert cloud.state.bucket(NAME).tags == (tags if left is None else left)
