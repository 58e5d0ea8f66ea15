"""One commit is one result: how git was told to check out files changes none of them."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RUNS = (".ci/run", "scripts/resource-repair")  # whose first line the system reads

pytestmark = pytest.mark.skipif(
    not (ROOT / ".git").exists() or shutil.which("git") is None, reason="this is no checkout"
)


def git(*words: str, cwd: Path = ROOT) -> bytes:
    """What git says, whatever repository whoever started this works in."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    done = subprocess.run(["git", *words], cwd=cwd, env=environ, check=True, capture_output=True)
    return done.stdout


def blob(content: bytes) -> str:
    """The id that git gives a content."""
    return hashlib.sha1(b"blob %d\0%s" % (len(content), content), usedforsecurity=False).hexdigest()


def test_a_clone_that_is_to_end_lines_as_windows_does_has_the_same_bytes(tmp_path: Path) -> None:
    """With core.autocrlf=true, as Git for Windows sets it, each file is what was committed.

    Else the bundle would have another checksum, and no shell would find the interpreter `bash\\r`.
    """
    clone = tmp_path / "clone"
    git("clone", "--quiet", "--config", "core.autocrlf=true", str(ROOT), str(clone))
    committed = {}
    for line in git("ls-tree", "-r", "-z", "HEAD").decode().rstrip("\0").split("\0"):
        about, _, name = line.partition("\t")
        mode, _, content = about.split()
        if mode != "120000":  # a link has no lines
            committed[name] = content
    changed = [name for name in committed if blob((clone / name).read_bytes()) != committed[name]]
    assert changed == []
    assert {"code/index.py", "code/exemptions.yaml", *RUNS} <= committed.keys()
    assert [name for name in RUNS if not os.access(clone / name, os.X_OK)] == []


def test_every_file_is_text_or_known_not_to_be() -> None:
    """Nothing is left for git to guess: a new kind of file gets its line in .gitattributes."""
    unsaid = [
        line.partition("\t")[2]
        for line in git("ls-files", "--eol").decode().splitlines()
        if "i/-text" in line and "attr/-text" not in line
    ]
    assert unsaid == []
