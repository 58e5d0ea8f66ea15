"""The exemptions: whether the next deploy would drop one that is live, or bring one too wide."""

from collections.abc import Iterator

from resource_repair.exemptions import Exemptions
from scripts.account.deployed_function import GET, GET_CODE
from scripts.decide import deploy_conflicts
from scripts.decide.chain.facts import Chain
from scripts.decide.chain.model import Link, Remark, sound, stopping, undeployed
from scripts.declared.exemptions import reviewed_exemptions
from scripts.errors import CloudError, Problem


def _examine(chain: Chain) -> Iterator[Remark]:
    live = Exemptions()
    if chain.live:
        try:
            live = chain.live.exemptions()
        except CloudError:
            raise
        except Problem as problem:
            yield undeployed(str(problem).rpartition(": ")[0])
            return
    ours = reviewed_exemptions(chain.exemptions, chain.today)
    lost = deploy_conflicts.dropped(live, ours, chain.today)
    stops = deploy_conflicts.unexpected(lost, chain.settings)
    for each in lost:
        what, mend = deploy_conflicts.told_exemption(each), deploy_conflicts.mend_exemption(each)
        yield stopping(what, mend) if each in stops else sound(f"{what}, as it is to")
    new = deploy_conflicts.too_wide(ours, live, chain.today)
    for each in new:
        yield stopping(deploy_conflicts.told_too_wide(each), deploy_conflicts.MEND_TOO_WIDE)
    if chain.live is None and not new:
        yield sound("none is live yet")
    elif not lost and not new:
        yield sound(f"{len(live.entries)} are live, and a deploy drops none that holds")


EXEMPTIONS = Link("exemptions", (GET, GET_CODE), _examine)
