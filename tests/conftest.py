"""What tests of the whole share: the bundle, built once, with an exemption of the tests' own."""

import os
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import settings

from scripts import bundle, proxies

EXEMPTIONS = """\
- bucket: config-website
  reason: serves the website
  owner: web-team
  expires: {expires}
"""

# A deadline would be a timed assertion: a busy machine is no bug.
settings.register_profile("default", deadline=None)
settings.load_profile("default")

# All that is asked in a test is on this machine, whatever proxy its user has.
os.environ.update(proxies.sparing_loopback(os.environ))


def missing_runtime(python: str) -> None:
    """Skip a test whose Python is not here; fail it if REQUIRE_PYTHONS ("3.9 3.12") has it."""
    if python in os.environ.get("REQUIRE_PYTHONS", "").split():
        pytest.fail(f"Python {python} is to be on this machine, and is not")
    pytest.skip(f"no Python {python} on this machine")


@pytest.fixture(scope="session")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The zip of a bundle in which config-website is exempt."""
    folder = tmp_path_factory.mktemp("bundle")
    exemptions = folder / "exemptions.yaml"
    in_a_month = datetime.now(timezone.utc).date() + timedelta(days=30)
    exemptions.write_text(EXEMPTIONS.format(expires=in_a_month.isoformat()))
    return bundle.build(folder, exemptions)
