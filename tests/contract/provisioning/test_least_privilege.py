"""The role of least privilege, which provision makes where s.yaml takes it as an ARN."""

import json
from pathlib import Path

import pytest

from scripts.localcloud.ram import policies
from scripts.verbs.provision import VERB
from tests.account import Account, Moments
from tests.contract import spoil
from tests.contract.spoil import Plant, look
from tests.parts import edit, least_privilege, told

NAME = "resource-repair-least-privilege-cn-shanghai"
HELD = ("Custom", NAME)
PROVISION = "resource-repair provision"
WIDE = policies.document(policies.allow("oss:*"))


def set_up(account: Account) -> None:
    """Everything around the function, the role too, and nothing is deployed."""
    least_privilege(account.path)
    spoil.mend(account)


@pytest.fixture
def least(moments: Moments, tmp_path: Path) -> Account:
    """An account on which provision has made all, that role too."""
    return moments.after(set_up, tmp_path)


def _more(account: Account) -> None:
    account.cloud.ram.attach(NAME, "System", "AdministratorAccess")


def _less(account: Account) -> None:
    account.cloud.ram.detach(NAME, *HELD)


def _wider(account: Account) -> None:
    account.cloud.ram.create_policy_version(NAME, WIDE, default=True)


def _gone(account: Account) -> None:
    _less(account)
    account.cloud.ram.delete_role(NAME)


def _both_gone(account: Account) -> None:
    _gone(account)
    account.cloud.ram.delete_policy(NAME)


DRIFT: dict[str, tuple[Plant, str]] = {
    "remove  policy            AdministratorAccess": (_more, "which the function does not need"),
    f"attached to: nothing -> {NAME}": (_less, f"{NAME} lacks the policy {NAME}"),
    "document: ": (_wider, "says other than the function needs"),
    "trust: ": (spoil.trust(NAME, "ecs.aliyuncs.com"), "is not for Function Compute alone"),
    f"create  role              {NAME}": (_gone, f"there is no role {NAME}"),
    f"create  policy            {NAME}": (_both_gone, f"there is no role {NAME}"),
}


@pytest.mark.parametrize("shown", DRIFT)
def test_what_it_lacks_or_has_more_is_told_shown_and_mended(
    least: Account, shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The doctor names it and the command, before a deploy too; that shows it, and mends it."""
    made = least.state()
    plant, words = DRIFT[shown]
    plant(least)
    for before_deploy in (False, True):
        (found,) = [
            each
            for each in look(least, before_deploy=before_deploy, ALERT_EMAIL="on-call@example.com")
            if each.link == "function's role"
        ]
        assert words in found.what
        assert (found.standing.value, found.mend) == ("fault", PROVISION)
    capsys.readouterr()

    assert least.run("provision", "--yes", may=VERB.permissions) == 0

    assert shown in capsys.readouterr().out
    state = least.state()
    del state["roles"]["operator"], state["policies"]["operator"]
    assert state == made


def _their_role(account: Account) -> None:
    account.cloud.ram.create_role(NAME, policies.trust("ecs.aliyuncs.com"), description="theirs")


def _their_policy(account: Account) -> None:
    account.cloud.ram.create_policy(NAME, WIDE, description="theirs")


@pytest.mark.parametrize("plant", [_their_role, _their_policy])
def test_what_is_somebody_else_s_is_not_taken_over(
    account: Account, plant: Plant, capsys: pytest.CaptureFixture[str]
) -> None:
    """A role or a policy of that name without our mark: nothing at all is made, and it is named."""
    least_privilege(account.path)
    plant(account)
    before = account.state()
    assert account.run("provision", "--yes") == 1
    said = capsys.readouterr().err
    assert f"{NAME} has no mark of ours" in said
    assert "give the ARN in s.yaml another name" in said
    assert account.state() == before
    (found,) = [each for each in look(account) if each.link == "function's role"]
    assert "has no mark of ours" in found.what
    assert found.mend.startswith("give the ARN")


def test_one_that_is_all_it_should_be_is_taken_as_it_is(least: Account) -> None:
    """Made by somebody else to the letter, it is no obstacle, and is not ours to remove."""
    ram = least.cloud.ram
    ram.role(NAME).description = "theirs"
    ram.policy(*HELD).description = "theirs"
    assert least.run("provision", ALERT_EMAIL="on-call@example.com") == 0
    assert least.run("remove", "--yes", "--roles") == 0
    assert ram.role(NAME).attached == [HELD]


def test_a_deploy_takes_it_as_it_is(least: Account) -> None:
    """Neither makes nor mends it, nor is stopped by what it has more; without it there is none."""
    _more(least)
    planned = told(least.plan())
    assert not [name for name in planned if "policy" in name or " role " in name]
    least.deploy()
    assert len(least.cloud.ram.role(NAME).attached) == 2
    assert least.run("verify") == 0


@pytest.mark.parametrize("verb", ["apply", "verify"])
def test_without_it_nothing_is_deployed_or_found_sound(
    least: Account, verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A service of a role that is not there would run nothing: what makes it is named."""
    _gone(least)
    assert least.run(verb, "--yes") == 1
    assert f"there is no role {NAME}: `{PROVISION}` makes it" in capsys.readouterr().err
    assert least.functions() == []


@pytest.mark.parametrize(("tag", "reads"), [("none", False), ("public-until", True)])
def test_tags_may_be_read_where_one_exempts(least: Account, tag: str, reads: bool) -> None:
    """Without `exemptTag` the function reads none, and need not be allowed to."""
    edit(least.path, "exemptTag: none", f"exemptTag: {tag}")
    (policy,) = least.spec.service.role.policies
    actions = {action for statement in policy.statements for action in statement["Action"]}
    assert ("oss:GetBucketTagging" in actions) is reads


def test_it_goes_with_the_roles(least: Account, capsys: pytest.CaptureFixture[str]) -> None:
    """Removed are role and policy where it is said that roles may go, and else neither."""
    least.deploy()
    assert least.run("remove", "--yes") == 0
    assert least.cloud.ram.role(NAME).attached == [HELD]
    capsys.readouterr()
    assert least.run("remove", "--yes", "--roles", "--json") == 0
    found = {each["kind"]: each for each in json.loads(capsys.readouterr().out)["found"]}
    assert found["policy"]["removed"]
    assert [name for name, held in least.state().items() if held] == []


@pytest.mark.parametrize(
    "arn",
    [
        "acs:ram::9999999999999999:role/another-account",
        "acs:ram::${config(AccountID)}:role/a b",
        "resource-repair-role",
    ],
)
def test_an_arn_that_cannot_be_is_refused_at_its_place(
    account: Account, arn: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another account's role, no name, a bare name: told by its line in s.yaml."""
    edit(account.path, "role: *fullAccess", f"role: {arn}")
    assert account.run("doctor") == 2
    said = capsys.readouterr().err
    assert "props.service.role is '" in said
    assert "acs:ram::${config(AccountID)}:role/" in said
