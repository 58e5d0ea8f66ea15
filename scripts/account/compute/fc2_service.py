"""The service, which Function Compute 2.0 alone has: how it is read, made, changed and removed."""

from collections.abc import Iterator
from typing import Any

from alibabacloud_fc_open20210406 import models

from scripts.account import mark
from scripts.account.clients import Clients, calling
from scripts.account.compute import fc2_defaults as defaults
from scripts.account.compute.fc2 import async_configs
from scripts.account.compute.fc2_defaults import resetting
from scripts.account.compute.hosting import hosting, log_settings, role_and_logs
from scripts.account.compute.port import Host, Sender
from scripts.account.compute.undeclared import defaults_of, settings_of
from scripts.account.function import LIST_FUNCTIONS, Function
from scripts.account.just_made import JustMade
from scripts.account.permission import Permission, on
from scripts.account.resource import FC_PAGE, Difference, State, Thing, deleting, find, token_pages
from scripts.account.role import ROLES, role_arn
from scripts.declared import Spec

GET_SERVICE = Permission("fc:GetService")
SERVICES = "acs:fc:{region}:{account}:services/*"
LIST_SERVICES = Permission("fc:ListServices", SERVICES)


class Service(Thing):
    """The service, with its role and its logs. It goes with its last function.

    It is known by its description.
    """

    kind = "service"
    READING = (GET_SERVICE, Permission("fc:ListVpcBindings"))
    MAKING = (
        *on(SERVICES, "fc:CreateService", "fc:UpdateService"),
        Permission("fc:DeleteVpcBinding"),
        Permission("ram:PassRole", ROLES),
    )
    REMOVING = (GET_SERVICE, LIST_FUNCTIONS, Permission("fc:DeleteService"), *Function.REMOVING)

    def __init__(self, spec: Spec, clients: Clients) -> None:
        self.name = spec.service.name
        self._description = spec.service.description
        self._role_arn = role_arn(spec)
        self._spec = spec
        self._clients = clients
        self._fc = clients.fc
        self._logs = models.LogConfig(**log_settings(spec))

    def live(self) -> State | None:
        """What is live, by the fields that are compared; None if it is not there."""
        found = self._read()
        if found is None:
            return None
        told = self._state(found.description, found.role, found.log_config or models.LogConfig())
        bound = ", ".join(self._bindings())
        return {**told, **settings_of(found, defaults.SERVICE_DEFAULTS), "vpcBindings": bound}

    def declared(self) -> State:
        """What s.yaml declares, by the same fields."""
        told = self._state(self._description, self._role_arn, self._logs)
        return {**told, **defaults_of(defaults.SERVICE_DEFAULTS), "vpcBindings": ""}

    def _state(self, description: str | None, role: str | None, logs: models.LogConfig) -> State:
        return {"description": description or "", **hosting(role, logs)}

    def create(self) -> None:
        """Make it."""
        request = models.CreateServiceRequest(
            service_name=self.name,
            description=self._description,
            role=self._role_arn,
            log_config=self._logs,
        )
        with calling("fc:CreateService", self.name):
            self._fc.create_service(request)

    def rests_on(self) -> Iterator[JustMade]:
        """Its role, and where it logs to."""
        return role_and_logs(self._spec, self._clients)

    def change(self, differences: tuple[Difference, ...]) -> None:
        """Bring it to what is declared, and what s.yaml leaves alone to its default."""
        fields = {each.field for each in differences}
        request = models.UpdateServiceRequest(
            description=self._description,
            role=self._role_arn,
            log_config=self._logs,
            **resetting(fields),
        )
        with calling("fc:UpdateService", self.name):
            self._fc.update_service(self.name, request)
        for vpc_id in self._bindings() if "vpcBindings" in fields else ():
            with calling("fc:DeleteVpcBinding", self.name):
                self._fc.delete_vpc_binding(self.name, vpc_id)

    def stays(self) -> str:
        """It is described otherwise, or holds a function that stays."""
        found = self._read()
        if found is None or (found.description or "") != self._description:
            return mark.NOT_AS_DESCRIBED
        names = _functions(self._clients, self.name)
        function = Function(self._spec, self._clients)
        staying = [name for name in names if name != function.name or function.stays()]
        return f"it holds functions that stay: {', '.join(staying)}" if staying else ""

    def delete(self) -> None:
        """Take it away."""
        with deleting("fc:DeleteService", self.name):
            self._fc.delete_service(self.name)

    def _read(self) -> Any:
        name, request = self.name, models.GetServiceRequest()
        return find("fc:GetService", name, lambda: self._fc.get_service(name, request))

    def _bindings(self) -> list[str]:
        """The VPCs that it is bound to."""
        list_them = self._fc.list_vpc_bindings
        bound = find("fc:ListVpcBindings", self.name, lambda: list_them(self.name))
        return list((bound and bound.vpc_ids) or ())


def hosts(clients: Clients) -> Iterator[Host]:
    """All services in the region."""

    def page(token: str | None) -> Any:
        return clients.fc.list_services(models.ListServicesRequest(limit=FC_PAGE, next_token=token))

    for each in token_pages("fc:ListServices", "the account", page, lambda body: body.services):
        logs = each.log_config or models.LogConfig()
        place = (logs.project or "", logs.logstore or "")
        yield Host(f"service {each.service_name}", each.role or "", *place)


def senders(clients: Clients) -> Iterator[Sender]:
    """All functions in the region that send somewhere what became of them.

    As `function <service>/<function>`, with `<service>.<qualifier>` where it is set for a version
    or an alias.
    """
    for service in (host.what.partition(" ")[2] for host in hosts(clients)):
        for function in _functions(clients, service):
            for config in async_configs(clients, service, function):
                named = f"{service}.{config.qualifier}" if config.qualifier else service
                to = (config.on_failure, config.on_success)
                yield Sender(f"function {named}/{function}", to)


def _functions(clients: Clients, service: str) -> Iterator[str]:
    """The names of a service's functions."""

    def page(token: str | None) -> Any:
        request = models.ListFunctionsRequest(limit=FC_PAGE, next_token=token)
        return clients.fc.list_functions(service, request)

    found = token_pages("fc:ListFunctions", service, page, lambda body: body.functions)
    return (each.function_name for each in found)
