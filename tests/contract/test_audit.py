"""The verb audit, run as from its command line, on a local cloud."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts.audit import main
from scripts.clients import fixed_credentials
from scripts.localcloud import LocalCloud
from scripts.localcloud.log.index import Index
from scripts.localcloud.ram import policies
from tests.contract import apply_helpers
from tests.contract.log_helpers import WHOLE


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
        environ = {
            f"RESOURCE_REPAIR_{service.upper()}_ENDPOINT": url
            for service, url in self.cloud.endpoints._asdict().items()
        }
        key = fixed_credentials(*self.key[:3])
        return main(["--spec", str(self.path), *arguments], environ, key)


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
    assert "`make provision` makes it" in capsys.readouterr().err


def test_a_missing_permission_is_told_with_its_statement(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who may not search is told which statement to add; with that and no more it works."""
    ram, cloud = account.cloud.ram, account.cloud
    ram.create_role("auditor", policies.trust("fc.aliyuncs.com"))
    account.key = ram.assume("auditor", "test")
    assert account.audit() == 1
    told = capsys.readouterr()
    assert "allow log:GetLogStoreLogs" in told.err
    statement = json.loads(told.out[told.out.index('{"Effect"') :])
    assert statement["Resource"].startswith(f"acs:log:cn-shanghai:{cloud.account_id}:")

    ram.create_policy("told", policies.document(statement))
    ram.attach("auditor", "Custom", "told")
    assert account.audit() == 0
