import contextlib
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from scripts.decide.chain import Standing
from tests.account import Account, Moments
from tests.contract import spoil
from tests.contract.spoil import look, mend
from tests.parts import edit, public_policy

EXEMPTIONS = """\
- bucket: exempt-website
  reason: serves the website
  owner: web-team
  expires: {expires}
"""


def provisioned(account: Account) -> None:
    """All provisioned, and 20 public buckets, one of two more exempt; nothing deployed."""
    expires = datetime.now(timezone.utc).date() + timedelta(days=30)
    account.exemptions.write_text(EXEMPTIONS.format(expires=expires.isoformat()))
    for name in ("exempt-website", *(f"public-{number:02}" for number in range(20))):
        account.cloud.oss.create(name, acl="public-read")
    account.cloud.oss.create("private")
    mend(account)


@pytest.fixture
def undeployed(moments: Moments, tmp_path: Path) -> Account:
    """Such an account."""
    return moments.after(provisioned, tmp_path)


def test_before_the_first_deploy_what_it_makes_is_not_yet_there(undeployed: Account) -> None:
    """Before a deploy what it makes is not there yet; else findings are lost without it."""
    found = look(undeployed, before_deploy=True)
    without = {each.link for each in look(undeployed) if each.standing is Standing.FAULT}

    assert {each.standing for each in found} == {Standing.NOT_YET}
    assert without == {"trigger", "service", "function's role", "function"}
    assert [each.link for each in found] == [
        "subscription",
        "trigger",
        "service",
        "function's role",
        "function",
        "what is due",
        "what was told",
    ]


def test_what_its_policy_opens_is_not_counted_as_closed(undeployed: Account) -> None:
    """A 21st bucket is no reason to stop if a deploy does not close it: its ACL is private."""
    cloud = undeployed.cloud
    cloud.config.rule_tests = "acl_and_policy"
    cloud.oss.create("config-policy")
    cloud.oss.set_policy("config-policy", public_policy("config-policy"))
    undeployed.rest()
    found = [each for each in look(undeployed) if each.link == "buckets"]

    assert found == []


def test_what_its_tag_exempts_is_not_counted(undeployed: Account) -> None:
    """Where s.yaml has tags exempt, a 21st bucket with one that holds is no reason to stop."""
    spec = undeployed.spec
    edit(undeployed.path, "exemptTag: none", "exemptTag: public-until")
    tagging = undeployed.spec
    until = datetime.now(timezone.utc).date() + timedelta(days=7)
    with one_more_bucket(undeployed):
        undeployed.cloud.oss.set_tags("public-20", {"public-until": until.isoformat()})
        counted = [
            [each.what for each in look(undeployed, with_tag) if each.link == "buckets"]
            for with_tag in (spec, tagging)
        ]

    assert [len(each) for each in counted] == [1, 0]
    assert counted[0][0].startswith("21 buckets that are non-compliant and not exempt")


@contextlib.contextmanager
def one_more_bucket(account: Account) -> Iterator[None]:
    """A 21st bucket that is open and not exempt, for a while."""
    account.cloud.oss.create("public-20", acl="public-read")
    account.rest()
    try:
        yield
    finally:
        account.cloud.oss.delete("public-20")
        account.rest()


def test_one_that_only_reported_begins_to_enforce(undeployed: Account) -> None:
    """The count also comes where a live function only reports, and ends once it enforces."""
    undeployed.deploy()
    spoil.variable("repairMode", "report")(undeployed)
    with one_more_bucket(undeployed):
        (before,) = [each for each in look(undeployed) if each.link != "function"]
        told = look(undeployed, EXPECT_CLOSE="21")
        undeployed.deploy()
        enforcing = look(undeployed)

    assert (before.link, before.what.partition(" ")[0]) == ("buckets", "21")
    assert [each.link for each in told] == ["function"]
    assert enforcing == []


def test_a_deploy_goes_on_that_brings_the_role_which_ram_refused_once(sound: Account) -> None:
    """With the client's own role findings are lost; once RAM grants it, a deploy mends that."""
    spoil.service(role="aliyunfcdefaultrole")(sound)

    (fault,) = look(sound)
    (before,) = look(sound, before_deploy=True)

    assert (fault.link, fault.standing) == ("service", Standing.FAULT)
    assert (before.link, before.standing) == ("service", Standing.NOT_YET)
