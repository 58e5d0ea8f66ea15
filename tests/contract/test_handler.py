"""The handler as Function Compute calls it, in this process, against the local OSS over HTTP."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import index
from resource_repair import exemptions
from resource_repair.settle import UnsettledFindingsError
from scripts.localcloud import Fail, LocalCloud
from scripts.localcloud.ram import policies

RULE = "cr-a6129bc09da7009675a0"
FINDING = {"configRuleId": RULE, "resourceId": "config-snapshot", "regionId": "cn-shanghai"}


@pytest.fixture(scope="module")
def cloud() -> Iterator[LocalCloud]:
    """A local cloud with a role for the function."""
    with LocalCloud() as running:
        running.ram.create_role("repair", policies.trust("fc.aliyuncs.com"))
        running.ram.attach("repair", "System", "AliyunOSSFullAccess")
        yield running


@pytest.fixture(autouse=True)
def world(cloud: LocalCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One public bucket, no exemptions, and the function's environment."""
    if "config-snapshot" in cloud.oss.names():
        cloud.oss.delete("config-snapshot")
    cloud.oss.create("config-snapshot", acl="public-read")
    compiled = tmp_path / "exemptions.json"
    compiled.write_text('{"exemptions": []}')
    monkeypatch.setattr(exemptions, "COMPILED", compiled)
    monkeypatch.setenv("prepareRuleId", RULE)
    monkeypatch.setenv("ossEndpoint", cloud.endpoints.oss)


def context(cloud: LocalCloud, **changes: Any) -> SimpleNamespace:
    """Function Compute's context, as documented, with temporary credentials of the role."""
    issued = cloud.ram.assume("repair", "session")
    documented = {
        "request_id": "request-1",
        "credentials": SimpleNamespace(
            access_key_id=issued.access_key_id,
            access_key_secret=issued.access_key_secret,
            security_token=issued.security_token,
        ),
        "function": SimpleNamespace(name="f", handler="index.handler", memory=512, timeout=60),
        "region": "cn-shanghai",
        "account_id": cloud.account_id,
    }
    return SimpleNamespace(**{**documented, **changes})


def audit(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """The lines printed since the last look."""
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize("event", [json.dumps([FINDING]), json.dumps([FINDING]).encode()])
def test_bytes_and_text_are_repaired(
    cloud: LocalCloud, event: bytes | str, capsys: pytest.CaptureFixture[str]
) -> None:
    """An event as Python 3 runtimes give it, or as a local call does, closes the bucket."""
    assert index.handler(event, context(cloud)) == "success"
    assert cloud.oss.bucket("config-snapshot").acl == "private"
    (line,) = audit(capsys)
    assert (line["outcome"], line["request_id"]) == ("repaired", "request-1")


@pytest.mark.parametrize("given", [None, SimpleNamespace(), SimpleNamespace(access_key_id=None)])
def test_without_credentials_in_the_context_the_environment_has_them(
    cloud: LocalCloud, given: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a runtime whose context has no credentials, those of the environment sign."""
    issued = cloud.ram.assume("repair", "session")
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", issued.access_key_id)
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", issued.access_key_secret)
    monkeypatch.setenv("ALIBABA_CLOUD_SECURITY_TOKEN", issued.security_token)
    bare = context(cloud, credentials=given)
    assert index.handler(json.dumps([FINDING]), bare) == "success"
    assert cloud.oss.bucket("config-snapshot").acl == "private"


@pytest.mark.parametrize("timeout", [None, "sixty", 0, -1])
def test_an_odd_timeout_is_the_platform_s_default(
    cloud: LocalCloud, timeout: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a usable time-out the platform's 3 s are assumed: the repair goes on all the same."""
    odd = context(cloud, function=SimpleNamespace(timeout=timeout))
    assert index.handler(json.dumps([FINDING]), odd) == "success"
    assert [line["outcome"] for line in audit(capsys)] == ["repaired"]


def test_without_a_region_anywhere_nothing_is_asked(
    cloud: LocalCloud, capsys: pytest.CaptureFixture[str]
) -> None:
    """If neither message nor context names a region, the finding fails without a request."""
    finding = {key: value for key, value in FINDING.items() if key != "regionId"}
    with pytest.raises(UnsettledFindingsError, match="config-snapshot: failed, invalid_region"):
        index.handler(json.dumps([finding]), context(cloud, region=None))
    assert cloud.oss.bucket("config-snapshot").acl == "public-read"
    assert [line["outcome"] for line in audit(capsys)] == ["failed"]


def test_what_is_done_is_recorded_before_the_error(
    cloud: LocalCloud, capsys: pytest.CaptureFixture[str]
) -> None:
    """A message with one bucket that fails has every line in the audit when the error is raised."""
    cloud.oss.create("config-denied", acl="public-read")
    denied = {**FINDING, "resourceId": "config-denied"}
    other = {**FINDING, "configRuleId": "cr-other"}
    refusal = Fail(403, "AccessDenied")
    cloud.faults.add("oss:PutBucketAcl", refusal, subject="config-denied")
    with pytest.raises(UnsettledFindingsError) as raised:
        index.handler(json.dumps([denied, FINDING, other]), context(cloud))
    cloud.oss.delete("config-denied")
    assert str(raised.value).startswith("1 not settled; config-denied: denied, AccessDenied")
    assert sorted(line["outcome"] for line in audit(capsys)) == ["denied", "ignored", "repaired"]


@pytest.mark.parametrize("level", ["ERROR", "DEBUG"])
def test_the_function_logs_at_the_level_of_its_settings(
    cloud: LocalCloud, level: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each invocation sets it anew, for its own logger alone."""
    others = logging.getLogger().level
    monkeypatch.setenv("logLevel", level)
    assert index.handler("not for us", context(cloud)) == "fail"
    assert logging.getLogger("resource_repair").level == getattr(logging, level)
    assert logging.getLogger().level == others


def test_nobody_s_message_fails_without_an_error(
    cloud: LocalCloud, capsys: pytest.CaptureFixture[str]
) -> None:
    """What cannot be read and names no rule of ours is logged and answered with 'fail'."""
    assert index.handler("not for us", context(cloud)) == "fail"
    (line,) = audit(capsys)
    assert (line["outcome"], line["reason"]) == ("unreadable", "neither JSON nor base64")


def test_expired_credentials_fail_and_are_not_retried(
    cloud: LocalCloud, capsys: pytest.CaptureFixture[str]
) -> None:
    """A token that OSS no longer honours is no permission problem, and asking again is no help."""
    stale = context(cloud)
    cloud.clock.advance(3601)
    with pytest.raises(UnsettledFindingsError, match="config-snapshot: failed, "):
        index.handler(json.dumps([FINDING]), stale)
    (line,) = audit(capsys)
    assert "out of time" not in line["reason"]


def test_damaged_exemptions_stop_every_repair(
    cloud: LocalCloud, capsys: pytest.CaptureFixture[str]
) -> None:
    """A compiled file that is no such file: the finding fails before any request is made."""
    exemptions.COMPILED.write_text("{}")
    seen = len(cloud.journal.entries("oss"))
    with pytest.raises(UnsettledFindingsError, match="failed, exemptions_unreadable"):
        index.handler(json.dumps([FINDING]), context(cloud))
    assert len(cloud.journal.entries("oss")) == seen
    assert [line["outcome"] for line in audit(capsys)] == ["failed"]


def test_without_any_credentials_nothing_is_asked(cloud: LocalCloud) -> None:
    """Credentials neither in the context nor in the environment: the finding fails and says so."""
    seen = len(cloud.journal.entries("oss"))
    with pytest.raises(UnsettledFindingsError, match="failed, no_credentials"):
        index.handler(json.dumps([FINDING]), context(cloud, credentials=None))
    assert len(cloud.journal.entries("oss")) == seen
