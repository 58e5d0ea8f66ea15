"""Decides whether a finding is ours to repair."""

from typing import Set, Tuple, Union

from resource_repair import naming
from resource_repair.remediations import remediation_for
from resource_repair.settings import Settings
from resource_repair.values import (
    BUCKET,
    FAILED,
    IGNORED,
    OTHER_RULE,
    UNREADABLE,
    Finding,
    Invocation,
    Item,
    Other,
    Outcome,
    Unreadable,
    outcome_of,
)

Verdict = Union[Finding, Outcome]


def judge(
    items: Tuple[Item, ...], settings: Settings, invocation: Invocation
) -> Tuple[Verdict, ...]:
    """For each item of a message: the finding to repair, or an outcome with its reason.

    A finding comes out with its region filled in and in its plain form.
    """
    seen: Set[Tuple[str, str]] = set()
    return tuple(_judge(item, settings, invocation, seen) for item in items)


def _judge(
    item: Item, settings: Settings, invocation: Invocation, seen: Set[Tuple[str, str]]
) -> Verdict:
    if isinstance(item, Unreadable):
        return _judge_unreadable(item, settings)
    if isinstance(item, Other):
        return Outcome(IGNORED, f"other_message: {item.kind}")
    reason = _not_ours(item, settings, invocation)
    if reason:
        return outcome_of(item, IGNORED, reason)
    if settings.problems:
        return outcome_of(item, FAILED, "misconfigured: " + "; ".join(settings.problems))
    region = naming.region_id(item.region or invocation.region)
    reason = _impossible(item, region)
    if reason or region is None:
        return outcome_of(item, FAILED, reason)
    # Bucket names are global: findings for one bucket are one finding, whatever rule they name.
    key = (item.resource_type or BUCKET, item.resource_id)
    if key in seen:
        return outcome_of(item, IGNORED, "duplicate: handled once in this message")
    seen.add(key)
    return item._replace(region=region)


def _judge_unreadable(item: Unreadable, settings: Settings) -> Outcome:
    # Without a usable rule id of our own, any rule id may be ours.
    ours = settings.rule_ids or frozenset(["cr-"])
    if any(rule_id in text for rule_id in ours for text in item.texts):
        return Outcome(FAILED, f"unreadable: {item.why}, but it names a rule of ours")
    return Outcome(UNREADABLE, item.why)


def _not_ours(finding: Finding, settings: Settings, invocation: Invocation) -> str:
    """Why the finding is none of our business; empty if it is."""
    if settings.rule_ids and finding.rule_id not in settings.rule_ids:
        return f"{OTHER_RULE}: {finding.rule_id}"
    if finding.compliance not in ("", "NON_COMPLIANT"):
        return f"not_non_compliant: {finding.compliance}"
    if remediation_for(finding.resource_type) is None:
        return f"other_resource_type: {finding.resource_type}"
    if finding.owner and invocation.account_id and finding.owner != invocation.account_id:
        return f"other_account: {finding.owner}"
    return ""


def _impossible(finding: Finding, region: Union[str, None]) -> str:
    """Why no request may be made for the finding; empty if one may."""
    remediation = remediation_for(finding.resource_type)
    if remediation is None or not remediation.valid_id(finding.resource_id):
        return "invalid_bucket_name: no bucket can have it, so no request was made"
    if region is None:
        return "invalid_region: no region has that id, so no request was made"
    return ""
