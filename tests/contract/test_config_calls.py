"""Cloud Config over HTTP, as its SDK calls it."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from alibabacloud_config20200907 import models
from alibabacloud_config20200907.client import Client
from darabonba.exceptions import DaraException

from scripts.localcloud.ram import policies
from tests.contract.config_rig import (
    ACCOUNT,
    PUBLIC_READ,
    TOPIC_ARN,
    ConfigRig,
    HeldClock,
    config,
    config_rig,
    rig,
)

__all__ = ["config", "rig"]


def rule_request(**more: Any) -> models.CreateConfigRuleRequest:
    """The tutorial's rule."""
    fields = {
        "config_rule_name": "test-oss-bucket-public-read-prohibited",
        "config_rule_trigger_types": "ConfigurationItemChangeNotification",
        "resource_types_scope": ["ACS::OSS::Bucket"],
        "risk_level": 1,
        "source_identifier": PUBLIC_READ,
        "source_owner": "ALIYUN",
        **more,
    }
    return models.CreateConfigRuleRequest(**fields)


def channel_request(**more: Any) -> models.CreateConfigDeliveryChannelRequest:
    """A channel of findings to the tutorial's topic."""
    fields = {
        "delivery_channel_type": "MNS",
        "delivery_channel_target_arn": TOPIC_ARN,
        "non_compliant_notification": True,
        **more,
    }
    return models.CreateConfigDeliveryChannelRequest(**fields)


def get_rule(config: Client, rule_id: str) -> models.GetConfigRuleResponseBodyConfigRule:
    """The rule as GetConfigRule tells it."""
    request = models.GetConfigRuleRequest(config_rule_id=rule_id)
    return config.get_config_rule(request).body.config_rule


def test_a_rule_lives_as_it_was_written(rig: ConfigRig, config: Client) -> None:
    """A rule is created, read, changed, listed, switched off and on, and deleted."""
    rule_id = config.create_config_rule(rule_request(description="no public buckets")).body
    rule_id = rule_id.config_rule_id
    assert rule_id.startswith("cr-")
    assert len(rule_id) == len("cr-") + 20
    rig.read_often()
    config.update_config_rule(
        models.UpdateConfigRuleRequest(config_rule_id=rule_id, risk_level=3, config_rule_name="new")
    )
    rig.settle()
    rule = get_rule(config, rule_id)
    assert (rule.config_rule_name, rule.risk_level, rule.description, rule.config_rule_state) == (
        "new",
        3,
        "no public buckets",
        "ACTIVE",
    )
    assert (rule.source.identifier, rule.source.owner) == (PUBLIC_READ, "ALIYUN")
    assert rule.config_rule_arn == f"acs:config::{ACCOUNT}:rule/{rule_id}"

    config.deactive_config_rules(models.DeactiveConfigRulesRequest(config_rule_ids=rule_id))
    assert get_rule(config, rule_id).config_rule_state == "INACTIVE"
    config.active_config_rules(models.ActiveConfigRulesRequest(config_rule_ids=rule_id))
    rig.settle()
    listed = config.list_config_rules(models.ListConfigRulesRequest(config_rule_state="ACTIVE"))
    assert [r.config_rule_id for r in listed.body.config_rules.config_rule_list] == [rule_id]
    with pytest.raises(DaraException, match="ConfigRuleState is invalid: must be one of"):
        config.list_config_rules(models.ListConfigRulesRequest(config_rule_state="RESTING"))

    deleted = config.delete_config_rules(
        models.DeleteConfigRulesRequest(config_rule_ids=f"{rule_id},cr-missing")
    ).body.operate_rule_result.operate_rule_item_list
    assert [(item.success, item.error_code) for item in deleted] == [
        (True, None),
        (False, "ConfigRuleNotExists"),
    ]
    rig.read_often()
    left = config.list_config_rules(models.ListConfigRulesRequest()).body.config_rules
    assert (left.total_count, left.config_rule_list) == (0, [])


def test_a_rule_is_evaluating_until_it_has_evaluated() -> None:
    """A client that started an evaluation can wait for the rule's state and then read results."""
    with config_rig(HeldClock()) as rig:
        config = rig.client()
        rig.oss.create("config-snapshot", acl="public-read")
        rule_id = config.create_config_rule(rule_request()).body.config_rule_id
        rig.read_often()
        rule = get_rule(config, rule_id)
        assert (rule.config_rule_state, rule.compliance.compliance_type) == (
            "EVALUATING",
            "INSUFFICIENT_DATA",
        )
        rig.core.clock.gate.set()
        rig.settle()
        started = config.start_config_rule_evaluation(
            models.StartConfigRuleEvaluationRequest(config_rule_id=rule_id)
        )
        assert started.body.result is True
        rig.settle()
        rule = get_rule(config, rule_id)
        assert (rule.config_rule_state, rule.compliance.compliance_type) == (
            "ACTIVE",
            "NON_COMPLIANT",
        )


def test_results_are_read_page_by_page(rig: ConfigRig, config: Client) -> None:
    """Following NextToken gives each result once, also of buckets deleted between two pages."""
    names = [f"bucket-{n}" for n in range(5)]
    for name in names:
        rig.oss.create(name, acl="public-read", region="cn-beijing")
    rig.oss.create("a-private-one", region="cn-beijing")
    rule = rig.with_rule()
    seen, token = [], None
    while True:
        page = config.list_config_rule_evaluation_results(
            models.ListConfigRuleEvaluationResultsRequest(
                config_rule_id=rule.id,
                compliance_type="NON_COMPLIANT",
                regions="cn-beijing,cn-hangzhou",
                max_results=2,
                next_token=token,
            )
        ).body.evaluation_results
        seen += page.evaluation_result_list
        token = page.next_token
        if "bucket-1" in rig.oss.names():
            rig.oss.delete("bucket-1")
            rig.settle()
        if not token:
            break
    found = [r.evaluation_result_identifier.evaluation_result_qualifier for r in seen]
    assert [q.resource_id for q in found] == names
    assert {(q.region_id, q.resource_owner_id, q.config_rule_id) for q in found} == {
        ("cn-beijing", int(ACCOUNT), rule.id)
    }
    assert json.loads(seen[0].annotation)["configuration"] == "public-read"


def test_a_delivery_channel_lives_as_it_was_written(rig: ConfigRig, config: Client) -> None:
    """A channel is created, read, changed, switched off, listed and deleted."""
    condition = '[{"filterType":"RuleRiskLevel","value":"2","multiple":false}]'
    rig.mns.create_topic("other")
    channel_id = config.create_config_delivery_channel(
        channel_request(
            delivery_channel_condition=condition,
            oversized_data_osstarget_arn=f"acs:oss:cn-shanghai:{ACCOUNT}:big-ones",
        )
    ).body.delivery_channel_id
    config.update_config_delivery_channel(
        models.UpdateConfigDeliveryChannelRequest(
            delivery_channel_id=channel_id,
            delivery_channel_name="findings",
            delivery_channel_target_arn=TOPIC_ARN.replace("MNSTestConfig", "other"),
            status=0,
        )
    )
    got = config.get_config_delivery_channel(
        models.GetConfigDeliveryChannelRequest(delivery_channel_id=channel_id)
    ).body.delivery_channel
    assert (got.delivery_channel_name, got.status, got.non_compliant_notification) == (
        "findings",
        0,
        True,
    )
    assert got.delivery_channel_target_arn.endswith("/topics/other")
    assert got.delivery_channel_condition == condition
    assert got.oversized_data_osstarget_arn.endswith(":big-ones")

    second = config.create_config_delivery_channel(channel_request()).body.delivery_channel_id

    def listed(ids: str | None = None) -> list[str]:
        request = models.ListConfigDeliveryChannelsRequest(delivery_channel_ids=ids)
        channels = config.list_config_delivery_channels(request).body.delivery_channels
        return [channel.delivery_channel_id for channel in channels]

    assert (listed(), listed(second)) == ([channel_id, second], [second])
    config.delete_config_delivery_channel(
        models.DeleteConfigDeliveryChannelRequest(delivery_channel_id=channel_id)
    )
    assert listed() == [second]


def test_a_channel_whose_topic_is_gone_can_still_be_switched_off(
    rig: ConfigRig, config: Client
) -> None:
    """Only a new target must be reachable, so an operator can silence a broken channel."""
    channel_id = config.create_config_delivery_channel(channel_request()).body.delivery_channel_id
    rig.mns.delete_topic("MNSTestConfig")
    config.update_config_delivery_channel(
        models.UpdateConfigDeliveryChannelRequest(delivery_channel_id=channel_id, status=0)
    )
    assert rig.config.channel(channel_id).active is False


def test_an_account_has_at_most_five_channels(rig: ConfigRig, config: Client) -> None:
    """The sixth delivery channel is refused."""
    for _ in range(5):
        config.create_config_delivery_channel(channel_request())
    with pytest.raises(DaraException) as refused:
        config.create_config_delivery_channel(channel_request())
    assert (refused.value.status_code, refused.value.code) == (400, "ExceedMaxDeliveryChannelCount")
    assert len(rig.config.channels()) == 5


REFUSED: dict[str, tuple[Callable[[Client], object], str]] = {
    "no name": (
        lambda c: c.create_config_rule(rule_request(config_rule_name=None)),
        "Invalid.ConfigRuleName.Empty",
    ),
    "a name twice": (lambda c: c.create_config_rule(rule_request()), "ConfigRuleExists"),
    "risk level 4": (
        lambda c: c.create_config_rule(rule_request(config_rule_name="x", risk_level=4)),
        "Invalid.RiskLevel.Value",
    ),
    "a rule of another kind": (
        lambda c: c.create_config_rule(
            rule_request(config_rule_name="x", source_identifier="ecs-in-vpc")
        ),
        "Invalid.SourceIdentifier.Value",
    ),
    "another resource": (
        lambda c: c.create_config_rule(
            rule_request(config_rule_name="x", resource_types_scope=["ACS::ECS::Instance"])
        ),
        "Invalid.ResourceTypesScope.Value",
    ),
    "a missing rule": (
        lambda c: c.get_config_rule(models.GetConfigRuleRequest(config_rule_id="cr-0")),
        "ConfigRuleNotExists",
    ),
    "evaluate a missing rule": (
        lambda c: c.start_config_rule_evaluation(
            models.StartConfigRuleEvaluationRequest(config_rule_id="cr-0")
        ),
        "ConfigRuleNotExists",
    ),
    "a missing channel": (
        lambda c: c.get_config_delivery_channel(
            models.GetConfigDeliveryChannelRequest(delivery_channel_id="cdc-0")
        ),
        "DeliveryChannelNotExists",
    ),
    "a missing topic": (
        lambda c: c.create_config_delivery_channel(
            channel_request(delivery_channel_target_arn=TOPIC_ARN + "2")
        ),
        "DeliveryChannelMnsUnreachable",
    ),
    "a topic elsewhere": (
        lambda c: c.create_config_delivery_channel(
            channel_request(delivery_channel_target_arn=TOPIC_ARN.replace("shanghai", "beijing"))
        ),
        "DeliveryChannelMnsUnreachable",
    ),
    "no topic's ARN": (
        lambda c: c.create_config_delivery_channel(
            channel_request(delivery_channel_target_arn="MNSTestConfig")
        ),
        "Invalid.DeliveryChannelTargetArn.Format",
    ),
    "no condition": (
        lambda c: c.create_config_delivery_channel(
            channel_request(delivery_channel_condition='[{"filterType":"RuleName"}]')
        ),
        "Invalid.DeliveryChannelCondition.Format",
    ),
    "another type": (
        lambda c: c.create_config_delivery_channel(channel_request(delivery_channel_type="OSS")),
        "Invalid.DeliveryChannelType.Value",
    ),
    "another delivery": (
        lambda c: c.create_config_delivery_channel(channel_request(configuration_snapshot=True)),
        "Invalid.ConfigurationSnapshot.Value",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_is_refused_and_changes_nothing(
    rig: ConfigRig, config: Client, what: str
) -> None:
    """Each refusal is a 400 with its documented code, and neither rule nor channel comes of it."""
    config.create_config_rule(rule_request())
    call, code = REFUSED[what]
    with pytest.raises(DaraException) as refused:
        call(config)
    assert (refused.value.status_code, refused.value.code) == (400, code)
    assert (len(rig.config.rules()), rig.config.channels()) == (1, [])


def test_a_scope_that_would_be_ignored_is_refused_by_name(rig: ConfigRig, config: Client) -> None:
    """A rule is not made wider than it was asked for."""
    scoped = rule_request(exclude_resource_ids_scope="config-snapshot")
    with pytest.raises(DaraException, match="ExcludeResourceIdsScope") as refused:
        config.create_config_rule(scoped)
    assert (refused.value.status_code, refused.value.code) == (501, "NotImplemented")
    assert rig.config.rules() == []


def test_a_rule_that_is_off_is_not_evaluated(rig: ConfigRig, config: Client) -> None:
    """Asking a switched-off rule to evaluate is refused: it would report nothing."""
    rule = rig.with_rule()
    rig.config.switch_rule(rule.id, active=False)
    with pytest.raises(DaraException) as refused:
        config.start_config_rule_evaluation(
            models.StartConfigRuleEvaluationRequest(config_rule_id=rule.id)
        )
    assert refused.value.status_code == 400


def test_cloud_config_is_guarded_by_ram(rig: ConfigRig) -> None:
    """A role may evaluate rules as its policy says, and may not delete one."""
    rule = rig.with_rule()
    operator = operator_who(rig, policies.allow("config:Start*"))
    operator.start_config_rule_evaluation(
        models.StartConfigRuleEvaluationRequest(config_rule_id=rule.id)
    )
    with pytest.raises(DaraException, match="config:DeleteConfigRules") as refused:
        operator.delete_config_rules(models.DeleteConfigRulesRequest(config_rule_ids=rule.id))
    assert (refused.value.status_code, refused.value.code) == (400, "NoPermission")


@pytest.mark.fidelity(17)
@pytest.mark.parametrize(
    ("action", "call"),
    [
        (
            "config:StartConfigRuleEvaluation",
            lambda client, rule: client.start_config_rule_evaluation(
                models.StartConfigRuleEvaluationRequest(config_rule_id=rule)
            ),
        ),
        (
            "config:ListConfigRuleEvaluationResults",
            lambda client, rule: client.list_config_rule_evaluation_results(
                models.ListConfigRuleEvaluationResultsRequest(config_rule_id=rule)
            ),
        ),
    ],
)
def test_no_single_rule_can_be_allowed_where_the_page_knows_none(
    rig: ConfigRig, action: str, call: Callable[[Any, str], Any]
) -> None:
    """Their pages have "All Resource": a grant on rules is none."""
    rule = rig.with_rule()
    on_rules = policies.allow(action, f"acs:config:*:{ACCOUNT}:rule/*")
    with pytest.raises(DaraException, match=action) as refused:
        call(operator_who(rig, on_rules), rule.id)
    assert (refused.value.status_code, refused.value.code) == (400, "NoPermission")
    assert call(operator_who(rig, policies.allow(action)), rule.id).status_code == 200


def operator_who(rig: ConfigRig, *may: policies.Document) -> Any:
    """A client of somebody whom these statements allow what they may."""
    name = f"operator-{len(rig.ram.roles)}"
    rig.ram.create_role(name, policies.trust("ecs.aliyuncs.com"))
    rig.ram.create_policy(name, policies.document(*may))
    rig.ram.attach(name, "Custom", name)
    return rig.client(rig.ram.assume(name, "now"))
