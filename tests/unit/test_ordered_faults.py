"""A fault that was ordered, and that no call met, fails the test that ordered it."""

import subprocess
import sys
from pathlib import Path

from scripts import ROOT

TESTS = """
from scripts.localcloud.faults import Drop, Fail, Faults

def test_met():
    faults = Faults()
    faults.add("oss:PutBucket", Drop(), times=3)
    faults.take("oss:PutBucket", "any")
    faults.clear()

def test_unmet():
    Faults().add("oss:PutBucket", Fail(403, "AccessDenied"), subject="other")

def test_cancelled():
    faults = Faults()
    faults.add("oss:GetBucketAcl", Drop())
    faults.clear()

def test_said():
    Faults().add("oss:PutBucket", Drop(), may_be_unmet=True)
"""


def test_what_nobody_met_fails_its_test_and_no_other(tmp_path: Path) -> None:
    """Cancelled or left over, it is named; one met once, and one that may be unmet, are fine."""
    path = tmp_path / "test_these.py"
    path.write_text(TESTS, encoding="utf-8")
    options = ["-c", str(ROOT / "pyproject.toml"), "-p", "tests.conftest", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "-rE", "--tb=short", str(path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    failed = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("ERROR ")]
    assert [each.partition("::")[2] for each in failed] == ["test_unmet", "test_cancelled"]
    assert "Fail at oss:PutBucket of other" in done.stdout
    assert "Drop at oss:GetBucketAcl" in done.stdout
