"""Make everything around the function, from s.yaml alone, and write to .env what a deploy needs.

That is: the topic, the failure queue, the role with which MNS calls the function, the log project
with its store and index, the Cloud Config rule, the delivery channel that publishes to the topic,
with ALERT_WEBHOOK or ALERT_EMAIL set the alerts that wake somebody and, where s.yaml gives the
function's role as an ARN, that role with its policy. What is there already is kept, changed where
it must be, and never taken over. A rule that is switched off is not switched on
while a function in mode enforce would close all that it then finds: pause it first. Of a further
remediation that is live in mode enforce no rule is made or switched on at all.

Shows what would change, asks, and does it. Safe to repeat: a second run finds nothing to do.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from resource_repair.remediations import ACL
from scripts.account import inventory
from scripts.account.clients import Clients, Endpoints
from scripts.account.deploy_plan import Difference, Plan, Step
from scripts.account.deployed_function import GET, DeployedFunction
from scripts.account.endpoints import is_local
from scripts.account.inventory import (
    Recipients,
    Rule,
    around,
    role_obstacle,
    role_steps,
    rules_of,
)
from scripts.account.permission import union
from scripts.account.recipients import HOW, NOBODY
from scripts.account.recorder import recorder
from scripts.account.resource import State, step_for
from scripts.account.sites import CONFIG_REGION
from scripts.context import Acting, Context, Ended, Verb
from scripts.decide.chain.facts import Running
from scripts.decide.chain.model import PAUSE, RESUME
from scripts.decide.chain.remediations import MAKES_NO_RULE
from scripts.decide.chain.rule import closes_once_on
from scripts.decide.deploy_effect import enforces
from scripts.declared import Generation, Spec, dotenv, files
from scripts.declared.rule_ids import RULE_ID, unmade, variable
from scripts.errors import Problem
from scripts.flows import beside, carry_out
from scripts.flows.carry_out import StepReport
from scripts.patience import TIMEOUT, Progress, wait
from scripts.terminal import Console, Exit

_ENDPOINT, _ENDPOINT_ON = "s_default_fc_endpoint", "s_default_enable_fc_endpoint"


def provision(spec: Spec, clients: Clients, recipients: Recipients = NOBODY) -> str:
    """Make or adopt everything around the function, without a word; gives the rule's id.

    Raises CloudError, and Problem where something is in the way.
    """
    if found := obstacles(spec, clients):
        raise Problem("; ".join(found))
    for step in _plan(spec, clients, recipients).changes:
        step.carry_out()
    return Rule(spec, clients).id()


def obstacles(spec: Spec, clients: Clients) -> list[str]:
    """What is in the way, each with what to do about it; raises CloudError."""
    others = (resource.obstacle() for resource in around(spec, clients))
    role = role_obstacle(spec, clients)
    found = (recorder(clients).obstacle(), *others, role, *_would_act(spec, clients))
    return [each for each in found if each]


def _plan(spec: Spec, clients: Clients, recipients: Recipients = NOBODY) -> Plan:
    """What is to be made or changed in the account; changes nothing. Raises CloudError."""
    steps = map(step_for, around(spec, clients, recipients))
    of_role = role_steps(spec, clients) if spec.service.role.provisioned else ()
    return Plan(spec.account_id, spec.region, (*steps, *of_role))


@dataclass(frozen=True)
class Report:
    """What is different, what was done about it, and what is in the way of all of it."""

    steps: list[StepReport]
    obstacles: list[str]


def _provision(context: Context) -> Ended:
    console, spec, clients = context.console, context.spec, context.clients
    recipients = _recipients(context)
    _wait_for_cloud_config(console, clients)
    for rule in rules_of(spec, clients):
        _wait_for_the_rule(console, rule)
    if found := obstacles(spec, clients):
        for obstacle in found:
            console.fail(obstacle)
        return Ended(Exit.PROBLEM, Report([], found))
    settings = _Settings(context)
    planned = _plan(spec, clients, recipients)
    last = step_for(settings)
    planned = replace(planned, steps=(*planned.steps, last))
    carry_out.show(console, planned, "all around the function")
    beside.tell(context, VERB)
    if last in planned.changes:
        settings.check()
    if not recipients:
        console.say(f"nobody is woken when something goes wrong: {HOW}", "yellow")
    applied: list[Step] = []
    end = Exit.DONE
    if planned.changes and not console.dry_run:
        if console.confirm("Do this?"):
            context.act()
            if found := obstacles(spec, clients):  # since the plan was shown
                raise Problem("; ".join(found))
            carry_out.carry_out(console, planned, applied)
            console.say(f"next: {_next(context)} where there is no Node")
        else:
            console.say("nothing was done")
            end = Exit.PROBLEM
    _tell_of_the_shell(context, settings)
    return Ended(end, Report(carry_out.report(planned, applied), []))


def _next(context: Context) -> str:
    """How it goes on, by the client or without."""
    if context.spec.generation is Generation.FC2:
        return "s deploy -y --use-local, or resource-repair apply"
    file = context.options.spec.name
    return f"s deploy -y -t {file}, or resource-repair apply -t {file}"


def _recipients(context: Context) -> Recipients:
    """Whom the shell and .env name."""
    path = context.options.spec.parent / ".env"
    return Recipients.of(dotenv.environment(path, context.environ))


def _would_act(spec: Spec, clients: Clients) -> Iterator[str]:
    """That switching a rule on would change buckets: it reports all that it finds, uncounted."""
    for wanted in rules_of(spec, clients):
        rule, name = wanted.found(), wanted.remediation
        if (rule is not None and rule.at_work) or (rule is None and name == ACL):
            continue
        live = DeployedFunction.find(spec, clients)
        if name != ACL:
            if live and enforces(live.settings, name):
                yield MAKES_NO_RULE.format(name=name, function=spec.function_in_cloud)
        elif rule and closes_once_on(rule, Running(live.settings) if live else None):
            yield (
                f"the rule {rule.name} is switched off, and once on it reports every open bucket "
                f"to {spec.function_in_cloud}, which closes them: `{PAUSE}` first, and `{RESUME}` "
                "after it, which counts them; or switch the rule on by hand"
            )


def _wait_for_cloud_config(console: Console, clients: Clients) -> None:
    """Wait for the end of its being switched on, if that is under way."""

    def look() -> Progress:
        building = recorder(clients).building
        words = "Cloud Config is being switched on" if building else "Cloud Config is switched on"
        return Progress(words, done=not building)

    if not recorder(clients).building:
        return
    clients.memory.act()
    if not wait(look, console, TIMEOUT):
        raise Problem("Cloud Config is still being switched on: run again in some minutes")


def _wait_for_the_rule(console: Console, rule: Rule) -> None:
    """Wait for the end of its deletion, if that is under way."""

    def look() -> Progress:
        deleting = rule.deleting()
        words = "is being deleted" if deleting else "is not there any more"
        return Progress(f"the rule {rule.name} {words}", done=not deleting)

    if not rule.deleting():
        return
    rule.clients.memory.act()
    wait(look, console, TIMEOUT)  # what is there after that is told as an obstacle


def _tell_of_the_shell(context: Context, settings: "_Settings") -> None:
    """The shell wins over .env, and may have an older rule's id."""
    of_shell, of_file = context.environ.get(RULE_ID), (settings.live() or {}).get(RULE_ID)
    if of_shell and of_file and of_shell != of_file:
        context.console.say(
            f"{RULE_ID} is {of_shell} in the shell, which wins over .env: unset it there", "yellow"
        )


class _Settings:
    """What .env says of the account: the rules' ids, where the client finds Function Compute, and
    which Cloud Config is its own, where that had to be found out.
    """

    kind = "settings"

    def __init__(self, context: Context) -> None:
        self._path: Path = context.options.spec.parent / ".env"
        self.name = self._path.name
        spec = context.spec
        own = f"https://{spec.account_id}.{spec.region}.fc.aliyuncs.com"
        endpoints = Endpoints.from_environment(context.environ)
        self._local = endpoints.local
        self._endpoint = endpoints.fc or own
        known = dotenv.environment(self._path, {})
        rules = {variable(each.remediation): each for each in rules_of(spec, context.clients)}
        # What s.yaml has the id of itself stands nowhere here.
        unset = {variable(each.remediation) for each in spec.remediations if unmade(each.rule_ids)}
        self._rules = {
            name: rule
            for name, rule in rules.items()
            if name == RULE_ID or name in known or name in unset
        }
        found = context.clients.config_region
        self._found = {CONFIG_REGION: found} if found else {}

    def live(self) -> State | None:
        """What the file says; None if it is not there."""
        if not self._path.is_file():
            return None
        known = dotenv.environment(self._path, {})
        names = (*self._rules, _ENDPOINT, _ENDPOINT_ON, *self._found)
        return {name: known.get(name, "") for name in names}

    def declared(self) -> State:
        """Each rule's id, if there is a rule yet, alone or among others that are there."""
        found = {name: rule.found() for name, rule in self._rules.items()}
        return {
            **{
                name: self._with(name, rule.id) if rule else "(the id of the new rule)"
                for name, rule in found.items()
            },
            _ENDPOINT: self._endpoint,
            _ENDPOINT_ON: "true",
            **self._found,
        }

    def check(self) -> None:
        """Raise Problem where the file must not be written, or could not, found out last."""
        known = dotenv.environment(self._path, {})
        if self._local and known.get(RULE_ID) and not is_local(known.get(_ENDPOINT, "")):
            raise Problem(
                f"{self._path} is of an account, and these endpoints are a local cloud's, whose "
                f"rule would take its place: move it away (mv .env .env.account), and run again"
            )
        files.check_writable(self._path)

    def create(self) -> None:
        """Write the file."""
        self.change(())

    def change(self, differences: tuple[Difference, ...]) -> None:  # noqa: ARG002  (all are written)
        """Set the variables in it; whatever else it says stays."""
        ids = {name: self._with(name, rule.id()) for name, rule in self._rules.items()}
        dotenv.assign(self._path, {**self.declared(), **ids})

    def _with(self, name: str, rule_id: str) -> str:
        """The list of ids as it is, if the rule is in it."""
        now = (self.live() or {}).get(name, "")
        return now if rule_id in (each.strip() for each in now.split(",")) else rule_id


VERB = Verb(
    "provision",
    __doc__ or "",
    union(inventory.PROVISIONING, (GET,), beside.PERMISSIONS),  # the latter where the rule is off
    Acting,
    _provision,
    rule_id_known=False,
)
