"""The verb that undoes a repair, and keeps it undone."""

import base64
import io
import itertools
import json
import shutil
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from resource_repair.exemptions import Exemption
from scripts import audit_trail, bundle, undo
from scripts.bundle import read_exemptions
from scripts.live import Live, exemptions_in, with_exemptions
from scripts.localcloud import Drop, Fail, Hold, Lag
from scripts.localcloud.fc.resources import Function
from scripts.localcloud.journal import Entry
from scripts.rehearsal import Stage
from scripts.verb import Permission
from tests.contract import verb_rig
from tests.contract.verb_rig import Terminal, clear, plant, product, without

TODAY = datetime.now(timezone.utc).date()
UNTIL = TODAY + timedelta(days=30)
LOOK = "GetBucketInfo"
LATE = 3  # answers
OPEN = ("--acl", "public-read")
WHY = ("--reason", "the site", "--owner", "web", "--expires", UNTIL.isoformat())


@pytest.fixture(scope="module")
def shared(code: Path) -> Iterator[Stage]:
    """The product, deployed."""
    with product(code) as stage:
        yield stage


class Site:
    """A bucket of a name of its own on that cloud, and the file of reviewed exemptions."""

    numbers = itertools.count(1)

    def __init__(self, stage: Stage, reviewed: Path) -> None:
        self.name = f"site-{next(self.numbers)}"
        self.stage = stage
        self.oss = stage.cloud.oss
        self.reviewed = reviewed
        self.entry = Exemption(self.name, "the site", "web", UNTIL)

    def repaired(self, acl: str = "public-read") -> None:
        """It was opened, and closed by the function."""
        self.oss.create(self.name, acl=acl)
        assert self.stage.wait_idle()
        assert self.acl == "private"

    def undo(self, *arguments: str, may: Sequence[Permission] | None = None) -> int:
        """The exit code."""
        options = ["--bucket", self.name, "--exemptions", str(self.reviewed), "--watch", "0"]
        return verb_rig.run(self.stage, undo.main, *options, *arguments, may=may)

    @property
    def acl(self) -> str:
        """Its ACL."""
        return self.oss.bucket(self.name).acl

    @property
    def function(self) -> Live:
        """The live function."""
        return Live.read(self.stage.spec, self.stage.clients)

    @property
    def live(self) -> tuple[Exemption, ...]:
        """The exemptions that it goes by."""
        return self.function.exemptions().entries

    @property
    def entries(self) -> tuple[Exemption, ...]:
        """Those in the file."""
        return read_exemptions(self.reviewed, TODAY).entries

    def update(self, **fields: Any) -> None:
        """Change the function as somebody does it by hand."""
        place = (self.stage.spec.service.name, self.stage.spec.function.name)
        self.stage.cloud.fc.resources.update_function(*place, fields)

    def settings(self) -> Mapping[str, Any]:
        """The function's settings."""
        place = (self.stage.spec.service.name, self.stage.spec.function.name)
        return self.stage.cloud.fc.resources.function(*place).settings

    def untouched(self) -> Callable[[], bool]:
        """What tells, when it is called, whether nothing was changed since now."""
        text, start = self.reviewed.read_text(), len(self.stage.cloud.journal.entries())
        made = {"UpdateFunction", "PutBucketAcl", "PutBucket"}

        def look() -> bool:
            done = {each.action for each in self.stage.cloud.journal.entries()[start:]}
            return not done & made and self.reviewed.read_text() == text

        return look


@pytest.fixture
def site(shared: Stage, code: Path, tmp_path: Path) -> Iterator[Site]:
    """A bucket that is yet to be made, beside no other; the code is what was built of the file."""
    clear(shared)
    site = Site(shared, Path(shutil.copy(code.with_name("exemptions.yaml"), tmp_path)))
    yield site
    if site.function.package != code.read_bytes():
        site.update(code={"zipFile": base64.b64encode(code.read_bytes()).decode()})


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
    assert site.live == site.entries == (*built, site.entry)

    site.stage.start_evaluation()
    assert site.stage.wait_idle()
    assert site.stage.audit()[-1]["outcome"] == "exempt"
    assert site.acl == "public-read"


def test_the_newest_repair_counts(site: Site) -> None:
    """Of several repairs it is the last that is undone: what it found, and not what one before."""
    site.repaired("public-read-write")
    site.oss.set_acl(site.name, "public-read")
    assert site.stage.wait_idle()
    assert site.acl == "private"

    assert site.undo(*WHY, "--yes") == 0

    assert site.acl == "public-read"


def test_only_the_exemptions_of_the_live_code_change(site: Site) -> None:
    """Whatever is live, and whatever is in the folder: one entry of the zip differs afterwards."""
    other = io.BytesIO(site.function.package)
    with zipfile.ZipFile(other, "a") as archive:
        archive.writestr("of_another_version.py", "")
    site.update(code={"zipFile": base64.b64encode(other.getvalue()).decode()})
    settings = site.settings()
    site.repaired()

    assert site.undo(*WHY, "--yes") == 0

    assert changed(other.getvalue(), site.function.package) == ["resource_repair/exemptions.json"]
    assert site.settings() == settings


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


FAULTS = {
    "UpdateFunction refused": ("fc:UpdateFunction", Fail(403, "AccessDenied")),
    "UpdateFunction unanswered": ("fc:UpdateFunction", Drop()),
    "UpdateFunction lost": ("fc:UpdateFunction", Drop(applied=False)),
    "PutBucketAcl refused": ("oss:PutBucketAcl", Fail(403, "AccessDenied")),
    "PutBucketAcl unanswered": ("oss:PutBucketAcl", Drop()),
    "PutBucketAcl shows late": ("oss:PutBucketAcl", Lag(reads=3)),
    "code not to be had": ("fc:DownloadPackage", Fail(403, "AccessDenied")),
}


@pytest.mark.parametrize("name", FAULTS)
def test_stopped_anywhere_it_can_be_run_again(site: Site, name: str) -> None:
    """After a run that broke off, another gives what one whole run gives, and nothing twice."""
    before = site.entries
    closed(site)
    operation, fault = FAULTS[name]
    site.stage.cloud.faults.add(operation, fault)

    broke = site.undo(*OPEN, *WHY, "--yes")
    assert broke == (1 if isinstance(fault, Fail) else 0)
    assert site.acl == ("private" if broke else "public-read")
    assert site.undo(*OPEN, *WHY, "--yes") == 0

    assert site.acl == "public-read"
    assert site.live == site.entries == (*before, site.entry)


def test_the_bucket_is_opened_last(site: Site) -> None:
    """Until the exemption is seen to be live its ACL stays: a finding would close it again."""
    closed(site)
    start = len(site.stage.cloud.journal.entries())

    assert site.undo(*OPEN, *WHY, "--yes") == 0

    done = [entry.action for entry in site.stage.cloud.journal.entries()[start:]]
    update, opened = done.index("UpdateFunction"), done.index("PutBucketAcl")
    assert update < done.index("GetFunction", update) < opened
    assert done[opened - 1] == "GetBucketInfo"
    assert "GetBucketInfo" in done[opened + 1 :]


def test_it_waits_until_the_code_is_live(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """While Function Compute still shows the older code the bucket stays closed."""
    closed(site)
    resources, stale = site.stage.cloud.fc.resources, itertools.count()
    place = (site.stage.spec.service.name, site.stage.spec.function.name)
    real, old = resources.function, resources.function(*place)

    def late(service: str, name: str) -> Function:
        found = real(service, name)
        return old if found.code != old.code and next(stale) < LATE else found

    monkeypatch.setattr(resources, "function", late)
    start = len(site.stage.cloud.journal.entries())

    assert site.undo(*OPEN, *WHY, "--yes") == 0

    done = [entry.action for entry in site.stage.cloud.journal.entries()[start:]]
    between = done[done.index("UpdateFunction") : done.index("PutBucketAcl")]
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
    journal, late = site.stage.cloud.journal, Hold()
    site.stage.cloud.faults.add("oss:PutBucketAcl", late)

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
    assert site.stage.wait_idle()

    assert "was closed by a repair that had begun before" in capsys.readouterr().out
    assert site.acl == "public-read"


def test_how_long_it_is_watched_follows_the_function(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    """Unless told otherwise for the function's timeout: no repair lasts longer."""
    site.update(timeout=1)
    closed(site)
    options = ["--bucket", site.name, "--exemptions", str(site.reviewed), *OPEN, *WHY, "--yes"]
    try:
        assert verb_rig.run(site.stage, undo.main, *options) == 0
    finally:
        site.update(timeout=site.stage.spec.function.timeout)
    assert "watching it for 1 s more" in capsys.readouterr().out


def test_other_buckets_stay_as_they_are(site: Site) -> None:
    """One that is open and was never reported, and one that is closed, stay so."""
    plant(site.stage, waiting="public-read", closed="private")
    closed(site)
    assert site.undo(*OPEN, *WHY, "--yes") == 0
    found = {bucket.name: bucket.acl for bucket in site.oss.all()}
    assert found == {site.name: "public-read", "waiting": "public-read", "closed": "private"}


def no_bucket(_: Site) -> None:
    """There is none."""


def closed(site: Site) -> None:
    """It was private from the beginning."""
    site.oss.create(site.name, acl="private")


def blocked(site: Site) -> None:
    """It was repaired, and then blocked."""
    site.repaired()
    site.oss.set_block_public_access(site.name, blocked=True)


def made_again(site: Site) -> None:
    """It was repaired, deleted, and made again by somebody."""
    site.repaired()
    site.oss.delete(site.name)
    site.stage.cloud.clock.advance(60)
    site.oss.create(site.name, acl="private")


@pytest.mark.parametrize(
    ("lay", "says"),
    [
        (no_bucket, "there is no bucket {}, and none is made"),
        (closed, "the audit trail has no repair of {} since"),
        (blocked, "{} stays closed: Block Public Access is on for the bucket"),
        (made_again, "after the repair of another one of its name"),
    ],
)
def test_what_cannot_be_undone_is_told(
    site: Site, capsys: pytest.CaptureFixture[str], lay: Callable[[Site], None], says: str
) -> None:
    """Before anything is changed it says in a line why not, with exit code 1."""
    lay(site)
    nothing = site.untouched()

    assert site.undo(*WHY, "--yes") == 1

    line = capsys.readouterr().err
    assert says.format(site.name) in line
    assert line.count("\n") == 1
    assert nothing()


def test_an_account_that_blocks_public_access_is_told(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where the whole account is blocked no bucket can be opened, and nothing is changed."""
    closed(site)
    nothing, account = site.untouched(), site.stage.cloud.account_id
    site.oss.block_account(account, blocked=True)
    try:
        assert site.undo(*OPEN, *WHY, "--yes") == 1
    finally:
        site.oss.block_account(account, blocked=False)
    assert "Block Public Access is on for the account" in capsys.readouterr().err
    assert nothing()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--yes"], "say REASON=, OWNER= and EXPIRES="),
        (["--yes", "--reason", "why"], "say REASON=, OWNER= and EXPIRES="),
        (["--yes", *WHY, "--expires", "soon"], "expires must be a date"),
        (["--yes", *WHY, "--expires", str(TODAY + timedelta(402))], "more than 400 days ahead"),
        (["--yes", *WHY, "--expires", str(TODAY - timedelta(2))], "has passed"),
        (["--yes", *WHY, "--bucket", "No_Bucket"], "is no bucket's name"),
        (["--yes", *WHY, "--days", "nan"], "is no time to look back"),
        (["--yes", *WHY, "--world-writable", "other"], "names another bucket"),
        ([*WHY], "nobody is here to be asked"),
    ],
)
def test_misuse_changes_nothing(
    site: Site,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    says: str,
) -> None:
    """What is missing or wrong is told in a line, with exit code 2."""
    closed(site)
    nothing = site.untouched()
    monkeypatch.setattr(sys, "stdin", io.StringIO())

    assert site.undo("--acl", "public-read", *arguments) == 2

    line = capsys.readouterr().err
    assert says in line
    assert line.count("\n") == 1
    assert nothing()


@pytest.mark.parametrize(
    ("arguments", "typed", "ends"),
    [
        (["--yes"], None, 2),
        ([], "y\nyes\n", 2),
        ([], "n\n", 1),
        ([], "y\n{}\n", 0),
        (["--yes", "--world-writable", "{}"], None, 0),
    ],
)
def test_letting_anybody_write_wants_the_name(
    site: Site,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    typed: str | None,
    ends: int,
) -> None:
    """public-read-write takes the bucket's name beside the yes: typed, or as an option."""
    site.repaired("public-read-write")
    nothing = site.untouched()
    said = io.StringIO() if typed is None else Terminal(typed.format(site.name))
    monkeypatch.setattr(sys, "stdin", said)

    assert site.undo(*WHY, *(each.format(site.name) for each in arguments)) == ends

    if ends:
        assert nothing()
    else:
        assert site.acl == "public-read-write"
        assert site.live[-1] == site.entry._replace(allow="public-read-write")


def test_an_acl_can_be_said_by_hand(site: Site) -> None:
    """A bucket that was never repaired is opened as --acl says."""
    closed(site)
    assert site.undo(*WHY, "--acl", "public-read", "--yes") == 0
    assert site.acl == "public-read"


def test_a_dry_run_changes_nothing(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    """With --dry-run the repair and all that would be done about it are shown."""
    site.repaired()
    nothing = site.untouched()

    assert site.undo(*WHY, "--dry-run", "--json") == 0

    said = capsys.readouterr()
    document = json.loads(said.out)
    shown = [document[name] for name in ("bucket", "acl_before", "acl", "done")]
    assert shown == [site.name, "private", "public-read", []]
    assert document["exemption"]["expires"] == UNTIL.isoformat()
    assert "exemption in the live code" in said.err
    assert nothing()


@pytest.mark.parametrize(
    ("bucket", "expires", "kept"),
    [("{}", UNTIL, True), ("{}*", UNTIL, True), ("{}", TODAY - timedelta(2), False)],
)
def test_what_the_file_has_is_reused_and_never_changed(
    site: Site, bucket: str, expires: date, kept: bool
) -> None:
    """One that allows it goes live as it is; beside one that has ended comes a new one."""
    fields = ("reason: theirs", "owner: them", f"expires: {expires}", "")
    with site.reviewed.open("a") as file:
        file.write("\n  ".join((f"- bucket: {bucket.format(site.name)}", *fields)).rstrip() + "\n")
    before = site.entries
    closed(site)

    assert site.undo(*OPEN, *WHY, "--yes") == 0

    assert site.entries == (before if kept else (*before, site.entry))
    assert site.live[-1] == site.entries[-1]
    assert site.acl == "public-read"


def test_one_that_allows_less_stays_and_gets_another_beside_it(site: Site) -> None:
    """An exemption of public-read does not allow public-read-write: there are two then."""
    closed(site)
    assert site.undo(*OPEN, *WHY, "--yes") == 0

    wider = ("--acl", "public-read-write", "--world-writable", site.name)
    assert site.undo(*WHY, *wider, "--yes") == 0

    assert site.acl == "public-read-write"
    assert site.live[-2:] == (site.entry, site.entry._replace(allow="public-read-write"))
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


def test_a_bucket_that_is_made_again_meanwhile_is_not_opened(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    """Deleted between look and write it is not made by the write, and another one is left alone."""
    closed(site)
    hold, cloud = Hold(), site.stage.cloud
    cloud.faults.add("fc:UpdateFunction", hold)
    before = len(cloud.journal.entries(action="DownloadPackage"))

    def replace() -> None:
        cloud.journal.wait_for(
            lambda found: sum(each.action == "DownloadPackage" for each in found) > before, 30
        )
        cloud.oss.delete(site.name)
        cloud.oss.create(site.name, acl="private")
        hold.released.set()

    other = threading.Thread(target=replace)
    other.start()
    assert site.undo(*OPEN, *WHY, "--yes") == 1
    other.join()

    assert "was deleted and made again meanwhile" in capsys.readouterr().err
    assert site.acl == "private"


@pytest.mark.parametrize("denied", undo.VERB.permissions, ids=str)
def test_a_refusal_names_the_statement(
    site: Site, capsys: pytest.CaptureFixture[str], denied: Permission
) -> None:
    """Without one of its permissions it stops, names the statement, and it stays closed."""
    closed(site)
    may = without(undo.VERB.permissions, denied.action)
    options = () if denied in audit_trail.PERMISSIONS else OPEN  # it is read for the repair alone

    assert site.undo(*options, *WHY, "--yes", may=may) == 1

    assert f'"Action": "{denied.action}"' in capsys.readouterr().out
    assert site.acl == "private"


def test_a_zip_made_anew_with_the_same_exemptions_is_the_same(code: Path) -> None:
    """Nothing but the exemptions decides about the bytes."""
    package = code.read_bytes()
    assert with_exemptions(package, exemptions_in(package, "")) == package
