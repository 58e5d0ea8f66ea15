"""What all end-to-end tests run with: a proxy in the environment, which nothing may come to."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import trap


@pytest.fixture(autouse=True)
def nothing_goes_by_a_proxy(code: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail a test in which anything comes to the proxy that the environment names.

    All in these tests is on this machine; what the bundle is made of has been fetched by then.
    """
    with trap.listening() as proxy:
        trap.name(monkeypatch, proxy.port)
        yield
        assert proxy.connections == 0
