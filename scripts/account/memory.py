"""What a run has read while it looks around: each thing once.

A verb looks, decides, and only then acts. While it looks, what was read is remembered; from the
first moment of acting on, each read is a request of its own, so that what is written to was read
just before.
"""

import functools
import json
import threading
from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

from scripts.account import no_answer

_T = TypeVar("_T")

_READS = ("get_", "list_")  # how the SDKs name what changes nothing
_SEARCHES = {"get_logs_v2"}  # an answer may be incomplete: it is asked for again
_GIVEN_UP = "_resource_repair_given_up"  # on an SDK's error: its host is asked no more
_SILENCES = 3  # so often in a row a host that takes calls may give no answer


class Memory:
    """Remembers what was read, between `look` and `act`; else nothing. For several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: dict[Hashable, _Answer[Any]] | None = None
        self._silent: dict[Hashable, list[Exception]] = {}

    def look(self) -> None:
        """From now on each thing is read once."""
        with self._lock:
            self._answers = {}
            self._silent = {}

    def act(self) -> None:
        """From now on each read is a request; what was remembered is forgotten."""
        with self._lock:
            self._answers = None
            self._silent = {}

    def once(self, key: Hashable, read: Callable[[], _T]) -> _T:
        """What `read` gives, or what it gave for that key; what it raises is not remembered."""
        with self._lock:
            if self._answers is None:
                answer = _Answer[_T]()
            else:
                answer = self._answers.setdefault(key, _Answer[_T]())
        return answer.given(read)

    def heard(self, host: Hashable, ask: Callable[[], _T]) -> _T:
        """What `ask` gives; while looking, a silent host, or a client of it, is asked no more."""
        if self._answers is None:
            return ask()
        silences = self._silent.setdefault(host, [])
        for last in silences[-1:]:  # another thread may empty it
            if given_up(last):
                raise last
        try:
            given = ask()
        except Exception as error:
            if no_answer.is_silence(error):
                silences.append(error)
                if not no_answer.of(error).reached or len(silences) >= _SILENCES:
                    setattr(error, _GIVEN_UP, True)
            raise
        silences.clear()
        return given

    def watched(self, client: Any) -> Any:
        """An SDK's client whose reads are remembered, and whose writes are the end of looking."""
        return _Watched(client, self)


def given_up(error: Exception) -> bool:
    """Whether the host that gave no answer, as this error tells, is asked no more."""
    return getattr(error, _GIVEN_UP, False)


class _Answer(Generic[_T]):
    """What one read gives, had by whoever comes first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: list[_T] = []

    def given(self, read: Callable[[], _T]) -> _T:
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
            ask = functools.partial(method, *arguments)
            heard = functools.partial(self._memory.heard, id(self._client), ask)
            if name in _SEARCHES:
                return heard()
            return self._memory.once((id(self._client), name, *map(_written, arguments)), heard)

        return call


def _written(argument: Any) -> str:
    """An argument, a text or an SDK's request, as text: the same for what asks for the same."""
    told = argument.to_map() if hasattr(argument, "to_map") else argument
    return json.dumps(told, sort_keys=True, default=str)
