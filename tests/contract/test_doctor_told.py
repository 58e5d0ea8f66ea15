"""The doctor on buckets that a person was told of: named for as long as it is so, as in status."""

import json
from dataclasses import replace
from typing import Any

import pytest

from scripts.decide.chain import Diagnosis, Standing
from tests.account import FUNCTION, SERVICE, Account
from tests.contract.spoil import look


def about(product: Account, *, before_deploy: bool = False) -> list[Diagnosis]:
    """What the doctor says of them that is not sound."""
    product.cloud.clock.advance(2)  # by then the log is searched
    found = look(product, before_deploy=before_deploy)
    return [each for each in found if each.link == "what was told"]


def told_by_status(product: Account, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """The same by status."""
    capsys.readouterr()
    product.run("status", "--json")
    totals: dict[str, Any] = json.loads(capsys.readouterr().out)["totals"]
    return totals["told"]  # type: ignore[no-any-return]


def log(product: Account, bucket: str, outcome: str) -> None:
    """An audit line."""
    line = {"event": "resource_repair", "outcome": outcome, "bucket": bucket}
    logs = product.spec.logs
    assert logs
    product.cloud.log.write(logs.project, logs.logstore, [{"message": json.dumps(line)}])


def test_an_exposed_bucket_is_told_until_its_policy_is_mended(
    product: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """The function closed the ACL, nobody comes back to the policy: the chain is not sound."""
    product.plant(leaky="private")
    product.open_by_policy("leaky")
    product.bucket("leaky").put_bucket_acl("public-read")
    product.rest()
    assert product.audit()[-1].outcome == "exposed"

    (told,) = about(product)
    assert (told.standing, told.what) == (
        Standing.FAULT,
        "told as exposed, and still so: leaky",
    )
    assert told.mend == "see to its policy, or switch Block Public Access on for it"
    assert told_by_status(product, capsys) == {"exposed": ["leaky"]}
    assert product.run("doctor") == 1
    # It stops no deploy, which does not mend it.
    assert [each.standing for each in about(product, before_deploy=True)] == [Standing.NOT_YET]
    with product.deployed_with(repairMode="report"):
        assert len(about(product)) == 1

    product.bucket("leaky").delete_bucket_policy()
    product.cloud.settle()
    assert about(product) == []
    assert told_by_status(product, capsys) == {}
    assert product.run("doctor") == 0


def test_what_lets_nobody_in_is_named_and_no_fault(
    product: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """A bucket that was perhaps made by our write is there, private: for a person to look at."""
    product.plant(again="private")
    log(product, "again", "recreated")
    assert about(product) == []
    capsys.readouterr()
    assert product.run("doctor", "--json") == 0
    links = json.loads(capsys.readouterr().out)["links"]
    (told,) = [each for each in links if each["link"] == "what was told"]
    assert told["what"] == "told as recreated, and still so: again"
    assert told["mend"] == "look whether it is wanted; delete it if not"


def test_a_bucket_of_another_account_is_told_though_no_rule_lists_it(
    product: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Cloud Config has only what is this account's; the audit trail remembers it."""
    product.cloud.oss.create("let-go", owner="1999999999999999")
    log(product, "let-go", "theirs")
    (told,) = about(product)
    assert told.what == "told as theirs, and still so: let-go"
    assert told_by_status(product, capsys) == {"theirs": ["let-go"]}


def not_known(product: Account) -> bool:
    """Whether the doctor says that it does not know what was told, where other links say why."""
    (found,) = about(product)
    what = "it is not known before the function is there, and the log with its index"
    return (found.standing, found.what) == (Standing.NOTE, what)


def test_without_a_log_or_an_index_it_is_not_known(product: Account) -> None:
    """Where nothing could be read nothing is sound; why, its own link tells."""
    logs = product.spec.logs
    assert logs
    product.clients.log.delete_index(logs.project, logs.logstore)
    assert not_known(product)
    product.cloud.log.delete_store(logs.project, logs.logstore)
    assert not_known(product)


def test_without_a_function_or_a_declared_log_it_is_not_known(product: Account) -> None:
    """The chain is not sound then either."""
    service = replace(product.spec.service, logs=None)
    found = look(product, replace(product.spec, service=service))
    assert [each.standing for each in found if each.link == "what was told"] == [Standing.NOTE]
    product.clients.fc.delete_trigger(SERVICE, FUNCTION, "ConfigRuleNonComplianceMNSTrigger")
    product.clients.fc.delete_function(SERVICE, FUNCTION)
    assert not_known(product)
