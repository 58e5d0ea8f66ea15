"""What all end-to-end tests run with: either Function Compute, and a proxy nothing may come to.

Each test that has an account is run on 2.0 and on 3.0: on 3.0 as a bad day, which `make test`
leaves out and `make test-all` has. The sample that `make test` has of 3.0 is marked EITHER. `pytest
--generation 3` has one alone, and all of it.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts import patience
from scripts.declared import Generation
from tests import trap
from tests.account import Moments
from tests.e2e.move import Move, ready
from tests.parts import derive

_RECORDED = "what was recorded is of Function Compute 2.0"
# Whole modules, and tests of others, that make no sense where the function stands alone.
ON_2_ALONE = {
    "test_taken_over": _RECORDED,
    "test_it_is_switched_on_and_off": "on 3.0 the role is always that of least privilege",
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Have each test that has an account once a generation, unless it says itself of which."""
    if "generation" not in metafunc.fixturenames:
        return
    for mark in metafunc.definition.iter_markers("parametrize"):
        if "generation" in mark.args[0]:
            return
    names = (metafunc.module.__name__.rpartition(".")[2], metafunc.function.__name__)
    why = next((ON_2_ALONE[name] for name in names if name in ON_2_ALONE), "")
    chosen = metafunc.config.getoption("generation")
    on_3 = [pytest.mark.bad_days] if chosen is None else []
    on_3 += [pytest.mark.skip(reason=why)] if why else []
    both = [Generation.FC2, pytest.param(Generation.FC3, marks=on_3)]
    metafunc.parametrize("generation", both, indirect=True, ids=str, scope="session")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out those of the other generation, where one was chosen."""
    chosen = config.getoption("generation")
    if chosen is None:
        return
    left_out = [item for item in items if _generation(item) not in (None, chosen)]
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=left_out)


def _generation(item: pytest.Item) -> Generation | None:
    return item.callspec.params.get("generation") if hasattr(item, "callspec") else None


@pytest.fixture(scope="session")
def generation(request: pytest.FixtureRequest) -> Generation:
    """Which Function Compute the test is of."""
    found: Generation = request.param
    return found


@pytest.fixture(scope="session")
def moments(moments: Moments, generation: Generation) -> Moments:
    """What the cloud can go back to, on that."""
    return moments.on(generation)


@pytest.fixture(autouse=True)
def nothing_goes_by_a_proxy(code: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail a test in which anything comes to the proxy that the environment names.

    All in these tests is on this machine; what the bundle is made of has been fetched by then.
    """
    with trap.listening() as proxy:
        trap.name(monkeypatch, proxy.port)
        yield
        assert proxy.connections == 0


@pytest.fixture
def move(moments: Moments, tmp_path: Path, code: Path, monkeypatch: pytest.MonkeyPatch) -> Move:
    """A move that is yet to begin; what is cut off is not tried again."""
    monkeypatch.setattr(patience, "WITHIN", 0.0)
    account = moments.after(ready, tmp_path, code)
    monkeypatch.setattr(account.cloud.oss, "most_buckets", 300)  # which can be had on request
    derive(account.path)
    return Move(account)
