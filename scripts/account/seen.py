"""What a run has read while it looks around: each thing once.

A verb looks, decides, and only then acts. While it looks, what was read is remembered; from the
first moment of acting on, each read is a request of its own, so that what is written to was read
just before.
"""

import json
import threading
from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

T = TypeVar("T")

_READS = ("get_", "list_")  # how the SDKs name what changes nothing


class Memory:
    """Remembers what was read, between `look` and `act`; else nothing. For several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: dict[Hashable, _Answer[Any]] | None = None

    def look(self) -> None:
        """From now on each thing is read once."""
        with self._lock:
            self._answers = {}

    def act(self) -> None:
        """From now on each read is a request; what was remembered is forgotten."""
        with self._lock:
            self._answers = None

    def once(self, key: Hashable, read: Callable[[], T]) -> T:
        """What `read` gives, or what it gave for that key; what it raises is not remembered."""
        with self._lock:
            if self._answers is None:
                answer = _Answer[T]()
            else:
                answer = self._answers.setdefault(key, _Answer[T]())
        return answer.given(read)

    def watched(self, client: Any) -> Any:
        """An SDK's client whose reads are remembered, and whose writes are the end of looking."""
        return _Watched(client, self)


class _Answer(Generic[T]):
    """What one read gives, had by whoever comes first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: list[T] = []

    def given(self, read: Callable[[], T]) -> T:
        with self._lock:
            if not self._known:
                self._known.append(read())
            return self._known[0]


class _Watched:
    def __init__(self, client: Any, memory: Memory) -> None:
        self._client = client
        self._memory = memory

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)
        if not callable(method):
            return method

        def call(*arguments: Any) -> Any:
            if not name.startswith(_READS):
                self._memory.act()
            key = (id(self._client), name, *map(_written, arguments))
            return self._memory.once(key, lambda: method(*arguments))

        return call


def _written(argument: Any) -> str:
    """An argument, a text or an SDK's request, as text: the same for what asks for the same."""
    told = argument.to_map() if hasattr(argument, "to_map") else argument
    return json.dumps(told, sort_keys=True, default=str)
