"""A value that knows where it can be edited, so that what is wrong with it is told there."""

import datetime
import difflib
import re
from collections.abc import Collection, Iterable
from typing import NoReturn, TypeAlias

from scripts.declared.errors import Place, SpecError

Scalar: TypeAlias = "str | int | float | bool | datetime.date | None"
Tree: TypeAlias = "Scalar | list[Tree] | dict[str, Tree]"
Value: TypeAlias = "Scalar | list[Node] | dict[str, Node]"

_LONGEST = 100  # characters of a text that are shown
_SECRET = re.compile("secret|token|password|access_?key", re.IGNORECASE)


class Node:
    """One value; each method reads it as what it should be, or raises SpecError.

    `parts` are the values that a text is put together from. `key` is where its name stands, which
    is elsewhere if a variable or an alias stands for the value.
    """

    def __init__(
        self,
        value: Value,
        place: Place,
        parts: "Iterable[Node]" = (),
        key: Place | None = None,
    ) -> None:
        self.value = value
        self.place = place
        self.parts = tuple(parts)
        self.key = key or place

    def under(self, key: Place) -> "Node":
        """The same under another name."""
        return Node(self.value, self.place, self.parts, key)

    def fail(self, problem: str, remedy: str) -> NoReturn:
        """Refuse this value."""
        raise SpecError(self.place, problem, remedy)

    def refuse(self, remedy: str) -> NoReturn:
        """Refuse this value for what it is, and say what may stand there."""
        told = [f"{each.place.path} ({each.place.where}: {each.shown()})" for each in self.parts]
        self.fail(f"is {self.shown()}{', with ' if told else ''}{' and '.join(told)}", remedy)

    def shown(self) -> str:
        """The value in a few words, but for one that is named like a secret."""
        if any(_SECRET.search(each.place.path) for each in (self, *self.parts)):
            return "a value that is not shown"
        if isinstance(self.value, dict):
            return "a mapping"
        if isinstance(self.value, list):
            return "a list"
        if isinstance(self.value, str):
            more = "..." if len(self.value) > _LONGEST else ""
            return f"{self.value[:_LONGEST]!r}{more}"
        return "empty" if self.value is None else str(self.value).lower()

    def plain(self) -> Tree:
        """The value, and what is in it, without places."""
        if isinstance(self.value, dict):
            return {name: node.plain() for name, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value

    def fields(self, required: Collection[str], optional: Collection[str] = ()) -> "Fields":
        """A mapping with all of `required`, perhaps some of `optional`, and nothing else."""
        fields = self.mapping()
        known = {*required, *optional}
        for name, node in fields.items():
            if name not in known:
                meant = nearest(name, known - set(fields))
                others = f"correct it or remove it, known are {', '.join(sorted(known))}"
                remedy = f"{meant} is perhaps meant" if meant else others
                raise SpecError(node.key, "is not known here", remedy)
        if missing := [name for name in required if name not in fields]:
            self.fail(f"has no {', '.join(missing)}", "add what is missing")
        return Fields(fields)

    def mapping(self) -> "dict[str, Node]":
        """A mapping of text to whatever."""
        if not isinstance(self.value, dict):
            self.refuse("it must be a mapping of names to values")
        return self.value

    def items(self) -> "list[Node]":
        """A list of whatever."""
        if not isinstance(self.value, list):
            self.refuse("it must be a list")
        return self.value

    def only(self, what: str) -> "Node":
        """The one item of a list that has one."""
        items = self.items()
        if len(items) != 1:
            self.fail(f"has {len(items)} items", f"there must be exactly one {what}")
        return items[0]

    def text(self, pattern: str = r"(?s).+", form: str = "it must be text, not empty") -> str:
        """Text that matches `pattern` in full; `form` says it in words."""
        if not isinstance(self.value, str):
            scalar = self.value is not None and not isinstance(self.value, list | dict)
            self.refuse("it must be text, in quotes if this is meant" if scalar else form)
        if not re.fullmatch(pattern, self.value):
            self.refuse(form)
        return self.value

    def one_of(self, *choices: str) -> str:
        """One of these words."""
        if self.value not in choices:
            self.refuse(f"it {'may' if choices[1:] else 'must'} be {' or '.join(choices)}")
        return str(self.value)

    def boolean(self) -> bool:
        """true or false."""
        if not isinstance(self.value, bool):
            self.refuse("it must be true or false, without quotes")
        return self.value

    def text_or_number(self) -> str:
        """Text, perhaps empty, or a whole number, which is text to the client."""
        if isinstance(self.value, int) and not isinstance(self.value, bool):
            return str(self.value)
        return self.text(r"(?s).*", "it must be text or a whole number")

    def whole(self, low: int, high: int, step: int = 1) -> int:
        """A whole number within bounds, in steps."""
        steps = f", in steps of {step}" if step > 1 else ""
        form = f"it must be a whole number from {low} to {high}{steps}, without quotes"
        if not isinstance(self.value, int) or isinstance(self.value, bool):
            self.refuse(form)
        if not low <= self.value <= high or self.value % step:
            self.refuse(form)
        return self.value


class Fields(dict[str, Node]):
    """The fields of a mapping whose names were checked."""

    def text(self, name: str) -> str:
        """An optional text; the empty text where it is absent."""
        return self[name].text() if name in self else ""


def nearest(name: str, names: Iterable[str]) -> str:
    """That of `names` which is perhaps meant by `name`; empty if none is."""
    by_lower = {each.lower(): each for each in sorted(names)}
    found = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=0.75)
    return by_lower[found[0]] if found else ""
