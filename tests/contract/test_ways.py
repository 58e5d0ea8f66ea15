"""The ways of closing in s.yaml: what is refused, what is in the way, and what a deploy counts."""

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from resource_repair.exemptions import Exemption
from scripts.account import buckets
from scripts.account.permission import Permission
from scripts.decide.chain.model import PROVISION
from scripts.declared.errors import SpecError
from scripts.verbs import doctor
from tests.account import Account, Moments
from tests.contract.spoil import look
from tests.parts import clients, edit, least_privilege, public_policy, ways

TODAY = datetime.now(timezone.utc).date()


def make(account: Account) -> None:
    """Under the least role, closing by the ACL alone."""
    least_privilege(account.path)
    assert account.run("provision", "--yes") == 0
    account.deploy()


@pytest.fixture
def least(moments: Moments, tmp_path: Path) -> Account:
    """An account as it was before there was any other way."""
    return moments.after(make, tmp_path)


def told(account: Account, **shell: str) -> list[str]:
    """What the doctor says is wrong with the ways."""
    found = look(account, **shell)
    return [each.what for each in found if each.link == "remediations"]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"close": "everything"}, "it must be acl, block or both"),
        ({"policyPublic": "both"}, "it must be tell or block"),
        ({"neverBlock": "A-*"}, "it must be none, or names of buckets"),
        ({"neverblock": "a-*"}, "neverBlock is perhaps meant"),
    ],
    ids=str,
)
def test_a_slip_is_refused_before_it_is_deployed(
    account: Account, said: dict[str, str], why: str
) -> None:
    """Where it stands, and with what it may be."""
    ways(account.path, **said)
    with pytest.raises(SpecError, match=why):
        _ = account.spec


def test_a_way_wants_the_number_of_what_it_newly_blocks(
    least: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of what is reported, without what is exempt, serves somebody, or is blocked already."""
    oss = least.cloud.oss
    with least.unnoticed():
        for name in ("a-open", "b-open", "c-site", "d-logs", "e-blocked"):
            oss.create(name, acl="public-read")
        oss.create("f-private")
        oss.create("g-policy", acl="public-read")
        oss.set_policy("g-policy", public_policy("g-policy"))
    oss.set_website("c-site", "index.html")
    oss.set_block_public_access("e-blocked", True)
    ways(least.path, close="both")
    assert least.run("provision", "--yes") == 0
    (what,) = told(least)
    assert what.startswith("3 buckets will be blocked by Block Public Access once this is deployed")
    assert "Cloud Config reports them: a-open, b-open, g-policy; it may break: whoever" in what
    assert least.run("apply", "--yes") == 1
    assert "set EXPECT_BLOCK=3" in capsys.readouterr().err
    assert least.run("apply", "--yes", EXPECT_BLOCK="2") == 1
    assert "EXPECT_BLOCK is 2" in capsys.readouterr().err
    ways(least.path, close="", policyPublic="block")
    assert told(least)[0].startswith("1 bucket will be blocked")
    ways(least.path, policyPublic="block", neverBlock="g-*")
    assert told(least) == []
    ways(least.path, close="both", policyPublic="", neverBlock="")
    assert told(least, EXPECT_BLOCK="3") == []
    assert least.run("apply", "--yes", EXPECT_BLOCK="3") == 0
    assert told(least) == []


@pytest.mark.parametrize("of", [(), ("encryption",)], ids=["whole", "of another"])
def test_an_exemption_that_a_deploy_drops_has_its_buckets_counted(
    least: Account, of: tuple[str, ...]
) -> None:
    """They are newly blocked, though the ways stay; one that merely goes has none."""
    ways(least.path, close="both")
    assert least.run("provision", "--yes") == 0
    least.deploy()
    with least.unnoticed():
        for name in ("a-site", "b-open"):
            least.cloud.oss.create(name, acl="public-read")
    with least.live_exemptions(Exemption("a-site", "a site", "web", TODAY, of=of)):
        assert told(least)[0].startswith("1 bucket will be blocked by Block Public Access")
        assert told(least, EXPECT_BLOCK="1") == []
        ways(least.path, neverBlock="none")
        assert told(least)[0].startswith("1 bucket will be blocked by Block Public Access")
    ways(least.path, neverBlock="")
    long_ago = Exemption("a-site", "a site", "web", TODAY - timedelta(days=8), of=of)
    with least.live_exemptions(long_ago):
        assert told(least) == []


def test_a_tag_that_a_deploy_heeds_no_more_has_its_bucket_counted(least: Account) -> None:
    """Whoever tagged it keeps it unblocked until then."""
    edit(least.path, "exemptTag: none", "exemptTag: public-until")
    ways(least.path, close="both")
    assert least.run("provision", "--yes") == 0
    least.deploy()
    with least.unnoticed():
        least.cloud.oss.create("a-site", acl="public-read")
    least.cloud.oss.set_tags("a-site", {"public-until": TODAY.isoformat()})
    assert told(least) == []
    edit(least.path, "exemptTag: public-until", "exemptTag: none")
    assert told(least)[0].startswith("1 bucket will be blocked by Block Public Access")


def test_what_a_rule_that_is_off_once_found_is_no_number(least: Account) -> None:
    """What it finds once it is on again nobody has counted."""
    ways(least.path, close="both")
    least.cloud.config.switch_rule(least.rule_id, active=False)
    assert told(least)[0].startswith("how many will be blocked is not known: a rule")


def test_a_way_enforces_by_the_least_role_alone(sound: Account) -> None:
    """Which provision gives what the way takes; in mode report any role does."""
    ways(sound.path, close="block")
    (what,) = told(sound)
    assert what.startswith("Block Public Access is to enforce as resource-repair-role, a role")
    edit(sound.path, "  mode: enforce", "  mode: report")
    assert told(sound) == []


def test_without_a_way_no_role_has_more_than_before(least: Account) -> None:
    """What a way takes is in the role while it is on, and out of it after that."""
    more = {"oss:GetBucketWebsite", "oss:ListCname", "oss:PutBucketPublicAccessBlock"}
    assert not more & _may(least)
    ways(least.path, policyPublic="block")
    assert more <= _may(least)
    lacks = [each for each in look(least) if each.link == "function's role"]
    assert [(each.standing.value, each.mend) for each in lacks] == [("fault", PROVISION)]
    ways(least.path, policyPublic="tell", neverBlock="a-*")
    assert not more & _may(least)


def _may(account: Account) -> set[str]:
    (policy,) = account.spec.service.role.policies
    return {action for each in policy.statements for action in each["Action"]}


@pytest.mark.parametrize(
    "denied",
    [buckets.GET_WEBSITE, buckets.LIST_DOMAINS, buckets.GET_POLICY_STATUS],
    ids=lambda each: each.action,
)
def test_what_cannot_be_counted_is_told_with_its_statement(
    least: Account, denied: Permission
) -> None:
    """It is no number that is too small."""
    least.plant(a_open="public-read")
    ways(least.path, close="both")
    assert least.run("provision", "--yes") == 0
    may = [each for each in doctor.VERB.permissions if each != denied]
    found = look(least, clients=clients(least.cloud, least.key_of(may)))
    (unseen,) = [each for each in found if each.link == "remediations"]
    assert (unseen.standing.value, denied.action in unseen.mend) == ("not seen", True)


def test_an_evaluation_counts_what_is_blocked_and_not_what_is_already(
    moments: Moments, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The ACL stays as it is, and so does what Cloud Config says of it."""
    product = moments.deployed(tmp_path, bundle=True)
    with product.deployed_with(close="block"):
        product.plant(a_open="public-read", b_open="public-read", c_blocked="public-read")
        product.cloud.oss.set_block_public_access("c-blocked", True)
        capsys.readouterr()
        assert product.run("evaluate", "--dry-run") == 0
        assert "an evaluation now closes 2 buckets" in capsys.readouterr().out
        assert product.run("sweep", "--dry-run") == 0
        said = capsys.readouterr().out
        # Cloud Config goes on finding the ACL, which is as it was: that is not waited for.
        assert product.run("evaluate", "--expect", "2", "--timeout", "5") == 0
    assert said.count("repaired, by Block Public Access") == 2
    assert "this closes 2 buckets" in said
