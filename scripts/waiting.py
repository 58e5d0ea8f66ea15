"""Waiting for what takes the cloud minutes: with progress, to an end, and through bad moments."""

import time
from collections.abc import Callable
from typing import NamedTuple

from resource_repair.timing import backoff
from scripts.clients import CloudError
from scripts.console import Console

TIMEOUT = 1200.0  # seconds; Cloud Config takes up to ten minutes to notice a change

_FIRST, _MOST = 0.1, 10.0  # seconds between two looks: a local cloud's waits are compressed
_HEARTBEAT = 60.0


class Progress(NamedTuple):
    """What a look has shown, in words, and whether that ends the waiting."""

    words: str
    done: bool


def wait(look: Callable[[], Progress], console: Console, timeout: float) -> bool:
    """Look until a look is done; False if none is within `timeout` seconds.

    Says what changed, and each minute that it still waits. A look that fails for a reason that
    passes (throttling, no answer) is taken again; another CloudError is raised.
    """
    started = time.monotonic()
    waits = backoff(_FIRST, _MOST)
    said, said_at = "", 0.0
    while True:
        progress = _patiently(look)
        elapsed = time.monotonic() - started
        if progress.words != said or elapsed - said_at > _HEARTBEAT:
            console.say(f"{elapsed:6.1f} s  {progress.words}")
            said, said_at = progress.words, elapsed
        if progress.done:
            return True
        if elapsed >= timeout:
            return False
        time.sleep(min(next(waits), timeout - elapsed))


def _patiently(look: Callable[[], Progress]) -> Progress:
    try:
        return look()
    except CloudError as error:
        if not error.passes:
            raise
        return Progress(f"{error.operation} is not answered just now ({error.code})", done=False)
