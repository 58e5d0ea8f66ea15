"""Operations on rules: what they are, and evaluating them again."""

# ruff: noqa: D102  (what each does is on its page)

from collections.abc import Callable
from typing import Any

from ...pop import Answer, Call
from ...service import Core
from ..errors import NoSuchRuleError
from ..message import rule_arn
from ..rules import (
    COMPLIANT,
    IGNORED,
    NON_COMPLIANT,
    ON_CHANGE,
    RESOURCE_TYPE,
    Rule,
)
from ..state import ConfigState
from .paging import page_of

_STATES = ("ACTIVE", "DELETING", "EVALUATING", "INACTIVE")  # page "ListConfigRules"


class RuleOperations:
    """A method for each row, over the state."""

    def __init__(self, core: Core, state: ConfigState) -> None:
        self._core = core
        self._state = state

    def create_config_rule(self, call: Call) -> Answer:
        for name, only in (
            ("SourceOwner", "ALIYUN"),
            ("ConfigRuleTriggerTypes", ON_CHANGE),
            ("ResourceTypesScope", RESOURCE_TYPE),
        ):
            if call.listed(name) != [only]:
                raise call.invalid(name, f"the local cloud knows {only} alone")
        rule = self._state.create_rule(
            call.text("ConfigRuleName"),
            call.text("SourceIdentifier"),
            risk_level=call.number("RiskLevel", low=1, high=3),
            description=call.text("Description", ""),
            tags=_tags(call),
            late=True,
        )
        return {"ConfigRuleId": rule.id}

    def update_config_rule(self, call: Call) -> Answer:
        rule = self._state.rule(call.text("ConfigRuleId"))
        self._state.update_rule(
            rule.id,
            call.text("ConfigRuleName", rule.name),
            call.number("RiskLevel", rule.risk_level, low=1, high=3),
            call.text("Description", rule.description),
        )
        return {"ConfigRuleId": rule.id}

    def get_config_rule(self, call: Call) -> Answer:
        rule = self._state.shown_rule(call.text("ConfigRuleId"))
        more = {
            "ConfigRuleTriggerTypes": ON_CHANGE,
            "CreateTimestamp": _milliseconds(rule.created_at),
            "ModifiedTimestamp": _milliseconds(rule.modified_at),
            "Source": {"Identifier": rule.source, "Owner": "ALIYUN"},
            "Scope": {"ComplianceResourceTypes": [RESOURCE_TYPE]},
            "Tags": [{"TagKey": key, "TagValue": value} for key, value in rule.tags.items()],
        }
        return {"ConfigRule": self._described(rule) | more}

    def list_config_rules(self, call: Call) -> Answer:
        name, state = call.text("ConfigRuleName", ""), call.text("ConfigRuleState", "")
        if state not in ("", *_STATES):
            raise call.invalid("ConfigRuleState", f"must be one of {', '.join(_STATES)}")
        tags = _tags(call).items()
        rules = [
            self._described(rule)
            for rule in self._state.shown_rules()
            if name in ("", rule.name)
            and state in ("", self._state_of(rule))
            and tags <= rule.tags.items()
        ]
        return {"ConfigRules": page_of(call, "ConfigRuleList", rules)}

    def delete_config_rules(self, call: Call) -> Answer:
        return _for_each(call, lambda rule_id: self._state.delete_rule(rule_id, late=True))

    def active_config_rules(self, call: Call) -> Answer:
        return _for_each(call, lambda rule_id: self._state.switch_rule(rule_id, active=True))

    def deactive_config_rules(self, call: Call) -> Answer:
        return _for_each(call, lambda rule_id: self._state.switch_rule(rule_id, active=False))

    def get_configuration_recorder(self, call: Call) -> Answer:  # noqa: ARG002  (it has no parameters)
        recorder = {
            "ConfigurationRecorderStatus": self._state.recorder,
            "ResourceTypes": list(self._state.watched),
        }
        return {"ConfigurationRecorder": recorder}

    def start_config_rule_evaluation(self, call: Call) -> Answer:
        self._state.start_evaluation(call.text("ConfigRuleId"))
        return {"Result": True}

    def start_config_rule_evaluation_by_resource(self, call: Call) -> Answer:
        self._state.evaluate_bucket(call.text("ResourceId"))
        return {"ConfigRuleId": next((rule.id for rule in self._state.rules()), "")}

    def _described(self, rule: Rule) -> dict[str, Any]:
        return {
            "AccountId": int(self._core.account_id),
            "Compliance": self._compliance(rule),
            "ConfigRuleArn": rule_arn(self._core.account_id, rule.id),
            "ConfigRuleId": rule.id,
            "ConfigRuleName": rule.name,
            "ConfigRuleState": self._state_of(rule),
            "Description": rule.description,
            "ResourceTypesScope": RESOURCE_TYPE,
            "RiskLevel": rule.risk_level,
            "SourceIdentifier": rule.source,
            "SourceOwner": "ALIYUN",
            "Tags": [{"Key": key, "Value": value} for key, value in rule.tags.items()],
        }

    def _state_of(self, rule: Rule) -> str:
        if rule.deleted:
            return "DELETING"
        if not rule.active:
            return "INACTIVE"
        return "EVALUATING" if self._state.evaluating(rule.id) else "ACTIVE"

    def _compliance(self, rule: Rule) -> dict[str, Any]:
        found = [result.compliance for result in self._state.results(rule.id)]
        for compliance in (NON_COMPLIANT, COMPLIANT, IGNORED):
            if compliance in found:
                return {"ComplianceType": compliance, "Count": found.count(compliance)}
        return {"ComplianceType": "INSUFFICIENT_DATA", "Count": 0}


def _tags(call: Call) -> dict[str, str]:
    """A list of `Key` and `Value` in JSON."""
    try:
        return {tag["Key"]: tag["Value"] for tag in call.parsed("Tag", "[]")}
    except (KeyError, TypeError):
        raise call.invalid("Tag", "must be a JSON list of objects with Key and Value") from None


def _for_each(call: Call, change: Callable[[str], None]) -> Answer:
    """Change every rule named; one that is not there is told in its place."""
    items = []
    for rule_id in call.listed("ConfigRuleIds"):
        try:
            change(rule_id)
            items.append({"ConfigRuleId": rule_id, "Success": True})
        except NoSuchRuleError:
            items.append(
                {"ConfigRuleId": rule_id, "Success": False, "ErrorCode": "ConfigRuleNotExists"}
            )
    return {"OperateRuleResult": {"OperateRuleItemList": items}}


def _milliseconds(seconds: float) -> int:
    return int(seconds * 1000)
