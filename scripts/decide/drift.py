"""Where what is live differs from what s.yaml declares: what apply would change, and a bit more.

Besides what a deploy would bring back, what nobody declared is drift, and no deploy takes it away:
a policy of the service's role, with which the function may do more than the file says; a trigger
beside the declared one; an asynchronous configuration for a version or an alias; a setting that
s.yaml leaves alone, but with which other code runs, or the same elsewhere or with something else.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from scripts.account.clients import Clients
from scripts.account.deployment import Plan, Step, Verdict, plan
from scripts.account.function import MODE, PAUSED, Live, Pause
from scripts.account.function_compute import (
    async_configs_of,
    function_of,
    service_of,
    triggers_of,
    vpc_bindings_of,
)
from scripts.account.role import policies_of
from scripts.decide import defaults
from scripts.decide.defaults import unusual
from scripts.declared import Spec

_LATEST = ("", "LATEST", None)


class Drift(NamedTuple):
    """A field of something that is not as declared; an empty text stands for nothing."""

    kind: str
    name: str
    field: str
    live: str
    declared: str


class Comparison(NamedTuple):
    """Everything that was compared, as (kind, name), and where it differs.

    A pause is no drift: it is meant, and what counts is the mode that it goes back to.
    """

    compared: tuple[tuple[str, str], ...]
    drift: tuple[Drift, ...]
    pause: Pause | None = None


def compare(spec: Spec, clients: Clients) -> Comparison:
    """Compare what is live with the spec, the code by its checksum; raises as `apply.plan`."""
    planned = plan(spec, clients)
    beyond = (
        *_undeclared_policies(spec, clients),
        *_undeclared_service_settings(spec, clients),
        *_undeclared_function_settings(spec, clients),
        *_undeclared_async_configs(spec, clients),
        *_undeclared_triggers(spec, clients),
    )
    compared = tuple((step.kind, step.name) for step in planned.steps)
    drift = (*_differences(planned), *beyond)
    live = Live.find(spec, clients)
    if live is None or live.pause is None:
        return Comparison(compared, drift)
    return Comparison(compared, tuple(_but_for(live.pause, drift, spec)), live.pause)


def _differences(planned: Plan) -> Iterator[Drift]:
    for step in planned.changes:
        yield from _of(step)


def _but_for(pause: Pause, found: Iterable[Drift], spec: Spec) -> Iterator[Drift]:
    """What differs as if there were no pause: in the mode before it."""
    ours = {f"environmentVariables.{name}" for name in (MODE, PAUSED)}
    yield from (each for each in found if each.kind != "function" or each.field not in ours)
    declared = spec.function.environment.get(MODE, "")
    if pause.mode_before != declared:
        name, field = spec.function.name, f"environmentVariables.{MODE}"
        yield Drift("function", name, field, f"{pause.mode_before}, once resumed", declared)


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
    service = service_of(spec, clients)
    if service is None:
        return
    for each in unusual(service, defaults.SERVICE):
        yield Drift("service", name, *each)
    if bound := vpc_bindings_of(spec, clients):
        yield Drift("service", name, "vpcBindings", ", ".join(bound), "")


def _undeclared_function_settings(spec: Spec, clients: Clients) -> Iterator[Drift]:
    name = spec.function.name
    function = function_of(spec, clients)
    if function is not None:
        for each in unusual(function, defaults.FUNCTION):
            yield Drift("function", name, *each)


def _undeclared_async_configs(spec: Spec, clients: Clients) -> Iterator[Drift]:
    """Those of versions and aliases, of which s.yaml has none; tasks in place of invocations."""
    name = spec.function.name
    for config in async_configs_of(spec, clients):
        if config.qualifier not in _LATEST:
            yield Drift("async configuration", name, "qualifier", config.qualifier, "")
        elif config.stateful_invocation:
            yield Drift("async configuration", name, "statefulInvocation", "true", "")


def _undeclared_triggers(spec: Spec, clients: Clients) -> Iterator[Drift]:
    for trigger in triggers_of(spec, clients):
        if trigger.trigger_name != spec.trigger.name:
            yield Drift("trigger", trigger.trigger_name, "type", trigger.trigger_type, "")
