"""Accounts that tests of several verbs begin with, beyond those of all tests."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from scripts.declared import Generation

if TYPE_CHECKING:  # the SDKs, which do not go with the bundle's modules of the same names
    from tests.account import Account, Moments


@pytest.fixture
def sound(moments: "Moments", tmp_path: Path, generation: Generation) -> "Account":
    """All is provisioned and deployed, and the doctor has nothing to say."""
    from tests.contract import spoil  # noqa: PLC0415  (see above)

    return moments.after(spoil.sound, tmp_path, generation=generation)


@pytest.fixture
def provisioned(moments: "Moments", tmp_path: Path, generation: Generation) -> "Account":
    """Everything around the function is there, and nothing is deployed."""
    from tests.contract import spoil  # noqa: PLC0415  (see above)

    return moments.after(spoil.provisioned, tmp_path, generation=generation)
