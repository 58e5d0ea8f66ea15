"""Brings the spec to an endpoint: reads what is live, plans the difference, carries it out.

It does what `s deploy` does, with the same outcome, by way of Alibaba Cloud's own SDKs: for the
demo, for tests, and for machines without Node. Other than `s deploy` it never goes on with another
role when RAM refuses, and it replaces a trigger that differs.
"""

import functools
from collections.abc import Callable, Iterator
from dataclasses import replace

from scripts.account import moving
from scripts.account.async_config import (
    DELETE_ASYNC,
    LIST_ASYNC,
    AsyncInvokeConfig,
)
from scripts.account.clients import Clients
from scripts.account.compute import compute
from scripts.account.compute.fc2_service import Service
from scripts.account.function import LIST_TRIGGERS, Function
from scripts.account.function_role import FunctionRole, RolePolicy, role_steps
from scripts.account.permission import Permission, union
from scripts.account.resource import Difference, Plan, Step, Verdict, step_for
from scripts.account.role import READ_ROLE, ROLES, read_role
from scripts.account.trigger import Trigger
from scripts.declared import Generation, Spec
from scripts.errors import Problem, UsageError

__all__ = ["Difference", "Plan", "Step", "Verdict", "apply", "plan", "undeclared"]

# What only `undeclared` takes.
UNDECLARED = (LIST_TRIGGERS, LIST_ASYNC)

# On 3.0 provision makes the role, and the function has it.
_ALONE = (Function, AsyncInvokeConfig, Trigger)
READING_ALONE = union((READ_ROLE[0],), *(kind.READING for kind in _ALONE), UNDECLARED)
MAKING_ALONE = union(
    *(kind.MAKING for kind in _ALONE),
    (DELETE_ASYNC, Permission("fc:UpdateTrigger"), Permission("ram:PassRole", ROLES)),
)
_KINDS = (FunctionRole, RolePolicy, Service, Function, AsyncInvokeConfig, Trigger)
READING = union(*(kind.READING for kind in _KINDS), UNDECLARED)
MAKING = union(*(kind.MAKING for kind in _KINDS), (DELETE_ASYNC,))


def plan(spec: Spec, clients: Clients) -> Plan:
    """What the spec needs, by what is live now; changes nothing.

    A pause that holds on the other generation is needed here too: findings go to both.

    Raises UsageError (the code was not built, the credentials are of another account), CloudError
    (a call was refused) and Problem (a policy, or a role given as an ARN, that is nowhere).
    """
    if clients.account_id != spec.account_id:
        raise UsageError(f"the spec is for account {spec.account_id}, not {clients.account_id}")
    role = spec.service.role
    if role.provisioned and read_role(clients, role.name) is None:
        # Function Compute takes the ARN of one that is not there, and then runs nothing.
        raise Problem(f"there is no role {role.name}: `resource-repair provision` makes it")
    of_role = () if role.provisioned else role_steps(spec, clients)
    steps = (*of_role, *_function_steps(moving.with_pause(spec, clients), clients))
    return Plan(spec.account_id, spec.region, steps)


def apply(plan: Plan, done: Callable[[Step], None] = lambda _: None) -> None:
    """Carry out a plan's changes in order, and tell `done` after each.

    Raises CloudError where a call is refused: what was done until then stays, and a new plan goes
    on from there.
    """
    for step in plan.changes:
        step.carry_out()
        done(step)


def _function_steps(spec: Spec, clients: Clients) -> Iterator[Step]:
    """Service, function, asynchronous configuration, trigger, and what nobody declared.

    Raises CloudError, and UsageError if the code was not built.
    """
    code = _built_code(spec)
    if spec.generation is Generation.FC2:
        yield step_for(Service(spec, clients))
    yield step_for(Function(spec, clients, code))
    if wanted := spec.function.async_config:
        yield step_for(AsyncInvokeConfig(spec, wanted, clients))
    yield _trigger_step(spec, clients)
    yield from undeclared(spec, clients)


def _trigger_step(spec: Spec, clients: Clients) -> Step:
    """The trigger, last: a pause of the other generation meanwhile is not to be passed by.

    Nor is an exemption that was put live there. (From when the function is there on, both come to
    it too.)
    """
    step = step_for(Trigger(spec, clients))
    before = moving.elsewhere(spec, clients)

    def carry_out() -> None:
        if moving.with_pause(spec, clients) != spec:
            raise Problem(
                f"{moving.on_other(spec).qualified_name} was paused meanwhile, so no trigger was "
                "made that would have buckets closed: run again"
            )
        now = moving.elsewhere(spec, clients) if before else None
        if before and now and now.checksum != before.checksum:
            raise Problem(
                f"{now.spec.qualified_name} got other code meanwhile, and perhaps an exemption "
                "that this one lacks, so no trigger was made: run again"
            )
        step.once()

    return step if step.verdict is Verdict.KEEP else replace(step, once=carry_out)


def undeclared(spec: Spec, clients: Clients) -> Iterator[Step]:
    """What the function has and nobody declared: further triggers, and configurations.

    Of asynchronous ones, those of versions and aliases and, where none is declared, the latest's.
    """
    live = compute(spec, clients)
    for each in live.triggers():
        if each.name != spec.trigger.name:
            gone = (Difference("type", each.kind, ""),)
            delete = functools.partial(live.delete_trigger, each.name)
            yield Step(Verdict.REMOVE, Trigger.kind, each.name, gone, delete)
    for config in live.async_configs():
        if config.qualifier or not spec.function.async_config:
            gone = (Difference("qualifier", config.qualifier or "LATEST", ""),)
            delete = functools.partial(live.delete_async, config.qualifier)
            yield Step(Verdict.REMOVE, AsyncInvokeConfig.kind, spec.function_in_cloud, gone, delete)


def _built_code(spec: Spec) -> bytes:
    try:
        return spec.function.code.read_bytes()
    except FileNotFoundError as error:
        raise UsageError(f"{spec.function.code} is not there: run `make bundle`") from error
