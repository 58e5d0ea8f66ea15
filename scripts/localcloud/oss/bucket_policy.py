"""Bucket policies: which are valid, which are public, and what they let anybody do."""

from typing import Any

from scripts.localcloud.oss.model import InvalidPolicyError
from scripts.localcloud.ram import policies

# A statement for fixed values of one of these is not public. Page "Block public access".
_NARROWING = frozenset({"acs:sourcevpc", "acs:sourcevpcid", "acs:sourceip", "acs:accessid"})

# Who reads an object by its bucket's (or its own) ACL without being asked for a name.
_GRANTS = {
    "public-read": ["oss:GetObject"],
    "public-read-write": ["oss:GetObject", "oss:PutObject", "oss:DeleteObject"],
}


def check(text: str) -> None:
    """Raise InvalidPolicyError unless `text` is a bucket policy."""
    try:
        statements = policies.parse(text)["Statement"]
    except ValueError as error:
        raise InvalidPolicyError(str(error)) from error
    for statement in statements:
        if not statement.get("Principal"):
            raise InvalidPolicyError("a bucket policy's statement names a Principal")
        condition = statement.get("Condition", {})
        if not isinstance(condition, dict) or not all(
            isinstance(tests, dict) for tests in condition.values()
        ):
            raise InvalidPolicyError("a Condition holds keys and values by operator")


def is_public(text: str | None) -> bool:
    """Whether a policy lets the public in, as GetBucketPolicyStatus tells it.

    A statement is public that allows a principal with an asterisk and that no condition narrows
    to fixed values; what it allows does not matter. Page "Block public access".
    """
    return any(
        statement["Effect"] == "Allow"
        and any("*" in principal for principal in _listed(statement["Principal"]))
        and not _is_narrowed(statement.get("Condition", {}))
        for statement in _statements(text)
    )


def anybody_may(text: str | None, acl: str, action: str, resource: str) -> bool:
    """Whether an ACL or a policy lets anybody do `action`; a Deny in the policy wins."""
    for_anybody = [
        statement for statement in _statements(text) if "*" in _listed(statement["Principal"])
    ]
    by_policy = policies.document(*for_anybody)
    by_acl = policies.document(policies.allow(_GRANTS.get(acl, [])))
    return policies.evaluate([by_policy, by_acl], action, resource)


def _statements(text: str | None) -> list[policies.Document]:
    statements: list[policies.Document] = policies.parse(text)["Statement"] if text else []
    return statements


def _is_narrowed(condition: dict[str, dict[str, Any]]) -> bool:
    return any(
        key.lower() in _NARROWING and not any("*" in value for value in _listed(values))
        for tests in condition.values()
        for key, values in tests.items()
    )


def _listed(value: Any) -> list[str]:
    return [str(item) for item in (value if isinstance(value, list) else [value])]
