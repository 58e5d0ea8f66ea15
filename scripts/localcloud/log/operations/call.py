"""A request to Log Service, as the operations get it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from ...http import Request
from ..errors import LogError, invalid

Answer = Any
"""A JSON document, or None for no body; or one with headers of its own."""

DEFAULT_PAGE = 100
_LARGEST_PAGE = 500


class Headed(NamedTuple):
    """A JSON document, and headers beside it."""

    document: Any
    headers: dict[str, str]


@dataclass(frozen=True)
class Call:
    """A request: what its host and its path name, and the JSON object in its body."""

    request: Request
    region: str
    names: Mapping[str, str]
    fields: dict[str, Any]

    @property
    def project(self) -> str:
        """The project's name."""
        return self.names["project"]

    @property
    def store(self) -> str:
        """The log store's name."""
        return self.names["store"]

    @property
    def alert(self) -> str:
        """The alert's name."""
        return self.names["alert"]

    @property
    def resource(self) -> str:
        """The name of what a record is of."""
        return self.names["resource"]

    def page(self, found: list[Any], default: int = DEFAULT_PAGE) -> list[Any]:
        """The part of a list that `offset` and `size` ask for. Raises LogError."""
        params = self.request.params
        offset = number(params.get("offset"), 0)
        size = number(params.get("size"), default)
        if offset < 0 or not 0 <= size <= _LARGEST_PAGE:
            raise invalid(f"offset must not be negative, and size 0 to {_LARGEST_PAGE}")
        return found[offset : offset + size]


def fields_of(body: bytes) -> dict[str, Any]:
    """The JSON object in a body; raises LogError for what is none."""
    fields = parsed(body or b"{}")
    if not isinstance(fields, dict):
        raise _no_json()
    return fields


def parsed(text: str | bytes) -> Any:
    """What JSON says. Raises LogError."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise _no_json() from None


def number(value: object, default: int | None = None) -> int:
    """An integer, as a number or as text. Raises LogError."""
    try:
        return int(str(default if value is None else value))
    except ValueError:
        raise invalid(f"{value} is not an integer") from None


def _no_json() -> LogError:
    return LogError("PostBodyInvalid", "The request body is not valid JSON object.")
