"""What a service says of a refusal, beyond its code: whether a statement of a RAM policy mends it.

`AccessDeniedDetail` tells which kind of policy refuses, and whether by a Deny: pages "How do I
troubleshoot an access denied error?" and "DecodeDiagnosticMessage". Services that give no detail
may say so in words. That a service was never switched on is told in words alone, as users report
them.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

_EXPLICIT = re.compile(r"explicit(?:ly)?[ -]?den(?:y|ied)", re.IGNORECASE)
_TYPE = re.compile(r"[A-Za-z]{1,60}")

_CONTROL = "ControlPolicy"
_POLICIES: Mapping[str, str] = {
    "AccountLevelIdentityBasedPolicy": "a policy of whoever these credentials are",
    "ResourceGroupLevelIdentityBasedPolicy": (
        "a policy of whoever these credentials are, for a resource group,"
    ),
    _CONTROL: "a control policy of the resource directory",
    "SessionPolicy": "the policy that was given when the role was assumed",
    "AssumeRolePolicy": "the trust policy of the role",
}
# Where one of these allows nothing, a statement in another policy is no help.
_ELSEWHERE = {_CONTROL, "SessionPolicy", "AssumeRolePolicy"}

_NOT_ON = re.compile(
    r"not (?:been )?(?:enabled|activated|opened) for|inactive to this service|"
    r"(?:service|product)\b.{0,40}\bis not (?:enabled|activated|opened|open)\b|"
    r"(?:have|has) not (?:enabled|activated|opened)\b",
    re.IGNORECASE,
)
# Of Log Service alone: it says so of a good key of an account that never had it.
_KEY_INACTIVE = re.compile(r"AccessKeyId \S+ is inactive", re.IGNORECASE)
_SERVICES: Mapping[str, tuple[str, str]] = {
    "fc": ("Function Compute", "https://fcnext.console.aliyun.com"),
    "log": ("Log Service", "https://sls.console.aliyun.com"),
    "mns": ("MNS", "https://mns.console.aliyun.com"),
    "config": ("Cloud Config", "https://config.console.aliyun.com"),
    "oss": ("OSS", "https://oss.console.aliyun.com"),
}


class Detail(NamedTuple):
    """What is known of a refusal: whether by a Deny, and the type of the policy (or empty)."""

    explicit: bool = False
    policy: str = ""

    @classmethod
    def of(cls, told: Any, said: str) -> "Detail":
        """By the detail, if `told` is one, and else by the service's words."""
        if not isinstance(told, Mapping):
            return cls(bool(_EXPLICIT.search(said)))
        policy = str(told.get("PolicyType") or "")
        # What is shown is of the form that it should be.
        known = policy if _TYPE.fullmatch(policy) else ""
        return cls(told.get("NoPermissionType") == "ExplicitDeny", known)


def beyond_statements(detail: Detail, actions: Sequence[str]) -> str:
    """Why no statement mends a refusal, and what does; empty where one may."""
    named = " and ".join(actions)
    policy = _POLICIES.get(detail.policy) or (
        f"a policy of type {detail.policy}" if detail.policy else "some policy"
    )
    if not detail.explicit and detail.policy not in _ELSEWHERE:
        return ""
    verb = "denies" if detail.explicit else "does not allow"
    told = f"{policy} {verb} {named}, and no Allow elsewhere helps against that"
    if detail.policy == _CONTROL:
        return f"{told}: ask whoever administers the resource directory"
    if detail.explicit:
        return f"{told}: take that Deny away, or narrow it"
    return f"{told}: allow it there"


def not_switched_on(operation: str, said: str) -> str:
    """Which service was never switched on in this account, and how to; empty where it was."""
    service = operation.partition(":")[0]
    if service not in _SERVICES:
        return ""
    name, console = _SERVICES[service]
    how = f"activate it at {console}, which the account's owner may, and run again"
    if service == "log" and _KEY_INACTIVE.search(said):
        return f"{name} is not switched on in this account, or the key is not: {how}"
    if _NOT_ON.search(said):
        return f"{name} is not switched on in this account, and no permission helps: {how}"
    return ""
