"""The page's statements, tried by a RAM user who has exactly them, all made and used over the wire.

For each verb: in every situation of `CASES` it ends for that user as it does for the account's
owner; and without any one of the actions some situation is refused, by a line that names it. What
this comes to stands in docs/permissions.md.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scripts.declared import Generation
from scripts.docs import permissions
from tests import permission_map
from tests.account import Account, Moments
from tests.contract import spoil
from tests.e2e import cases
from tests.e2e.cases import CASES, Case
from tests.e2e.cases_alone import ALONE
from tests.parts import sampled
from tests.permission_map import Statements, Tried, without
from tests.ram_user import asked_of_users, client, rewrite, user_who_may

USER, POLICY = "operator", "operator-0"
TABLES = {each: permission_map.told(each) for each in Generation}
# Those whose situations, all of them, are tried each time.
SAMPLE = ("pause", "test-alert")
# Refusals that are tried each time: of a read, of a write, and of one that only a hint names.
REFUSED = {"status": "oss:GetBucketInfo", "remove": "fc:DeleteTrigger", "apply": "ram:PassRole"}


class Situation:
    """An account as a case wants it, with a user who has the page's statements for its verb."""

    def __init__(self, case: Case, moments: Moments, folder: Path) -> None:
        self.case = case
        self.generation = generation = moments.generation
        self.account = cases.begin(moments, folder, case.given)
        self._may = TABLES[generation][case.verb]
        self._ram = client(self.account.cloud)
        self._user = user_who_may(self._ram, USER, self._document(self._may))
        self._start = self.account.beginning()
        self.asked = set[str]()

    def by_owner(self) -> tuple[int, Any]:
        """The exit code, and what is there then."""
        self._begin_again()
        return self._run(), self.account.state()

    def by_user(self) -> tuple[int, Any]:
        """The same, by the user; `asked` has what RAM was asked for."""
        self._begin_again()
        self.account.key = self._user
        with asked_of_users(self.account.cloud) as self.asked:
            return self._run(), self.account.state()

    def without(self, action: str) -> int:
        """The exit code if the user lacks an action."""
        self._begin_again()
        self.account.key = self._user
        rewrite(self._ram, POLICY, self._document(without(self._may, action)))
        return self._run()

    def _begin_again(self) -> None:
        self.account.begin_again(self._start)
        if self.case.given is spoil.overtaken:  # which no rollback brings back
            self.case.given(self.account)

    def _run(self) -> int:
        code = self.case.run(self.account)
        self.account.rest()
        return code

    def _document(self, statements: Statements) -> str:
        cloud = self.account.cloud
        return permission_map.document(cloud.account_id, cloud.region, statements)


Begin = Callable[..., Situation]


@pytest.fixture
def begin(moments: Moments, tmp_path_factory: pytest.TempPathFactory) -> Begin:
    """What gives the situation of a case."""
    return lambda case: Situation(case, moments, tmp_path_factory.mktemp("project"))


def actions_of(verb: str, generation: Generation = Generation.FC2) -> list[str]:
    """Those that the page has for a verb."""
    return [action for actions in TABLES[generation][verb].values() for action in actions]


# Looked at for a last word alone: the verb says that it does not know, and has done its work.
GOES_ON = {("pause", "config:ListRemediations"), ("provision", "config:ListRemediations")}


def refused(verb: str, action: str, situation: Situation, capsys: Any) -> None:
    """Without it the verb ends with 1, or goes on, and tells this statement and no other."""
    capsys.readouterr()
    assert situation.without(action) == int((verb, action) not in GOES_ON), action
    told = "".join(capsys.readouterr())
    assert situation.account.key.access_key_secret not in told
    cloud = situation.account.cloud
    for permission in permissions.of(verb, situation.generation):
        statement = json.dumps(permission.statement(cloud.account_id, cloud.region))
        assert (statement in told) == (permission.action == action), action


@pytest.mark.timeout(600)
@pytest.mark.parametrize("generation", [Generation.FC2], indirect=True, ids=str)
@pytest.mark.parametrize("verb", sampled(permissions.VERBS, *SAMPLE))
def test_the_statements_suffice_and_each_action_is_needed(
    verb: str, begin: Begin, capsys: pytest.CaptureFixture[str]
) -> None:
    """In all of its situations, and as docs/permissions.md tells it."""
    prove(verb, Generation.FC2, [begin(case) for case in CASES if case.verb == verb], capsys)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("generation", [Generation.FC3], indirect=True, ids=str)
@pytest.mark.parametrize("verb", sampled(dict.fromkeys(case.verb for case in ALONE), "pause"))
def test_on_3_0_they_suffice_and_each_is_needed(
    verb: str, begin: Begin, capsys: pytest.CaptureFixture[str]
) -> None:
    """Likewise where the function stands alone."""
    prove(verb, Generation.FC3, [begin(case) for case in ALONE if case.verb == verb], capsys)


def prove(verb: str, generation: Generation, situations: list[Situation], capsys: Any) -> None:
    """That all statements suffice, and no action is too many."""
    for each in situations:
        assert each.by_user() == each.by_owner(), each.case
    needed = actions_of(verb, generation)
    assert set[str]().union(*(each.asked for each in situations)) == set(needed)
    for action in needed:
        first = next(each for each in situations if action in each.asked)
        refused(verb, action, first, capsys)
    told = permission_map.tried(generation)[verb]
    assert told == Tried(len(TABLES[generation][verb]), len(needed), len(situations))


@pytest.mark.parametrize(("verb", "action"), REFUSED.items())
def test_a_missing_action_is_named_with_its_statement(
    verb: str, action: str, begin: Begin, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whether it is a read, a write, or one that only a hint names."""
    for case in (case for case in CASES if case.verb == verb):
        situation = begin(case)
        situation.by_user()
        if action in situation.asked:
            refused(verb, action, situation, capsys)
            return
    pytest.fail("no situation takes it")


def test_who_runs_every_verb_has_one_policy(account: Account, generation: Generation) -> None:
    """All rows in one document, as RAM's limit of policies a user wants it: RAM takes it."""
    cloud = account.cloud
    rows = TABLES[generation].values()
    every = permission_map.document(cloud.account_id, cloud.region, *rows)
    account.key = user_who_may(client(cloud), USER, every)
    assert account.run("provision", "--yes") == 0
    assert account.run("apply", "--yes") == 0
    assert account.run("verify") == 0
    assert account.run("remove", "--yes", "--roles") == 0
    assert account.functions() == []
