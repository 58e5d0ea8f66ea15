"""The logs of one store: kept as they came, and found by the words that their index knew of them.

They lie in blocks of one index each. What a query means is answered for a whole block at once, from
lists of where each word stands. A block never changes: a snapshot need not copy it.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import TypeAlias

from .index import RESERVED, Index

_BLOCK = 500
_MOST_BLOCKS = 1000  # the oldest go before a store fills the machine
_ANYWHERE = ""  # in place of a field: the index of whole logs

Words = frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Log:
    """A log as it was written: seconds since the epoch, topic, source and named texts.

    `index` is the one that the store had at that time: an index says nothing of older logs.
    `searchable_at` is a moment of the cloud's clock.
    """

    time: int
    topic: str
    source: str
    fields: Mapping[str, str]
    index: Index | None
    searchable_at: float

    def value(self, name: str) -> str | None:
        """The text of a field, the reserved ones included; None if there is no such field."""
        reserved = {"__topic__": self.topic, "__source__": self.source}
        return reserved.get(name, self.fields.get(name))


class Block:
    """Logs of one index, and where in them each word stands; all sets are of places in `logs`."""

    def __init__(self, index: Index | None, logs: Sequence[Log], words: Sequence[Words]) -> None:
        self.index = index
        self.logs = tuple(logs)
        self.all = frozenset(range(len(logs)))
        self._times = (
            min((log.time for log in logs), default=0),
            max((log.time for log in logs), default=0),
            max((log.searchable_at for log in logs), default=0),
        )
        self._places: dict[str, dict[str, list[int]]] = defaultdict(dict)
        for place, of_log in enumerate(words):
            for name, word in of_log:
                self._places[name].setdefault(word, []).append(place)

    def find(self, condition: "Condition", since: float, until: float, now: float) -> list[Log]:
        """The logs of a time that meet a condition and can be searched at `now`, as they came."""
        places = condition(self)
        found = (
            self.logs if len(places) == len(self.logs) else [self.logs[at] for at in sorted(places)]
        )
        first, last, searchable_at = self._times
        if since <= first and last < until and searchable_at <= now:
            return list(found)
        return [log for log in found if since <= log.time < until and log.searchable_at <= now]

    def anywhere(self, words: Sequence[str]) -> frozenset[int]:
        """The logs that have all these words; only for an index of whole logs."""
        return self._having(_ANYWHERE, words)

    def in_field(self, name: str, words: Sequence[str]) -> frozenset[int]:
        """The logs that have the field, and all these words in it."""
        return self._having(name, ("", *words))

    def _having(self, name: str, words: Sequence[str]) -> frozenset[int]:
        found = self.all
        for word in words:
            found = found.intersection(self._with(self._places.get(name, {}), word))
        return found

    def _with(self, there: Mapping[str, list[int]], word: str) -> Sequence[int]:
        """One that ends in * need only begin so."""
        if not word.endswith("*"):
            return there.get(word, [])
        return [at for each, places in there.items() if each.startswith(word[:-1]) for at in places]


Condition: TypeAlias = Callable[[Block], frozenset[int]]


@dataclass
class Logs:
    """All logs of a store, but the oldest where there are too many."""

    _blocks: list[Block] = field(default_factory=list)
    _newest: list[tuple[Log, Words]] = field(default_factory=list)

    def add(self, log: Log) -> None:
        """Keep one more."""
        if self._newest and (
            len(self._newest) == _BLOCK or self._newest[-1][0].index is not log.index
        ):
            self._blocks.append(self._newest_block())
            self._newest.clear()
            del self._blocks[:-_MOST_BLOCKS]
        self._newest.append((log, frozenset(_words(log))))

    def find(self, condition: Condition, since: float, until: float, now: float) -> list[Log]:
        """The logs of a time that meet a condition and can be searched at `now`, oldest first."""
        found: list[Log] = []
        for block in (*self._blocks, self._newest_block()):
            if block.index:
                found += block.find(condition, since, until, now)
        found.sort(key=attrgetter("time"))
        return found

    def _newest_block(self) -> Block:
        index = self._newest[0][0].index if self._newest else None
        return Block(index, [log for log, _ in self._newest], [words for _, words in self._newest])


def _words(log: Log) -> Iterator[tuple[str, str]]:
    """The words that a log's index knows of it, each with its field; an empty one for the field."""
    if log.index is None:
        return
    for name, each in log.fields.items():
        if log.index.line and log.index.in_line(name):
            yield from ((_ANYWHERE, word) for word in log.index.line.split(each))
    for name in (*RESERVED, *log.index.keys):
        value = log.value(name)
        found = log.index.find(name)
        if value is None or found is None:
            continue
        key = found[0]
        inside = _inside(value) if key.kind == "json" else ()
        for path, text in (("", value), *inside):
            if not path or key.inside is None or path in key.inside:
                whole = f"{name}.{path}" if path else name
                yield whole, ""
                yield from ((whole, word) for word in key.words.split(text))


def _inside(text: str) -> Iterator[tuple[str, str]]:
    """All that stands inside a JSON object as text, by its path; nothing for what is none."""
    try:
        ahead = [("", json.loads(text))]
        while ahead:
            at, there = ahead.pop()
            if not isinstance(there, dict):
                continue
            for name, value in there.items():
                path = f"{at}.{name}" if at else name
                yield path, value if isinstance(value, str) else json.dumps(value)
                ahead.append((path, value))
    except (ValueError, RecursionError):
        return
