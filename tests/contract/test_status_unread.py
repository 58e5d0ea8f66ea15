"""The verb that shows buckets from all sides, where not all of it can be read."""

import json

import pytest

from scripts.account.permission import Permission
from scripts.flows import beside
from scripts.verbs.status import VERB
from tests.account import Account
from tests.parts import without

OF_ALL = without(VERB.permissions, "config:ListConfigRuleEvaluationResults")


@pytest.mark.parametrize("missing", without(OF_ALL, "oss:GetBucketPolicy"), ids=str)
def test_what_may_not_be_read_hides_nothing_else(
    product: Account, capsys: pytest.CaptureFixture[str], missing: Permission
) -> None:
    """Without a permission its view says which, the statement is given, and the rest is shown."""
    product.plant(config_snapshot="public-read")
    may = without(VERB.permissions, missing.action)

    with product.deployed_with(exemptTag="public-until"):
        assert product.run("status", "--bucket", "config-snapshot", may=may) == 1

    said = capsys.readouterr()
    of_a_bucket = missing not in beside.PERMISSIONS
    assert said.out.count(f"not read ({missing.action})") == int(of_a_bucket)
    assert f"allow {missing.action}" in said.err
    assert said.err.count("\n") == 1
    statement = missing.statement(product.cloud.account_id, product.cloud.region)
    assert json.dumps(statement) in said.out


def test_without_results_to_read_there_is_no_table(
    product: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """The one permission that the table cannot do without is named as every verb names it."""
    may = without(VERB.permissions, "config:ListConfigRuleEvaluationResults")
    assert product.run("status", may=may) == 1
    assert "allow config:ListConfigRuleEvaluationResults" in capsys.readouterr().err


def test_without_a_log_store_the_rest_is_shown(
    product: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """An audit trail that is not there is told, and is no reason to show nothing."""
    product.plant(config_snapshot="private")
    logs = product.spec.service.logs
    assert logs
    index = product.cloud.log.index(logs.project, logs.logstore)
    product.cloud.log.delete_index(logs.project, logs.logstore)

    code = product.run("status", "--bucket", "config-snapshot")
    product.cloud.log.create_index(logs.project, logs.logstore, index)

    assert code == 1
    said = capsys.readouterr()
    assert "has no index" in said.err
    assert "ACL                  private" in said.out
