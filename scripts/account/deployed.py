"""What a deploy makes, as it is to be taken away: trigger, function, service, role, policies.

Service and function are known by name and description, the trigger by name and by whose it is. Role
and policies have the mark in their descriptions where `apply` made them. The Serverless Devs client
marks nothing: what it made of them cannot be told from what was there before, and stays.
"""

from collections.abc import Iterator
from typing import Any

from alibabacloud_fc_open20210406 import models as fc
from alibabacloud_ram20150501 import models as ram

from scripts.account import mark
from scripts.account.clients import Clients, calling
from scripts.account.resource import Removable, deleting, find
from scripts.account.role import policies_of, read_role, trusted
from scripts.declared import Policy, Spec

_FUNCTION_COMPUTE = "fc.aliyuncs.com"
_PAGE = 100
_OTHERWISE = "its description is not that of s.yaml: it may be somebody else's"


def deployed(spec: Spec, clients: Clients) -> Iterator[Removable]:
    """All that a deploy of the spec makes, in the order in which it can be taken away."""
    function = _Function(spec, clients)
    yield _Trigger(spec, clients, function)
    yield function
    yield _Service(spec, clients, function)
    role = _Role(spec, clients)
    yield role
    for policy in spec.service.role.policies:
        if policy.statements:
            yield _Policy(policy, role, clients)


def services(clients: Clients) -> Iterator[Any]:
    """All services in the region, as the SDK describes them."""
    token: str | None = None
    while True:
        request = fc.ListServicesRequest(limit=_PAGE, next_token=token)
        with calling("fc:ListServices", "the account"):
            page = clients.fc.list_services(request).body
        yield from page.services or ()
        token = page.next_token
        if not token:
            return


def functions(clients: Clients, service: str) -> Iterator[str]:
    """The names of a service's functions."""
    token: str | None = None
    while True:
        request = fc.ListFunctionsRequest(limit=_PAGE, next_token=token)
        with calling("fc:ListFunctions", service):
            page = clients.fc.list_functions(service, request).body
        yield from (each.function_name for each in page.functions or ())
        token = page.next_token
        if not token:
            return


class _Function:
    kind = "function"

    def __init__(self, spec: Spec, clients: Clients) -> None:
        self.name = spec.function.name
        self._description = spec.function.description
        self._service = spec.service.name
        self._trigger = spec.trigger.name
        self._fc = clients.fc

    def there(self) -> bool:
        return self._read() is not None

    def stays(self) -> str:
        if not self.ours():
            return _OTHERWISE
        others = [name for name in self._triggers() if name != self._trigger]
        return f"others call it by the trigger {', '.join(others)}" if others else ""

    def ours(self) -> bool:
        """Whether it is there, and described as in the spec."""
        found = self._read()
        return found is not None and (found.description or "") == self._description

    def delete(self) -> None:
        with deleting("fc:DeleteFunctionAsyncInvokeConfig", self.name):
            self._fc.delete_function_async_invoke_config(
                self._service, self.name, fc.DeleteFunctionAsyncInvokeConfigRequest()
            )
        with deleting("fc:DeleteFunction", self.name):
            self._fc.delete_function(self._service, self.name)

    def _read(self) -> Any:
        get, request = self._fc.get_function, fc.GetFunctionRequest()
        return find("fc:GetFunction", self.name, lambda: get(self._service, self.name, request))

    def _triggers(self) -> list[str]:
        with calling("fc:ListTriggers", self.name):
            request = fc.ListTriggersRequest(limit=_PAGE)
            body = self._fc.list_triggers(self._service, self.name, request).body
        return [each.trigger_name for each in body.triggers or ()]


class _Trigger:
    kind = "trigger"

    def __init__(self, spec: Spec, clients: Clients, function: _Function) -> None:
        self.name = spec.trigger.name
        self._place = (spec.service.name, spec.function.name, spec.trigger.name)
        self._function = function
        self._fc = clients.fc

    def there(self) -> bool:
        get = self._fc.get_trigger
        return find("fc:GetTrigger", self.name, lambda: get(*self._place)) is not None

    def stays(self) -> str:
        return "" if self._function.ours() else "the function that it calls may be somebody else's"

    def delete(self) -> None:
        with deleting("fc:DeleteTrigger", self.name):
            self._fc.delete_trigger(*self._place)


class _Service:
    kind = "service"

    def __init__(self, spec: Spec, clients: Clients, function: _Function) -> None:
        self.name = spec.service.name
        self._description = spec.service.description
        self._function = function
        self._clients = clients
        self._fc = clients.fc

    def there(self) -> bool:
        return self._read() is not None

    def stays(self) -> str:
        found = self._read()
        if found is None or (found.description or "") != self._description:
            return _OTHERWISE
        names = functions(self._clients, self.name)
        staying = [n for n in names if n != self._function.name or self._function.stays()]
        return f"it holds functions that stay: {', '.join(staying)}" if staying else ""

    def delete(self) -> None:
        with deleting("fc:DeleteService", self.name):
            self._fc.delete_service(self.name)

    def _read(self) -> Any:
        get, request = self._fc.get_service, fc.GetServiceRequest()
        return find("fc:GetService", self.name, lambda: get(self.name, request))


class _Role:
    kind = "role"

    def __init__(self, spec: Spec, clients: Clients) -> None:
        self.name = spec.service.role.name
        self._declared = {policy.name for policy in spec.service.role.policies}
        self._clients = clients

    def there(self) -> bool:
        return read_role(self._clients, self.name) is not None

    def stays(self) -> str:
        """It has no mark, or somebody else trusted it with more."""
        role = read_role(self._clients, self.name)
        if not_ours := mark.missing_from(role):
            return not_ours
        if trusted(role) != [_FUNCTION_COMPUTE]:
            return "not Function Compute alone may assume it: it may be somebody else's"
        others = [name for name in self.policies() if name not in self._declared]
        return (
            f"it has policies that s.yaml does not declare: {', '.join(others)}" if others else ""
        )

    def users(self) -> list[str]:
        """The services in the region that have it: RAM does not tell who uses a role."""
        suffix = f":role/{self.name.lower()}"
        return [
            f"service {each.service_name}"
            for each in services(self._clients)
            if (each.role or "").lower().endswith(suffix)
        ]

    def policies(self) -> dict[str, str]:
        """The kind of each policy that it has, by name."""
        return policies_of(self._clients, self.name)

    def delete(self) -> None:
        for name, kind in self.policies().items():
            request = ram.DetachPolicyFromRoleRequest(
                policy_type=kind, policy_name=name, role_name=self.name
            )
            with deleting("ram:DetachPolicyFromRole", f"{name} (from {self.name})"):
                self._clients.ram.detach_policy_from_role(request)
        with deleting("ram:DeleteRole", self.name):
            self._clients.ram.delete_role(ram.DeleteRoleRequest(role_name=self.name))


class _Policy:
    kind = "policy"

    def __init__(self, policy: Policy, role: _Role, clients: Clients) -> None:
        self.name = policy.name
        self._role = role
        self._ram = clients.ram

    def there(self) -> bool:
        return self._read() is not None

    def stays(self) -> str:
        policy = self._read()
        if not_ours := mark.missing_from(policy):
            return not_ours
        others = policy.attachment_count - len(self.users())
        return f"others have it: it is attached {others} times more" if others > 0 else ""

    def users(self) -> list[str]:
        """The role that it is for, if that has it."""
        return [f"role {self._role.name}"] if self.name in self._role.policies() else []

    def delete(self) -> None:
        request = ram.DeletePolicyRequest(policy_name=self.name, cascading_delete=True)
        with deleting("ram:DeletePolicy", self.name):
            self._ram.delete_policy(request)

    def _read(self) -> Any:
        request = ram.GetPolicyRequest(policy_type="Custom", policy_name=self.name)
        found = find("ram:GetPolicy", self.name, lambda: self._ram.get_policy(request))
        return found and found.policy
