"""What should have been closed, or else mended, by now: nobody else comes back to it."""

from collections.abc import Iterator

from scripts.decide.chain.facts import Facts, known
from scripts.decide.chain.model import Link, Remark, Standing, note, sound, unseen
from scripts.words import few

SWEEP = "resource-repair sweep --due"


def _examine(facts: Facts) -> Iterator[Remark]:
    if unknown := [*unseen(facts.due, "what is due")]:
        yield from unknown
        return
    due = known(facts.due)
    if due is None:
        yield note("not looked at before both rule and function are in order", "see there")
        return
    if not due:
        yield sound("no bucket is left that should have been mended by now")
        return
    names = few([f"{name} ({why})" for name, why in due])
    what = f"not mended, and nobody comes back to it: {names}"
    # A deploy does not mend it, and is no reason to wait.
    yield Remark(Standing.FAULT, what, SWEEP, deploy_goes_on=True)


DUE = Link("what is due", ("rules", "running", "live_exemptions", "due"), _examine)
