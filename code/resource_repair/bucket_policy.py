"""Bucket policies: their JSON, and whom a statement lets do what. Makes no request.

Page "Policy structure and syntax". What is in no form that is known there is not guessed at.
"""

import json
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Tuple

from resource_repair.errors import RefusedError
from resource_repair.openness import PRIVATE, PUBLIC_READ, PUBLIC_READ_WRITE

if TYPE_CHECKING:
    from resource_repair.oss import BucketState

Statement = Dict[str, Any]
Document = Dict[str, Any]

# Anything else in a statement, as a Condition, may be what narrows it.
_NARROWS_NOTHING = {"Sid", "Effect", "Principal", "Action", "NotAction", "Resource", "NotResource"}

# What people allow who allow an ACL: of objects alone, and each action by its name, since a
# wildcard is more than that. Page "Bucket ACL".
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
        return {"Version": "1", "Statement": []}
    try:
        document: Document = json.loads(text, object_pairs_hook=_once)
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
    """The statements that allow everybody something, and more than this ACL does."""
    return [
        each
        for each in document["Statement"]
        if each["Effect"] == "Allow" and "*" in _listed(each.get("Principal", []))
        if not _is_within(each, acl)
    ]


def is_narrowed(statement: Statement) -> bool:
    """Whether a condition may narrow it."""
    return not _NARROWS_NOTHING.issuperset(statement)


def deny_http(owner: str, bucket: str) -> Statement:
    """The statement that denies everybody all that comes by http; with a Condition, so that it
    binds the owner too. Pages "Bucket policy", "oss-bucket-only-https-enabled".
    """
    whole = f"acs:oss:*:{owner}:{bucket}"
    return {
        "Effect": "Deny",
        "Principal": ["*"],
        "Action": ["oss:*"],
        "Resource": [whole, f"{whole}/*"],
        "Condition": {"Bool": {"acs:SecureTransport": ["false"]}},
    }


def denies_http(statement: Statement, owner: str, bucket: str) -> bool:
    """Whether it does the same, or more: whatever its spelling, and only if no page leaves a doubt.

    Actions and keys of conditions are the same in either case of letters. Parts of a Condition must
    all hold: one more narrows it.
    """
    if {*statement, "Sid"} != {"Sid", "Effect", "Principal", "Action", "Resource", "Condition"}:
        return False
    given = {name: {str(each) for each in _listed(statement[name])} for name in statement}
    whole = [
        {
            f"acs:oss:*:{whose}:{what}"
            for whose in (owner, "*")
            for what in (each, f"{bucket}*", "*")
        }
        for each in (bucket, f"{bucket}/*")
    ]
    return (
        (given["Effect"], given["Principal"]) == ({"Deny"}, {"*"})
        and not {"oss:*", "*"}.isdisjoint(each.lower() for each in given["Action"])
        and not any((each | {"*"}).isdisjoint(given["Resource"]) for each in whole)
        and _is_http(statement["Condition"])
    )


def as_put(there: "BucketState", text: str) -> bool:
    """Whether a bucket's policy is the one that was put, by its meaning, and no stranger's.

    Two remediations of ours write it, perhaps at once: a statement more that denies http, or one
    less that lets everybody in, is the other's doing.
    """
    found, put = parse(there.policy), parse(text)
    added = [
        each
        for each in found["Statement"]
        if each not in put["Statement"] and denies_http(each, there.owner, there.name)
    ]
    gone = [
        each for each in opening(put) if each not in found["Statement"] and not is_narrowed(each)
    ]
    return _less(found, added) == _less(put, gone)


def _less(document: Document, statements: List[Statement]) -> Document:
    left = [each for each in document["Statement"] if each not in statements]
    return {**document, "Statement": left}


def _is_http(condition: Any) -> bool:
    tests = condition.get("Bool") if isinstance(condition, dict) and len(condition) == 1 else None
    if not isinstance(tests, dict) or [each.lower() for each in tests] != ["acs:securetransport"]:
        return False
    ((_, values),) = tests.items()
    return [each for each in _listed(values) if each != "false"] == [] != _listed(values)


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


def _once(pairs: List[Tuple[str, Any]]) -> Dict[str, Any]:
    """An object; one that has a key twice would lose the first of them."""
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a key that is there twice")
    return dict(pairs)
