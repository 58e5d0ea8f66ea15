"""Indexes: which words of a log are found. Data structure "Index", page "Create indexes"."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from .errors import LogError, only_known

_KINDS = ("text", "long", "double", "json")
_INERT = {"chn": False, "auto_text_keys": [], "auto_key_detect": False}
_OF_LINE = ("token", "caseSensitive", "include_keys", "exclude_keys")
_INERT_OF_KEY = {"alias": "", "chn": False, "max_depth": -1}
RESERVED = ("__topic__", "__source__")  # indexed always


@dataclass(frozen=True)
class Words:
    """How a text is split into words."""

    delimiters: str
    case_sensitive: bool = False

    def split(self, text: str) -> list[str]:
        """The words of a text, in lower case unless case matters."""
        text = text if self.case_sensitive else text.lower()
        return [word for word in _separators(self.delimiters).split(text) if word]


@dataclass(frozen=True)
class Key:
    """A field's index; `inside` are the JSON keys that it has, all of them if it is None."""

    kind: str
    words: Words
    inside: frozenset[str] | None = None


@dataclass(frozen=True)
class Index:
    """A store's index: of whole logs (`line`), of single fields (`keys`), or of both.

    `settings` is the configuration as it was given. Of whole logs there may be but these fields
    (`only`, if there are any), or all but those (`but`).
    """

    settings: Mapping[str, Any]
    line: Words | None
    keys: Mapping[str, Key] = field(default_factory=dict)
    only: frozenset[str] = frozenset()
    but: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, settings: Mapping[str, Any]) -> "Index":
        """The index that a configuration describes. Raises LogError."""
        line, keys = settings.get("line"), settings.get("keys") or {}
        if not isinstance(keys, dict) or not (line or keys):
            raise _invalid("either line or keys is required")
        _check_names(line, keys)
        return cls(
            settings,
            _words(line) if line else None,
            {name: _key(config) for name, config in keys.items()},
            frozenset((line or {}).get("include_keys") or ()),
            frozenset((line or {}).get("exclude_keys") or ()),
        )

    def in_line(self, name: str) -> bool:
        """Whether a field is a part of whole logs."""
        return bool(self.line) and name not in self.but and (not self.only or name in self.only)

    def find(self, name: str) -> tuple[Key, str, list[str]] | None:
        """A field's index, the field, and the JSON path inside it; None if it has no index.

        `name` is a field's (`functionName`) or goes into one of JSON (`message.outcome`).
        """
        if name in RESERVED:
            return Key("text", Words("")), name, []
        if name in self.keys:
            return self.keys[name], name, []
        outer, _, path = name.partition(".")
        key = self.keys.get(outer)
        if key and key.kind == "json" and path and (key.inside is None or path in key.inside):
            return key, outer, path.split(".")
        return None


def text_at(value: str, path: Sequence[str]) -> str | None:
    """What stands at `path` in a JSON text, as text; the text itself if there is no path."""
    if not path:
        return value
    try:
        found = json.loads(value)
        for name in path:
            found = found[name]
    except (ValueError, KeyError, TypeError, IndexError, RecursionError):
        return None
    return found if isinstance(found, str) else json.dumps(found)


@cache
def _separators(delimiters: str) -> re.Pattern[str]:
    return re.compile("[" + re.escape(delimiters) + "]" if delimiters else "(?!)")


def _check_names(line: object, keys: Mapping[str, object]) -> None:
    if isinstance(line, dict):
        only_known("line.", line, _INERT, _OF_LINE)
    known = ("type", "token", "caseSensitive", "doc_value", "index_all", "json_keys")
    for name, key in keys.items():
        if isinstance(key, dict):
            only_known(f"keys.{name}.", key, _INERT_OF_KEY, known)


def _key(config: object) -> Key:
    if not isinstance(config, dict) or config.get("type") not in _KINDS:
        raise _invalid(f"the type of a key is one of {', '.join(_KINDS)}")
    kind = str(config["type"])
    if kind in ("long", "double"):
        return Key(kind, Words(""))
    inside = None if config.get("index_all") else frozenset(config.get("json_keys") or ())
    return Key(kind, _words(config), inside)


def _words(config: object) -> Words:
    delimiters = config.get("token") if isinstance(config, dict) else None
    if not isinstance(config, dict) or not isinstance(delimiters, list):
        raise _invalid("required field token is lacking or of error format")
    return Words("".join(map(str, delimiters)), bool(config.get("caseSensitive")))


def _invalid(message: str) -> LogError:
    return LogError("IndexInfoInvalid", message)
