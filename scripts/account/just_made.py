"""What was just made is not known everywhere at once: who is asked too early refuses, or misses it.

Alibaba Cloud's own Terraform provider tries again for two minutes what Function Compute refuses
right after a role was made (with the code of a missing permission), and what is to be found of a
new log project. Time is what the services tell, and never this machine's clock.
"""

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

from scripts.account import answers
from scripts.account.clients import Clients
from scripts.errors import CloudError

_SPREADS_IN = 120.0  # seconds


class JustMade(NamedTuple):
    """Something that a call names, and that may be new.

    `explains` is whether a refusal can be for its sake, `made_at` when it was made, in seconds
    since the epoch; None where that is not known, or long ago. `what` has both in words.
    """

    what: str
    explains: Callable[[CloudError], bool]
    made_at: Callable[[], float | None]


def reason(error: CloudError, named: Iterable[JustMade]) -> str:
    """Which of them was made less than two minutes before the refusal, and explains it, in words.

    Empty if none does: a refusal that names the caller, or was waited for, is explained by nothing.
    """
    refused_at = answers.last()
    if refused_at is None or error.final:
        return ""
    for thing in named:
        made_at = _asked(thing.made_at) if thing.explains(error) else None
        if made_at is not None and refused_at - made_at < _SPREADS_IN:
            return thing.what
    return ""


def _asked(made_at: Callable[[], float | None]) -> float | None:
    """What is told; whoever may not know it has the refusal itself to see to."""
    try:
        return made_at()
    except CloudError:
        return None


def note(clients: Clients, kind: str, name: str) -> None:
    """This run made or changed a thing with the call that was just answered."""
    if (at := answers.last()) is not None:
        clients.made[kind, name] = at


def noted(clients: Clients, kind: str, name: str) -> float | None:
    """When this run made or changed it; None if it did not."""
    return clients.made.get((kind, name))


def missed(clients: Clients, kind: str, name: str) -> JustMade:
    """A thing that, where this run made it, may be told not to be there, by the end of its name."""
    word = re.compile(rf"(?<![\w-]){re.escape(name.rpartition('/')[2])}(?![\w-])", re.IGNORECASE)

    def explains(error: CloudError) -> bool:
        _, _, said = str(error).partition(" failed")  # what it was done to may be named likewise
        return error.not_there and bool(word.search(said))

    what = f"the {kind} {name} was just made"
    return JustMade(what, explains, lambda: noted(clients, kind, name))


def done(what: str, code: str) -> JustMade:
    """What was done by the call that was just answered: who looks may find `code` for a while.

    `what` has it in words.
    """
    at = answers.last()
    return JustMade(what, lambda error: error.code == code, lambda: at)


def now(what: str) -> JustMade:
    """What was done, or seen to be done, by the call that was just answered: a permission for it.

    `what` has it in words.
    """
    at = answers.last()
    return JustMade(what, lambda error: error.denied, lambda: at)
