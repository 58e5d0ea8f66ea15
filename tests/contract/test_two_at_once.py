"""Two verbs at once that change the function: each ends with the truth, and undoes no other's."""

import json

import pytest
from alibabacloud_fc_open20210406 import models as fc

from scripts.account.deployed_function import DeployedFunction
from tests.account import SERVICE, Account
from tests.contract import spoil
from tests.contract.undo.site import WHY, Site
from tests.parts import overtaken

CHANGED = "was changed by somebody else"


@pytest.fixture
def differing(sound: Account) -> Account:
    """Service and function differ from s.yaml, and there is a trigger that nobody declared."""
    sound.update(description="one", memory_size=1024)
    theirs = fc.UpdateServiceRequest(description="their own")
    sound.clients.fc.update_service(SERVICE, theirs)
    spoil.another_trigger(sound)
    return sound


@pytest.fixture
def site(product: Account) -> Site:
    """A bucket that was repaired; the live function differs from s.yaml."""
    found = Site(product)
    found.repaired()
    product.update(memory_size=1024)
    return found


def live(account: Account) -> DeployedFunction:
    """The function as it is."""
    return DeployedFunction.read(account.spec, account.clients)


def pause(account: Account) -> int:
    """The exit code."""
    return account.run("pause", "--reason", "the site moves")


def apply(account: Account) -> int:
    """The exit code."""
    return account.run("apply", "--yes")


def undo(site: Site) -> int:
    """The exit code."""
    return site.undo(*WHY, "--yes")


@pytest.mark.parametrize(
    ("held", "ends", "told"),
    [
        ("fc:UpdateService", 1, f"{CHANGED} since the plan was shown"),
        ("fc:UpdateFunction", 1, f"{CHANGED} in this moment"),
        ("fc:DeleteTrigger", 0, ""),
    ],
)
def test_apply_ends_no_pause_that_comes_meanwhile(
    differing: Account, capsys: pytest.CaptureFixture[str], held: str, ends: int, told: str
) -> None:
    """Before it writes the function it stops, and says why; what it wrote before is no pause."""
    both = overtaken(differing.cloud, held, 0, lambda: apply(differing), lambda: pause(differing))
    assert both == (ends, 0)
    assert told in capsys.readouterr().err
    assert live(differing).pause
    assert (pause(differing), apply(differing)) == (0, 1)  # for a pause is resumed first
    assert differing.run("resume", "--yes") == 0
    assert apply(differing) == 0
    calls = differing.calls()
    assert apply(differing) == 0
    assert not [each for each in calls() if "Update" in each or "Delete" in each]


def test_a_pause_comes_whatever_a_deploy_changes_meanwhile(differing: Account) -> None:
    """It is put on what the deploy has brought, which stays."""

    def pausing() -> int:
        return pause(differing)

    both = overtaken(differing.cloud, "fc:UpdateFunction", 0, pausing, lambda: apply(differing))
    assert both == (0, 0)
    assert live(differing).pause
    assert differing.run("resume", "--yes") == 0
    assert live(differing).environment == dict(differing.spec.function.environment)


@pytest.mark.parametrize("held", ["fc:UpdateService", "fc:UpdateFunction", "fc:DeleteTrigger"])
def test_what_another_run_of_apply_brought_is_no_obstacle(differing: Account, held: str) -> None:
    """It is just what this one was to bring: both end well, and a third finds nothing to do."""

    def run() -> int:
        return apply(differing)

    assert overtaken(differing.cloud, held, 0, run, run) == (0, 0)
    assert {step.verdict.value for step in differing.plan().steps} == {"keep"}


def test_a_second_pause_meanwhile_is_told_that_there_is_one(
    sound: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of two pauses at once one counts, and the other says that it changed nothing."""

    def second() -> int:
        return sound.run("pause", "--reason", "mine", "--json")

    both = overtaken(sound.cloud, "fc:UpdateFunction", 0, second, lambda: pause(sound))
    assert both == (0, 0)
    said = capsys.readouterr().out
    document = json.loads(said[said.index("{") :])
    assert (document["changed"], document["paused"]["reason"]) == (False, "the site moves")


@pytest.mark.parametrize(
    ("held", "nth", "ends"),
    [
        ("fc:UpdateFunction", 0, (1, 0)),  # the deploy is first: undo is run again
        ("oss:PutBucketAcl", 1, (0, 1)),  # the exemption is live: the deploy would drop it
    ],
)
def test_a_deploy_while_a_repair_is_undone_closes_nothing_again(
    site: Site, capsys: pytest.CaptureFixture[str], held: str, nth: int, ends: tuple[int, int]
) -> None:
    """The exemption is live before the bucket opens, or undo says that it is to be run again."""
    account = site.account
    both = overtaken(account.cloud, held, nth, lambda: undo(site), lambda: apply(account))
    assert both == ends
    said = capsys.readouterr().err
    assert (f"{CHANGED} in this moment" in said) == bool(ends[0])
    assert ("site-1" in said and "commit it" in said) == bool(ends[1])
    assert (site.acl == "public-read") == (len(site.live) > 1) == (not ends[0])
    assert undo(site) == 0
    assert (site.acl, len(site.live), len(site.entries)) == ("public-read", 2, 2)
    assert apply(account) == 1  # as long as what is built lacks the exemption
    assert (site.acl, len(site.live)) == ("public-read", 2)


@pytest.mark.parametrize("held", ["fc:UpdateFunction"])
def test_a_repair_that_is_undone_while_a_deploy_writes_stays_undone(
    site: Site, capsys: pytest.CaptureFixture[str], held: str
) -> None:
    """The deploy finds another function than it planned for, and leaves it."""
    account = site.account
    both = overtaken(account.cloud, held, 0, lambda: apply(account), lambda: undo(site))
    assert both == (1, 0)
    assert f"{CHANGED} in this moment" in capsys.readouterr().err
    assert (site.acl, len(site.live)) == ("public-read", 2)


def test_neither_of_a_pause_and_an_undo_is_lost(site: Site) -> None:
    """A pause is put on the code with the exemption; undo is run again on what is paused."""
    account = site.account

    def pausing() -> int:
        return pause(account)

    both = overtaken(account.cloud, "fc:UpdateFunction", 0, pausing, lambda: undo(site))
    assert both == (0, 0)
    assert live(account).pause
    assert (site.acl, len(site.live)) == ("public-read", 2)


def test_a_pause_while_a_repair_is_undone_stays(site: Site) -> None:
    """Undo leaves the function as the pause has made it, says so, and is run again."""
    account = site.account
    both = overtaken(
        account.cloud, "fc:UpdateFunction", 0, lambda: undo(site), lambda: pause(account)
    )
    assert both == (1, 0)
    assert live(account).pause
    assert undo(site) == 0
    assert live(account).pause
    assert (site.acl, len(site.live)) == ("public-read", 2)
