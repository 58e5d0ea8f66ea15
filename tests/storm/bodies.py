"""How messages look: those of Cloud Config in each form that it has, and others."""

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

OTHER_RULE, OTHER_ACCOUNT = "cr-00000000000000000000", "9999999999999999"
SHAPES = ("nested", "base64", "json", "attributes", "texts", "events")
OTHERS = {
    "words": "Not a message of Cloud Config at all.",
    "empty": "{}",
    "cut": '{"complianceType":"NON_COMPLIANT","evaluationResultIdentifier":{"eval',
    "change": json.dumps({"ResourceEventType": "MODIFY", "ResourceType": "ACS::OSS::Bucket"}),
    "snapshot": json.dumps({"eventType": "SnapshotDelivery"}),
    "number": "17",
}


class About(NamedTuple):
    """A finding as drawn; `hours` is how long ago it was made, None for no time in it."""

    bucket: str
    region: str = "cn-shanghai"
    ours: bool = True
    owner: str = ""
    compliance: str = "NON_COMPLIANT"
    hours: float | None = 0.0
    of: str = "acl"  # the remediation whose rule found it


def body(
    shape: str,
    abouts: Sequence[About],
    rules: Mapping[str, str],
    account: str,
    now: float,
    number: int,
) -> str:
    """The body, which no other number's is like: one object, or a list for several findings.

    `rules` has the rule of each remediation.
    """
    if shape in OTHERS:
        return OTHERS[shape] + " " * number
    wholes = [_whole(each, rules[each.of], account, now, number) for each in abouts]
    text = json.dumps(wholes[0])
    shapes = {
        "cut-ours": lambda: text[:-60],
        "list": lambda: json.dumps([_flat(each) for each in wholes]),
        "base64": lambda: base64.b64encode(text.encode()).decode(),
        "json": lambda: json.dumps({"TopicName": "t", "MessageId": "m", "Message": text}),
        "attributes": lambda: json.dumps({"body": text, "attrs": {"Extend": "x"}}),
        "texts": lambda: json.dumps({name: _text(wholes[0][name]) for name in wholes[0]}),
        "events": lambda: json.dumps([{"id": "e", "data": {"messageBody": text}}]),
    }
    return shapes.get(shape, lambda: text)()


def _whole(about: About, rule: str, account: str, now: float, number: int) -> dict[str, Any]:
    time = (
        {"captureTime": int((now - about.hours * 3600) * 1000)} if about.hours is not None else {}
    )
    about_it = {
        "resourceId": about.bucket,
        "configRuleId": rule if about.ours else OTHER_RULE,
        "regionId": about.region,
        "resourceOwnerId": int(about.owner or account),
        "resourceType": "ACS::OSS::Bucket",
    }
    return {
        "evaluationResultIdentifier": {"evaluationResultQualifier": {**about_it, **time}},
        "eventType": "ResourceCompliance",
        "complianceType": about.compliance,
        "accountId": int(account),
        "requestId": str(number),
    }


def _flat(whole: dict[str, Any]) -> dict[str, Any]:
    """As Cloud Config's own remediations have it."""
    flat = dict(whole["evaluationResultIdentifier"]["evaluationResultQualifier"])
    return {**flat, "accountId": flat.pop("resourceOwnerId"), "requestId": whole["requestId"]}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
