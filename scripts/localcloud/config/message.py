"""The message that Cloud Config publishes for a non-compliant bucket."""

import json
import uuid

from .rules import RESOURCE_TYPE, Result, Rule

_RISKS = {1: "Critical", 2: "Warning", 3: "Info"}


def rule_arn(account_id: str, rule_id: str) -> str:
    """The ARN of a rule."""
    return f"acs:config::{account_id}:rule/{rule_id}"


def finding(account_id: str, rule: Rule, result: Result, now: float) -> str:
    """The body, as published `now`. Page "Example of a non-compliance event"."""
    evaluated, published = int(result.evaluated_at * 1000), int(now * 1000)
    qualifier = {
        "resourceId": result.bucket,
        "configRuleName": rule.name,
        "configRuleId": rule.id,
        "captureTime": evaluated,
        "resourceName": result.bucket,
        "configRuleArn": rule_arn(account_id, rule.id),
        "regionId": result.region,
        "resourceOwnerId": int(result.owner),
        "resourceType": RESOURCE_TYPE,
    }
    message = {
        "annotation": result.annotation,
        "riskLevel": _RISKS[rule.risk_level],
        "dataType": "NonCompliantNotification",
        "evaluationResultIdentifier": {
            "orderingTimestamp": evaluated,
            "evaluationResultQualifier": qualifier,
        },
        "eventType": "ResourceCompliance",
        "invokingEventMessageType": result.trigger,
        "complianceType": result.compliance,
        "accountId": int(account_id),
        "requestId": str(uuid.uuid4()),
        "eventName": "NonCompliant",
        "notificationCreationTime": published,
    }
    return json.dumps(message, ensure_ascii=False, separators=(",", ":"))
