"""The verb audit, run as from its command line, on a local cloud."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts import cli
from scripts.account.clients import fixed_credentials
from scripts.localcloud import LocalCloud
from scripts.localcloud.log.index import Index
from scripts.localcloud.ram import policies
from tests.contract import apply_helpers
from tests.contract.log_helpers import DELIMITERS, TEXT, WHOLE


class Account:
    """A cloud with the spec's log store, and the project from whose folder it is operated."""

    def __init__(self, cloud: LocalCloud, path: Path) -> None:
        self.cloud, self.path = cloud, path
        logs = apply_helpers.read(path, cloud).service.logs
        assert logs
        self.place = (logs.project, logs.logstore)
        cloud.log.create_project(logs.project)
        cloud.log.create_store(*self.place, {"ttl": 1, "shardCount": 1})
        cloud.log.create_index(*self.place, Index.parse(WHOLE))
        self.key = cloud.credentials

    def log(self, bucket: str, outcome: str, **fields: str) -> None:
        """An audit line."""
        line = {"event": "resource_repair", "outcome": outcome, "bucket": bucket, **fields}
        self.cloud.log.write(*self.place, [{"message": json.dumps(line)}])

    def audit(self, *arguments: str) -> int:
        """The verb's exit code."""
        return self._run("audit", *arguments)

    def provision(self) -> None:
        """Everything around the function, as it should be."""
        assert self._run("provision", "--yes") == 0

    def _run(self, verb: str, *arguments: str) -> int:
        environ = {
            f"RESOURCE_REPAIR_{service.upper()}_ENDPOINT": url
            for service, url in self.cloud.endpoints._asdict().items()
        }
        key = fixed_credentials(*self.key[:3])
        return cli.run(verb, "--spec", str(self.path), *arguments, environ=environ, credentials=key)


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    """An account where logs are found at once; nothing is logged yet."""
    with LocalCloud(time_scale=0) as cloud:
        yield Account(cloud, apply_helpers.project(tmp_path))


@pytest.fixture
def busy(account: Account) -> Account:
    """One where somebody keeps opening a bucket, and more went on before and after."""
    account.log("quiet", "ignored", reason="another rule")
    for _ in range(2):
        account.log("reopened", "repaired", acl_before="public-read", acl_after="private")
    account.log("quiet", "repaired", acl_before="public-read", acl_after="private")
    return account


def test_what_is_repaired_again_and_again_comes_first(
    busy: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """First the account, then buckets that are reopened, then each line, and the totals."""
    assert busy.audit() == 0
    first, *lines = capsys.readouterr().out.splitlines()
    assert first == f"account {busy.cloud.account_id}, region cn-shanghai"
    words = [line.split() for line in lines]
    assert words[0] == ["repaired", "again", "and", "again", "times", "last"]
    assert words[1][:2] == ["reopened", "2"]
    assert words[3] == ["time", "outcome", "bucket", "ACL", "reason"]
    assert words[4][1:] == ["ignored", "quiet", "another", "rule"]
    assert words[5][1:] == ["repaired", "reopened", "public-read", "->", "private"]
    assert len(words) == 10
    assert lines[-1].startswith("4 lines since ")
    assert lines[-1].endswith(": 3 repaired, 1 ignored")


def test_json_is_one_document(busy: Account, capsys: pytest.CaptureFixture[str]) -> None:
    """With --json stdout is one document, of one bucket if that is asked for."""
    assert busy.audit("--json") == 0
    document = read(capsys)
    assert document["account_id"] == busy.cloud.account_id
    assert document["outcomes"] == {"repaired": 3, "ignored": 1}
    assert [(each["bucket"], each["repairs"]) for each in document["reopened"]] == [("reopened", 2)]
    assert document["since"] < document["lines"][0]["at"] < document["until"]
    assert document["lines"][0]["reason"] == "another rule"

    assert busy.audit("--json", "--bucket", "quiet") == 0
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
    assert busy.audit(*span) == 0
    assert "no audit line since" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments", [("--since", "soon"), ("--until", "soon"), ("--since", "1h", "--until", "2h")]
)
def test_a_time_span_that_is_none_is_misuse(
    account: Account, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    """It ends with exit code 2 and one line."""
    assert account.audit(*arguments) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_store_without_index_is_a_problem(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """It ends with exit code 1 and the remedy, and not with an empty list."""
    account.cloud.log.delete_index(*account.place)
    assert account.audit() == 1
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
    busy.cloud.log.update_index(*busy.place, Index.parse(index))

    assert busy.audit("--json") == 1

    said = capsys.readouterr()
    assert "cannot be searched" in said.err
    assert "`resource-repair provision` mends it" in said.err
    assert "cannot be searched" in read_error(said.out)
    busy.provision()
    capsys.readouterr()
    assert busy.audit() == 0


def read_error(text: str) -> str:
    """What a document says of what went wrong."""
    document: dict[str, str] = json.loads(text)
    return document["error"]


def test_an_index_of_just_what_functions_print_is_searched(busy: Account) -> None:
    """An index of whole logs that is limited to the field with the lines is no problem."""
    whole = {"line": {"token": DELIMITERS, "include_keys": ["message"]}}
    busy.cloud.log.update_index(*busy.place, Index.parse(whole))
    assert busy.audit() == 0


def test_missing_permissions_are_told_with_their_statements(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who may not search is told which statements to add; with those and no more it works."""
    ram, cloud = account.cloud.ram, account.cloud
    ram.create_role("auditor", policies.trust("fc.aliyuncs.com"))
    account.key = ram.assume("auditor", "test")
    for action in ("log:GetIndex", "log:GetLogStoreLogs"):
        assert account.audit() == 1
        told = capsys.readouterr()
        assert f"allow {action}" in told.err
        statement = json.loads(told.out[told.out.index('{"Effect"') :])
        assert statement["Resource"].startswith(f"acs:log:cn-shanghai:{cloud.account_id}:")
        name = action.partition(":")[2]
        ram.create_policy(name, policies.document(statement))
        ram.attach("auditor", "Custom", name)
    assert account.audit() == 0
