"""What the function is told, and what it does when it is told nonsense."""

import io
import json
import zipfile
from datetime import datetime, timedelta, timezone

import pytest

from scripts.declared import Generation
from scripts.localcloud import Fail, Stall
from tests.account import RULE_ID, SERVICE, Account
from tests.e2e import scene
from tests.parts import edit


def told(product: Account, **environment: str) -> Account:
    """The product with other environment variables, and every bucket as the table says."""
    declared = product.spec.function.environment
    product.update(environment_variables={**declared, **environment})
    scene.lay(product)
    return product


FINDINGS = json.dumps(
    [
        {"configRuleId": RULE_ID, "resourceId": "config-snapshot"},
        {"configRuleId": RULE_ID, "resourceId": "config-website"},
        {"configRuleId": RULE_ID, "resourceId": "config-private"},
        {"configRuleId": RULE_ID, "resourceId": "config-deleted"},
    ]
)


UNCHANGED = {name: acl for name, (_, acl) in scene.BUCKETS.items()}


def test_report_mode_changes_nothing(product: Account) -> None:
    """In report mode everything is judged and recorded, and no bucket is written to."""
    told(product, repairMode="report")
    result = scene.run(product, FINDINGS)
    assert sorted(result.outcomes) == ["already_private", "exempt", "gone", "would_repair"]
    assert result.answer == "success"
    assert {line["mode"] for line in result.audit} == {"report"}
    assert product.acls() == UNCHANGED


@pytest.mark.parametrize(
    "environment",
    [
        {"repairMode": "Report"},
        {"repairMode": "dry-run"},
        {"prepareRuleId": ""},
        {"prepareRuleId": "${env(PREPARE_RULE_ID)}"},
        {"ossEndpoint": "http://oss-{region}.aliyuncs.com"},
    ],
    ids=str,
)
def test_a_misconfigured_function_does_nothing_and_keeps_its_findings(
    product: Account, environment: dict[str, str]
) -> None:
    """With a setting that is none, findings fail without a request, and other traffic passes."""
    told(product, **environment)
    seen = len(product.cloud.journal.entries("oss"))
    result = scene.run(product, FINDINGS)
    assert set(result.outcomes) == {"failed"}
    assert {line["reason"].split(":")[0] for line in result.audit} == {"misconfigured"}
    assert "4 not settled" in result.error["errorMessage"]
    assert scene.run(product, '{"eventType": "SnapshotDelivery"}').answer == "success"
    assert len(product.cloud.journal.entries("oss")) == seen
    assert product.acls() == UNCHANGED


def test_a_tag_exempts_where_that_is_switched_on(product: Account) -> None:
    """A bucket's own tag keeps it open for some days if s.yaml says so, and not otherwise."""
    today = datetime.now(timezone.utc).date()
    ends = {"config-snapshot": timedelta(days=2), "config-beijing": timedelta(days=30)}
    buckets = ["config-beijing", "config-private", "config-snapshot", "config-upload"]
    event = json.dumps([{"configRuleId": RULE_ID, "resourceId": each} for each in buckets])

    def outcomes(**environment: str) -> dict[str, str]:
        told(product, **environment)
        for bucket, end in ends.items():
            product.cloud.oss.set_tags(bucket, {"team": "web", "open-until": str(today + end)})
        return {line["bucket"]: line["outcome"] for line in scene.run(product, event).audit}

    edit(product.path, "exemptTag: none", "exemptTag: open-until")
    assert product.run("provision", "--yes") == 0  # a role of least privilege is to read tags
    edit(product.path, "exemptTag: open-until", "exemptTag: none")
    product.cloud.settle()
    closed = dict.fromkeys(buckets, "repaired") | {"config-private": "already_private"}
    assert outcomes() == closed
    assert outcomes(exemptTag="open-until") == {**closed, "config-snapshot": "exempt"}

    product.cloud.faults.add("oss:GetBucketTagging", Fail(403, "AccessDenied"), times=9)
    denied = dict.fromkeys(buckets, "denied") | {"config-private": "already_private"}
    assert outcomes(exemptTag="open-until") == denied
    assert product.acls() == UNCHANGED


def test_several_rules_can_be_acted_on(product: Account) -> None:
    """prepareRuleId takes several ids; findings of each are repaired, of others ignored."""
    told(product, prepareRuleId=f"cr-first, {RULE_ID}")
    event = [
        {"configRuleId": "cr-first", "resourceId": "config-snapshot"},
        {"configRuleId": RULE_ID, "resourceId": "config-upload"},
        {"configRuleId": "cr-second", "resourceId": "config-beijing"},
    ]
    result = scene.run(product, json.dumps(event))
    assert sorted(result.outcomes) == ["ignored", "repaired", "repaired"]


def test_debug_logs_no_credential(product: Account) -> None:
    """At DEBUG, in success and in failure, the log has neither key nor token nor the event."""
    told(product, logLevel="DEBUG")
    product.cloud.faults.add("oss:PutBucketAcl", Stall(0), subject="config-snapshot")
    log = scene.run(product, FINDINGS).log
    issued = [key for key in product.cloud.ram._issued.values() if key[0].security_token]
    assert issued
    for credentials, _ in issued:
        assert credentials.access_key_secret not in log
        assert credentials.security_token not in log
    assert "configRuleId" not in log


@pytest.mark.parametrize("content", [b"", b"[]", b'{"exemptions": [{"bucket": "x"}]}', None])
def test_unreadable_exemptions_stop_every_repair(product: Account, content: bytes | None) -> None:
    """If the compiled exemptions are damaged or missing, nothing is asked and all is kept."""
    damaged = io.BytesIO()
    code = product.spec.function.code
    with zipfile.ZipFile(code) as whole, zipfile.ZipFile(damaged, "w") as broken:
        for name in whole.namelist():
            if name != "resource_repair/exemptions.json":
                broken.writestr(name, whole.read(name))
            elif content is not None:
                broken.writestr(name, content)
    scene.lay(product)
    seen = len(product.cloud.journal.entries("oss"))
    with product.live_code(damaged.getvalue()):
        result = scene.run(product, FINDINGS)
    assert set(result.outcomes) == {"failed"}
    assert {line["reason"].split(":")[0] for line in result.audit} == {"exemptions_unreadable"}
    assert len(product.cloud.journal.entries("oss")) == seen
    assert product.acls() == UNCHANGED


def test_a_function_without_a_role_keeps_its_findings(product: Account) -> None:
    """Without credentials from anywhere, findings fail and say why."""
    if product.generation is Generation.FC3:
        product.update(role="")
    else:
        product.cloud.fc.resources.update_service(SERVICE, {"role": ""})
    scene.lay(product)
    result = scene.run(product, FINDINGS)
    assert set(result.outcomes) == {"failed"}
    assert {line["reason"].split(":")[0] for line in result.audit} == {"no_credentials"}


def test_a_slow_oss_ends_in_time_and_names_what_is_left(product: Account) -> None:
    """A bucket that OSS does not answer for is given up before the function is killed."""
    product.update(timeout=5)
    scene.lay(product)
    product.cloud.faults.add("oss:GetBucketInfo", Stall(60), subject="config-snapshot", times=9)
    result = scene.run(product, FINDINGS)
    assert sorted(result.outcomes) == ["already_private", "exempt", "failed", "gone"]
    (slow,) = [line for line in result.audit if line["bucket"] == "config-snapshot"]
    assert slow["reason"].endswith("out of time")
    assert result.error["errorType"] == "UnsettledFindingsError"
