"""What was just made or changed is not seen by others at once: counted in looks, never in time.

    cloud.spreading.looks = 3

The operation that makes or changes a thing says `begin`, the part that comes upon another's thing
asks `misses`: of each thing the next `looks` looks miss it, whoever looks. What is put straight
into a state was always there.
"""

import threading

from .rewinding import Rewindable


class Spreading(Rewindable):
    """How many looks still miss what; a thing is known by its ARN, or a name of its own."""

    def __init__(self, looks: int = 2) -> None:
        self.looks = looks
        self._left: dict[str, int] = {}
        self._lock = threading.Lock()

    def begin(self, thing: str) -> None:
        """A thing was made or changed just now."""
        with self._lock:
            self._left[thing] = self.looks

    def forget(self, thing: str) -> None:
        """It is gone: another one of its name is not missed for it."""
        with self._lock:
            self._left.pop(thing, None)

    def misses(self, thing: str) -> bool:
        """Whether this look of another part misses it still; the look is counted."""
        with self._lock:
            left = self._left.get(thing, 0)
            if left:
                self._left[thing] = left - 1
            return left > 0

    def end(self) -> None:
        """All is seen by everybody from now on, as when minutes have passed."""
        with self._lock:
            self._left.clear()
