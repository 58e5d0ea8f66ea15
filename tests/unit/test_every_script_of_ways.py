"""The ways of closing against every small run of bad luck, as tests/unit/test_every_script.py.

The words fall on the first requests, or on those that come after so many that went well: up to the
write of the flag, or up to that of the ACL.
"""

from itertools import chain

import pytest

from resource_repair.openness import PRIVATE
from resource_repair.remediations import named
from resource_repair.remediations.frame import Case
from resource_repair.repair import STALE_SECONDS, BucketRepair, Means
from resource_repair.settings import Ways
from resource_repair.timing import Deadline
from resource_repair.values import Finding, Outcome
from tests.unit.model_oss import ACCOUNT, FAILURES, HOME, NAME, UNANSWERED, ModelOss, View
from tests.unit.test_every_script import EXEMPT, REPORTED, Exemptions, popped, scripts, unread_write

WAYS = {
    "block": Ways("block", False, ()),
    "both": Ways("both", False, ()),
    "policy": Ways("acl", True, ()),
}
# By which request the flag is written, and by which the ACL, if all goes well before.
CASES = [
    *((way, {"acl": "public-read"}, well) for way in ("block", "both") for well in (0, 3, 6)),
    *(("policy", {"acl": "private", "policy": True}, well) for well in (0, 4, 7)),
]


def repair(oss: ModelOss, way: str, exempt: Exemptions) -> Outcome:
    """One invocation, to its outcome."""
    deadline = Deadline(oss.clock(), 60)
    finding = Finding("cr-1", NAME, region=HOME, owner=ACCOUNT, reported_at=REPORTED)
    means = Means(oss.bucket, "enforce", ACCOUNT, HOME, deadline)
    case = Case(NAME, exempt, None, deadline.clock, {})
    run = BucketRepair(finding, means, named("acl", WAYS[way]), case)
    while True:
        result = run.step()
        if isinstance(result, Outcome):
            return result
        oss.now += result


def closed(view: View, reason: str) -> bool:
    """Whether the bucket was as the reason says."""
    blocked = "Block Public Access" in reason
    return view.blocked is True if blocked else view.acl == PRIVATE


def untrue(oss: ModelOss, result: Outcome) -> str:
    """A claim that was true at no moment of the `STALE_SECONDS` before the last read."""
    if result.outcome not in ("repaired", "blocked", "already_private"):
        return ""
    if "ACL private" in result.reason and not any(view.acl == PRIVATE for view in oss.history):
        return "said to be private, and never was"
    last = max(request.at for request in oss.log if request.operation == "read")
    ends = [view.since for view in oss.history[1:]] + [float("inf")]
    for view, end in zip(oss.history, ends, strict=True):
        recent = view.since <= last and end > max(0, last - STALE_SECONDS)
        if recent and closed(view, result.reason):
            return ""
    return f"{result.outcome} was true at no moment"


def unproved(oss: ModelOss, result: Outcome) -> str:
    """A flag that is told as set without a write of it, acknowledged and read back."""
    claims = (result.before or "").endswith("not blocked") and result.outcome == "repaired"
    if not claims or not (result.after or "").endswith(", blocked"):
        return ""
    done = [
        at
        for at in oss.writes()
        if oss.log[at].acl == "block" or oss.log[at].word not in UNANSWERED
    ]
    read = done and "read" in [each.operation for each in oss.log[done[0] :]]
    return "" if read else "told as set, and not seen"


def opened(oss: ModelOss) -> str:
    """A write that does anything but close."""
    wrong = [at for at in oss.writes() if oss.log[at].acl not in ("block", PRIVATE)]
    return "something was opened" if wrong else ""


@pytest.mark.parametrize(("way", "there", "well"), CASES, ids=str)
def test_no_script_breaks_a_promise_of_a_way(way: str, there: dict[str, str], well: int) -> None:
    """What is said of the bucket is true, whatever its requests suffer."""
    ends = set()
    for script in scripts():
        words = tuple(reversed(script))
        oss = ModelOss(
            **there,  # type: ignore[arg-type]
            stale_for=STALE_SECONDS,
            script=chain(["ok"] * well, popped(script)),
        )
        result = repair(oss, way, Exemptions())
        ends.add(result.outcome)
        broken = unread_write(oss) or opened(oss) or untrue(oss, result) or unproved(oss, result)
        assert not broken, (broken, words, result, oss.log, oss.history)
    assert "repaired" in ends


@pytest.mark.parametrize("way", WAYS)
def test_no_script_has_an_exempt_bucket_blocked(way: str) -> None:
    """Nor written to at all, as its ACL is no more open than it may be."""
    for script in scripts():
        oss = ModelOss("public-read", policy=True, script=popped(script))
        repair(oss, way, EXEMPT["public-read-write"])
        assert not [at for at in oss.writes() if oss.log[at].word not in FAILURES]
