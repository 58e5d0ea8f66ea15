"""The service's role and its policies, by way of RAM."""

import functools
import json
from collections.abc import Iterator, Mapping
from typing import Any

from alibabacloud_ram20150501 import models

from scripts.account import just_made, mark
from scripts.account.clients import Clients, calling
from scripts.account.compute import hosts
from scripts.account.compute.fc2_service import LIST_SERVICES
from scripts.account.permission import Permission, on
from scripts.account.resource import (
    Difference,
    State,
    Step,
    Thing,
    Verdict,
    deleting,
    find,
    step_for,
)
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
from scripts.declared import Generation, Policy, Spec
from scripts.errors import Problem
from scripts.words import count

POLICIES = "acs:ram:*:{account}:policy/*"
GET_POLICY = Permission("ram:GetPolicy")  # also of Alibaba Cloud's own policies

_FUNCTION_COMPUTE = "fc.aliyuncs.com"
# As the Serverless Devs CLI writes it: Function Compute, and nobody else, assumes the role.
_TRUST = {
    "Version": "1",
    "Statement": [
        {
            "Action": "sts:AssumeRole",
            "Effect": "Allow",
            "Principal": {"Service": [_FUNCTION_COMPUTE]},
        }
    ],
}


def role_steps(spec: Spec, clients: Clients) -> Iterator[Step]:
    """The role, then each policy as declared. Further policies are taken from it.

    Raises CloudError, and Problem for a policy that is nowhere.
    """
    role = FunctionRole(spec, clients)
    yield step_for(role)
    for policy in spec.service.role.policies:
        yield step_for(RolePolicy(policy, role, clients))
    yield from _undeclared(spec, clients, role)


def role_obstacle(spec: Spec, clients: Clients) -> str:
    """Why provision cannot have the role that it is to make, and what to do about it; else empty.

    What has its name and no mark of ours is somebody else's, and is never taken over; one that is
    all that it should be is taken as it is. Raises CloudError.
    """
    if not spec.service.role.provisioned:
        return ""
    role = FunctionRole(spec, clients)
    declared = spec.service.role.policies
    things: list[FunctionRole | RolePolicy]
    things = [role, *(RolePolicy(each, role, clients) for each in declared)]
    theirs = [f"{each.kind} {each.name}" for each in things if each.there() and not each.marked()]
    steps = role_steps(spec, clients) if theirs else ()
    if all(step.verdict is Verdict.KEEP for step in steps):
        return ""
    return (
        f"the {' and the '.join(theirs)} has no mark of ours, and is not what provision makes: "
        "give the ARN in s.yaml another name, or take it away"
    )


def _undeclared(spec: Spec, clients: Clients, role: "FunctionRole") -> Iterator[Step]:
    """Policies with which the function may do more than s.yaml says: the role loses them."""
    declared = {policy.name for policy in spec.service.role.policies}
    for name, kind in role.attached().items():
        if name not in declared:
            gone = (Difference("attached to", role.name, ""),)
            take = functools.partial(detach, clients, role.name, kind, name)
            yield Step(Verdict.REMOVE, RolePolicy.kind, name, gone, take)


class FunctionRole(Thing):
    """The service's role. It is known by its mark."""

    kind = "role"
    READING = READ_ROLE
    MAKING = (*MAKE_ROLE, DETACH)
    REMOVING = (*READ_ROLE, LIST_SERVICES, DETACH, DELETE_ROLE)

    def __init__(self, spec: Spec, clients: Clients) -> None:
        self.name = spec.service.role.name
        self._user = f"service {spec.service.name}"
        if spec.generation is Generation.FC3:
            self._user = f"function {spec.function_in_cloud}"
        self.by_client = not spec.service.role.provisioned
        self._declared = {policy.name for policy in spec.service.role.policies}
        self._clients = clients
        self._ram = clients.ram

    def live(self) -> State | None:
        """Whom it trusts; None if it is not there."""
        role = self._read()
        return role and {"trust": _canonical(json.loads(role.assume_role_policy_document))}

    def attached(self) -> Mapping[str, str]:
        """The kind (System or Custom) of each policy that it has, by name."""
        return policies_of(self._clients, self.name)

    def declared(self) -> State:
        """Function Compute alone."""
        return {"trust": _canonical(_TRUST)}

    def create(self) -> None:
        """Make it, described as ours."""
        request = models.CreateRoleRequest(
            role_name=self.name,
            assume_role_policy_document=_written(_TRUST),
            description=mark.described(f"What the {self._user} may do"),
        )
        with calling("ram:CreateRole", self.name):
            self._ram.create_role(request)

    def change(self, differences: tuple[Difference, ...]) -> None:  # noqa: ARG002  (there is but one)
        """Let Function Compute assume it, and nobody else."""
        request = models.UpdateRoleRequest(
            role_name=self.name, new_assume_role_policy_document=_written(_TRUST)
        )
        with calling("ram:UpdateRole", self.name):
            self._ram.update_role(request)
        just_made.note(self._clients, self.kind, self.name)

    def marked(self) -> bool:
        """Whether provision, or apply, made it."""
        return not mark.missing_from(self._read())

    def stays(self) -> str:
        """It has no mark, or somebody else trusted it with more."""
        role = self._read()
        if not_ours := mark.missing_from(role):
            return mark.PERHAPS_CLIENTS if self.by_client else not_ours
        if trusted(role) != [_FUNCTION_COMPUTE]:
            return "not Function Compute alone may assume it: it may be somebody else's"
        others = [name for name in self.attached() if name not in self._declared]
        return (
            f"it has policies that s.yaml does not declare: {', '.join(others)}" if others else ""
        )

    def users(self) -> list[str]:
        """The services in the region that have it: RAM does not tell who uses a role."""
        suffix = f":role/{self.name.lower()}"
        return [each.what for each in hosts(self._clients) if each.role.lower().endswith(suffix)]

    def delete(self) -> None:
        """Take it away, with what it is allowed."""
        for name, kind in self.attached().items():
            detach(self._clients, self.name, kind, name)
        with deleting("ram:DeleteRole", self.name):
            self._ram.delete_role(models.DeleteRoleRequest(role_name=self.name))

    def _read(self) -> Any:
        return read_role(self._clients, self.name)


class RolePolicy(Thing):
    """A policy and that the role has it. One declared without statements must exist.

    It is known by its mark.
    """

    kind = "policy"
    READING = (*READ_ROLE, GET_POLICY)
    MAKING = (ATTACH, *on(POLICIES, "ram:CreatePolicy", "ram:CreatePolicyVersion"))
    REMOVING = (*READ_ROLE, GET_POLICY, Permission("ram:DeletePolicy", POLICIES))

    def __init__(self, policy: Policy, role: FunctionRole, clients: Clients) -> None:
        self.name = policy.name
        self._policy = policy
        self._role = role.name
        self._by_client = role.by_client
        self._attached = role.attached
        self._clients = clients
        self._ram = clients.ram
        self._type = "Custom" if policy.statements else self._find()

    def live(self) -> State | None:
        """That the role has it and, if s.yaml has its statements, these; None if it is nowhere."""
        attached = self._role if self.name in self._attached() else ""
        if not self._policy.statements:
            return {"attached to": attached}
        found = self._read()
        if found is None:
            return None
        document = json.loads(found.default_policy_version.policy_document)
        return {"attached to": attached, "document": _canonical(document)}

    def declared(self) -> State:
        """As s.yaml has it."""
        document = {"document": _canonical(self._declared_document())}
        return {"attached to": self._role, **(document if self._policy.statements else {})}

    def _declared_document(self) -> Mapping[str, Any]:
        statements = [dict(statement) for statement in self._policy.statements]
        return {"Version": "1", "Statement": statements}

    def create(self) -> None:
        """Make it, described as ours, and give it to the role."""
        request = models.CreatePolicyRequest(
            policy_name=self.name,
            policy_document=_written(self._declared_document()),
            description=mark.described(
                self._policy.description or f"What the role {self._role} may do"
            ),
        )
        with calling("ram:CreatePolicy", self.name):
            self._ram.create_policy(request)
        self._attach()

    def change(self, differences: tuple[Difference, ...]) -> None:
        """Write it, and give it to the role."""
        fields = {difference.field for difference in differences}
        if "document" in fields:
            self._write_document()
        if "attached to" in fields:
            self._attach()

    def _find(self) -> str:
        """Where a policy is: as the CLI, first among Alibaba Cloud's, then the account's."""
        if kind := self._attached().get(self.name):
            return kind
        for kind in ("System", "Custom"):
            if self._read(kind) is not None:
                return kind
        raise Problem(
            f"the policy {self.name} does not exist: "
            "correct its name in s.yaml, or declare it there with its statements"
        )

    def marked(self) -> bool:
        """Whether provision, or apply, made it."""
        found = self._read()
        return not mark.missing_from(found and found.policy)

    def stays(self) -> str:
        """It has no mark, or others have it too."""
        found = self._read()
        if not_ours := mark.missing_from(found and found.policy):
            return mark.PERHAPS_CLIENTS if self._by_client else not_ours
        others = found.policy.attachment_count - len(self.users())
        return f"others have it: it is attached {count(others, 'time')} more" if others > 0 else ""

    def users(self) -> list[str]:
        """The role that it is for, if that has it."""
        return [f"role {self._role}"] if self.name in self._attached() else []

    def delete(self) -> None:
        """Take it away."""
        request = models.DeletePolicyRequest(policy_name=self.name, cascading_delete=True)
        with deleting("ram:DeletePolicy", self.name):
            self._ram.delete_policy(request)

    def _read(self, kind: str = "Custom") -> Any:
        request = models.GetPolicyRequest(policy_type=kind, policy_name=self.name)
        return find(GET_POLICY.action, self.name, lambda: self._ram.get_policy(request))

    def _write_document(self) -> None:
        request = models.CreatePolicyVersionRequest(
            policy_name=self.name,
            policy_document=_written(self._declared_document()),
            set_as_default=True,
            # A policy has at most five versions.
            rotate_strategy="DeleteOldestNonDefaultVersionWhenLimitExceeded",
        )
        with calling("ram:CreatePolicyVersion", self.name):
            self._ram.create_policy_version(request)
        just_made.note(self._clients, FunctionRole.kind, self._role)

    def _attach(self) -> None:
        request = models.AttachPolicyToRoleRequest(
            policy_type=self._type, policy_name=self.name, role_name=self._role
        )
        with calling("ram:AttachPolicyToRole", f"{self.name} (to {self._role})"):
            self._ram.attach_policy_to_role(request)
        just_made.note(self._clients, FunctionRole.kind, self._role)


def _written(document: Mapping[str, Any]) -> str:
    """A document as the CLI writes it; it takes the same trust written otherwise for another."""
    return json.dumps(document, separators=(",", ":"))


def _canonical(document: Mapping[str, Any]) -> str:
    """A document as text that is the same however its keys were ordered."""
    return json.dumps(document, sort_keys=True)
