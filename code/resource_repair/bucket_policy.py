"""Bucket policies: their JSON, and whom a statement lets do what. Makes no request.

Page "Policy structure and syntax". What is in no form that is known there is not guessed at.
"""

import json
from typing import Any, Callable, Dict, List, Optional, Tuple

from resource_repair.errors import RefusedError
from resource_repair.openness import PRIVATE, PUBLIC_READ, PUBLIC_READ_WRITE

Statement = Dict[str, Any]
Document = Dict[str, Any]

# Anything else in a statement, as a Condition, may be what narrows it.
_NARROWS_NOTHING = {"Sid", "Effect", "Principal", "Action", "NotAction", "Resource", "NotResource"}

# What an exemption's ceiling lets a policy allow: of objects alone, and each action by its name,
# since a wildcard is more than that. Page "Bucket ACL".
_READ = ("oss:getobject", "oss:getobjectversion", "oss:listobjects", "oss:listobjectversions")
_WRITE = ("oss:putobject", "oss:deleteobject", "oss:abortmultipartupload")
_WITHIN = {
    PRIVATE: frozenset(()),
    PUBLIC_READ: frozenset(_READ),
    PUBLIC_READ_WRITE: frozenset(_READ + _WRITE),
}


def parse(text: Optional[str]) -> Document:
    """The policy; one without statements for no text. Raises RefusedError for what is none."""
    if not text:
        return {"Statement": []}
    try:
        document: Document = json.loads(
            text, object_pairs_hook=_once, parse_int=_same(int), parse_float=_same(float)
        )
        dump(document).encode()
        if isinstance(document["Statement"], list) and all(map(_is_one, document["Statement"])):
            return document
    except (ValueError, LookupError, TypeError, RecursionError):
        pass
    raise RefusedError("unreadable_policy: it is in no form that is known, and was left alone")


def dump(value: Any) -> str:
    """As JSON that is no longer than it must be, since OSS takes 16 KB; raises ValueError."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def opening(document: Document, acl: str = PRIVATE) -> List[Statement]:
    """The statements that allow everybody something, or may, and more than this ACL does."""
    return [
        each
        for each in document["Statement"]
        if each["Effect"] == "Allow" and _may_be_for_everybody(each)
        if not _is_within(each, acl)
    ]


def is_narrowed(statement: Statement) -> bool:
    """Whether a condition may narrow it, or it is not plainly for everybody."""
    return not (_is_for_everybody(statement) and _NARROWS_NOTHING.issuperset(statement))


def _is_for_everybody(statement: Statement) -> bool:
    """By `*`, or by an empty list. Page "OSS authorization syntax and elements"."""
    who = _listed(statement.get("Principal"))
    return not who or "*" in who


def _may_be_for_everybody(statement: Statement) -> bool:
    """What names nobody is public to OSS, and a wildcard in a name. Page "Block public access"."""
    who = _listed(statement.get("Principal", []))
    return not who or any("*" in each for each in who)


def _is_within(statement: Statement, acl: str) -> bool:
    actions = [str(each).lower() for each in _listed(statement.get("Action", []))]
    plain = "NotAction" not in statement and bool(actions)
    return plain and _WITHIN[acl].issuperset(actions)


def _is_one(statement: Any) -> bool:
    if not isinstance(statement, dict) or statement.get("Effect") not in ("Allow", "Deny"):
        return False
    return all(isinstance(each, str) for each in _listed(statement.get("Principal", [])))


def _listed(value: Any) -> List[Any]:
    return value if isinstance(value, list) else [value]


def _same(kind: Callable[[str], Any]) -> Callable[[str], Any]:
    """Reads a number that is written as it was read; of 1e2 it would become 100.0."""

    def number(text: str) -> Any:
        if repr(kind(text)) != text:
            raise ValueError("a number that would be written otherwise")
        return kind(text)

    return number


def _once(pairs: List[Tuple[str, Any]]) -> Dict[str, Any]:
    """An object; one that has a key twice would lose the first of them."""
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a key that is there twice")
    return dict(pairs)
