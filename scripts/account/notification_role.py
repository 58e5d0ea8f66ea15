"""The role with which MNS calls the function: what the trigger names."""

import json
from typing import Any

from alibabacloud_ram20150501 import models

from scripts.account import mark
from scripts.account.clients import Clients, calling
from scripts.account.resource import Difference, State, Thing, creating, deleting
from scripts.account.role import (
    ATTACH,
    DELETE_ROLE,
    DETACH,
    MAKE_ROLE,
    READ_ROLE,
    detach,
    policies_of,
    read_role,
    trusted,
)
from scripts.account.topic import LIST_TOPICS, Topic, subscriptions, topics
from scripts.declared import Spec

# Page "Trigger a function by an MNS topic": what Function Compute's console makes of that name.
POLICY = "AliyunMNSNotificationRolePolicy"
PRINCIPAL = "mns.aliyuncs.com"

_TRUST = {
    "Version": "1",
    "Statement": [
        {"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"Service": [PRINCIPAL]}}
    ],
}


class NotificationRole(Thing):
    """The role that MNS assumes, and that it has the policy to invoke functions."""

    kind = "role"
    READING = READ_ROLE
    MAKING = (*MAKE_ROLE, ATTACH)
    REMOVING = (*READ_ROLE, LIST_TOPICS, *Topic.REMOVING, DETACH, DELETE_ROLE)

    def __init__(self, spec: Spec, clients: Clients) -> None:
        self.name = spec.trigger.role_arn.rpartition("/")[2]
        self._arn = spec.trigger.role_arn
        self._account_id = spec.account_id
        self._topic = Topic(spec, clients)
        self._clients = clients

    def live(self) -> State | None:
        """Whom it trusts, and whether it has the policy; None if it is not there."""
        role = self._read()
        if role is None:
            return None
        policy = POLICY if POLICY in self._policies() else ""
        return {"trusts": ", ".join(trusted(role)), "policy": policy}

    def declared(self) -> State:
        """MNS alone; a role that was there may trust others besides."""
        role = self._read()
        trusts = trusted(role) if role else []
        keeps = PRINCIPAL in trusts and role and not mark.in_description(role.description)
        return {"trusts": ", ".join(trusts) if keeps else PRINCIPAL, "policy": POLICY}

    def obstacle(self) -> str:
        """A role of that name which is for something else, or which is another account's."""
        if not self._arn.startswith(f"acs:ram::{self._account_id}:"):
            return (
                f"the trigger's role in s.yaml is {self._arn}, and this is account "
                f"{self._account_id}: write acs:ram::${{config(AccountID)}}:role/{self.name}"
            )
        role = self._read()
        if role is None or PRINCIPAL in trusted(role) or mark.in_description(role.description):
            return ""
        trusts = ", ".join(trusted(role)) or "nobody"
        return (
            f"the name of the role {self.name} is taken by one that trusts {trusts}, and not "
            f"{PRINCIPAL}: give the trigger another role in s.yaml, or let that one trust it too"
        )

    def create(self) -> None:
        """Make it, described as ours, and give it its policy."""
        request = models.CreateRoleRequest(
            role_name=self.name,
            assume_role_policy_document=json.dumps(_TRUST),
            description=mark.described("Lets MNS invoke functions"),
        )
        with creating("ram:CreateRole", self.name):
            self._clients.ram.create_role(request)
        self._attach()

    def change(self, differences: tuple[Difference, ...]) -> None:
        """Give it the policy, and its trust, which only a role of ours may lack."""
        fields = {difference.field for difference in differences}
        if "trusts" in fields:
            request = models.UpdateRoleRequest(
                role_name=self.name, new_assume_role_policy_document=json.dumps(_TRUST)
            )
            with calling("ram:UpdateRole", self.name):
                self._clients.ram.update_role(request)
        if "policy" in fields:
            self._attach()

    def stays(self) -> str:
        """It has no mark, or further policies, or other triggers may go by it.

        RAM does not tell who uses a role, and triggers in other regions are not seen.
        """
        role = self._read()
        if not_ours := mark.missing_from(role):
            return not_ours
        policies = [name for name in self._policies() if name != POLICY]
        if policies:
            return f"others gave it policies: {', '.join(policies)}"
        others = [name for name in topics(self._clients) if name != self._topic.name]
        used = [name for name in others if any(map(_pushes, subscriptions(self._clients, name)))]
        if self._topic.further_subscriptions():
            used.append(self._topic.name)
        return f"other triggers may go by it, of {', '.join(used)}" if used else ""

    def delete(self) -> None:
        """Take its policy and then the role away."""
        detach(self._clients, self.name, "System", POLICY)
        with deleting("ram:DeleteRole", self.name):
            self._clients.ram.delete_role(models.DeleteRoleRequest(role_name=self.name))

    def _read(self) -> Any:
        return read_role(self._clients, self.name)

    def _policies(self) -> list[str]:
        return list(policies_of(self._clients, self.name))

    def _attach(self) -> None:
        request = models.AttachPolicyToRoleRequest(
            policy_type="System", policy_name=POLICY, role_name=self.name
        )
        with creating("ram:AttachPolicyToRole", f"{POLICY} (to {self.name})"):
            self._clients.ram.attach_policy_to_role(request)


def _pushes(subscription: Any) -> bool:
    """Whether a subscription may be a trigger's: one with an address of the web needs no role."""
    return not (subscription.endpoint or "").startswith(("http://", "https://"))
