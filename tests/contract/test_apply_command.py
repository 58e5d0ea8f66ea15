import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts import cli
from scripts.account.clients import fixed_credentials
from scripts.account.rule import MANAGED_RULE
from scripts.localcloud.cloud import LocalCloud, Snapshot
from scripts.localcloud.faults import Fail
from tests.contract import apply_helpers as helpers
from tests.contract.apply_helpers import Deployment


@pytest.fixture(scope="module")
def cloud() -> Iterator[LocalCloud]:
    """A cloud with the topic, the log store and the rule that the spec presumes."""
    with LocalCloud() as cloud:
        cloud.mns.create_topic("MNSTestConfig")
        helpers.keep_logs(cloud)
        cloud.config.create_rule("any-name", MANAGED_RULE)
        assert cloud.config.wait_idle(30)
        yield cloud


@pytest.fixture(scope="module")
def nothing(cloud: LocalCloud) -> Snapshot:
    """That cloud, with nothing of the project in it."""
    return cloud.snapshot()


@pytest.fixture
def deployment(cloud: LocalCloud, nothing: Snapshot, tmp_path: Path) -> Deployment:
    """The project, and nothing of it in the cloud."""
    cloud.rollback(nothing)
    return Deployment(cloud, helpers.project(tmp_path))


def environment(cloud: LocalCloud) -> dict[str, str]:
    """What the shell sets for the cloud, but for credentials."""
    endpoints = {
        f"RESOURCE_REPAIR_{service.upper()}_ENDPOINT": url
        for service, url in cloud.endpoints._asdict().items()
    }
    (rule,) = cloud.config.rules()
    return {"PREPARE_RULE_ID": rule.id, **endpoints}


def run(deployment: Deployment, *arguments: str, **changed: str | None) -> int:
    """The exit code, `changed` being set otherwise in the shell; stdin is no terminal."""
    environ = {**environment(deployment.cloud), **changed}
    known = {name: value for name, value in environ.items() if value is not None}
    key = deployment.cloud.credentials
    held = fixed_credentials(key.access_key_id, key.access_key_secret)
    return cli.run(
        "apply", "--spec", str(deployment.path), *arguments, environ=known, credentials=held
    )


def test_it_shows_applies_and_is_done(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says where it works, what it would do and what it did; again, that nothing is to do."""
    assert run(deployment, "--yes") == 0
    first = capsys.readouterr().out
    assert run(deployment) == 0
    second = capsys.readouterr().out

    assert first.startswith(f"account {deployment.cloud.account_id}, region cn-shanghai\n")
    assert "create  service" in first
    assert "created service resource_repair\n" in first
    assert "nothing to do" in second


def test_a_dry_run_only_shows(deployment: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    """With --dry-run the plan is shown, nobody is asked and nothing is done."""
    assert run(deployment, "--dry-run") == 0
    assert "create  trigger" in capsys.readouterr().out
    assert deployment.writes() == []


def test_json_is_one_document(deployment: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    """With --json stdout is one document with every step, and whether it was carried out."""
    assert run(deployment, "--json", "--yes") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["account_id"] == deployment.cloud.account_id
    assert {(step["verdict"], step["applied"]) for step in document["steps"]} == {
        ("create", True),
        ("change", True),
    }


def test_nobody_to_ask_is_misuse(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a terminal and without --yes it stops before doing anything, and says why."""
    assert run(deployment) == 2
    assert "say --yes" in capsys.readouterr().err
    assert deployment.writes() == []


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"PREPARE_RULE_ID": "a-rule-s-name"}, "which is no rule id"),
        ({"PREPARE_RULE_ID": None}, "PREPARE_RULE_ID is not set"),
        ({"RESOURCE_REPAIR_MNS_ENDPOINT": None}, "set RESOURCE_REPAIR_MNS_ENDPOINT too"),
        ({"RESOURCE_REPAIR_FC_ENDPOINT": "http://example.com"}, "the endpoint of fc"),
    ],
)
def test_misuse_is_one_line(
    deployment: Deployment,
    capsys: pytest.CaptureFixture[str],
    changed: dict[str, str | None],
    says: str,
) -> None:
    """What the shell has wrong is one line on stderr and exit code 2, and nothing is done."""
    assert run(deployment, "--yes", **changed) == 2

    line = capsys.readouterr().err
    assert says in line
    assert line.count("\n") == 1
    assert deployment.writes() == []


def test_a_refusal_is_a_problem(deployment: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    """When a call is refused the exit code is 1, and the steps before it are told as done."""
    deployment.cloud.faults.add("fc:CreateService", Fail(403, "AccessDenied"))

    assert run(deployment, "--yes") == 1

    said = capsys.readouterr()
    assert "created role resource-repair-role" in said.out
    assert "allow fc:CreateService" in said.err
    assert said.err.count("\n") == 1


def test_a_missing_spec_is_misuse(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    """A spec that is not there is told by its path."""
    deployment.path.unlink()
    assert run(deployment) == 2
    assert f"{deployment.path} is not there: name the spec with --spec" in capsys.readouterr().err


@pytest.mark.parametrize(("with_key", "code", "says"), [(True, 0, ""), (False, 1, "NoCredentials")])
def test_credentials_are_those_of_the_default_chain(
    deployment: Deployment, with_key: bool, code: int, says: str
) -> None:
    """As a command of its own it takes its key from the shell, and says so if there is none."""
    key = {
        "ALIBABA_CLOUD_ACCESS_KEY_ID": deployment.cloud.credentials.access_key_id,
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": deployment.cloud.credentials.access_key_secret,
    }
    environ = {
        **environment(deployment.cloud),
        **(key if with_key else {}),
        "HOME": str(deployment.path.parent),  # no profile of whoever runs this
        # The last place the chain looks is the machine's metadata: no proxy here leads there.
        **({} if with_key else {"HTTP_PROXY": deployment.cloud.endpoints.oss}),
    }
    command = [
        sys.executable,
        "-m",
        "scripts",
        "apply",
        "--spec",
        str(deployment.path),
        "--dry-run",
    ]
    ended = subprocess.run(
        command, cwd=helpers.ROOT, env=environ, capture_output=True, text=True, check=False
    )
    assert ended.returncode == code
    assert says in ended.stderr
    assert ended.stderr.count("\n") == (0 if with_key else 1)
