"""Which non-compliant buckets are due: what was done about them last no longer explains that.

Nobody publishes a finding when an exemption ends, or when the function goes from report to enforce;
and a finding can be lost before it comes to the function, or fail there.

A last line that says that all is well is believed by `due`. A bucket may be open all the same: made
public again, and Cloud Config has not seen it. Such a one is `overlooked`.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from resource_repair.remediations import ACL
from resource_repair.values import (
    ALREADY_PRIVATE,
    BLOCKED,
    COMPLIANT,
    DENIED,
    ENFORCE,
    EXEMPT,
    FAILED,
    GONE,
    IGNORED,
    WOULD_REPAIR,
)
from scripts.account.audit_trail import AuditLine
from scripts.decide.candidates import Candidate


def last_lines(lines: Iterable[AuditLine], remediation: str = ACL) -> dict[str, AuditLine]:
    """The last line about each bucket; ignored findings, such as other rules', say nothing.

    What another remediation made of it says nothing either.
    """
    return {
        line.bucket: line
        for line in lines
        if line.outcome != IGNORED and (line.remediation or ACL) == remediation
    }


def due(
    candidate: Candidate, last: AuditLine | None, mode: str, now: datetime, grace: timedelta
) -> str:
    """Why the bucket is due, in words; empty if it is not.

    `last` is its last audit line, as far back as was looked. What happened less than `grace` ago
    may be under way: findings take a while, and Function Compute retries what failed.

    A bucket that is open no more is not due, whatever came last, nor is an exempt one. `exposed` is
    no reason by itself: the function has done what it can, and a person must see to the policy.
    """
    if candidate.expected in (EXEMPT, GONE, ALREADY_PRIVATE, COMPLIANT, BLOCKED):
        return ""
    found = candidate.result.evaluated_at
    waited = now - found > grace
    if last is None:
        return "no audit line since it was found" if waited else ""
    if last.outcome == EXEMPT:
        return "it was exempt, and is no more"
    if last.outcome == WOULD_REPAIR:
        return "it was only reported, and the mode is enforce by now" if mode == ENFORCE else ""
    if last.outcome in (FAILED, DENIED):
        return f"{last.outcome}, and not tried since" if now - last.at > grace else ""
    if found > last.at and waited:
        return f"found again after it was {last.outcome}, and no audit line since"
    return ""


def overlooked(
    candidate: Candidate, last: AuditLine | None, mode: str, now: datetime, grace: timedelta
) -> str:
    """Why a bucket that is not `due` is so all the same, in words; empty if it is not.

    In mode enforce whatever reads as open, is not exempt, and has been left alone for longer than
    `grace` should be closed, whatever was said last.
    """
    if mode != ENFORCE or not candidate.closes or not candidate.sure or last is None:
        return ""
    if now - max(candidate.result.evaluated_at, last.at) <= grace:
        return ""
    return f"open, although its last audit line says {last.outcome}"
