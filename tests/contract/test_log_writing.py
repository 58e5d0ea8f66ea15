"""Logs as they are written: with the SDK (alibabacloud_sls20201230), and byte by byte."""

import time
from collections.abc import Iterator
from typing import Any

import lz4.block
import pytest
import zstd
from alibabacloud_sls20201230 import models
from darabonba.runtime import RuntimeOptions

from scripts.localcloud import LocalCloud
from scripts.localcloud.log import index, logs, protobuf
from scripts.localcloud.log.errors import LogError
from scripts.localcloud.log.state import Search
from tests.contract.log_helpers import PROJECT, STORE, make_store, refusal, search, write
from tests.parts import clients

DAY = 86400
ALL = Search("*", 0, 2**33)


@pytest.fixture
def cloud() -> Iterator[LocalCloud]:
    """A cloud with a store, where logs are found at once."""
    with LocalCloud(time_scale=0) as cloud:
        make_store(cloud)
        yield cloud


@pytest.fixture
def sdk(cloud: LocalCloud) -> Any:
    """The SDK's client."""
    return clients(cloud).log


def put(sdk: Any, *times: int, compression: str = "lz4", value: str = "put") -> None:
    """A group of a log for each time."""
    contents = [models.LogContent(key="message", value=value), *_numbered(300)]
    items = [models.LogItem(time=at, contents=contents) for at in times]
    group = models.LogGroup(
        log_items=items, topic="t", source="s", log_tags=[models.LogTag(key="k", value="v")]
    )
    headers = models.PutLogsHeaders(x_log_compresstype=compression)
    request = models.PutLogsRequest(body=group)
    sdk.put_logs_with_options(PROJECT, STORE, request, headers, RuntimeOptions())


def _numbered(count: int) -> list[models.LogContent]:
    return [models.LogContent(key=f"field-{n}", value="x" * n) for n in range(count)]


@pytest.mark.parametrize("compression", ["zstd", "lz4", "deflate"])
def test_logs_are_written_by_the_sdk(sdk: Any, compression: str) -> None:
    """Logs that were put are found, whichever way they were compressed."""
    now = int(time.time())
    put(sdk, now, now, compression=compression, value="put, with ü")
    assert search(sdk, "__topic__: t") == ["put, with ü"] * 2


@pytest.mark.fidelity(31)
def test_a_log_keeps_its_own_time_and_source(sdk: Any) -> None:
    """It is found at that time, in the order of the times, and told with source and tags."""
    now = int(time.time())
    put(sdk, now, now - 60)
    request = models.GetLogsV2Request(query="*", from_=now - 60, to=now + 1)
    told = sdk.get_logs_v2(PROJECT, STORE, request).body.data
    assert [int(log["__time__"]) for log in told] == [now - 60, now]
    assert {(log["__source__"], log["__topic__"], log["__tag__:k"]) for log in told} == {
        ("s", "t", "v")
    }
    assert len(search(sdk, from_=now - 60, to=now)) == 1


@pytest.mark.parametrize("off", [-7 * DAY - 60, 15 * 60 + 60])
def test_a_log_of_another_time_is_refused(sdk: Any, off: int) -> None:
    """Up to seven days ago and a quarter of an hour ahead; with one that is not, none is kept."""
    now = int(time.time())
    refused = refusal(lambda: put(sdk, now, now + off))
    assert (refused.status, refused.code) == (400, "PostBodyInvalid")
    assert search(sdk) == []
    put(sdk, now + off * 9 // 10)
    assert search(sdk) == ["put"]


def test_a_topic_can_be_asked_for(cloud: LocalCloud, sdk: Any) -> None:
    """Only its logs are found then."""
    put(sdk, int(time.time()))
    write(cloud, ["other"])
    assert search(sdk, topic="t") == ["put"]


GROUP = b"\x0a\x04\x08\x01\x12\x00"  # one log of time 1 with a field without a key


@pytest.mark.parametrize(
    ("body", "compression", "size", "code"),
    [
        (b"\x0a", "", "", "PostBodyInvalid"),
        (b"\x0a\xff", "", "", "PostBodyInvalid"),
        (b"\x07", "", "", "PostBodyInvalid"),
        (b"\xff" * 5000, "", "", "PostBodyInvalid"),
        (b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\x7f", "", "", "PostBodyInvalid"),
        (b"\x0a\x02\x12\x00", "", "", "InvalidKey"),
        (GROUP, "", "", "InvalidKey"),
        (b"\x0a\x09\x08\x01\x12\x05\x0a\x01a\x12\x00", "", "", ""),
        (b"\x0a\x07\x12\x05\x0a\x01a\x12\x00", "", "", "PostBodyInvalid"),
        (b"\x0a\x08\x08\x01\x12\x04\x0a\x02\xc3\x28", "", "", "InvalidEncoding"),
        (b"no lz4", "lz4", "100", "PostBodyUncompressError"),
        (lz4.block.compress(b"a" * 99, store_size=False), "lz4", "5", "PostBodyUncompressError"),
        (b"x", "lz4", "-1", "InvalidBodyRawSize"),
        (b"x", "lz4", "many", "InvalidBodyRawSize"),
        (b"x", "lz4", "", "MissingBodyRawSize"),
        (b"x", "lz4", "9" * 30, "PostBodyTooLarge"),
        (b"x", "zstd", "1", "PostBodyUncompressError"),
        (b"x", "deflate", "1", "PostBodyUncompressError"),
        (zstd.compress(b"\x07"), "zstd", "1", "PostBodyInvalid"),
        (b"x", "brotli", "1", "InvalidCompressType"),
        (b"x" * (10 * 2**20 + 1), "", "", "PostBodyTooLarge"),
    ],
)
def test_a_body_that_is_no_log_group_is_refused_as_documented(
    body: bytes, compression: str, size: str, code: str
) -> None:
    """Whatever bytes they are; what went wrong is told by the code."""
    if not code:
        assert protobuf.parse(body, compression, size).logs[0].fields == {"a": ""}
        return
    with pytest.raises(LogError) as refused:
        protobuf.parse(body, compression, size)
    assert refused.value.code == code


@pytest.mark.parametrize("query", ["(" * 5000 + "a", "not " * 5000 + "a", '{"a":' * 2000])
def test_a_query_that_is_too_deep_is_refused(cloud: LocalCloud, query: str) -> None:
    """It is no fault of the service."""
    write(cloud, ['{"a":' * 2000])  # nor is a line like that
    with pytest.raises(LogError) as refused:
        cloud.log.search(PROJECT, STORE, ALL._replace(text=query))
    assert refused.value.code == "InvalidQueryString"


def test_a_search_reads_no_line_again(cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many lines there are: their words are known since they were written."""
    write(cloud, (f"line {n} of many" for n in range(3000)))
    split: list[str] = []
    known = index.Words.split

    def counting(words: index.Words, text: str) -> list[str]:
        split.append(text)
        return known(words, text)

    monkeypatch.setattr(index.Words, "split", counting)
    found = cloud.log.search(PROJECT, STORE, Search('"line 29*" and not 2999', 0, 2**33, 100, 9))
    assert [log.fields["message"] for log in found.logs] == [
        f"line {n} of many" for n in range(2989, 2998)
    ]
    assert set(split) == {"line 29*", "2999"}


def test_a_store_keeps_no_more_than_it_can(
    cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oldest lines go first."""
    monkeypatch.setattr(logs, "_BLOCK", 10)
    monkeypatch.setattr(logs, "_MOST_BLOCKS", 3)
    write(cloud, (str(n) for n in range(100)))
    found = cloud.log.search(PROJECT, STORE, ALL).logs
    assert [log.fields["message"] for log in found] == [str(n) for n in range(60, 100)]


def test_a_histogram_counts_by_time(cloud: LocalCloud, sdk: Any) -> None:
    """`GET /logstores/st?type=histogram` is no GetLogStore, nor is it with `/index`."""
    now = int(time.time())
    put(sdk, now - 30, now - 30, now)
    request = models.GetHistogramsRequest(from_=now - 60, to=now + 60, query="put")
    parts = sdk.get_histograms(PROJECT, STORE, request).body
    assert [(part.from_, part.count) for part in parts if part.count] == [
        (now - 30, 2),
        (now, 1),
    ]
    assert (parts[0].from_, parts[-1].to) == (now - 60, now + 60)
    assert {part.progress for part in parts} == {"Complete"}
    assert cloud.journal.entries("log")[-1].action == "GetLogStoreHistogram"
