"""Brings the spec to an endpoint: reads what is live, plans the difference, carries it out.

It does what `s deploy` does, with the same outcome, by way of Alibaba Cloud's own SDKs: for the
demo, for tests, and for machines without Node. Other than `s deploy` it never goes on with another
role when RAM refuses, and it replaces a trigger that differs.
"""

from collections.abc import Callable

from scripts.account.clients import Clients
from scripts.account.function_compute import function_steps
from scripts.account.function_role import role_arn, role_steps
from scripts.account.resource import Difference, Plan, Step, Verdict
from scripts.declared import Spec
from scripts.errors import UsageError

__all__ = ["Difference", "Plan", "Step", "Verdict", "apply", "plan"]


def plan(spec: Spec, clients: Clients) -> Plan:
    """What the spec needs, by what is live now; changes nothing.

    Raises UsageError (the code was not built, the credentials are of another account), CloudError
    (a call was refused) and Problem (a policy that is nowhere).
    """
    if clients.account_id != spec.account_id:
        raise UsageError(f"the spec is for account {spec.account_id}, not {clients.account_id}")
    steps = (*role_steps(spec, clients), *function_steps(spec, clients, role_arn(spec)))
    return Plan(spec.account_id, spec.region, steps)


def apply(plan: Plan, done: Callable[[Step], None] = lambda _: None) -> None:
    """Carry out a plan's changes in order, and tell `done` after each.

    Raises CloudError where a call is refused: what was done until then stays, and a new plan goes
    on from there.
    """
    for step in plan.changes:
        step.carry_out()
        done(step)
