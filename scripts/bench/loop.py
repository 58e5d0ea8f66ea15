"""How long the closed loop takes on the embedded local cloud, from a bucket's change to compliant.

The product's part (the function, from the finding's delivery to the audit line) is real. Cloud
Config's and the topic's waits are the local cloud's, compressed: what a real account adds to it is
Alibaba Cloud's own.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from scripts.bench.figures import Spread, spread
from scripts.errors import Problem
from scripts.localcloud import LocalCloud
from scripts.localcloud.journal import Entry
from scripts.stage.stage import Stage, set_up

TIME_SCALE = 0.02  # as in the demo
_PATIENCE = 60  # seconds


class Turn(NamedTuple):
    """Seconds from the change to the end of the invocation, and to the compliant evaluation."""

    repaired: float
    compliant: float


class LoopTimes(NamedTuple):
    """The first turn, with a cold instance, and the spread of those after it."""

    cold: Turn
    repaired: Spread
    compliant: Spread


def measure(archive: Path, turns: int, progress: Callable[[str], None]) -> LoopTimes:
    """Open buckets one after another, and wait for each to be compliant again.

    `archive` is the bundle's zip. Raises Problem if the loop does not close.
    """
    with LocalCloud(time_scale=TIME_SCALE) as cloud:
        stage = set_up(cloud, archive)
        taken = []
        for turn in range(1 + turns):
            progress(f"the closed loop: {turn + 1} of {1 + turns}")
            taken.append(_turn(stage, f"bench-loop-{turn}"))
    cold, *warm = taken
    return LoopTimes(
        cold,
        spread([turn.repaired for turn in warm]),
        spread([turn.compliant for turn in warm]),
    )


def _turn(stage: Stage, name: str) -> Turn:
    journal = stage.cloud.journal
    bucket = stage.bucket(name)
    bucket.create_bucket()
    stage.wait_idle(_PATIENCE)
    seen = len(journal.entries())
    bucket.put_bucket_acl("public-read")

    def closed(entries: list[Entry]) -> bool:
        return _compliant(entries[seen:], name) is not None

    if not journal.wait_for(closed, _PATIENCE):
        raise Problem(f"{name} was not compliant again within {_PATIENCE} s")
    stage.wait_idle(_PATIENCE)
    entries = journal.entries()[seen:]
    change = next(e.at for e in entries if (e.action, e.subject) == ("PutBucketAcl", name))
    repaired = next(e.at for e in entries if (e.service, e.action) == ("fc", "invoked"))
    compliant = _compliant(entries, name)
    assert compliant  # noqa: S101  (waited for above)
    return Turn(repaired - change, compliant.at - change)


def _compliant(entries: list[Entry], bucket: str) -> Entry | None:
    """The evaluation that found the bucket compliant after one that did not."""
    results = [
        entry
        for entry in entries
        if (entry.service, entry.action, entry.subject) == ("config", "evaluated", bucket)
    ]
    bad = [entry.details["compliance"] != "COMPLIANT" for entry in results]
    after = results[bad.index(True) + 1 :] if True in bad else []
    return next((entry for entry in after if entry.details["compliance"] == "COMPLIANT"), None)
