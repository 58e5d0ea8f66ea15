"""What can never be settled is taken out of the failure queue, with a reason, and audited."""

import io
import json
import sys
from typing import Any

import pytest

from scripts.localcloud import Fail
from tests.account import QUEUE, RULE_ID, Account
from tests.contract.test_redrive import FINDING, OF_ANOTHER_RULE, envelope, poison, told, waiting
from tests.parts import Terminal

OF_ANOTHER_FUNCTION = envelope(
    json.dumps(FINDING),
    requestContext={"functionArn": "acs:fc:::services/other.LATEST/functions/else"},
)
SECRET = "LTAI5tExampleExample0001"
HOPELESS = [f"no envelope {SECRET}", envelope(OF_ANOTHER_RULE), OF_ANOTHER_FUNCTION]
DISCARD = ("redrive", "--discard", "--reason", "sent by hand")


def audited(product: Account, capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """What `audit` tells of what was discarded."""
    product.cloud.clock.advance(2)  # by then the log is searched
    capsys.readouterr()
    assert product.run("audit", "--json") == 0
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["discarded"]
    return found


def test_what_can_never_be_settled_is_discarded_and_audited(
    product: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Unreadable, of another rule, another's: gone, and who, what, why stands in the log store."""
    for body in HOPELESS:
        product.cloud.mns.send(QUEUE, body)

    assert product.run(*DISCARD, "--yes", "--json") == 0

    assert product.cloud.mns.messages(QUEUE) == []
    messages = {each["id"]: each for each in told(capsys)}
    assert [each["removed"] for each in messages.values()] == [True] * 3
    noted = audited(product, capsys)
    assert {each["message_id"]: each["kept"] for each in noted} == {
        name: each["kept"] for name, each in messages.items()
    }
    assert {each["reason"] for each in noted} == {"sent by hand"}
    assert {each["by"] for each in noted} == {
        f"acs:ram::{product.cloud.account_id}:root",
    }
    assert sorted(name for each in noted for name in each["buckets"]) == ["config-snapshot"] * 2
    assert SECRET not in json.dumps(noted)
    # Nothing that reads audit lines counts it.
    assert json.loads(json.dumps([vars(each) for each in product.audit()], default=str)) == []


def test_it_is_in_the_log_store_before_it_is_removed(
    product: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where the line cannot be written, the message stays."""
    product.cloud.mns.send(QUEUE, "no envelope")
    product.cloud.faults.add("log:PostLogStoreLogs", Fail(403, "Unauthorized"), times=100)
    assert product.run(*DISCARD, "--yes") == 1
    assert "log:PostLogStoreLogs" in capsys.readouterr().err
    assert product.cloud.mns.messages(QUEUE) == ["no envelope"]


def test_it_may_be_run_again(product: Account, capsys: pytest.CaptureFixture[str]) -> None:
    """Once it is gone there is nothing to do, by its id too."""
    product.cloud.mns.send(QUEUE, "no envelope")
    assert product.run(*DISCARD, "--yes", "--json") == 0
    ((name, _),) = ((each["id"], each) for each in told(capsys))
    product.cloud.clock.advance(2)
    assert product.run(*DISCARD, "--yes") == 0
    assert "nothing to do" in capsys.readouterr().out
    assert product.run(*DISCARD, "--yes", "--id", name) == 0
    assert f"{name} was discarded at " in capsys.readouterr().out
    assert len(audited(product, capsys)) == 1


def test_what_can_be_sent_stays_unless_its_id_is_said(
    product: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not by --yes, and not by its bucket; named, its bucket is still due for a sweep."""
    poison(product, "first")
    product.cloud.faults.clear()
    assert product.run(*DISCARD, "--yes") == 1
    assert "1 message stays, with findings that can be settled" in capsys.readouterr().out
    assert product.run(*DISCARD, "--yes", "--bucket", "first") == 1
    assert len(waiting(product)) == 1
    capsys.readouterr()
    product.cloud.clock.advance(2)
    assert product.run("redrive", "--dry-run", "--json") == 0
    (message,) = told(capsys)
    product.cloud.clock.advance(2)
    assert product.run(*DISCARD, "--yes", "--id", message["id"]) == 0
    assert waiting(product) == []
    assert [each["buckets"] for each in audited(product, capsys)] == [["first"]]
    assert product.run("sweep", "--due", "--grace", "0", "--yes") == 0
    assert product.acls() == {"first": "private"}


@pytest.mark.parametrize(
    "rest",
    [[], [{"dataType": "NonCompliantNotification", "evaluationResultIdentifier": 5}]],
)
def test_what_has_a_finding_of_ours_stays(
    product: Account, capsys: pytest.CaptureFixture[str], rest: list[Any]
) -> None:
    """Beside what cannot be read, or while another rule is deployed: a sweep or deploy helps."""
    product.cloud.mns.send(QUEUE, envelope(json.dumps([FINDING, *rest])))
    with product.deployed_with(prepareRuleId="cr-0123456789abcdef0123"):
        assert product.run(*DISCARD, "--yes") == 1
    assert len(product.cloud.mns.messages(QUEUE)) == 1
    said = capsys.readouterr().out
    assert "1 message stays, with findings that can be settled" in said
    product.cloud.clock.advance(2)
    if rest:
        assert product.run(*DISCARD, "--yes") == 1
        assert len(product.cloud.mns.messages(QUEUE)) == 1


def test_a_damaged_message_with_a_finding_of_ours_tells_the_way_out(
    product: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """It can never be sent as a whole: the bucket is swept, and then it is discarded by its id."""
    product.plant(first="public-read")
    finding = json.loads(json.dumps(FINDING).replace("config-snapshot", "first"))
    damaged = {"dataType": "NonCompliantNotification", "evaluationResultIdentifier": 5}
    product.cloud.mns.send(QUEUE, envelope(json.dumps([finding, damaged])))
    assert product.run("redrive", "--yes", "--json") == 1
    said = capsys.readouterr()
    (message,) = json.loads(said.out)["messages"]
    way_out = (
        "`resource-repair sweep --bucket first`, then "
        f"`resource-repair redrive --discard --reason WHY --id {message['id']}`"
    )
    assert f"keep: {message['kept']}: {way_out}" in said.err

    sweep, discard = (each.split()[1:] for each in way_out.split("`")[1::2])
    product.cloud.clock.advance(2)
    assert product.run(*sweep, "--yes") == 0
    assert product.run(*discard, "--yes") == 0
    assert product.acls() == {"first": "private"}
    assert product.cloud.mns.messages(QUEUE) == []


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--discard", "--yes"], "add --reason WHY"),
        (["--discard", "--yes", "--reason", "  "], "add --reason WHY"),
        (["--discard", "--reason", "why", "--to", "topic"], "--to sends, and --discard does not"),
        (["--reason", "why"], "--reason is of --discard"),
        (["--discard", "--reason", "why"], "nobody is here to be asked"),
    ],
)
def test_nothing_is_discarded_by_a_slip(
    product: Account,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    says: str,
) -> None:
    """Without a reason, without a yes, or with options of another deed."""
    product.cloud.mns.send(QUEUE, "no envelope")
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    assert product.run("redrive", *words) == 2
    assert says in capsys.readouterr().err
    assert product.cloud.mns.messages(QUEUE) == ["no envelope"]


def test_it_is_shown_and_asked_for(
    product: Account, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dry run shows what would go, a no leaves it."""
    product.cloud.mns.send(QUEUE, "no envelope")
    assert product.run(*DISCARD, "--dry-run") == 0
    assert "discard: it is not an envelope of Function Compute" in capsys.readouterr().out
    product.cloud.clock.advance(2)
    monkeypatch.setattr(sys, "stdin", Terminal("n\n"))
    assert product.run(*DISCARD) == 1
    assert product.cloud.mns.messages(QUEUE) == ["no envelope"]


def test_a_rule_that_is_deployed_meanwhile_keeps_the_message(
    product: Account, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the plan said can never be settled can be by now: it is read again after the yes."""
    product.cloud.mns.send(QUEUE, envelope(OF_ANOTHER_RULE))
    monkeypatch.setattr(sys, "stdin", _Deploying(product))
    assert product.run(*DISCARD) == 1
    assert "is told another prepareRuleId by now" in capsys.readouterr().err
    assert len(waiting(product)) == 1


class _Deploying(Terminal):
    """A colleague deploys another rule while a person says yes."""

    def __init__(self, product: Account) -> None:
        super().__init__("y\n")
        self._product = product

    def readline(self, *_: Any) -> str:
        """The yes."""
        declared = dict(self._product.spec.function.environment)
        rules = f"{RULE_ID},cr-another"
        self._product.update(environment_variables={**declared, "prepareRuleId": rules})
        return super().readline()


def test_remove_names_the_way_out(product: Account, capsys: pytest.CaptureFixture[str]) -> None:
    """What can never be settled blocks it no longer."""
    product.cloud.mns.send(QUEUE, "no envelope")
    assert product.run("remove", "--yes") == 1
    assert "resource-repair redrive --discard --reason WHY" in capsys.readouterr().err
    assert product.run(*DISCARD, "--yes") == 0
    assert product.run("remove", "--yes") == 0


def test_it_goes_without_the_function(product: Account, capsys: pytest.CaptureFixture[str]) -> None:
    """After a half `remove` the function is gone, and its queue is not."""
    product.clients.fc.delete_trigger("resource_repair", "oss_repair_acl_trigger", _TRIGGER)
    product.clients.fc.delete_function("resource_repair", "oss_repair_acl_trigger")
    product.cloud.mns.send(QUEUE, "no envelope")
    assert product.run(*DISCARD, "--yes") == 0
    assert product.cloud.mns.messages(QUEUE) == []


_TRIGGER = "ConfigRuleNonComplianceMNSTrigger"
