"""The exemptions: whether the next deploy would drop one that is live."""

from collections.abc import Iterator

from scripts import overruling
from scripts.clients import CloudError
from scripts.doctor.chain import Chain
from scripts.doctor.model import Link, Remark, sound, stopping, undeployed
from scripts.errors import Problem
from scripts.exempting import reviewed_exemptions
from scripts.live import GET, GET_CODE


def _examine(chain: Chain) -> Iterator[Remark]:
    if chain.live is None:
        yield sound("none is live yet")
        return
    try:
        live = chain.live.exemptions()
    except CloudError:
        raise
    except Problem as problem:
        yield undeployed(str(problem).rpartition(": ")[0])
        return
    ours = reviewed_exemptions(chain.exemptions, chain.today)
    lost = overruling.dropped(live, ours, chain.today)
    stops = overruling.unexpected(lost, chain.settings)
    for each in lost:
        what, mend = overruling.told_exemption(each), overruling.mend_exemption(each)
        yield stopping(what, mend) if each in stops else sound(f"{what}, as it is to")
    if not lost:
        yield sound(f"{len(live.entries)} are live, and a deploy drops none that holds")


EXEMPTIONS = Link("exemptions", (GET, GET_CODE), _examine)
