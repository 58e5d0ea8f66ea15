from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts import cli
from scripts.declared import dotenv, rule_ids

ROOT = Path(__file__).parents[2]
IDS = st.from_regex(r"cr-[a-z0-9]{1,20}(-[a-z0-9]{1,6})?", fullmatch=True)


HTTPS = {
    "s_default_fc_endpoint": "https://1208863178610000.cn-shanghai.fc.aliyuncs.com",
    "s_default_enable_fc_endpoint": "true",
    "AccountID": "1208863178610000",
    "AccessKeyID": "LTAI",
    "AccessKeySecret": "what-nobody-may-see",
}


@given(st.lists(IDS, min_size=1, max_size=4), st.sampled_from([",", ", "]))
def test_rule_ids_are_accepted(ids: list[str], separator: str) -> None:
    """One id, or several with commas, is fine."""
    assert rule_ids.problem(separator.join(ids)) == ""


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("", "is not set"),
        ("  ", "is not set"),
        ("${env(PREPARE_RULE_ID)}", "unresolved"),
        ("test-oss-bucket-public-read-prohibited", "a rule's name, perhaps?"),
        ("cr-", "no rule id"),
        ("cr-a b", "no rule id"),
        ("CR-1", "no rule id"),
        ("cr-1,", "no rule id"),
        ("cr-1,oss-rule", "'oss-rule'"),
        ("cr-1\ncr-2", "no rule id"),
    ],
)
def test_anything_else_is_refused_in_one_line(value: str, says: str) -> None:
    """What is no list of ids is refused, with what is wrong and where to find the id."""
    line = rule_ids.problem(value)
    assert says in line
    assert "\n" not in line


@pytest.mark.parametrize(
    ("shell", "file", "code"),
    [
        (None, None, 2),
        ("cr-1", None, 0),
        (None, "PREPARE_RULE_ID=cr-1\n", 0),
        (None, "# PREPARE_RULE_ID=cr-1\n", 2),
        (None, "export PREPARE_RULE_ID = 'cr-1' # the rule\n", 0),
        (None, "PREPARE_RULE_ID=cr-1 # the rule\n", 0),
        ("a-name", "PREPARE_RULE_ID=cr-1\n", 2),
        ("", "PREPARE_RULE_ID=cr-1\n", 2),
    ],
)
def test_the_shell_wins_over_the_file(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    shell: str | None,
    file: str | None,
    code: int,
) -> None:
    """The file counts only for what the shell has not set; a refusal is one line on stderr."""
    if file is not None:
        (tmp_path / ".env").write_text(file, "utf-8")
    environ = HTTPS if shell is None else {**HTTPS, "PREPARE_RULE_ID": shell}
    assert cli.run("check-deploy", "--env", str(tmp_path / ".env"), environ=environ) == code
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1 if code else 0)


@pytest.mark.parametrize(
    ("shell", "file", "told"),
    [
        ("a-name", "PREPARE_RULE_ID=cr-1\n", "PREPARE_RULE_ID, from the shell, has 'a-name', "),
        (
            None,
            "A=1\nPREPARE_RULE_ID=cr-1,a-name\n",
            ".env, line 2: PREPARE_RULE_ID has 'a-name', ",
        ),
        (
            None,
            "PREPARE_RULE_ID=\n",
            "PREPARE_RULE_ID is not set: `scripts/resource-repair provision` writes it to .env",
        ),
        (
            "",
            "PREPARE_RULE_ID=cr-1\n",
            "PREPARE_RULE_ID is empty in the shell, which wins over .env: unset it there\n",
        ),
    ],
)
def test_a_wrong_id_is_told_where_it_is_set(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    shell: str | None,
    file: str,
    told: str,
) -> None:
    """In the shell, or in its line of the file."""
    (tmp_path / ".env").write_text(file, "utf-8")
    environ = HTTPS if shell is None else {**HTTPS, "PREPARE_RULE_ID": shell}
    assert cli.run("check-deploy", "--env", str(tmp_path / ".env"), environ=environ) == 2
    assert capsys.readouterr().err.startswith(told)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({}, 0),
        ({"s_default_fc_endpoint": "http://127.0.0.1:8080"}, 0),
        ({"s_default_fc_endpoint": "http://1.cn-shanghai.fc.aliyuncs.com"}, 2),
        ({"s_default_fc_endpoint": "https://<account id>.cn-shanghai.fc.aliyuncs.com"}, 2),
        ({"s_default_fc_endpoint": ""}, 2),
        ({"s_default_enable_fc_endpoint": ""}, 2),
        ({"s-default-fc-endpoint": "http://1.cn-shanghai.fc.aliyuncs.com"}, 2),
    ],
)
def test_a_deploy_in_the_clear_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], change: dict[str, str], code: int
) -> None:
    """Unless the client is told an https endpoint, or loopback, and to use it: no deploy."""
    environ = {**HTTPS, "PREPARE_RULE_ID": "cr-1", **change}
    assert cli.run("check-deploy", "--env", str(tmp_path / ".env"), environ=environ) == code
    assert capsys.readouterr().err.count("\n") == (1 if code else 0)


def test_the_example_is_read_as_unset() -> None:
    """.env.example, copied and not filled in, is refused rather than half used."""
    assert dotenv.environment(ROOT / ".env.example", {})["PREPARE_RULE_ID"] == ""


KEYS = ("AccountID", "AccessKeyID", "AccessKeySecret")
KEPT = "default:\n  AccountID: {account}\n  AccessKeyID: LTAI\n  AccessKeySecret: a-secret\n"
OURS = "1208863178610000"


@pytest.mark.parametrize(
    ("without", "file", "kept", "says"),
    [
        (KEYS, "", "", "has no keys, and would deploy nothing and end with 0: set AccountID, "),
        (KEYS[2:], "", "", "set AccessKeySecret in the shell"),
        (KEYS, "", KEPT.replace("default", "another"), "s config add --access default"),
        (KEYS, "", "default: {}\n", "has no keys"),
        (KEYS[2:], "AccessKeySecret=a-secret\n", "", ""),
        (KEYS, "", KEPT, ""),
        (KEYS, 'default=\'{"AccountID": "1208863178610000"}\'\n', "", ""),
    ],
)
def test_a_deploy_without_keys_of_the_client_s_own_is_refused(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    without: tuple[str, ...],
    file: str,
    kept: str,
    says: str,
) -> None:
    """All three in the shell or .env, or what it keeps under the alias of s.yaml: else it stops."""
    (tmp_path / ".env").write_text(file)
    (tmp_path / ".s").mkdir()
    (tmp_path / ".s/access.yaml").write_text(kept.replace("{account}", OURS))
    given = {name: value for name, value in HTTPS.items() if name not in without}
    environ = {**given, "PREPARE_RULE_ID": "cr-1", "HOME": str(tmp_path)}

    code = cli.run("check-deploy", "--env", str(tmp_path / ".env"), environ=environ)

    said = capsys.readouterr().err
    assert (code, said.count("\n")) == ((2, 1) if says else (0, 0))
    assert says in said
    assert "a-secret" not in said


@pytest.mark.parametrize(
    ("account", "kept", "endpoint", "says"),
    [
        (OURS, "", "1000000000000001.cn-shanghai", "the deploy is for account 1208863178610000"),
        (OURS, "", f"{OURS}.cn-beijing", "region cn-beijing, and the deploy is for"),
        ("", KEPT, "1000000000000001.cn-shanghai", "leads to account 1000000000000001"),
        ("", KEPT, f"{OURS}.cn-shanghai", ""),
    ],
)
def test_an_endpoint_of_another_account_or_region_is_refused(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    account: str,
    kept: str,
    endpoint: str,
    says: str,
) -> None:
    """Of the keys' account, in the region of s.yaml: elsewhere nothing is deployed by mistake."""
    (tmp_path / ".s").mkdir()
    (tmp_path / ".s/access.yaml").write_text(kept.replace("{account}", OURS))
    host = f"https://{endpoint}.fc.aliyuncs.com"
    environ = {**HTTPS, "AccountID": account, "s_default_fc_endpoint": host}
    environ |= {"PREPARE_RULE_ID": "cr-1", "HOME": str(tmp_path)}

    code = cli.run("check-deploy", "--env", str(tmp_path / ".env"), environ=environ)

    said = capsys.readouterr().err
    assert (code, said.count("\n")) == ((2, 1) if says else (0, 0))
    assert says in said
