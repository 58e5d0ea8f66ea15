"""The repair against every small run of bad luck there is: nothing is drawn, nothing left out.

Each request suffers one of nine words, the first four any of them, from every ACL, ACL before the
finding, and ceiling. A read may be stale by `STALE_SECONDS`, which is what the repair assumes.
"""

from collections.abc import Iterator
from datetime import date

import pytest

from resource_repair.exemptions import Exemption, Exemptions
from resource_repair.openness import OPENNESS, PRIVATE, PUBLIC_READ
from resource_repair.remediations import named
from resource_repair.remediations.frame import Case
from resource_repair.repair import STALE_SECONDS, BucketRepair, Means
from resource_repair.timing import Deadline
from resource_repair.values import TOLD, Finding, Outcome
from tests.unit.model_oss import ACCOUNT, FAILURES, HOME, NAME, NOW, UNANSWERED, ModelOss, View

DEPTH = 4
WORDS = ("ok", "transient", "denied", "applied", "lag", "delete", "recreate", "open", "close")
ACLS = sorted(OPENNESS)
LEAST = {"acl": PRIVATE, "public-write": PUBLIC_READ}  # without an exemption
REPORTED = int(NOW * 1000) - 60_000  # the finding is a minute old


EXEMPT = {
    acl: Exemptions((Exemption(NAME, "a site", "web", date(2030, 1, 1), acl),)) for acl in ACLS
}


def scripts() -> Iterator[list[str]]:
    """Every script of DEPTH words, but once for all that agree on the words that a run asked for.

    A run takes words off the list that it is given, and leaves what it did not ask for.
    """
    order = [0] * DEPTH
    while True:
        script = [WORDS[n] for n in reversed(order)]
        yield script
        used = DEPTH - len(script)
        while used and order[used - 1] == len(WORDS) - 1:
            order[used - 1] = 0
            used -= 1
        if not used:
            return
        order[used - 1] += 1
        order[used:] = [0] * (DEPTH - used)


def repair(oss: ModelOss, ceiling: str, reported: int | None, name: str = "acl") -> Outcome:
    """One invocation of a remediation, to its outcome; `ceiling` is what it is to be left with."""
    exempt = Exemptions() if ceiling == LEAST[name] else EXEMPT[ceiling]
    deadline = Deadline(oss.clock(), 60)
    finding = Finding("cr-1", NAME, region=HOME, owner=ACCOUNT, reported_at=reported)
    means = Means(oss.bucket, "enforce", ACCOUNT, HOME, deadline)
    run = BucketRepair(finding, means, named(name), Case(NAME, exempt, None, deadline.clock, {}))
    while True:
        result = run.step()
        if isinstance(result, Outcome):
            return result
        oss.now += result


def claimed(outcome: str, ceiling: str) -> str | None:
    """How open the bucket is at most, by an outcome that says so."""
    if outcome == "already_private":
        return PRIVATE
    return ceiling if outcome in ("repaired", "exempt", "compliant") else None


def unread_write(oss: ModelOss) -> str:
    """A write that does not directly follow a read, in that region, that showed a bucket."""
    for at in oss.writes():
        before = oss.log[at - 1] if at else None
        if before is None or (before.operation, before.region) != ("read", oss.log[at].region):
            return "a write without a read directly before"
        if before.acl is None:
            return "a write after a read that showed no bucket"
    return ""


def opened(oss: ModelOss, ceiling: str) -> str:
    """A write that opens, or creates, what was not closed or deleted in the window that OSS leaves.

    That is from `STALE_SECONDS` before the read, which may show what was then, to the write.
    """
    for at in oss.writes():
        write, read = oss.log[at], oss.log[at - 1]
        if write.word in FAILURES:
            continue
        if OPENNESS[str(write.acl)] > OPENNESS[ceiling]:
            return "opened further than the ceiling"
        found = write.found.acl
        more = found is None or OPENNESS[str(write.acl)] > OPENNESS[found]
        if more and write.found.since < read.at - STALE_SECONDS:
            return "opened, or created, outside the window"
    return ""


def untrue(oss: ModelOss, outcome: str, ceiling: str) -> str:
    """A claim that was true at no moment of the `STALE_SECONDS` before the last read.

    Nor does it count what was before the finding, which says that it was no longer so.
    """
    most = claimed(outcome, ceiling)
    if most is None and outcome != "gone":
        return ""
    last = max(request.at for request in oss.log if request.operation == "read")
    ends = [view.since for view in oss.history[1:]] + [float("inf")]
    for view, end in zip(oss.history, ends, strict=True):
        if view.since <= last and end > max(0, last - STALE_SECONDS) and true_of(view, most):
            return ""
    return f"{outcome} was true at no moment"


def contradicted(oss: ModelOss, outcome: str, ceiling: str) -> str:
    """A claim against what a look showed, so shortly before that the last one may be staler."""
    most = None if outcome == "repaired" else claimed(outcome, ceiling)
    if most is None and outcome != "gone":
        return ""
    looks = [each for each in oss.log if each.operation == "read" and each.word not in UNANSWERED]
    for look in looks:
        if look.at > looks[-1].at - STALE_SECONDS and not true_of(View(0, look.acl), most):
            return f"{outcome}, although a look showed otherwise"
    return ""


def unproved(oss: ModelOss, outcome: str) -> str:
    """A repair without a write that OSS acknowledged and a later read."""
    done = [at for at in oss.writes() if oss.log[at].word not in UNANSWERED]
    if outcome != "repaired" or (
        done and "read" in [each.operation for each in oss.log[done[-1] :]]
    ):
        return ""
    return "repaired without an acknowledged write that was read back"


def true_of(view: View, most: str | None) -> bool:
    """Whether the bucket is no more open than `most`; without that, whether there is none."""
    if most is None or view.acl is None:
        return most is None and view.acl is None
    return OPENNESS[view.acl] <= OPENNESS[most]


def untold_creation(
    oss: ModelOss, outcome: Outcome, ceiling: str, reported: int | None, name: str
) -> str:
    """A bucket of our making that is there, and that neither this run nor a retry tells of.

    If the finding says no time, a retry cannot always know; then the first run must have said it.
    """
    if not oss.creations or outcome.outcome in TOLD:
        return ""
    if reported is None and ("may have made" in outcome.reason or "made again" in outcome.reason):
        return ""
    while outcome.unsettled:
        oss.now += 600
        outcome = repair(oss, ceiling, reported, name)
        if outcome.outcome in TOLD or oss.acl is None:
            return ""
    return "a creation was not told"


@pytest.mark.parametrize("reported", [REPORTED, None])
@pytest.mark.parametrize("ceiling", ACLS)
@pytest.mark.parametrize("earlier", ACLS)
@pytest.mark.parametrize("acl", ACLS)
def test_no_script_of_four_words_breaks_a_promise(
    acl: str, earlier: str, ceiling: str, reported: int | None
) -> None:
    """Whatever the first four requests suffer, what is said of the bucket is true."""
    hold_every_script("acl", acl, earlier, ceiling, reported)


@pytest.mark.parametrize("ceiling", ["public-read", "public-read-write"])
@pytest.mark.parametrize("earlier", ACLS)
@pytest.mark.parametrize("acl", ACLS)
def test_nor_does_one_break_a_promise_of_public_write(acl: str, earlier: str, ceiling: str) -> None:
    """It opens as little what was closed before its second look could show that."""
    hold_every_script("public-write", acl, earlier, ceiling, REPORTED)


def hold_every_script(
    name: str, acl: str, earlier: str, ceiling: str, reported: int | None
) -> None:
    """Run a remediation through every script, and look at each promise."""
    runs = 0
    for script in scripts():
        words = tuple(reversed(script))
        oss = ModelOss(acl, earlier=earlier, stale_for=STALE_SECONDS, script=popped(script))
        outcome = repair(oss, ceiling, reported, name)
        runs += 1
        broken = promise_broken(oss, outcome, ceiling, reported, name)
        assert not broken, (broken, words, outcome, oss.log, oss.history)
    assert runs > len(WORDS) ** 3


def promise_broken(
    oss: ModelOss, outcome: Outcome, ceiling: str, reported: int | None, name: str
) -> str:
    """The first promise about an ACL that a run broke; empty if it kept them all."""
    return (
        unread_write(oss)
        or opened(oss, ceiling)
        or untrue(oss, outcome.outcome, ceiling)
        or contradicted(oss, outcome.outcome, ceiling)
        or unproved(oss, outcome.outcome)
        or untold_creation(oss, outcome, ceiling, reported, name)
    )


def popped(script: list[str]) -> Iterator[str]:
    """The words of a script, each taken off when it is asked for."""
    while script:
        yield script.pop()
