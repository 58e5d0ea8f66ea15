"""From YAML that people edit to values that know their lines; what is none is told by its line."""

import functools
import re
from pathlib import Path

import yaml

from scripts.declared.errors import Place, SpecError
from scripts.declared.node import Node, Value

_LINE = "the line"
_TAG = "tag:yaml.org,2002:"
_KINDS = ("str", "int", "float", "bool", "null", "timestamp", "map", "seq")
# What PyYAML says, what it means, and what to do.
_TOLD = (
    (r"'\\t'|tab character", "has a tab", "indent with spaces"),
    (r"found character '(.)' that cannot start", r"has a value with \1 first", "put it in quotes"),
    (
        r"found undefined alias '(.*?)'",
        r"refers to *\1, and no &\1 stands before it",
        "correct it, or put it in quotes if it is text",
    ),
    (r"duplicate anchor '(.*?)'", r"has a second &\1", "give each a name of its own"),
    (r"found another document", "begins another document", "leave one"),
    (r"mapping values are not allowed", "has a second colon", "put the value in quotes"),
    (r"could not find expected ':'", "has a name without a colon", "write it as name: value"),
    (
        r"while (?:scanning|parsing) an? (?:alias|anchor|block scalar|directive|tag)",
        "has a value with & * ! | > or % first",
        "put it in quotes",
    ),
    (r"while (?:scanning a quoted|parsing a flow)", "opens what nothing closes", "close it"),
    (
        r"expected <block end>|expected '<document start>'|not allowed here|expected the node",
        "does not go on from above",
        "indent it as its neighbours",
    ),
)
# Of these it is told where they begin.
_BEGIN_ABOVE = ("could not find expected ':'", "while scanning a quoted", "while parsing a flow")


def read(path: Path, shown: str = "") -> Node:
    """What the file says, which errors name by its name, or as `shown`.

    Raises SpecError, or OSError if there is no file.
    """
    file = shown or path.name
    content = path.read_bytes()
    try:
        return _read(content.decode(), file)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise SpecError(Place(_LINE, file, line), "is no text in UTF-8", "save as that") from None


@functools.lru_cache(maxsize=1)
def _read(text: str, file: str) -> Node:
    """Kept, since whoever loads a spec asks for its region first."""
    try:
        return _Builder(text, file).document()
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        problem, remedy = f"has the character U+{error.character:04X}", "take it away"
        raise SpecError(Place(_LINE, file, line), problem, remedy) from None
    except yaml.MarkedYAMLError as error:
        raise _told(error, text, file) from None
    except RecursionError:
        raise SpecError(
            Place(_LINE, file, 1), "begins what is nested too deeply", "make it flatter"
        ) from None


def _told(error: yaml.MarkedYAMLError, text: str, file: str) -> SpecError:
    said = f"{error.context or ''} {error.problem}"
    begins_above = any(each in said for each in _BEGIN_ABOVE) and "cannot start" not in said
    mark = (begins_above and error.context_mark) or error.problem_mark
    line = mark.line + 1 if mark else 1
    if opened := _quote_closed_in(text, line):
        problem, remedy = f"opens a quote that is closed in line {line}", "close it where it ends"
        return SpecError(Place(_LINE, file, opened), problem, remedy)
    place = Place(_LINE, file, line)
    for pattern, means, remedy in _TOLD:
        if match := re.search(pattern, said):
            return SpecError(place, match.expand(means), remedy)
    return SpecError(place, f"is not YAML, {' '.join(said.split())}", "correct it")


def _quote_closed_in(text: str, line: int) -> int:
    """The line in which a quote opens that the next one, in `line`, closes; 0 if there is none."""
    opened = 0
    try:
        for token in yaml.scan(text, yaml.SafeLoader):
            if isinstance(token, yaml.ScalarToken) and token.end_mark.line + 1 == line:
                first = token.start_mark.line + 1
                opened = first if first < line and not token.plain else opened
    except yaml.YAMLError:
        pass  # what comes after it
    return opened


class _Builder:
    """Makes values of YAML's nodes. What an alias stands for keeps the place of its anchor."""

    def __init__(self, text: str, file: str) -> None:
        self._loader = yaml.SafeLoader(text)
        self._file = file
        self._built: dict[yaml.Node, Node | None] = {}

    def document(self) -> Node:
        root, place = self._loader.get_single_node(), self._place("", 1)
        return self._node(root, place) if root else Node(None, place)

    def _place(self, path: str, line: int) -> Place:
        return Place(path, self._file, line)

    def _node(self, raw: yaml.Node, place: Place) -> Node:
        if raw in self._built:
            if known := self._built[raw]:
                return known
            raise SpecError(place, "contains itself", "correct the name after *")
        self._built[raw] = None
        self._built[raw] = node = Node(self._value(raw, place), place)
        return node

    def _value(self, raw: yaml.Node, place: Place) -> Value:
        if raw.tag.replace(_TAG, "") not in _KINDS:
            raise SpecError(place, f"has the tag {raw.tag.replace(_TAG, '!!')}", "take it away")
        if isinstance(raw, yaml.MappingNode):
            return self._mapping(raw, place)
        if isinstance(raw, yaml.SequenceNode):
            return [
                self._node(item, self._place(f"{place.path}[{n}]", item.start_mark.line + 1))
                for n, item in enumerate(raw.value)
            ]
        try:
            value: Value = self._loader.construct_object(raw)
        except ValueError:
            kind = raw.tag.replace(_TAG, "").replace("timestamp", "date")
            remedy = "correct it, or put it in quotes if it is text"
            raise SpecError(place, f"is {raw.value!r}, which is no {kind}", remedy) from None
        return value

    def _mapping(self, raw: yaml.MappingNode, place: Place) -> dict[str, Node]:
        """Unlike plain PyYAML, and as the CLI, a key given twice is an error."""
        first: dict[str, Place] = {}
        for key, _ in raw.value:
            here = self._key(key, place)
            if (known := first.setdefault(key.value, here)) is not here:
                raise SpecError(here, f"is given twice, first in line {known.line}", "remove one")
        self._loader.flatten_mapping(raw)  # what `<<` takes in
        keys = {key.value: self._key(key, place) for key, _ in raw.value}
        return {
            key.value: self._node(value, keys[key.value]).under(keys[key.value])
            for key, value in raw.value
        }

    def _key(self, key: yaml.Node, parent: Place) -> Place:
        line = key.start_mark.line + 1
        if key.tag not in (f"{_TAG}str", f"{_TAG}merge"):
            named = f"the key {key.value}" if isinstance(key, yaml.ScalarNode) else "a key"
            there = self._place(parent.path, line)
            raise SpecError(there, f"has {named}, which is no text", "put it in quotes")
        return self._place(f"{parent.path}.{key.value}".lstrip("."), line)
