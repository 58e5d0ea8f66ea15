"""What rules found, as the verbs read it; and Cloud Config's own exemptions."""

from datetime import datetime, timezone
from typing import Any

import pytest
from alibabacloud_config20200907 import models

from scripts.account import findings
from scripts.account.clients import Clients, Endpoints, calling, fixed_credentials
from scripts.account.findings import IGNORED, NON_COMPLIANT
from scripts.declared import PATH, Spec, load
from scripts.errors import CloudError, Problem
from scripts.localcloud.config.rules import Rule
from scripts.localcloud.faults import Fail
from tests.contract.config_rig import (
    ACCOUNT,
    PUBLIC_READ,
    PUBLIC_WRITE,
    ConfigRig,
    HeldClock,
    config_rig,
    rig,
)

__all__ = ["rig"]


def clients(rig: ConfigRig) -> Clients:
    """The account's own clients; only that of Cloud Config leads anywhere."""
    key = fixed_credentials(rig.ram.root.access_key_id, rig.ram.root.access_key_secret)
    url = f"http://127.0.0.1:{rig.listener.port}"
    return Clients("cn-shanghai", credentials=key, endpoints=Endpoints(config=url))


def spec(*rules: Rule | str) -> Spec:
    """The spec for these rules."""
    ids = ", ".join(rule if isinstance(rule, str) else rule.id for rule in rules)
    return load(PATH, {"PREPARE_RULE_ID": ids}, ACCOUNT)


def resources(*buckets: str, kind: type[Any]) -> list[Any]:
    """Buckets as Ignore and Revert name them."""
    return [
        kind(
            region="cn-shanghai",
            resource_account_id=int(ACCOUNT),
            resource_id=bucket,
            resource_type="ACS::OSS::Bucket",
        )
        for bucket in buckets
    ]


def ignore(rig: ConfigRig, rule: Rule, *buckets: str, until: str | None = None) -> None:
    """Have Cloud Config ignore buckets."""
    rig.client().ignore_evaluation_results(
        models.IgnoreEvaluationResultsRequest(
            config_rule_id=rule.id,
            ignore_date=until,
            reason="serves the website",
            resources=resources(*buckets, kind=models.IgnoreEvaluationResultsRequestResources),
        )
    )


def test_all_pages_are_read(rig: ConfigRig) -> None:
    """Of more than 100 results each comes once, with its bucket's region and ACL."""
    names = [f"bucket-{n:03}" for n in range(250)]
    regions = ["cn-beijing", "cn-hangzhou", "cn-shanghai"]  # no region has room for all
    for number, name in enumerate(names):
        rig.oss.create(name, acl="public-read", region=regions[number % 3])
    rule = rig.with_rule()

    found = findings.read(spec(rule), clients(rig))

    assert [result.bucket for result in found] == names
    assert {(r.region, r.compliance, r.acl) for r in found} == {
        (region, NON_COMPLIANT, "public-read") for region in regions
    }


def test_one_bucket_is_read_as_among_all(rig: ConfigRig) -> None:
    """What is told of one bucket is what is told of it among all; of an unknown one, nothing."""
    rig.oss.create("config-snapshot", acl="public-read")
    rig.oss.create("config-private")
    rule = rig.with_rule()
    ignore(rig, rule, "config-snapshot", until="2099-01-01")

    told = findings.of_bucket(spec(rule), clients(rig), "config-snapshot")

    assert told is not None
    assert told.ignored_until == "2099-01-01"
    assert told in findings.read(spec(rule), clients(rig))
    assert findings.of_bucket(spec(rule), clients(rig), "nobody-s") is None
    rig.core.faults.add("config:ListResourceEvaluationResults", Fail(404, "ResourceNotExists"))
    assert findings.of_bucket(spec(rule), clients(rig), "nobody-s") is None


def test_of_several_rules_the_worst_result_counts(rig: ConfigRig) -> None:
    """A bucket is told once, as bad as the worst of our rules finds it; others' do not count."""
    rig.oss.create("config-snapshot", acl="public-read")
    reading, writing = rig.with_rule(PUBLIC_READ), rig.with_rule(PUBLIC_WRITE)

    def compliance(*rules: Rule) -> list[str]:
        one = findings.of_bucket(spec(*rules), clients(rig), "config-snapshot")
        found = findings.read(spec(*rules), clients(rig))
        assert found == [one]
        return [result.compliance for result in found]

    assert compliance(writing) == ["COMPLIANT"]
    assert compliance(writing, reading) == [NON_COMPLIANT]


def test_what_cloud_config_ignores_is_apart_and_not_reported(rig: ConfigRig) -> None:
    """An ignored bucket is IGNORED and not published, until its date, or until that is reverted."""
    for name in ("for-good", "for-a-while", "reported"):
        rig.oss.create(name, acl="public-read")
    rule = rig.with_rule()
    rig.received()
    tomorrow = datetime.fromtimestamp(rig.core.clock.now() + 86400, timezone.utc).date()
    ignore(rig, rule, "for-good")
    ignore(rig, rule, "for-a-while", until=tomorrow.isoformat())

    def ignored() -> list[str]:
        found = findings.read(spec(rule), clients(rig))
        return [result.bucket for result in found if result.compliance == IGNORED]

    assert ignored() == ["for-a-while", "for-good"]
    rig.config.start_evaluation(rule.id)
    assert rig.reported() == ["reported"]
    rig.core.clock.advance(2 * 86400)
    assert ignored() == ["for-good"]
    rig.client().revert_evaluation_results(
        models.RevertEvaluationResultsRequest(
            config_rule_id=rule.id,
            resources=resources("for-good", kind=models.RevertEvaluationResultsRequestResources),
        )
    )
    assert rig.reported() == ["for-good"]
    assert ignored() == []


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"config_rule_id": "cr-0"}, "ConfigRuleNotExists"),
        ({"ignore_date": "tomorrow"}, "Invalid.IgnoreDate.Value"),
        ({"resources": []}, "Invalid.Resources.Empty"),
    ],
)
def test_what_cannot_be_ignored_is_refused(
    rig: ConfigRig, changed: dict[str, Any], code: str
) -> None:
    """A rule that is not there, a date that is none, and nothing to ignore are each refused."""
    rule = rig.with_rule()
    fields = {
        "config_rule_id": rule.id,
        "resources": resources("any", kind=models.IgnoreEvaluationResultsRequestResources),
        **changed,
    }
    with pytest.raises(CloudError) as refused, calling("config:IgnoreEvaluationResults", rule.id):
        rig.client().ignore_evaluation_results(models.IgnoreEvaluationResultsRequest(**fields))
    assert refused.value.code == code


def test_the_state_of_the_rules(rig: ConfigRig) -> None:
    """Rules at work are ACTIVE; one that is off or not there is a problem that says what to do."""
    first, second = rig.with_rule(PUBLIC_READ), rig.with_rule(PUBLIC_WRITE)
    assert findings.state(spec(first, second), clients(rig)) == "ACTIVE"
    rig.config.switch_rule(second.id, active=False)
    with pytest.raises(Problem, match=f"{second.id} is INACTIVE: run `resource-repair provision`"):
        findings.state(spec(first, second), clients(rig))
    with pytest.raises(Problem, match=r"there is no rule cr-0: correct PREPARE_RULE_ID"):
        findings.state(spec("cr-0"), clients(rig))


def test_one_rule_that_evaluates_is_enough_to_wait_for() -> None:
    """While one of several rules is EVALUATING, so are they."""
    with config_rig(HeldClock()) as rig:
        rule = rig.config.create_rule("test", PUBLIC_READ)
        assert findings.state(spec(rule), clients(rig)) == findings.EVALUATING
