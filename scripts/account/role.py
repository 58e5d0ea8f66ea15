"""What there is to know of a role, whoever assumes it."""

import json
from datetime import datetime
from typing import Any

from alibabacloud_ram20150501 import models

from scripts.account import just_made
from scripts.account.clients import Clients
from scripts.account.just_made import JustMade
from scripts.account.permission import Permission, on
from scripts.account.resource import deleting, find
from scripts.declared import Spec

ROLES = "acs:ram:*:{account}:role/*"
READ_ROLE = on(ROLES, "ram:GetRole", "ram:ListPoliciesForRole")
MAKE_ROLE = on(ROLES, "ram:CreateRole", "ram:UpdateRole")
DELETE_ROLE = Permission("ram:DeleteRole", ROLES)
# Also of Alibaba Cloud's own policies.
ATTACH, DETACH = Permission("ram:AttachPolicyToRole"), Permission("ram:DetachPolicyFromRole")


def read_role(clients: Clients, name: str) -> Any:
    """The role as the SDK describes it; None if there is none of that name."""
    get, request = clients.ram.get_role, models.GetRoleRequest(role_name=name)
    found = find("ram:GetRole", name, lambda: get(request))
    return found and found.role


def just_made_role(clients: Clients, name: str) -> JustMade:
    """A role that whoever is to assume it may not know yet: refused then as for a permission.

    This run may have changed it, or another made it: RAM tells when that was.
    """

    def made_at() -> float | None:
        if changed_at := just_made.noted(clients, "role", name):
            return changed_at
        found = read_role(clients, name)
        return (
            found and datetime.fromisoformat(found.create_date.replace("Z", "+00:00")).timestamp()
        )

    return JustMade(
        f"the role {name} was just made or changed", lambda error: error.denied, made_at
    )


def policies_of(clients: Clients, role: str) -> dict[str, str]:
    """The kind (System or Custom) of each policy that a role has, by name; none without a role."""
    request = models.ListPoliciesForRoleRequest(role_name=role)
    body = find(
        "ram:ListPoliciesForRole", role, lambda: clients.ram.list_policies_for_role(request)
    )
    found = (body and body.policies.policy) or ()
    return {each.policy_name: each.policy_type for each in found}


def detach(clients: Clients, role: str, kind: str, name: str) -> None:
    """Take a policy from a role; one that it has no more is no error."""
    request = models.DetachPolicyFromRoleRequest(policy_type=kind, policy_name=name, role_name=role)
    with deleting("ram:DetachPolicyFromRole", f"{name} (from {role})"):
        clients.ram.detach_policy_from_role(request)


def role_arn(spec: Spec) -> str:
    """The ARN of the service's role; RAM writes the names of roles in ARNs in lower case."""
    return f"acs:ram::{spec.account_id}:role/{spec.service.role.name.lower()}"


def trusted(role: Any) -> list[str]:
    """Who may assume a role: services, and whatever else its trust names."""
    found: set[str] = set()
    for statement in json.loads(role.assume_role_policy_document).get("Statement", []):
        for named in statement.get("Principal", {}).values():
            if statement.get("Effect") == "Allow":
                found |= {named} if isinstance(named, str) else set(named)
    return sorted(found)
