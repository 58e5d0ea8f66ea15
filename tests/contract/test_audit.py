"""The verb audit, run as from its command line, on a local cloud."""

import json
from pathlib import Path
from typing import Any

import pytest

from scripts.localcloud.log.index import Index
from scripts.localcloud.ram import policies
from tests.account import Account, Moments
from tests.contract.log_helpers import DELIMITERS, STORE, TEXT, WHOLE


def with_a_store(account: Account) -> None:
    """The spec's log store is there."""
    log = account.cloud.log
    log.create_project(account.log_project)
    log.create_store(account.log_project, STORE, {"ttl": 1, "shardCount": 1})
    log.create_index(account.log_project, STORE, Index.parse(WHOLE))


@pytest.fixture
def account(moments: Moments, tmp_path: Path) -> Account:
    """An account where logs are found at once; nothing is logged yet."""
    account = moments.after(with_a_store, tmp_path)
    account.cloud.clock.scale = 0
    return account


def log(account: Account, bucket: str, outcome: str, **fields: str) -> None:
    """An audit line."""
    line = {"event": "resource_repair", "outcome": outcome, "bucket": bucket, **fields}
    account.cloud.log.write(account.log_project, STORE, [{"message": json.dumps(line)}])


@pytest.fixture
def busy(account: Account) -> Account:
    """One where somebody keeps opening a bucket, and more went on before and after."""
    log(account, "quiet", "ignored", reason="another rule")
    for _ in range(2):
        log(account, "reopened", "repaired", acl_before="public-read", acl_after="private")
    log(account, "quiet", "repaired", acl_before="public-read", acl_after="private")
    return account


def test_what_is_repaired_again_and_again_comes_first(
    busy: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """First the account, then buckets that are reopened, then each line, and the totals."""
    assert busy.run("audit") == 0
    first, *lines = capsys.readouterr().out.splitlines()
    assert first == f"account {busy.cloud.account_id}, region cn-shanghai"
    words = [line.split() for line in lines]
    assert words[0] == ["repaired", "again", "and", "again", "times", "last"]
    assert words[1][:2] == ["reopened", "2"]
    assert words[3] == ["time", "outcome", "bucket", "remediation", "was", "reason"]
    assert words[4][1:] == ["ignored", "quiet", "another", "rule"]
    assert words[5][1:] == ["repaired", "reopened", "public-read", "->", "private"]
    assert len(words) == 10
    assert lines[-1].startswith("4 lines since ")
    assert lines[-1].endswith(": 3 repaired, 1 ignored")


def test_json_is_one_document(busy: Account, capsys: pytest.CaptureFixture[str]) -> None:
    """With --json stdout is one document, of one bucket if that is asked for."""
    assert busy.run("audit", "--json") == 0
    document = read(capsys)
    assert document["account_id"] == busy.cloud.account_id
    assert document["outcomes"] == {"repaired": 3, "ignored": 1}
    assert [(each["bucket"], each["repairs"]) for each in document["reopened"]] == [("reopened", 2)]
    assert document["since"] < document["lines"][0]["at"] < document["until"]
    assert document["lines"][0]["reason"] == "another rule"

    assert busy.run("audit", "--json", "--bucket", "quiet") == 0
    document = read(capsys)
    assert document["outcomes"] == {"ignored": 1, "repaired": 1}
    assert document["reopened"] == []


def read(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """The document on stdout."""
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


@pytest.mark.parametrize("span", [("--until", "1h"), ("--since", "7d", "--until", "24h")])
def test_a_time_span_is_kept(
    busy: Account, capsys: pytest.CaptureFixture[str], span: tuple[str, ...]
) -> None:
    """What was logged after its end is not listed; nothing found is said, and no problem."""
    assert busy.run("audit", *span) == 0
    assert "no audit line since" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments", [("--since", "soon"), ("--until", "soon"), ("--since", "1h", "--until", "2h")]
)
def test_a_time_span_that_is_none_is_misuse(
    account: Account, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    """It ends with exit code 2 and one line."""
    assert account.run("audit", *arguments) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_store_without_index_is_a_problem(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """It ends with exit code 1 and the remedy, and not with an empty list."""
    account.cloud.log.delete_index(account.log_project, STORE)
    assert account.run("audit") == 1
    assert "`resource-repair provision` makes it" in capsys.readouterr().err


@pytest.mark.parametrize(
    "index",
    [
        {"keys": {"message": TEXT}},
        {"line": {"token": [","]}},
        {"line": {"token": DELIMITERS, "include_keys": ["functionName"]}},
        {"line": {"token": DELIMITERS, "exclude_keys": ["message"]}},
    ],
    ids=["fields alone", "no words", "other fields", "all but the line"],
)
def test_a_store_that_cannot_be_searched_is_a_problem(
    busy: Account, capsys: pytest.CaptureFixture[str], index: dict[str, Any]
) -> None:
    """An index that would find nothing is told, with exit code 1, and provision mends it."""
    busy.cloud.log.update_index(busy.log_project, STORE, Index.parse(index))

    assert busy.run("audit", "--json") == 1

    said = capsys.readouterr()
    assert "cannot be searched" in said.err
    assert "`resource-repair provision` mends it" in said.err
    assert "cannot be searched" in read_error(said.out)
    assert busy.run("provision", "--yes") == 0
    capsys.readouterr()
    assert busy.run("audit") == 0


def read_error(text: str) -> str:
    """What a document says of what went wrong."""
    document: dict[str, str] = json.loads(text)
    return document["error"]


def test_an_index_of_just_what_functions_print_is_searched(busy: Account) -> None:
    """An index of whole logs that is limited to the field with the lines is no problem."""
    whole = {"line": {"token": DELIMITERS, "include_keys": ["message"]}}
    busy.cloud.log.update_index(busy.log_project, STORE, Index.parse(whole))
    assert busy.run("audit") == 0


def test_missing_permissions_are_told_with_their_statements(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who may not search is told which statements to add; with those and no more it works."""
    ram, cloud = account.cloud.ram, account.cloud
    ram.create_role("auditor", policies.trust("fc.aliyuncs.com"))
    account.key = ram.assume("auditor", "test")
    for action in ("log:GetIndex", "log:GetLogStoreLogs"):
        assert account.run("audit") == 1
        told = capsys.readouterr()
        assert f"allow {action}" in told.err
        statement = json.loads(told.out[told.out.index('{"Effect"') :])
        assert statement["Resource"].startswith(f"acs:log:cn-shanghai:{cloud.account_id}:")
        name = action.partition(":")[2]
        ram.create_policy(name, policies.document(statement))
        ram.attach("auditor", "Custom", name)
    assert account.run("audit") == 0
