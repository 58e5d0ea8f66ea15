"""What tests of undo begin with."""

import pytest

from tests.account import Account
from tests.contract.undo.site import Site


@pytest.fixture
def site(product: Account) -> Site:
    """A bucket that is yet to be made, beside no other; the code is what was built of the file."""
    return Site(product)
