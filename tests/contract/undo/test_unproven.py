"""What a repair changed is undone, whatever its last line is called."""

import pytest

from scripts.localcloud import Fail
from tests.contract.undo.site import WHY, Site


def test_a_repair_whose_policy_could_not_be_read_is_undone(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is told as `unproven`, and no line says `repaired`: the ACL before and after does."""
    faults = site.account.cloud.faults
    faults.add("oss:GetBucketPolicyStatus", Fail(403, "AccessDenied"), times=100)
    site.repaired()
    assert {line.outcome for line in site.account.audit()} == {"unproven"}
    faults.clear()
    assert site.undo(*WHY, "--yes") == 0
    assert "public-read -> private" in capsys.readouterr().out
    assert site.acl == "public-read"
