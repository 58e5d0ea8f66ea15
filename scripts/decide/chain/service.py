"""The service: whether Function Compute has services here, and with which role this one runs.

On Function Compute 3.0, which has none, the same of the function.
"""

from collections.abc import Iterator

from resource_repair.settings import Settings
from scripts.account.compute.port import not_to_be_had
from scripts.account.deploy_plan import Step, Verdict
from scripts.account.role import role_arn
from scripts.decide.chain.facts import LOG_CONFIG, Elsewhere, Facts, known
from scripts.decide.chain.model import (
    APPLY,
    PAUSE,
    PROVISION,
    Link,
    Remark,
    fault,
    note,
    sound,
    stopping,
    undeployed,
    unlike,
)
from scripts.decide.deploy_conflicts import ended_pause
from scripts.decide.deploy_effect import enforces
from scripts.errors import CloudError

OTHER_GENERATION = "--other-generation"  # the option of `remove`

# The role in words of its own, and where logs go by their own link.
_TOLD_APART = ("role", LOG_CONFIG)

# What the Serverless Devs client deploys with, without a word, when RAM lets it make no role.
_CLIENTS_OWN_ROLE = "aliyunfcdefaultrole"


def _examine_service(facts: Facts) -> Iterator[Remark]:
    if isinstance(facts.service, CloudError) and not_to_be_had(facts.service):
        yield fault(
            f"this account cannot have services (Function Compute 2.0): {facts.service}",
            "activate Function Compute at https://fcnext.console.aliyun.com; if only 3.0 is to be "
            "had there: `resource-repair fc3`, and deploy what that writes",
        )
        return
    service = known(facts.service)
    if elsewhere := known(facts.elsewhere):
        yield from _beside(facts, elsewhere)
    if service.live is None:
        yield undeployed(f"there is no {service.kind} {service.name}")
        return
    others = (each for each in service.differences if not each.field.startswith(_TOLD_APART))
    wrong = [*unlike(service.name, others)]
    yield from (each for each in _about_role(service.live["role"], facts) if not wrong or each.mend)
    yield from wrong


def _beside(facts: Facts, other: Elsewhere) -> Iterator[Remark]:
    """That the account has our function twice, as while it is moved, and what is next then."""
    spec, running = facts.spec, known(facts.running)
    there = f"there is {other.name} on {spec.generation.other.product} too"
    here = running is not None and not running.elsewhere
    listens = here and known(facts.trigger).live is not None
    apply = f"{APPLY} -t {spec.generation.template}"
    remove = f"resource-repair remove {OTHER_GENERATION} -t {spec.generation.template}"
    if other.pause and running and not here and ended_pause(other.pause, spec):
        yield stopping(
            f"{other.name} is {other.pause}, and a deploy by the Serverless Devs client would have "
            f"{spec.qualified_name} close buckets",
            f"{apply}, which takes the pause over",
        )
    elif other.pause and running and here and _changes_buckets(running.settings):
        yield fault(f"{other.name} is {other.pause}, and {spec.qualified_name} is not", PAUSE)
    if (other.listens and not listens) or not here:
        yield note(f"{there}: findings go to it alone", apply)
    elif other.listens:
        yield note(
            f"{there}: findings go to it beside {spec.qualified_name}",
            f"{remove}, once `resource-repair verify -t {spec.generation.template}` is content",
        )
    else:
        due = other.empty_from
        since = f" until {due.strftime('%Y-%m-%d %H:%M UTC')} at the latest" if due else ""
        yield note(
            f"{there}: it has no trigger, and works off what waits for it{since}",
            f"{remove}{', from then on' if due else ''}",
        )


def _changes_buckets(read: Settings) -> bool:
    """Whether any of its remediations does."""
    return any(enforces(read, each.remediation) for each in read.assigned)


def _about_role(live: str, facts: Facts) -> Iterator[Remark]:
    name, declared = known(facts.service).name, role_arn(facts.spec)
    if live == declared:
        yield sound(f"{name} runs as {declared}, on {facts.spec.generation.product}")
    elif live.endswith(f"/{_CLIENTS_OWN_ROLE}"):
        yield undeployed(
            f"{name} was deployed with {_CLIENTS_OWN_ROLE}, since RAM refused the client its role "
            f"{facts.spec.service.role.name}"
        )
    else:
        yield undeployed(f"{name} runs as {live or 'nobody'}, and s.yaml says {declared}")


def _examine_role(facts: Facts) -> Iterator[Remark]:
    if obstacle := known(facts.role_obstacle):
        what, _, mend = obstacle.partition(": ")
        yield fault(what, mend)
        return
    wrong = [*_about_steps(facts)]
    if facts.spec.service.role.provisioned:  # which no deploy mends
        wrong = [fault(each.what, PROVISION) for each in wrong]
    name, had = facts.spec.service.role.name, len(known(facts.role_steps)) - 1
    yield from wrong or [sound(f"{name} has its {had} polic{'y' if had == 1 else 'ies'}")]


def _about_steps(facts: Facts) -> Iterator[Remark]:
    role, steps = facts.spec.service.role, known(facts.role_steps)
    needs = "the function needs" if role.provisioned else "s.yaml does"
    beyond = "the function does not need" if role.provisioned else "s.yaml does not declare"
    wrong = [step for step in steps if step.verdict is not Verdict.KEEP]
    if steps[0].verdict is Verdict.CREATE:
        del wrong[1:]  # a role that is not there has no policies either
    for step in wrong:
        if step.verdict is Verdict.REMOVE:
            yield undeployed(f"{role.name} has the policy {step.name}, which {beyond}")
        else:
            yield undeployed(_told(step, role.name, needs))


def _told(step: Step, role: str, needs: str) -> str:
    fields = {difference.field for difference in step.differences}
    if step.kind == "role" and step.verdict is Verdict.CREATE:
        return f"there is no role {role}"
    if step.kind == "role":
        return f"{role} is not for Function Compute alone to assume"
    if step.verdict is Verdict.CREATE or "attached to" in fields:
        return f"{role} lacks the policy {step.name}"
    return f"{role}'s policy {step.name} says other than {needs}"


SERVICE = Link("service", ("service", "elsewhere", "running", "trigger"), _examine_service)
SERVICE_ROLE = Link("function's role", ("role_steps", "role_obstacle"), _examine_role)
