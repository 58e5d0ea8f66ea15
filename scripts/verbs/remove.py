"""Take away what provision and a deploy have made, and nothing else.

What was there before provision, and what others use as well, is kept and named. So are roles, which
are of all regions, while only this one is looked at, unless it is said that they may go. The logs
go with the log store, and what is in the failure queue with the queue: as long as messages wait
there, nothing is removed unless it is said that they may be left or lost.

While our function is on the other Function Compute too, as in a move between the two, what is
around it stays: then the function alone goes, with what only it has. That is at once, with what
waits for it. At the end of a move --other-generation takes away the other one with care: nothing as
long as the one in use is not what `verify` wants; then its trigger; and, run again once nothing
waits for it any more, the function.

Shows what would go and what stays, asks, and does it. Safe to repeat.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Annotated, NamedTuple, Protocol, runtime_checkable

from cyclopts import Parameter

from resource_repair.remediations import REMEDIATIONS
from scripts.account import inventory, moving
from scripts.account.channel import channels
from scripts.account.clients import Clients
from scripts.account.function_role import FunctionRole, RolePolicy
from scripts.account.inventory import Queue, Removable, removable
from scripts.account.log import LIST_PROJECTS, marked_projects
from scripts.account.permission import union
from scripts.account.queue import LIST_QUEUES, marked_queues
from scripts.account.rule import Rule, name_of, rules
from scripts.account.topic import LIST_TOPICS, marked_topics
from scripts.context import Acting, Context, Ended, Verb
from scripts.declared import Spec, dotenv
from scripts.declared.rule_ids import variable
from scripts.errors import Problem, UsageError
from scripts.flows import retire
from scripts.flows.retire import Retirement
from scripts.patience import patiently
from scripts.terminal import Console, Exit
from scripts.words import count

_ROLE = "role"
_DEPLOYED = {"trigger", "function", "service"}
_GETS_RID = (
    "resource-repair redrive; what that cannot settle is taken away by "
    "resource-repair redrive --discard --reason WHY"
)
_ELSEWHERE = "functions in other regions may go by it, which is not seen: --roles removes it"


@runtime_checkable
class _Used(Protocol):
    """What others name in their settings, or have."""

    def users(self) -> list[str]:
        """Which do, ours included, by kind and name; a function's is `<service>/<function>`."""
        ...


@runtime_checkable
class _Lingering(Protocol):
    """What is there for a while after it was deleted."""

    def see_gone(self) -> None:
        """Look until it is, having been deleted; raises CloudError."""
        ...


class Fate(NamedTuple):
    """What becomes of something that is there: it goes, unless there is a reason why it stays."""

    resource: Removable
    stays: str


class Marked(NamedTuple):
    """A thing that bears our mark, and is not in s.yaml."""

    kind: str
    name: str


def fates(spec: Spec, clients: Clients, *, roles: bool) -> list[Fate]:
    """All of the spec that is there, in the order in which it can go; raises CloudError.

    Without `roles`, roles stay: they are of all regions, and others are not looked at.
    """
    found = []
    going: set[str] = set()  # as `users` names them
    other = cache(partial(_other, spec, clients))
    for resource in removable(spec, clients):
        if resource.there():
            stays = _shared(resource, other) or _stays(resource, going, roles=roles)
            found.append(Fate(resource, stays))
            if not stays:
                is_function = resource.kind == "function"
                name = spec.qualified_name if is_function else resource.name
                going.add(f"{resource.kind} {name}")
    return found


def unnamed(spec: Spec, clients: Clients) -> list[Marked]:
    """What has the mark and is none of the spec's, as after a change of names.

    Raises CloudError.
    """
    found = [
        *(
            Marked("delivery channel", each.name or each.id)
            for each in channels(clients)
            if each.marked and each.target != spec.trigger.source_arn
        ),
        *(Marked("rule", each.name) for each in rules(clients) if each.marked),
        *(Marked("topic", name) for name in marked_topics(clients)),
        *(Marked("queue", name) for name in marked_queues(clients)),
        *(Marked("log project", name) for name in marked_projects(clients)),
    ]
    logs = spec.logs
    ours = {
        *(("rule", name) for name in (spec.rule_name, *map(name_of, REMEDIATIONS))),
        ("topic", spec.topic),
        ("queue", spec.failure_queue),
        ("log project", logs.project if logs else ""),
    }
    return [each for each in found if each not in ours]


def _stays(resource: Removable, going: Collection[str], *, roles: bool) -> str:
    """Why it stays, when what is in `going` does not; empty if it goes."""
    if stays := resource.stays():
        return stays
    users = resource.users() if isinstance(resource, _Used) else ()
    if staying := [name for name in users if name not in going]:
        return f"it is used by what stays: {', '.join(staying)}"
    return _ELSEWHERE if resource.kind == _ROLE and not roles else ""


def _other(spec: Spec, clients: Clients) -> str:
    """Our function on the other generation, in words; empty for none. Raises CloudError."""
    other = moving.elsewhere(spec, clients)
    return f"{other.spec.qualified_name}, on {other.spec.generation.product}" if other else ""


def _shared(resource: Removable, other: Callable[[], str]) -> str:
    """Why what is around the function stays: the other one, if there is one, goes by it too."""
    of_role = isinstance(resource, FunctionRole | RolePolicy)  # which tell who has them
    if of_role or resource.kind in _DEPLOYED:
        return ""
    name = other()
    return name and f"{name}, goes by it too"


@dataclass(frozen=True, kw_only=True)
class Options(Acting):
    """What it takes."""

    discard_failures: Annotated[
        bool,
        Parameter(
            help="go on although messages wait in the failure queue, and lose them if it goes"
        ),
    ] = False
    roles: Annotated[
        bool,
        Parameter(
            help="remove roles that bear our mark too; in other regions nobody may go by them"
        ),
    ] = False
    other_generation: Annotated[
        bool,
        Parameter(help="remove our function on the other Function Compute alone, after a move"),
    ] = False

    def check(self) -> None:
        """With that option nothing goes of which the others speak."""
        if self.other_generation and (self.roles or self.discard_failures):
            raise UsageError(
                "--other-generation takes neither role nor queue: leave out --roles and "
                "--discard-failures"
            )


@dataclass(frozen=True)
class Found:
    """A thing that is there, why it stays if it does, and whether it was removed."""

    kind: str
    name: str
    stays: str
    removed: bool


@dataclass(frozen=True)
class Report:
    """All that was found, and what bears our mark besides."""

    found: list[Found]
    not_in_spec: Sequence[Marked]


def _retire(context: Context) -> Ended:
    """Take away our function on the other generation, as far as that can be done by now."""
    console, other = context.console, Retirement(context.spec, context.clients)
    going, removed = other.going(retire.now()), list[Removable]()
    planned = [Fate(each, each.stays()) for each in going]
    report = partial(_report, planned, removed, ())
    console.so_far(report)
    end, to_do = Exit.DONE, bool(going) or other.to_note()
    if planned:
        console.say(f"of {other.name}, as {context.spec.qualified_name} takes over:", "bold")
        _show(console, planned, (), context.spec.region)
    if to_do:
        retire.check_in_use(context)
    if any(stays for _, stays in planned):
        end = Exit.PROBLEM
    elif to_do and not console.dry_run:
        if going and not console.confirm("Remove this? It cannot be undone."):
            console.say("nothing was removed")
            return Ended(Exit.PROBLEM, report())
        context.act()
        other.carry_out(context, going, partial(_tell_removed, console, removed))
    if until := other.waits_until():
        console.say(
            f"{other.name} gets no findings any more, and works off what waits for it. It goes by "
            f"this same command, from {until.strftime('%Y-%m-%d %H:%M UTC')} on"
        )
    elif not to_do:
        console.say(f"nothing to do: {other.name} is not there", "green")
    return Ended(end, report())


def _tell_removed(console: Console, removed: list[Removable], resource: Removable) -> None:
    removed.append(resource)
    console.say(f"removed {resource.kind} {resource.name}", "green")


def _remove(context: Context) -> Ended:
    console, options = context.console, context.options
    if options.other_generation:
        return _retire(context)
    planned = fates(context.spec, context.clients, roles=options.roles)
    others = unnamed(context.spec, context.clients)
    removed: list[Removable] = []
    report = partial(_report, planned, removed, others)
    console.so_far(report)
    _show(console, planned, others, context.spec.region)
    end = Exit.DONE
    if not all(fate.stays for fate in planned):
        if not options.discard_failures:
            _refuse_to_leave_failures(planned)
        if not console.dry_run:
            end = _go(context, planned, removed)
    return Ended(end, report())


def _go(context: Context, planned: list[Fate], removed: list[Removable]) -> Exit:
    console = context.console
    if not console.confirm("Remove this? It cannot be undone."):
        console.say("nothing was removed")
        return Exit.PROBLEM
    going = [each.resource for each in planned if not each.stays]
    ids = {each: each.id() for each in going if isinstance(each, Rule)}  # while they can be read
    context.act()
    end = Exit.DONE
    for index, (resource, stays) in enumerate(planned):
        if stays:
            continue
        if changed := patiently(partial(_delete_unless_it_stays, resource, context)):
            planned[index] = Fate(resource, changed)
            console.say(f"kept {resource.kind} {resource.name}: {changed}", "yellow")
            end = Exit.PROBLEM
            continue
        _tell_removed(console, removed, resource)
    for resource in removed:
        if isinstance(resource, Rule):
            _forget(context, variable(resource.remediation), ids[resource])
        if isinstance(resource, _Lingering):
            resource.see_gone()
    return end


def _forget(context: Context, name: str, rule_id: str) -> None:
    """Take a rule's id out of .env, where it would be of no rule: others in the list stay."""
    path = context.options.spec.parent / ".env"
    known = dotenv.environment(path, {}).get(name, "")
    ids = [each.strip() for each in known.split(",")]
    if rule_id in ids:
        dotenv.assign(path, {name: ",".join(each for each in ids if each != rule_id)})
        context.console.say(f"took {rule_id} out of {path.name}", "green")


def _delete_unless_it_stays(resource: Removable, context: Context) -> str:
    """Look again and delete; gives why it stays after all, if it does.

    Much may happen before the yes is said, and more while what is throttled is tried again.
    """
    options, other = context.options, partial(_other, context.spec, context.clients)
    if not resource.there():
        return ""
    if stays := _shared(resource, other) or _stays(resource, (), roles=options.roles):
        return stays if resource.there() else ""  # it may have gone since it was asked for
    # The function sent to its queue until it was gone.
    if isinstance(resource, Queue) and not options.discard_failures and (left := resource.holds()):
        return f"{count(left, 'message', 'wait')} in it: {_GETS_RID}"
    resource.delete()
    return ""


def _refuse_to_leave_failures(planned: Sequence[Fate]) -> None:
    for resource, _ in planned:
        waiting = resource.holds() if isinstance(resource, Queue) else 0
        if waiting:
            raise Problem(
                f"{count(waiting, 'message', 'wait')} in the failure queue {resource.name}, each a "
                f"finding that was not repaired: {_GETS_RID}; or say --discard-failures"
            )


def _show(console: Console, planned: Sequence[Fate], others: Sequence[Marked], region: str) -> None:
    rows = [
        ("keep" if stays else "remove", resource.kind, resource.name, stays)
        for resource, stays in planned
    ]
    if rows:
        console.table(("", "what", "name", "why it stays"), rows)
    for resource, stays in planned:
        if resource.kind == _ROLE and not stays:
            console.say(f"whether others than {region} use the role {resource.name} is not seen")
    for kind, name in others:
        console.say(
            f"{kind} {name} bears our mark, and is not in s.yaml: it is left; name it there again, "
            "or delete it by hand",
            "yellow",
        )
    if all(stays for _, stays in planned):
        console.say("nothing to do: nothing of ours is there that may go", "green")


def _report(
    planned: Sequence[Fate],
    removed: Sequence[Removable],
    others: Sequence[Marked],
) -> Report:
    found = [Found(each.kind, each.name, stays, each in removed) for each, stays in planned]
    return Report(found, others)


VERB = Verb(
    "remove",
    __doc__ or "",
    union(inventory.REMOVING, (LIST_TOPICS, LIST_QUEUES, LIST_PROJECTS), retire.PERMISSIONS),
    Options,
    _remove,
    rule_id_known=False,
)
