"""What tests of provision, remove and what they handle share: a cloud, emptied after each test."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts.localcloud import LocalCloud
from tests.contract.provision_rig import Account, after_a_good_run, empty


@pytest.fixture(scope="session")
def cloud() -> Iterator[LocalCloud]:
    """A cloud for all tests."""
    with LocalCloud() as cloud:
        yield cloud


@pytest.fixture
def account(cloud: LocalCloud, tmp_path: Path) -> Iterator[Account]:
    """A project, and an account with nothing in it, before and after."""
    account = Account(cloud, tmp_path)
    yield account
    empty(account)


@pytest.fixture
def deployed(account: Account, capsys: pytest.CaptureFixture[str]) -> Account:
    """An account on which all was provisioned and deployed, and nothing of that is heard."""
    account.provision("--yes")
    account.deploy()
    capsys.readouterr()
    return account


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory, cloud: LocalCloud) -> dict[str, Any]:
    """What is in the account after one good run."""
    return after_a_good_run(Account(cloud, tmp_path_factory.mktemp("good")))
