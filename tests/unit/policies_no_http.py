"""How a policy's statement against http may be spelt, and what is less than that."""

import json

from tests.unit.policies import NAMED, OPEN, allow, policy

WHOLE = "acs:oss:*:1:config-snapshot"
NO_HTTP = {
    **allow("*", actions=("oss:*",), Resource=[WHOLE, f"{WHOLE}/*"]),
    "Effect": "Deny",
    "Condition": {"Bool": {"acs:SecureTransport": ["false"]}},
}


def _spelt(**otherwise: object) -> str:
    """A policy whose statement against http is spelt like that."""
    return policy(NAMED, {**NO_HTTP, **otherwise})


def _on(*tests: tuple[str, object], **others: object) -> dict[str, object]:
    return {"Bool": dict(tests), **others}


# What denies the same, or more, is known by its meaning. A peer adds its own to it at each run.
EQUAL = (
    policy(NO_HTTP),
    policy(dict(reversed(NO_HTTP.items()))),
    policy({**NO_HTTP, "Sid": "theirs"}, OPEN),
    _spelt(Principal="*", Action="oss:*", Condition=_on(("acs:SecureTransport", "false"))),
    _spelt(Principal=[]),  # which is as `["*"]`
    _spelt(Principal=["*", "*"], Action=["oss:GetObject", "OSS:*"]),
    _spelt(Action="*"),
    _spelt(Resource=[f"{WHOLE}/*", "acs:oss:*:*:another", WHOLE]),
    _spelt(Resource=["acs:oss:*:*:config-snapshot/*", "acs:oss:*:*:config-snapshot"]),
    *(_spelt(Resource=each) for each in (f"{WHOLE}*", "acs:oss:*:1:*", ["acs:oss:*:*:*"], "*")),
    _spelt(Condition=_on(("ACS:securetransport", ["false", "false"]))),
)
# What denies less, or where a page leaves a doubt, is not.
LESS = (
    _spelt(Effect="Allow"),
    *(_spelt(Principal=who) for who in (["20"], ["*", "20"], ["acs:ram::*:root"], "* ")),
    *(_spelt(Action=each) for each in ("oss:Get*", ["oss:GetObject", "oss:PutObject"], [], "s3:*")),
    *(
        _spelt(Resource=each)
        for each in (
            *(WHOLE, [f"{WHOLE}/*"], [WHOLE, f"{WHOLE}/a/*"], [WHOLE, f"{WHOLE}/"], []),
            *("acs:oss:*:2:config-snapshot*", "acs:oss:oss-cn-shanghai:1:config-snapshot*"),
            *("acs:oss:*:1:config-snapsho?", "acs:oss:*:1:Config-Snapshot*"),
        )
    ),
    *(
        _spelt(Condition=each)
        for each in (
            *({}, [], None, "false", {"Bool": {}}, {"Bool": ["false"]}, {"bool": {}}),
            {"StringEquals": {"acs:SecureTransport": "false"}},
            {"BoolIfExists": {"acs:SecureTransport": "false"}},
            *(
                _on(("acs:SecureTransport", value))
                for value in ("true", ["true", "false"], [], "False", False, [["false"]], None)
            ),
            _on(("acs:SecureTransport", "false"), ("acs:MFAPresent", "true")),
            _on(("acs:SecureTransport", "false"), ("acs:securetransport", "false")),
            _on(("acs:SecureTransport", "false"), IpAddress={"acs:SourceIp": ["192.0.2.0/24"]}),
        )
    ),
    *(_spelt(**{key: "*"}) for key in ("NotAction", "NotPrincipal", "NotResource", "Other")),
    *(
        policy({key: value for key, value in NO_HTTP.items() if key != gone})
        for gone in ("Principal", "Action", "Resource", "Condition")
    ),
)


def no_http_beside(document: str) -> str:
    """The policy with the statement against http as its last."""
    told = json.loads(document or policy())
    return policy(*told.pop("Statement"), NO_HTTP, **told)


# The longest policy that one statement more still fits, and one that is a byte longer.
_ROOM = 16 * 1024 - 1 - len(no_http_beside(policy(allow("20", Resource=[""]))).encode())
FULL, TOO_FULL = (
    policy(allow("20", Resource=["é" * (_ROOM // 2) + "a" * more]))
    for more in (_ROOM % 2, _ROOM % 2 + 1)
)
