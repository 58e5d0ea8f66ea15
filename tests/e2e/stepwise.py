"""A verb that changes an account write by write, and what can happen to it between two of them."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import count
from typing import Any

from scripts.localcloud.faults import Fault
from tests.e2e.cases import UNDO, deployed, nothing, provisioned, repaired
from tests.e2e.operator_rig import Operator

OpenAccount = Callable[[], AbstractContextManager[Operator]]

# From where each starts, and what tells that it has got where it should.
VERBS: dict[str, tuple[Callable[[Operator], object], Callable[[Operator], Any]]] = {
    "provision": (nothing, lambda operator: operator.account.state()),
    "apply": (provisioned, lambda operator: (operator.run("verify"), operator.account.state())),
    "remove": (deployed, lambda operator: operator.account.state()),
    "undo": (repaired, lambda operator: (operator.exemptions.read_text(), operator.state())),
}

_FURTHER = {
    "remove": ("--roles",),  # else some of its writes are never made
    "undo": (*UNDO, "--watch", "0"),
}

_READS = ("Get", "List", "Peek", "BatchPeek", "Download")


class Stepwise:
    """One of VERBS, the writes that it takes undisturbed, and what there is at its end."""

    def __init__(self, verb: str, operator: Operator) -> None:
        self._verb = verb
        self._operator = operator
        given, self._told = VERBS[verb]
        given(operator)
        self._beginning = operator.beginning()
        before = len(operator.account.writes())
        assert self.run(operator) == 0
        self.writes = operator.account.writes()[before:]
        self._end = self._told(operator)

    def begin(self) -> Operator:
        """The operator, with all as it was when it was not yet run."""
        self._operator.begin_again(self._beginning)
        return self._operator

    def run(self, operator: Operator) -> int:
        """The exit code."""
        return operator.run(self._verb, "--yes", *_FURTHER.get(self._verb, ()))

    def ends_well(self, operator: Operator) -> bool:
        """Whether, run once more, it gets to where it gets undisturbed."""
        return self.run(operator) == 0 and self._told(operator) == self._end


@contextmanager
def write_after(operator: Operator, done: int, fault: Fault) -> Iterator[threading.Event]:
    """The write after so many suffers a fault; the event is set when it has come to that."""
    faults, reached, seen = operator.cloud.faults, threading.Event(), count()
    take = faults.take

    def taking(operation: str, subject: str) -> Fault | None:
        if not operation.partition(":")[2].startswith(_READS) and next(seen) == done:
            reached.set()
            return fault
        return take(operation, subject)

    faults.take = taking  # type: ignore[method-assign]
    try:
        yield reached
        assert reached.is_set()
    finally:
        faults.take = take  # type: ignore[method-assign]
