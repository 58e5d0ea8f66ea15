"""Bucket policies: which are valid, which are public, and what they let anybody do."""

import ipaddress
import json
from typing import Any

from ..ram import conditions, policies
from .model import InvalidPolicyError

# A statement for fixed values of one of these is not public. Page "Block public access".
_NARROWING = frozenset({"acs:sourcevpc", "acs:sourcevpcid", "acs:sourceip", "acs:accessid"})

# By version of IP: a network that is wider does not narrow.
_WIDEST_NETWORK = {4: 8, 6: 32}

# Bytes. Pages "0030-00000001" and "0030-00000003".
_TOO_LONG, _LONGEST_FIELD = 16 * 1024, 4095

# Nobody comes to a local cloud by TLS.
_BY_HTTP, _BY_HTTPS = ({"acs:SecureTransport": value} for value in ("false", "true"))

# Who reads an object by its bucket's (or its own) ACL without being asked for a name.
_GRANTS = {
    "public-read": ["oss:GetObject"],
    "public-read-write": ["oss:GetObject", "oss:PutObject", "oss:DeleteObject"],
}


def check(text: str) -> None:
    """Raise InvalidPolicyError unless `text` is a bucket policy."""
    if len(text.encode()) >= _TOO_LONG:
        raise InvalidPolicyError("a policy is shorter than 16 KB", InvalidPolicyError.TOO_LONG)
    try:
        statements = policies.parse(text)["Statement"]
    except ValueError as error:
        raise InvalidPolicyError(str(error)) from error
    for statement in statements:
        if any(len(json.dumps(field).encode()) > _LONGEST_FIELD for field in statement.values()):
            what = "a field has at most 4095 bytes"
            raise InvalidPolicyError(what, InvalidPolicyError.LONG_FIELD)
        if not statement.get("Principal", "*") and statement["Principal"] != []:
            raise InvalidPolicyError("a statement's Principal is not empty")
        condition = statement.get("Condition", {})
        if not isinstance(condition, dict) or not all(
            isinstance(tests, dict) for tests in condition.values()
        ):
            raise InvalidPolicyError("a Condition holds keys and values by operator")


def check_new(text: str) -> None:
    """The same, and what those need not meet that were put before it was so.

    Pages "Bucket Policy", "0030-00000007" and "…8": to change a policy is to put it anew.
    """
    check(text)
    if "**" in text:
        what = "no asterisk comes after another"
        raise InvalidPolicyError(what, InvalidPolicyError.ASTERISKS)
    for statement in _statements(text):
        keys = {key.lower() for tests in statement.get("Condition", {}).values() for key in tests}
        if "acs:sourceip" in keys and "acs:sourcevpc" not in keys:
            what = "a Condition on acs:SourceIp has one on acs:SourceVpc, too"
            raise InvalidPolicyError(what, InvalidPolicyError.WITHOUT_VPC)


def is_public(text: str | None) -> bool:
    """Whether a policy lets the public in, as GetBucketPolicyStatus tells it.

    A statement is public that allows a principal with an asterisk and that no condition narrows
    to fixed values; what it allows does not matter. Page "Block public access". One that names no
    principal is for anybody, as tests of OSS's own SDKs have it.
    """
    return any(
        statement["Effect"] == "Allow"
        and any("*" in principal for principal in _principals(statement))
        and not _is_narrowed(statement.get("Condition", {}))
        for statement in _statements(text)
    )


def is_for_anonymous(text: str | None) -> bool:
    """Whether a policy grants something to everybody, whom no condition narrows.

    Page "oss-bucket-policy-no-any-anonymous" says no more of it than that it is for anonymous ones.
    """
    return any(
        statement["Effect"] == "Allow"
        and "*" in _principals(statement)
        and not statement.get("Condition")
        for statement in _statements(text)
    )


def anybody_may(text: str | None, acl: str, action: str, resource: str) -> bool:
    """Whether an ACL or a policy lets anybody do `action`; a Deny in the policy wins."""
    for_anybody = [statement for statement in _statements(text) if "*" in _principals(statement)]
    by_policy = policies.document(*for_anybody)
    by_acl = policies.document(policies.allow(_GRANTS.get(acl, [])))
    return policies.evaluate([by_policy, by_acl], action, resource, _BY_HTTP)


def denies_http(text: str | None, owner: str, bucket: str) -> bool:
    """Whether a policy denies everybody everything that comes by http, and by nothing but http.

    Page "oss-bucket-only-https-enabled" says no more than that it denies access over HTTP. Here one
    statement must do that for all of the bucket: what else the rule lets pass is not known.
    """
    whole = [f"acs:oss:*:{owner}:{bucket}{objects}" for objects in ("", "/*")]
    return any(
        "*" in _listed(statement.get("Principal"))
        and conditions.hold(statement.get("Condition", {}), _BY_HTTP) is True
        and conditions.hold(statement.get("Condition", {}), _BY_HTTPS) is False
        and all(
            policies.forbid([policies.document(statement)], "oss:*", each, _BY_HTTP)
            for each in whole
        )
        for statement in _statements(text)
    )


def _statements(text: str | None) -> list[policies.Document]:
    statements: list[policies.Document] = policies.parse(text)["Statement"] if text else []
    return statements


def _principals(statement: policies.Document) -> list[str]:
    """An empty list stands for all. Page "OSS authorization syntax and elements"."""
    return _listed(statement.get("Principal", "*")) or ["*"]


def _is_narrowed(condition: dict[str, dict[str, Any]]) -> bool:
    return any(
        key.lower() in _NARROWING and not any(_is_wide(value) for value in _listed(values))
        for tests in condition.values()
        for key, values in tests.items()
    )


def _is_wide(value: str) -> bool:
    """Whether a value stands for many: one with an asterisk, or a network of half the world."""
    try:
        network = ipaddress.ip_network(value, strict=False)
    except ValueError:
        return "*" in value
    return network.prefixlen < _WIDEST_NETWORK[network.version]


def _listed(value: Any) -> list[str]:
    return [str(item) for item in (value if isinstance(value, list) else [value])]
