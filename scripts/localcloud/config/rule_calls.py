"""Calls on rules: what they are, and evaluating them again."""

import json
from collections.abc import Callable
from typing import Any

from scripts.localcloud.config.errors import NoSuchRuleError
from scripts.localcloud.config.message import rule_arn
from scripts.localcloud.config.parameters import refuse_others
from scripts.localcloud.config.rules import (
    COMPLIANT,
    IGNORED,
    NON_COMPLIANT,
    ON_CHANGE,
    RESOURCE_TYPE,
    Rule,
)
from scripts.localcloud.config.state import ConfigState
from scripts.localcloud.pop import Action, Answer, Call
from scripts.localcloud.service import Core

_OTHER_SCOPES = (
    "Conditions",
    "ExcludeRegionIdsScope",
    "ExcludeResourceGroupIdsScope",
    "ExcludeResourceIdsScope",
    "ExcludeTagsScope.1.TagKey",
    "InputParameters",
    "RegionIdsScope",
    "ResourceGroupIdsScope",
    "ResourceIdsScope",
    "ResourceNameScope",
    "TagKeyScope",
    "TagsScope.1.TagKey",
)
_OTHER_RULE_FILTERS = (
    "CompliancePackId",
    "ComplianceType",
    "Keyword",
    "ResourceTypes",
    "RiskLevel",
)


class RuleCalls:
    """The calls by name, over the state."""

    def __init__(self, core: Core, state: ConfigState) -> None:
        self._core = core
        self._state = state

    def actions(self) -> dict[str, Action]:
        """Each action with what it is done to."""
        return {
            "CreateConfigRule": Action(self._create, subject="ConfigRuleName"),
            "GetConfigRule": _on_rule(self._get),
            "UpdateConfigRule": _on_rule(self._update),
            "ListConfigRules": Action(self._list),
            "DeleteConfigRules": Action(self._delete, subject="ConfigRuleIds"),
            "ActiveConfigRules": Action(self._activate, subject="ConfigRuleIds"),
            "DeactiveConfigRules": Action(self._deactivate, subject="ConfigRuleIds"),
            "GetConfigurationRecorder": Action(self._get_recorder),
            # Its page has "All Resource" alone.
            "StartConfigRuleEvaluation": Action(self._start_evaluation, "ConfigRuleId"),
        }

    def _create(self, call: Call) -> Answer:
        refuse_others(call, _OTHER_SCOPES)
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
        )
        return {"ConfigRuleId": rule.id}

    def _update(self, call: Call) -> Answer:
        refuse_others(call, (*_OTHER_SCOPES, "ConfigRuleTriggerTypes", "ResourceTypesScope"))
        rule = self._state.rule(call.text("ConfigRuleId"))
        self._state.update_rule(
            rule.id,
            call.text("ConfigRuleName", rule.name),
            call.number("RiskLevel", rule.risk_level, low=1, high=3),
            call.text("Description", rule.description),
        )
        return {"ConfigRuleId": rule.id}

    def _get(self, call: Call) -> Answer:
        rule = self._state.rule(call.text("ConfigRuleId"))
        more = {
            "ConfigRuleTriggerTypes": ON_CHANGE,
            "CreateTimestamp": _milliseconds(rule.created_at),
            "ModifiedTimestamp": _milliseconds(rule.modified_at),
            "Source": {"Identifier": rule.source, "Owner": "ALIYUN"},
            "Scope": {"ComplianceResourceTypes": [RESOURCE_TYPE]},
            "Tags": [{"TagKey": key, "TagValue": value} for key, value in rule.tags.items()],
        }
        return {"ConfigRule": self._described(rule) | more}

    def _list(self, call: Call) -> Answer:
        refuse_others(call, _OTHER_RULE_FILTERS)
        name, state = call.text("ConfigRuleName", ""), call.text("ConfigRuleState", "")
        rules = [
            self._described(rule)
            for rule in self._state.rules()
            if name in ("", rule.name) and state in ("", self._state_of(rule))
        ]
        number = call.number("PageNumber", 1, low=1, high=10**6)
        size = call.number("PageSize", 10, low=1, high=100)
        page = {
            "ConfigRuleList": rules[(number - 1) * size : number * size],
            "PageNumber": number,
            "PageSize": size,
            "TotalCount": len(rules),
        }
        return {"ConfigRules": page}

    def _delete(self, call: Call) -> Answer:
        return _for_each(call, self._state.delete_rule)

    def _activate(self, call: Call) -> Answer:
        return _for_each(call, lambda rule_id: self._state.switch_rule(rule_id, active=True))

    def _deactivate(self, call: Call) -> Answer:
        return _for_each(call, lambda rule_id: self._state.switch_rule(rule_id, active=False))

    def _get_recorder(self, call: Call) -> Answer:  # noqa: ARG002  (it has no parameters)
        recorder = {
            "ConfigurationRecorderStatus": self._state.recorder,
            "ResourceTypes": list(self._state.watched),
        }
        return {"ConfigurationRecorder": recorder}

    def _start_evaluation(self, call: Call) -> Answer:
        refuse_others(call, ("CompliancePackId", "RevertEvaluation"))
        self._state.start_evaluation(call.text("ConfigRuleId"))
        return {"Result": True}

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
        if not rule.active:
            return "INACTIVE"
        return "EVALUATING" if self._state.evaluating(rule.id) else "ACTIVE"

    def _compliance(self, rule: Rule) -> dict[str, Any]:
        found = [result.compliance for result in self._state.results(rule.id)]
        # Guessed: that the worst of the results stands for the rule.
        for compliance in (NON_COMPLIANT, COMPLIANT, IGNORED):
            if compliance in found:
                return {"ComplianceType": compliance, "Count": found.count(compliance)}
        return {"ComplianceType": "INSUFFICIENT_DATA", "Count": 0}


def _tags(call: Call) -> dict[str, str]:
    """A list of `Key` and `Value` in JSON."""
    try:
        return {tag["Key"]: tag["Value"] for tag in json.loads(call.text("Tag", "[]"))}
    except (ValueError, KeyError, TypeError):
        raise call.invalid("Tag", "must be a JSON list of objects with Key and Value") from None


def _on_rule(perform: Callable[[Call], Answer]) -> Action:
    """An action on one rule, which RAM can allow for that rule alone."""
    return Action(perform, "ConfigRuleId", "acs:config::{account}:rule/{ConfigRuleId}")


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
