"""What undo tells and refuses."""

import io
import json
import shutil
import sys
import threading
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from scripts.account import audit_trail, buckets
from scripts.account.package import exemptions_in, with_exemptions
from scripts.account.permission import Permission
from scripts.localcloud import Fail, Hold
from scripts.verbs import undo
from tests.contract.undo.site import ENTRY, OPEN, TODAY, UNTIL, WHY, Site, closed
from tests.parts import Terminal, without


def test_other_buckets_stay_as_they_are(site: Site) -> None:
    """One that is open and was never reported, and one that is closed, stay so."""
    site.account.plant(waiting="public-read", closed="private")
    closed(site)
    assert site.undo(*OPEN, *WHY, "--yes") == 0
    assert site.account.acls() == {
        site.name: "public-read",
        "waiting": "public-read",
        "closed": "private",
    }


def older(package: bytes) -> bytes:
    """Code like that which knows of no exemption from further remediations."""
    made = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(package)) as newer,
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for name in newer.namelist():
            content = newer.read(name)
            if name == "resource_repair/exemptions.py":
                content = content.replace(b'"for"', b'"of"')
            archive.writestr(name, content)
    return made.getvalue()


def from_the_file(site: Site) -> tuple[str, ...]:
    """It was closed, and somebody has written down that it is exempt from that alone."""
    site.repaired()
    text = site.reviewed.read_text()
    site.reviewed.write_text(
        f"{text}- {{bucket: {site.name}, reason: why, owner: who, expires: {UNTIL}, for: [acl]}}\n"
    )
    return ()


def of_a_further_one(site: Site) -> tuple[str, ...]:
    """It was encrypted by a later version, which somebody has rolled back."""
    site.oss.create(site.name, encryption={"SSEAlgorithm": "AES256"})
    told = {"remediation": "encryption", "before": "None", "after": "AES256"}
    line = {"event": "resource_repair", "outcome": "repaired", "bucket": site.name, **told}
    place = (site.account.log_project, "audit")
    site.account.cloud.clock.advance(60)
    site.account.cloud.log.write(*place, [{"message": json.dumps(line)}])
    site.account.cloud.clock.advance(60)
    return ("--remediation", "encryption")


@pytest.mark.parametrize("begin", [from_the_file, of_a_further_one])
def test_what_the_live_code_cannot_read_is_not_put_there(
    site: Site,
    begin: Callable[[Site], tuple[str, ...]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Older code would repair nothing at all with it: it is to be deployed first."""
    package = site.function.package
    with site.account.live_code(older(package)):
        words = begin(site)
        untouched = site.untouched()
        assert site.undo(*words, *WHY, "--yes") == 1
        said = capsys.readouterr().err
        assert untouched()
    assert "is older than an exemption with `for: [" in said
    assert "nothing was changed: deploy, then run again" in said
    assert site.undo(*words, *WHY, "--yes") == 0


def no_bucket(_: Site) -> None:
    """There is none."""


def blocked(site: Site) -> None:
    """It was repaired, and then blocked."""
    site.repaired()
    site.oss.set_block_public_access(site.name, blocked=True)


def made_again(site: Site) -> None:
    """It was repaired, deleted, and made again by somebody."""
    site.repaired()
    site.oss.delete(site.name)
    site.account.cloud.clock.advance(60)
    site.oss.create(site.name, acl="private", age=0)


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


def test_an_exemption_that_cannot_be_written_down_is_told_first(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its folder is gone, and the file is there for whoever has it open: nothing is changed."""
    site.repaired()
    nothing = site.untouched()
    (tmp_path / "gone").mkdir()
    with Path(shutil.copy(site.reviewed, tmp_path / "gone")).open() as held:
        shutil.rmtree(tmp_path / "gone")
        there = f"/proc/self/fd/{held.fileno()}"
        assert site.undo(*WHY, "--yes", "--exemptions", there) == 1
    line = capsys.readouterr().err
    assert line.startswith(f"{there} cannot be written (No such file or directory): ")
    assert line.count("\n") == 1
    assert nothing()


def test_an_account_that_blocks_public_access_is_told(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where the whole account is blocked no bucket can be opened, and nothing is changed."""
    closed(site)
    nothing, account = site.untouched(), site.account.cloud.account_id
    site.oss.block_account(account, blocked=True)
    assert site.undo(*OPEN, *WHY, "--yes") == 1
    assert "Block Public Access is on for the account" in capsys.readouterr().err
    assert nothing()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--yes"], "say --reason, --owner and --expires"),
        (["--yes", "--reason", "why"], "say --reason, --owner and --expires"),
        (["--yes", *WHY[:-1], "soon"], "expires must be a date"),
        (["--yes", *WHY[:-1], str(TODAY + timedelta(402))], "more than 400 days ahead"),
        (["--yes", *WHY[:-1], str(TODAY - timedelta(2))], "has passed"),
        (["--yes", *WHY, "--bucket", "No_Bucket"], "is no bucket's name"),
        (["--yes", *WHY, "--days", "nan"], "--days nan is no number"),
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
        assert site.live[-1] == ENTRY._replace(allow="public-read-write")


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
    assert document["repaired"]["at"].endswith("Z")
    assert "exemption in the live code" in said.err
    assert nothing()


def test_a_bucket_that_is_made_again_meanwhile_is_not_opened(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    """Deleted between look and write it is not made by the write, and another one is left alone."""
    closed(site)
    hold, cloud = Hold(), site.account.cloud
    order = cloud.faults.add("fc:UpdateFunction", hold)

    def replace() -> None:
        order.met.wait(30)
        cloud.oss.delete(site.name)
        cloud.oss.create(site.name, acl="private")
        hold.released.set()

    other = threading.Thread(target=replace)
    other.start()
    assert site.undo(*OPEN, *WHY, "--yes") == 1
    other.join()

    assert "was deleted and made again meanwhile" in capsys.readouterr().err
    assert site.acl == "private"


@pytest.mark.parametrize(
    "denied", [each for each in undo.OF_ACL if each != buckets.PUT_BLOCK], ids=str
)
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


@pytest.mark.parametrize(
    "fault", [None, Fail(409, "BucketAlreadyExists"), Fail(403, "AccessDenied")], ids=str
)
def test_whoever_may_not_write_the_acl_changes_nothing(
    site: Site, capsys: pytest.CaptureFixture[str], fault: Fail | None
) -> None:
    """File and live code stay as they were; the missing statement is told, in each of OSS's words.

    Without `oss:PutBucketAcl` OSS says AccessDenied, or that the bucket exists already.
    """
    closed(site)
    text, calls = site.reviewed.read_text(), site.account.calls()
    may = undo.VERB.permissions
    if fault:
        site.account.cloud.faults.add("oss:PutBucketAcl", fault)
    else:
        may = tuple(without(may, "oss:PutBucketAcl"))

    assert site.undo(*OPEN, *WHY, "--yes", may=may) == 1

    said = capsys.readouterr()
    account = site.account.cloud.account_id
    assert "oss:PutBucketAcl" in said.err
    assert f'"Action": "oss:PutBucketAcl", "Resource": "acs:oss:*:{account}:*"' in said.out
    done = [each for each in calls() if not each.startswith("config:")]
    assert "fc:UpdateFunction" not in done
    assert done[done.index("oss:PutBucketAcl") - 1] == "oss:GetBucketInfo"
    assert site.reviewed.read_text() == text
    assert site.acl == "private"


def test_a_bucket_that_is_open_already_is_not_written_before_its_exemption_is_live(
    site: Site,
) -> None:
    """A public ACL that was just read is not written again: its owner may be closing it."""
    site.account.deliver(on=False)
    site.oss.create(site.name, acl="public-read")
    site.account.rest()
    calls = site.account.calls()

    assert site.undo(*OPEN, *WHY, "--yes") == 0

    assert "fc:UpdateFunction" in calls()
    assert "oss:PutBucketAcl" not in calls()


@pytest.mark.parametrize("again", [False, True], ids=["gone", "another"])
def test_to_try_the_acl_makes_no_bucket_that_is_taken_for_the_first(
    site: Site, capsys: pytest.CaptureFixture[str], *, again: bool
) -> None:
    """Deleted after it was looked at: nothing is written, and nothing goes live."""
    closed(site)
    nothing, oss = site.untouched(), site.oss

    class Deleting(Terminal):
        def readline(self, size: int | None = -1) -> str:
            oss.delete(site.name)
            if again:
                site.account.cloud.clock.advance(60)
                oss.create(site.name)
            return super().readline(size or -1)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdin", Deleting("y\n"))
        assert site.undo(*OPEN, *WHY) == 1

    told = "was deleted and made again" if again else "there is no bucket"
    assert told in capsys.readouterr().err
    assert nothing()
    assert (site.name in oss.names()) == again


def test_a_zip_made_anew_with_the_same_exemptions_is_the_same(code: Path) -> None:
    """Nothing but the exemptions decides about the bytes."""
    package = code.read_bytes()
    assert with_exemptions(package, exemptions_in(package, "")) == package
