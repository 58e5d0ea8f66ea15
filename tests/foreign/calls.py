"""How a suite tells what passes: a line a call, for the runner to compare."""

from collections.abc import Callable
from typing import Any


def call(name: str, ask: Callable[[], Any], holds: Callable[[Any], bool] = lambda _: True) -> Any:
    """Make a call, and say whether it is answered as it should be; its answer, None if not."""
    try:
        answer = ask()
        if not holds(answer):
            raise AssertionError(getattr(answer, "__dict__", answer))
    except Exception as error:  # whatever an SDK raises
        print("FAIL", name, "-", repr(error).replace("\n", " ")[:300], flush=True)
        return None
    print("pass", name, flush=True)
    return answer


def refused(name: str, ask: Callable[[], Any], code: str) -> None:
    """Make a call that is to be refused with a service's error code."""

    def attempt() -> str:
        try:
            ask()
        except Exception as error:
            return f"{error!r} {vars(error)}"
        return "not refused"

    call(name, attempt, lambda said: code in said)
