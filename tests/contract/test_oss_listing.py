"""Objects listed over the wire, in both versions of the operation."""

from collections.abc import Iterator

import oss2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.contract.oss_helpers import OssCloud, oss_cloud

NAME = "config-snapshot"
KEYS = ["a", "b/", "b/c", "b/d/e", "c d+ä", "e"]

keys = st.text(st.sampled_from("ab/ä"), min_size=1, max_size=5).filter(lambda key: key[0] != "/")


@pytest.fixture(scope="module")
def cloud() -> Iterator[OssCloud]:
    """An OSS with a bucket of some objects."""
    with oss_cloud() as running:
        running.state.create(NAME, storage_class="IA")
        for key in KEYS:
            running.state.put_object(NAME, key, b"text")
        yield running


@pytest.mark.parametrize("kind", [oss2.ObjectIterator, oss2.ObjectIteratorV2])
@pytest.mark.parametrize("page", [1, 2, 100])
@pytest.mark.parametrize(
    ("prefix", "delimiter", "found"),
    [
        ("", "", KEYS),
        ("b", "", ["b/", "b/c", "b/d/e"]),
        ("", "/", ["a", "b/", "c d+ä", "e"]),
        ("b/", "/", ["b/", "b/c", "b/d/"]),
        ("z", "/", []),
    ],
)
def test_every_page_is_read(
    cloud: OssCloud, kind: type, page: int, prefix: str, delimiter: str, found: list[str]
) -> None:
    """Each key, or what several begin with, comes once and in order, however small the pages."""
    walk = kind(cloud.bucket(NAME), prefix=prefix, delimiter=delimiter, max_keys=page)
    assert [each.key for each in walk] == found


@given(
    there=st.sets(keys), prefix=st.sampled_from(["", "a", "a/"]), after=st.one_of(st.just(""), keys)
)
def test_groups_and_markers_are_as_a_reader_counts_them(
    cloud: OssCloud, there: set[str], prefix: str, after: str
) -> None:
    """Whatever keys there are: what begins with the prefix, cut after the next slash, once each."""
    if "drawn" in cloud.state.names():
        for key in cloud.state.bucket("drawn").objects:
            cloud.state.delete_object("drawn", key)
        cloud.state.delete("drawn")
    cloud.state.create("drawn")
    for key in there:
        cloud.state.put_object("drawn", key, b"")
    size = len(prefix)
    cut = {key[: key.index("/", size) + 1] if "/" in key[size:] else key for key in there}
    expected = sorted(name for name in cut if name.startswith(prefix) and name > after)

    answer = cloud.bucket("drawn").list_objects_v2(prefix, "/", start_after=after)

    found = [each.key for each in answer.object_list]
    assert sorted([*found, *answer.prefix_list]) == expected


def test_what_is_told_of_an_object(cloud: OssCloud) -> None:
    """Size, class, kind and ETag; the owner in version 1, and in version 2 where it is asked."""
    bucket = cloud.bucket(NAME)
    (told,) = bucket.list_objects("a").object_list
    assert (told.size, told.type, told.storage_class) == (4, "Normal", "IA")
    assert told.etag == bucket.head_object("a").etag
    assert told.owner.id == cloud.core.account_id
    assert bucket.list_objects_v2("a").object_list[0].owner is None
    assert bucket.list_objects_v2("a", fetch_owner=True).object_list[0].owner is not None


@pytest.mark.parametrize(
    "params",
    [
        {"encoding-type": "base64"},
        {"max-keys": "1001"},
        {"list-type": "3"},
        {"list-type": "2", "continuation-token": "no token"},
    ],
)
def test_a_list_that_cannot_be_asked_for(cloud: OssCloud, params: dict[str, str]) -> None:
    """Another encoding, version or token is an invalid argument."""
    answer = cloud.send(cloud.sign("GET", f"/{NAME}/", params))
    assert (answer.status, answer.error()["Code"]) == (400, "InvalidArgument")


@pytest.mark.parametrize("params", [{}, {"list-type": "2"}])
def test_listing_needs_its_permission(cloud: OssCloud, params: dict[str, str]) -> None:
    """oss:ListObjects on the bucket, for both versions; nobody lists without a name."""

    def listed(*allowed: str, but: str = "") -> object:
        bucket = cloud.bucket(NAME, credentials=cloud.role(*allowed, but=but))
        return bucket._do("GET", NAME, "", params=dict(params)).status

    assert listed("oss:ListObjects") == 200
    with pytest.raises(oss2.exceptions.AccessDenied):
        listed("oss:*", but="oss:ListObjects")
    cloud.state.set_acl(NAME, "public-read")
    assert cloud.plain("GET", f"/{NAME}/").status == 403
