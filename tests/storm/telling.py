"""What a storm comes to: counted, in a row."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tests.storm import checking, truth
from tests.storm.checking import View, Violation
from tests.storm.seeing import Seen

COLUMNS = (
    *("seed", "messages", "repaired", "exempt", "queued", "faults", "verbs"),
    *("violations", "seconds"),
)


class Result(NamedTuple):
    """A storm, judged."""

    violations: Sequence[Violation]
    row: Mapping[str, int]


def judged(
    seen: Seen,
    seed: int,
    counts: Mapping[str, int],
    seconds: float = 0.0,
    problems: Sequence[str] = (),
) -> Result:
    """What was seen, held to every promise; how verbs ended badly is beside these, as 0."""
    view = View(seen)
    promises = (*checking.PROMISES, truth.every_word_true)
    violations = [Violation(0, problem) for problem in problems]
    violations += [found for promise in promises for found in promise(view)]
    said = outcomes(seen)
    row = {
        "seed": seed,
        "messages": len(seen.delivered),
        "repaired": said["repaired"],
        "exempt": said["exempt"],
        "queued": sum(not job.succeeded and not job.undelivered for job in seen.jobs),
        "faults": counts["faults"],
        "verbs": counts["verbs"],
        "violations": len(violations),
        "seconds": round(seconds),
    }
    return Result(violations, row)


def outcomes(seen: Seen) -> Counter[str]:
    """How often each was said."""
    return Counter(line["outcome"] for run in seen.runs for line in run.lines)


def line(row: Mapping[str, object]) -> str:
    """A row of the table."""
    return "  ".join(f"{row[name]!s:>{len(name)}}" for name in COLUMNS)
