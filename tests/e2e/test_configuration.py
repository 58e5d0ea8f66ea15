"""What the function is told, and what it does when it is told nonsense."""

import json
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from scripts.account import deploy_plan
from scripts.localcloud import Fail, LocalCloud, Stall
from scripts.stage.stage import Stage, set_up
from tests.e2e import scene


@pytest.fixture(scope="module")
def shared(code: Path) -> Iterator[Stage]:
    """The product on a local cloud."""
    with LocalCloud(account_id=scene.ACCOUNT) as cloud:
        yield set_up(cloud, code, prepareRuleId=scene.RULE_ID)


def told(shared: Stage, **environment: str) -> Stage:
    """The product with other environment variables, and every bucket as the table says."""
    function = shared.spec.function
    spec = replace(
        shared.spec, function=replace(function, environment={**function.environment, **environment})
    )
    deploy_plan.apply(deploy_plan.plan(spec, shared.clients))
    scene.lay(shared)
    return replace(shared, spec=spec)


FINDINGS = json.dumps(
    [
        {"configRuleId": scene.RULE_ID, "resourceId": "config-snapshot"},
        {"configRuleId": scene.RULE_ID, "resourceId": "config-website"},
        {"configRuleId": scene.RULE_ID, "resourceId": "config-private"},
        {"configRuleId": scene.RULE_ID, "resourceId": "config-deleted"},
    ]
)


def acls(stage: Stage) -> dict[str, str]:
    """Every bucket's ACL."""
    return {bucket.name: bucket.acl for bucket in stage.cloud.oss.all()}


UNCHANGED = {name: acl for name, (_, acl) in scene.BUCKETS.items()}


def test_report_mode_changes_nothing(shared: Stage) -> None:
    """In report mode everything is judged and recorded, and no bucket is written to."""
    stage = told(shared, repairMode="report")
    result = scene.run(stage, FINDINGS)
    assert sorted(result.outcomes) == ["already_private", "exempt", "gone", "would_repair"]
    assert result.answer == "success"
    assert {line["mode"] for line in result.audit} == {"report"}
    assert acls(stage) == UNCHANGED


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
    shared: Stage, environment: dict[str, str]
) -> None:
    """With a setting that is none, findings fail without a request, and other traffic passes."""
    stage = told(shared, **environment)
    seen = len(stage.cloud.journal.entries("oss"))
    result = scene.run(stage, FINDINGS)
    assert set(result.outcomes) == {"failed"}
    assert {line["reason"].split(":")[0] for line in result.audit} == {"misconfigured"}
    assert "4 not settled" in result.error["errorMessage"]
    assert scene.run(stage, '{"eventType": "SnapshotDelivery"}').answer == "success"
    assert len(stage.cloud.journal.entries("oss")) == seen
    assert acls(stage) == UNCHANGED
    told(shared, repairMode="enforce", prepareRuleId=scene.RULE_ID, ossEndpoint="")


def test_a_tag_exempts_where_that_is_switched_on(shared: Stage) -> None:
    """A bucket's own tag keeps it open for some days if s.yaml says so, and not otherwise."""
    today = datetime.now(timezone.utc).date()
    ends = {"config-snapshot": timedelta(days=2), "config-beijing": timedelta(days=30)}
    buckets = ["config-beijing", "config-private", "config-snapshot", "config-upload"]
    event = json.dumps([{"configRuleId": scene.RULE_ID, "resourceId": each} for each in buckets])

    def outcomes(**environment: str) -> dict[str, str]:
        stage = told(shared, **environment)
        for bucket, end in ends.items():
            stage.cloud.oss.set_tags(bucket, {"team": "web", "open-until": str(today + end)})
        return {line["bucket"]: line["outcome"] for line in scene.run(stage, event).audit}

    closed = dict.fromkeys(buckets, "repaired") | {"config-private": "already_private"}
    assert outcomes() == closed
    assert outcomes(exemptTag="open-until") == {**closed, "config-snapshot": "exempt"}

    shared.cloud.faults.add("oss:GetBucketTagging", Fail(403, "AccessDenied"), times=9)
    denied = dict.fromkeys(buckets, "denied") | {"config-private": "already_private"}
    assert outcomes(exemptTag="open-until") == denied
    assert acls(shared) == UNCHANGED
    shared.cloud.faults.clear()
    told(shared, exemptTag="none")


def test_several_rules_can_be_acted_on(shared: Stage) -> None:
    """prepareRuleId takes several ids; findings of each are repaired, of others ignored."""
    stage = told(shared, prepareRuleId=f"cr-first, {scene.RULE_ID}")
    event = [
        {"configRuleId": "cr-first", "resourceId": "config-snapshot"},
        {"configRuleId": scene.RULE_ID, "resourceId": "config-upload"},
        {"configRuleId": "cr-second", "resourceId": "config-beijing"},
    ]
    result = scene.run(stage, json.dumps(event))
    assert sorted(result.outcomes) == ["ignored", "repaired", "repaired"]
    told(shared, prepareRuleId=scene.RULE_ID)


def test_debug_logs_no_credential(shared: Stage) -> None:
    """At DEBUG, in success and in failure, the log has neither key nor token nor the event."""
    stage = told(shared, logLevel="DEBUG")
    stage.cloud.faults.add("oss:PutBucketAcl", Stall(0), subject="config-snapshot")
    log = scene.run(stage, FINDINGS).log
    issued = [key for key in stage.cloud.ram._issued.values() if key[0].security_token]
    assert issued
    for credentials, _ in issued:
        assert credentials.access_key_secret not in log
        assert credentials.security_token not in log
    assert "configRuleId" not in log
    told(shared, logLevel="INFO")


@pytest.mark.parametrize("content", [b"", b"[]", b'{"exemptions": [{"bucket": "x"}]}', None])
def test_unreadable_exemptions_stop_every_repair(
    code: Path, tmp_path: Path, content: bytes | None
) -> None:
    """If the compiled exemptions are damaged or missing, nothing is asked and all is kept."""
    damaged = tmp_path / "damaged.zip"
    with zipfile.ZipFile(code) as whole, zipfile.ZipFile(damaged, "w") as broken:
        for name in whole.namelist():
            if name != "resource_repair/exemptions.json":
                broken.writestr(name, whole.read(name))
            elif content is not None:
                broken.writestr(name, content)
    with LocalCloud(account_id=scene.ACCOUNT) as cloud:
        stage = set_up(cloud, damaged, prepareRuleId=scene.RULE_ID)
        scene.lay(stage)
        seen = len(cloud.journal.entries("oss"))
        result = scene.run(stage, FINDINGS)
        assert set(result.outcomes) == {"failed"}
        assert {line["reason"].split(":")[0] for line in result.audit} == {"exemptions_unreadable"}
        assert len(cloud.journal.entries("oss")) == seen
        assert acls(stage) == UNCHANGED


def test_a_service_without_a_role_keeps_its_findings(code: Path) -> None:
    """Without credentials from anywhere, findings fail and say why."""
    with LocalCloud(account_id=scene.ACCOUNT) as cloud:
        stage = set_up(cloud, code, prepareRuleId=scene.RULE_ID)
        cloud.fc.resources.update_service(stage.spec.service.name, {"role": ""})
        scene.lay(stage)
        result = scene.run(stage, FINDINGS)
        assert set(result.outcomes) == {"failed"}
        assert {line["reason"].split(":")[0] for line in result.audit} == {"no_credentials"}


def test_a_slow_oss_ends_in_time_and_names_what_is_left(code: Path) -> None:
    """A bucket that OSS does not answer for is given up before the function is killed."""
    with LocalCloud(account_id=scene.ACCOUNT) as cloud:
        stage = set_up(cloud, code, prepareRuleId=scene.RULE_ID)
        function = replace(stage.spec.function, timeout=5)
        deploy_plan.apply(deploy_plan.plan(replace(stage.spec, function=function), stage.clients))
        scene.lay(stage)
        cloud.faults.add("oss:GetBucketInfo", Stall(60), subject="config-snapshot", times=9)
        result = scene.run(stage, FINDINGS)
        assert sorted(result.outcomes) == ["already_private", "exempt", "failed", "gone"]
        (slow,) = [line for line in result.audit if line["bucket"] == "config-snapshot"]
        assert slow["reason"].endswith("out of time")
        assert result.error["errorType"] == "UnsettledFindingsError"
