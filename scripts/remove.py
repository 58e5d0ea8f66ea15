"""Take away what provision and a deploy have made, and nothing else.

What was there before provision, and what others use as well, is kept and named. The logs go with
the log store, and what is in the failure queue with the queue: as long as messages wait there,
nothing is removed unless it is said that they may be lost.

Shows what would go and what stays, asks, and does it. Safe to repeat.
"""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from scripts.clients import Clients, Credentials
from scripts.console import Console, Exit
from scripts.errors import Problem
from scripts.resources import Queue, Removable, removable
from scripts.retrying import patiently
from scripts.spec import Spec
from scripts.verb import Permission, Situation, Verb, start

_FC = "acs:fc:{region}:{account}:*"
_TOPICS = "acs:mns:{region}:{account}:/topics*"
_QUEUES = "acs:mns:{region}:{account}:/queues/*"
_ROLES = "acs:ram:*:{account}:role/*"
_LOGS = "acs:log:{region}:{account}:project/*"

VERB = Verb(
    "remove",
    __doc__ or "",
    (
        Permission("fc:GetTrigger", _FC),
        Permission("fc:GetFunction", _FC),
        Permission("fc:GetService", _FC),
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


def fates(spec: Spec, clients: Clients) -> list[Fate]:
    """All of the spec that is there, in the order in which it can go; raises CloudError."""
    found = []
    for resource in removable(spec, clients):
        if patiently(resource.there):
            found.append(Fate(resource, patiently(resource.stays)))
    return found


def _add_options(options: argparse.ArgumentParser) -> None:
    options.add_argument(
        "--discard-failures",
        action="store_true",
        help="remove the failure queue although messages wait in it",
    )


def _remove(situation: Situation) -> Exit:
    console = situation.console
    planned = fates(situation.spec, situation.clients)
    going = [fate.resource for fate in planned if not fate.stays]
    removed: list[Removable] = []
    _show(console, planned)
    end = Exit.DONE
    if going:
        if not situation.options.discard_failures:
            _refuse_to_lose_failures(going)
        if not console.dry_run:
            end = _go(console, going, removed)
    console.answer(_document(situation, planned, removed))
    return end


def _go(console: Console, going: Sequence[Removable], removed: list[Removable]) -> Exit:
    if not console.confirm("Remove this? It cannot be undone."):
        console.say("nothing was removed")
        return Exit.PROBLEM
    for resource in going:
        patiently(resource.delete)
        removed.append(resource)
        console.say(f"removed {resource.kind} {resource.name}", "green")
    return Exit.DONE


def _refuse_to_lose_failures(going: Sequence[Removable]) -> None:
    for resource in going:
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
    situation: Situation, planned: Sequence[Fate], removed: Sequence[Removable]
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
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
