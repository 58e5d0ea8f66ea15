"""What provision writes to .env, and what it leaves as it was."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scripts.declared.dotenv import assign, environment
from tests.account import RULE, Account
from tests.contract.spoil import MANAGED

LINE_ENDS = "\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
LINES = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_characters=LINE_ENDS), max_size=20),
    st.sampled_from(
        ["", "# PREPARE_RULE_ID=cr-0", "PREPARE_RULE_ID=cr-1", " export PREPARE_RULE_ID = 'cr-2' #"]
    ),
)


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(lines=st.lists(LINES), ending=st.sampled_from(["\n", "\r\n"]), ended=st.booleans())
def test_one_line_is_written_and_no_other(
    tmp_path: Path, lines: list[str], ending: str, ended: bool
) -> None:
    """Whatever is in .env: the variable has its value, and all else stands as it did."""
    path = tmp_path / ".env"
    before = ending.join(lines) + (ending if ended else "")
    path.write_bytes(before.encode())
    known = environment(path, {})

    assign(path, {"PREPARE_RULE_ID": "cr-3"})

    assert environment(path, {}) == {**known, "PREPARE_RULE_ID": "cr-3"}
    kept, after = before.splitlines(), path.read_bytes().decode().splitlines()
    new = [line for line in after if line not in kept]
    assert len([line for line in after if line in kept]) >= len(kept) - 1
    assert all(line.endswith("PREPARE_RULE_ID=cr-3") for line in new)
    assert len(after) - len(kept) == (0 if "PREPARE_RULE_ID" in known else 1)


def test_where_it_cannot_be_written_nothing_is_made(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """That is told in a line, before anybody is asked: a topic without a rule's id helps nobody."""
    account.env.symlink_to(account.env.with_name("no-folder") / ".env")
    for words in (["--yes"], ["--dry-run"], []):
        assert account.run("provision", *words) == 1
        line = capsys.readouterr().err
        assert line.startswith(f"{account.env} cannot be written (No such file or directory): ")
        assert line.count("\n") == 1
    assert account.writes() == []


def test_an_empty_variable_of_the_shell_is_told(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """It wins over the file, so that nobody is woken although the file says who."""
    account.env.write_text("ALERT_WEBHOOK=https://hook.example.com/a\n")
    assert account.run("provision", "--dry-run", ALERT_WEBHOOK="") == 0
    said = capsys.readouterr()
    assert said.err == "ALERT_WEBHOOK is empty in the shell, which wins over .env: unset it there\n"
    assert "nobody is woken" in said.out


def test_it_is_its_owner_s_alone(tmp_path: Path) -> None:
    """Whoever could read .env before, only its owner can when it is written, and no copy stays."""
    path = tmp_path / ".env"
    path.write_text("A=1\n")
    path.chmod(0o644)
    assign(path, {"B": "2"})
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == [".env"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("PREPARE_RULE_ID=cr-old\nA=1\n", "PREPARE_RULE_ID={id}\nA=1\n"),
        ("A=1\nexport PREPARE_RULE_ID=\n", "A=1\nexport PREPARE_RULE_ID={id}\n"),
        ("PREPARE_RULE_ID=cr-a, {id},cr-b\n", "PREPARE_RULE_ID=cr-a, {id},cr-b\n"),
        ("# mine\n", "# mine\n"),
    ],
)
def test_the_rule_s_id_takes_its_place(account: Account, before: str, after: str) -> None:
    """An id of a rule that is no more is replaced; a list that has the rule's stays."""
    rule = account.cloud.config.create_rule(RULE, MANAGED)
    here = f"s_default_fc_endpoint={account.cloud.endpoints.fc}\n"
    account.env.write_text(before.replace("{id}", rule.id) + here)

    assert account.run("provision", "--yes") == 0

    assert account.env.read_text().startswith(after.replace("{id}", rule.id))
    assert rule.id in environment(account.env, {})["PREPARE_RULE_ID"]


def test_a_lost_file_is_written_again(account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    """Where all is made but .env is gone, it alone is written."""
    account.run("provision", "--yes")
    account.env.unlink()
    writes = account.writes()
    capsys.readouterr()

    assert account.run("provision", "--yes") == 0

    assert "created settings .env" in capsys.readouterr().out
    assert account.writes() == writes
    assert set(environment(account.env, {})) == {
        "PREPARE_RULE_ID",
        "s_default_fc_endpoint",
        "s_default_enable_fc_endpoint",
    }


def test_a_shell_that_has_another_id_is_told_of(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the shell has set wins over .env: an older id there is pointed at."""
    assert account.run("provision", "--yes", PREPARE_RULE_ID="cr-old") == 0
    assert "PREPARE_RULE_ID is cr-old in the shell, which wins over .env" in capsys.readouterr().out


@pytest.mark.parametrize(
    "known",
    [
        "PREPARE_RULE_ID=cr-account\n",
        "PREPARE_RULE_ID=cr-account\ns_default_fc_endpoint=https://1.cn-shanghai.fc.aliyuncs.com\n",
    ],
)
def test_a_local_cloud_never_takes_the_place_of_an_account(
    account: Account, known: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its .env stays as it is, and nothing is made; moved away, it is in nobody's way."""
    account.env.write_text(known)
    for words in (["--yes"], ["--dry-run"]):
        assert account.run("provision", *words) == 1
        assert (
            "is of an account, and these endpoints are a local cloud's" in capsys.readouterr().err
        )
    assert account.env.read_text() == known
    assert account.writes() == []

    account.env.rename(account.env.with_name(".env.account"))
    assert account.run("provision", "--yes") == 0
