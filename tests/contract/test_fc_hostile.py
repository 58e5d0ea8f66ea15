"""Whatever bytes and JSON come: checksums are right, and refusals are refusals."""

from collections.abc import Callable
from typing import Any

import oss2
from hypothesis import given, settings
from hypothesis import strategies as st

from scripts.localcloud.clock import Clock
from scripts.localcloud.fc.code import crc64
from scripts.localcloud.fc.errors import FcError
from scripts.localcloud.fc.resources import Resources
from scripts.localcloud.fc.settings import FUNCTION_DEFAULTS, SERVICE_DEFAULTS
from tests.contract.fc_helpers import (
    ECHO,
    FUNCTION,
    QUICK,
    SERVICE,
    zip_file,
)


def oss_crc64(data: bytes) -> int:
    """The CRC-64 as OSS's SDK calculates it."""
    checksum = oss2.utils.Crc64()
    checksum.update(data)
    return int(checksum.crc)


@given(st.binary())
def test_checksums_are_the_crc64_of_alibaba_cloud(data: bytes) -> None:
    """The checksum of any bytes is what OSS's own implementation says."""
    assert crc64(data) == oss_crc64(data)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)


PLAIN = {"runtime": QUICK, "handler": "index.handler", "code": {"zipFile": zip_file(ECHO)}}


@settings(max_examples=50)
@given(
    st.dictionaries(st.sampled_from([*SERVICE_DEFAULTS]), ANYTHING),
    st.dictionaries(st.sampled_from([*FUNCTION_DEFAULTS, "code"]), ANYTHING),
    st.dictionaries(st.sampled_from(["destinationConfig", "maxAsyncRetryAttempts"]), ANYTHING),
)
def test_hostile_settings_are_taken_or_refused_but_never_break(
    service: dict[str, Any], function: dict[str, Any], config: dict[str, Any]
) -> None:
    """Whatever JSON comes as settings, the answer is the resource or an InvalidArgument."""
    resources = Resources(Clock())
    asked: list[Callable[[], object]] = [
        lambda: resources.create_service(SERVICE, service),
        lambda: resources.create_service("plain", {}),
        lambda: resources.create_function("plain", FUNCTION, function),
        lambda: resources.create_function("plain", "plain", PLAIN),
        lambda: resources.put_async_config("plain", "plain", config),
    ]
    codes = {outcome(ask) for ask in asked}
    assert codes <= {"", "InvalidArgument"}


def outcome(ask: Callable[[], object]) -> str:
    """The code that it was refused with; empty if it was not."""
    try:
        ask()
    except FcError as refused:
        return refused.code
    return ""
