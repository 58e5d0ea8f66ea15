"""What provision and remove know of a thing around the function, beyond reading and making it."""

import contextlib
import re
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from scripts.apply.model import Resource
from scripts.clients import CloudError, calling


class Removable(Protocol):
    """Something that may be taken away again; its calls raise CloudError."""

    kind: str
    name: str

    def there(self) -> bool:
        """Whether it is there at all."""
        ...

    def stays(self) -> str:
        """Why it must not be taken away, being there, in words; empty if it is ours alone."""
        ...

    def delete(self) -> None:
        """Take it away; one that is gone already is no error."""
        ...


class Surrounding(Resource, Protocol):
    """A thing around the function, which provision makes or adopts."""

    def obstacle(self) -> str:
        """Why it cannot be had as declared, and what to do about it, in a line; else empty."""
        ...


def find(operation: str, subject: str, call: Callable[[], Any]) -> Any:
    """What `call` reads by an SDK, or None where the service says that there is no such thing."""
    try:
        with calling(operation, subject):
            return call().body
    except CloudError as error:
        if error.status == 404:  # noqa: PLR2004  (it is what it is called everywhere)
            return None
        raise


@contextlib.contextmanager
def creating(operation: str, subject: str) -> Iterator[None]:
    """As `calling`; what is there already, since another run was faster, is adopted."""
    with _tolerating(r"(?<!Not)Exists?\b", operation, subject):
        yield


@contextlib.contextmanager
def deleting(operation: str, subject: str) -> Iterator[None]:
    """As `calling`; what is gone already is no error."""
    with _tolerating(r"NotExists?\b|NotFound\b", operation, subject):
        yield


@contextlib.contextmanager
def _tolerating(codes: str, operation: str, subject: str) -> Iterator[None]:
    try:
        with calling(operation, subject):
            yield
    except CloudError as error:
        if not re.search(codes, error.code):
            raise
