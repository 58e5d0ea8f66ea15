"""What tests of provision, remove and what they handle share: a cloud, empty for each test."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from scripts.localcloud import LocalCloud
from scripts.localcloud.cloud import Snapshot
from tests.contract.provision_rig import Account


class Deployed(NamedTuple):
    """All provisioned and deployed: the cloud, the project's settings, and what is there."""

    snapshot: Snapshot
    env: Path
    provisioned: dict[str, Any]


@pytest.fixture(scope="session")
def cloud() -> Iterator[LocalCloud]:
    """A cloud for all tests."""
    with LocalCloud() as cloud:
        yield cloud


@pytest.fixture(scope="session")
def nothing(cloud: LocalCloud) -> Snapshot:
    """That cloud with nothing in it."""
    return cloud.snapshot()


@pytest.fixture(scope="session")
def everything(
    tmp_path_factory: pytest.TempPathFactory, cloud: LocalCloud, nothing: Snapshot
) -> Deployed:
    """That cloud after one good run of provision, and of apply."""
    cloud.rollback(nothing)
    account = Account(cloud, tmp_path_factory.mktemp("good"))
    assert account.provision("--yes") == 0
    provisioned = account.state()
    account.deploy()
    return Deployed(cloud.snapshot(), account.env, provisioned)


@pytest.fixture(scope="session")
def made(everything: Deployed) -> dict[str, Any]:
    """What is in the account after one good run of provision."""
    return everything.provisioned


@pytest.fixture
def account(cloud: LocalCloud, nothing: Snapshot, tmp_path: Path) -> Account:
    """A project, and an account with nothing in it."""
    cloud.rollback(nothing)
    return Account(cloud, tmp_path)


@pytest.fixture
def deployed(cloud: LocalCloud, everything: Deployed, tmp_path: Path) -> Account:
    """An account on which all was provisioned and deployed, from a project of its own."""
    cloud.rollback(everything.snapshot)
    account = Account(cloud, tmp_path)
    shutil.copy(everything.env, account.env)
    return account
