"""One product for each file about undo, and a bucket for each test."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.stage.stage import Stage
from tests.contract.undo.site import Site
from tests.contract.verb_rig import product


@pytest.fixture(scope="module")
def shared(code: Path) -> Iterator[Stage]:
    """The product, deployed."""
    with product(code) as stage:
        yield stage


@pytest.fixture
def site(shared: Stage, code: Path, tmp_path: Path) -> Site:
    """A bucket that is yet to be made, beside no other; the code is what was built of the file."""
    shared.start_over()
    return Site(shared, Path(shutil.copy(code.with_name("exemptions.yaml"), tmp_path)))
