"""The statement of a bucket policy that denies what comes by http. Makes no request.

Pages "Bucket Policy", "OSS authorization syntax and elements", "oss-bucket-only-https-enabled".
"""

from typing import TYPE_CHECKING, Any, List, Optional, Set

from resource_repair.bucket_policy import Document, Statement, is_narrowed, opening, parse

if TYPE_CHECKING:
    from resource_repair.oss import BucketState

_FIELDS = {"Effect", "Principal", "Action", "Resource", "Condition"}
_EMPTY = '{"Version":"1","Statement":[]}'


def stated(policy: Optional[str]) -> Document:
    """The policy, to which a statement can be added; raises RefusedError for what is none."""
    return parse(policy or _EMPTY)


def deny_http(owner: str, bucket: str) -> Statement:
    """Denies everybody everything that comes by http: with a Condition it binds the owner too."""
    whole = f"acs:oss:*:{owner}:{bucket}"
    return {
        "Effect": "Deny",
        "Principal": ["*"],
        "Action": ["oss:*"],
        "Resource": [whole, f"{whole}/*"],
        "Condition": {"Bool": {"acs:SecureTransport": ["false"]}},
    }


def denies_http(statement: Statement, owner: str, bucket: str) -> bool:
    """Whether it does the same, or more, however it is spelt; not if a page leaves that open.

    Actions and keys of conditions are the same in either case of letters. A Condition more narrows
    it, since all must hold. An empty list of principals is everybody.
    """
    if {*statement, "Sid"} != {*_FIELDS, "Sid"} or statement["Effect"] != "Deny":
        return False
    resources = set(_texts(statement["Resource"]))
    return (
        set(_texts(statement["Principal"])) <= {"*"}
        and not {"oss:*", "*"}.isdisjoint(each.lower() for each in _texts(statement["Action"]))
        and not _all_of(owner, bucket, bucket).isdisjoint(resources)
        and not _all_of(owner, bucket, f"{bucket}/*").isdisjoint(resources)
        and _is_http(statement["Condition"])
    )


def as_put(there: "BucketState", text: str) -> bool:
    """Whether a bucket's policy is the one that was put, by its meaning, and no stranger's.

    Two remediations of ours write it, perhaps at once: a statement more that denies http, or one
    less that lets everybody in, is the other's doing.
    """
    found, put = stated(there.policy), stated(text)
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


def _all_of(owner: str, bucket: str, what: str) -> Set[str]:
    """How a resource may be written that is that, or has it in it."""
    ends = (what, f"{bucket}*", "*")
    return {"*", *(f"acs:oss:*:{whose}:{each}" for whose in (owner, "*") for each in ends)}


def _is_http(condition: Any) -> bool:
    tests = condition.get("Bool") if isinstance(condition, dict) and len(condition) == 1 else None
    if not isinstance(tests, dict) or [each.lower() for each in tests] != ["acs:securetransport"]:
        return False
    (values,) = tests.values()
    return set(_texts(values)) == {"false"}


def _texts(value: Any) -> List[str]:
    """A string or a list of them; what is none is no text that is looked for."""
    return [str(each) for each in (value if isinstance(value, list) else [value])]
