"""What tests of the whole share: the bundle, built once, with an exemption of the tests' own."""

import functools
import os
import signal
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

from resource_repair.remediations import REMEDIATIONS, named
from resource_repair.settings import Ways
from scripts.account import addresses
from scripts.bundling import bundle
from scripts.declared import Generation
from scripts.localcloud.faults import Faults, Order
from scripts.localcloud.ram.state import Principal, RamState

if TYPE_CHECKING:  # the SDKs, which do not go with the bundle's modules of the same names
    from scripts.localcloud import LocalCloud
    from tests.account import Account, Moments

EXEMPTIONS = """\
- bucket: config-website
  reason: serves the website
  owner: web-team
  expires: {expires}
"""

# The same inputs each time, so that who changes nothing breaks nothing; `make explore` looks for
# new ones. A deadline would be a timed assertion, as is "too slow": a busy machine is no bug.
REPEATED = settings(
    deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True, database=None
)
settings.register_profile("default", REPEATED)
settings.register_profile("explore", REPEATED, derandomize=False)
settings.load_profile("default")

# All that is asked in a test is on this machine, whatever proxy its user has.
os.environ.update(addresses.sparing_loopback(os.environ))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Have a switch for the end-to-end tests (tests/e2e/conftest.py)."""
    parser.addoption(
        "--generation",
        type=lambda word: Generation(int(word)),
        choices=list(Generation),
        help="of the end-to-end tests those on this Function Compute alone",
    )


def pytest_configure(config: pytest.Config) -> None:
    """A seed explores: where all is repeated Hypothesis passes over it in silence."""
    if config.getoption("hypothesis_seed") is not None:
        settings.load_profile("explore")


_ordered: list[Order] = []  # and not looked at yet
_add = Faults.add


@functools.wraps(_add)
def _noting(*arguments: Any, **options: Any) -> Order:
    order = _add(*arguments, **options)
    _ordered.append(order)
    return order


Faults.add = _noting  # type: ignore[method-assign]


@pytest.fixture(autouse=True)
def ordered_faults_are_met() -> Iterator[None]:
    """Fail a test that ordered a fault which no call suffered: as to that, it proved nothing.

    Where that is as it should be, the order says `may_be_unmet`.
    """
    yield
    unmet = [str(each) for each in _ordered if not (each.met.is_set() or each.may_be_unmet)]
    _ordered.clear()
    assert unmet == [], "faults that were ordered, and met by no call"


_asked: set[str] = set()  # actions, for a role of the function's, and not looked at yet
_authorized = RamState.authorized


@functools.wraps(_authorized)
def _noting_function(state: RamState, principal: Principal, action: str, resource: str) -> bool:
    if principal.role.startswith("resource-repair-"):
        _asked.add(action)
    return _authorized(state, principal, action, resource)


RamState.authorized = _noting_function  # type: ignore[method-assign]


@pytest.fixture(autouse=True)
def functions_do_what_is_declared() -> Iterator[None]:
    """Fail a test in which the function, or the platform in its role's name, does anything more.

    That the role of least privilege may do no less, and no more, tests of its own say.
    """
    yield
    declared = {action for each in REMEDIATIONS for action in named(each).permissions}
    declared |= set(named("acl", Ways("both", True, ())).permissions)
    more = _asked - declared - {"mns:SendMessage", "log:PostLogStoreLogs"}
    _asked.clear()
    assert more == set(), "actions that no remediation declares"


@pytest.fixture
def in_foreground() -> Iterator[None]:
    """Signals do what they do in a shell's foreground; a job in the background ignores Ctrl-C."""
    usual = {
        signal.SIGINT: signal.default_int_handler,
        signal.SIGTERM: signal.SIG_DFL,
        signal.SIGHUP: signal.SIG_DFL,
    }
    before = {number: signal.signal(number, handler) for number, handler in usual.items()}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def missing_runtime(python: str) -> None:
    """Skip a test whose Python is not here; fail it if REQUIRE_PYTHONS ("3.9 3.12") has it."""
    if python in os.environ.get("REQUIRE_PYTHONS", "").split():
        pytest.fail(f"Python {python} is to be on this machine, and is not")
    pytest.skip(f"no Python {python} on this machine")


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The zip of a bundle in which config-website is exempt."""
    folder = tmp_path_factory.mktemp("bundle")
    exemptions = folder / "exemptions.yaml"
    in_a_month = datetime.now(timezone.utc).date() + timedelta(days=30)
    exemptions.write_text(EXEMPTIONS.format(expires=in_a_month.isoformat()))
    return bundle.build(folder, exemptions)


@pytest.fixture(scope="session")
def code(built: Path) -> Path:
    """That zip, as tests call it."""
    return built


@pytest.fixture(scope="session")
def cloud() -> "Iterator[LocalCloud]":
    """The cloud of all tests that want no other; as an account answered, by the file in PROBED."""
    from scripts.localcloud import LocalCloud  # noqa: PLC0415  (see above)

    probed = os.environ.get("PROBED")
    # An evaluation takes ten minutes of the cloud's time: that is 0.06 s here.
    with LocalCloud(time_scale=0.0001, probed=Path(probed) if probed else None) as cloud:
        yield cloud


@pytest.fixture(scope="session")
def moments(
    request: pytest.FixtureRequest, cloud: "LocalCloud", tmp_path_factory: pytest.TempPathFactory
) -> "Moments":
    """What that cloud can go back to."""
    from tests.account import Moments  # noqa: PLC0415  (see above)

    # It goes on asking in the name of the first test, whose parameter may be called `code`.
    return Moments(
        cloud, lambda: request.getfixturevalue("built"), tmp_path_factory.mktemp("moments")
    )


@pytest.fixture
def generation(request: pytest.FixtureRequest) -> Generation:
    """Which Function Compute the account's function is for: 2.0, or as the test's mark EITHER."""
    return getattr(request, "param", Generation.FC2)


@pytest.fixture
def account(moments: "Moments", tmp_path: Path, generation: Generation) -> "Account":
    """A project, and an account with nothing on it."""
    return moments.on(generation).nothing(tmp_path)


@pytest.fixture
def deployed(moments: "Moments", tmp_path: Path, generation: Generation) -> "Account":
    """An account on which all is provisioned and deployed, the code being a line."""
    return moments.on(generation).deployed(tmp_path, bundle=False)


@pytest.fixture
def product(moments: "Moments", tmp_path: Path, generation: Generation) -> "Account":
    """An account on which all is provisioned and deployed: what is built is what runs."""
    return moments.on(generation).deployed(tmp_path, bundle=True)


@pytest.fixture
def least(moments: "Moments", tmp_path: Path) -> "Account":
    """As `product`, under the role of least privilege."""
    return moments.deployed(tmp_path, bundle=True, least=True)
