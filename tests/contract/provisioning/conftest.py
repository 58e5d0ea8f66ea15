"""What tests of provision, remove and what they handle share."""

from typing import Any

import pytest

from tests.account import Moments


@pytest.fixture(scope="session")
def made(moments: Moments, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What is in the account after one good run of provision."""
    account = moments.nothing(tmp_path_factory.mktemp("good"))
    assert account.run("provision", "--yes") == 0
    return account.state()
