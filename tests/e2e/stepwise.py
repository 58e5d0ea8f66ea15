"""A verb that changes an account write by write, and what can happen to it between two of them."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from scripts.localcloud.faults import Fault
from tests.account import READS, Account
from tests.contract.spoil import provisioned
from tests.e2e.cases import Begin, Given
from tests.e2e.givens import UNDO, deployed, nothing, repaired
from tests.parts import at

# From where each starts, and what tells that it has got where it should.
VERBS: dict[str, tuple[Given, Callable[[Account], Any]]] = {
    "provision": (nothing, lambda account: account.state()),
    "apply": (provisioned, lambda account: (account.run("verify"), account.state())),
    "remove": (deployed, lambda account: account.state()),
    "undo": (repaired, lambda account: (account.exemptions.read_text(), account.state())),
}

_FURTHER = {
    "remove": ("--roles",),  # else some of its writes are never made
    "undo": (*UNDO, "--watch", "0"),
}


class Stepwise:
    """One of VERBS, the writes that it takes undisturbed, and what there is at its end."""

    def __init__(self, verb: str, begin: Begin) -> None:
        self._verb = verb
        given, self._told = VERBS[verb]
        account = self._account = begin(given)
        self._beginning = account.beginning()
        before = len(account.writes())
        assert self.run(account) == 0
        self.writes = account.writes()[before:]
        self._end = self._told(account)

    def begin(self) -> Account:
        """The account, with all as it was when it was not yet run."""
        self._account.begin_again(self._beginning)
        return self._account

    def run(self, account: Account) -> int:
        """The exit code."""
        return account.run(self._verb, "--yes", *_FURTHER.get(self._verb, ()))

    def ends_well(self, account: Account) -> bool:
        """Whether, run once more, it gets to where it gets undisturbed."""
        return self.run(account) == 0 and self._told(account) == self._end


def _writes(operation: str) -> bool:
    return not operation.partition(":")[2].startswith(READS)


@contextmanager
def write_after(account: Account, done: int, fault: Fault) -> Iterator[threading.Event]:
    """The write after so many suffers a fault; the event is set when it has come to that."""
    with at(account.cloud, _writes, done, lambda: fault) as reached:
        yield reached
        assert reached.is_set()
