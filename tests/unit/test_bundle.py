"""What is deployed: the same bytes from the same sources, nothing more than is needed."""

import subprocess
import sys
import zipfile
from datetime import date
from pathlib import Path

import pytest

from scripts import ROOT, bundle, check_exemptions, standins

ENTRY = "- {bucket: static-assets, reason: site, owner: web, expires: 2026-12-31}\n"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a bundle built into it."""
    folder = tmp_path_factory.mktemp("build")
    bundle.build(folder)
    return folder


def test_it_is_reproducible(built: Path, tmp_path: Path) -> None:
    """Building twice, in different places, gives the same bytes."""
    assert bundle.build(tmp_path).read_bytes() == (built / "function.zip").read_bytes()


def test_folder_and_zip_hold_the_same(built: Path) -> None:
    """What can be read in the folder is what the zip deploys, with index.py at its top."""
    folder = built / "function"
    with zipfile.ZipFile(built / "function.zip") as archive:
        zipped = {name: archive.read(name) for name in archive.namelist()}
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert zipped == {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
    assert "index.py" in zipped


def test_it_is_pure_and_lean(built: Path) -> None:
    """No compiled code, no tests, no type stubs, none of the packages that are left out."""
    names = [path.name for path in (built / "function").rglob("*")]
    assert not [name for name in names if name.endswith((".so", ".pyd", ".pyc", ".pyi", ".whl"))]
    assert not [name for name in names if "test" in name.lower()]
    for package in ("Crypto", "aliyunsdkcore", "aliyunsdkkms"):
        for path in (built / "function" / package).rglob("*.py"):
            assert path.read_text().startswith('"""Stands in for ')


def test_every_dependency_brings_its_licence(built: Path) -> None:
    """Each package that publishes a licence file has it in the bundle."""
    licences = (built / "function" / "licenses").glob("*/*")
    licensed = {path.parent.name for path in licences}
    assert {"requests", "urllib3", "idna", "certifi", "charset_normalizer"} <= licensed


def test_stand_ins_say_what_they_stand_for(built: Path) -> None:
    """Whoever does call what was left out is told so, by name."""
    script = "import oss2.utils; oss2.utils.random_key(32)"
    folder = built / "function"
    command = [
        sys.executable,
        "-I",
        "-c",
        f"import sys; sys.path.insert(0, {str(folder)!r}); {script}",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "NotImplementedError: Crypto.Random was left out of this bundle" in done.stderr


def test_no_stand_in_is_missing(built: Path) -> None:
    """oss2's own modules import from what is left out only what the table names."""
    for path in (built / "function" / "oss2").glob("*.py"):
        for line in path.read_text(encoding="utf-8").splitlines():
            words = line.split()
            if words[:1] == ["from"] and words[1].split(".")[0] in ("Crypto", "aliyunsdkcore"):
                names = {name.strip() for name in line.split(" import ")[1].split(",")}
                known = [*standins.TABLE[words[1]][0], *standins.TABLE[words[1]][1]]
                assert names <= set(known)


def test_code_stays_clean(built: Path) -> None:
    """Building leaves no trace among the sources."""
    assert not list((ROOT / "code").rglob("exemptions.json"))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("- {bucket: static-assets}\n", "exemption 1: "),
        (ENTRY.replace("2026-12-31", "2029-01-01"), "400 days"),
        (ENTRY.replace("owner: web", "owner: web, owner: me"), "owner twice"),
        ("- {bucket: [", "not YAML"),
        ("", "must be a list"),
        ("a: &a [*a]\n", ""),
    ],
)
def test_a_wrong_exemption_stops_the_build(tmp_path: Path, content: str, says: str) -> None:
    """An exemptions file that is wrong gives one clear line and leaves the last bundle."""
    (tmp_path / "function.zip").write_bytes(b"the last one")
    wrong = tmp_path / "exemptions.yaml"
    wrong.write_text(content)
    with pytest.raises(bundle.BundleError) as raised:
        bundle.build(tmp_path, wrong)
    assert says in str(raised.value)
    assert "\n" not in str(raised.value)
    assert str(wrong) in str(raised.value)
    assert (tmp_path / "function.zip").read_bytes() == b"the last one"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["exemptions.yaml", "function.zip"]


def test_the_calendar_gives_notice(tmp_path: Path) -> None:
    """An exemption that has expired, or soon will, is named with its owner; others are not."""
    path = tmp_path / "exemptions.yaml"
    path.write_text(ENTRY)
    assert check_exemptions.notices(path, date(2026, 11, 1)) == []
    (soon,) = check_exemptions.notices(path, date(2026, 12, 21))
    assert soon == "static-assets expires on 2026-12-31, in 10 days (web)"
    (over,) = check_exemptions.notices(path, date(2027, 1, 1))
    assert over == "static-assets expired on 2026-12-31: remove it (web)"
