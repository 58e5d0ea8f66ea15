"""A log store in a local cloud, and how it is refused and searched with the real SDK."""

import contextlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import pytest
from alibabacloud_sls20201230 import models
from Tea.exceptions import TeaException

from scripts.account.clients import calling
from scripts.errors import CloudError
from scripts.localcloud import LocalCloud
from scripts.localcloud.log.index import Index

Answer = TypeVar("Answer")

PROJECT, STORE = "some-logs", "audit"
DELIMITERS = list(", '\";=()[]{}?@&<>/:\n\t\r")  # the console's own
WHOLE = {"line": {"token": DELIMITERS}}
TEXT, JSON = {"type": "text", "token": DELIMITERS}, {"type": "json", "token": DELIMITERS}


def make_store(cloud: LocalCloud, index: Mapping[str, Any] | None = WHOLE) -> None:
    """The project and the store, with an index unless told otherwise."""
    cloud.log.create_project(PROJECT)
    cloud.log.create_store(PROJECT, STORE, {"ttl": 365, "shardCount": 2})
    if index is not None:
        cloud.log.create_index(PROJECT, STORE, Index.parse(index))


def write(cloud: LocalCloud, messages: Iterable[str]) -> None:
    """A log for each message."""
    cloud.log.write(PROJECT, STORE, [{"message": each} for each in messages])


def search(sdk: Any, query: str = "*", **asked: Any) -> list[str]:
    """The messages that a search finds, of any time unless told otherwise."""
    asked = {"from_": 0, "to": 2**33, **asked}
    request = models.GetLogsV2Request(query=query, **asked)
    return [log["message"] for log in sdk.get_logs_v2(PROJECT, STORE, request).body.data]


def until_seen(call: Callable[[], Answer]) -> Answer:
    """What a call gives in the end; what it names may be so new that it is missed at first."""
    for _ in range(9):
        with contextlib.suppress(TeaException):
            return call()
    return call()


def refusal(call: Callable[[], object]) -> CloudError:
    """What a call is refused with."""
    with pytest.raises(CloudError) as refused, calling("log:Something", "something"):
        call()
    return refused.value
