"""How an invocation ends: with an answer, or with an error that Function Compute retries and keeps.

Only a raised exception counts as a failure there: a returned string, whatever it says, is success
(Function Compute, "Asynchronous invocation").
"""

from typing import List, Sequence

from resource_repair.values import UNREADABLE, Outcome

SUCCESS = "success"
FAIL = "fail"

_LONGEST = 4096  # bytes; the failure queue takes 64 KB, the message itself included


class UnsettledFindingsError(Exception):
    """Findings that are not settled: named one by one, for whoever reads the failure queue."""


def settle(outcomes: Sequence[Outcome]) -> str:
    """'success' if everything is settled or told, 'fail' if nothing could be read nor is ours.

    Raises UnsettledFindingsError otherwise; its text has at most 4 KB and is plain ASCII.
    """
    unsettled = [each for each in outcomes if each.unsettled]
    if unsettled:
        raise UnsettledFindingsError(_describe(unsettled))
    return SUCCESS if any(each.outcome != UNREADABLE for each in outcomes) else FAIL


def _describe(unsettled: List[Outcome]) -> str:
    lines = [f"{len(unsettled)} not settled"]
    room = _LONGEST - 64  # the first line, and the last one
    for done, each in enumerate(unsettled):
        line = _plain(f"{each.bucket or '(no bucket)'}: {each.outcome}, {each.reason}")[:400]
        if len(line) > room:
            lines.append(f"and {len(unsettled) - done} more; see the audit lines")
            break
        lines.append(line)
        room -= len(line) + 2
    return "; ".join(lines)


def _plain(text: str) -> str:
    """The text with its backslashes, and all that is not printed or no ASCII, as escapes."""
    return text.encode("unicode_escape").decode("ascii")
