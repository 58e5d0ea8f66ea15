"""Whatever the platform wraps around a finding, the same finding comes out."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resource_repair.notification import read
from resource_repair.values import Finding, Invocation, Other, Unreadable

EVENTS = Path(__file__).parents[2] / "events"
BODY: dict[str, Any] = json.loads((EVENTS / "repaired_nested.json").read_text())
FINDING = Finding(
    rule_id="cr-a6129bc09da7009675a0",
    resource_id="config-snapshot",
    rule_name="test-oss-bucket-public-read-prohibited",
    resource_type="ACS::OSS::Bucket",
    region="cn-shanghai",
    compliance="NON_COMPLIANT",
    owner="1208863178610000",
    reported_at=1630907919929,
)

INVOCATION = Invocation("request-1", FINDING.owner, "cn-shanghai", 60, None)


def b64(value: Any) -> str:
    """Base64 of a value's JSON."""
    return base64.b64encode(json.dumps(value).encode()).decode()


ENVELOPES: dict[str, Callable[[Any], Any]] = {
    "plain": lambda body: body,
    "text": json.dumps,
    "base64": b64,
    "unpadded URL-safe base64": lambda body: (
        base64.urlsafe_b64encode(json.dumps(body).encode()).decode().rstrip("=")
    ),
    "base64 in lines": lambda body: "\n".join(
        b64(body)[at : at + 76] for at in range(0, len(b64(body)), 76)
    ),
    "STREAM with attributes": lambda body: {"body": json.dumps(body), "attrs": {"Extend": "x"}},
    "STREAM, base64": lambda body: {"body": b64(body), "attrs": {}},
    "JSON": lambda body: {"TopicName": "t", "MessageId": "1", "Message": json.dumps(body)},
    "JSON with attributes": lambda body: {
        "TopicOwner": "1",
        "Message": json.dumps(body),
        "body": "an attribute of that name",
        "eventType": "ResourceChange",
    },
    "STREAM, with more beside it": lambda body: {"body": b64(body), "requestId": "1"},
    "an MNS message": lambda body: {"messageId": "1", "messageBody": b64(body)},
    "CloudEvents, data": lambda body: {"specversion": "1.0", "data": body},
    "CloudEvents, data as text": lambda body: {"specversion": "1.0", "data": json.dumps(body)},
    "CloudEvents, messageBody": lambda body: {"source": "mns", "data": {"messageBody": b64(body)}},
    "CloudEvents, data_base64": lambda body: {"specversion": "1.0", "data_base64": b64(body)},
    "a list": lambda body: [body],
}


@pytest.mark.parametrize("name", ENVELOPES)
@pytest.mark.parametrize("encoding", ["str", "bom", "utf-8", "utf-8-sig", "utf-16", "bytearray"])
def test_every_envelope_holds_the_same_finding(name: str, encoding: str) -> None:
    """Each way of wrapping a message, as text or as bytes, gives the finding in it."""
    wrapped = ENVELOPES[name](BODY)
    text = wrapped if isinstance(wrapped, str) else json.dumps(wrapped)
    events: dict[str, Any] = {
        "str": text,
        "bom": "\ufeff" + text,
        "bytearray": bytearray(text.encode()),
    }
    event = events[encoding] if encoding in events else text.encode(encoding)
    assert read(event) == (FINDING,)


@given(st.lists(st.sampled_from(sorted(ENVELOPES)), max_size=2))
def test_envelopes_in_envelopes(names: list[str]) -> None:
    """Envelopes within envelopes are unwrapped, in any order."""
    wrapped: Any = BODY
    for name in names:
        wrapped = ENVELOPES[name](wrapped)
    assert read(json.dumps(wrapped)) == (FINDING,)


@given(st.binary(max_size=200) | st.text(max_size=200))
def test_nothing_makes_reading_raise(event: bytes | str) -> None:
    """Any bytes and any text are read as something, and are among the texts if unreadable."""
    items = read(event)
    assert items
    for item in items:
        if isinstance(item, Unreadable):
            assert item.why


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    *BODY,
                    "evaluationResultQualifier",
                    "configRuleId",
                    "resourceId",
                    "resourceOwnerId",
                    "body",
                    "attrs",
                    "Message",
                    "TopicName",
                    "data",
                    "specversion",
                    "messageBody",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_no_json_makes_reading_raise(value: Any) -> None:
    """JSON made of the very keys that are looked for is read without an exception."""
    for item in read(json.dumps(value)):
        if isinstance(item, Finding):
            assert item.rule_id
            assert item.resource_id
            texts = item._replace(reported_at="")  # type: ignore[arg-type]
            assert all(isinstance(field, str) for field in texts)
            assert item.reported_at is None or len(str(item.reported_at)) == 13


@pytest.mark.parametrize("deep", ["[" * 100_000, '{"body":' * 100_000, "[" * 50 + "]" * 50])
def test_nesting_without_end_is_unreadable(deep: str) -> None:
    """A message nested to exhaust the interpreter is unreadable, not a crash."""
    (item,) = read(deep + "cr-x")
    assert isinstance(item, Unreadable)
    assert any("cr-x" in text for text in item.texts)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("ignored_resource_change.json", "ResourceChange"),
        ("ignored_snapshot_delivery.json", "SnapshotDelivery"),
    ],
)
def test_other_traffic_is_told_apart(name: str, kind: str) -> None:
    """What else Cloud Config publishes to a topic is recognized for what it is."""
    assert read((EVENTS / name).read_bytes()) == (Other(kind),)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"evaluationResultIdentifier": {}}, "evaluationResultQualifier"),
        ({"evaluationResultIdentifier": None}, "evaluationResultIdentifier"),
        ({"evaluationResultIdentifier": "null"}, "evaluationResultIdentifier"),
        ({"evaluationResultIdentifier": "{"}, "evaluationResultIdentifier"),
        ({"evaluationResultIdentifier": b64({})}, "evaluationResultIdentifier"),
        ({"complianceType": ["NON_COMPLIANT"]}, "complianceType"),
        ({"accountId": True}, ""),
    ],
)
def test_a_broken_finding_is_unreadable(change: dict[str, Any], why: str) -> None:
    """A finding with an impossible field is not guessed at."""
    broken = {**BODY, **change}
    if "accountId" in change:
        qualifier = dict(BODY["evaluationResultIdentifier"]["evaluationResultQualifier"])
        del qualifier["resourceOwnerId"]
        broken["evaluationResultIdentifier"] = {"evaluationResultQualifier": qualifier}
    (item,) = read(json.dumps(broken))
    assert isinstance(item, Unreadable)
    assert why in item.why


def test_one_bad_item_does_not_hide_the_good_ones() -> None:
    """In a list each item is read; what cannot be is one item, with the texts of the whole."""
    flat = {"configRuleId": "cr-1", "resourceId": "bucket-a", "accountId": 1}
    good, bad = read(json.dumps([{"configRuleId": "cr-2"}, flat, 7]))
    assert good == Finding(rule_id="cr-1", resource_id="bucket-a", owner="1")
    assert isinstance(bad, Unreadable)
    assert bad.why == "a finding without resourceId, and 1 more"
    assert {"cr-1", "cr-2"} <= set(bad.texts)


@pytest.mark.parametrize(
    "event",
    [
        json.dumps({"requestId": "1", "payload": b64(BODY)}),
        json.dumps({"deep": [{"deeper": [b64({"x": [b64(BODY)]})]}]}),
        json.dumps({"a": FINDING.rule_id}).replace("cr-", r"\u0063r-"),
        base64.b64encode(b"[" * 100_000 + FINDING.rule_id.encode()).decode(),
        "cut off: " + b64(BODY)[:-10],
        "*" + b64(BODY)[1:],
        b64(BODY)[:30] + "*" + b64(BODY)[31:],
        *(b64(BODY)[cut:] + "." for cut in (1, 2, 3)),
        json.dumps({"Message": base64.encodebytes(json.dumps(BODY).encode()).decode()})[:-40],
        "cutoff/" + b64(BODY) + ".",
        b64(json.dumps({"Message": b64(BODY), "MessageId": "1"}))[:-31] + ".",
        json.dumps([{"configRuleId": "", "resourceId": "config-snapshot"}, FINDING.rule_id]),
    ],
)
def test_what_cannot_be_read_still_shows_its_rule(event: str) -> None:
    """However our rule's id is wrapped and escaped, it is among the texts of what is unreadable."""
    unreadable = [item for item in read(event) if isinstance(item, Unreadable)]
    assert any(FINDING.rule_id in text for item in unreadable for text in item.texts)


def test_sixty_thousand_odd_items_are_one() -> None:
    """A list of nothing but nonsense is one unreadable item, not a line for each."""
    (item,) = read("[" + "0," * 60_000 + "0]")
    assert isinstance(item, Unreadable)


@given(cut=st.integers(min_value=0, max_value=300))
def test_a_cut_base64_message_still_shows_its_rule(cut: int) -> None:
    """Base64 that was cut off at its end still yields the text before the cut."""
    whole = b64(BODY)
    items = read(whole[: len(whole) - cut])
    if cut and isinstance(items[0], Unreadable):
        assert any(FINDING.rule_id in text for text in items[0].texts)


NO_TIMES: list[Any] = [
    None,
    "",
    "2021-09-06",
    "+630907919929",
    "163090791992x",
    1630907919,
    10**13,
    1e12,
    True,
    [],
    {"at": 1},
]
TOLD = (
    1630907919929,
    1630907918000,
    1630907917476,
)  # the notification's, the order's, the capture's


def timed(notified: Any, ordered: Any, captured: Any) -> dict[str, Any]:
    """A finding with these times."""
    identifier = BODY["evaluationResultIdentifier"]
    qualifier = {**identifier["evaluationResultQualifier"], "captureTime": captured}
    identifier = {"orderingTimestamp": ordered, "evaluationResultQualifier": qualifier}
    return {
        **BODY,
        "notificationCreationTime": notified,
        "evaluationResultIdentifier": identifier,
    }


@pytest.mark.parametrize("form", [int, str])
@pytest.mark.parametrize("odd", NO_TIMES, ids=str)
def test_a_finding_has_the_first_time_that_it_tells(odd: Any, form: Callable[[int], Any]) -> None:
    """When it was reported is the notification's time, or else the order's, or else the capture's;
    whatever stands in their place costs no finding.
    """
    notified, ordered, captured = map(form, TOLD)
    for message, reported_at in (
        (timed(notified, ordered, captured), TOLD[0]),
        (timed(odd, ordered, captured), TOLD[1]),
        (timed(odd, odd, captured), TOLD[2]),
        (timed(odd, odd, odd), None),
    ):
        assert read(json.dumps(message)) == (FINDING._replace(reported_at=reported_at),)


@pytest.mark.parametrize(
    "key", ["notificationCreationTime", "orderingTimestamp", "captureTime"], ids=str
)
def test_an_item_of_a_list_has_its_time_too(key: str) -> None:
    """The flat form has all of its keys in one object."""
    flat = {"configRuleId": "cr-1", "resourceId": "bucket-a", key: "1630907919929"}
    (item,) = read(json.dumps([flat]))
    assert isinstance(item, Finding)
    assert item.reported_at == TOLD[0]


def as_log(body: dict[str, Any]) -> dict[str, str]:
    """The copy of a finding in Log Service: each value a text. Page "Example of resource
    non-compliance events".
    """
    texts = {
        key: value if isinstance(value, str) else json.dumps(value) for key, value in body.items()
    }
    return {"__time__": "1630907920", "__topic__": "", **texts, "compliancePackId": "null"}


def test_log_service_s_copy_is_the_same_finding() -> None:
    """It has the parts as JSON in texts, one in the other or each in its own; null as text."""
    identifier = BODY["evaluationResultIdentifier"]
    qualifier = {key: str(value) for key, value in identifier["evaluationResultQualifier"].items()}
    texts = {"orderingTimestamp": "1", "evaluationResultQualifier": json.dumps(qualifier)}
    for copy in (as_log(BODY), as_log({**BODY, "evaluationResultIdentifier": texts})):
        assert read(json.dumps(copy)) == (FINDING,)
        assert read(json.dumps({"logs": "1", "body": json.dumps(copy)})) == (FINDING,)


CHANGE = {
    "resourceId": "config-snapshot",
    "resourceType": "ACS::OSS::Bucket",
    "resourceEventType": "MODIFY",
    "captureTime": "1637659288000",
    "accountId": "1208863178610000",
    "configurationDiff": "{}",
}


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        (CHANGE, "ResourceChange"),
        ({"specversion": "1.0", "source": "acs.config", "data": CHANGE}, "ResourceChange"),
        ({"specversion": "1.0", "data": {"eventType": "ApiCall", "eventId": "1"}}, "ActionTrail"),
        ({"data": {"eventType": "ConsoleOperation", "x": FINDING.rule_id}}, "ActionTrail"),
        ({"data": {"eventType": "AliyunServiceEvent"}}, "ActionTrail"),
    ],
)
def test_what_eventbridge_has_beside_findings_is_other_traffic(
    message: dict[str, Any], kind: str
) -> None:
    """EventBridge's change notifications and operations are no findings, and readable."""
    assert read(json.dumps(message)) == (Other(kind),)


def test_a_finding_is_one_though_a_key_of_eventbridge_s_stands_beside_it() -> None:
    """A key of its change notifications in a finding does not make it one."""
    assert read(json.dumps({**BODY, "resourceEventType": "MODIFY"})) == (FINDING,)


def test_a_text_that_says_null_is_a_text() -> None:
    """A compliance of that name is none of ours: nothing closes that did not before."""
    (found,) = read(json.dumps({**BODY, "complianceType": "null"}))
    assert isinstance(found, Finding)
    assert found.compliance == "null"
