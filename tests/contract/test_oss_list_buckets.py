"""ListBuckets: its pages, and what chooses among the buckets."""

import oss2
import pytest

from tests.contract.oss_helpers import NAME, REGION, OssCloud, cloud, refused

__all__ = ["cloud"]


@pytest.mark.fidelity(3)
def test_buckets_are_listed_by_pages(cloud: OssCloud) -> None:
    """100 without asking, at most 1000; what is left comes after the marker that is told."""
    for number in range(120):
        cloud.state.create(f"many-{number:03}", region=["cn-beijing", REGION][number % 2])
    plain = cloud.send(cloud.sign("GET", "/"))
    assert plain.body.count(b"<Name>") == 100
    assert b"<MaxKeys>100</MaxKeys><IsTruncated>true</IsTruncated>" in plain.body
    assert b"<NextMarker>many-098</NextMarker>" in plain.body
    first = cloud.service().list_buckets(prefix="many-", max_keys=50)
    assert (first.is_truncated, first.next_marker) == (True, "many-049")
    rest = cloud.service().list_buckets(prefix="many-", marker=first.next_marker, max_keys=1000)
    assert [bucket.name for bucket in rest.buckets] == [f"many-{n:03}" for n in range(50, 120)]
    assert rest.is_truncated is False
    assert len(list(oss2.BucketIterator(cloud.service()))) == 121


def test_a_list_that_is_whole_tells_no_paging(cloud: OssCloud) -> None:
    """Prefix, marker and the like come only where something is left out."""
    body = cloud.send(cloud.sign("GET", "/", {"prefix": "c"})).body
    assert b"<Name>config-snapshot</Name>" in body
    for name in (b"Prefix", b"Marker", b"MaxKeys", b"IsTruncated"):
        assert name not in body


@pytest.mark.fidelity(3)
@pytest.mark.parametrize(
    ("params", "named"),
    [
        ({"tag-key": "team"}, ["one", "two"]),
        ({"tag-key": "team", "tag-value": "web"}, ["one"]),
        ({"tag-key": "team", "tag-value": "none"}, []),
        ({"tag-key": "other"}, []),
        ({"tagging": '"team":"web"'}, ["one"]),
        ({"tagging": '"team":"web","a":"web"'}, []),
    ],
)
def test_buckets_are_listed_by_tag(
    cloud: OssCloud, params: dict[str, str], named: list[str]
) -> None:
    """A tag's key, or its key and value, choose."""
    tags_of = {"one": {"team": "web"}, "two": {"team": "data"}, "three": {"a": "web"}}
    for name, tags in tags_of.items():
        cloud.state.create(name)
        cloud.state.set_tags(name, tags)
    assert [b.name for b in cloud.service().list_buckets(params=params).buckets] == named


@pytest.mark.fidelity(3)
@pytest.mark.parametrize(
    "params",
    [
        {"max-keys": "0"},
        {"max-keys": "1001"},
        {"max-keys": "9" * 5000},
        {"max-keys": "a"},
        {"tag-value": "a"},
        {"tagging": "team"},
        {"tagging": '"team":1'},
        {"tagging": '"a":' + "[" * 100_00},
    ],
    ids=lambda params: str(params)[:30],
)
def test_a_list_cannot_be_asked_for_so(cloud: OssCloud, params: dict[str, str]) -> None:
    """Pages of 1 to 1000, and no value of a tag without its key."""
    found = refused(lambda: cloud.service().list_buckets(params=params))
    assert found[:2] == (400, "InvalidArgument")


@pytest.mark.fidelity(33)
def test_resource_groups_are_kept_told_and_chosen_by(cloud: OssCloud) -> None:
    """A bucket is in the group it was made in, or in the default one."""
    group = {"x-oss-resource-group-id": "rg-web"}
    cloud.bucket("grouped").create_bucket(headers=group)
    assert cloud.bucket("grouped").get_bucket_info().resource_group_id == "rg-web"

    def listed(headers: dict[str, str] | None) -> dict[str, str]:
        found = cloud.service().list_buckets(headers=headers).buckets
        return {bucket.name: bucket.resource_group_id for bucket in found}

    assert listed(None) == {NAME: "rg-default-id", "grouped": "rg-web"}
    assert listed(group) == {"grouped": "rg-web"}
    assert listed({"x-oss-resource-group-id": "rg-default-id"}) == {NAME: "rg-default-id"}
    assert listed({"x-oss-resource-group-id": ""}) == {NAME: "rg-default-id"}
