"""XML as OSS writes and reads it."""

import re
from collections.abc import Collection, Mapping, Sequence
from xml.etree import ElementTree

from ..http import Response
from ..table import unknown
from . import errors

# The content of an element: text, or elements by name; a list repeats the element.
Content = str | Mapping[str, "Content | Sequence[Content]"]

_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def answer(root: str, content: Content) -> Response:
    """A document as an answer."""
    return Response(200, write(root, content), {"Content-Type": "application/xml"})


def write(name: str, content: Content) -> bytes:
    """A document whose root element is `name`; what XML cannot hold becomes U+FFFD."""
    document: bytes = ElementTree.tostring(_element(name, content), "UTF-8", xml_declaration=True)
    return document


def read(body: bytes, root: str, known: Collection[str]) -> ElementTree.Element:
    """The root of a document, which must be called `root` and hold elements of `known` names.

    Raises ApiError: MalformedXML, and NotImplemented for another element.
    """
    try:
        element = ElementTree.fromstring(body)  # noqa: S314  (only loopback's own clients ask)
    except ElementTree.ParseError as error:
        raise errors.malformed_xml() from error
    if element.tag != root:
        raise errors.malformed_xml()
    if names := unknown({each.tag for each in element.iter()} - {root}, known):
        raise errors.not_implemented(f"in a {root}: {names}")
    return element


def boolean(value: bool) -> str:
    """A truth as OSS writes it."""
    return str(value).lower()


def _element(name: str, content: Content) -> ElementTree.Element:
    element = ElementTree.Element(name)
    if isinstance(content, str):
        element.text = _NOT_XML.sub("\ufffd", content)
        return element
    for child, value in content.items():
        items: Sequence[Content] = [value] if isinstance(value, (str, Mapping)) else value
        element.extend(_element(child, item) for item in items)
    return element
