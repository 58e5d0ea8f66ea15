"""Where what is live differs from what s.yaml declares: what apply would change, and a bit more.

Besides what a deploy would bring back, what nobody declared is drift, and no deploy takes it away:
a policy of the service's role, with which the function may do more than the file says; a trigger
beside the declared one; a setting that s.yaml leaves alone, but with which other code runs, or the
same in another network.
"""

import functools
from collections.abc import Iterator
from typing import Any, NamedTuple

from alibabacloud_fc_open20210406 import models

from scripts.apply import Plan, Step, Verdict, plan
from scripts.clients import Clients
from scripts.resources.model import find
from scripts.resources.notification_role import policies_of
from scripts.spec import Spec

_PAGE = 100  # the most that there can be


class Drift(NamedTuple):
    """A field of something that is not as declared; an empty text stands for nothing."""

    kind: str
    name: str
    field: str
    live: str
    declared: str


class Comparison(NamedTuple):
    """Everything that was compared, as (kind, name), and where it differs."""

    compared: tuple[tuple[str, str], ...]
    drift: tuple[Drift, ...]


def compare(spec: Spec, clients: Clients) -> Comparison:
    """Compare what is live with the spec, the code by its checksum; raises as `apply.plan`."""
    planned = plan(spec, clients)
    undeclared = (
        *_undeclared_policies(spec, clients),
        *_undeclared_service_settings(spec, clients),
        *_undeclared_function_settings(spec, clients),
        *_undeclared_triggers(spec, clients),
    )
    compared = tuple((step.kind, step.name) for step in planned.steps)
    return Comparison(compared, (*_differences(planned), *undeclared))


def _differences(planned: Plan) -> Iterator[Drift]:
    for step in planned.changes:
        yield from _of(step)


def _of(step: Step) -> Iterator[Drift]:
    if step.verdict is Verdict.CREATE:
        yield Drift(step.kind, step.name, "is there", "no", "yes")
    for each in step.differences:
        yield Drift(step.kind, step.name, each.field, each.live, each.declared)


def _undeclared_policies(spec: Spec, clients: Clients) -> Iterator[Drift]:
    role = spec.service.role
    declared = {policy.name for policy in role.policies}
    for name in policies_of(clients, role.name):
        if name not in declared:
            yield Drift("policy", name, "attached to", role.name, "")


def _undeclared_service_settings(spec: Spec, clients: Clients) -> Iterator[Drift]:
    name = spec.service.name
    request = models.GetServiceRequest()
    service = find("fc:GetService", name, lambda: clients.fc.get_service(name, request))
    if service is None:
        return
    network = service.vpc_config or models.VPCConfig()
    files = service.nas_config or models.NASConfig()
    mounted = [f"{each.server_addr} {each.mount_dir}" for each in files.mount_points or ()]
    live = {
        "vpcConfig": network.vpc_id,
        "nasConfig.mountPoints": mounted,
        "internetAccess": "false" if service.internet_access is False else "",
    }
    declared = {"internetAccess": "true"}  # the default
    for field, value in _set(live):
        yield Drift("service", name, field, value, declared.get(field, ""))


def _undeclared_function_settings(spec: Spec, clients: Clients) -> Iterator[Drift]:
    name = spec.function.name
    place = (spec.service.name, name, models.GetFunctionRequest())
    function = find("fc:GetFunction", name, lambda: clients.fc.get_function(*place))
    if function is None:
        return
    container = function.custom_container_config or models.CustomContainerConfigInfo()
    hooks = function.instance_lifecycle_config or models.InstanceLifecycleConfig()
    names = function.custom_dns or models.CustomDNS()
    live = {
        "initializer": function.initializer,
        "layers": function.layers or function.layers_arn_v2,
        "customContainerConfig.image": container.image,
        "customContainerConfig.command": container.command,
        "customContainerConfig.args": container.args,
        "instanceLifecycleConfig.preFreeze": hooks.pre_freeze and hooks.pre_freeze.handler,
        "instanceLifecycleConfig.preStop": hooks.pre_stop and hooks.pre_stop.handler,
        "customDNS.nameServers": names.name_servers,
        "customDNS.searches": names.searches,
        "customDNS.dnsOptions": [f"{each.name}:{each.value}" for each in names.dns_options or ()],
    }
    for field, value in _set(live):
        yield Drift("function", name, field, value, "")


def _set(live: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Those that have a value, in words."""
    for field, value in live.items():
        if value:
            yield field, ", ".join(value) if isinstance(value, list) else str(value)


def _undeclared_triggers(spec: Spec, clients: Clients) -> Iterator[Drift]:
    for trigger in _triggers(spec, clients):
        if trigger.trigger_name != spec.trigger.name:
            yield Drift("trigger", trigger.trigger_name, "type", trigger.trigger_type, "")


def _triggers(spec: Spec, clients: Clients) -> Iterator[Any]:
    """Every trigger of the function; none if it is not there."""
    service, function = spec.service.name, spec.function.name
    request = models.ListTriggersRequest(limit=_PAGE)
    while True:
        ask = functools.partial(clients.fc.list_triggers, service, function, request)
        page = find("fc:ListTriggers", function, ask)
        yield from (page and page.triggers) or ()
        if page is None or not page.next_token:
            return
        request = models.ListTriggersRequest(limit=_PAGE, next_token=page.next_token)
