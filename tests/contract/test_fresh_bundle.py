"""The verbs that compare or bring code build the project's own bundle first."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from scripts.bundling import bundle, fresh
from tests.account import Account

TOLD = "built function.zip anew, from the sources"


@pytest.fixture
def own(product: Account, code: Path, monkeypatch: pytest.MonkeyPatch) -> Account:
    """The product, deployed from what the project takes for its own bundle; it is older."""
    build = product.folder / "build"
    (build / "wheels").symlink_to(bundle.OUTPUT / "wheels")  # there by now
    monkeypatch.setattr(bundle, "OUTPUT", build)
    return product


def test_verify_and_apply_take_what_is_in_the_sources(
    own: Account, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bundle older than the sources is built anew, once, which is told; then it differs."""
    monkeypatch.setenv("EXPECT_DROP", "config-website")
    assert own.run("verify") == 1
    said = capsys.readouterr().out
    assert TOLD in said
    assert "code" in said

    assert own.run("apply", "--dry-run") in (0, 1)
    said = capsys.readouterr().out
    assert TOLD not in said
    assert "change  function" in said


def test_another_bundle_is_left_alone(product: Account, code: Path, tmp_path: Path) -> None:
    """Only the project's own is built."""
    other = Path(shutil.copy(code, tmp_path))
    assert fresh.build(replace(product.spec.function, code=other)) == ""
    assert other.read_bytes() == code.read_bytes()


def test_what_cannot_be_built_is_told(
    own: Account, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 1, in a line; nothing is compared with what is older."""
    monkeypatch.setattr(bundle, "_LARGEST_ZIP", 1)
    assert own.run("verify") == 1
    said = capsys.readouterr()
    assert said.err.startswith("no bundle: the zip has over 1 bytes")
    assert said.err.count("\n") == 1
    assert "declares" not in said.out
