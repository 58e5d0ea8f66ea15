"""The audit trail, read back from a log store over HTTP."""

import dataclasses
import io
import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from resource_repair import audit
from resource_repair.values import Outcome
from scripts.account.audit_trail import AuditLine, of_log, read
from scripts.account.clients import Clients
from scripts.errors import CloudError, Problem
from scripts.localcloud import Lag
from scripts.localcloud.log.index import Index
from scripts.localcloud.ram import policies
from tests.account import RULE_ID, Account
from tests.contract.log_helpers import STORE, TEXT, WHOLE
from tests.parts import clients

REPAIRED = Outcome(
    "repaired",
    "it was open",
    "config-snapshot",
    "cn-shanghai",
    "cr-1",
    "a-rule",
    "1208863178610000",
    "public-read",
    "private",
    False,
    "5F1",
    12,
)


class Store:
    """A log store, as the spec names it, and who reads it; there logs are found at once."""

    def __init__(self, account: Account) -> None:
        self.cloud, self.spec, self.clients = (
            account.cloud,
            account.declared(RULE_ID),
            account.clients,
        )
        self.project, self.name = account.log_project, STORE
        self.cloud.clock.scale = 0

    def make(self) -> None:
        """The project, the store and its index."""
        self.cloud.log.create_project(self.project)
        self.cloud.log.create_store(self.project, self.name, {"ttl": 1, "shardCount": 1})
        self.cloud.log.create_index(self.project, self.name, Index.parse(WHOLE))

    def write(self, *messages: str) -> None:
        """A log for each message."""
        logs = [{"message": message, "serviceName": "resource_repair"} for message in messages]
        self.cloud.log.write(self.project, self.name, logs)

    def read(self, clients: Clients | None = None, **narrowed: str) -> list[AuditLine]:
        """All audit lines, or those asked for."""
        now = datetime.now(timezone.utc)
        since, until = now - timedelta(hours=1), now + timedelta(hours=3)
        return list(read(clients or self.clients, self.spec, since, until, **narrowed))

    def searches(self) -> int:
        """How many searches there were."""
        return len(self.cloud.journal.entries("log", "GetLogStoreLogs"))


@pytest.fixture
def store(account: Account) -> Store:
    """The store, with nothing in it yet."""
    store = Store(account)
    store.make()
    return store


def line(bucket: str = "config-snapshot", request_id: str = "1-2-3", **fields: Any) -> str:
    """An audit line as the function prints it."""
    printed = io.StringIO()
    audit.record(REPAIRED._replace(bucket=bucket, **fields), "enforce", request_id, printed)
    return printed.getvalue().rstrip("\n")


def test_a_line_is_read_as_it_was_written(store: Store) -> None:
    """Every field that the function writes down comes back, and the time it was logged."""
    store.write(line())
    (found,) = store.read()
    assert abs(found.at - datetime.now(timezone.utc)) < timedelta(minutes=5)
    written = json.loads(line())
    assert written.pop("event") == "resource_repair"
    assert {**dataclasses.asdict(found), "at": None} == {**written, "at": None}
    assert found.acl == "public-read -> private"


def test_a_line_in_a_tail_is_told_as_it_was_written(store: Store) -> None:
    """The same line from a log's tail, cut at its start: for programs, what the function wrote."""
    tail = f"{line()[20:]}\n{line('second')}\n".encode()
    (found,) = of_log(tail)
    assert found.as_written() == json.loads(line("second"))

    store.write(line("second"))
    (logged,) = store.read()
    assert dataclasses.replace(found, at=logged.at) == logged


def test_texts_are_texts(store: Store) -> None:
    """Whoever else writes into the store, no number or list stands where people read a text."""
    store.write(json.dumps({"event": "resource_repair", "outcome": ["ignored"], "reason": 5}))
    (found,) = store.read()
    assert (found.outcome, found.reason) == ("['ignored']", "5")


def test_nothing_else_is_taken_for_an_audit_line(store: Store) -> None:
    """Other output is passed over, even with its words; a log of several lines has each of them."""
    store.write(
        "2026-01-01T00:00:00Z 1-2-3 [INFO] event resource_repair",
        '["event", "resource_repair"]',
        '{"event": "other", "of": "resource_repair"}',
        '{"event": "resource_repair", ',
        f"{line('first')}\nin between\n{line('second')}",
    )
    assert [found.bucket for found in store.read()] == ["first", "second"]


def test_it_can_be_narrowed_down(store: Store) -> None:
    """By bucket and by invocation, to just that, whatever the name looks like."""
    store.write(
        line("a-b"),
        line("a-b-c"),
        line("A-B"),
        line("a-b", "4-5-6"),
        line('not "a-b"\\'),
        line("and"),
    )
    assert len(store.read()) == 6
    assert [found.request_id for found in store.read(bucket="a-b")] == ["1-2-3", "4-5-6"]
    assert [found.bucket for found in store.read(request_id="4-5-6")] == ["a-b"]
    assert store.read(bucket="a-b-c", request_id="4-5-6") == []
    assert [found.bucket for found in store.read(bucket="and")] == ["and"]
    assert [found.bucket for found in store.read(bucket='not "a-b"\\')] == ['not "a-b"\\']


def test_many_lines_come_page_by_page(store: Store) -> None:
    """More lines than an answer holds all come, once each, oldest first."""
    store.write(*(line(f"bucket-{number}") for number in range(200)))
    store.cloud.clock.advance(3600)
    store.write(line("last"))
    found = store.read()
    assert [each.bucket for each in found] == [*(f"bucket-{n}" for n in range(200)), "last"]
    assert found[-1].at - found[0].at >= timedelta(hours=1)
    assert store.searches() == 4  # the last of which finds none: that is the end


def test_an_incomplete_answer_is_asked_for_again(store: Store) -> None:
    """What Log Service has not finished is repeated, and told as a problem if it never ends."""
    store.write(line())
    store.cloud.faults.add("log:GetLogStoreLogs", Lag(reads=3))
    assert len(store.read()) == 1
    store.cloud.faults.add("log:GetLogStoreLogs", Lag(reads=100))
    with pytest.raises(Problem, match="ask for a shorter time span"):
        store.read()


def _no_store(store: Store) -> None:
    store.cloud.log.delete_store(store.project, store.name)


def _no_project(store: Store) -> None:
    store.cloud.log.delete_project(store.project)


def _no_index(store: Store) -> None:
    store.cloud.log.delete_index(store.project, store.name)


def _not_declared(store: Store) -> None:
    service = dataclasses.replace(store.spec.service, logs=None)
    store.spec = dataclasses.replace(store.spec, service=service)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (_no_project, "there is no log store .*/audit: `resource-repair provision` makes it"),
        (_no_store, "there is no log store .*/audit: `resource-repair provision` makes it"),
        (
            _no_index,
            "has no index, so nothing in it is found: `resource-repair provision` makes it",
        ),
        (_not_declared, "keeps no logs: declare logConfig"),
    ],
)
def test_what_is_missing_is_named_with_its_remedy(
    store: Store, spoil: Callable[[Store], None], says: str
) -> None:
    """Without project, store, index or declaration, one line says so and what to do."""
    spoil(store)
    with pytest.raises(Problem, match=says) as caught:
        store.read()
    assert "\n" not in str(caught.value)


def test_a_missing_permission_is_told_as_one(store: Store) -> None:
    """A refusal keeps its operation, for the statement that is to be added."""
    store.cloud.ram.create_role("nobody", policies.trust("fc.aliyuncs.com"))
    nobody = clients(store.cloud, store.cloud.ram.assume("nobody", "test"))
    with pytest.raises(CloudError) as refused:
        store.read(nobody)
    assert (refused.value.denied, refused.value.operation) == (True, "log:GetIndex")


def test_the_index_is_looked_at_once(store: Store) -> None:
    """However often is searched, for whichever bucket, that costs one call of another kind."""
    store.write(line("first"), line("second"))
    for bucket in ("first", "second", "third"):
        store.read(bucket=bucket)
    assert len(store.cloud.journal.entries("log", "GetIndex")) == 1
    assert store.searches() == 2 + 2 + 1  # what finds a line looks whether there are more


def test_an_index_that_was_mended_is_looked_at_again(store: Store) -> None:
    """What could not be searched is not remembered as such."""
    store.cloud.log.update_index(store.project, store.name, Index.parse({"keys": {"a": TEXT}}))
    with pytest.raises(Problem, match="cannot be searched"):
        store.read()
    store.cloud.log.update_index(store.project, store.name, Index.parse(WHOLE))
    store.write(line())
    assert len(store.read()) == 1
