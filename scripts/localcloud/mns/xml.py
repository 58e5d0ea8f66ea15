"""The XML that MNS's own interface speaks: flat elements, one namespace."""

import re
from collections.abc import Iterable, Mapping
from xml.etree import ElementTree as ET

from ..http import Response
from ..service import ApiError

NAMESPACE = "http://mns.aliyuncs.com/doc/v1/"

_DEEPEST = 5  # more than any body has

Fields = Mapping[str, object]


def parse(body: bytes) -> ET.Element:
    """The root of a request's body; one without children for an empty body. Raises ApiError."""
    if not body:
        return ET.Element("Empty")
    try:
        return ET.fromstring(body)  # noqa: S314  (from a client that signed it, on loopback)
    except (ET.ParseError, ValueError, LookupError) as error:  # the latter of its encoding
        message = f"The XML you provided was not well-formed: {error}."
        raise ApiError(400, "MalformedXML", message) from None


def fields(element: ET.Element) -> dict[str, str]:
    """The texts of an element's children by local name."""
    return {local_name(child): child.text or "" for child in element}


def child(element: ET.Element, name: str) -> ET.Element | None:
    """The child of this local name, if there is one."""
    return next((found for found in element if local_name(found) == name), None)


def paths(root: ET.Element) -> set[str]:
    """The names of all elements, each after those that it is in: `Queue/DelaySeconds`."""
    found = set()
    left = [("", root)]
    while left:
        outer, element = left.pop()
        path = f"{outer}{local_name(element)}"
        if path.count("/") < _DEEPEST:
            left += [(f"{path}/", each) for each in element]
        found.add(path)
    return found


def local_name(element: ET.Element) -> str:
    """An element's name without its namespace."""
    return element.tag.rpartition("}")[2]


def root(body: bytes) -> str:
    """The name of a body's root element; empty if there is none."""
    found = re.search(rb"<(?:[\w.-]+:)?([A-Za-z][\w.-]*)", body)
    return found[1].decode() if found else ""


def answer(status: int, root: str, content: Fields, **headers: str) -> Response:
    """An answer with one flat element."""
    return _response(status, _element(root, content), headers)


def listing(status: int, root: str, item: str, items: Iterable[Fields], extra: Fields) -> Response:
    """An answer with a list of flat elements, and further fields beside them."""
    element = _element(root, extra)
    element.extend(_element(item, content) for content in items)
    return _response(status, element, {})


def _element(name: str, content: Fields) -> ET.Element:
    """Flat, but for a message's properties."""
    element = ET.Element(name)
    for key, value in content.items():
        child = ET.SubElement(element, key)
        if isinstance(value, tuple):
            child.extend(_element("PropertyValue", each) for each in value)
        else:
            child.text = str(value)
    return element


def _response(status: int, root: ET.Element, headers: Mapping[str, str]) -> Response:
    root.set("xmlns", NAMESPACE)
    body: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return Response(status, body, {"Content-Type": "text/xml;charset=utf-8", **headers})
