"""Hands one event to the function, waits for its end, and tells whether all in it is settled.

Function Compute, "Synchronous invocation": one that fails is not tried again, and reaches no
destination. So whoever invokes tells what became of it, and what is not known counts as failed.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime, timezone
from typing import NamedTuple

from scripts.account import audit_trail
from scripts.account.audit_trail import AuditLine
from scripts.account.clients import Clients
from scripts.account.invocation import INVOKE, InvocationResult, invoke
from scripts.declared import Spec
from scripts.errors import CloudError, Problem
from scripts.flows.event_file import finding_keys
from scripts.patience import Progress, patiently, wait

PERMISSIONS = (INVOKE, *audit_trail.PERMISSIONS)

_NO_ANSWER = "NoUsableAnswer"
_LOG_SEARCH = 30.0  # seconds; Log Service finds what was just written within some


class Ending(NamedTuple):
    """What became of an event. `lines` are the audit lines, as far as they were found.

    `problem` says in a line why it is not settled: what the function raised, or what is not known
    about it. Empty if all of it is settled.
    """

    lines: Sequence[AuditLine]
    problem: str

    @property
    def settled(self) -> bool:
        """Whether nothing is left to do about anything in the event."""
        return not self.problem


def submit(clients: Clients, spec: Spec, event: bytes, timeout: int = 0) -> Ending:
    """Invoke the function with the event and find out how it ended.

    `timeout` is the deployed function's, in seconds. Throttling is waited for. Raises CloudError if
    the function was surely not invoked, as for want of a permission.
    """
    started = datetime.now(timezone.utc)
    ended = patiently(lambda: _attempt(clients, spec, event, timeout))
    if ended is None:
        return Ending((), "no answer came: whether the function was invoked is not known")
    awaited = Counter(finding_keys(event))
    lines = audit_trail.of_log(ended.log)
    if not _complete(lines, awaited) and not ended.raised:
        lines = _searched(clients, spec, started, ended.request_id, awaited) or lines
    return Ending(lines, _problem(ended, lines, awaited))


def _attempt(clients: Clients, spec: Spec, event: bytes, timeout: int) -> InvocationResult | None:
    """None where no answer came: it may have run for its whole time, and is not run once more."""
    try:
        return invoke(clients, spec, event, timeout)
    except CloudError as error:
        if error.code == _NO_ANSWER:
            return None
        raise


def _problem(
    ended: InvocationResult, lines: Sequence[AuditLine], awaited: Counter[tuple[str, str]]
) -> str:
    if ended.raised:
        return f"the function raised {ended.raised}"
    if not ended.settled:
        return f"the function answered {ended.answer!r}"
    unsettled = [line for line in lines if not line.settled]
    if unsettled:
        return "; ".join(f"{line.outcome}: {line.reason}" for line in unsettled)
    if not _complete(lines, awaited):
        return "the function answered success, and not all of its audit lines were found"
    return ""


def _complete(lines: Iterable[AuditLine], awaited: Counter[tuple[str, str]]) -> bool:
    found = Counter((line.rule_id, line.bucket) for line in lines)
    return not awaited - found


def _searched(
    clients: Clients,
    spec: Spec,
    started: datetime,
    request_id: str,
    awaited: Counter[tuple[str, str]],
) -> list[AuditLine]:
    """The invocation's lines in the log store, which finds them some seconds late.

    Nothing if it cannot be read: then they are missing, which is told as such.
    """
    span = (started - audit_trail.SKEW, started + audit_trail.SKEW)
    found: list[AuditLine] = []

    def look() -> Progress:
        found[:] = audit_trail.read(clients, spec, *span, request_id=request_id)
        return Progress("", _complete(found, awaited))

    with suppress(Problem):  # no log store, or none that can be searched, or not by us
        wait(look, None, _LOG_SEARCH)
    return found
