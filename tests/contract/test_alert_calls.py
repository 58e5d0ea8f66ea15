"""Alerts and records as the SDK (alibabacloud_sls20201230) makes them, and what comes of them."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from alibabacloud_sls20201230 import models

from scripts.localcloud import LocalCloud
from scripts.localcloud.log.alerts import HISTORY
from scripts.localcloud.ram import policies
from tests.contract.alert_rig import Webhook, check_until, eventually, webhook
from tests.contract.log_helpers import (
    PROJECT,
    STORE,
    TEXT,
    WHOLE,
    make_store,
    refusal,
    search,
    until_refused,
)
from tests.parts import clients

NAME = "resource-repair-some"
POLICY, HOOK = "sls.alert.action_policy", "sls.alert.action_webhook"
FIELDS = {"message": {**TEXT, "doc_value": True}, "unit": {**TEXT, "doc_value": True}, "dim": TEXT}
COUNTED = "error | select unit, count(1) as errors group by unit"
HOUR = 3600


@pytest.fixture
def cloud() -> Iterator[LocalCloud]:
    """A cloud with a project, and a store whose texts are indexed, and counted but for `dim`."""
    with LocalCloud() as cloud:
        make_store(cloud, {**WHOLE, "keys": FIELDS})
        yield cloud


@pytest.fixture
def sdk(cloud: LocalCloud) -> Any:
    """The SDK's client."""
    return clients(cloud).log


@pytest.fixture
def hook(cloud: LocalCloud) -> Iterator[Webhook]:
    """A webhook that the policy `called` calls."""
    with webhook() as hook:
        header = {"key": "Content-Type", "value": "application/json"}
        settings = {"url": hook.address, "method": "POST", "headers": [header]}
        cloud.log.records.create(HOOK, "them", "them", json.dumps(settings))
        script = 'fire(type="webhook_integration", webhook_id="them", period="any")'
        value = json.dumps({"primary_policy_script": script})
        cloud.log.records.create(POLICY, "called", "called", value)
        yield hook


def settings(
    query: str = COUNTED,
    *,
    about: tuple[str, ...] = ("unit",),
    condition: str = "",
    threshold: int = 1,
    start: str = "-24h",
    repeat: str = "2h",
) -> dict[str, Any]:
    """What an alert is made of."""
    when = models.ConditionConfiguration(condition=condition, count_condition="")
    asked = models.AlertQuery(
        store_type="log",
        region="cn-shanghai",
        project=PROJECT,
        store=STORE,
        query=query,
        time_span_type="Relative",
        start=start,
        end="now",
    )
    configuration = models.AlertConfiguration(
        version="2.0",
        type="default",
        query_list=[asked],
        group_configuration=models.GroupConfiguration(
            type="custom" if about else "no_group", fields=list(about)
        ),
        severity_configurations=[models.SeverityConfiguration(severity=8, eval_condition=when)],
        annotations=[models.AlertTag(key="desc", value="${unit} has ${errors}")],
        threshold=threshold,
        no_data_fire=False,
        send_resolved=False,
        auto_annotation=True,
        policy_configuration=models.PolicyConfiguration(
            alert_policy_id="sls.builtin.dynamic", action_policy_id="called", repeat_interval=repeat
        ),
    )
    schedule = models.Schedule(type="FixedRate", interval="1h", run_immediately=False)
    return {"display_name": "Some alert", "configuration": configuration, "schedule": schedule}


def create(sdk: Any, **changed: Any) -> None:
    """The alert, through the SDK."""
    request = models.CreateAlertRequest(name=NAME, description="of a test", **settings(**changed))
    sdk.create_alert(PROJECT, request)


def write(cloud: LocalCloud, unit: str, text: str = "an error") -> None:
    """A log."""
    cloud.log.write(PROJECT, STORE, [{"message": text, "unit": unit, "dim": unit}])


def test_an_alert_is_kept_as_it_was_made(sdk: Any) -> None:
    """What is created, changed and switched is read back so, by name and in the list."""
    create(sdk)
    made = sdk.get_alert(PROJECT, NAME).body
    assert (made.name, made.display_name, made.status) == (NAME, "Some alert", "ENABLED")
    assert made.description == "of a test"
    assert made.configuration.to_map() == settings()["configuration"].to_map()
    assert made.schedule.interval == "1h"

    sdk.disable_alert(PROJECT, NAME)
    request = models.UpdateAlertRequest(description="changed", **settings(threshold=3))
    sdk.update_alert(PROJECT, NAME, request)
    (listed,) = sdk.list_alerts(PROJECT, models.ListAlertsRequest()).body.results
    assert (listed.status, listed.description) == ("DISABLED", "changed")
    assert listed.configuration.threshold == 3
    sdk.enable_alert(PROJECT, NAME)
    assert sdk.get_alert(PROJECT, NAME).body.status == "ENABLED"

    sdk.delete_alert(PROJECT, NAME)
    assert refusal(lambda: sdk.get_alert(PROJECT, NAME)).code == "JobNotExist"
    assert refusal(lambda: sdk.delete_alert(PROJECT, NAME)).status == 404


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"start": "-25h"}, "at most 24 hours"),
        ({"start": "whenever"}, "no duration"),
    ],
)
def test_what_no_alert_can_be_is_refused(sdk: Any, change: dict[str, Any], said: str) -> None:
    """A query may not look back for more than a day."""
    assert said in str(refusal(lambda: create(sdk, **change)))


def test_a_name_is_taken_once(sdk: Any) -> None:
    """The second alert of a name is refused; one in no project too."""
    create(sdk)
    assert refusal(lambda: create(sdk)).code == "JobAlreadyExist"
    assert refusal(lambda: sdk.get_alert("elsewhere", NAME)).code == "ProjectNotExist"


def test_alerts_go_with_their_project(cloud: LocalCloud, sdk: Any) -> None:
    """One that is made anew has none."""
    create(sdk)
    sdk.delete_project(PROJECT, models.DeleteProjectRequest())
    until_refused(lambda: sdk.get_project(PROJECT, models.GetProjectRequest()))
    cloud.log.create_project(PROJECT)
    assert sdk.list_alerts(PROJECT, models.ListAlertsRequest()).body.total == 0


@pytest.mark.parametrize(
    ("action", "call"),
    [
        ("log:CreateAlert", create),
        ("log:GetAlert", lambda sdk: sdk.get_alert(PROJECT, NAME)),
        ("log:CreateJob", create),  # an alert is one of the jobs
        ("log:GetJob", lambda sdk: sdk.get_alert(PROJECT, NAME)),
        (
            "log:ListResourceRecords",
            lambda sdk: sdk.list_resource_record(POLICY, models.ListResourceRecordRequest()),
        ),
    ],
)
def test_each_call_needs_its_permission(
    cloud: LocalCloud, action: str, call: Callable[[Any], Any]
) -> None:
    """Who may do all but that is refused, and told what."""
    cloud.ram.create_role("them", policies.trust("ecs.aliyuncs.com"))
    forbidden = {"Effect": "Deny", "Action": action, "Resource": "*"}
    cloud.ram.create_policy("them", policies.document(policies.allow("log:*", "*"), forbidden))
    cloud.ram.attach("them", "Custom", "them")
    key = cloud.ram.assume("them", "session")
    error = refusal(lambda: call(clients(cloud, key).log))
    assert error.denied
    assert error.refused == (action,)


def test_a_record_is_kept_as_it_was_made(sdk: Any) -> None:
    """What is created, changed and deleted is listed so, by its id."""
    body = models.ResourceRecord(id="one", tag="first", value='{"a": 1}')
    sdk.create_resource_record(POLICY, models.CreateResourceRecordRequest(body=body))
    again = models.CreateResourceRecordRequest(body=body)
    refused = refusal(lambda: sdk.create_resource_record(POLICY, again))
    assert refused.code == "ResourceRecordAlreadyExist"

    for value in ("1", "{", '{"a":' * 2000):
        no_object = models.ResourceRecord(id="two", tag="second", value=value)
        request = models.CreateResourceRecordRequest(body=no_object)
        refused = refusal(lambda: sdk.create_resource_record(POLICY, request))  # noqa: B023
        assert refused.status == 400

    body.value = '{"a": 2}'
    sdk.update_resource_record(POLICY, "one", models.UpdateResourceRecordRequest(body=body))
    request = models.ListResourceRecordRequest(ids="one,other", offset=0, size=10)
    (listed,) = sdk.list_resource_record(POLICY, request).body.items
    assert (listed.id, listed.tag, listed.value) == ("one", "first", '{"a": 2}')
    assert sdk.list_resource_record(HOOK, request).body.items == []

    sdk.delete_resource_record(POLICY, models.DeleteResourceRecordRequest(ids="one"))
    assert sdk.list_resource_record(POLICY, request).body.total == 0
    body.value = "no JSON"
    assert refusal(lambda: sdk.create_resource_record(POLICY, again)).code == "ParameterInvalid"


def test_each_cause_is_told_of_once(cloud: LocalCloud, sdk: Any, hook: Webhook) -> None:
    """A row is one call with its labels; a further row another; none twice, and none of no row."""
    create(sdk)
    cloud.log.alerts.check()
    write(cloud, "a")
    write(cloud, "b", "all is well")
    called(cloud, hook, 1)
    write(cloud, "c")
    called(cloud, hook, 2)
    assert [call["labels"] for call in hook.calls] == [{"unit": "a"}, {"unit": "c"}]
    assert hook.calls[0]["annotations"] == {"desc": "a has 1"}


def test_what_goes_on_is_told_of_again_after_the_repeat_interval(
    cloud: LocalCloud, sdk: Any, hook: Webhook
) -> None:
    """Not before two hours have passed; and what ended and comes back is told of at once."""
    create(sdk)
    write(cloud, "a")
    called(cloud, hook, 1)
    cloud.clock.advance(2 * HOUR - 10)
    called(cloud, hook, 1)
    cloud.clock.advance(10)
    called(cloud, hook, 2)
    cloud.clock.advance(25 * HOUR)
    called(cloud, hook, 2)
    write(cloud, "a")
    called(cloud, hook, 3)


def test_the_threshold_counts_checks_in_a_row(cloud: LocalCloud, sdk: Any, hook: Webhook) -> None:
    """With a threshold of three, the third check that finds it fires, and none before."""
    create(sdk, query="error | select count(1) as errors", about=(), condition="errors == 0",
           threshold=3)  # fmt: skip
    for calls in (0, 0, 1, 1):
        cloud.log.alerts.check()
        assert len(hook.calls) == calls


def test_an_alert_that_is_off_says_nothing(cloud: LocalCloud, sdk: Any, hook: Webhook) -> None:
    """Switched on again, it does."""
    create(sdk)
    sdk.disable_alert(PROJECT, NAME)
    write(cloud, "a")
    assert eventually(lambda: bool(search(sdk, "error")))
    cloud.log.alerts.check()
    assert hook.calls == []
    sdk.enable_alert(PROJECT, NAME)
    called(cloud, hook, 1)


def test_checks_come_by_themselves(cloud: LocalCloud, hook: Webhook) -> None:
    """Nobody need ask: each alert is checked at its own pace, in the cloud's compressed time."""
    made = {"name": NAME, "displayName": "Some alert", "schedule": {"type": "FixedRate"}}
    made["schedule"]["interval"] = "5s"  # type: ignore[index]
    made["configuration"] = settings()["configuration"].to_map()
    cloud.log.alerts.create(PROJECT, NAME, made)
    write(cloud, "a")
    assert eventually(lambda: len(hook.calls) == 1)


def test_what_was_fired_is_in_the_history(cloud: LocalCloud, sdk: Any, hook: Webhook) -> None:
    """The project's own store has the check that fired, with its row; not whether it arrived."""
    create(sdk)
    hook.status = 500
    write(cloud, "a")
    called(cloud, hook, 1)
    request = models.GetLogsV2Request(query=f'"{NAME}"', from_=0, to=2**33)
    assert eventually(lambda: bool(sdk.get_logs_v2(PROJECT, HISTORY, request).body.data))
    (log,) = sdk.get_logs_v2(PROJECT, HISTORY, request).body.data
    assert (log["AlertStatus"], log["Fired"], log["NotifyStatus"]) == ("firing", "true", "Success")
    assert json.loads(log["Results"])[0]["RawResults"] == [{"unit": "a", "errors": "1"}]
    (entry,) = cloud.journal.entries("log", "alerted")
    assert entry.details["failed"] == "it answered 500"


def test_nobody_beyond_this_machine_is_called(cloud: LocalCloud, sdk: Any, hook: Webhook) -> None:
    """A webhook elsewhere is put down in the journal, and not called."""
    elsewhere = json.dumps({"url": "https://example.com/", "method": "POST", "headers": []})
    cloud.log.records.update(HOOK, "them", "them", elsewhere)
    create(sdk)
    write(cloud, "a")
    assert eventually(lambda: bool(search(sdk, "error")))
    cloud.log.alerts.check()
    (entry,) = cloud.journal.entries("log", "alerted")
    assert (entry.details["to"], hook.calls) == ("example.com", [])
    assert "beyond this machine" in entry.details["failed"]


@pytest.mark.parametrize(
    "query",
    [
        'error | select "dim", count(1) as errors group by "dim"',
        "error | select dim, count(1) as errors group by dim",
        "error | select nonsense(",
        "unknown: error | select count(1) as errors",
    ],
)
def test_what_cannot_be_asked_fails_in_the_history(
    cloud: LocalCloud, sdk: Any, hook: Webhook, query: str
) -> None:
    """A column without statistics, one that is not there, or no SQL: the check has an error."""
    create(sdk, query=query)
    write(cloud, "a")
    cloud.log.alerts.check()
    request = models.GetLogsV2Request(query="error and Failed", from_=0, to=2**33)
    assert eventually(lambda: bool(sdk.get_logs_v2(PROJECT, HISTORY, request).body.data))
    assert hook.calls == []


def test_a_check_finds_what_was_just_written_also_after_an_advance(hook: Webhook) -> None:
    """With a second as long as it is, a line that is a moment old ends the silence.

    When days have passed at once, only such lines are left to be found.
    """
    with LocalCloud(time_scale=1) as cloud:
        make_store(cloud, {**WHOLE, "keys": FIELDS})
        create(clients(cloud).log, query="error | select count(1) as errors", about=(),
               condition="errors == 0")  # fmt: skip
        cloud.clock.advance(9 * 24 * HOUR)
        write(cloud, "a")
        cloud.log.alerts.check()
        assert cloud.journal.entries("log", "alerted") == []
        cloud.clock.advance(25 * HOUR)
        cloud.log.alerts.check()
        assert len(cloud.journal.entries("log", "alerted")) == 1


def called(cloud: LocalCloud, hook: Webhook, times: int) -> None:
    """Have the alerts checked until there were so many calls, and some more; they are no more."""
    check_until(cloud, hook, "some", times)
    assert len(hook.calls) == times
