"""What RAM must allow for an operation of Function Compute."""

from collections.abc import Iterator
from contextlib import suppress

from ...ram.state import Principal, RamState
from ...service import Core
from ...table import Row
from ..call import Call
from ..errors import FcError


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
    given = {name: str(value) for name, value in call.fields.items() if value}
    for action, resource in row.also:
        with suppress(KeyError):  # that of a role which is not given
            yield action, resource.format(**given)
