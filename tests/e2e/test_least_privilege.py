"""The closed loop under a role that may do no more than the function needs."""

from tests.account import Account


def test_the_loop_closes_and_the_verbs_agree(least: Account) -> None:
    """A bucket is closed under that role, and neither doctor nor verify finds anything."""
    least.cloud.oss.create("config-open", acl="public-read")
    least.rest()
    assert least.acls() == {"config-open": "private"}
    assert least.run("doctor") == 0
    assert least.run("verify") == 0
