"""What the Serverless Devs client was told on its command line is followed, or refused."""

import json
from pathlib import Path

import pytest

from scripts import cli, declared
from scripts.bundling import bundle
from scripts.declared import client_call, template
from scripts.declared.client_call import ARGV, ClientCall
from scripts.errors import UsageError
from tests.parts import edit, project

USUAL = ["-y", "--use-local"]


def called(*words: str) -> dict[str, str]:
    """The environment of an action of that call: `s deploy …`."""
    return {ARGV: json.dumps(["deploy", *words])}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (USUAL, ClientCall()),
        (["function", "--type", "code", "--debug"], ClientCall()),
        (["-t", "s.prod.yaml", *USUAL], ClientCall("s.prod.yaml")),
        (["--template", "../here/s.prod.yaml"], ClientCall("../here/s.prod.yaml")),
        (["--template=s.prod.yaml"], ClientCall("s.prod.yaml")),
        (["-t=s.prod.yaml"], ClientCall("s.prod.yaml")),
        ([*USUAL, "-a", "prod"], ClientCall("", "prod")),
        (["--access=prod", "-t", "s.prod.yaml"], ClientCall("s.prod.yaml", "prod")),
    ],
)
def test_a_file_and_an_alias_are_followed(words: list[str], told: ClientCall) -> None:
    """In each form that the client takes, beside what changes no target."""
    assert client_call.read(called(*words)) == told


@pytest.mark.parametrize(
    "words",
    [
        ["-t", "s.prod.yaml", "-t", "s.yaml"],
        ["-t", "s.prod.yaml", "--template=s.yaml"],
        ["-t"],
        ["-t", "-y"],
        ["--access="],
        ["-ts.prod.yaml"],
        ["-yt", "s.prod.yaml"],
        ["--env", "prod"],
        ["--region", "cn-beijing"],
        ["--no-use-local"],
        ["another"],
        ["--"],
    ],
)
def test_what_may_lead_elsewhere_is_refused(words: list[str]) -> None:
    """What the client takes for something else, and what nobody here knows."""
    with pytest.raises(UsageError, match="the client was told"):
        client_call.read(called(*words))


@pytest.mark.parametrize("text", ["deploy", "{}", "[1]", "[null]"])
def test_a_command_line_that_cannot_be_read_is_refused(text: str) -> None:
    """It may have named anything."""
    with pytest.raises(UsageError, match=ARGV):
        client_call.read({ARGV: text})


def test_other_commands_may_be_told_what_they_like() -> None:
    """An invocation's payload is no target of a deploy; its file is followed all the same."""
    words = ["invoke", "-e", "{}", "-t", "s.prod.yaml"]
    assert client_call.read({ARGV: json.dumps(words)}).template == "s.prod.yaml"


def test_the_file_is_that_of_the_actions_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever the client itself runs; one that is not there the client would not deploy."""
    monkeypatch.chdir(tmp_path)
    default = tmp_path / "s.yaml"
    assert client_call.followed({}, default) == default
    with pytest.raises(UsageError, match=r"it would take s\.yaml instead"):
        client_call.followed(called("-t", "s.prod.yaml"), default)
    (tmp_path / "s.prod.yaml").touch()
    found = client_call.followed(called("-t", "../there/s.prod.yaml"), default)
    assert found == tmp_path / "s.prod.yaml"


ENVIRON = {
    "s_default_fc_endpoint": "https://1208863178610000.cn-shanghai.fc.aliyuncs.com",
    "s_default_enable_fc_endpoint": "true",
    "AccountID": "1208863178610000",
    "AccessKeyID": "an-id",
    "AccessKeySecret": "a-secret",
}


def test_check_deploy_tells_a_mistake_in_the_spec_before_a_missing_rule_id(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of the file that the client deploys."""
    monkeypatch.chdir(tmp_path)
    edit(project(tmp_path).rename(tmp_path / "s.prod.yaml"), "mode: enforce", "mode: Report")
    environ = {**ENVIRON, **called("-t", "s.prod.yaml")}
    assert cli.run("check-deploy", "--env", str(tmp_path / ".env"), environ=environ) == 2
    assert "vars.mode is 'Report'" in capsys.readouterr().err


def test_check_deploy_stops_what_cannot_be_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first action of a deploy, so that nothing is built or asked before."""
    monkeypatch.chdir(tmp_path)
    environ = {**ENVIRON, "PREPARE_RULE_ID": "cr-1"}
    where = ("--env", str(tmp_path / ".env"))
    assert cli.run("check-deploy", *where, environ={**environ, **called(*USUAL)}) == 0
    for words in (["-t", "s.prod.yaml"], ["--env", "prod"]):
        assert cli.run("check-deploy", *where, environ={**environ, **called(*words)}) == 2
        assert capsys.readouterr().err.startswith("the client was told")


def test_the_bundle_is_built_for_the_runtime_of_the_file_that_is_deployed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its byte code would be worth nothing on another one."""
    monkeypatch.chdir(tmp_path)
    text = (bundle.ROOT / "s.yaml").read_text("utf-8")
    (tmp_path / "s.prod.yaml").write_text(text.replace("runtime: python3.10", "runtime: python3"))
    assert bundle._runtime(called(*USUAL)) == "python3.10"
    assert bundle._runtime(called("-t", "s.prod.yaml")) == "python3"


def test_the_file_is_that_of_the_option_else_of_the_client_else_of_the_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that deploys s.yaml deploys it whatever the variable says."""
    own, other = declared.PATH, tmp_path / "s.prod.yaml"
    other.touch()
    monkeypatch.chdir(tmp_path)
    variable = {"TEMPLATE": "s.fc3.yaml"}
    assert template.chosen({}) == (own, "")
    assert template.chosen(variable) == (own.with_name("s.fc3.yaml"), "TEMPLATE names")
    assert template.chosen({"TEMPLATE": str(other)})[0] == other
    assert template.chosen({**variable, **called(*USUAL)}) == (own, "")
    assert template.chosen({**variable, **called("-t", "s.prod.yaml")})[0] == other
    assert template.deployed(other, variable) == other
    assert template.deployed(own, variable) == own.with_name("s.fc3.yaml")
    with pytest.raises(UsageError, match=r"the client deploys .*s\.yaml, and this was told"):
        template.deployed(other, called(*USUAL))


@pytest.mark.parametrize("option", ["-t", "--template", "--spec"])
def test_a_file_that_is_named_wins_over_the_variable(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    """The name of the option is that of the client's own."""
    named = tmp_path / "s.other.yaml"
    assert cli.run("status", option, str(named), environ={"TEMPLATE": "s.fc3.yaml"}) == 2
    assert capsys.readouterr().err.startswith(f"{named} is not there")


def test_check_deploy_looks_at_what_3_0_is_deployed_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It wants no endpoint there, as that client talks https; and lets nothing be laid over it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.yaml").write_bytes((bundle.ROOT / "s.yaml").read_bytes())
    words = ("check-deploy", "-t", "s.fc3.yaml", "--env", str(tmp_path / ".env"))
    environ = {
        "PREPARE_RULE_ID": "cr-1",
        "AccountID": "1208863178610000",
        "AccessKeyID": "an-id",
        "AccessKeySecret": "a-secret",
    }
    assert cli.run(*words, environ=environ) == 2
    assert "s.fc3.yaml is not there: `scripts/resource-repair fc3`" in capsys.readouterr().err
    assert cli.run("fc3", "-t", "s.yaml", environ=environ) == 0
    assert cli.run(*words, environ=environ) == 0
    at = "FC_CLIENT_CUSTOM_ENDPOINT"
    host = "1208863178610000.cn-shanghai.fc.aliyuncs.com"
    for endpoint in (host, f"https://{host}", "http://127.0.0.1:8080"):
        assert cli.run(*words, environ={**environ, at: endpoint}) == 0
    for endpoint in (f"http://{host}", host.replace("shanghai", "beijing"), f"1{host}"):
        assert cli.run(*words, environ={**environ, at: endpoint}) == 2
        assert at in capsys.readouterr().err
    assert cli.run(*words, environ={**environ, "PREPARE_RULE_ID": ""}) == 2
    assert cli.run(*words, environ={**environ, "AccessKeySecret": ""}) == 2
    (tmp_path / "env.yaml").touch()
    assert cli.run(*words, environ=environ) == 2
    assert "lay env.yaml over what is deployed" in capsys.readouterr().err


def test_the_bundle_is_built_for_what_3_0_is_deployed_from(tmp_path: Path) -> None:
    """That client tells an action nothing: `make bundle TEMPLATE=s.fc3.yaml` does."""
    text = (bundle.ROOT / "s.yaml").read_text("utf-8")
    path = tmp_path / "s.yaml"
    path.write_text(text.replace("runtime: python3.10", "runtime: python3.12"))
    assert cli.run("fc3", "-t", str(path), environ={}) == 0
    assert bundle._runtime({"TEMPLATE": str(tmp_path / "s.fc3.yaml")}) == "python3.12"
