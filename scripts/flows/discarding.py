"""Takes messages of the failure queue away unsettled, each only once that is written down."""

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone

from scripts.account import audit_trail, discards
from scripts.account.deployed_function import DeployedFunction
from scripts.account.discards import Discard
from scripts.account.mailbox import Message
from scripts.account.queue import RETENTION
from scripts.context import Context
from scripts.declared import Logs
from scripts.errors import Problem
from scripts.flows.audit_lines import at
from scripts.flows.waiting import Waiting, not_seen
from scripts.terminal import redacted

HOLD = 300  # seconds for which a message is held meanwhile


class Discarding:
    """Writes down of each of the messages that it is discarded, by whom and why.

    Raises Problem where there is no log store: nothing is discarded then.
    """

    def __init__(
        self, context: Context, live: DeployedFunction | None, chosen: Sequence[Waiting]
    ) -> None:
        logs = context.spec.service.logs
        if logs is None:
            raise Problem(
                "what is discarded is written to the log store, and s.yaml declares none: "
                "declare logConfig"
            )
        self._logs: Logs = logs
        self._context = context
        self._live = live
        self._chosen = {each.message.id: each for each in chosen}

    def send(self, message: Message) -> str:
        """Write it down; nothing is left to do then but to remove it. Raises CloudError.

        Raises ChangedError where the function is another by now, which may settle it.
        """
        if self._live:
            self._live.check_unchanged()
        each = self._chosen[message.id]
        discard = Discard(
            at=datetime.now(timezone.utc),
            queue=str(self._context.spec.failure_queue),
            message_id=message.id,
            buckets=tuple(map(redacted, each.failure.buckets)),
            by=self._context.clients.caller,
            reason=redacted(self._context.options.reason.strip()),
            kept=redacted(each.kept),
        )
        discards.note(self._context.clients, self._logs, discard)
        return ""


def noted_before(context: Context, short: str) -> Discard:
    """That a message is gone since it was discarded; raises Problem if it is not known to be."""
    discard = _discarded_before(context, short)
    if discard is None:
        raise not_seen(short)
    context.console.say(
        f"{discard.message_id} was discarded at {at(discard.at)} by {discard.by}: {discard.reason}"
    )
    return discard


def _discarded_before(context: Context, begin: str) -> Discard | None:
    """What was written of a message whose id begins so; None if nothing was."""
    now = datetime.now(timezone.utc)
    span = (now - timedelta(seconds=RETENTION) - audit_trail.SKEW, now + audit_trail.SKEW)
    found = discards.read(context.clients, context.spec, *span)
    return next((each for each in found if each.message_id.startswith(begin)), None)
