"""A request to Log Service, as the operations get it."""

import json
from dataclasses import dataclass
from typing import Any

from scripts.localcloud.http import Request
from scripts.localcloud.log.errors import invalid

Answer = Any
"""A JSON document, or None for no body."""

DEFAULT_PAGE = 100
_LARGEST_PAGE = 500


@dataclass(frozen=True)
class Call:
    """A request: the project in its host, what its path names, and what it carries.

    `store` is the log store or, of a record, the resource; `subject` the alert, or the record.
    """

    request: Request
    region: str
    project: str
    store: str
    subject: str = ""

    def fields(self) -> dict[str, Any]:
        """The body's JSON object. Raises LogError."""
        fields = parsed(self.request.body or b"{}")
        if not isinstance(fields, dict):
            raise invalid("The body is not valid json string")
        return fields

    def page(self, found: list[Any], default: int = DEFAULT_PAGE) -> list[Any]:
        """The part of a list that `offset` and `size` ask for. Raises LogError."""
        params = self.request.params
        offset = number(params.get("offset"), 0)
        size = number(params.get("size"), default)
        if offset < 0 or not 0 <= size <= _LARGEST_PAGE:
            raise invalid(f"offset must not be negative, and size 0 to {_LARGEST_PAGE}")
        return found[offset : offset + size]


def parsed(text: str | bytes) -> Any:
    """What JSON says. Raises LogError."""
    try:
        return json.loads(text)
    except ValueError:
        raise invalid("The body is not valid json string") from None


def number(value: object, default: int | None = None) -> int:
    """An integer, as a number or as text. Raises LogError."""
    try:
        return int(str(default if value is None else value))
    except ValueError:
        raise invalid(f"{value} is not an integer") from None
