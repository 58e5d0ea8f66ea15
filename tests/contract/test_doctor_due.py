"""The doctor on buckets that are open and should be closed by now."""

from datetime import timedelta

import pytest

from scripts.decide.chain import Diagnosis, Standing
from scripts.flows import left_open
from tests.account import FUNCTION, SERVICE, Account
from tests.contract.spoil import look, reopened_unseen


def about(product: Account) -> list[Diagnosis]:
    """What the doctor says of them, sound or not."""
    return [each for each in look(product) if each.link == "what is due"]


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What has just happened counts."""
    monkeypatch.setattr(left_open, "GRACE", timedelta(0))


def test_the_chain_is_not_sound_while_a_bucket_is_open_that_nobody_comes_back_to(
    product: Account,
) -> None:
    """An open bucket without an audit line is told, with the command that closes it."""
    product.plant(unheard="public-read")
    (told,) = about(product)
    assert (told.standing, told.mend) == (Standing.FAULT, "resource-repair sweep --due")
    assert "unheard (no audit line since it was found)" in told.what

    assert product.run("sweep", "--due", "--grace", "0", "--yes") == 0
    product.cloud.clock.advance(2)
    assert about(product) == []


def test_what_is_exempt_paused_or_closed_meanwhile_is_not_due(product: Account) -> None:
    """Nothing is told of what the function leaves open, of a pause, nor of old news."""
    product.plant(closed="public-read")
    product.bucket("closed").put_bucket_acl("private")
    assert about(product) == []
    product.plant(unheard="public-read")
    with product.deployed_with(repairMode="report"):
        assert about(product) == []


def test_what_the_last_audit_line_says_is_closed_and_is_open_is_due(product: Account) -> None:
    """Opened again, which Cloud Config has not seen: as `sweep --due` has it."""
    cloud = product.cloud
    reopened_unseen(product)
    cloud.clock.advance(2)
    (told,) = about(product)
    assert told.standing is Standing.FAULT
    assert "reopened (open, although its last audit line says repaired)" in told.what


def test_nothing_is_said_of_buckets_that_are_not_looked_at(product: Account) -> None:
    """Without the function, or with one that is misconfigured, no bucket is called closed."""
    product.plant(unheard="public-read")
    with product.deployed_with(exemptTag="not a key!", exemptTagDays="x"):
        (told,) = about(product)
        assert told.standing is Standing.NOTE
    product.clients.fc.delete_trigger(SERVICE, FUNCTION, "ConfigRuleNonComplianceMNSTrigger")
    product.clients.fc.delete_function(SERVICE, FUNCTION)
    (told,) = about(product)
    assert told.standing is Standing.NOTE


def test_what_block_public_access_alone_keeps_closed_is_not_due(product: Account) -> None:
    """Its ACL is as it was, where that is the way of closing."""
    with product.deployed_with(close="block"):
        product.plant(blocked="public-read")
        assert product.run("sweep", "--yes") == 0
        product.rest()
        product.cloud.clock.advance(2)
        assert product.cloud.oss.bucket("blocked").acl == "public-read"
        assert about(product) == []
