"""A value in s.yaml that knows where it stands, so that what is wrong with it can be told."""

import re
from collections.abc import Collection
from typing import NoReturn

from scripts.declared.errors import SpecError
from scripts.declared.variables import Scalar, Tree


class Node:
    """One value; each method reads it as what it should be, or raises SpecError."""

    def __init__(self, value: Tree, at: str) -> None:
        self.value = value
        self.at = at

    def fail(self, problem: str, remedy: str) -> NoReturn:
        """Refuse this value."""
        raise SpecError(self.at, problem, remedy)

    def fields(self, required: Collection[str], optional: Collection[str] = ()) -> "Fields":
        """A mapping with all of `required`, perhaps some of `optional`, and nothing else."""
        fields = self.mapping()
        missing = [name for name in required if name not in fields]
        if missing:
            self.fail(f"has no {', '.join(missing)}", "add what is missing")
        known = {*required, *optional}
        for name, node in fields.items():
            if name not in known:
                node.fail("is not known here", f"correct it or remove it: {sorted(known)} are")
        return Fields(fields)

    def mapping(self) -> "dict[str, Node]":
        """A mapping of text to whatever."""
        if not isinstance(self.value, dict):
            self.fail(f"is {_kind(self.value)}", "it must be a mapping of names to values")
        for key in self.value:
            if not isinstance(key, str):
                self.fail(f"has the key {key!r}", "put it in quotes: keys are text")
        prefix = f"{self.at}." if self.at else ""
        return {key: Node(value, f"{prefix}{key}") for key, value in self.value.items()}

    def items(self) -> "list[Node]":
        """A list of whatever."""
        if not isinstance(self.value, list):
            self.fail(f"is {_kind(self.value)}", "it must be a list")
        return [Node(value, f"{self.at}[{i}]") for i, value in enumerate(self.value)]

    def only(self, what: str) -> "Node":
        """The one item of a list that has one."""
        items = self.items()
        if len(items) != 1:
            self.fail(f"has {len(items)} items", f"there must be exactly one {what}")
        return items[0]

    def text(self, pattern: str = r"(?s).+", form: str = "it must be text, not empty") -> str:
        """Text that matches `pattern` in full; `form` says it in words."""
        if not isinstance(self.value, str):
            self.fail(f"is {_kind(self.value)}, not text", "put it in quotes if it is meant")
        if not re.fullmatch(pattern, self.value):
            self.fail(f"is {self.value!r}", form)
        return self.value

    def one_of(self, *choices: str) -> str:
        """One of these words."""
        if self.value not in choices:
            self.fail(f"is {self.value!r}", f"it must be one of {', '.join(choices)}")
        return str(self.value)

    def boolean(self) -> bool:
        """true or false."""
        if not isinstance(self.value, bool):
            self.fail(f"is {_kind(self.value)}", "it must be true or false, without quotes")
        return self.value

    def whole(self, low: int, high: int, step: int = 1) -> int:
        """A whole number within bounds, in steps."""
        value = self.value
        if not isinstance(value, int) or isinstance(value, bool):
            self.fail(f"is {_kind(value)}", "it must be a whole number, without quotes")
        if not low <= value <= high or value % step:
            steps = f" and a multiple of {step}" if step > 1 else ""
            self.fail(f"is {value}", f"it must be from {low} to {high}{steps}")
        return value


class Fields(dict[str, Node]):
    """The fields of a mapping whose names were checked."""

    def text(self, name: str) -> str:
        """An optional text; the empty text where it is absent."""
        return self[name].text() if name in self else ""


def _kind(value: Tree) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return "empty" if value is None else _scalar(value)


def _scalar(value: Scalar) -> str:
    return f"{type(value).__name__} {value!r}" if not isinstance(value, str) else f"text {value!r}"
