"""What the function told of, as a person must see to it: no retry and no sweep does."""

from collections.abc import Iterator
from itertools import groupby

from scripts.decide import posture
from scripts.decide.attention import Need
from scripts.decide.chain.facts import Facts, known
from scripts.decide.chain.model import Link, Remark, Standing, note, sound, unseen
from scripts.words import few


def _examine(facts: Facts) -> Iterator[Remark]:
    if unknown := [*unseen(facts.told, "what somebody was told of")]:
        yield from unknown
        return
    told = known(facts.told)
    if told is None:
        what = "it is not known before the function is there, and the log with its index"
        yield note(what, "see there")
        return
    if not told:
        yield sound("what was told is so of no bucket any more")
    for (outcome, mend), group in groupby(sorted(told, key=_kind), _kind):
        yield _remark(outcome, mend, list(group))


def _kind(need: Need) -> tuple[str, str]:
    return need.told, need.mend


def _remark(outcome: str, mend: str, needs: list[Need]) -> Remark:
    """A fault as long as somebody may be let in, and no reason for a deploy to wait."""
    what = f"told as {outcome}, and still so: {few([each.label for each in needs])}"
    if any(each.standing in (posture.OPEN, posture.UNKNOWN) for each in needs):
        return Remark(Standing.FAULT, what, mend, deploy_goes_on=True)
    return Remark(Standing.SOUND, what, mend)


TOLD = Link("what was told", ("running", "live_exemptions", "log_store", "told"), _examine)
"""Which buckets a person was told of that still are as they were then, as `status` has them."""
