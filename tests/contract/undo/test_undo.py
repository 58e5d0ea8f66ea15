"""The verb that undoes a repair, and keeps it undone."""

import io
import itertools
import threading
import zipfile
from pathlib import Path

import pytest

from scripts.account.package import exemptions_in
from scripts.bundling import bundle
from scripts.declared import exemptions
from scripts.localcloud import Drop, Fail, Hold, Lag, Stall
from scripts.localcloud.faults import Fault
from scripts.localcloud.fc.resources import Function
from scripts.localcloud.journal import Entry
from scripts.verbs import undo
from tests.account import FUNCTION, RULE_ID, SERVICE
from tests.contract.undo.site import ENTRY, OPEN, TODAY, UNTIL, WHY, Site, closed
from tests.parts import EITHER

LOOK = "GetBucketInfo"
LATE = 3  # answers


@EITHER
def test_a_repair_is_undone_and_stays_so(
    site: Site, code: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The ACL is what it was; with the exemption live and in the file a new finding is `exempt`."""
    site.oss.create("other", acl="public-read")
    site.repaired()

    assert site.undo(*WHY, "--yes", may=undo.VERB.permissions) == 0

    said = capsys.readouterr().out
    assert f"{site.name} was repaired at 20" in said
    assert "public-read -> private, by a finding of the rule test-oss-bucket-public" in said
    commit = f"commit -m 'Exempt {site.name} until {UNTIL}' -- exemptions.yaml"
    assert f"git -C {site.reviewed.parent} {commit}" in said
    assert "recorded as exempt, until" in said
    assert (site.acl, site.oss.bucket("other").acl) == ("public-read", "private")
    built = exemptions_in(code.read_bytes(), "").entries
    assert site.live == site.entries == (*built, ENTRY)

    site.account.cloud.config.start_evaluation(RULE_ID)
    site.account.rest()
    assert site.account.audit()[-1].outcome == "exempt"
    assert site.acl == "public-read"


def test_the_newest_repair_counts(site: Site) -> None:
    """Of several repairs it is the last that is undone: what it found, and not what one before."""
    site.repaired("public-read-write")
    site.oss.set_acl(site.name, "public-read")
    site.account.rest()
    assert site.acl == "private"

    assert site.undo(*WHY, "--yes") == 0

    assert site.acl == "public-read"


def test_only_the_exemptions_of_the_live_code_change(site: Site) -> None:
    """Whatever is live, and whatever is in the folder: one entry of the zip differs afterwards."""
    other = io.BytesIO(site.function.package)
    with zipfile.ZipFile(other, "a") as archive:
        archive.writestr("of_another_version.py", "")
    functions = site.account.cloud.fc.resources
    with site.account.live_code(other.getvalue()):
        settings = functions.function(SERVICE, FUNCTION).settings
        site.repaired()

        assert site.undo(*WHY, "--yes") == 0

        package = site.function.package
        assert functions.function(SERVICE, FUNCTION).settings == settings
    assert changed(other.getvalue(), package) == ["resource_repair/exemptions.json"]


def changed(before: bytes, after: bytes) -> list[str]:
    """The files in which two zips differ; their names are the same, in the same order."""
    with (
        zipfile.ZipFile(io.BytesIO(before)) as old,
        zipfile.ZipFile(io.BytesIO(after)) as new,
    ):
        assert old.namelist() == new.namelist()
        return [name for name in old.namelist() if old.read(name) != new.read(name)]


def test_what_is_put_live_is_what_a_build_of_the_file_gives(site: Site, tmp_path: Path) -> None:
    """Built from the same version with the file as it is then, the zip is the same to the byte."""
    site.repaired()
    assert site.undo(*WHY, "--yes") == 0
    built = bundle.build(tmp_path / "build", site.reviewed)
    assert site.function.package == built.read_bytes()


GOOD = Stall(0)  # nothing happens to the first call, which tries the ACL
FAULTS: dict[str, tuple[str, list[Fault]]] = {
    "UpdateFunction refused": ("fc:UpdateFunction", [Fail(403, "AccessDenied")]),
    "UpdateFunction unanswered": ("fc:UpdateFunction", [Drop()]),
    "UpdateFunction lost": ("fc:UpdateFunction", [Drop(applied=False)]),
    "first PutBucketAcl refused": ("oss:PutBucketAcl", [Fail(403, "AccessDenied")]),
    "first PutBucketAcl unanswered": ("oss:PutBucketAcl", [Drop()]),
    "PutBucketAcl refused": ("oss:PutBucketAcl", [GOOD, Fail(403, "AccessDenied")]),
    "PutBucketAcl unanswered": ("oss:PutBucketAcl", [GOOD, Drop()]),
    "PutBucketAcl shows late": ("oss:PutBucketAcl", [GOOD, Lag(reads=3)]),
    "code not to be had": ("fc:DownloadPackage", [Fail(403, "AccessDenied")]),
}


@pytest.mark.parametrize("name", FAULTS)
def test_stopped_anywhere_it_can_be_run_again(site: Site, name: str) -> None:
    """After a run that broke off, another gives what one whole run gives, and nothing twice."""
    before = site.entries
    closed(site)
    operation, faults = FAULTS[name]
    for fault in faults:
        site.account.cloud.faults.add(operation, fault)

    broke = site.undo(*OPEN, *WHY, "--yes")
    assert broke == (1 if isinstance(faults[-1], Fail) else 0)
    assert site.acl == ("private" if broke else "public-read")
    assert site.undo(*OPEN, *WHY, "--yes") == 0

    assert site.acl == "public-read"
    assert site.live == site.entries == (*before, ENTRY)


def test_the_bucket_is_opened_last(site: Site) -> None:
    """Until the exemption is seen to be live its ACL stays: a finding would close it again."""
    closed(site)
    calls = site.account.calls()

    assert site.undo(*OPEN, *WHY, "--yes") == 0

    done = [each.partition(":")[2] for each in calls()]
    update = done.index("UpdateFunction")
    opened = done.index("PutBucketAcl", update)
    assert update < done.index("GetFunction", update) < opened
    assert done[opened - 1] == "GetBucketInfo"
    assert "GetBucketInfo" in done[opened + 1 :]


def test_it_waits_until_the_code_is_live(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """While Function Compute still shows the older code the bucket stays closed."""
    closed(site)
    resources, stale = site.account.cloud.fc.resources, itertools.count()
    real, old = resources.function, resources.function(SERVICE, FUNCTION)

    def late(service: str, name: str) -> Function:
        found = real(service, name)
        return old if found.code != old.code and next(stale) < LATE else found

    monkeypatch.setattr(resources, "function", late)
    calls = site.account.calls()

    assert site.undo(*OPEN, *WHY, "--yes") == 0

    done = [each.partition(":")[2] for each in calls()]
    update = done.index("UpdateFunction")
    between = done[update : done.index("PutBucketAcl", update)]
    assert between.count("GetFunction") >= LATE


def test_a_second_run_changes_nothing(site: Site) -> None:
    """What was undone already is left as it is: no new entry, no update, no ACL set."""
    closed(site)
    assert site.undo(*OPEN, *WHY, "--yes") == 0
    nothing = site.untouched()
    assert site.undo(*OPEN, *WHY, "--yes") == 0
    assert nothing()


def test_a_repair_that_had_begun_before_does_not_win(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    """One that goes by the older exemptions and writes late is seen, and the bucket reopened."""
    journal, late = site.account.cloud.journal, Hold()
    site.account.cloud.faults.add("oss:PutBucketAcl", late)

    def begun(entries: list[Entry]) -> bool:
        return any(each.action == LOOK and each.subject == site.name for each in entries)

    def opened(entries: list[Entry]) -> bool:
        """Whether the undo has looked at the bucket again once the code was live."""
        actions = [each.action for each in entries[start:]]
        return "UpdateFunction" in actions and LOOK in actions[actions.index("UpdateFunction") :]

    def let_it_write() -> None:
        journal.wait_for(opened, 30)
        late.released.set()

    site.oss.create(site.name, acl="public-read")
    assert journal.wait_for(begun, 30)
    start = len(journal.entries())
    watcher = threading.Thread(target=let_it_write)
    watcher.start()
    assert site.undo(*WHY, "--acl", "public-read", "--yes", "--watch", "3") == 0
    watcher.join()
    site.account.rest()

    assert "was closed by a repair that had begun before" in capsys.readouterr().out
    assert site.acl == "public-read"


def test_how_long_it_is_watched_follows_the_function(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    """Unless told otherwise for the function's timeout: no repair lasts longer."""
    site.account.update(timeout=1)
    closed(site)
    assert site.account.run("undo", "--bucket", site.name, *OPEN, *WHY, "--yes") == 0
    assert "watching it for 1 s more" in capsys.readouterr().out


def test_what_is_live_lasts_as_long_as_it_says(site: Site) -> None:
    """A live exemption that ends sooner than the file's does not do: the file's goes live too."""
    site.repaired()
    ending = ENTRY._replace(expires=TODAY)
    held = (*site.live, ending)
    exemptions.add(site.reviewed, ENTRY, TODAY)

    with site.account.live_exemptions(*held):
        assert site.undo("--yes") == 0
        assert site.live == (*held, ENTRY)


def test_an_exemption_that_ends_sooner_than_asked_gets_another_beside_it(site: Site) -> None:
    """EXPIRES holds, though there is an exemption already: both are in the file, and live."""
    site.repaired()
    ending = ENTRY._replace(expires=TODAY)
    exemptions.add(site.reviewed, ending, TODAY)

    assert site.undo(*WHY, "--yes") == 0

    assert site.entries[-2:] == (ending, ENTRY)
    assert site.live[-1] == ENTRY


def test_what_is_exempt_from_the_acl_s_remediation_alone_does_not_suffice_for_writing(
    site: Site,
) -> None:
    """That of public write would close it again: the exemption that is made is from both."""
    site.repaired("public-read-write")
    narrow = ENTRY._replace(allow="public-read-write", of=("acl",))
    exemptions.add(site.reviewed, narrow, TODAY)

    assert site.undo(*WHY, "--yes", "--world-writable", site.name) == 0

    both = narrow._replace(of=())
    assert site.acl == "public-read-write"
    assert site.entries[-2:] == (narrow, both)
    assert site.live[-1] == both
