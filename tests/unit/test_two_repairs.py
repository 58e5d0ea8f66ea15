"""Two invocations mend one policy at once, request by request.

They are of one remediation, as of a finding and of a sweep; or of the two that write a policy, as
Cloud Config reports a bucket for both rules at once.
"""

import copy
import threading
from collections.abc import Sequence
from itertools import count, product

import pytest

from resource_repair.exemptions import Exemptions
from resource_repair.oss import Bucket
from resource_repair.remediations import named
from resource_repair.remediations.frame import Case
from resource_repair.repair import STALE_SECONDS, BucketRepair, Means
from resource_repair.timing import Deadline
from resource_repair.values import Outcome
from tests.unit.model_oss import ACCOUNT, HOME, NAME, ModelOss, Request
from tests.unit.tables import FINDING
from tests.unit.test_every_trouble import MIXED, is_well, parsed_once, policy_broken

__all__ = ["parsed_once"]

TWO = (("policy", "policy"), ("policy", "https"))
IDS = [" and ".join(names) for names in TWO]
LONGEST = 10  # requests of a course without trouble


class Two:
    """Two repairs of one bucket, by the remediations of these names, request by request: so many of
    the first, then of the other, …

    `logs` are the requests of each, `outcomes` how they ended.
    """

    def __init__(self, oss: ModelOss, turns: Sequence[int], names: Sequence[str]) -> None:
        self._oss, self._turns, self._names = oss, list(turns), names
        self._now, self._left = 0, self._turns.pop(0)
        self._may = (threading.Semaphore(0), threading.Semaphore(0))
        self._due, self._ended = [0.0, 0.0], [False, False]
        self.logs: tuple[list[Request], list[Request]] = ([], [])
        self.outcomes: list[Outcome | None] = [None, None]

    def run(self) -> None:
        """To both ends."""
        threads = [threading.Thread(target=self._repair, args=(who,)) for who in (0, 1)]
        for thread in threads:
            thread.start()
        self._may[0].release()
        for thread in threads:
            thread.join()

    def _repair(self, who: int) -> None:
        self._may[who].acquire()
        deadline = Deadline(self._oss.clock(), 60)
        means = Means(lambda *_: self._bucket(who), "enforce", ACCOUNT, HOME, deadline)
        case = Case(NAME, Exemptions(), None, deadline.clock, {})
        course = BucketRepair(FINDING, means, named(self._names[who]), case)
        result: Outcome | float = 0.0
        while not isinstance(result, Outcome):
            self._due[who] = self._oss.now + result
            result = course.step()
        self.outcomes[who], self._ended[who] = result, True
        self._now = 1 - who
        self._may[1 - who].release()

    def _bucket(self, who: int) -> Bucket:
        bucket = self._oss.bucket(NAME, HOME)
        suffer = bucket._suffer  # type: ignore[attr-defined]

        def suffering(operation: str, acl: str = "") -> str:
            self._wait_for_turn(who)
            try:
                return str(suffer(operation, acl))
            finally:
                self.logs[who].append(self._oss.log[-1])

        bucket._suffer = suffering  # type: ignore[attr-defined]
        return bucket

    def _wait_for_turn(self, who: int) -> None:
        while self._left == 0 and self._turns and not self._ended[1 - who]:
            self._left = self._turns.pop(0)
            self._now = 1 - who
            self._may[1 - who].release()
            self._may[who].acquire()
        self._left -= self._left > 0
        self._oss.now = max(self._oss.now, self._due[who])


def hold_two(turns: Sequence[int], script: Sequence[str], names: Sequence[str]) -> int:
    """Run the two, and look at each promise of either; how many requests they made."""
    oss = ModelOss(document=MIXED, stale_for=STALE_SECONDS, script=iter(script))
    two = Two(oss, turns, names)
    two.run()
    for log, outcome in zip(two.logs, two.outcomes, strict=True):
        assert outcome
        own = copy.copy(oss)
        own.log = log
        broken = policy_broken(own, outcome)
        assert not broken, (broken, turns, script, outcome, log, oss.log)
    settled = all(each and not each.unsettled for each in two.outcomes)
    # What one of them has proved the other may undo, if it was slow, and then tells.
    told = len({*names}) > 1 and any(each and each.outcome == "unproven" for each in two.outcomes)
    wrong = [name for name in names if not is_well(name, oss.document)]
    # What is put there after the last look is another finding's.
    assert told or not (settled and wrong and "public" not in script), (turns, script, two.outcomes)
    return len(oss.log)


@pytest.mark.parametrize("names", TWO, ids=IDS)
def test_two_repairs_of_one_policy_lose_nothing_between_them(names: Sequence[str]) -> None:
    """However their requests come to lie, with four changes from one to the other."""
    for turns in product(range(LONGEST + 1), *[range(1, LONGEST + 1)] * 2):
        hold_two([*turns, 99, 99], (), names)


@pytest.mark.parametrize(
    ("word", "names"), [("adds", TWO[0]), ("public", TWO[0]), ("adds", TWO[1])]
)
def test_nor_what_an_owner_puts_there_meanwhile(word: str, names: Sequence[str]) -> None:
    """At whichever request of theirs from the last before the second begins: earlier ones are as of
    one alone.
    """
    for turns in product(range(LONGEST + 1), range(1, LONGEST + 1)):
        for at in count(max(0, turns[0] - 1)):
            if at >= hold_two([*turns, 99, 99], ("ok",) * at + (word,), names):
                break
