"""No work at all: what the interpreter and the runner cost by themselves."""

from typing import Any


def handler(event: bytes, context: Any) -> str:  # noqa: ARG001
    """Do nothing."""
    return "success"
