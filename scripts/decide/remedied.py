"""What a further remediation makes of a bucket, by what is declared of it in code/."""

from datetime import datetime

from resource_repair.exemptions import Exemptions
from resource_repair.oss import BucketState
from resource_repair.remediations import named
from resource_repair.remediations.frame import Case
from resource_repair.settings import Assignment, Settings, Ways
from resource_repair.timing import Clock
from resource_repair.values import ENFORCE
from scripts.decide.deploy_effect import enforces


def changes(
    remediation: str, bucket: str, there: BucketState, exemptions: Exemptions, now: datetime
) -> bool:
    """Whether it writes to a bucket that is like that; raises RefusedError as the function does."""
    clock = Clock(lambda: 0.0, now.timestamp)
    does = named(remediation)
    aim = does.wanted(Case(bucket, exemptions, None, clock, {}), there, None, False)
    return aim is None or not does.met(there, aim)


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


def newly_blocks(ours: Settings, live: Settings | None) -> tuple[Ways, Ways | None] | None:
    """The ways by which ours closes and by which live does, if a bucket may be newly blocked."""
    if not (ours.ways and enforces(ours)):
        return None
    held = live if live and enforces(live) and live.rule_ids >= ours.rule_ids else None
    if held and held.ways == ours.ways:
        return None
    return ours.ways, held and held.ways
