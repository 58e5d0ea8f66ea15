"""What of all buckets wants a person: how many of each kind, which, and what mends each.

Pure: it asks nobody.
"""

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from resource_repair.exemptions import Exemption
from resource_repair.openness import OPENNESS, PRIVATE, PUBLIC_READ, PUBLIC_READ_WRITE
from resource_repair.remediations import ACL
from resource_repair.values import (
    ALREADY_PRIVATE,
    BLOCKED,
    CEILING_REFUSED,
    DISABLED,
    EXEMPT,
    EXPOSED,
    GONE,
    RECREATED,
    REPAIRED,
    THEIRS,
    TOLD,
    UNPROVEN,
)
from scripts.account.audit_trail import AuditLine
from scripts.account.findings import IGNORED, NON_COMPLIANT, Result
from scripts.account.live_exemptions import allows
from scripts.decide import posture
from scripts.decide.brake import Brake
from scripts.decide.due import last_lines
from scripts.decide.view import ACCOUNT, BUCKET, Unread, View

# What a last audit line says of a bucket that is in order; `would_repair` says that it is not.
_IN_ORDER = frozenset([REPAIRED, ALREADY_PRIVATE, EXEMPT, BLOCKED, GONE])

_SEE_TO_POLICY = "see to its policy, or switch Block Public Access on for it"
_MENDS_TOLD = {
    EXPOSED: _SEE_TO_POLICY,
    RECREATED: "look whether it is wanted; delete it if not",
    THEIRS: "find out who let the name go",
    DISABLED: "pay, or ask Alibaba Cloud; then resource-repair sweep --due",
    CEILING_REFUSED: "set it private, or end its exemption",
    UNPROVEN: "allow oss:GetBucketPolicyStatus to the function's role, then look at its policy",
}


class Need(NamedTuple):
    """A bucket, how it stands (one of `posture.STANDINGS`), why, and what mends that.

    `told` is the outcome that a person was told of and that still holds, or empty. `why` is empty
    for a bucket that wants nobody.
    """

    view: View
    standing: str
    told: str = ""
    why: str = ""
    mend: str = ""

    @property
    def label(self) -> str:
        """The bucket's name, with that of a further remediation that its line is of."""
        line = self.view.line
        of = "" if not isinstance(line, AuditLine) or line.of_acl else f" ({line.remediation})"
        return f"{self.view.bucket}{of}"


@dataclass(frozen=True)
class Totals:
    """How many buckets stand how, and the names of those that ask for more than a sweep.

    `public_by_policy` are private by their ACL, so that no rule about that sees that they are open;
    `open_though_settled` have a last audit line that says that all is well; `told` are, by outcome,
    those that somebody was told of and that are still so.
    """

    buckets: int
    standings: dict[str, int]
    public_by_policy: tuple[str, ...]
    open_though_settled: tuple[str, ...]
    told: dict[str, tuple[str, ...]]


def needs(views: Iterable[View], brake: Brake | None, today: date) -> list[Need]:
    """What each bucket needs, the worst first; `brake` is what keeps the function from closing."""
    found = [_need(view, brake, today) for view in views]

    def place(need: Need) -> tuple[int, bool, int, str]:
        acl = str(need.view.acl)
        if need.standing == posture.OPEN and acl == PRIVATE:
            acl = PUBLIC_READ  # by its policy
        openness = OPENNESS.get(acl, OPENNESS[PUBLIC_READ_WRITE])
        standing = posture.STANDINGS.index(need.standing)
        return standing, not need.why, -openness, need.view.bucket

    return sorted(found, key=place)


def totals(found: Sequence[Need]) -> Totals:
    """All of them counted."""
    loose = [each.view for each in found if each.standing == posture.OPEN]
    return Totals(
        buckets=len(found),
        standings={
            each: sum(need.standing == each for need in found) for each in posture.STANDINGS
        },
        public_by_policy=tuple(view.bucket for view in loose if view.acl == PRIVATE),
        open_though_settled=tuple(view.bucket for view in loose if _said(view) in _IN_ORDER),
        told={
            outcome: tuple(each.view.bucket for each in found if each.told == outcome)
            for outcome in sorted({each.told for each in found if each.told})
        },
    )


def told_last(lines: Iterable[AuditLine], remediation: str = ACL) -> list[AuditLine]:
    """Of the last lines of a remediation about each bucket those that a person was told of."""
    return [line for line in last_lines(lines, remediation).values() if line.outcome in TOLD]


def still_told(view: View, standing: str) -> str:
    """The outcome that a person was told of, if the bucket still is as it was then; else empty."""
    said, line = _said(view), view.line
    if said not in TOLD or not isinstance(line, AuditLine):
        return ""
    let_in = standing in (posture.OPEN, posture.UNKNOWN)
    lost = False
    refused = view.acl != PRIVATE and standing in (posture.OPEN, posture.BLOCKED)
    if not line.of_acl:  # which leaves the ACL open, or does not look at it
        there, blocked = standing != posture.GONE, view.blocked_by in (ACCOUNT, BUCKET)
        let_in = there and not blocked and view.public_by_policy is not False
        lost = there and line.public_by_policy != "unknown"  # what others wrote, perhaps
        refused = refused if line.acl_before else there and blocked
    still = {
        EXPOSED: let_in,
        UNPROVEN: let_in or lost,
        RECREATED: standing != posture.GONE,
        THEIRS: isinstance(view.acl, Unread),
        DISABLED: isinstance(view.acl, Unread),
        CEILING_REFUSED: refused,
    }
    return said if still[said] else ""


def _said(view: View) -> str:
    """The outcome of its last audit line; empty without one."""
    return view.line.outcome if isinstance(view.line, AuditLine) else ""


def _need(view: View, brake: Brake | None, today: date) -> Need:
    standing = posture.standing(view, today)
    told = still_told(view, standing)
    further = isinstance(view.line, AuditLine) and not view.line.of_acl
    if standing == posture.OPEN and not further:
        return Need(view, standing, told, _why_open(view, today), _mend_open(view, brake))
    if told:
        return Need(view, standing, told, f"was told as {told}, and is still so", _mend(view, told))
    if standing == posture.UNKNOWN:
        what = "policy" if view.acl == PRIVATE else "ACL"
        mend = f"see why its {what} could not be read, and run again"
        return Need(view, standing, told, f"its {what} was not read", mend)
    if standing == posture.BLOCKED and isinstance(view.line, AuditLine) and view.line.stays_blocked:
        return Need(view, standing, told)
    if standing == posture.BLOCKED:
        what = "its policy is public" if view.acl == PRIVATE else f"its ACL is {view.acl}"
        mend = "take that away, before somebody lifts Block Public Access"
        return Need(view, standing, told, f"{what}, and Block Public Access overrules it", mend)
    return Need(view, standing, told)


def _mend(view: View, told: str) -> str:
    line = view.line
    if not isinstance(line, AuditLine) or line.of_acl or line.acl_before:
        return _MENDS_TOLD[told]
    if told == CEILING_REFUSED:
        return "take out of its policy what is public, or lift Block Public Access"
    if told == UNPROVEN and line.public_by_policy != "unknown":
        return "look into its policy for what somebody else wrote at that time, and may miss"
    return _MENDS_TOLD[told]


def _why_open(view: View, today: date) -> str:
    if view.acl == PRIVATE:
        return "public by its policy alone, which no rule about its ACL sees"
    why = [str(view.acl)]
    if view.public_by_policy is True:
        why.append("and public by its policy")
    exemption = view.exemption
    if isinstance(exemption, Exemption) and not exemption.covers(view.bucket, today):
        why.append(f"its exemption ended on {exemption.expires}")
    elif isinstance(exemption, Exemption) and not allows(exemption, str(view.acl)):
        why.append(f"more open than its exemption allows ({exemption.allow})")
    elif isinstance(exemption, Unread):
        why.append("whether it is exempt was not read")
    if _said(view) in _IN_ORDER:
        why.append(f"though its last audit line says {_said(view)}")
    return ", ".join(why)


def _mend_open(view: View, brake: Brake | None) -> str:
    if view.acl == PRIVATE:
        return _SEE_TO_POLICY
    steps = [f"{brake.mend}; then "] if brake else []
    compliance = view.result.compliance if isinstance(view.result, Result) else ""
    if compliance == IGNORED:
        steps.append("end its ignoring in Cloud Config, or exempt it in code/exemptions.yaml")
    elif compliance == NON_COMPLIANT:
        steps.append(f"resource-repair sweep --bucket {shlex.quote(view.bucket)}")
    else:
        steps.append("resource-repair evaluate, as Cloud Config has not seen it")
    if view.public_by_policy is True:
        steps.append(f"; {_SEE_TO_POLICY}")
    return "".join(steps)
