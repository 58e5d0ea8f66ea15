"""Decides whether a finding is ours to repair, and by which remediation."""

from typing import Optional, Set, Tuple, Union

from resource_repair import naming
from resource_repair.remediations import ACL, named
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

_LONGEST_SOURCE = 128  # characters; the longest that there are have a third of it

Verdict = Union[Finding, Outcome]


def judge(
    items: Tuple[Item, ...], settings: Settings, invocation: Invocation
) -> Tuple[Verdict, ...]:
    """For each item of a message: the finding to repair, or an outcome with its reason.

    A finding comes out with its remediation, and with its region filled in and in its plain form.
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
    name = _remediation_of(item, settings)
    reason = _not_ours(item, invocation) if name else f"{OTHER_RULE}: {item.rule_id}"
    if reason:
        return outcome_of(item, IGNORED, reason)
    finding = item._replace(remediation=name or "")
    wrong = "; ".join(filter(None, [*settings.problems, _unfit(finding, settings)]))
    if wrong:
        return outcome_of(finding, FAILED, f"misconfigured: {wrong}")
    region = naming.region_id(item.region or invocation.region)
    reason = _impossible(finding, region)
    if reason or region is None:
        return outcome_of(finding, FAILED, reason)
    # Bucket names are global: findings for one bucket are one finding, whatever rule they name, as
    # long as the same is to be done about them.
    key = (finding.remediation, finding.resource_id)
    if key in seen:
        return outcome_of(finding, IGNORED, "duplicate: handled once in this message")
    seen.add(key)
    return finding._replace(region=region)


def _remediation_of(finding: Finding, settings: Settings) -> Optional[str]:
    """Which remediation the finding's rule points to, if it is one of ours.

    Where ours are not known any rule may be.
    """
    assigned = settings.assigned
    name = next((each.remediation for each in assigned if finding.rule_id in each.rule_ids), None)
    return name if assigned else ACL


def _unfit(finding: Finding, settings: Settings) -> str:
    """Why its remediation is not for that kind of rule; empty if it is, or no kind is told.

    It imports the remediation, and is not asked of what is ignored: that is paid for by each start.
    """
    name = finding.remediation
    if not (settings.assigned and finding.source) or finding.source in named(name).rules:
        return ""
    where = "prepareRuleId" if name == ACL else "remediations"
    what = f"{finding.rule_id} is a rule {finding.source[:_LONGEST_SOURCE]}"
    return f"{what}, which {name} does not mend: take its id out of {where}"


def _judge_unreadable(item: Unreadable, settings: Settings) -> Outcome:
    # Without a usable rule id of our own, any rule id may be ours.
    ours = frozenset().union(*(each.rule_ids for each in settings.assigned)) or frozenset(["cr-"])
    if any(rule_id in text for rule_id in ours for text in item.texts):
        return Outcome(FAILED, f"unreadable: {item.why}, but it names a rule of ours")
    return Outcome(UNREADABLE, item.why)


def _not_ours(finding: Finding, invocation: Invocation) -> str:
    """Why the finding is none of our business, though its rule is; empty if it is."""
    if finding.compliance not in ("", "NON_COMPLIANT"):
        return f"not_non_compliant: {finding.compliance}"
    if finding.resource_type not in ("", BUCKET):  # without a type it is about a bucket
        return f"other_resource_type: {finding.resource_type}"
    if finding.owner and invocation.account_id and finding.owner != invocation.account_id:
        return f"other_account: {finding.owner}"
    return ""


def _impossible(finding: Finding, region: Optional[str]) -> str:
    """Why no request may be made for the finding; empty if one may."""
    if not naming.is_bucket_name(finding.resource_id):
        return "invalid_bucket_name: no bucket can have it, so no request was made"
    if region is None:
        return "invalid_region: no region has that id, so no request was made"
    return ""
