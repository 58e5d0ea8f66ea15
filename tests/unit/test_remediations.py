"""Which remediation a finding is for: rules point to it by name, and must be of its kind."""

import pytest

from resource_repair.judge import judge
from resource_repair.settings import load
from resource_repair.values import Finding, Outcome
from tests.unit.test_judge import FINDING, INVOCATION, RULE, verdict

ENCRYPTION_RULE = "oss-bucket-server-side-encryption-enabled"


def test_a_finding_of_another_kind_of_rule_closes_nothing() -> None:
    """The id of the encryption rule in prepareRuleId is a slip: kept and told, nothing written."""
    kept = verdict(FINDING._replace(source=ENCRYPTION_RULE))
    assert isinstance(kept, Outcome)
    assert (kept.outcome, kept.bucket) == ("failed", "config-snapshot")
    assert kept.reason == (
        f"misconfigured: {RULE} is a rule {ENCRYPTION_RULE}, which acl does not mend: "
        "take its id out of prepareRuleId"
    )


@pytest.mark.parametrize(
    "source",
    [
        "",
        "oss-bucket-public-read-prohibited",
        "oss-bucket-public-write-prohibited",
        "oss-bucket-anonymous-prohibited",
    ],
)
def test_the_rules_that_a_private_acl_mends_close_as_before(source: str) -> None:
    """As does a message that does not tell what kind of rule its rule is."""
    finding = FINDING._replace(source=source)
    assert verdict(finding._replace(remediation="")) == finding._replace(remediation="acl")


def test_a_finding_that_fits_none_does_not_use_up_its_bucket() -> None:
    """One of the right rule for the same bucket is repaired all the same."""
    wrong = FINDING._replace(source=ENCRYPTION_RULE)
    first, second = judge((wrong, FINDING), load({"prepareRuleId": RULE}), INVOCATION)
    assert isinstance(first, Outcome)
    assert isinstance(second, Finding)
