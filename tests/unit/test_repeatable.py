"""The tests end the same each time, wherever and by whomever they are started."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).parents[2]
STOPPED = "tests/contract/provisioning/test_provision_bad_days.py::" + (
    "test_a_run_that_is_stopped_halfway_tells_it_too"
)


def test_inputs_are_repeated_unless_a_seed_is_told(pytestconfig: pytest.Config) -> None:
    """Hypothesis draws the same each time, and keeps nothing; with a seed it draws by that."""
    told = pytestconfig.getoption("hypothesis_seed") is not None
    explores = told or pytestconfig.getoption("hypothesis_profile") == "explore"
    assert settings.default is not None
    assert settings.default.derandomize is not explores
    assert settings.default.database is None


def test_what_whoever_starts_the_tests_ignores_changes_nothing() -> None:
    """In a background job a shell has Ctrl-C ignored: there, too, Ctrl-C is tested."""
    ignoring = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, signal.SIG_IGN) for number in ignoring}
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", STOPPED],
            cwd=ROOT,
            env={name: os.environ[name] for name in os.environ if "PYTEST" not in name},
            stdout=subprocess.PIPE,
            text=True,
        )
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    said, _ = process.communicate()
    assert process.returncode == 0, said


@pytest.mark.parametrize("target", ["test", "test-bundle", "test-all"])
def test_two_runs_at_once_write_to_folders_of_their_own(target: str) -> None:
    """Neither takes the bundle, or the figures of the coverage, from under the other."""
    environ = {name: os.environ[name] for name in os.environ if not name.startswith("MAKE")}
    said = subprocess.check_output(["make", "--dry-run", target], cwd=ROOT, env=environ, text=True)
    lines = said.replace("\\\n", "").splitlines()
    testing = [line for line in lines if "-m pytest" in line]
    assert testing
    assert all("own=$(mktemp -d)" in line and "COVERAGE_FILE=" in line for line in testing)
    assert "build/" not in "".join(line for line in lines if "-m scripts.bundling.bundle" in line)
    assert all("--output" in line for line in lines if "-m scripts.bundling.bundle" in line)
