"""The fields in a request's body: read, and refused by name where the operation takes none such."""

import json
from collections.abc import Collection, Iterator
from typing import Any

from ...http import Request
from ...table import Row
from ..errors import FcError, invalid
from .table import AS_IT_IS


def read_fields(row: Row, request: Request, *, config_as_text: bool) -> dict[str, Any]:
    """The body's JSON object. Raises FcError, also for a name that the row does not take."""
    if row.fields == AS_IT_IS:
        return {}
    fields = _object(request.body or b"{}", "the body")
    if config_as_text and fields.get("triggerConfig") is not None:
        if not isinstance(fields["triggerConfig"], str):
            raise invalid("triggerConfig must be JSON in a string")  # guessed
        fields["triggerConfig"] = _object(fields["triggerConfig"], "triggerConfig")
    if names := ", ".join(sorted(_unknown(fields, "", row.fields))):
        raise FcError(
            "NotImplemented",
            f"The local cloud does not know this: in the body of {row.name}: {names}",
        )
    return fields


def _object(text: str | bytes, what: str) -> dict[str, Any]:
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise invalid(f"{what} is not JSON") from error
    if not isinstance(fields, dict):
        raise invalid(f"{what} must be a JSON object")
    return fields


def _unknown(value: object, at: str, known: Collection[str]) -> Iterator[str]:
    """The names below `at` that are not known; where none is known, any may be."""
    inner = value if isinstance(value, list) else [value]
    if at and not any(name.startswith(f"{at}.") for name in known):
        return
    for each in inner:
        for name, below in each.items() if isinstance(each, dict) else ():
            full = f"{at}.{name}" if at else name
            if full not in known:
                yield full
            else:
                yield from _unknown(below, full, known)
