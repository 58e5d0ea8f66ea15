"""Trying again what failed for a reason that passes: throttling, an overload, no answer."""

import itertools
import time
from collections.abc import Callable
from typing import TypeVar

from resource_repair.timing import backoff
from scripts.clients import CloudError
from scripts.console import aside

WITHIN = 60.0  # seconds

_TRIES = 6
_FIRST, _MOST = 0.2, 10.0  # seconds between two tries

Result = TypeVar("Result")


def patiently(
    call: Callable[[], Result], *, after_making: bool = False, within: float = WITHIN
) -> Result:
    """What `call` gives, tried a few times; it must be fit to be repeated.

    Each further try is told in a line on stderr, and none begins after `within` seconds. With
    `after_making`, what is not there may have been made a moment ago, and is waited for too.
    Raises the CloudError of the last try, and at once one that no waiting helps.
    """
    end = time.monotonic() + within
    for wait in itertools.islice(backoff(_FIRST, _MOST), _TRIES - 1):
        try:
            return call()
        except CloudError as error:
            helps = error.passes or (after_making and error.not_there)
            if not helps or time.monotonic() + wait > end:
                raise
            aside(
                f"{error.operation} on {error.subject} {_how(error)}; trying again in {wait:.1f} s"
            )
        time.sleep(wait)
    return call()


def _how(error: CloudError) -> str:
    if error.unanswered:
        return "gave no answer"
    if error.not_there:
        return f"finds nothing yet ({error.code})"
    return f"is refused for now ({error.code})"
