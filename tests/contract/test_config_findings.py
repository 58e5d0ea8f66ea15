"""What Cloud Config notices, and what it then publishes."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scripts.localcloud.clock import Clock
from scripts.localcloud.config.channels import Channel
from scripts.localcloud.config.rules import RuleTests
from tests.contract.config_rig import (
    ACCOUNT,
    PUBLIC_READ,
    PUBLIC_WRITE,
    TOPIC,
    TOPIC_ARN,
    ConfigRig,
    HeldClock,
    config_rig,
    rig,
)

__all__ = ["rig"]

# The documented message, with what differs from one to the next replaced by its type.
DOCUMENTED = {
    "annotation": '{"configuration":"public-read","desiredValue":"read",'
    '"operator":"NotContains","property":"$.AccessControlList.Grant"}',
    "riskLevel": "Warning",
    "dataType": "NonCompliantNotification",
    "evaluationResultIdentifier": {
        "orderingTimestamp": int,
        "evaluationResultQualifier": {
            "resourceId": "config-snapshot",
            "configRuleName": "test-oss-bucket-public-read-prohibited",
            "configRuleId": "<rule>",
            "captureTime": int,
            "resourceName": "config-snapshot",
            "configRuleArn": f"acs:config::{ACCOUNT}:rule/<rule>",
            "regionId": "cn-hangzhou",
            "resourceOwnerId": int(ACCOUNT),
            "resourceType": "ACS::OSS::Bucket",
        },
    },
    "eventType": "ResourceCompliance",
    "invokingEventMessageType": "ConfigurationItemChangeNotification",
    "complianceType": "NON_COMPLIANT",
    "accountId": int(ACCOUNT),
    "requestId": str,
    "eventName": "NonCompliant",
    "notificationCreationTime": int,
}

ANYBODY_READS = json.dumps(
    {
        "Version": "1",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": ["*"],
                "Action": ["oss:GetObject"],
                "Resource": [f"acs:oss:*:{ACCOUNT}:config-snapshot/*"],
            }
        ],
    }
)


ANONYMOUS = "oss-bucket-policy-no-any-anonymous"
NARROWED = ANYBODY_READS.replace(
    '"Effect"', '"Condition": {"IpAddress": {"acs:SourceIp": ["192.0.2.7"]}}, "Effect"'
)
HTTPS = "oss-bucket-only-https-enabled"
BUCKET = f"acs:oss:*:{ACCOUNT}:config-snapshot"


def denies_http(**otherwise: object) -> str:
    """A policy that denies what comes by http, or what is said otherwise."""
    statement = {
        "Effect": "Deny",
        "Principal": ["*"],
        "Action": ["oss:*"],
        "Resource": [BUCKET, f"{BUCKET}/*"],
        "Condition": {"Bool": {"acs:SecureTransport": ["false"]}},
    }
    return json.dumps({"Version": "1", "Statement": [{**statement, **otherwise}]})


@pytest.fixture
def held() -> Iterator[ConfigRig]:
    """Cloud Config that evaluates only when told to."""
    with config_rig(HeldClock()) as rig:
        yield rig


def shaped(value: Any, like: Any, rule_id: str) -> Any:
    """`value` with what may differ replaced as in `like`."""
    if isinstance(like, dict) and isinstance(value, dict):
        return {name: shaped(part, like.get(name), rule_id) for name, part in value.items()}
    if isinstance(like, type):
        return like if isinstance(value, like) else value
    return value.replace(rule_id, "<rule>") if isinstance(value, str) else value


def test_a_bucket_opened_to_the_public_is_published_as_documented(rig: ConfigRig) -> None:
    """The message for a public bucket has each field of the documented one, of its type."""
    rule = rig.with_rule()
    rig.oss.create("config-snapshot", region="cn-hangzhou", acl="public-read")
    (finding,) = rig.received()
    assert shaped(finding, DOCUMENTED, rule.id) == DOCUMENTED
    body = rig.config.message(rule.id, "config-snapshot", region="cn-hangzhou")
    assert shaped(json.loads(body), DOCUMENTED, rule.id) == DOCUMENTED


@pytest.mark.parametrize(
    ("source", "tests", "acl", "policy", "reported"),
    [
        (PUBLIC_READ, "acl", "private", None, False),
        (PUBLIC_READ, "acl", "public-read", None, True),
        (PUBLIC_READ, "acl", "public-read-write", None, True),
        (PUBLIC_READ, "acl", "private", ANYBODY_READS, False),
        (PUBLIC_READ, "acl_and_policy", "private", ANYBODY_READS, True),
        (PUBLIC_READ, "acl_and_policy", "private", None, False),
        (PUBLIC_WRITE, "acl", "public-read", None, False),
        (PUBLIC_WRITE, "acl", "public-read-write", None, True),
        (PUBLIC_WRITE, "acl_and_policy", "private", ANYBODY_READS, False),
        (ANONYMOUS, "acl", "private", ANYBODY_READS, True),
        (ANONYMOUS, "acl", "public-read-write", None, False),
        (ANONYMOUS, "acl", "private", ANYBODY_READS.replace("*", "20", 1), False),
        (ANONYMOUS, "acl", "private", ANYBODY_READS.replace("Allow", "Deny"), False),
        (ANONYMOUS, "acl", "private", NARROWED, False),
        (HTTPS, "acl", "private", None, True),
        (HTTPS, "acl", "private", ANYBODY_READS, True),
        (HTTPS, "acl", "private", denies_http(), False),
        (HTTPS, "acl", "private", denies_http(Resource="*", Action="OSS:*", Principal="*"), False),
        (HTTPS, "acl", "private", denies_http(Effect="Allow"), True),
        (HTTPS, "acl", "private", denies_http(Principal=["20"]), True),
        (HTTPS, "acl", "private", denies_http(Action=["oss:Get*", "oss:Put*"]), True),
        (HTTPS, "acl", "private", denies_http(Resource=[f"{BUCKET}/*"]), True),
        (HTTPS, "acl", "private", denies_http(Condition={}), True),
        *(
            (HTTPS, "acl", "private", denies_http(Condition=condition), True)
            for condition in (
                {"Bool": {"acs:SecureTransport": ["true"]}},
                {
                    "Bool": {"acs:SecureTransport": ["false"]},
                    "IpAddress": {"acs:SourceIp": ["192.0.2.7"]},
                },
            )
        ),
    ],
)
def test_each_rule_tests_what_its_name_says(
    rig: ConfigRig, source: str, tests: RuleTests, acl: str, policy: str | None, reported: bool
) -> None:
    """A bucket is non-compliant by what the rule forbids, and by nothing else."""
    rig.config.rule_tests = tests
    rule = rig.with_rule(source)
    rig.oss.create("config-snapshot", acl=acl)
    rig.oss.set_policy("config-snapshot", policy)
    assert rig.compliance(rule) == {"config-snapshot": "NON_COMPLIANT" if reported else "COMPLIANT"}
    assert bool(rig.received()) is reported


def test_a_bucket_is_reported_after_each_change_while_it_is_public(rig: ConfigRig) -> None:
    """Opening, any other change and opening again report; closing, and what changes not, do not."""
    rule = rig.with_rule()
    rig.oss.create("config-snapshot")
    assert rig.reported() == []
    rig.oss.set_acl("config-snapshot", "public-read")
    assert rig.reported() == ["config-snapshot"]
    rig.oss.set_tags("config-snapshot", {"owner": "web"})
    assert rig.reported() == ["config-snapshot"]
    rig.oss.set_acl("config-snapshot", "public-read")
    assert rig.reported() == []
    rig.oss.set_acl("config-snapshot", "private")
    assert rig.reported() == []
    assert rig.compliance(rule) == {"config-snapshot": "COMPLIANT"}
    rig.oss.set_acl("config-snapshot", "public-read-write")
    assert rig.reported() == ["config-snapshot"]


def test_changes_in_one_moment_are_one_evaluation(held: ConfigRig) -> None:
    """However often a bucket changed before it is evaluated, its last state is reported once."""
    held.config.create_channel(Channel(TOPIC_ARN))
    rule = held.config.create_rule("test", PUBLIC_READ)
    held.oss.create("config-snapshot")
    for acl in ("public-read", "private", "public-read-write"):
        held.oss.set_acl("config-snapshot", acl)
    held.oss.create("closed-again", acl="public-read")
    held.oss.set_acl("closed-again", "private")
    held.oss.create("deleted-again", acl="public-read")
    held.oss.delete("deleted-again")
    assert held.config.wait_idle(0) is False

    held.core.clock.gate.set()
    held.settle()
    evaluated = held.core.journal.entries("config", "evaluated", "config-snapshot")
    assert [e.details["compliance"] for e in evaluated] == ["NON_COMPLIANT"]
    assert held.reported() == ["config-snapshot"]
    assert held.compliance(rule) == {
        "config-snapshot": "NON_COMPLIANT",
        "closed-again": "COMPLIANT",
    }


def test_a_new_rule_reports_what_is_public_already(rig: ConfigRig) -> None:
    """A rule is applied to the buckets that are there when it is made, or switched on again."""
    rig.oss.create("config-snapshot", acl="public-read")
    rule = rig.with_rule()
    assert rig.reported() == ["config-snapshot"]
    rig.config.switch_rule(rule.id, active=False)
    rig.oss.create("opened-meanwhile", acl="public-read")
    assert rig.reported() == []
    rig.config.switch_rule(rule.id, active=True)
    assert rig.reported() == ["opened-meanwhile"]


def test_an_evaluation_on_demand_reports_every_public_bucket_again(rig: ConfigRig) -> None:
    """On demand, all non-compliant buckets of the account are reported, unchanged as they are."""
    rule = rig.with_rule()
    for name, acl in (("one", "public-read"), ("two", "public-read-write"), ("shut", "private")):
        rig.oss.create(name, acl=acl)
    rig.oss.create("not-ours", acl="public-read", owner="1111111111111111")
    assert rig.reported() == ["one", "two"]
    rig.config.start_evaluation(rule.id)
    findings = rig.received()
    assert {f["invokingEventMessageType"] for f in findings} == {"Manual"}
    rig.config.start_evaluation(rule.id)
    assert rig.reported() == ["one", "two"]
    assert rig.compliance(rule) == {
        "one": "NON_COMPLIANT",
        "shut": "COMPLIANT",
        "two": "NON_COMPLIANT",
    }


def test_a_demand_is_not_lost_among_changes(held: ConfigRig) -> None:
    """What was asked for on demand is reported so, whatever else is to be evaluated with it."""
    held.core.clock.gate.set()
    rule = held.with_rule()
    held.oss.create("config-snapshot", acl="public-read")
    assert held.reported() == ["config-snapshot"]
    held.core.clock.gate.clear()
    held.config.start_evaluation(rule.id)
    held.oss.set_tags("config-snapshot", {"owner": "web"})
    held.config.switch_rule(rule.id, active=False)
    held.config.switch_rule(rule.id, active=True)
    held.core.clock.gate.set()
    (finding,) = held.received()
    assert finding["invokingEventMessageType"] == "Manual"


def test_a_deleted_bucket_is_forgotten(rig: ConfigRig) -> None:
    """Nothing is known of a bucket that is gone, and nothing more is said of it."""
    rule = rig.with_rule()
    rig.oss.create("config-snapshot", acl="public-read")
    assert rig.reported() == ["config-snapshot"]
    rig.oss.delete("config-snapshot")
    assert rig.compliance(rule) == {}
    rig.config.start_evaluation(rule.id)
    assert rig.reported() == []


def test_a_deleted_rule_reports_nothing(rig: ConfigRig) -> None:
    """A rule that is gone knows of no bucket and reports none, though an evaluation was due."""
    rule = rig.with_rule()
    rig.oss.create("config-snapshot", acl="public-read")
    assert rig.reported() == ["config-snapshot"]
    rig.config.delete_rule(rule.id)
    rig.oss.set_acl("config-snapshot", "public-read-write")
    assert rig.reported() == []
    assert rig.compliance(rule) == {}


def resource_types(*types: str) -> str:
    """A condition on the resource's type."""
    return json.dumps([{"filterType": "ResourceType", "values": types, "multiple": True}])


def lowest_risk(level: str) -> str:
    """A condition on the rule's risk level."""
    return json.dumps([{"filterType": "RuleRiskLevel", "value": level, "multiple": False}])


@pytest.mark.parametrize(
    ("channels", "messages"),
    [
        ([], 0),
        ([Channel(TOPIC_ARN)], 1),
        ([Channel(TOPIC_ARN), Channel(TOPIC_ARN)], 2),
        ([Channel(TOPIC_ARN, active=False)], 0),
        ([Channel(TOPIC_ARN, non_compliant_notification=False)], 0),
        ([Channel(TOPIC_ARN, condition=resource_types("ACS::OSS::Bucket"))], 1),
        ([Channel(TOPIC_ARN, condition=resource_types("ACS::ECS::Instance"))], 0),
        ([Channel(TOPIC_ARN, condition=lowest_risk("1"))], 0),
        ([Channel(TOPIC_ARN, condition=lowest_risk("2"))], 1),
        ([Channel(TOPIC_ARN, condition=lowest_risk("3"))], 1),
    ],
)
def test_a_channel_takes_what_it_is_set_to_take(
    rig: ConfigRig, channels: list[Channel], messages: int
) -> None:
    """Each channel that is on, and whose filters pass, delivers a finding of medium risk once."""
    for channel in channels:
        rig.config.create_channel(channel)
    rig.oss.create("config-snapshot", acl="public-read")
    rig.config.create_rule("test", PUBLIC_READ, risk_level=2)
    assert len(rig.received()) == messages


def test_a_lost_topic_is_told_and_harms_nothing(rig: ConfigRig) -> None:
    """A finding that cannot be delivered is journalled, and evaluation goes on."""
    rule = rig.with_rule()
    rig.mns.delete_topic(TOPIC)
    rig.oss.create("config-snapshot", acl="public-read")
    rig.settle()
    (failed,) = rig.core.journal.entries("config", "delivery_failed", TOPIC)
    assert failed.details["bucket"] == "config-snapshot"
    rig.oss.set_acl("config-snapshot", "private")
    assert rig.compliance(rule) == {"config-snapshot": "COMPLIANT"}


def test_the_journal_tells_the_way_of_a_finding(rig: ConfigRig) -> None:
    """A reader of the journal sees a bucket evaluated, then published, then found compliant."""
    rule = rig.with_rule()
    rig.oss.create("config-snapshot", acl="public-read")
    rig.settle()
    rig.oss.set_acl("config-snapshot", "private")
    rig.settle()
    told = [
        (e.action, e.subject, e.details.get("compliance"), e.details["rule_id"])
        for e in rig.core.journal.entries("config")
    ]
    assert told == [
        ("evaluated", "config-snapshot", "NON_COMPLIANT", rule.id),
        ("published", TOPIC, None, rule.id),
        ("evaluated", "config-snapshot", "COMPLIANT", rule.id),
    ]


@pytest.mark.parametrize("busy", [False, True])
def test_a_stopped_cloud_evaluates_no_more(busy: bool) -> None:
    """Stopping ends the worker at once, also in the middle of an hour's delay."""
    with config_rig(Clock(scale=3600)) as rig:
        rig.config.create_channel(Channel(TOPIC_ARN))
        if busy:
            rig.oss.create("config-snapshot", acl="public-read")
            rig.config.create_rule("test", PUBLIC_READ)
    assert rig.core.journal.entries("config") == []
    assert rig.config.wait_idle(0) is not busy


NAMES = st.sampled_from(["alpha", "beta", "gamma"])
ACLS = st.sampled_from(["private", "public-read", "public-read-write"])
CHANGES: st.SearchStrategy[Callable[[ConfigRig], object]] = st.one_of(
    st.builds(lambda name, acl: lambda rig: make(rig, name, acl), NAMES, ACLS),
    st.builds(lambda name: lambda rig: drop(rig, name), NAMES),
    st.just(lambda rig: rig.settle()),
)


def make(rig: ConfigRig, name: str, acl: str) -> None:
    """Have a bucket with that ACL."""
    if name in rig.oss.names():
        rig.oss.set_acl(name, acl)
    else:
        rig.oss.create(name, acl=acl)


def drop(rig: ConfigRig, name: str) -> None:
    """Have no such bucket."""
    if name in rig.oss.names():
        rig.oss.delete(name)


@given(st.lists(CHANGES, max_size=12))
@settings(max_examples=40, deadline=None)
def test_after_any_history_what_is_known_is_what_is(
    history: list[Callable[[ConfigRig], object]],
) -> None:
    """Whatever happened, results agree with the buckets, and each public one was reported."""
    with config_rig(Clock(scale=0)) as rig:
        rule = rig.with_rule()
        for change in history:
            change(rig)
        acls = {name: rig.oss.bucket(name).acl for name in rig.oss.names()}
        public = {name for name, acl in acls.items() if acl != "private"}
        assert rig.compliance(rule) == {
            name: "NON_COMPLIANT" if name in public else "COMPLIANT" for name in acls
        }
        assert public <= set(rig.reported())
        rig.config.start_evaluation(rule.id)
        assert set(rig.reported()) == public
