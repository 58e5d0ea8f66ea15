"""The envelope that Function Compute puts into the failure queue."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts import ROOT
from scripts.decide.envelope import failure_in

EVENT = (ROOT / "events" / "repaired_nested.json").read_text("utf-8")
ENVELOPE = {
    "timestamp": 1630907919929,
    "requestContext": {
        "requestId": "a13f5505-427d-41ef-ab2e-606394abb9a8",
        "functionArn": "acs:fc:::services/resource_repair.LATEST/functions/oss_repair_acl_trigger",
        "condition": "UnhandledInvocationError",
        "approximateInvokeCount": 4,
    },
    "requestPayload": EVENT,
    "responseContext": {"statusCode": 200, "functionError": "UnhandledInvocationError"},
    "responsePayload": json.dumps({"errorMessage": "1 not settled", "errorType": "Unsettled"}),
}


def test_a_whole_one_tells_everything() -> None:
    """Event, bucket, reason, runs and function."""
    failure = failure_in(json.dumps(ENVELOPE))
    assert json.loads(failure.event) == json.loads(EVENT)
    assert failure.unreadable == ""
    assert failure.buckets == ["config-snapshot"]
    assert failure.reason == "Unsettled: 1 not settled"
    assert failure.attempts == 4
    assert (failure.service, failure.function) == ("resource_repair", "oss_repair_acl_trigger")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"responsePayload": ""}, "UnhandledInvocationError"),
        ({"responsePayload": {"errorMessage": "late", "errorType": "E"}}, "E: late"),
        ({"responsePayload": None, "responseContext": None}, "UnhandledInvocationError"),
        ({"responsePayload": "cut {", "responseContext": {}, "requestContext": {}}, ""),
    ],
)
def test_the_reason_is_the_best_there_is(changes: dict[str, object], reason: str) -> None:
    """What the function raised, else what Function Compute calls it, else nothing."""
    assert failure_in(json.dumps(ENVELOPE | changes)).reason == reason


def test_a_function_of_another_edition_is_named_too() -> None:
    """Function Compute 3.0 has no services: a migrated function has its service in its name."""
    arn = "acs:fc:cn-shanghai:1208863178610000:functions/resource_repair$oss_repair_acl_trigger"
    failure = failure_in(json.dumps(ENVELOPE | {"requestContext": {"functionArn": arn}}))
    assert (failure.service, failure.function) == ("resource_repair", "oss_repair_acl_trigger")


@given(st.integers(0, len(EVENT) - 1))
def test_a_cut_event_is_never_taken_for_a_whole_one(length: int) -> None:
    """However little is missing of it, it is unreadable."""
    assert failure_in(
        json.dumps(ENVELOPE | {"requestPayload": EVENT[:length].rstrip()})
    ).unreadable or (json.loads(EVENT[:length]) == json.loads(EVENT))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
PARTS = st.fixed_dictionaries({}, optional=dict.fromkeys(ENVELOPE, JSON))


@given(st.one_of(st.text(), PARTS.map(json.dumps), JSON.map(json.dumps)), st.booleans())
def test_whatever_comes_is_told(body: str, encoded: bool) -> None:
    """It never raises, and has either an event that can be sent or the reason why not."""
    if encoded:
        body = base64.b64encode(body.encode("utf-8", "surrogatepass")).decode()
    failure = failure_in(body)
    assert failure.unreadable or failure.event


@pytest.mark.parametrize("form", ["text", "base64", "list", "wrapped"])
def test_a_bare_finding_can_be_sent(form: str) -> None:
    """Put there by hand, or moved from elsewhere: what the function reads needs no envelope."""
    body = {
        "text": EVENT,
        "list": f"[{EVENT}]",
        "base64": base64.b64encode(EVENT.encode()).decode(),
        "wrapped": json.dumps({"TopicName": "t", "Message": EVENT}),
    }[form]
    failure = failure_in(body)
    assert failure.unreadable == ""
    assert failure.event == body.encode()
    assert failure.buckets == ["config-snapshot"]


@pytest.mark.parametrize(
    "body", [EVENT[:300], f"[{EVENT}, 1]", json.dumps({"a": 1}), "[]", json.dumps([ENVELOPE])]
)
def test_what_has_more_than_findings_needs_its_envelope(body: str) -> None:
    """Else it may be anything: it is kept."""
    assert failure_in(body).unreadable
