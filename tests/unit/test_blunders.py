"""Blunders that tools of this kind are known for, of each remediation: none of them is made here.

Peers delete a whole policy where one statement is wrong (tests/unit/test_policy.py), add one again
on each run, tell a success that they did not see, and work twice on one copy.
"""

from dataclasses import replace
from itertools import permutations

import pytest

from resource_repair.exemptions import Exemptions
from resource_repair.remediations import REMEDIATIONS, named
from resource_repair.remediations.frame import Case
from resource_repair.repair import STALE_SECONDS, BucketRepair, Means
from resource_repair.timing import Deadline
from resource_repair.values import Outcome
from tests.unit.model_oss import ACCOUNT, HOME, NAME, ModelOss
from tests.unit.policies import DENY, NAMED, OPEN, policy
from tests.unit.policies_no_http import NO_HTTP
from tests.unit.tables import FINDING, TABLES
from tests.unit.test_every_trouble import statements

DONE = ("repaired", "exposed", "unproven")


@pytest.mark.parametrize("name", REMEDIATIONS)
def test_a_second_run_changes_nothing(name: str) -> None:
    """Whatever the first left: nothing is written again, or added twice."""
    for row in TABLES[name]:
        oss, first = row.run(named(name))
        if first.outcome not in DONE or oss.acl is None:
            continue
        there = {**row.there, "acl": oss.acl, "encryption": oss.encryption}
        again = replace(row, there={**there, "document": oss.document}, script=())
        left, second = again.run(named(name))
        assert (left.writes(), second.unsettled) == ([], False), (row, second)


@pytest.mark.parametrize("name", REMEDIATIONS)
def test_a_write_that_does_nothing_is_no_repair(name: str) -> None:
    """OSS says that it was done, each time, and it was not."""
    idle = named(name)._replace(write=lambda _bucket, _there, _aim: "write-id")
    ended = [(row.run(named(name))[1].outcome, row.run(idle)[1].outcome) for row in TABLES[name]]
    assert ("repaired", "failed") in ended
    assert {after for before, after in ended if before == "repaired"} == {"failed"}


def repair(oss: ModelOss, name: str) -> Outcome:
    """One invocation of a remediation, on a bucket as others have left it."""
    deadline = Deadline(oss.clock(), 60)
    means = Means(oss.bucket, "enforce", ACCOUNT, HOME, deadline)
    course = BucketRepair(
        FINDING, means, named(name), Case(NAME, Exemptions(), None, deadline.clock, {})
    )
    while True:
        result = course.step()
        if isinstance(result, Outcome):
            return result
        oss.now += result


@pytest.mark.parametrize("late", range(3))
def test_each_works_on_what_the_one_before_it_left(late: int) -> None:
    """One bucket with all wrong, in any order, each of whose first looks show what was before."""
    for names in permutations(REMEDIATIONS):
        oss = ModelOss(
            acl="public-read-write", document=policy(NAMED, OPEN, DENY), stale_for=STALE_SECONDS
        )
        outcomes = []
        for name in names:
            oss.script = iter(("lag",) * late)
            outcomes.append((name, repair(oss, name).outcome))
        left = statements(oss.document)
        assert (oss.acl, oss.encryption) == ("private", "AES256"), outcomes
        assert left == [NAMED, DENY, NO_HTTP], outcomes
        again = [repair(oss, name) for name in names]
        assert {each.outcome for each in again} <= {"compliant", "already_private"}
