"""What undo does with exemptions that are there already."""

import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.contract.undo.site import ENTRY, OPEN, TODAY, UNTIL, WHY, Site, closed


@pytest.mark.parametrize(
    ("bucket", "expires", "kept"),
    [("{}", UNTIL, True), ("{}*", UNTIL, True), ("{}", TODAY - timedelta(2), False)],
)
def test_what_the_file_has_is_reused_and_never_changed(
    site: Site, bucket: str, expires: date, kept: bool
) -> None:
    """One that allows it goes live, for this bucket alone; beside one that ended comes another."""
    fields = ("reason: theirs", "owner: them", f"expires: {expires}", "")
    with site.reviewed.open("a") as file:
        file.write("\n  ".join((f"- bucket: {bucket.format(site.name)}", *fields)).rstrip() + "\n")
    before = site.entries
    closed(site)

    assert site.undo(*OPEN, *WHY, "--yes") == 0

    assert site.entries == (before if kept else (*before, ENTRY))
    assert site.live[-1] == site.entries[-1]._replace(bucket=site.name)
    assert site.acl == "public-read"


def test_one_that_allows_less_stays_and_gets_another_beside_it(site: Site) -> None:
    """An exemption of public-read does not allow public-read-write: there are two then."""
    closed(site)
    assert site.undo(*OPEN, *WHY, "--yes") == 0
    site.account.rest()  # or its finding closes what is opened further meanwhile

    wider = ("--acl", "public-read-write", "--world-writable", site.name)
    assert site.undo(*WHY, *wider, "--yes") == 0

    assert site.acl == "public-read-write"
    assert site.live[-2:] == (ENTRY, ENTRY._replace(allow="public-read-write"))
    assert site.live == site.entries


def test_what_is_live_alone_comes_into_the_file(site: Site) -> None:
    """What a colleague has undone, whose file is not here yet, is written down here too."""
    here, theirs = site.reviewed, site.reviewed.with_name("theirs.yaml")
    site.reviewed = Path(shutil.copy(here, theirs))
    closed(site)
    assert site.undo(*OPEN, *WHY, "--yes") == 0

    site.reviewed = here
    assert site.undo(*OPEN, "--yes") == 0

    assert site.entries == site.live
    assert here.read_text() == theirs.read_text()
