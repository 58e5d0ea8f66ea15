"""Accounts that tests of several verbs begin with, beyond those of all tests."""

from pathlib import Path

import pytest

from tests.account import Account, Moments
from tests.contract import spoil


@pytest.fixture
def sound(moments: Moments, tmp_path: Path) -> Account:
    """All is provisioned and deployed, and the doctor has nothing to say."""
    return moments.after(spoil.sound, tmp_path)


@pytest.fixture
def provisioned(moments: Moments, tmp_path: Path) -> Account:
    """Everything around the function is there, and nothing is deployed."""
    return moments.after(spoil.provisioned, tmp_path)
