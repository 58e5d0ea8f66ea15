"""Each remediation as the documents promise it: what it mends, by what, and what shows that.

A new one is an entry here, its rule in the storm comes of that, and what its owners do is an act of
`drawing`.
"""

import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, NamedTuple

from tests.storm.seeing import Call, State

OPENNESS = {"private": 0, "public-read": 1, "public-read-write": 2}
PUT_POLICY = ("PutBucketPolicy", "DeleteBucketPolicy")
# What a ceiling of public-read lets everybody do. docs/remediations.md
_READING = {"oss:GetObject", "oss:GetObjectVersion", "oss:ListObjects", "oss:ListObjectVersions"}


class Kind(NamedTuple):
    """`wrong` is whether a bucket is to be mended, at this ceiling (0 is none); `look` shows it.

    `puts` is whether a bucket is as that write has it. Where it `closes`, it is not repaired while
    the policy is public. `adds` is whether a statement of a policy is of its making.
    """

    writes: tuple[str, ...]
    wrong: Callable[[State, int], bool]
    puts: Callable[[State, Call], bool]
    look: str = "GetBucketInfo"
    ceilings: tuple[int, ...] = (0, 1, 2)  # those that an exemption from being closed gives it
    closes: bool = True
    adds: Callable[[Mapping[str, Any]], bool] = lambda _: False


@cache
def statements(document: str) -> list[dict[str, Any]]:
    """Those of a policy; none of none."""
    found: list[dict[str, Any]] = json.loads(document)["Statement"] if document else []
    return found


def lets_in(statement: Mapping[str, Any], ceiling: int = 0) -> bool:
    """Whether it allows everybody something without a Condition, and more than the ceiling."""
    plain = statement["Effect"] == "Allow" and "*" in statement["Principal"]
    within = ceiling > 0 and _READING.issuperset(statement["Action"])
    return plain and "Condition" not in statement and not within


def shuts_http(statement: Mapping[str, Any]) -> bool:
    """Whether it denies everybody all that comes by http, of the bucket and of its objects."""
    condition = statement.get("Condition", {}).get("Bool", {})
    by_http = [(key.lower(), "false" in value) for key, value in condition.items()]
    ends = {each.endswith("/*") for each in statement.get("Resource", ())}
    everybody = statement["Effect"] == "Deny" and "*" in statement["Principal"]
    whole = ends == {True, False} and "oss:*" in statement["Action"]
    return everybody and whole and by_http == [("acs:securetransport", True)]


KINDS: Mapping[str, Kind] = {
    "acl": Kind(
        ("PutBucketAcl",),
        lambda state, ceiling: OPENNESS[state.acl] > ceiling,
        lambda state, call: state.acl == call.acl,
    ),
    "public-write": Kind(
        ("PutBucketAcl",),
        lambda state, ceiling: OPENNESS[state.acl] > max(ceiling, 1),
        lambda state, call: state.acl == call.acl,
    ),
    "encryption": Kind(
        ("PutBucketEncryption",),
        lambda state, _: not state.encryption,
        lambda state, _: state.encryption == "AES256",
        ceilings=(0,),
        closes=False,
    ),
    "policy": Kind(
        PUT_POLICY,
        lambda state, ceiling: any(lets_in(each, ceiling) for each in statements(state.document)),
        lambda state, call: statements(state.document) == statements(call.document),
        look="GetBucketPolicy",
    ),
    "https": Kind(
        PUT_POLICY[:1],
        lambda state, _: not any(map(shuts_http, statements(state.document))),
        lambda state, call: statements(state.document) == statements(call.document),
        look="GetBucketPolicy",
        ceilings=(0,),
        closes=False,
        adds=shuts_http,
    ),
}
FURTHER = tuple(name for name in KINDS if name != "acl")
