import json
import re
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts import ROOT, declared
from scripts.decide.deploy_effect import EXPECT_CLOSE, EXPECT_LEAVE_OPEN
from tests.pipeline import WORKFLOWS, filled, workflow

EACH = pytest.mark.parametrize("name", sorted(path.name for path in WORKFLOWS.glob("*.yml")))
CLIENT = ROOT / ".github/client"


@pytest.fixture(scope="module")
def deploy() -> dict[Any, Any]:
    """The job that deploys."""
    job = workflow("deploy.yml")["jobs"]["deploy"]
    assert isinstance(job, dict)
    return job


def commands(job: dict[Any, Any]) -> list[str]:
    """The command lines of a job, in order."""
    return [line for step in job.get("steps", ()) for line in step.get("run", "").splitlines()]


def step_running(job: dict[Any, Any], command: str) -> dict[Any, Any]:
    """The one step that runs `command`."""
    (step,) = [step for step in job["steps"] if step.get("run", "").startswith(command)]
    assert isinstance(step, dict)
    return step


def test_every_push_is_checked_on_every_python() -> None:
    """Lint, tests and the demo run for each push, on each Python from 3.10 on that is supported."""
    checks = workflow("checks.yml")
    assert checks[True]["push"] == {"branches": ["**"]}
    assert "pull_request" in checks[True]
    assert checks["jobs"]["checks"]["strategy"]["matrix"]["python"] == [
        "3.10",
        "3.11",
        "3.12",
        "3.13",
    ]
    assert commands(checks["jobs"]["checks"]) == [
        "make lint",
        "make test",
        "make test-cloud",
        "make demo",
    ]


def test_every_push_is_installed_with_an_old_pip() -> None:
    """The installation is tried with the Python of a distribution, as it comes with its old pip."""
    job = workflow("checks.yml")["jobs"]["old-pip"]
    assert job["runs-on"] == "ubuntu-22.04"
    assert commands(job)[-1] == "make check-install PYTHON=/usr/bin/python3"
    assert not any("setup-python" in step.get("uses", "") for step in job["steps"])


@EACH
def test_what_others_wrote_is_pinned(name: str) -> None:
    """Actions run at one commit, its version beside it; the client at one version."""
    text = (WORKFLOWS / name).read_text("utf-8")
    used = re.findall(r"uses: (.*)", text)
    foreign = [action for action in used if not action.startswith("./")]
    assert foreign
    for action in foreign:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}  # v\d+\.\d+\.\d+", action)


def test_the_client_is_the_one_that_was_tried_by_its_hash() -> None:
    """Nothing but what the lock has is installed, by its hash; no script of it runs."""
    package = json.loads((CLIENT / "package.json").read_text("utf-8"))
    lock = json.loads((CLIENT / "package-lock.json").read_text("utf-8"))["packages"]
    assert (
        lock.pop("")["dependencies"] == package["dependencies"] == {"@serverless-devs/s": "3.1.10"}
    )
    assert lock
    assert all(each["integrity"].startswith("sha512-") for each in lock.values())
    installing = [
        line
        for path in WORKFLOWS.glob("*.yml")
        for job in workflow(path.name)["jobs"].values()
        for line in commands(job)
        if re.search(r"\bnp[mx]\b", line)
    ]
    assert installing == ["npm ci --ignore-scripts --no-audit --no-fund --prefix .github/client"]


@EACH
def test_no_job_goes_on_for_long_and_none_keeps_the_token(name: str) -> None:
    """A job that hangs is stopped within the hour; a checkout leaves no token for later steps."""
    for job in workflow(name)["jobs"].values():
        if "uses" in job:  # another workflow's jobs, which have their own
            continue
        assert 0 < job["timeout-minutes"] <= 50
        for step in job["steps"]:
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False


@EACH
def test_the_shell_of_every_step_is_sound(name: str, tmp_path: Path) -> None:
    """ShellCheck finds nothing, and no expression is pasted into a script."""
    scripts = []
    for job in workflow(name)["jobs"].values():
        for step in job.get("steps", ()):
            if "run" in step:
                assert "${{" not in step["run"]
                scripts.append(tmp_path / f"{len(scripts)}.sh")
                scripts[-1].write_text(step["run"], "utf-8")
    check = Path(sys.executable).with_name("shellcheck")
    command = [check, "--shell", "bash", "--exclude", "SC2148", *scripts]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout + done.stderr == ""


def test_rights_are_the_least() -> None:
    """A job may read the code. Two may ask for an identity, one for issues, one for a proposal."""
    identity = {"id-token": "write", "contents": "read"}
    proposing = {"actions": "write", "contents": "write", "pull-requests": "write"}
    granted = {}
    for path in WORKFLOWS.glob("*.yml"):
        document = workflow(path.name)
        assert document["permissions"] == {"contents": "read"}
        for name, job in document["jobs"].items():
            if "permissions" in job:
                granted[name] = job["permissions"]
    assert granted == {
        "deploy": identity,
        "sweep": identity,
        "tell": {"issues": "write"},
        "propose": proposing,
    }


@pytest.mark.parametrize(("name", "job"), [("sweep.yml", "tell"), ("upkeep.yml", "propose")])
def test_what_may_write_to_the_repository_runs_nothing_of_others(name: str, job: str) -> None:
    """It has no credentials of the account, and no command but git, gh and the shell's own."""
    steps = workflow(name)["jobs"][job]["steps"]
    used = [step["uses"].split("@")[0] for step in steps if "uses" in step]
    assert set(used) <= {"actions/checkout", "actions/download-artifact"}
    of_others = ("make", "npm", "npx", "pip", "python", "scripts/", "./")
    assert not any(line.strip().startswith(of_others) for line in commands({"steps": steps}))


def test_a_deploy_is_checked_gated_and_alone(deploy: dict[Any, Any]) -> None:
    """It follows the checks, waits at an environment's gate, and is neither doubled nor cut off."""
    jobs = workflow("deploy.yml")["jobs"]
    assert jobs[deploy["needs"]]["uses"] == "./.github/workflows/checks.yml"
    assert deploy["environment"] == "production"
    assert deploy["concurrency"]["cancel-in-progress"] is False
    assert "${{" not in deploy["concurrency"]["group"]


@pytest.mark.parametrize(("name", "job"), [("deploy.yml", "deploy"), ("sweep.yml", "sweep")])
def test_no_long_lived_key_is_used(name: str, job: str) -> None:
    """Credentials come by OIDC alone, for the audience of STS: the workflow knows no secret."""
    steps = workflow(name)["jobs"][job]["steps"]
    (credentials,) = [step for step in steps if "credentials-action" in step.get("uses", "")]
    assert credentials["uses"].startswith("aliyun/configure-aliyun-credentials-action@")
    assert credentials["with"]["audience"] == "sts.aliyuncs.com"
    assert "secrets." not in (WORKFLOWS / name).read_text("utf-8")


def test_the_workflows_use_the_same_actions() -> None:
    """An action that several use is at one commit in all: a new version is looked at once."""
    used = {
        found
        for path in WORKFLOWS.glob("*.yml")
        for found in re.findall(r"uses: ([\w/-]+)@(\w+)", path.read_text("utf-8"))
    }
    assert len(used) == len(dict(used))


def test_the_sweep_runs_each_night_without_anybody() -> None:
    """After exemptions have ended, with a yes and its limit, alone; it is not stopped half way."""
    document = workflow("sweep.yml")
    (schedule,) = document[True]["schedule"]
    minute, hour, *days = schedule["cron"].split()
    assert (int(hour), days) == (0, ["*", "*", "*"])
    assert int(minute) > 0
    assert "workflow_dispatch" in document[True]
    job = document["jobs"]["sweep"]
    assert job["concurrency"] == {"group": "sweep", "cancel-in-progress": False}
    # A reviewer's environment would have it wait for somebody.
    assert job["environment"] != workflow("deploy.yml")["jobs"]["deploy"]["environment"]
    assert commands(job)[-3:] == [
        "scripts/resource-repair sweep --due --yes",
        "scripts/resource-repair verify",
        "scripts/resource-repair doctor",
    ]
    for each in ("verify", "doctor"):  # whatever was swept, but not without credentials
        assert step_running(job, f"scripts/resource-repair {each}")["if"] == (
            "${{ !cancelled() && steps.credentials.outcome == 'success' }}"
        )
    told = {name: f"${{{{ steps.{name}.outcome }}}}" for name in ("sweep", "verify", "doctor")}
    assert job["outputs"] == told
    assert job["env"]["PREPARE_RULE_ID"] == "${{ vars.PREPARE_RULE_ID }}"
    # What others wrote is installed, and its build code run, before there are credentials.
    steps = [step.get("uses", step.get("run", "")).split("@")[0] for step in job["steps"]]
    assert steps.index("make bundle") < steps.index("aliyun/configure-aliyun-credentials-action")


def test_the_client_deploys_the_file(deploy: dict[Any, Any]) -> None:
    """The file is deployed whatever is live, over https, in s.yaml's region, telemetry off."""
    lines = commands(deploy)
    silenced = ".github/client/node_modules/.bin/s set analysis disable"
    assert lines.index(silenced) < lines.index("s deploy -y --use-local")
    assert sum("s deploy" in line for line in lines) == 1
    region = yaml.safe_load((ROOT / "s.yaml").read_text("utf-8"))["vars"]["region"]
    endpoint = filled(deploy["env"]["s_default_fc_endpoint"], {"vars.ACCOUNT_ID": "1"})
    assert endpoint == f"https://1.{region}.fc.aliyuncs.com"
    assert deploy["env"]["s_default_enable_fc_endpoint"] == "true"
    assert deploy["env"]["PREPARE_RULE_ID"] == "${{ vars.PREPARE_RULE_ID }}"


def test_the_doctor_hears_how_many_buckets_may_close(deploy: dict[Any, Any]) -> None:
    """The doctor that a deploy runs gets the expected number from the environment's variables."""
    given = step_running(deploy, "s deploy")["env"]
    for name in (EXPECT_CLOSE, EXPECT_LEAVE_OPEN):
        assert given[name] == f"${{{{ vars.{name} }}}}"


@pytest.mark.parametrize(
    ("command", "further"),
    [("s deploy", {EXPECT_CLOSE, EXPECT_LEAVE_OPEN, "EXPECT_DROP"}), ("s invoke", ())],
)
def test_credentials_go_by_environment(
    deploy: dict[Any, Any], command: str, further: Collection[str]
) -> None:
    """The client finds its credentials where it looks for them, and no command line holds any."""
    assert set(step_running(deploy, command)["env"]) == {
        "AccountID",
        "AccessKeyID",
        "AccessKeySecret",
        "SecurityToken",
        *further,
    }
    assert not any("${{" in line or "--access" in line for line in commands(deploy))


def test_the_deployed_function_is_judged_by_its_answer(deploy: dict[Any, Any]) -> None:
    """The last thing is an invocation, harmless, whose output and not exit code decides."""
    invoke, judge = commands(deploy)[-2:]
    found = re.fullmatch(r"s invoke --event-file (events/ignored_\w+\.json) \| tee (\S+)", invoke)
    assert found
    assert (ROOT / found[1]).is_file()
    assert step_running(deploy, "s invoke")["shell"] == "bash"  # a pipe fails with its first part
    assert judge == f"scripts/resource-repair check-invocation {found[2]} --outcome ignored"


@pytest.mark.parametrize(("name", "job"), [("deploy.yml", "deploy"), ("sweep.yml", "sweep")])
def test_the_runtime_s_python_is_there_to_compile_with(name: str, job: str) -> None:
    """A deploy has the Python of s.yaml's runtime, or every cold start would compile.

    So has the nightly verify, or it would find other code than it builds.
    """
    steps = workflow(name)["jobs"][job]["steps"]
    (setup,) = [step for step in steps if "setup-python" in step.get("uses", "")]
    version = declared.runtime(declared.PATH, {}).removeprefix("python")
    assert version in setup["with"]["python-version"].split()
