"""Where what is live differs from what s.yaml declares: what apply would change, and a bit more.

Besides what a deploy would bring back, a policy of the service's role that nobody declared is
drift: no deploy takes it away, and with it the function may do more than the file says.
"""

from collections.abc import Iterator
from typing import NamedTuple

from scripts.apply import Plan, Step, Verdict, plan
from scripts.clients import Clients
from scripts.resources.notification_role import policies_of
from scripts.spec import Spec


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
    undeclared = tuple(_undeclared_policies(spec, clients))
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
