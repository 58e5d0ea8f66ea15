"""What the operations of MNS's XML interface have in common."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias
from xml.etree import ElementTree as ET

from scripts.localcloud.http import Request, Response
from scripts.localcloud.mns import xml
from scripts.localcloud.mns.attributes import number

_LONGEST_PAGE = 1000


@dataclass(frozen=True)
class Call:
    """One authorized request, `/topics/<name>…` or `/queues/<name>…`."""

    request: Request

    @property
    def name(self) -> str:
        """The topic's or queue's name."""
        return self.request.segments[1]

    @property
    def subscription(self) -> str:
        """The subscription's name."""
        return self.request.segments[3]

    @cached_property
    def params(self) -> dict[str, str]:
        """The query, by lower-case names: clients differ."""
        return {name.lower(): value for name, value in self.request.params.items()}

    @cached_property
    def body(self) -> ET.Element:
        """The body's root element; raises ApiError for what is not XML."""
        return xml.parse(self.request.body)

    @cached_property
    def fields(self) -> dict[str, str]:
        """The texts of the body's elements."""
        return xml.fields(self.body)

    def url(self, path: str = "") -> str:
        """The absolute URL of `path`, of what the request is about by default."""
        return f"http://{self.request.headers.get('Host')}{path or self.request.path}"

    def created(self, *, new: bool) -> Response:
        """The answer to a creation; "no content" if there was just such a one already."""
        return Response(201 if new else 204, headers={"Location": self.url()})


Perform: TypeAlias = Callable[[Call], Response]


@dataclass(frozen=True)
class Page:
    """One page of a list of names, and where the next begins."""

    names: list[str]
    next_marker: str

    @property
    def extra(self) -> Mapping[str, str]:
        """The answer's field for the next page, if there is one."""
        return {"NextMarker": self.next_marker} if self.next_marker else {}


def page(names: list[str], request: Request) -> Page:
    """The part of the sorted `names` that a list request asks for."""
    headers = request.headers
    size = number(headers, "x-mns-ret-number", _LONGEST_PAGE)
    wanted = [
        name
        for name in names
        if name.startswith(headers.get("x-mns-prefix")) and name >= headers.get("x-mns-marker")
    ]
    return Page(wanted[:size], "".join(wanted[size : size + 1]))
