"""How a suite tells what passes: a line a call, for the runner to compare.

What was just made is not seen by all at once, as on an account: a `patient` call looks again.
"""

from collections.abc import Callable
from typing import Any

_LOOKS = 20


def call(
    name: str,
    ask: Callable[[], Any],
    holds: Callable[[Any], bool] = lambda _: True,
    *,
    patient: bool = False,
) -> Any:
    """Make a call, and say whether it is answered as it should be; its answer, None if not."""
    why = ""
    for _ in range(_LOOKS if patient else 1):
        try:
            answer = ask()
            if holds(answer):
                print("pass", name, flush=True)
                return answer
            why = repr(getattr(answer, "__dict__", answer))
        except Exception as error:  # whatever an SDK raises
            why = repr(error)
    print("FAIL", name, "-", why.replace("\n", " ")[:300], flush=True)
    return None


def refused(name: str, ask: Callable[[], Any], code: str, *, patient: bool = False) -> None:
    """Make a call that is to be refused with a service's error code."""

    def attempt() -> str:
        try:
            ask()
        except Exception as error:
            return f"{error!r} {vars(error)}"
        return "not refused"

    call(name, attempt, lambda said: code in said, patient=patient)
