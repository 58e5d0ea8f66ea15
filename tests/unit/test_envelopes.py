"""By what an envelope is told from a body, and how many there may be."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from resource_repair.notification import DEPTH, read
from resource_repair.values import Finding, Other, Unreadable
from tests.unit.test_notification import BODY, FINDING, b64

LAYERS: dict[str, Callable[[str], str]] = {
    "a list": lambda text: f"[{text}]",
    "an envelope": lambda text: f'{{"data":{text}}}',
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
}


@pytest.mark.parametrize(("layers", "read_whole"), [(DEPTH - 2, True), (DEPTH - 1, False)])
@pytest.mark.parametrize("kind", LAYERS)
def test_ten_layers_are_unwrapped_and_no_more(kind: str, layers: int, read_whole: bool) -> None:
    """So many around an object in a text are read; one more is said to be too deep."""
    assert DEPTH == 10
    text = json.dumps(BODY)
    for _ in range(layers):
        text = LAYERS[kind](text)
    (item,) = read(text)
    if read_whole:
        assert item == FINDING
    else:
        assert isinstance(item, Unreadable)
        assert item.why == "envelopes nested too deep"
        assert any(FINDING.rule_id in each for each in item.texts)


ENCODES_NOTHING = "neither JSON nor base64"
NO_OBJECT = "neither an object nor a list of them"
NO_SHAPE = "an object of no known shape, with the keys: "


@pytest.mark.parametrize(
    ("why", "texts"),
    [
        (ENCODES_NOTHING, ["", " ", "null", '""', "="]),
        (NO_OBJECT, ["[]", "[[]]", "7", "true"]),
        (NO_SHAPE, ["{}", "e30="]),
    ],
)
def test_what_says_nothing_is_unreadable(why: str, texts: list[str]) -> None:
    """An invocation that found nothing to do at all would be a success."""
    for text in texts:
        for event in (text, text.encode()):
            (item,) = read(event)
            assert isinstance(item, Unreadable)
            assert item.why == why


@pytest.mark.parametrize("key", ["TopicName", "TopicOwner", "MessageId", "Subscriber"])
def test_each_key_of_a_topic_tells_its_envelope(key: str) -> None:
    """Whatever a message's attributes are called, which stand beside it."""
    attributes = {"configRuleId": "cr-2", "resourceId": "x", "eventType": "ApiCall", "body": "x"}
    assert read(json.dumps({**attributes, key: "1", "Message": json.dumps(BODY)})) == (FINDING,)
    assert read(json.dumps({**BODY, key: "1"})) == (FINDING,)
    assert read(json.dumps({**BODY, "Message": "x", "data": "x"})) == (FINDING,)


IDENTIFIED = {"evaluationResultIdentifier": BODY["evaluationResultIdentifier"]}


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (IDENTIFIED, FINDING._replace(compliance="", reported_at=1630907917476)),
        ({"configRuleId": "cr-1", "resourceId": "bucket-a"}, Finding("cr-1", "bucket-a")),
        ({"eventType": "ResourceChange"}, Other("ResourceChange")),
        ({"eventType": "SnapshotDelivery"}, Other("SnapshotDelivery")),
        ({"ResourceEventType": "MODIFY"}, Other("ResourceChange")),
        ({"resourceEventType": "MODIFY"}, Other("ResourceChange")),
    ],
)
@pytest.mark.parametrize("wrapper", ["Message", "messageBody", "body", "data_base64", "data"])
def test_each_key_of_a_body_tells_that_it_is_one(
    body: dict[str, Any], says: Finding | Other, wrapper: str
) -> None:
    """A body with a key like an envelope's is none; the same in an envelope is found there."""
    assert read(json.dumps({**body, wrapper: "nothing that can be read"})) == (says,)
    assert read(json.dumps({wrapper: body})) == (says,)
    assert read(json.dumps({wrapper: b64(body)})) == (says,)


@pytest.mark.parametrize("padding", range(5))
@pytest.mark.parametrize("length", range(3))
def test_base64_is_read_however_it_is_padded(padding: int, length: int) -> None:
    """As it should be, too little or too much."""
    text = b64({**BODY, "annotation": "x" * length}).rstrip("=") + "=" * padding
    assert read(text) == (FINDING,)


def test_numbers_are_ids_but_for_zero() -> None:
    """No account and no rule is number 0."""
    flat = {"configRuleId": 7, "resourceId": "bucket-a", "accountId": 0, "regionId": None}
    assert read(json.dumps([flat])) == (Finding(rule_id="7", resource_id="bucket-a"),)


def test_base64_for_urls_is_read() -> None:
    """Both of the characters that it has in the place of others."""
    body = {**BODY, "annotation": "~~~???>>>"}
    text = base64.urlsafe_b64encode(json.dumps(body).encode()).decode()
    assert {"-", "_"} <= set(text)
    assert read(text) == (FINDING,)


@pytest.mark.parametrize(
    ("message", "why"),
    [
        ({"configRuleId": "", "resourceId": "bucket-a"}, "a finding without configRuleId"),
        ({"configRuleId": 0, "resourceId": "bucket-a"}, "a finding without configRuleId"),
        ({"configRuleId": "cr-1", "resourceId": ""}, "a finding without resourceId"),
        (
            {"eventType": ["ApiCall"], "b": 1},
            NO_SHAPE + "b, eventT",
        ),
        (
            {f"key-{n}" * 99: n for n in range(99)},
            NO_SHAPE + "key-0",
        ),
        (
            {chr(97 + n): n for n in range(9)},
            NO_SHAPE + "a, b, c, d, ",
        ),
    ],
)
def test_why_a_message_cannot_be_read_is_told_briefly(message: dict[str, Any], why: str) -> None:
    """With what it is about, and however long and many its keys are."""
    (item,) = read(json.dumps(message))
    assert isinstance(item, Unreadable)
    assert item.why.startswith(why)
    assert len(item.why) <= len(NO_SHAPE) + 120
    assert ", i" not in item.why  # the ninth
