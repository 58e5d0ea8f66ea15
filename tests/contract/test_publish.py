import json
import re
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

import pytest

from scripts import ROOT
from scripts.account.audit_trail import AuditLine
from scripts.flows.event_file import finding_keys
from scripts.localcloud import Fail, Hold
from scripts.localcloud.journal import Entry
from scripts.verbs.publish import of_message
from tests.account import RULE_ID, Account
from tests.e2e import scene
from tests.parts import EITHER

EVENTS = ROOT / "events"
NOW = datetime.now(timezone.utc)

Publish = Callable[..., int]


@pytest.fixture
def publish(product: Account) -> Publish:
    """Run the verb with an event, every bucket being as the events expect; gives the exit code."""
    scene.lay(product)
    return lambda event, *arguments: product.run("publish", str(event), *arguments, "--yes")


@EITHER
def test_it_goes_by_the_topic_and_comes_back_by_the_log(
    product: Account, publish: Publish, capsys: pytest.CaptureFixture[str]
) -> None:
    """The event is delivered by the trigger, and its audit line shown: exit code 0."""
    assert publish(EVENTS / "repaired_nested.json") == 0

    said = capsys.readouterr().out
    assert "repaired  config-snapshot  public-read -> private" in said
    assert "all of it is settled" in said
    message_id = re.findall(r"as message (\w+)", said)[0]
    delivered = product.cloud.journal.entries("mns", "delivered", product.spec.topic)
    assert message_id in {entry.details["message_id"] for entry in delivered}


def test_an_earlier_line_about_the_same_bucket_is_not_taken_for_its_own(
    publish: Publish, capsys: pytest.CaptureFixture[str]
) -> None:
    """Published again, it shows the new line, though the old one has the same rule and bucket."""
    assert publish(EVENTS / "repaired_nested.json") == 0
    capsys.readouterr()
    assert publish(EVENTS / "repaired_nested.json", "--json") == 0

    document = json.loads(capsys.readouterr().out)
    assert [line["outcome"] for line in document["audit"]] == ["already_private"]
    assert document["audit"][0]["at"].endswith("Z")  # as in the answers of all other verbs


def test_several_findings_have_a_line_each(
    publish: Publish, capsys: pytest.CaptureFixture[str]
) -> None:
    """A message of several findings is waited for until all of them have their line."""
    assert publish(EVENTS / "failed_one_of_many.json", "--json") == 1

    document = json.loads(capsys.readouterr().out)
    assert document["awaited"] == 3
    outcomes = sorted(line["outcome"] for line in document["audit"])
    assert outcomes == ["failed", "repaired", "repaired"]


@pytest.mark.parametrize(
    ("event", "says"),
    [
        ("failed_invalid_region.json", "1 not settled: Function Compute tries again"),
        ("exposed_by_policy.json", "a person must see to config-policy: exposed"),
        ("fail_unreadable.txt", "unreadable"),
    ],
)
def test_what_is_not_settled_is_a_problem(
    publish: Publish, capsys: pytest.CaptureFixture[str], event: str, says: str
) -> None:
    """An outcome with which the matter does not end is exit code 1."""
    assert publish(EVENTS / event) == 1
    assert says in capsys.readouterr().out


def test_no_line_is_a_problem(
    product: Account, publish: Publish, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where no audit line comes in time it says so, and which verb finds the break in the chain."""
    never, journal = Hold(), product.cloud.journal
    invoked = len(journal.entries("fc", "invoked"))
    product.cloud.faults.add("oss:GetBucketInfo", never, subject="config-snapshot")
    try:
        assert publish(EVENTS / "repaired_nested.json", "--timeout", "0.5") == 1
    finally:
        never.released.set()

    def ended(entries: list[Entry]) -> bool:
        return sum(each.action == "invoked" for each in entries) > invoked

    assert journal.wait_for(ended, 30)  # or it would meet the next test's bucket
    said = capsys.readouterr().out
    assert "1 of 1 audit line did not come within 0.5 s: `resource-repair doctor`" in said


Sent = tuple[Callable[..., int], Callable[[], int]]


@pytest.fixture(params=[("publish", "mns", "PublishMessage"), ("invoke", "fc", "InvokeFunction")])
def sent(request: pytest.FixtureRequest, product: Account) -> Sent:
    """A verb that sends an event, without a yes, and how often that was sent by now."""
    verb, service, action = request.param
    scene.lay(product)
    before = len(product.cloud.journal.entries(service, action))
    return (
        lambda event, *words: product.run(verb, str(EVENTS / event), *words),
        lambda: len(product.cloud.journal.entries(service, action)) - before,
    )


def test_it_asks_where_a_bucket_may_be_closed(
    product: Account, sent: Sent, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a yes nothing is sent that a function in mode enforce would act on."""
    send, times = sent
    assert (send("repaired_nested.json"), times()) == (2, 0)
    said = capsys.readouterr()
    assert "deployed in mode enforce" in said.out
    assert f"names bucket config-snapshot, of rule {RULE_ID}" in said.out
    assert "say --yes" in said.err

    with product.deployed_with(repairMode="report"):
        assert send("repaired_nested.json") == 0
    assert send("ignored_other_rule.json") == 0


def test_a_dry_run_sends_nothing(sent: Sent, capsys: pytest.CaptureFixture[str]) -> None:
    """With --dry-run it says what it would send, and about which buckets."""
    send, times = sent
    assert (send("repaired_nested.json", "--dry-run"), times()) == (0, 0)
    assert re.search(
        "would (invoke resource_repair/|publish .* findings about config-snapshot, to topic)",
        " ".join(capsys.readouterr().out.split()),
    )
    assert (send("repaired_nested.json", "--dry-run", "--json"), times()) == (0, 0)
    document = json.loads(capsys.readouterr().out)
    assert document["findings"] == [{"bucket": "config-snapshot", "rule_id": RULE_ID}]


@pytest.mark.parametrize(
    ("event", "says"),
    [
        (b"\xff\xfe\x00", "is not UTF-8"),
        (b"a\x00b", "a character that MNS cannot carry: '\\x00'"),
        (b"x" * 65537, "has 65537 bytes"),
    ],
)
def test_what_no_message_can_carry_is_used_wrongly(
    publish: Publish, tmp_path: Path, capsys: pytest.CaptureFixture[str], event: bytes, says: str
) -> None:
    """An event that the topic would refuse or change is exit code 2, and is not sent."""
    (tmp_path / "event").write_bytes(event)
    assert publish(tmp_path / "event") == 2
    assert says in capsys.readouterr().err


@pytest.mark.parametrize(
    ("refusal", "says"),
    [
        ("TopicNotExist", "the service says: "),
        ("AccessDenied", "allow mns:PublishMessage"),
        ("SecurityTokenExpired", "renew them"),
        ("AccessIDAuthError", "renew them"),
    ],
)
def test_a_refusal_by_mns_is_one_line(
    product: Account, publish: Publish, capsys: pytest.CaptureFixture[str], refusal: str, says: str
) -> None:
    """What MNS refuses is told like every refusal, with what to do."""
    product.cloud.faults.add("mns:PublishMessage", Fail(403, refusal))
    assert publish(EVENTS / "gone.json") == 1
    line = capsys.readouterr().err
    assert line.startswith(f"mns:PublishMessage on {product.spec.topic} failed: {refusal}; ")
    assert says in line
    assert line.count("\n") == 1


def line(request_id: str, bucket: str, rule_id: str = "cr-1") -> AuditLine:
    """An audit line of an invocation."""
    return AuditLine(NOW, "repaired", bucket, rule_id=rule_id, request_id=request_id)


def test_a_message_s_lines_are_those_of_one_invocation() -> None:
    """Of several invocations about its buckets the one that is about all of them is the message's.

    One that is also about others is not, whatever it has in common with it.
    """
    awaited = Counter({("cr-1", "a"): 1, ("cr-1", "b"): 1})
    lines = [
        line("about-one", "a"),
        line("about-more", "a"),
        line("ours", "b"),
        line("about-more", "b"),
        line("ours", "a"),
        line("ours", "b"),  # tried again
        line("about-more", "c"),
        line("other-rule", "a", "cr-2"),
    ]
    found = of_message(awaited, lines)
    assert [(each.request_id, each.bucket) for each in found] == [("ours", "b"), ("ours", "a")]
    assert of_message(awaited, lines[-1:]) == []


def test_keys_are_read_as_the_function_reads() -> None:
    """Every envelope gives its findings; a message that is none gives a line without names."""
    finding = ("cr-a6129bc09da7009675a0", "config-snapshot")
    assert finding_keys((EVENTS / "repaired_json_envelope_base64.json").read_bytes()) == [finding]
    assert finding_keys((EVENTS / "ignored_snapshot_delivery.json").read_bytes()) == [("", "")]
