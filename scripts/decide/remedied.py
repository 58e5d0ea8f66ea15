"""What a further remediation makes of a bucket, by what is declared of it in code/."""

from resource_repair.oss import BucketState
from resource_repair.remediations.frame import Aim, Remediation
from resource_repair.settings import Assignment, Settings
from resource_repair.values import COMPLIANT, ENFORCE, EXEMPT, REPAIRED, WOULD_REPAIR
from scripts.decide.deploy_effect import enforces


def expected(does: Remediation, there: BucketState, aim: Aim, mode: str) -> str:
    """What it makes of a bucket that is like that, and is to be as `aim` says."""
    if not does.met(there, aim):
        return REPAIRED if mode == ENFORCE else WOULD_REPAIR
    return EXEMPT if aim.exemption else COMPLIANT


def newly_enforced(ours: Settings, live: Settings | None) -> tuple[Assignment, ...]:
    """Those that ours has in mode enforce, and live has not for all of the same rules.

    `live` is None where nothing is deployed.
    """
    held = {
        each.remediation: each.rule_ids
        for each in (live.others or () if live else ())
        if live and enforces(live, each.remediation)
    }
    return tuple(
        each
        for each in ours.others or ()
        if each.mode == ENFORCE and not held.get(each.remediation, frozenset()) >= each.rule_ids
    )
