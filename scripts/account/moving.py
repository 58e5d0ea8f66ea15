"""Our function on both generations of Function Compute, as while it is moved between them.

What holds on one must hold on the other from its first moment on: findings go to both then. So a
pause is taken over, and whoever changes what is live by hand does so on each that is there.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from resource_repair.values import REPORT
from scripts.account.clients import Clients
from scripts.account.compute import compute
from scripts.account.compute.port import not_to_be_had
from scripts.account.deployed_function import MODE, PAUSED, DeployedFunction
from scripts.declared import Spec
from scripts.errors import CloudError

RETIRED = "retired"
"""The variable of a function that is to go: first BEGUN, and UNSUBSCRIBED without its trigger."""
BEGUN, UNSUBSCRIBED = "begun", "unsubscribed"

_MAX_AGE = 86400  # seconds that an event waits where nobody said how long; page "Retry policies"
_CLOCKS = timedelta(minutes=15)  # how far this machine's may be off, at most


def on_other(spec: Spec) -> Spec:
    """The same function by the names that it has on the other generation."""
    return replace(spec, generation=spec.generation.other)


def elsewhere(spec: Spec, clients: Clients) -> DeployedFunction | None:
    """Our function on the other generation; None if it is not there, or cannot be.

    Raises CloudError.
    """
    other = on_other(spec)

    def read() -> DeployedFunction | None:
        try:
            return DeployedFunction.find(other, clients)
        except CloudError as error:
            if not not_to_be_had(error):
                raise
            return None

    # That it is not there is an error of the SDK's, which is not remembered by itself.
    found: DeployedFunction | None = clients.memory.once((__name__, other.qualified_name), read)
    return found


def deployed(spec: Spec, clients: Clients) -> Iterator[Spec]:
    """By which specs our function is there, the given one first; that one alone if by none.

    Each is looked for only after the one before was taken: one that comes later sees what was done
    to that. Raises CloudError.
    """
    own = DeployedFunction.find(spec, clients)
    if own:
        yield spec
    other = elsewhere(spec, clients)
    if other:
        yield on_other(spec)
    if own is None and (other is None or DeployedFunction.find(spec, clients)):
        yield spec


def acting(spec: Spec, clients: Clients) -> DeployedFunction | None:
    """Which function a deploy of the spec comes after: the spec's own, or that of the other.

    One that is to go acts no more: it is the other that findings go to. Raises CloudError.
    """
    own = DeployedFunction.find(spec, clients)
    if own and RETIRED not in own.environment:
        return own
    return elsewhere(spec, clients) or own


def overruled(spec: Spec, clients: Clients) -> list[DeployedFunction]:
    """Those whose pause and exemptions a deploy of the spec may not pass by. Raises CloudError.

    That is the spec's own, and the other, as both get each finding; the other not if it is to go.
    """
    own, other = DeployedFunction.find(spec, clients), elsewhere(spec, clients)
    if own and other and RETIRED in other.environment:
        other = None
    return [each for each in (own, other) if each]


def with_pause(spec: Spec, clients: Clients) -> Spec:
    """The spec as it is to be brought: with the pause that holds on the other generation.

    One that the function has itself goes on as it is. Raises CloudError.
    """
    environment = spec.function.environment
    other = None if spec.only_reports else elsewhere(spec, clients)
    if other is None or other.pause is None:
        return spec
    own = DeployedFunction.find(spec, clients)
    holds = own if own and own.pause else other
    paused = {**environment, MODE: REPORT, PAUSED: holds.environment[PAUSED]}
    return replace(spec, function=replace(spec.function, environment=paused))


def empty_from(clients: Clients, retired: DeployedFunction) -> datetime | None:
    """From when on nothing waits to be run by it; None if it may still be called.

    How much waits no call tells, as its runs are not tracked. But nothing waits longer than its
    configuration says: then it is in the failure queue. Raises CloudError.
    """
    if retired.environment.get(RETIRED) != UNSUBSCRIBED:
        return None
    config = compute(retired.spec, clients).async_config()
    longest = (config.max_age if config else None) or _MAX_AGE
    return retired.changed_at + timedelta(seconds=longest + retired.timeout) + _CLOCKS
