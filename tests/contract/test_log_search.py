"""What Log Service finds: searches with the SDK, over HTTP."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from alibabacloud_sls20201230 import models

from scripts.localcloud import Lag, LocalCloud
from scripts.localcloud.log.index import Index
from tests.contract.log_helpers import (
    DELIMITERS,
    JSON,
    PROJECT,
    STORE,
    TEXT,
    WHOLE,
    make_store,
    refusal,
    search,
    write,
)
from tests.parts import clients

REPAIRED = '{"event": "repair", "outcome": "repaired", "bucket": "a-b", "by": {"policy": false}}'
EXEMPT = '{"event": "repair", "outcome": "exempt", "bucket": "website"}'
PLAIN = "FC Invoke Start RequestId: 1-2-3"
NAMES = {REPAIRED: "repaired", EXEMPT: "exempt", PLAIN: "plain"}


@pytest.fixture(scope="module")
def cloud() -> Iterator[LocalCloud]:
    """A cloud with a store of three logs, whole and by the fields of their JSON; without delays."""
    with LocalCloud(time_scale=0) as running:
        make_store(running, {**WHOLE, "keys": {"message": {**JSON, "index_all": True}}})
        write(running, NAMES)
        yield running


@pytest.fixture(scope="module")
def sdk(cloud: LocalCloud) -> Any:
    """The SDK with the account's own key."""
    return clients(cloud).log


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", "repaired exempt plain"),
        ("*", "repaired exempt plain"),
        ("a-b", "repaired"),
        ("A-B", "repaired"),
        ("a", ""),
        ('"a-b"', "repaired"),
        ('"bucket: a-b"', "repaired"),
        ("web*", "exempt"),
        ("event repair", "repaired exempt"),
        ("event and repair and website", "exempt"),
        ("event not website", "repaired"),
        ("not event", "plain"),
        ("website or start and invoke", "exempt plain"),
        ("(website or start) and invoke", "plain"),
        ('"not" or "AND"', ""),
        ("message.outcome: exempt", "exempt"),
        ("message.outcome : Exempt", "exempt"),
        ("message.by.policy: false", "repaired"),
        ("message.bucket: *", "repaired exempt"),
        ("message.bucket: (", None),
        ('__topic__: "other"', ""),
        ("event and", None),
        ("(event", None),
        ("event)", None),
        (": event", None),
        ("a > 1", None),
        ("* | select count(1)", None),
    ],
)
def test_a_query_is_words_fields_and_logic(sdk: Any, query: str, found: str | None) -> None:
    """A query finds the logs that it describes; what it cannot be is refused."""
    if found is None:
        assert refusal(lambda: search(sdk, query)).code == "InvalidQueryString"
    else:
        assert [NAMES[each] for each in search(sdk, query)] == found.split()


def test_a_field_without_index_cannot_be_asked_for(sdk: Any) -> None:
    """It is refused as documented, and not simply not found."""
    refused = refusal(lambda: search(sdk, "serviceName: x"))
    assert (refused.code, refused.status) == ("ParameterInvalid", 400)
    assert "key (serviceName) is not config as key value config" in str(refused)


@pytest.mark.parametrize(
    ("index", "found"),
    [
        ({"keys": {"message": TEXT}}, ["a-b"]),
        ({"keys": {"other": TEXT}}, []),
        ({"line": {**WHOLE["line"], "include_keys": ["message"]}}, ["a-b"]),
        ({"line": {**WHOLE["line"], "include_keys": ["other"]}}, []),
        ({"line": {**WHOLE["line"], "exclude_keys": ["message"]}}, []),
        ({"line": {"token": [*DELIMITERS, "-"]}}, ["a-b"]),
        ({"line": {"token": [*DELIMITERS, "-"], "caseSensitive": True}}, []),
    ],
)
def test_the_index_says_what_is_found(index: dict[str, Any], found: list[str]) -> None:
    """What no index covers is not found; delimiters and case are the index's."""
    with LocalCloud(time_scale=0) as cloud:
        make_store(cloud, index)
        write(cloud, ["a-b"])
        assert search(clients(cloud).log, "A-B") == found


def test_an_index_says_nothing_of_older_logs() -> None:
    """Without index nothing can be searched, and with one only what was written since."""
    with LocalCloud(time_scale=0) as cloud:
        sdk = clients(cloud).log
        make_store(cloud, None)
        write(cloud, ["older"])
        refused = refusal(lambda: search(sdk))
        assert (refused.code, refused.status) == ("IndexConfigNotExist", 400)
        cloud.log.create_index(PROJECT, STORE, Index.parse(WHOLE))
        write(cloud, ["newer"])
        assert search(sdk) == ["newer"]


def test_a_log_is_found_a_little_after_it_was_written() -> None:
    """Where a second takes long, a log that was just written is not there yet."""
    with LocalCloud(time_scale=1000) as cloud:
        make_store(cloud)
        write(cloud, ["new"])
        assert search(clients(cloud).log) == []


def test_answers_come_in_pages_in_either_direction(cloud: LocalCloud, sdk: Any) -> None:
    """Pages of any size show each log once, in order; a hundred is the most."""
    names = [NAMES[each] for at in range(3) for each in search(sdk, line=1, offset=at)]
    assert names == ["repaired", "exempt", "plain"]
    assert [NAMES[each] for each in search(sdk, line=2, reverse=True)] == ["plain", "exempt"]
    assert search(sdk, offset=3) == []
    assert refusal(lambda: search(sdk, line=101)).code == "InvalidLine"
    assert refusal(lambda: search(sdk, offset=-1)).code == "InvalidOffset"


def test_a_time_span_has_its_beginning_and_not_its_end(cloud: LocalCloud, sdk: Any) -> None:
    """From a log's second on it is found, and up to its second it is not."""
    request = models.GetLogsV2Request(from_=0, to=2**33, line=1)
    log = sdk.get_logs_v2(PROJECT, STORE, request).body.data[0]
    at = int(log["__time__"])
    assert abs(at - time.time()) < 3600
    assert REPAIRED in search(sdk, from_=at, to=at + 1)
    assert REPAIRED not in search(sdk, from_=at - 10, to=at)
    assert refusal(lambda: search(sdk, from_=at, to=at)).code == "InvalidTimeRange"


def test_an_answer_can_be_incomplete(cloud: LocalCloud, sdk: Any) -> None:
    """Told to lag, so many searches say that they are incomplete, and the next is complete."""
    cloud.faults.add("log:GetLogStoreLogs", Lag(reads=2), subject=f"{PROJECT}/{STORE}")
    request = models.GetLogsRequest(from_=0, to=2**33)
    bodies = [sdk.get_logs(PROJECT, STORE, request).body for _ in range(3)]
    assert [body.meta.progress for body in bodies] == ["Incomplete", "Incomplete", "Complete"]
    assert [len(body.data) for body in bodies] == [0, 0, 3]
