"""Time in the local cloud: the real hour, but waits that can be compressed."""

import threading
import time

from .rewinding import Memory, Rewindable

_LOOK_UP_SECONDS = 0.05  # how soon somebody who waits for something else notices the end


class Clock(Rewindable):
    """The cloud's own clock.

    `now` is the real time (signatures are checked against it) plus what `advance` added, so a test
    can let credentials expire without waiting. `wait` is for the cloud's own delays (a retry's
    interval, an evaluation's lag): it is multiplied by `scale` and ends early when the cloud stops.
    """

    def __init__(self, scale: float = 1.0) -> None:
        self.scale = scale
        self._offset = 0.0
        self._stopped = threading.Event()

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time() + self._offset

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass at once for whoever asks the time."""
        self._offset += seconds

    def wait(self, seconds: float, cut: threading.Event | None = None) -> bool:
        """Wait `seconds` of cloud time; False if the cloud stopped before they had passed.

        With `cut` they have passed when that is set, which whoever stops the cloud sets too.
        """
        (cut or self._stopped).wait(seconds * self.scale)
        return not self.stopped

    def hold(self, seconds: float) -> bool:
        """Wait as `wait` does, but real seconds: for what a client's own timeouts must notice."""
        return not self._stopped.wait(seconds)

    def hold_until(self, event: threading.Event) -> None:
        """Wait for `event`, however long it takes, unless the cloud stops."""
        while not self._stopped.is_set() and not event.wait(_LOOK_UP_SECONDS):
            pass

    def stop(self) -> None:
        """End every wait, now and later."""
        self._stopped.set()

    def rollback(self, memory: Memory) -> None:
        """Show the time of then, but for the real time since, and let waits last again."""
        super().rollback(memory)
        self._stopped.clear()

    @property
    def stopped(self) -> bool:
        """Whether the cloud is shutting down."""
        return self._stopped.is_set()
