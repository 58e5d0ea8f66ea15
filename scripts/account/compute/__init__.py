"""Function Compute, which runs the function: one port, and an adapter for each generation.

An adapter is imported when it is asked for: its SDK takes a third of a second.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import TypeVar

from scripts.account.clients import Clients
from scripts.account.compute.port import Compute, Host, Sender, not_to_be_had
from scripts.declared import Generation, Spec
from scripts.errors import CloudError

_T = TypeVar("_T")

__all__ = ["Compute", "Host", "Sender", "beside", "compute", "hosts", "senders"]


def compute(spec: Spec, clients: Clients) -> Compute:
    """What the spec declares, where it is deployed."""
    if spec.generation is Generation.FC3:
        from scripts.account.compute.fc3 import FunctionCompute3  # noqa: PLC0415  (slow imports)

        return FunctionCompute3(spec, clients)
    from scripts.account.compute.fc2 import FunctionCompute2  # noqa: PLC0415  (likewise)

    return FunctionCompute2(spec, clients)


def beside(spec: Spec, clients: Clients) -> str:
    """The name of our function on the other generation, as while it is moved; empty for none.

    Raises CloudError, but not where the account cannot have any there.
    """
    other = replace(spec, generation=spec.generation.other)
    try:
        found = compute(other, clients).function()
    except CloudError as error:
        if not not_to_be_had(error):
            raise
        return ""
    return other.qualified_name if found else ""


def hosts(clients: Clients) -> Iterator[Host]:
    """All in the region that runs functions under a role, with logs, of either generation.

    Raises CloudError.
    """
    from scripts.account.compute import fc2_service, fc3  # noqa: PLC0415  (likewise)

    yield from _if_any(fc2_service.hosts(clients))
    yield from fc3.hosts(clients)


def senders(clients: Clients) -> Iterator[Sender]:
    """All in the region that sends somewhere what became of it, of either; raises CloudError."""
    from scripts.account.compute import fc2_service, fc3  # noqa: PLC0415  (likewise)

    yield from _if_any(fc2_service.senders(clients))
    yield from fc3.senders(clients)


def _if_any(of_services: Iterator[_T]) -> Iterator[_T]:
    """What services have; nothing where the account cannot have any."""
    try:
        yield from of_services
    except CloudError as error:
        if not not_to_be_had(error):
            raise
