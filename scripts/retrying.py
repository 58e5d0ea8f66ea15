"""Trying again what failed for a reason that passes: throttling, an overload, no answer."""

import time
from collections.abc import Callable
from typing import TypeVar

from resource_repair.timing import backoff
from scripts.clients import CloudError

_TRIES = 6
_FIRST, _MOST = 0.2, 10.0  # seconds between two tries
_NOT_FOUND = 404

Result = TypeVar("Result")


def patiently(call: Callable[[], Result], *, after_making: bool = False) -> Result:
    """What `call` gives, tried a few times; it must be fit to be repeated.

    With `after_making`, what is not there may have been made a moment ago, and is waited for too.
    Raises the CloudError of the last try, and at once one that no waiting helps.
    """
    waits = backoff(_FIRST, _MOST)
    for _ in range(_TRIES - 1):
        try:
            return call()
        except CloudError as error:
            if not (error.passes or (after_making and error.status == _NOT_FOUND)):
                raise
        time.sleep(next(waits))
    return call()
