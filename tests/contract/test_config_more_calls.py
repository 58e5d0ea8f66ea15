"""Cloud Config's remediations, its evaluation of one resource, and how long things take there."""

from typing import Any

import pytest
from alibabacloud_config20200907 import models
from alibabacloud_config20200907.client import Client
from darabonba.exceptions import DaraException

from scripts.localcloud.faults import Lag
from tests.contract.config_rig import PUBLIC_READ, ConfigRig, HeldClock, config, config_rig, rig
from tests.contract.test_config_calls import rule_request

__all__ = ["config", "rig"]


def get_rule(config: Client, rule_id: str) -> models.GetConfigRuleResponseBodyConfigRule:
    """The rule as GetConfigRule tells it."""
    request = models.GetConfigRuleRequest(config_rule_id=rule_id)
    return config.get_config_rule(request).body.config_rule


def test_rules_are_listed_by_their_tags(rig: ConfigRig, config: Client) -> None:
    """Of several tags a rule must have each, with that value."""
    ours = {"managed-by": "us", "stage": "test"}
    tags = [models.CreateConfigRuleRequestTag(key=key, value=ours[key]) for key in ours]
    config.create_config_rule(rule_request(tag=tags))
    config.create_config_rule(rule_request(config_rule_name="another"))
    rig.read_often()

    def listed(**wanted: str) -> int:
        tag = [models.ListConfigRulesRequestTag(key=key, value=wanted[key]) for key in wanted]
        request = models.ListConfigRulesRequest(tag=tag or None)
        return len(config.list_config_rules(request).body.config_rules.config_rule_list)

    by_tags = [ours, {"stage": "test"}, {"stage": "live"}, {"stage": "test", "team": "dev"}, {}]
    assert [listed(**tags) for tags in by_tags] == [1, 1, 0, 0, 2]


def remediation_request(rule_id: str, **more: Any) -> models.CreateRemediationRequest:
    """Cloud Config's own answer to a public bucket."""
    fields = {
        "config_rule_id": rule_id,
        "remediation_type": "OOS",
        "remediation_template_id": "ACS-OSS-PutBucketAcl",
        "invoke_type": "AUTO_EXECUTION",
        "source_type": "ALIYUN",
        "params": '{"bucketName":"{resourceId}","permissionName":"private"}',
        **more,
    }
    return models.CreateRemediationRequest(**fields)


@pytest.mark.fidelity(19)
def test_a_remediation_lives_as_it_was_written(rig: ConfigRig, config: Client) -> None:
    """It is created, listed by its rule, told of with results, and deleted, or with its rule."""
    rig.oss.create("config-snapshot", acl="public-read")
    rule, other = rig.with_rule(), rig.with_rule("oss-bucket-public-write-prohibited")
    made = config.create_remediation(remediation_request(rule.id)).body.remediation_id
    assert made.startswith("crr-")
    config.create_remediation(remediation_request(other.id, invoke_type="MANUAL_EXECUTION"))

    def listed(ids: str | None = None) -> list[tuple[str, str, str, str]]:
        request = models.ListRemediationsRequest(config_rule_ids=ids)
        found = config.list_remediations(request).body.remediations
        return [
            (r.config_rule_id, r.invoke_type, r.remediation_type, r.remediation_template_id)
            for r in found
        ]

    ours = (rule.id, "AUTO_EXECUTION", "OOS", "ACS-OSS-PutBucketAcl")
    assert listed(rule.id) == [ours]
    assert [each[:2] for each in listed()] == [ours[:2], (other.id, "MANUAL_EXECUTION")]
    results = config.list_config_rule_evaluation_results(
        models.ListConfigRuleEvaluationResultsRequest(config_rule_id=rule.id)
    ).body.evaluation_results.evaluation_result_list
    assert [each.remediation_enabled for each in results] == [True]
    assert rig.oss.bucket("config-snapshot").acl == "public-read"

    deleted = config.delete_remediations(
        models.DeleteRemediationsRequest(remediation_ids=f"{made},crr-0")
    ).body.remediation_delete_results
    assert [each.success for each in deleted] == [True, False]
    config.delete_config_rules(models.DeleteConfigRulesRequest(config_rule_ids=other.id))
    assert listed() == []


@pytest.mark.fidelity(19)
@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({}, "RemediationExists"),
        ({"config_rule_id": "cr-0"}, "ConfigRuleNotExists"),
        ({"invoke_type": "SOMETIMES"}, "Invalid.InvokeType.Value"),
        ({"remediation_type": "SSM"}, "Invalid.RemediationType.Value"),
        ({"remediation_template_id": None}, "Invalid.RemediationTemplateId.Empty"),
    ],
)
def test_a_rule_has_one_remediation_of_a_known_kind(
    rig: ConfigRig, config: Client, more: dict[str, Any], code: str
) -> None:
    """Page "CreateRemediation"."""
    rule = rig.with_rule()
    config.create_remediation(remediation_request(rule.id))
    with pytest.raises(DaraException) as refused:
        config.create_remediation(remediation_request(rule.id, **more))
    assert (refused.value.status_code, refused.value.code) == (400, code)


@pytest.mark.fidelity(18)
def test_one_resource_is_evaluated_against_every_rule(rig: ConfigRig, config: Client) -> None:
    """StartConfigRuleEvaluationByResource reports that bucket, for each rule, and no other."""
    for name in ("config-snapshot", "another-one"):
        rig.oss.create(name, acl="public-read-write")
    first, _ = rig.with_rule(), rig.with_rule("oss-bucket-public-write-prohibited")
    rig.received()
    request = models.StartConfigRuleEvaluationByResourceRequest(resource_id="config-snapshot")
    started = config.start_config_rule_evaluation_by_resource(request)
    assert started.body.config_rule_id == first.id
    assert rig.reported() == ["config-snapshot", "config-snapshot"]
    unknown = models.StartConfigRuleEvaluationByResourceRequest(resource_id="nobody-knows-it")
    assert config.start_config_rule_evaluation_by_resource(unknown).status_code == 200
    assert rig.received() == []


@pytest.mark.fidelity(20)
def test_an_evaluation_takes_ten_minutes() -> None:
    """So long is the window in which Cloud Config sees changes, in seconds of the cloud's time."""
    with config_rig(HeldClock()) as rig:
        waited: list[float] = []
        waits = rig.core.clock.wait
        rig.core.clock.wait = lambda seconds, _: waited.append(seconds) or waits(seconds)  # type: ignore[method-assign,func-returns-value]
        rig.oss.create("config-snapshot", acl="public-read")
        rig.core.clock.gate.set()
        rig.settle()
        assert waited[0] == 600


@pytest.mark.fidelity(20)
def test_a_rule_is_made_and_deleted_a_few_reads_later(rig: ConfigRig, config: Client) -> None:
    """A new rule is not found at first, and a deleted one is DELETING; counted in reads of it."""
    rule_id = config.create_config_rule(rule_request()).body.config_rule_id
    rig.settle()

    def listed() -> dict[str, str]:
        found = config.list_config_rules(models.ListConfigRulesRequest()).body.config_rules
        return {each.config_rule_id: each.config_rule_state for each in found.config_rule_list}

    with pytest.raises(DaraException) as refused:
        get_rule(config, rule_id)
    assert refused.value.code == "ConfigRuleNotExists"
    assert [listed(), listed()] == [{}, {rule_id: "ACTIVE"}]
    assert get_rule(config, rule_id).config_rule_state == "ACTIVE"

    config.delete_config_rules(models.DeleteConfigRulesRequest(config_rule_ids=rule_id))
    assert listed() == {rule_id: "DELETING"}
    assert get_rule(config, rule_id).config_rule_state == "DELETING"
    assert listed() == {}
    with pytest.raises(DaraException):
        get_rule(config, rule_id)


def test_a_name_is_free_when_its_deleted_rule_has_gone(rig: ConfigRig, config: Client) -> None:
    """Before, another rule of that name is refused; refusals are no reads."""
    request = models.DeleteConfigRulesRequest(config_rule_ids=rig.with_rule().id)
    again = rule_request(config_rule_name=f"test-{PUBLIC_READ}")
    config.delete_config_rules(request)
    for _ in range(3):
        with pytest.raises(DaraException) as refused:
            config.create_config_rule(again)
        assert refused.value.code == "ConfigRuleExists"
    while config.list_config_rules(models.ListConfigRulesRequest()).body.config_rules.total_count:
        pass
    assert config.create_config_rule(again).body.config_rule_id


def test_a_rule_that_was_always_there_is_shown_at_once(rig: ConfigRig, config: Client) -> None:
    """As one that a test puts straight into the state is."""
    rule = rig.with_rule()
    assert get_rule(config, rule.id).config_rule_state == "ACTIVE"


def test_one_rule_can_be_ordered_to_lag(rig: ConfigRig, config: Client) -> None:
    """As a fault of the very call that makes or deletes it, for longer than all others."""
    rig.core.faults.add("config:CreateConfigRule", Lag(reads=4))
    rule_id = config.create_config_rule(rule_request()).body.config_rule_id
    rig.settle()
    for _ in range(4):
        with pytest.raises(DaraException):
            get_rule(config, rule_id)
    assert get_rule(config, rule_id).config_rule_state == "ACTIVE"
    config.delete_config_rules(models.DeleteConfigRulesRequest(config_rule_ids=rule_id))
    rig.read_often()
    with pytest.raises(DaraException):
        get_rule(config, rule_id)
