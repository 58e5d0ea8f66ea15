"""A finding as Cloud Config publishes it, made from what it holds about a bucket.

Page "Resource non-compliance events": one object. It says `Manual`, as one from an evaluation on
demand does.
"""

import json

from scripts.account.findings import Result
from scripts.account.rule import RESOURCE_TYPE
from scripts.declared import Spec

_RISKS = {1: "Critical", 2: "Warning", 3: "Info"}


def non_compliance_event(result: Result, spec: Spec, request_id: str) -> bytes:
    """The event for a non-compliant result; `request_id` is a new UUID."""
    evaluated = round(result.evaluated_at.timestamp() * 1000)
    qualifier = {
        "resourceId": result.bucket,
        "configRuleName": result.rule_name,
        "configRuleId": result.rule_id,
        "captureTime": evaluated,
        "resourceName": result.bucket,
        "configRuleArn": f"acs:config::{spec.account_id}:rule/{result.rule_id}",
        "regionId": result.region,
        "resourceOwnerId": int(spec.account_id),
        "resourceType": RESOURCE_TYPE,
    }
    message = {
        "annotation": result.annotation,
        "riskLevel": _RISKS.get(result.risk_level, ""),
        "dataType": "NonCompliantNotification",
        "evaluationResultIdentifier": {
            "orderingTimestamp": evaluated,
            "evaluationResultQualifier": qualifier,
        },
        "eventType": "ResourceCompliance",
        "invokingEventMessageType": "Manual",
        "complianceType": result.compliance,
        "accountId": int(spec.account_id),
        "requestId": request_id,
        "eventName": "NonCompliant",
        # Not when it is sent: of a bucket that was made since it was found, the function tells.
        "notificationCreationTime": evaluated,
    }
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()
