"""Operations on what rules found: reading it, and ignoring it for a while or for good."""

# ruff: noqa: D102  (what each does is on its page)

from collections.abc import Iterable
from datetime import date
from typing import Any

from ...pop import Answer, Call
from ...service import Core
from ..message import rule_arn
from ..rules import RESOURCE_TYPE, Ignore, Result
from ..state import ConfigState


class ResultOperations:
    """A method for each row, over the state."""

    def __init__(self, core: Core, state: ConfigState) -> None:
        self._core = core
        self._state = state

    def list_config_rule_evaluation_results(self, call: Call) -> Answer:
        """A page; its token is its last bucket, for results come and go between two pages."""
        rule = self._state.rule(call.text("ConfigRuleId"))
        regions = call.listed("Regions", "")
        results = self._state.results(rule.id)
        listed = (result for result in results if not regions or result.region in regions)
        return self._page(call, ((result.bucket, result) for result in listed))

    def list_resource_evaluation_results(self, call: Call) -> Answer:
        """As above, by rule."""
        bucket, region = call.text("ResourceId"), call.text("Region", "")
        if call.text("ResourceType") != RESOURCE_TYPE:
            raise call.invalid("ResourceType", f"the local cloud knows {RESOURCE_TYPE} alone")
        found = sorted(
            (rule.id, result)
            for rule in self._state.rules()
            for result in self._state.results(rule.id)
            if result.bucket == bucket and region in ("", result.region)
        )
        return self._page(call, found)

    def ignore_evaluation_results(self, call: Call) -> Answer:
        ignore = Ignore(call.text("Reason", ""), _day(call))
        self._state.ignore(call.text("ConfigRuleId"), _buckets(call), ignore)
        return {}

    def revert_evaluation_results(self, call: Call) -> Answer:
        self._state.revert(call.text("ConfigRuleId"), _buckets(call))
        return {}

    def _page(self, call: Call, found: Iterable[tuple[str, Result]]) -> Answer:
        compliance, after = call.text("ComplianceType", ""), call.text("NextToken", "")
        size = call.number("MaxResults", 10, low=1, high=100)
        left = [
            (key, result)
            for key, result in found
            if key > after and compliance in ("", result.compliance)
        ]
        listed = {
            "EvaluationResultList": [self._described(result) for _, result in left[:size]],
            "MaxResults": size,
        }
        if len(left) > size:
            listed["NextToken"] = left[size - 1][0]
        return {"EvaluationResults": listed}

    def _described(self, result: Result) -> dict[str, Any]:
        rule = self._state.rule(result.rule_id)
        evaluated = int(result.evaluated_at * 1000)
        qualifier = {
            "ConfigRuleArn": rule_arn(self._core.account_id, rule.id),
            "ConfigRuleId": rule.id,
            "ConfigRuleName": rule.name,
            "RegionId": result.region,
            "ResourceId": result.bucket,
            "ResourceName": result.bucket,
            "ResourceOwnerId": int(result.owner),
            "ResourceType": RESOURCE_TYPE,
        }
        if result.ignore and result.ignore.until:
            qualifier["IgnoreDate"] = result.ignore.until.isoformat()
        return {
            "Annotation": result.annotation,
            "ComplianceType": result.compliance,
            "ConfigRuleInvokedTimestamp": evaluated,
            "EvaluationResultIdentifier": {
                "EvaluationResultQualifier": qualifier,
                "OrderingTimestamp": evaluated,
            },
            "InvokingEventMessageType": result.trigger,
            "RemediationEnabled": self._state.remediations.has(rule.id),
            "ResultRecordedTimestamp": evaluated,
            "RiskLevel": rule.risk_level,
        }


def _day(call: Call) -> date | None:
    text = call.text("IgnoreDate", "")
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise call.invalid("IgnoreDate", "it must be a date such as 2026-06-01") from None


def _buckets(call: Call) -> list[str]:
    """The names in the JSON list of Resources."""
    try:
        found = [(each["ResourceType"], each["ResourceId"]) for each in call.parsed("Resources")]
    except (KeyError, TypeError):
        raise call.invalid("Resources", "it must be a list of resources") from None
    if not found:
        raise call.missing("Resources")
    if any(kind != RESOURCE_TYPE for kind, _ in found):
        raise call.invalid("Resources", f"the local cloud knows {RESOURCE_TYPE} alone")
    return [str(bucket) for _, bucket in found]
