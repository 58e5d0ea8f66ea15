import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from scripts.account import buckets
from scripts.account.permission import Permission
from scripts.decide.chain import LINKS, Diagnosis, Standing
from scripts.flows import foretold, left_open
from scripts.flows.facts import permissions_of
from scripts.verbs.doctor import VERB
from tests.account import Account, Moments
from tests.contract import spoil
from tests.contract.spoil import look
from tests.parts import clients, edit, public_policy


def busy(account: Account) -> None:
    """All in place, logs in others' store, a message in the failure queue, findings."""
    spoil.sound(account)
    spoil.channel(active=False)(account)
    account.cloud.config.rule_tests = "acl_and_policy"  # its ACL is then asked of the bucket
    account.cloud.oss.create("config-policy")
    account.cloud.oss.set_policy("config-policy", public_policy("config-policy"))
    edit(account.path, "exemptTag: none", "exemptTag: public-until")
    account.deploy()
    account.cloud.oss.create("config-snapshot", acl="public-read")  # its tags are then asked for
    account.rest()
    spoil.channel(active=True)(account)
    spoil.adopted_store(account)
    spoil.waiting(days=0, messages=1)(account)


@pytest.fixture
def account(moments: Moments, tmp_path: Path) -> Account:
    """Such an account."""
    return moments.after(busy, tmp_path)


def seen_with(account: Account, permissions: Sequence[Permission]) -> list[Diagnosis]:
    """What the doctor says who may do that, and nothing else."""
    return look(account, clients=clients(account.cloud, account.key_of(permissions)))


def test_what_is_declared_suffices(account: Account) -> None:
    """With the permissions that --help lists, and no other, every link is seen."""
    found = seen_with(account, VERB.permissions)
    assert [each.link for each in found] == ["failure queue"]


@pytest.mark.bad_days
@pytest.mark.parametrize(
    "denied",
    # What is read of buckets that somebody was told of is not, where nobody was; nor policies,
    # where no remediation of theirs is on; nor whom a bucket serves, where none is to be blocked.
    [
        each
        for each in VERB.permissions
        if each not in (*left_open.OF_TOLD, *foretold.PERMISSIONS[2:], buckets.GET_POLICY)
    ],
    ids=lambda each: each.action,
)
def test_a_refused_permission_hides_its_links_alone(account: Account, denied: Permission) -> None:
    """A link that cannot be seen is told with the statement to add; the others are examined."""
    found = seen_with(account, [each for each in VERB.permissions if each != denied])

    hidden = [each for each in found if each.standing is Standing.UNSEEN]
    needing = {link.name for link in LINKS if denied in permissions_of(link)}
    statement = denied.statement(account.cloud.account_id, account.cloud.region)
    assert hidden
    assert {each.link for each in hidden} <= needing
    assert {each.link for each in found} <= needing | {"failure queue"}
    for each in hidden:
        assert f"cannot see this link: {denied.action} on" in each.what
        assert each.mend.endswith(json.dumps(statement))
