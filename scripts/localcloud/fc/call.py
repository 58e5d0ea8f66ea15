"""A request to Function Compute, understood, and the answer to it."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ..http import Request
from .errors import FcError, invalid
from .resources import LATEST
from .views import View, Views, etag

_DEFAULT_LIMIT = 20
_HIGHEST_LIMIT = 100

_R = TypeVar("_R")


@dataclass(frozen=True)
class Call:
    """A request: what it names, its body's fields, and how its version of the API shows things.

    `packages` is the URL below which code packages can be had.
    """

    request: Request
    request_id: str
    names: Mapping[str, str]
    fields: dict[str, Any]
    packages: str
    views: Views

    @property
    def service(self) -> str:
        """The service's name; what follows a dot in the path is the qualifier.

        Where there are no services, that of a function called `service$function`, or nothing.
        """
        if "service" in self.names:
            return self.names["service"].partition(".")[0]
        return self.names.get("function", "").rpartition("$")[0]

    @property
    def function(self) -> str:
        """The function's name."""
        return self.names["function"].rpartition("$")[2]

    @property
    def trigger(self) -> str:
        """The trigger's name."""
        return self.names["trigger"]

    @property
    def qualifier(self) -> str:
        """The version or alias of the service that is meant."""
        in_path = self.names.get("service", "").partition(".")[2]
        return self.request.params.get("qualifier") or in_path or LATEST

    def check_qualifier(self) -> None:
        """Raises FcError for any version but the latest: no other is ever published here."""
        qualifier = self.qualifier
        if qualifier != LATEST:
            code = "VersionNotFound" if qualifier.isdigit() else "AliasNotFound"
            whose = f"service '{self.service}'" if self.service else f"function '{self.function}'"
            raise FcError(code, f"{whose} has no '{qualifier}'")

    def matching(self, view: Callable[[_R], View]) -> Callable[[_R], None]:
        """What raises FcError for a resource in another state than is meant (If-Match).

        `view` is how the API shows it.
        """

        def check(resource: _R) -> None:
            if self.request.headers.get("If-Match") not in ("", etag(view(resource))):
                raise FcError("PreconditionFailed", "the resource has another ETag by now")

        return check

    def choice(self, header: str, *choices: str) -> str:
        """What a header of few values says, in lower case; the first of them if it is not there.

        Raises FcError for another value.
        """
        said = self.request.headers.get(header).lower() or choices[0]
        if said not in choices:
            raise invalid(f"{header} must be one of {', '.join(choices)}, not '{said}'")
        return said


@dataclass(frozen=True)
class Answer:
    """What an operation gives."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


NOTHING = Answer(status=204)


def shown(view: View) -> Answer:
    """A resource, with the tag of its state."""
    return Answer(json.dumps(view).encode(), headers={"Etag": etag(view)})


def listed(call: Call, field_name: str, key: str, views: Sequence[View]) -> Answer:
    """The part of a list, sorted by `key`, that the request asks for. Raises FcError."""
    params = call.request.params
    start = params.get("nextToken") or params.get("startKey") or ""
    limit = params.get("limit") or str(_DEFAULT_LIMIT)
    if not limit.isdecimal() or not 1 <= int(limit) <= _HIGHEST_LIMIT:
        raise invalid(f"limit must be 1 to {_HIGHEST_LIMIT}, not '{limit}'")
    wanted = [v for v in views if v[key].startswith(params.get("prefix", "")) and v[key] >= start]
    page, rest = wanted[: int(limit)], wanted[int(limit) :]
    body = {field_name: page, "nextToken": rest[0][key] if rest else ""}
    return Answer(json.dumps(body).encode())
