"""Fixtures for pytest: a local Alibaba Cloud that is empty at the start of each test.

def test_upload(local_alibaba_cloud):
    bucket = local_alibaba_cloud.clients.bucket("config-snapshot")
    bucket.create_bucket()
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:  # who runs pytest without using it does not wait for it
    from .cloud import LocalCloud


@pytest.fixture(scope="session")
def local_alibaba_cloud_options() -> Mapping[str, Any]:
    """What LocalCloud is made with: override it in a conftest.py."""
    return {}


@pytest.fixture(scope="session")
def local_alibaba_cloud_session(
    local_alibaba_cloud_options: Mapping[str, Any],
) -> "Iterator[LocalCloud]":
    """One cloud for all tests, where to set up what all of them need."""
    from .cloud import LocalCloud  # noqa: PLC0415  (see above)

    with LocalCloud(**local_alibaba_cloud_options) as cloud:
        yield cloud


@pytest.fixture
def local_alibaba_cloud(local_alibaba_cloud_session: "LocalCloud") -> "Iterator[LocalCloud]":
    """That cloud, which is afterwards as it was before: clients, faults, clock and journal too.

    `clients` are SDK clients, `faults` bad days to order, `clock` its time, `journal` what
    happened, and `endpoints` and `credentials` what other clients need. A fault that was ordered in
    the test and met by no call is an error: it proved nothing, unless it says `may_be_unmet`.
    """
    before = local_alibaba_cloud_session.snapshot()
    yield local_alibaba_cloud_session
    left = local_alibaba_cloud_session.faults.orders()
    local_alibaba_cloud_session.rollback(before)
    unmet = [str(each) for each in left if not (each.met.is_set() or each.may_be_unmet)]
    assert not unmet, f"faults that were ordered, and met by no call: {', '.join(unmet)}"  # noqa: S101
