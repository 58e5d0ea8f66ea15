"""The verb that sends the failure queue's messages again."""

import base64
import io
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from scripts import ROOT
from scripts.localcloud import Fail, Hold
from scripts.localcloud.journal import Entry
from scripts.verbs.redrive import VERB
from tests.account import FUNCTION, QUEUE, RULE_ID, SERVICE, Account
from tests.parts import EITHER, Terminal, count

DENIED = Fail(403, "AccessDenied")


def drop_messages(product: Account) -> None:
    """Empty the queue, what is held too."""
    queue, _ = product.cloud.mns.queue(QUEUE)
    queue._messages.clear()


def poison(product: Account, *buckets: str) -> None:
    """Open buckets while OSS lets the function change nothing: their findings end in the queue."""
    product.cloud.faults.add("oss:PutBucketAcl", DENIED, times=1000)
    for bucket in buckets:
        product.cloud.oss.create(bucket, acl="public-read")
        product.rest()
    assert len(waiting(product)) == len(buckets)


def waiting(product: Account) -> list[dict[str, Any]]:
    """The envelopes in the queue, those that are held too."""
    return [json.loads(body) for body in product.cloud.mns.messages(QUEUE)]


def told(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """The messages of the answered document."""
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["messages"]
    return found


@EITHER
def test_once_mended_everything_is_settled_and_removed(
    product: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Shown with bucket, runs and reason; then repaired, and gone from the queue."""
    poison(product, "first", "second")
    product.cloud.faults.clear()

    assert product.run("redrive", "--yes", "--json") == 0

    said = capsys.readouterr()
    messages = json.loads(said.out)["messages"]
    assert [(each["buckets"], each["attempts"], each["removed"]) for each in messages] == [
        (["first"], 4, True),
        (["second"], 4, True),
    ]
    assert "UnsettledFindingsError: 1 not settled; first: denied" in messages[0]["reason"]
    assert "2 settled, and removed from the queue" in said.err
    assert product.acls() == {"first": "private", "second": "private"}
    assert waiting(product) == []
    assert product.run("redrive") == 0
    assert "nothing to do" in capsys.readouterr().out


def test_what_fails_again_stays(product: Account, capsys: pytest.CaptureFixture[str]) -> None:
    """Not mended for one of two: that one stays, can be seen, and makes the exit code 1."""
    poison(product, "first", "second")
    product.cloud.faults.clear()
    product.cloud.faults.add("oss:PutBucketAcl", DENIED, subject="first", times=100)
    before = len(product.cloud.journal.entries("fc", "gave_up"))

    assert product.run("redrive", "--yes", "--json") == 1

    messages = told(capsys)
    assert [(each["buckets"], each["removed"]) for each in messages] == [
        (["first"], False),
        (["second"], True),
    ]
    assert "first: denied" in messages[0]["problem"]
    (left,) = waiting(product)
    assert "first" in left["requestPayload"]
    assert product.acls() == {"first": "public-read", "second": "private"}
    # A synchronous invocation that fails is nobody's but the caller's.
    assert len(product.cloud.journal.entries("fc", "gave_up")) == before
    product.cloud.faults.clear()
    assert product.run("redrive", "--yes") == 0
    assert waiting(product) == []


def test_what_the_limit_leaves_is_told_last(
    product: Account, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Work is left: exit code 1 where nobody was asked; who is asked has chosen so."""
    poison(product, "first", "second", "third")
    product.cloud.faults.clear()
    capsys.readouterr()
    monkeypatch.setattr(sys, "stdin", Terminal("y\n"))
    assert product.run("redrive", "--limit", "1") == 0
    assert capsys.readouterr().out.endswith("--limit left 2 messages for the next run\n")
    product.cloud.clock.advance(2)  # what was shown can be seen again
    assert product.run("redrive", "--yes", "--limit", "1") == 1
    assert capsys.readouterr().out.endswith("--limit left 1 message for the next run\n")
    product.cloud.clock.advance(2)
    assert product.run("redrive", "--yes", "--limit", "1") == 0
    assert "--limit" not in capsys.readouterr().out


def test_some_may_be_chosen(product: Account, capsys: pytest.CaptureFixture[str]) -> None:
    """By bucket, by the beginning of an id, or the oldest few; the others are left alone."""
    poison(product, "first", "second", "third", "fourth")
    product.cloud.faults.clear()

    assert product.run("redrive", "--yes", "--json", "--bucket", "third") == 0
    assert [each["buckets"] for each in told(capsys)] == [["third"]]
    assert product.run("redrive", "--yes", "--json", "--limit", "1") == 1  # others are left
    (oldest,) = told(capsys)
    assert product.run("redrive", "--dry-run", "--json") == 0
    short = told(capsys)[-1]["id"][:10]
    assert product.run("redrive", "--yes", "--json", "--id", short) == 0
    (chosen,) = told(capsys)
    assert chosen["id"].startswith(short)

    gone = {"third", *oldest["buckets"], *chosen["buckets"]}
    assert {name for name, acl in product.acls().items() if acl == "private"} == gone
    assert len(gone) == 3
    assert len(waiting(product)) == 1


@pytest.mark.parametrize(
    ("options", "ends", "says"),
    [
        (["--limit", "0"], 2, "--limit 0: say a whole number from 1"),
        (["--id", "A"], 2, "is too short"),
        (["--timeout", "inf"], 2, "--timeout inf"),
        (["--id", "ABCDEF"], 1, "no message ABCDEF can be seen"),
        (["--bucket", "nobody"], 0, "nothing to do"),
        ([], 2, "nobody is here to be asked"),
    ],
)
def test_nothing_is_sent_by_a_slip(
    product: Account,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    ends: int,
    says: str,
) -> None:
    """Options that name nothing, and a pipeline without --yes, send nothing and say why."""
    poison(product, "first")
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    before = len(product.cloud.journal.entries("fc", "InvokeFunction"))
    assert product.run("redrive", *options) == ends
    said = capsys.readouterr()
    assert says in said.out + said.err
    assert len(product.cloud.journal.entries("fc", "InvokeFunction")) == before


def test_a_no_sends_nothing(product: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the terminal it is asked for, and a no leaves everything as it was, free to be seen."""
    poison(product, "first")
    monkeypatch.setattr(sys, "stdin", Terminal("n\n"))
    assert product.run("redrive") == 1
    assert product.acls() == {"first": "public-read"}
    product.cloud.clock.advance(2)
    assert len(product.cloud.mns.peek(QUEUE, count=16)) == 1


def test_a_dry_run_lets_go_of_all(product: Account, capsys: pytest.CaptureFixture[str]) -> None:
    """More than the sixteen that peeking shows are told, and can be seen again in a second."""
    for number in range(40):
        product.cloud.mns.send(QUEUE, json.dumps({"requestPayload": f"cut {number}"}))
    assert product.run("redrive", "--dry-run", "--json") == 0
    assert len(told(capsys)) == 40
    product.cloud.clock.advance(2)
    _, counts = product.cloud.mns.queue(QUEUE)
    assert counts.active == 40


FINDING = json.loads((ROOT / "events" / "repaired_nested.json").read_text("utf-8"))
OF_ANOTHER_RULE = json.dumps(FINDING).replace(RULE_ID, "cr-another")


def envelope(payload: object, **parts: object) -> str:
    """A message of the failure queue with this event."""
    return json.dumps({"requestPayload": payload, "requestContext": {}, **parts})


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("no envelope", "it is not an envelope"),
        ("{}", "it came without its event"),
        (envelope(None), "it came without its event"),
        (envelope(json.dumps(FINDING)[:300]), "its event cannot be read"),
        (envelope(OF_ANOTHER_RULE), "is not deployed for rule cr-another"),
        (
            envelope(
                "[]",
                requestContext={"functionArn": "acs:fc:::services/other.LATEST/functions/else"},
            ),
            "event cannot be read|function other/else",
        ),
    ],
)
def test_what_cannot_be_sent_is_told_and_kept(
    product: Account, capsys: pytest.CaptureFixture[str], body: str, says: str
) -> None:
    """Cut, foreign or senseless messages are shown, never sent, and stay: exit code 1."""
    product.cloud.mns.send(QUEUE, body)
    before = len(product.cloud.journal.entries("fc", "InvokeFunction"))
    assert product.run("redrive", "--yes", "--json") == 1
    (message,) = told(capsys)
    assert any(each in message["kept"] for each in says.split("|"))
    assert message["removed"] is False
    assert product.cloud.mns.messages(QUEUE) == [body]
    assert len(product.cloud.journal.entries("fc", "InvokeFunction")) == before


@pytest.mark.parametrize("form", ["text", "object", "base64"])
def test_the_event_may_come_in_any_form(product: Account, form: str) -> None:
    """As text, as an object, or with the whole message in base64: it is sent as it was."""
    poison(product, "first")
    product.cloud.faults.clear()
    (body,) = product.cloud.mns.messages(QUEUE)
    drop_messages(product)
    if form == "object":
        told = json.loads(body)
        body = json.dumps({**told, "requestPayload": json.loads(told["requestPayload"])})
    elif form == "base64":
        body = base64.b64encode(body.encode()).decode()
    product.cloud.mns.send(QUEUE, body)

    assert product.run("redrive", "--yes") == 0

    assert product.acls() == {"first": "private"}
    assert product.cloud.mns.messages(QUEUE) == []


def test_a_bare_finding_is_sent_and_removed(product: Account) -> None:
    """Without Function Compute's envelope around it."""
    poison(product, "first")
    product.cloud.faults.clear()
    (kept,) = waiting(product)
    drop_messages(product)
    product.cloud.mns.send(QUEUE, kept["requestPayload"])
    assert product.run("redrive", "--yes") == 0
    assert product.acls() == {"first": "private"}
    assert product.cloud.mns.messages(QUEUE) == []


def test_by_the_topic_it_is_followed_in_the_log(
    product: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Published again, found settled in the log store, and only then removed."""
    poison(product, "first")
    product.cloud.faults.clear()
    assert product.run("redrive", "--yes", "--to", "topic", may=VERB.permissions) == 0
    assert "1 of 1 settled, by the log store" in capsys.readouterr().out
    assert product.acls() == {"first": "private"}
    assert waiting(product) == []


def test_by_the_topic_what_fails_is_there_twice(
    product: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Function Compute keeps the second failure too; neither is lost, and one run settles both."""
    poison(product, "first")
    assert product.run("redrive", "--yes", "--to", "topic", "--timeout", "2", "--json") == 1
    (message,) = told(capsys)
    assert "denied" in message["problem"]
    product.rest()
    assert len(waiting(product)) == 2
    product.cloud.faults.clear()
    product.cloud.clock.advance(2)
    assert product.run("redrive", "--yes") == 0
    assert waiting(product) == []


def test_by_the_topic_another_finding_about_the_bucket_settles_nothing(
    product: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """That it is ignored, as one that says compliant is, is no proof: the message stays."""
    poison(product, "first")
    (failed,) = waiting(product)
    compliant = {**json.loads(failed["requestPayload"]), "complianceType": "COMPLIANT"}
    compliant["notificationCreationTime"] += 1
    names = (SERVICE, FUNCTION)
    cloud, published = product.cloud, product.cloud.journal.entries("mns", "PublishMessage")

    def sent_again(entries: list[Entry]) -> bool:
        return count(entries, "PublishMessage") > len(published)

    with ThreadPoolExecutor(1) as other:
        options = ("--yes", "--to", "topic", "--timeout", "5", "--json")
        redriven = other.submit(product.run, "redrive", *options)
        assert cloud.journal.wait_for(sent_again, 30)
        cloud.fc.invoke_async(*names, json.dumps(compliant).encode())
        assert redriven.result() == 1
    assert told(capsys)[0]["removed"] is False
    assert product.acls() == {"first": "public-read"}
    product.rest()
    assert len(waiting(product)) == 2


def test_a_list_with_findings_of_other_rules_is_sent_and_removed(product: Account) -> None:
    """What is not the function's it ignores; the list would be there for ever otherwise."""
    poison(product, "first")
    (failed,) = waiting(product)
    finding = json.loads(failed["requestPayload"])
    drop_messages(product)
    product.cloud.mns.send(
        QUEUE, json.dumps({**failed, "requestPayload": [FINDING, finding, finding]})
    )
    product.cloud.faults.clear()
    assert product.run("redrive", "--yes") == 0
    assert product.acls() == {"first": "private"}
    assert waiting(product) == []


def test_a_rule_that_is_taken_away_meanwhile_loses_nothing(
    product: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """The function ignores the finding then, which is no reason to remove the message."""
    poison(product, "first")
    product.cloud.faults.clear()
    held = Hold()
    product.cloud.faults.add("fc:InvokeFunction", held)
    read = count(product.cloud.journal.entries(), "GetFunction")

    def read_again(entries: list[Entry]) -> bool:
        """Once with the plan, and once before it is sent."""
        return count(entries, "GetFunction") >= read + 2

    with ThreadPoolExecutor(1) as other:
        redriven = other.submit(product.run, "redrive", "--yes", "--json")
        assert product.cloud.journal.wait_for(read_again, 30)
        with product.deployed_with(prepareRuleId="cr-another"):
            held.released.set()
            assert redriven.result() == 1
    (message,) = told(capsys)
    assert message["removed"] is False
    assert "other_rule" in message["problem"]
    assert len(waiting(product)) == 1
