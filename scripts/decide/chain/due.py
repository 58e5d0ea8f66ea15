"""What is open and should be closed by now: nobody else comes back to it."""

from collections.abc import Iterator

from scripts.decide.chain.facts import Facts, known
from scripts.decide.chain.model import Link, Remark, Standing, note, sound, unseen

SWEEP = "resource-repair sweep --due"
_NAMED = 20


def _examine(facts: Facts) -> Iterator[Remark]:
    if unknown := [*unseen(facts.due, "what is due")]:
        yield from unknown
        return
    due = known(facts.due)
    if due is None:
        yield note("not looked at before both rule and function are in order", "see there")
        return
    if not due:
        yield sound("no bucket is open that should have been closed by now")
        return
    names = ", ".join(f"{name} ({why})" for name, why in due[:_NAMED])
    further = f" and {len(due) - _NAMED} more" if len(due) > _NAMED else ""
    what = f"open, and nobody comes back to it: {names}{further}"
    # A deploy does not mend it, and is no reason to wait.
    yield Remark(Standing.FAULT, what, SWEEP, deploy_goes_on=True)


DUE = Link("what is due", ("rules", "running", "live_exemptions", "due"), _examine)
