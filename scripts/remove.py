"""Take away what provision and a deploy have made, and nothing else.

What was there before provision, and what others use as well, is kept and named. The logs go with
the log store, and what is in the failure queue with the queue: as long as messages wait there,
nothing is removed unless it is said that they may be left or lost.

Shows what would go and what stays, asks, and does it. Safe to repeat.
"""

import argparse
import os
import sys
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple, Protocol, runtime_checkable

from scripts.clients import Clients, Credentials
from scripts.console import Console, Exit
from scripts.errors import Problem
from scripts.resources import NotificationRole, Queue, Removable, removable
from scripts.resources.channel import channels
from scripts.resources.queue import marked_queues
from scripts.resources.rule import rules
from scripts.resources.topic import marked_topics
from scripts.retrying import patiently
from scripts.spec import Spec
from scripts.verb import Permission, Situation, Verb, start

_FC = "acs:fc:{region}:{account}:*"
_TOPICS = "acs:mns:{region}:{account}:/topics*"
_QUEUES = "acs:mns:{region}:{account}:/queues*"
_ROLES = "acs:ram:*:{account}:role/*"
_LOGS = "acs:log:{region}:{account}:project/*"

VERB = Verb(
    "remove",
    __doc__ or "",
    (
        Permission("fc:GetTrigger", _FC),
        Permission("fc:GetFunction", _FC),
        Permission("fc:GetService", _FC),
        Permission("fc:GetFunctionAsyncInvokeConfig", _FC),
        Permission("fc:ListTriggers", _FC),
        Permission("fc:ListFunctions", _FC),
        Permission("fc:ListServices", _FC),
        Permission("fc:DeleteTrigger", _FC),
        Permission("fc:DeleteFunctionAsyncInvokeConfig", _FC),
        Permission("fc:DeleteFunction", _FC),
        Permission("fc:DeleteService", _FC),
        Permission("ram:GetRole", _ROLES),
        Permission("ram:ListPoliciesForRole", _ROLES),
        Permission("ram:GetPolicy", "acs:ram:*:{account}:policy/*"),
        Permission("ram:DetachPolicyFromRole"),  # also of policies of Alibaba Cloud's own
        Permission("ram:DeleteRole", _ROLES),
        Permission("ram:DeletePolicy", "acs:ram:*:{account}:policy/*"),
        Permission("config:ListConfigDeliveryChannels"),
        Permission("config:DeleteConfigDeliveryChannel"),
        Permission("config:ListConfigRules"),
        Permission("config:DeleteConfigRules"),
        Permission("mns:ListTopic", _TOPICS),
        Permission("mns:GetTopicAttributes", _TOPICS),
        Permission("mns:ListSubscriptionByTopic", _TOPICS),
        Permission("mns:DeleteTopic", _TOPICS),
        Permission("mns:ListQueue", _QUEUES),
        Permission("mns:GetQueueAttributes", _QUEUES),
        Permission("mns:PeekMessage", _QUEUES),
        Permission("mns:DeleteQueue", _QUEUES),
        Permission("log:GetProject", _LOGS),
        Permission("log:GetLogStore", _LOGS),
        Permission("log:ListLogStores", _LOGS),
        Permission("log:ListTagResources", _LOGS),
        Permission("log:DeleteLogStore", _LOGS),
        Permission("log:DeleteProject", _LOGS),
    ),
)


@runtime_checkable
class _Used(Protocol):
    """What services or functions name in their settings."""

    def users(self) -> list[str]:
        """Which do, ours included: services, or functions as `service/function`."""
        ...


class Fate(NamedTuple):
    """What becomes of something that is there: it goes, unless there is a reason why it stays."""

    resource: Removable
    stays: str


def main(
    arguments: Sequence[str], environ: Mapping[str, str], credentials: Credentials | None = None
) -> int:
    """Remove as the command line says; gives the exit code."""
    return start(
        VERB,
        _remove,
        arguments,
        environ,
        credentials,
        add_options=_add_options,
        rule_id_known=False,
    )


def fates(spec: Spec, clients: Clients, *, roles: bool) -> list[Fate]:
    """All of the spec that is there, in the order in which it can go; raises CloudError.

    Without `roles`, what the whole account goes by stays: the role with which MNS calls functions.
    """
    found = []
    going: set[str] = set()  # services, and functions as `service/function`
    for resource in removable(spec, clients):
        if patiently(resource.there):
            stays = _stays(resource, going, roles=roles)
            found.append(Fate(resource, stays))
            if not stays and resource.kind == "function":
                going.add(f"{spec.service.name}/{resource.name}")
            elif not stays and resource.kind == "service":
                going.add(resource.name)
    return found


def unnamed(spec: Spec, clients: Clients) -> list[tuple[str, str]]:
    """Kind and name of what has the mark and is none of the spec's, as after a change of names.

    Raises CloudError.
    """
    found = [
        *(("rule", each.name) for each in rules(clients) if each.marked),
        *(("topic", name) for name in marked_topics(clients)),
        *(("queue", name) for name in marked_queues(clients)),
    ]
    ours = {("rule", spec.rule_name), ("topic", spec.topic), ("queue", spec.failure_queue)}
    return [
        *(
            ("delivery channel", each.name or each.id)
            for each in channels(clients)
            if each.marked and each.target != spec.trigger.source_arn
        ),
        *(each for each in found if each not in ours),
    ]


def _stays(resource: Removable, going: Collection[str], *, roles: bool) -> str:
    """Why it stays, when the services and functions of `going` do not; empty if it goes."""
    if isinstance(resource, NotificationRole) and not roles:
        return "Function Compute's console uses it too, in all regions: --roles removes it"
    stays = patiently(resource.stays)
    if stays or not isinstance(resource, _Used):
        return stays
    users = [name for name in patiently(resource.users) if name not in going]
    return f"it is used by what stays: {', '.join(users)}" if users else ""


def _add_options(options: argparse.ArgumentParser) -> None:
    options.add_argument(
        "--discard-failures",
        action="store_true",
        help="go on although messages wait in the failure queue, and lose them if it goes",
    )
    options.add_argument(
        "--roles",
        action="store_true",
        help="remove the role with which MNS calls functions too, if it bears our mark",
    )


def _remove(situation: Situation) -> Exit:
    console, options = situation.console, situation.options
    planned = fates(situation.spec, situation.clients, roles=options.roles)
    others = patiently(lambda: unnamed(situation.spec, situation.clients))
    removed: list[Removable] = []
    _show(console, planned)
    for kind, name in others:
        console.say(f"{kind} {name} bears our mark, and is not in s.yaml: it is left", "yellow")
    end = Exit.DONE
    if not all(fate.stays for fate in planned):
        if not options.discard_failures:
            _refuse_to_leave_failures(planned)
        if not console.dry_run:
            end = _go(situation, planned, removed)
    console.answer(_document(situation, planned, removed, others))
    return end


def _go(situation: Situation, planned: list[Fate], removed: list[Removable]) -> Exit:
    console = situation.console
    if not console.confirm("Remove this? It cannot be undone."):
        console.say("nothing was removed")
        return Exit.PROBLEM
    end = Exit.DONE
    for index, (resource, stays) in enumerate(planned):
        if stays:
            continue
        if changed := _stays_by_now(resource, situation.options):
            planned[index] = Fate(resource, changed)
            console.say(f"kept {resource.kind} {resource.name}: {changed}", "yellow")
            end = Exit.PROBLEM
            continue
        patiently(resource.delete)
        removed.append(resource)
        console.say(f"removed {resource.kind} {resource.name}", "green")
    return end


def _stays_by_now(resource: Removable, options: argparse.Namespace) -> str:
    """Why something that was to go stays after all; much may happen before the yes is said."""
    if not patiently(resource.there):
        return ""
    if stays := _stays(resource, (), roles=options.roles):
        return stays
    # The function sent to its queue until it was gone.
    if isinstance(resource, Queue) and not options.discard_failures:
        waiting = patiently(resource.holds)
        return f"{waiting} messages wait in it: see to them" if waiting else ""
    return ""


def _refuse_to_leave_failures(planned: Sequence[Fate]) -> None:
    for resource, _ in planned:
        waiting = patiently(resource.holds) if isinstance(resource, Queue) else 0
        if waiting:
            raise Problem(
                f"{waiting} messages wait in the failure queue {resource.name}, each a "
                "finding that was not repaired: see to them, or say --discard-failures"
            )


def _show(console: Console, planned: Sequence[Fate]) -> None:
    rows = [
        ("keep" if stays else "remove", resource.kind, resource.name, stays)
        for resource, stays in planned
    ]
    if rows:
        console.table(("", "what", "name", "why it stays"), rows)
    if all(stays for _, stays in planned):
        console.say("nothing to do: nothing of ours is there", "green")


def _document(
    situation: Situation,
    planned: Sequence[Fate],
    removed: Sequence[Removable],
    others: Sequence[tuple[str, str]],
) -> dict[str, object]:
    return {
        "account_id": situation.spec.account_id,
        "region": situation.spec.region,
        "found": [
            {
                "kind": resource.kind,
                "name": resource.name,
                "stays": stays,
                "removed": resource in removed,
            }
            for resource, stays in planned
        ],
        "not_in_spec": [{"kind": kind, "name": name} for kind, name in others],
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
