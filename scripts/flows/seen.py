"""A thing as it is and as it should be, read for the links of the chain."""

from collections.abc import Mapping, Sequence

from scripts.account import moving
from scripts.account.clients import Clients
from scripts.account.function import Function
from scripts.account.inventory import (
    ActionPolicy,
    LogIndex,
    LogProject,
    LogStore,
    Surrounding,
    Webhook,
)
from scripts.account.recipients import Recipients
from scripts.account.resource import Resource, State
from scripts.account.trigger import Trigger
from scripts.decide.chain.facts import CODE, LOG_CONFIG, ROLE, Elsewhere, Seen
from scripts.declared import Spec
from scripts.errors import UsageError


def function_seen(spec: Spec, clients: Clients) -> Seen:
    """The function; its code is compared where there is any here."""
    code = spec.function.code
    built = code.read_bytes() if code.is_file() else b""
    found = seen(Function(spec, clients, built))
    if built or found.live is None:
        return found
    live, declared = (_without_code(state) for state in (found.live, found.declared))
    return found._replace(live=live, declared=declared)


def elsewhere_seen(spec: Spec, clients: Clients) -> Elsewhere | None:
    """Our function on the other generation; None if it is not there."""
    other = moving.elsewhere(spec, clients)
    if other is None:
        return None
    listens = Trigger(other.spec, clients).there()
    empty = None if listens else moving.empty_from(clients, other)
    return Elsewhere(other.spec.qualified_name, other.pause, listens, empty)


def log_store_seen(spec: Spec, clients: Clients) -> tuple[Seen, ...]:
    """Project, store and index, up to what is missing; nothing where no logs are declared."""
    logs, found = spec.service.logs, list[Seen]()
    if logs is None:
        return ()
    store: tuple[Resource, ...] = (
        LogProject(logs, clients),
        LogStore(logs, spec.log_retention, clients),
        LogIndex(logs, clients),
    )
    for each in store:
        found.append(seen(each))
        if found[-1].live is None:
            break
    return tuple(found)


def woken_seen(
    kind: type[ActionPolicy | Webhook],
    spec: Spec,
    clients: Clients,
    settings: Mapping[str, str],
    alerts: Sequence[Seen],
) -> Seen | None:
    """Nothing as long as no alert is there, or nobody can be told who is to be woken."""
    logs = spec.service.logs
    if logs is None or not any(alert.live for alert in alerts):
        return None
    try:
        recipients = Recipients.of(settings)
    except UsageError:
        return None
    if kind is Webhook and not recipients.webhook:
        return None
    return seen(kind(logs, recipients, clients))


def part_of(whole: Seen, *, hosted: bool) -> Seen:
    """What a function has in place of a service, its role and its logs; or all the rest."""

    def part(state: State) -> State:
        return {
            field: value
            for field, value in state.items()
            if (field == ROLE or field.startswith(LOG_CONFIG)) is hosted
        }

    live = None if whole.live is None else part(whole.live)
    return whole._replace(live=live, declared=part(whole.declared))


def _without_code(state: State) -> State:
    return {field: value for field, value in state.items() if field != CODE}


def seen(resource: Resource) -> Seen:
    """Any of them; raises what reading it does."""
    return Seen(resource.kind, resource.name, resource.live(), resource.declared())


def around_seen(resource: Surrounding) -> Seen:
    """With what is in the way of it, which others have nothing of, or would ask for more."""
    return seen(resource)._replace(obstacle=resource.obstacle())
