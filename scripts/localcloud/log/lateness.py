"""How late it shows over the wire that something was made, or deleted.

Counted in the requests that name it or list it, so that the same requests give the same answers.
"""

import threading
from collections.abc import Callable

from ..rewinding import Rewindable


class Lateness(Rewindable):
    """What is not seen yet, and what is still seen: projects, and log stores as `project/store`.

    `new` is how many requests do not see what was just made (up to two minutes on an account), and
    `deleted` how many still see what was deleted, and cannot make it anew. `delete` takes it away
    in the end.
    """

    def __init__(self, delete: Callable[[str], None]) -> None:
        self.new = 2
        self.deleted = 2
        self._delete = delete
        self._lock = threading.Lock()
        self._unseen: dict[str, int] = {}
        self._going: dict[str, int] = {}

    def made(self, name: str) -> None:
        """Something was made over the wire."""
        with self._lock:
            if self.new:
                self._unseen[name] = self.new

    def delete(self, name: str) -> None:
        """Delete something, or begin to."""
        with self._lock:
            if self.deleted:
                self._going.setdefault(name, self.deleted)
                return
        self._delete(name)

    def sees(self, name: str) -> bool:
        """Whether a request sees it, if it is there; each call is one request."""
        with self._lock:
            if _count_down(self._unseen, name):
                return False
            if name not in self._going or _count_down(self._going, name):
                return True
        self._delete(name)
        return False

    def end(self) -> None:
        """All is seen, or gone, from now on, as when minutes have passed."""
        with self._lock:
            self._unseen.clear()
            going = list(self._going)
        for name in going:
            self._delete(name)

    def forget(self, name: str) -> None:
        """It is gone, and what is in it too."""
        with self._lock:
            for waiting in (self._unseen, self._going):
                for each in [
                    each for each in waiting if each == name or each.startswith(f"{name}/")
                ]:
                    del waiting[each]


def _count_down(waiting: dict[str, int], name: str) -> bool:
    """Whether one more request has to wait; nobody is waited for twice."""
    left = waiting.get(name, 0)
    if left:
        waiting[name] = left - 1
    return left > 0
