"""The deploy job's own steps, run in their order against the local cloud."""

import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from scripts import ROOT
from scripts.bundling import bundle
from scripts.stage import serve
from scripts.upkeep import template
from tests.account import FUNCTION, SERVICE, Account, Moments
from tests.pipeline import Ran, Runner, command, workflow

pytestmark = pytest.mark.skipif(
    not (ROOT / ".git").exists() or shutil.which("git") is None, reason="this is no checkout"
)

CLIENT = ".github/client/node_modules/.bin"
CREDENTIALS = "aliyun/configure-aliyun-credentials-action"

# What npm would bring is not here, nor what that would load: `s` runs the actions that s.yaml
# names, and has the verbs do what the client's component does in between.
NPM = f"""
import pathlib, shutil, sys
assert sys.argv[1:3] == ["ci", "--ignore-scripts"], sys.argv
assert sys.argv[-2:] == ["--prefix", ".github/client"], sys.argv
assert pathlib.Path(".github/client/package-lock.json").is_file()
folder = pathlib.Path("{CLIENT}")
folder.mkdir(parents=True)
shutil.copy(shutil.which("the-client"), folder / "s")
"""
S = """
import json, os, subprocess, sys, yaml
words = sys.argv[1:]
service = yaml.safe_load(open("s.yaml"))["services"]["repair"]
for name in ("AccountID", "AccessKeyID", "AccessKeySecret", "SecurityToken"):
    assert words[0] == "set" or os.environ[name], name

def actions(name):
    for each in service["actions"][name]:
        subprocess.run(each["run"], shell=True, check=True)

if words == ["deploy", "-y", "--use-local"]:
    try:
        actions("pre-deploy")
        subprocess.run(["scripts/resource-repair", "apply", "--yes"], check=True)
        actions("success-deploy")
    except subprocess.CalledProcessError as error:
        sys.exit(f"{error.cmd} failed")
elif words[:2] == ["invoke", "--event-file"]:
    said = subprocess.check_output(
        ["scripts/resource-repair", "invoke", words[2], "--yes", "--json"]
    )
    report = json.loads(said)
    print("========= FC invoke Logs begin =========")
    print("\\n".join(json.dumps(line) for line in report["audit"]))
    print("\\n========= FC invoke Logs end =========")
    print("FC Invoke Result:\\n" + report["answer"] + "\\n\\nEnd of method: invoke")
else:
    assert words == ["set", "analysis", "disable"], words
"""


@pytest.fixture(scope="module")
def deploy() -> dict[str, Any]:
    """The job that deploys."""
    job = workflow("deploy.yml")["jobs"]["deploy"]
    assert isinstance(job, dict)
    return job


@pytest.fixture
def account(moments: Moments, tmp_path: Path) -> Account:
    """One that has nothing, apart from the checkout."""
    (tmp_path / "account").mkdir()
    return moments.nothing(tmp_path / "account")


@pytest.fixture
def checkout(tmp_path: Path, code: Path) -> Path:
    """The project as the job checks it out; what it would install is there."""
    folder = tmp_path / "checkout"
    for name in template.tracked():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target, follow_symlinks=False)
    _install(folder / ".venv")
    (folder / "build").mkdir()
    (folder / "build" / "wheels").symlink_to(bundle.OUTPUT / "wheels")  # `code` has made them
    return folder


def _install(venv: Path) -> None:
    """The environment of these tests as that of a checkout: ready, with byte code of its own."""
    here = Path(sys.prefix)
    venv.mkdir()
    for each in here.iterdir():
        if each.name not in ("byte-code", ".ready", ".ready-dev"):
            (venv / each.name).symlink_to(each)
    # What is compiled once is not compiled again: byte code lies by the path of its source.
    compiled, there = here / "byte-code", venv / "byte-code"
    (compiled / here.relative_to("/")).mkdir(parents=True, exist_ok=True)
    (there / venv.relative_to("/")).parent.mkdir(parents=True)
    (there / venv.relative_to("/")).symlink_to(compiled / here.relative_to("/"))
    (venv / ".ready").touch()


def runner(account: Account, checkout: Path, **variables: str) -> Runner:
    """A runner for the job on this account, with the variables of its environment."""
    commands = checkout.parent / "commands"
    command(commands, "npm", NPM)
    command(commands, "the-client", S)
    known = serve.environment(account.cloud)
    shell = {name: known[name] for name in known if not name.startswith("ALIBABA")}
    variables = {"ACCOUNT_ID": account.cloud.account_id, **variables}
    return Runner(
        checkout,
        commands,
        {f"vars.{name}": value for name, value in variables.items()},
        **shell,
        HOME=str(checkout.parent),
    )


def steps_of(
    job: dict[str, Any], runner: Runner, account: Account, *, to_the_end: bool = False
) -> list[Ran]:
    """Each step that is a script, run until one fails; credentials are there from their step on."""
    ran: list[Ran] = []
    for step in job["steps"]:
        if step.get("uses", "").startswith(CREDENTIALS):
            key = account.cloud.credentials
            runner.shell |= {
                name: value
                for name, value in serve.environment(account.cloud).items()
                if name.startswith("ALIBABA")
            }
            runner.known = {
                **runner.known,
                "steps.credentials.outputs.aliyun-access-key-id": key.access_key_id,
                "steps.credentials.outputs.aliyun-access-key-secret": key.access_key_secret,
                "steps.credentials.outputs.aliyun-security-token": key.security_token or "none",
            }
        elif "run" in step:
            ran.append(runner.run(step, job))
            if ran[-1].ends and not to_the_end:
                break
    return ran


def test_the_deploy_job_deploys_and_judges_what_the_function_answers(
    account: Account, checkout: Path, deploy: dict[str, Any]
) -> None:
    """From the client's installation to the judgement of one invocation, each step ends with 0."""
    assert account.run("provision", "--yes") == 0
    variables = {"PREPARE_RULE_ID": account.rule_id, "REGION": account.cloud.region}
    ran = steps_of(deploy, runner(account, checkout, **variables), account)
    assert [each.ends for each in ran] == [0] * len(ran), ran[-1]
    assert len(ran) == sum("run" in step for step in deploy["steps"])
    assert account.functions() == [SERVICE, f"{SERVICE}/{FUNCTION}"]


@pytest.mark.bad_days
def test_the_nightly_job_finds_what_the_deploy_job_left_sound_until_somebody_changes_it(
    account: Account, checkout: Path, deploy: dict[str, Any]
) -> None:
    """Its steps end with 0; once the function has another setting, verify and doctor do not."""
    assert account.run("provision", "--yes") == 0
    variables = {"PREPARE_RULE_ID": account.rule_id, "REGION": account.cloud.region}
    steps_of(deploy, runner(account, checkout, **variables), account)
    nightly = workflow("sweep.yml")["jobs"]["sweep"]
    ran = steps_of(nightly, runner(account, checkout, **variables), account, to_the_end=True)
    assert [each.ends for each in ran] == [0, 0, 0, 0], ran

    account.update(memory_size=1024)
    ran = steps_of(nightly, runner(account, checkout, **variables), account, to_the_end=True)
    ids = {step["name"]: step.get("id", "") for step in nightly["steps"] if "name" in step}
    assert [ids[each.name] for each in ran if each.ends] == ["verify", "doctor"], ran


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({}, "PREPARE_RULE_ID"),
        pytest.param(
            {"PREPARE_RULE_ID": "cr-1", "REGION": "cn-beijing"},
            "cn-beijing",
            marks=pytest.mark.bad_days,
        ),
    ],
)
def test_the_deploy_job_stops_before_anything_is_deployed(
    account: Account,
    checkout: Path,
    deploy: dict[str, Any],
    variables: dict[str, str],
    says: str,
) -> None:
    """Without a rule, or for another region than that of s.yaml, the client's step fails."""
    built = [step for step in deploy["steps"] if step.get("run") != "make bundle"]
    ran = steps_of({**deploy, "steps": built}, runner(account, checkout, **variables), account)
    assert ran[-1].name == "Deploy"
    assert ran[-1].ends != 0
    assert says in ran[-1].said
    assert account.functions() == []
