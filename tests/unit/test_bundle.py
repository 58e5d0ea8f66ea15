"""What is deployed: the same bytes from the same sources, nothing more than is needed."""

import ast
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import certifi
import pytest

from resource_repair.exemptions import load
from scripts import ROOT, declared
from scripts.bundling import archive, bundle, byte_code, pythons, stubs
from scripts.localcloud.pythons import RUNTIMES
from scripts.verbs import check_exemptions
from tests.conftest import missing_runtime

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
    """No machine code, no tests, no type stubs, and no module but ours, oss2 and what it needs."""
    names = [path.name for path in (built / "function").rglob("*")]
    assert not [name for name in names if name.endswith((".so", ".pyd", ".pyi", ".whl"))]
    assert not [name for name in names if "test" in name.lower()]
    top = {path.stem for path in (built / "function").iterdir()} - {"__pycache__", "licenses"}
    stand_ins = {module.split(".")[0] for module in stubs.TABLE}
    assert top == {"index", "resource_repair", "oss2", "six", "certifi", "left_out"} | stand_ins
    real = {path.stem for path in (built / "function" / "requests").glob("*.py")}
    assert real == {"__init__", "compat", "structures"}


def test_whom_it_trusts_is_as_new_as_what_the_verbs_trust(built: Path) -> None:
    """The authorities are data, and follow no runtime's age: both locks have the same ones."""
    ours = built / "function" / "certifi"
    assert (ours / "cacert.pem").read_bytes() == Path(certifi.where()).read_bytes()
    assert {path.name for path in ours.iterdir()} - {"__pycache__"} == {"cacert.pem", "__init__.py"}


def test_our_modules_are_those_of_the_source(built: Path) -> None:
    """What tests prove of the modules in code/ they prove of the bundle's: they are the same."""
    ours = [*(ROOT / "code").rglob("*.py")]
    assert len(ours) > 10
    for path in ours:
        bundled = built / "function" / path.relative_to(ROOT / "code")
        assert bundled.read_bytes() == path.read_bytes()


def test_it_is_small(built: Path) -> None:
    """It takes no more than a third of what it may, so that a slip of the guard would be seen."""
    assert (built / "function.zip").stat().st_size < 600_000


@pytest.mark.parametrize(
    ("intruder", "content", "says"),
    [
        ("cryptography/__init__.py", b"import _cffi_backend\n", "left out"),
        ("Crypto/Cipher/_raw_aes.py", b"", "left out"),
        ("crcmod.py", b"from crcmod import _crcfunext\n", "left out"),
        ("aliyunsdkcore/data/endpoints.json", b"{}", "left out"),
        ("oss2/_fast.abi3.so", b"\x7fELF", "one kind of processor"),
    ],
)
def test_what_must_stay_out_stops_the_build(
    built: Path, intruder: str, content: bytes, says: str
) -> None:
    """A package that is to be left out, or machine code, is named and nothing is built."""
    path = built / "function" / intruder
    made = next(each for each in (path, *path.parents) if each.parent.exists())
    before = path.read_bytes() if path.exists() else None
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    try:
        with pytest.raises(bundle.BundleError, match=says) as raised:
            bundle.check_lean(built / "function", built / "function.zip")
    finally:
        if before is not None:
            path.write_bytes(before)
        elif made.is_dir():
            shutil.rmtree(made)
        else:
            made.unlink()
    assert intruder in str(raised.value)


def test_what_is_too_large_stops_the_build(built: Path, tmp_path: Path) -> None:
    """A zip over 1.5 MB is refused, whatever is in it."""
    large = tmp_path / "function.zip"
    large.write_bytes(bytes(1_500_001))
    with pytest.raises(bundle.BundleError, match="1500000 bytes"):
        bundle.check_lean(built / "function", large)
    bundle.check_lean(built / "function", built / "function.zip")


# Told of each source, one a line: the hash that byte code of it bears.
_HASHES = """
import importlib.util, pathlib, sys
print(importlib.util.MAGIC_NUMBER.hex())
for source in sys.stdin.read().splitlines():
    print(importlib.util.source_hash(pathlib.Path(source).read_bytes()).hex())
"""


def test_the_python_that_runs_this_compiles_where_no_other_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As in an environment of the runtime's own version, whose Python is on no PATH."""
    nowhere = {"PATH": "", "HOME": "/nowhere"}
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    monkeypatch.setitem(pythons.RUNTIMES, "python3.10", own)
    assert pythons.find("python3.10", nowhere) == Path(sys.executable)
    monkeypatch.setitem(pythons.RUNTIMES, "python3.10", "2.7")
    assert pythons.find("python3.10", nowhere) is None


def test_each_source_has_byte_code_of_the_runtime(built: Path) -> None:
    """Every module lies beside byte code of just this source, for s.yaml's runtime, taken as is."""
    runtime = declared.runtime(declared.PATH, {})
    python = byte_code.interpreter(runtime)
    if python is None:
        missing_runtime(RUNTIMES[runtime])
    sources = sorted((built / "function").rglob("*.py"))
    assert sources
    listed = "\n".join(str(source) for source in sources)
    asked = [str(python), "-c", _HASHES]
    done = subprocess.run(asked, input=listed, capture_output=True, text=True, check=True)
    magic, *hashes = done.stdout.split()
    tag = f"cpython-{RUNTIMES[runtime].replace('.', '')}"
    for source, its_hash in zip(sources, hashes, strict=True):
        compiled = source.parent / "__pycache__" / f"{source.stem}.{tag}.pyc"
        header = compiled.read_bytes()[:16]
        assert header[:4].hex() == magic
        assert int.from_bytes(header[4:8], "little") == 1  # by hash, and unchecked
        assert header[8:].hex() == its_hash
    assert len(list((built / "function").rglob("*.pyc"))) == len(sources)


def test_without_the_runtime_s_python_there_is_none(built: Path, tmp_path: Path) -> None:
    """Where it is missing the bundle is the same without byte code, and it is said in one line."""
    nowhere = {"PATH": str(tmp_path), "PYENV_ROOT": str(tmp_path)}
    runtime = declared.runtime(declared.PATH, {})
    if byte_code.interpreter(runtime, nowhere):
        pytest.skip("the Python that runs this is the runtime's own")
    bare = bundle.build(tmp_path / "bare", environ=nowhere)
    assert not list((tmp_path / "bare").rglob("*.pyc"))
    assert bare.read_bytes() == archive.without_byte_code((built / "function.zip").read_bytes())
    said = byte_code.describe(runtime, nowhere)
    assert said.startswith("no byte code: there is no Python ")
    assert "RUNTIME_PYTHON=" in said


def test_the_runtime_s_python_can_be_named(tmp_path: Path) -> None:
    """RUNTIME_PYTHON is taken if it is of the runtime's version, and otherwise refused."""
    own = f"python{sys.version_info.major}.{sys.version_info.minor}"
    named = {"RUNTIME_PYTHON": sys.executable, "PATH": str(tmp_path), "PYENV_ROOT": str(tmp_path)}
    for runtime in ("python3.9", "python3.10", "python3.12"):
        if runtime == own:
            assert byte_code.interpreter(runtime, named) == Path(sys.executable)
        else:
            with pytest.raises(byte_code.BytecodeError, match="RUNTIME_PYTHON names"):
                byte_code.interpreter(runtime, named)
    assert byte_code.interpreter("python3", named) is None  # 3.6 has none that could be shipped


def test_where_the_interpreter_is_does_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is named from here, and one that must look at the environment, compile alike."""
    runtime = declared.runtime(declared.PATH, {})
    python = byte_code.interpreter(runtime)
    if python is None:
        missing_runtime(RUNTIMES[runtime])
    launcher = tmp_path / "python"
    launcher.write_text('#!/bin/sh\nexec "${REAL_PYTHON:?}" "$@"\n')
    launcher.chmod(0o755)
    monkeypatch.setenv("REAL_PYTHON", str(python))
    monkeypatch.setenv("PYTHONOPTIMIZE", "2")  # which would compile something else
    monkeypatch.chdir(tmp_path)
    compiled = []
    for n, named in enumerate((python, Path(os.path.relpath(launcher)))):
        folder = tmp_path / str(n)
        folder.mkdir()
        shutil.copy(ROOT / "code" / "index.py", folder)
        byte_code.add(folder, named)
        compiled += [(path.name, path.read_bytes()) for path in folder.rglob("*.pyc")]
    assert compiled[0] == compiled[1]
    assert [name.count(".") for name, _ in compiled] == [2, 2]  # no .opt-2


def test_every_dependency_brings_its_licence(built: Path) -> None:
    """Each package that publishes a licence file has it in the bundle."""
    licences = (built / "function" / "licenses").glob("*/*")
    licensed = {path.parent.name for path in licences}
    assert licensed == {"certifi", "oss2", "requests", "six"}


def test_stand_ins_say_what_they_stand_for(built: Path) -> None:
    """Whoever does call what was left out is told so, by name."""
    script = "import oss2.utils; oss2.utils.random_key(32)"
    folder = built / "function"
    command = [
        sys.executable,
        "-IB",
        "-c",
        f"import sys; sys.path.insert(0, {str(folder)!r}); {script}",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "NotImplementedError: Crypto.Random was left out of this bundle" in done.stderr


def test_no_stand_in_is_missing(built: Path) -> None:
    """Whatever a module in the bundle imports is in the bundle or the standard library.

    What comes in a `try` may be missing: it has something to fall back to. (six, made for Python
    2 as well, needs nothing.)
    """
    folder = built / "function"
    for path in set(folder.rglob("*.py")) - {folder / "six.py"}:
        for module, names in imported(ast.parse(path.read_text(encoding="utf-8")), path, folder):
            if module.split(".")[0] in sys.stdlib_module_names | {"Queue", "urlparse"}:
                continue
            place = folder.joinpath(*module.split("."))
            found = place.with_suffix(".py").exists() or (place / "__init__.py").exists()
            assert found, f"{path} imports {module}"
            if module in stubs.TABLE:
                known = stubs.TABLE[module]
                within = {name.split(".")[-1] for name in stubs.TABLE}
                assert set(names) <= {*known.names, *known.exceptions, *known.real, *within}, path


def imported(tree: ast.AST, path: Path, folder: Path) -> Iterator[tuple[str, list[str]]]:
    """What a module imports wherever in it, but in a `try`: modules, and the names of each."""
    package = path.relative_to(folder).parent.parts
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            yield from ((alias.name, []) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join((*base, *filter(None, [node.module])))
            yield module, [alias.name for alias in node.names]
        elif not isinstance(node, ast.Try):
            waiting += ast.iter_child_nodes(node)


def test_code_stays_clean(built: Path) -> None:
    """Building leaves no trace among the sources."""
    assert not list((ROOT / "code").rglob("exemptions.json"))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("- {bucket: static-assets}\n", "exemption 1: "),
        (ENTRY.replace("2026-12-31", "2029-01-01"), "400 days"),
        (ENTRY.replace("owner: web", "owner: web, owner: me"), "owner is given twice"),
        ("- {bucket: [", "line 1: the line opens what nothing closes"),
        ("", "write [] where no bucket is exempt"),
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


def test_the_build_says_what_it_would_refuse_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A glob that is too wide for a new entry is built as it always was, and named; so by lint."""
    expires = (datetime.now(timezone.utc) + timedelta(days=200)).date()
    path = tmp_path / "exemptions.yaml"
    wide = "{bucket: company-*, reason: why, owner: web, allow: public-read-write, expires: %s}"
    path.write_text(f"- {wide}\n" % expires)
    command = ["bundle", "--exemptions", str(path), "--output", str(tmp_path / "build")]
    monkeypatch.setattr(sys, "argv", command)

    assert bundle.main() == 0

    compiled = tmp_path / "build" / "function" / "resource_repair" / "exemptions.json"
    assert load(compiled).entries[0].bucket == "company-*"
    warned = (
        "company-* would be refused as a new entry: a glob allows public-read alone; "
        f"it goes on until {expires} (web)"
    )
    assert capsys.readouterr().err == f"bundle: {warned}\n"
    assert check_exemptions.notices(path, datetime.now(timezone.utc).date()) == [warned]


def test_a_place_where_nothing_can_be_built_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder under a file is none; exit code 1."""
    (tmp_path / "file").touch()
    output = tmp_path / "file/build"
    monkeypatch.setattr(sys, "argv", ["bundle", "--output", str(output)])
    assert bundle.main() == 1
    said = capsys.readouterr()
    says = f"bundle: nothing can be built in {output} (Not a directory)\n"
    assert (said.out, said.err) == ("", says)


def test_the_calendar_gives_notice(tmp_path: Path) -> None:
    """An exemption that has expired, or soon will, is named with its owner; others are not."""
    path = tmp_path / "exemptions.yaml"
    path.write_text(ENTRY)
    assert check_exemptions.notices(path, date(2026, 11, 1)) == []
    (soon,) = check_exemptions.notices(path, date(2026, 12, 21))
    assert soon == "static-assets expires on 2026-12-31, in 10 days (web)"
    (tomorrow,) = check_exemptions.notices(path, date(2026, 12, 30))
    assert "in 1 day (" in tomorrow
    (over,) = check_exemptions.notices(path, date(2027, 1, 1))
    assert over == "static-assets expired on 2026-12-31: remove it (web)"
