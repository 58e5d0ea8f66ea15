"""RAM policies: the language, and some system policies."""

import fnmatch
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from . import conditions

Document = dict[str, Any]

_ELEMENTS = {"Effect", "Action", "Resource", "Condition", "Principal"}


def document(*statements: Document) -> Document:
    """A policy document of these statements."""
    return {"Version": "1", "Statement": list(statements)}


def allow(actions: str | list[str], resources: str | list[str] = "*") -> Document:
    """A statement that allows `actions` on `resources`."""
    return {"Effect": "Allow", "Action": actions, "Resource": resources}


def trust(service: str) -> Document:
    """The trust policy of a role that `service` (`fc.aliyuncs.com`) may assume."""
    return document(
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": [service]}}
    )


# Documented contents, as far as the services here can notice them.
SYSTEM_POLICIES: dict[str, Document] = {
    "AdministratorAccess": document(allow("*")),
    "AliyunOSSFullAccess": document(allow(["oss:*", "oss-incentive:*"])),
    "AliyunOSSReadOnlyAccess": document(allow(["oss:Get*", "oss:List*"])),
    "AliyunFCFullAccess": document(allow("fc:*")),
    "AliyunFCInvocationAccess": document(allow("fc:InvokeFunction")),
    "AliyunLogFullAccess": document(allow("log:*")),
    "AliyunMNSFullAccess": document(allow("mns:*")),
    "AliyunMNSNotificationRolePolicy": document(allow("fc:InvokeFunction")),
    "AliyunRAMFullAccess": document(allow("ram:*")),
    "AliyunSTSAssumeRoleAccess": document(allow("sts:AssumeRole")),
    "AliyunConfigFullAccess": document(allow("config:*")),
}


def evaluate(
    documents: Iterable[Document],
    action: str,
    resource: str,
    context: Mapping[str, str] | None = None,
) -> bool:
    """Whether the policies allow `action` on `resource`: a Deny wins, and silence is a Deny.

    `context` has what conditions are about (`acs:SourceIp`). A statement whose condition cannot be
    evaluated by it never allows and always denies, so that the stand-in errs towards refusing.
    """
    effects = _effects(documents, action, resource, context or {})
    return "Allow" in effects and "Deny" not in effects


def forbid(
    documents: Iterable[Document],
    action: str,
    resource: str,
    context: Mapping[str, str] | None = None,
) -> bool:
    """Whether the policies have a Deny for `action` on `resource`."""
    return "Deny" in _effects(documents, action, resource, context or {})


def unclear(
    documents: Iterable[Document], action: str, resource: str, context: Mapping[str, str]
) -> list[str]:
    """The conditions, in JSON, of statements on `action` that cannot be evaluated by `context`."""
    return [
        json.dumps(condition)
        for policy in documents
        for statement in _listed(policy["Statement"])
        if (condition := statement.get("Condition"))
        and conditions.hold(condition, context) is None
        and _is_about(statement, action, resource)
    ]


def trusts(policy: Document, service: str) -> bool:
    """Whether a role's trust policy lets `service` assume it."""
    return service in _trusted(policy, "Service")


def trusts_account(policy: Document, account_id: str, arn: str = "") -> bool:
    """Whether a role's trust policy lets `arn`, or everyone of its account, assume it."""
    return not _trusted(policy, "RAM").isdisjoint({f"acs:ram::{account_id}:root", arn})


def parse(text: str) -> Document:
    """A policy document from its JSON; raises ValueError if it is not one."""
    policy = _parsed(text)
    for statement in policy["Statement"]:
        _demand_texts(statement, "Resource")
    return policy


def parse_trust(text: str) -> Document:
    """A role's trust policy from its JSON; raises ValueError if it is not one."""
    policy = _parsed(text)
    for statement in policy["Statement"]:
        principal = statement.get("Principal")
        if not isinstance(principal, dict) or not principal:
            raise ValueError("a trust policy's statement names a Principal")
        for kind in principal:
            _demand_texts(principal, kind)
    return policy


def _parsed(text: str) -> Document:
    try:
        policy = json.loads(text)
    except RecursionError:
        raise ValueError("a policy document is not nested so deeply") from None
    if not isinstance(policy, dict) or policy.get("Version") != "1":
        raise ValueError('a policy document is an object of Version "1"')
    statements = policy.get("Statement")
    if not isinstance(statements, list) or not statements:
        raise ValueError("a policy document has a list of statements")
    for statement in statements:
        if not isinstance(statement, dict) or statement.get("Effect") not in ("Allow", "Deny"):
            raise ValueError("a statement's Effect is Allow or Deny")
        _demand_texts(statement, "Action")
        if others := statement.keys() - _ELEMENTS:
            raise ValueError(f"the local cloud does not know {', '.join(sorted(others))}")
        if not conditions.is_one(statement.get("Condition", {})):
            raise ValueError("a Condition has, by operator and by key, strings or lists of them")
    return policy


def _demand_texts(holder: Document, name: str) -> None:
    texts = _listed(holder.get(name))
    if not texts or not all(isinstance(text, str) and text for text in texts):
        raise ValueError(f"{name} is a string or a list of strings")


def _trusted(policy: Document, kind: str) -> set[str]:
    """The principals of a kind that may assume the role, those of a Deny taken out."""
    named: dict[str, set[str]] = {"Allow": set(), "Deny": set()}
    for statement in policy["Statement"]:
        if _applies(statement, "sts:AssumeRole", "*", {}):
            named[statement["Effect"]].update(_listed(statement.get("Principal", {}).get(kind, [])))
    return named["Allow"] - named["Deny"]


def _effects(
    documents: Iterable[Document], action: str, resource: str, context: Mapping[str, str]
) -> set[str]:
    return {
        statement["Effect"]
        for policy in documents
        for statement in _listed(policy["Statement"])
        if _applies(statement, action, resource, context)
    }


def _applies(statement: Document, action: str, resource: str, context: Mapping[str, str]) -> bool:
    holds = conditions.hold(statement.get("Condition") or {}, context)
    if holds is None:
        holds = statement["Effect"] == "Deny"
    return holds and _is_about(statement, action, resource)


def _is_about(statement: Document, action: str, resource: str) -> bool:
    return _any_matches(_listed(statement.get("Action", [])), action.lower(), lower=True) and (
        _any_matches(_listed(statement.get("Resource", "*")), resource)
    )


def _any_matches(patterns: Iterable[str], value: str, *, lower: bool = False) -> bool:
    return any(_matches(pattern.lower() if lower else pattern, value) for pattern in patterns)


def _matches(pattern: str, value: str) -> bool:
    # RAM knows * and ? alone; fnmatch would also read brackets.
    literal = pattern.replace("[", "[[]")
    return re.match(fnmatch.translate(literal), value) is not None


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
