"""A bucket is closed to http, from its finding to its proof; alone, and beside `policy`."""

import json
from pathlib import Path

import pytest

from scripts.localcloud import Drop, Fail, Lag
from tests.account import Account, Moments
from tests.e2e import scene
from tests.e2e.test_remediations import ANYBODY, BOTH, PARTNER, deployed, policy_of, there_before
from tests.parts import no_http

RULES = {
    "policy": "oss-bucket-policy-no-any-anonymous",
    "https": "oss-bucket-only-https-enabled",
}
NO_HTTP = no_http("config-site")


def compliance(product: Account, name: str) -> set[str]:
    """What the remediation's rule says of the bucket."""
    (rule,) = [each for each in product.cloud.config.rules() if each.source == RULES[name]]
    found = product.cloud.config.results(rule.id)
    return {each.compliance for each in found if each.bucket == "config-site"}


def ends(product: Account) -> list[tuple[str, str, object, object]]:
    """What the audit says of the bucket, by these two: remediation, outcome, before, after."""
    return [
        (
            line.remediation,
            line.outcome,
            json.loads(line.before or ""),
            json.loads(line.after or ""),
        )
        for line in product.audit()
        if line.bucket == "config-site" and line.remediation in RULES
    ]


@pytest.mark.parametrize(
    ("mode", "left", "end"),
    [
        ("enforce", [PARTNER, NO_HTTP], ("https", "repaired", [], [NO_HTTP])),
        ("report", [PARTNER], ("https", "would_repair", [], [])),
    ],
)
def test_a_bucket_is_closed_to_http_from_its_finding_on(
    moments: Moments, tmp_path: Path, mode: str, left: object, end: object
) -> None:
    """One with a policy keeps that, one without gets one; and then both are compliant."""
    product = deployed(moments, tmp_path, "https", mode)
    oss = product.cloud.oss
    with product.unnoticed():
        oss.create("config-site")
    oss.set_policy("config-site", json.dumps({"Version": "1", "Statement": [PARTNER]}))
    oss.create("config-new")
    product.rest()
    assert policy_of(product) == left
    assert ends(product) == [end]
    asked = scene.calls(product, "config-site")
    look = ["GetBucketInfo", "GetBucketPolicy"]
    course = [*look, *look, "PutBucketPolicy", *look, *look]
    assert asked == (course if mode == "enforce" else look)
    alone = {"Version": "1", "Statement": [no_http("config-new")]}
    written = json.loads(oss.bucket("config-new").policy or "null")
    assert written == (alone if mode == "enforce" else None)
    assert compliance(product, "https") == {"COMPLIANT" if mode == "enforce" else "NON_COMPLIANT"}


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (Lag(reads=2), "repaired"),
        (Fail(503, "ServiceUnavailable"), "repaired"),
        (Drop(), "compliant"),
    ],
    ids=str,
)
def test_what_passes_adds_it_once(
    moments: Moments, tmp_path: Path, fault: Drop | Fail | Lag, outcome: str
) -> None:
    """Late read-backs, throttling, a lost answer: overcome, and told by what is there."""
    product = deployed(moments, tmp_path, "https", "enforce")
    product.cloud.faults.add("oss:PutBucketPolicy", fault, subject="config-site")
    product.cloud.oss.create("config-site")
    product.rest()
    assert policy_of(product) == [NO_HTTP]
    assert ends(product) == [("https", outcome, [], [NO_HTTP])]


def test_what_was_there_before_is_told_by_sweep_and_what_is_closed_is_none_of_it(
    moments: Moments, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """However that is spelt. Its owner is told what would be done, and nothing is."""
    product = deployed(moments, tmp_path, "https", "report")
    spelt = {**no_http("config-shut"), "Principal": "*", "Action": "OSS:*"}
    with there_before(product) as oss:
        oss.create("config-site")
        oss.set_policy("config-site", BOTH)
        oss.create("config-shut")
        oss.set_policy("config-shut", json.dumps({"Version": "1", "Statement": [spelt]}))
    capsys.readouterr()
    assert product.run("sweep", "--yes") == 0
    said = capsys.readouterr().out
    assert "config-site (https)" in said
    assert "config-shut" not in said
    assert policy_of(product) == [PARTNER, ANYBODY]
    (line,) = product.audit()
    assert (line.outcome, line.reason) == (
        "would_repair",
        "report mode: would deny everybody, its owner too, what comes by http",
    )


def test_two_findings_of_one_message_about_one_policy_both_come_to_hold(
    moments: Moments, tmp_path: Path
) -> None:
    """One after the other: neither takes back what the other has done, from an older copy."""
    product = deployed(moments, tmp_path, "policy https", "enforce")
    ids = {each.source: each.id for each in product.cloud.config.rules()}
    found = {"resourceId": "config-site", "complianceType": "NON_COMPLIANT"}
    message = [{**found, "configRuleId": ids[RULES[name]]} for name in ("https", "policy")]
    with there_before(product) as oss:  # whose writes, too, bring no finding
        oss.create("config-site")
        oss.set_policy("config-site", BOTH)
        ran = scene.run(product, json.dumps(message))
    assert (ran.outcomes, ran.answer) == (["repaired", "repaired"], "success")
    assert policy_of(product) == [PARTNER, NO_HTTP]
    assert ends(product) == [
        ("policy", "repaired", [ANYBODY], []),
        ("https", "repaired", [], [NO_HTTP]),
    ]


def test_two_findings_at_once_about_one_policy_both_come_to_hold(
    moments: Moments, tmp_path: Path
) -> None:
    """A message each, and an invocation each: whatever they do to each other's, they see it."""
    product = deployed(moments, tmp_path, "policy https", "enforce")
    with product.unnoticed():
        product.cloud.oss.create("config-site")
    product.cloud.oss.set_policy("config-site", BOTH)
    product.rest()
    assert policy_of(product) == [PARTNER, NO_HTTP]
    assert {end[:2] for end in ends(product)} >= {("policy", "repaired"), ("https", "repaired")}
    assert {end[1] for end in ends(product)} <= {"repaired", "compliant"}
    assert compliance(product, "policy") == compliance(product, "https") == {"COMPLIANT"}
