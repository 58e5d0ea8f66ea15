"""What tests of the whole share: the bundle, built once, with an exemption of the tests' own."""

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import settings

from scripts import bundle

EXEMPTIONS = """\
- bucket: config-website
  reason: serves the website
  owner: web-team
  expires: {expires}
"""

# A deadline would be a timed assertion: a busy machine is no bug.
settings.register_profile("default", deadline=None)
settings.load_profile("default")


@pytest.fixture(scope="session")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The zip of a bundle in which config-website is exempt."""
    folder = tmp_path_factory.mktemp("bundle")
    exemptions = folder / "exemptions.yaml"
    in_a_month = datetime.now(timezone.utc).date() + timedelta(days=30)
    exemptions.write_text(EXEMPTIONS.format(expires=in_a_month.isoformat()))
    return bundle.build(folder, exemptions)
