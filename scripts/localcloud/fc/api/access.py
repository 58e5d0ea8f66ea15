"""What RAM must allow for an operation of Function Compute."""

from collections.abc import Iterator

from ...ram.state import Principal, RamState
from ...service import Core
from ...table import Row
from ..call import Call
from ..errors import FcError

_ROLE_FIELDS = {
    "CreateService": "role",
    "UpdateService": "role",
    "CreateTrigger": "invocationRole",
    "UpdateTrigger": "invocationRole",
}
_ON_TRIGGERS = ("CreateTrigger", "UpdateTrigger", "DeleteTrigger")
_OF_SUBSCRIPTIONS = ("mns:Subscribe", "mns:Unsubscribe")


def authorize(core: Core, ram: RamState, principal: Principal, row: Row, call: Call) -> None:
    """Raises FcError unless RAM allows all that the operation takes."""
    for action, resource in _needed(core, row, call):
        if not ram.authorized(principal, action, resource):
            # As users report it. Guessed: that an action of another service is told likewise.
            message = f"the caller is not authorized to perform '{action}' on resource '{resource}'"
            raise FcError("AccessDenied", message)


def _needed(core: Core, row: Row, call: Call) -> Iterator[tuple[str, str]]:
    """The actions that are asked for, each with its resource."""
    plain = {kind: name.partition(".")[0] for kind, name in call.names.items()}
    names = {**plain, "qualifier": call.qualifier}
    for resource in row.resources:
        yield (
            f"fc:{row.action or row.name}",
            resource.format(region=core.region, account=core.account_id, **names),
        )
    if row.name in _ON_TRIGGERS:
        for action in _OF_SUBSCRIPTIONS:
            yield action, "*"
    role = call.fields.get(_ROLE_FIELDS.get(row.name, ""))
    if role:
        yield "ram:PassRole", str(role)
