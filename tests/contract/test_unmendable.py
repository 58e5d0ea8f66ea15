"""A refusal that no statement of a RAM policy mends: no verb prints one to be added."""

import pytest

from scripts.decide.chain import Standing
from scripts.localcloud import Fail
from scripts.localcloud.ram import policies
from tests.account import OPERATOR, Account
from tests.contract.spoil import look

DETAIL = {
    "AuthAction": "config:ListConfigRules",
    "NoPermissionType": "ExplicitDeny",
    "PolicyType": "ControlPolicy",
}
BY_DIRECTORY = Fail(403, "NoPermission", "You are not authorized.", {"AccessDeniedDetail": DETAIL})
TO_BE_ADDED = "to be added to a policy"


def told_to(account: Account, capsys: pytest.CaptureFixture[str], verb: str, *words: str) -> str:
    """What a verb says that ends with a problem."""
    assert account.run(verb, *words) == 1
    said = capsys.readouterr()
    return said.out + said.err


def denying(account: Account, action: str) -> None:
    """Go on as somebody who may do all, but for what a Deny of a policy of theirs says."""
    account.may_only(())
    deny = {"Effect": "Deny", "Action": action, "Resource": "*"}
    document = policies.document(policies.allow("*"), deny)
    account.cloud.ram.create_policy_version(OPERATOR, document, default=True)


def test_a_deny_is_named_and_no_statement_is_offered(
    sound: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is in a policy of whoever runs the verb."""
    denying(sound, "config:ListConfigRules")
    said = told_to(sound, capsys, "provision", "--yes")
    assert "a policy of whoever these credentials are denies config:ListConfigRules" in said
    assert TO_BE_ADDED not in said


def test_where_nothing_denies_the_statement_is_offered(
    sound: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """As ever."""
    sound.may_only(())
    assert TO_BE_ADDED in told_to(sound, capsys, "provision", "--yes")


def test_a_control_policy_is_for_the_directorys_administrator(
    sound: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a verb that ends by it, and in the doctor, which goes on."""
    sound.cloud.faults.add("config:ListConfigRules", BY_DIRECTORY, times=9)
    said = told_to(sound, capsys, "provision", "--yes")
    assert "ask whoever administers the resource directory" in said
    assert TO_BE_ADDED not in said

    found = {each.link: each for each in look(sound)}
    assert found["rule"].standing is Standing.UNSEEN
    assert "ask whoever administers the resource directory" in found["rule"].what
    assert "Effect" not in found["rule"].mend


def test_a_bucket_that_a_deny_protects_is_told_so(
    product: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """OSS tells it in an element within another, which its SDK does not read."""
    product.plant(guarded="public-read")
    denying(product, "oss:GetBucketInfo")
    said = told_to(product, capsys, "status")
    assert "a policy of whoever these credentials are denies oss:GetBucketInfo" in said
    assert '"oss:GetBucketInfo"' not in said
