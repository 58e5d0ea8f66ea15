"""The exemptions: whether the next deploy would drop one that is live, or bring one too wide."""

from collections.abc import Iterator

from scripts.decide import deploy_conflicts
from scripts.decide.chain.facts import Facts, known
from scripts.decide.chain.model import Link, Remark, sound, stopping, undeployed
from scripts.errors import CloudError, Problem
from scripts.words import count


def _examine(facts: Facts) -> Iterator[Remark]:
    running, held = known(facts.running), facts.live_exemptions
    if isinstance(held, Problem) and not isinstance(held, CloudError):
        yield undeployed(str(held).rpartition(": ")[0])
        return
    live, ours = known(held), known(facts.exemptions)
    lost = deploy_conflicts.dropped(live, ours, facts.today)
    stops = deploy_conflicts.unexpected(lost, facts.settings)
    for each in lost:
        what, mend = deploy_conflicts.told_exemption(each), deploy_conflicts.mend_exemption(each)
        yield stopping(what, mend) if each in stops else sound(f"{what}, as it is to")
    new = deploy_conflicts.too_wide(ours, live, facts.today)
    for each in new:
        yield stopping(deploy_conflicts.told_too_wide(each), deploy_conflicts.MEND_TOO_WIDE)
    if running is None and not new:
        yield sound("none is live yet")
    elif not lost and not new:
        live_ones = count(len(live.entries), "exemption")
        yield sound(f"{live_ones} live, and a deploy drops none that holds")


EXEMPTIONS = Link("exemptions", ("running", "live_exemptions", "exemptions"), _examine)
