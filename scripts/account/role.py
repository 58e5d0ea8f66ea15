"""What there is to know of a role, whoever assumes it."""

import json
from typing import Any

from alibabacloud_ram20150501 import models

from scripts.account.clients import Clients
from scripts.account.resource import find


def read_role(clients: Clients, name: str) -> Any:
    """The role as the SDK describes it; None if there is none of that name."""
    get, request = clients.ram.get_role, models.GetRoleRequest(role_name=name)
    found = find("ram:GetRole", name, lambda: get(request))
    return found and found.role


def policies_of(clients: Clients, role: str) -> dict[str, str]:
    """The kind (System or Custom) of each policy that a role has, by name; none without a role."""
    request = models.ListPoliciesForRoleRequest(role_name=role)
    body = find(
        "ram:ListPoliciesForRole", role, lambda: clients.ram.list_policies_for_role(request)
    )
    return {each.policy_name: each.policy_type for each in body.policies.policy} if body else {}


def trusted(role: Any) -> list[str]:
    """Who may assume a role: services, and whatever else its trust names."""
    found: set[str] = set()
    for statement in json.loads(role.assume_role_policy_document).get("Statement", []):
        for named in statement.get("Principal", {}).values():
            if statement.get("Effect") == "Allow":
                found |= {named} if isinstance(named, str) else set(named)
    return sorted(found)
