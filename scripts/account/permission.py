"""What RAM must allow for a call.

It is told beside the call. A class of things tells what its `READING` takes, what `MAKING` and
changing take besides, and all that `REMOVING` takes.
"""

import itertools
from collections.abc import Iterable
from typing import NamedTuple

# What is done to a service of ours, which Function Compute 3.0 has not. (ListServices is asked for
# whoever has our role or our logs in the region: those may still be of 2.0.)
OF_SERVICES = frozenset(
    f"fc:{operation}"
    for operation in (
        *("GetService", "CreateService", "UpdateService", "DeleteService"),
        *("ListVpcBindings", "DeleteVpcBinding"),
    )
)


class Permission(NamedTuple):
    """An action of RAM (`ram:GetRole`) and what it must be allowed on.

    In `resource`, `{account}` and `{region}` stand for those that the verb works in. Where the page
    of an operation knows no resource ("All Resource") it is `*`: a narrower one is refused there.
    """

    action: str
    resource: str = "*"

    def statement(self, account_id: str, region: str) -> dict[str, str]:
        """The statement of a RAM policy that gives it."""
        resource = self.resource.replace("{account}", account_id).replace("{region}", region)
        return {"Effect": "Allow", "Action": self.action, "Resource": resource}


def on(resource: str, *actions: str) -> tuple[Permission, ...]:
    """The permission for each of the actions, on that resource."""
    return tuple(Permission(action, resource) for action in actions)


def union(*groups: Iterable[Permission]) -> tuple[Permission, ...]:
    """All of them, each once."""
    return tuple(dict.fromkeys(itertools.chain(*groups)))


def missing_permissions(declared: Iterable[Permission], refused: Iterable[str]) -> list[Permission]:
    """What allows actions that were refused: as it is declared, and else on all resources."""
    known: dict[str, list[Permission]] = {}
    for permission in declared:
        known.setdefault(permission.action.lower(), []).append(permission)
    missing = (known.get(action.lower(), [Permission(action)]) for action in refused)
    return list(dict.fromkeys(itertools.chain(*missing)))
