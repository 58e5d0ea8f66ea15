"""Alerts as provision makes them, doctor examines them, a test sends one, and remove ends them."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from alibabacloud_sls20201230 import models

from scripts.account.mark import TEXT
from scripts.localcloud import Drop, Fail
from scripts.localcloud.log.records import Record
from tests.account import Account, Moments
from tests.contract.alert_rig import TOKEN, Webhook, eventually, webhook

NAMES = [
    "burst",
    "kept",
    "reopened",
    "replaced",
    "silence",
    "test",
    "told",
    "unreadable",
    "unsettled",
]
UNSETTLED = "resource-repair-unsettled"
KINDS = ("sls.alert.action_policy", "sls.alert.action_webhook", "sls.common.user")


@pytest.fixture(scope="module")
def hook() -> Iterator[Webhook]:
    """A webhook for all tests."""
    with webhook() as hook:
        yield hook


@pytest.fixture(scope="module")
def waking(hook: Webhook) -> Callable[[Account], None]:
    """What has an account wake somebody, by that webhook."""

    def provision(account: Account) -> None:
        assert account.run("provision", "--yes", ALERT_WEBHOOK=hook.address) == 0

    return provision


@pytest.fixture
def woken(
    moments: Moments, waking: Callable[[Account], None], hook: Webhook, tmp_path: Path
) -> Account:
    """An account with alerts, to a webhook that was not called yet."""
    account = moments.after(waking, tmp_path)
    hook.calls.clear()
    hook.status = 200
    return account


def alerts(account: Account) -> list[str]:
    """The names of the alerts, without what they have in common."""
    rules = account.cloud.log.alerts.all(account.log_project)
    return [rule.name.removeprefix("resource-repair-") for rule in rules]


def records(account: Account) -> list[Record]:
    """Those that alerts go by."""
    return [each for kind in KINDS for each in account.cloud.log.records.all(kind)]


def examined(account: Account, capsys: pytest.CaptureFixture[str], **shell: str) -> dict[str, Any]:
    """What doctor says of the alerts: its first remark."""
    capsys.readouterr()
    account.run("doctor", "--json", **shell)
    links = json.loads(capsys.readouterr().out)["links"]
    found = [each for each in links if each["link"] == "alerts"]
    assert isinstance(found[0], dict)
    return {**found[0], "remarks": len(found)}


def test_with_nobody_to_be_woken_there_are_no_alerts(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says so, and what to set; doctor remarks it, and finds nothing wrong for that."""
    assert account.run("provision", "--yes") == 0
    said = capsys.readouterr().out
    assert "nobody is woken" in said
    assert "set ALERT_WEBHOOK=https://… or ALERT_EMAIL=…" in said
    assert (alerts(account), records(account)) == ([], [])
    remark = examined(account, capsys)
    assert (remark["state"], remark["remarks"]) == ("note", 1)
    assert "nobody is woken" in remark["what"]


def test_all_are_made_and_kept(
    woken: Account, hook: Webhook, capsys: pytest.CaptureFixture[str]
) -> None:
    """The second run finds nothing to do, and all of it bears the mark."""
    assert alerts(woken) == NAMES
    assert [record.tag for record in records(woken)] == [TEXT, TEXT]
    writes = woken.writes()
    capsys.readouterr()
    assert woken.run("provision", "--yes", ALERT_WEBHOOK=hook.address) == 0
    assert "nothing to do" in capsys.readouterr().out
    assert woken.writes() == writes
    assert examined(woken, capsys, ALERT_WEBHOOK=hook.address)["state"] == "sound"
    assert examined(woken, capsys)["state"] == "sound"


def test_who_is_woken_may_be_in_the_file(account: Account) -> None:
    """What .env has is as good as what the shell has, and stays there."""
    account.env.write_text("ALERT_EMAIL=one@example.com two@example.com\n")
    assert account.run("provision", "--yes") == 0
    policy, user = records(account)
    assert user.fields["email"] == ["one@example.com", "two@example.com"]
    assert f'users=["{user.id}"]' in policy.fields["primary_policy_script"]
    assert account.env.read_text().startswith("ALERT_EMAIL=one@example.com two@example.com\n")


def test_the_token_is_never_shown(
    account: Account, hook: Webhook, capsys: pytest.CaptureFixture[str]
) -> None:
    """Made, changed, refused, examined, tested or removed: of the address its host is told."""
    at = {"ALERT_WEBHOOK": hook.address}
    assert account.run("provision", "--yes", **at) == 0
    changed = {"ALERT_WEBHOOK": hook.address.replace(TOKEN, f"{TOKEN}-2")}
    assert account.run("provision", "--dry-run", "--json", **changed) == 0
    assert examined(account, capsys, **changed)["state"] == "fault"
    account.run("doctor", **changed)
    account.cloud.faults.add("log:UpdateResourceRecord", Fail(400, "ParameterInvalid", TOKEN[:0]))
    assert account.run("provision", "--yes", **changed) == 1
    assert account.run("provision", "--yes", **changed) == 0
    assert account.run("test-alert", **changed) == 0
    assert account.run("remove", "--yes", **changed) == 0
    said = capsys.readouterr()
    assert "http://127.0.0.1/…" in said.out
    assert "another address there" in said.out
    assert TOKEN not in said.out + said.err
    assert TOKEN not in account.env.read_text()


@pytest.mark.parametrize("address", ["http://example.com/hook", f"ftp://example.com/{TOKEN}"])
def test_only_https_is_taken(
    account: Account, address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Anything else is a misuse, before anything is made."""
    assert account.run("provision", "--yes", ALERT_WEBHOOK=address) == 2
    said = capsys.readouterr()
    assert "ALERT_WEBHOOK" in said.err
    assert address not in said.out + said.err
    assert account.writes() == []


def _disable(sdk: Any, project: str) -> None:
    sdk.disable_alert(project, UNSETTLED)


def _change(sdk: Any, project: str, name: str = UNSETTLED, **changed: Any) -> None:
    alert = sdk.get_alert(project, name).body
    for field, value in changed.items():
        setattr(alert.configuration, field, value)
    sdk.update_alert(
        project,
        name,
        models.UpdateAlertRequest(
            display_name=alert.display_name,
            description=alert.description,
            schedule=alert.schedule,
            configuration=alert.configuration,
        ),
    )


def _mute(sdk: Any, project: str) -> None:
    _change(sdk, project, mute_until=2**32)


def _dull(sdk: Any, project: str) -> None:
    _change(sdk, project, threshold=100)


def _delete(sdk: Any, project: str) -> None:
    sdk.delete_alert(project, UNSETTLED)


def _silence(sdk: Any, project: str) -> None:
    record = sdk.list_resource_record(KINDS[0], models.ListResourceRecordRequest()).body.items[0]
    record.value = json.dumps({**json.loads(record.value), "primary_policy_script": ""})
    request = models.UpdateResourceRecordRequest(body=record)
    sdk.update_resource_record(KINDS[0], record.id, request)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_disable, "status disabled"),
        (_mute, "mutedUntil 4294967296"),
        (_dull, "threshold 100"),
        (_delete, "there is no alert"),
        (_silence, "does nothing"),
    ],
)
def test_what_somebody_changed_is_noticed_and_mended(
    woken: Account, hook: Webhook, spoil: Any, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Doctor names it as a fault that stops no deploy; provision puts it right."""
    spoil(woken.clients.log, woken.log_project)

    remark = examined(woken, capsys)
    assert (remark["state"], remark["remarks"], remark["mend"]) == (
        "fault",
        1,
        "resource-repair provision",
    )
    assert said in remark["what"]
    capsys.readouterr()
    woken.run("doctor", "--json", "--before-deploy")
    links = json.loads(capsys.readouterr().out)["links"]
    assert [each["state"] for each in links if each["link"] == "alerts"] == ["not yet"]

    assert woken.run("provision", "--yes", ALERT_WEBHOOK=hook.address) == 0
    assert examined(woken, capsys)["state"] == "sound"
    assert woken.clients.log.get_alert(woken.log_project, UNSETTLED).body.status == "ENABLED"


def test_alerts_stay_when_nobody_is_named_any_more(
    woken: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Run without the variables, as by somebody else, it leaves alone what is there."""
    writes = woken.writes()
    assert woken.run("provision", "--yes") == 0
    assert woken.writes() == writes
    assert examined(woken, capsys)["state"] == "sound"


def test_an_interrupted_run_is_taken_up(account: Account, hook: Webhook) -> None:
    """An answer that is lost, and a refusal between two alerts, leave nothing behind."""
    cloud = account.cloud
    cloud.faults.add("log:CreateResourceRecord", Drop())
    refused = Fail(401, "Unauthorized", "denied by sts or ram")
    for fault in (Drop(), refused):  # the lost one is found at the next try, and not made again
        cloud.faults.add("log:CreateAlert", fault)
    assert account.run("provision", "--yes", ALERT_WEBHOOK=hook.address) == 1
    assert alerts(account) == ["kept"]
    assert account.run("provision", "--yes", ALERT_WEBHOOK=hook.address) == 0
    assert alerts(account) == NAMES


def test_a_message_indexed_as_text_becomes_json(account: Account, hook: Webhook) -> None:
    """Somebody's index keeps its own fields, and gets what alerts count by."""
    cloud = account.cloud
    cloud.log.create_project(account.log_project)
    cloud.log.create_store(account.log_project, "audit", {"ttl": 365, "shardCount": 1})
    names = ("message", "theirs", "requestId")  # none with statistics
    keys = {name: models.IndexKey(type="text", token=[","]) for name in names}
    request = models.CreateIndexRequest(body=models.Index(keys=keys))
    account.clients.log.create_index(account.log_project, "audit", request)

    assert account.run("provision", "--yes", ALERT_WEBHOOK=hook.address) == 0

    index = cloud.log.index(account.log_project, "audit")
    assert index.line
    assert index.settings["keys"]["theirs"]["token"] == [","]
    assert index.settings["keys"]["message"]["json_keys"]["bucket"]["doc_value"] is True
    assert index.settings["keys"]["requestId"]["doc_value"] is True
    assert account.run("test-alert", ALERT_WEBHOOK=hook.address) == 0


def test_remove_takes_away_what_is_ours(woken: Account, capsys: pytest.CaptureFixture[str]) -> None:
    """Alerts, policy and webhook go; the project goes although alerts have left a store in it."""
    assert woken.run("remove", "--yes", "--roles") == 0
    assert records(woken) == []
    assert woken.cloud.log.projects() == []
    assert woken.run("remove", "--yes") == 0
    assert "nothing of ours is there" in capsys.readouterr().out


def test_remove_leaves_what_is_somebody_elses(woken: Account) -> None:
    """An alert without the mark, and a policy of another name, stay."""
    sdk, cloud = woken.clients.log, woken.cloud
    alert = sdk.get_alert(woken.log_project, UNSETTLED).body
    request = models.UpdateAlertRequest(
        display_name=alert.display_name,
        description="theirs",
        schedule=alert.schedule,
        configuration=alert.configuration,
    )
    sdk.update_alert(woken.log_project, UNSETTLED, request)
    policy = records(woken)[0]
    cloud.log.records.update(KINDS[0], policy.id, "theirs", policy.value)
    cloud.log.update_project(woken.log_project, "theirs")
    assert woken.run("remove", "--yes") == 0
    assert alerts(woken) == ["unsettled"]
    assert [record.tag for record in records(woken)] == ["theirs"]


def test_a_test_goes_through(
    woken: Account, hook: Webhook, capsys: pytest.CaptureFixture[str]
) -> None:
    """One call with the test's own id, and not a line in the audit trail."""
    assert woken.run("test-alert", "--json", ALERT_WEBHOOK=hook.address) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["fired"], said["handed_over"]) == (True, True)
    assert eventually(lambda: bool(hook.calls))
    (call,) = hook.calls
    assert call["alert_id"] == said["alert"] == "resource-repair-test"
    assert call["labels"] == {"test_id": said["test_id"]}
    for _ in range(3):
        woken.cloud.log.alerts.check()
    assert len(hook.calls) == 1


def test_a_check_that_does_not_fire_is_not_the_end(woken: Account, hook: Webhook) -> None:
    """Where the line is found, and the alert fires with the third check only, that is awaited."""
    _change(woken.clients.log, woken.log_project, "resource-repair-test", threshold=3)
    assert woken.run("test-alert", ALERT_WEBHOOK=hook.address) == 0
    assert eventually(lambda: len(hook.calls) == 1)


def test_a_test_that_does_not_fire_fails(
    woken: Account, hook: Webhook, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where the index knows nothing of the line, nobody is called, and it says so."""
    log = woken.cloud.log
    log.delete_index(woken.log_project, "audit")
    assert woken.run("test-alert", "--timeout", "2") == 1
    assert "did not fire within 2 s" in capsys.readouterr().out
    assert hook.calls == []


def test_a_test_needs_an_alert_that_is_on(
    account: Account, hook: Webhook, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before there are alerts, and with the one for tests off, it says what to do."""
    assert account.run("provision", "--yes") == 0
    assert account.run("test-alert") == 1
    assert "there is no alert resource-repair-test" in capsys.readouterr().err
    assert account.run("provision", "--yes", ALERT_WEBHOOK=hook.address) == 0
    account.clients.log.disable_alert(account.log_project, "resource-repair-test")
    assert account.run("test-alert") == 1
    assert "is switched off" in capsys.readouterr().err


def test_a_dry_run_writes_nothing(woken: Account, hook: Webhook) -> None:
    """It says what would be written."""
    writes = woken.writes()
    assert woken.run("test-alert", "--dry-run") == 0
    assert woken.writes() == writes
