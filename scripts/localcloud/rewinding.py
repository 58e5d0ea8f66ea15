"""Going back: what a part of the cloud holds is remembered, and put back.

A part's state is whatever its attributes hold in plain values: numbers, text, and containers of
those and of the cloud's own records. Its locks, threads and neighbours are machinery, and stay.
"""

import copy
import dataclasses
from typing import Any, NamedTuple

_ATOMS = (str, bytes, int, float, type(None))
_CONTAINERS = (dict, list, set)


class Memory(NamedTuple):
    """What a part held, by the attribute's name, and what the parts held that it consists of."""

    held: dict[str, Any]
    parts: tuple["Memory", ...]


class Rewindable:
    """A part of the cloud that can go back; what works in the background must rest meanwhile."""

    _parts: tuple["Rewindable", ...] = ()

    def snapshot(self) -> Memory:
        """A copy of the state."""
        held = {name: copied(value) for name, value in vars(self).items() if _is_plain(value)}
        return Memory(held, tuple(part.snapshot() for part in self._parts))

    def rollback(self, memory: Memory) -> None:
        """Have the state of `memory` again, which stays good for another time."""
        for name, value in memory.held.items():
            setattr(self, name, copied(value))
        for part, its_own in zip(self._parts, memory.parts, strict=True):
            part.rollback(its_own)


def copied(value: Any) -> Any:
    """A copy that no change of the original reaches; what cannot change is not copied."""
    if isinstance(value, dict):
        fresh = copy.copy(value)  # of the same kind: a defaultdict, a Counter
        for key, each in value.items():
            fresh[key] = copied(each)
        return fresh
    if isinstance(value, list):
        return [copied(each) for each in value]
    if isinstance(value, set):
        return set(value)
    if _is_changeable_record(value):
        fresh = copy.copy(value)
        for name, each in vars(value).items():
            setattr(fresh, name, copied(each))
        return fresh
    return value


def _is_plain(value: object) -> bool:
    if isinstance(value, tuple):
        return all(_is_plain(each) for each in value)
    return isinstance(value, _ATOMS + _CONTAINERS)


def _is_changeable_record(value: object) -> bool:
    parameters = getattr(type(value), "__dataclass_params__", None)
    return dataclasses.is_dataclass(value) and parameters is not None and not parameters.frozen
