"""Bucket policies for tests: statements, what can be made of them, and what is no policy."""

import json
from typing import Any

from tests.unit.model_oss import ADDED

ACTIONS = ("oss:GetObject", "oss:ListObjects")


def allow(*who: str, actions: tuple[str, ...] = ACTIONS, **more: object) -> dict[str, Any]:
    """A statement that allows somebody something."""
    resources = ["acs:oss:*:1:config-snapshot/*"]
    told = {"Effect": "Allow", "Principal": list(who), "Action": list(actions)}
    return {**told, "Resource": resources, **more}


def policy(*statements: object, **more: object) -> str:
    """A policy of these statements."""
    return plain(json.dumps({"Version": "1", **more, "Statement": list(statements)}))


def plain(document: str) -> str:
    """The same policy as it is told shortest; what is none as it is."""
    try:
        return json.dumps(json.loads(document), separators=(",", ":"), ensure_ascii=False)
    except (ValueError, RecursionError):
        return document


OPEN = allow("*")
WRITES = allow("*", actions=("oss:PutObject", "oss:GetObject"))
NAMED = allow("20", "21")
DENY = {**allow("*"), "Effect": "Deny"}
NARROW = allow("*", Condition={"IpAddress": {"acs:SourceIp": ["192.0.2.0/24"]}})
WIDE = allow("*", Condition={"IpAddress": {"acs:SourceIp": ["0.0.0.0/0"]}})
WIDE_ALL = {**WIDE, "Action": "oss:*"}
SETTINGS = allow("*", actions=("oss:Get*",))
# Page "OSS authorization syntax and elements": an empty list is `["*"]`.
EVERYBODY = allow()
# What OSS may call public, and no page says that it is for everybody.
NOBODY_NAMED = {"Effect": "Allow", "Action": ["oss:*"], "Resource": ["*"]}
WHOLE_ACCOUNT = allow("acs:ram::20:*", actions=("oss:*",))
THEIRS, PUBLIC = ADDED["adds"], ADDED["public"]

UNREADABLE = (
    *(
        "{",
        "[]",
        "null",
        "1",
        '"Statement"',
        "{}",
        '{"Statement":"*"}',
        '{"Statement":{}}',
        "[" * 9999,
    ),
    *(policy(each) for each in ("Allow", None, [], {}, {"Effect": "allow", "Principal": ["*"]})),
    *(policy({**OPEN, "Principal": who}) for who in ({"RAM": ["*"]}, [["*"]], 1, None)),
    # Of a key that is there twice one would be lost; and what cannot be written as it was.
    policy(OPEN)[:-3] + ',"Principal":["20"]}]}',
    *(policy(OPEN).replace('"1"', number) for number in ("1e999", "1e2", "-0", "0.10", "NaN")),
    policy(OPEN).replace('"1"', "0.1000000000000000000001"),
    policy(OPEN).replace('"1"', '"\\ud800"'),
)
