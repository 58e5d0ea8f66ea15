import json

import pytest

from scripts.declared import Generation
from scripts.localcloud.faults import Fail
from tests.account import Account
from tests.parts import EITHER


@EITHER
def test_it_shows_applies_and_is_done(
    provisioned: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says where it works, what it would do and what it did; again, that nothing is to do."""
    assert provisioned.run("apply", "--yes") == 0
    first = capsys.readouterr().out
    assert provisioned.run("apply") == 0
    second = capsys.readouterr().out

    assert first.startswith(f"account {provisioned.cloud.account_id}, region cn-shanghai\n")
    spec = provisioned.spec
    function = ("function", spec.function_in_cloud)
    on_2 = spec.generation is Generation.FC2
    for kind, name in (("service", spec.service.name), function) if on_2 else (function,):
        assert f"create  {kind}" in first
        assert f"created {kind} {name}\n" in first
    assert "nothing to do" in second


def test_a_dry_run_only_shows(provisioned: Account, capsys: pytest.CaptureFixture[str]) -> None:
    """With --dry-run the plan is shown, nobody is asked and nothing is done."""
    assert provisioned.run("apply", "--dry-run") == 0
    assert "create  trigger" in capsys.readouterr().out
    assert provisioned.writes() == []


def test_json_is_one_document(provisioned: Account, capsys: pytest.CaptureFixture[str]) -> None:
    """With --json stdout is one document with every step, and whether it was carried out."""
    assert provisioned.run("apply", "--json", "--yes") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["account_id"] == provisioned.cloud.account_id
    assert {(step["verdict"], step["applied"]) for step in document["steps"]} == {
        ("create", True),
        ("change", True),
    }


def test_nobody_to_ask_is_misuse(provisioned: Account, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a terminal and without --yes it stops before doing anything, and says why."""
    assert provisioned.run("apply") == 2
    assert "say --yes" in capsys.readouterr().err
    assert provisioned.writes() == []


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
    provisioned: Account,
    capsys: pytest.CaptureFixture[str],
    changed: dict[str, str | None],
    says: str,
) -> None:
    """What the shell has wrong is one line on stderr and exit code 2, and nothing is done."""
    provisioned.env.unlink()
    environ = {**provisioned.shell, "PREPARE_RULE_ID": provisioned.rule_id, **changed}
    provisioned.shell = {name: value for name, value in environ.items() if value is not None}

    assert provisioned.run("apply", "--yes") == 2

    line = capsys.readouterr().err
    assert says in line
    assert line.count("\n") == 1
    assert provisioned.writes() == []


def test_a_refusal_is_a_problem(provisioned: Account, capsys: pytest.CaptureFixture[str]) -> None:
    """When a call is refused the exit code is 1, and the steps before it are told as done."""
    refusal = "the caller is not authorized to perform 'fc:CreateService' on resource 'services/*'"
    provisioned.cloud.faults.add("fc:CreateService", Fail(403, "AccessDenied", refusal))

    assert provisioned.run("apply", "--yes") == 1

    said = capsys.readouterr()
    assert "created role resource-repair-role" in said.out
    assert "allow fc:CreateService" in said.err
    assert said.err.count("\n") == 1


def test_a_missing_spec_is_misuse(provisioned: Account, capsys: pytest.CaptureFixture[str]) -> None:
    """A spec that is not there is told by its path."""
    provisioned.path.unlink()
    assert provisioned.run("apply") == 2
    assert f"{provisioned.path} is not there: name the spec with --spec" in capsys.readouterr().err


@pytest.mark.parametrize(("with_key", "code", "says"), [(True, 0, ""), (False, 1, "NoCredentials")])
def test_credentials_are_those_of_the_default_chain(
    provisioned: Account, with_key: bool, code: int, says: str
) -> None:
    """As a command of its own it takes its key from the shell, and says so if there is none."""
    key = {
        "ALIBABA_CLOUD_ACCESS_KEY_ID": provisioned.cloud.credentials.access_key_id,
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": provisioned.cloud.credentials.access_key_secret,
    }
    # The last place the chain looks is the machine's metadata: no proxy here leads there.
    environ = key if with_key else {"HTTP_PROXY": provisioned.cloud.endpoints.oss}
    process = provisioned.process("apply", "--dry-run", **environ)
    _, told = process.communicate()
    assert process.returncode == code
    assert says in told
    assert told.count("\n") == (0 if with_key else 1)
