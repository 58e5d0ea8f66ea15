"""Remove on the local cloud: what goes, what stays and why, and what stops it."""

import io
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from alibabacloud_fc_open20210406 import models

from scripts.localcloud import Drop, Fail, LocalCloud
from scripts.localcloud.config.channels import Channel
from scripts.localcloud.mns.queue import QueueAttributes
from scripts.localcloud.ram import policies
from scripts.provision import VERB as PROVISION
from scripts.remove import VERB
from tests.contract.provision_rig import (
    QUEUE,
    ROLE,
    TAG,
    TOPIC,
    Account,
    empty,
    fill_by_others,
    sampled,
)

SERVICE, FUNCTION = "resource_repair", "oss_repair_acl_trigger"
FUNCTION_ROLE = "resource-repair-role"
MNS_POLICY = "AliyunFcGeneratedMNSPolicy-cn-shanghai-resource-repair"

# What a run on a whole deployment deletes, in order; what is done several times is there once.
WRITES = [
    "fc:DeleteTrigger",
    "fc:DeleteFunctionAsyncInvokeConfig",
    "fc:DeleteFunction",
    "fc:DeleteService",
    "ram:DetachPolicyFromRole",
    "ram:DeleteRole",
    "ram:DeletePolicy",
    "config:DeleteConfigDeliveryChannel",
    "config:DeleteConfigRules",
    "mns:DeleteTopic",
    "mns:DeleteQueue",
    "log:DeleteLogStore",
    "log:DeleteProject",
]

# Everything that it may look at, but for tags: those of the log store are not needed here.
READS = [
    permission.action
    for permission in VERB.permissions
    if re.search(":(Get|List|Peek)(?!Tag)", permission.action)
]


@pytest.fixture(scope="module")
def cloud() -> Iterator[LocalCloud]:
    """A cloud for all tests."""
    with LocalCloud() as cloud:
        yield cloud


@pytest.fixture
def account(cloud: LocalCloud, tmp_path: Path) -> Iterator[Account]:
    """A project, and an account with nothing in it."""
    account = Account(cloud, tmp_path)
    yield account
    empty(account)


@pytest.fixture
def deployed(account: Account) -> Account:
    """An account on which all was provisioned and deployed."""
    account.provision("--yes")
    account.deploy()
    return account


def nothing(account: Account) -> bool:
    """Whether the account is empty."""
    return not any(account.state().values())


def test_what_was_made_goes(deployed: Account, capsys: pytest.CaptureFixture[str]) -> None:
    """All that provision and a deploy made goes; the second time there is nothing to do."""
    capsys.readouterr()
    assert deployed.remove("--yes", "--roles") == 0
    assert nothing(deployed)
    assert f"removed topic {TOPIC}\n" in capsys.readouterr().out

    assert deployed.remove() == 0
    assert "nothing to do" in capsys.readouterr().out


def test_a_dry_run_only_shows(deployed: Account, capsys: pytest.CaptureFixture[str]) -> None:
    """With --dry-run it tells what would go, in JSON too, and takes nothing away."""
    before = deployed.state()
    capsys.readouterr()
    assert deployed.remove("--dry-run", "--json", "--roles") == 0
    found = json.loads(capsys.readouterr().out)["found"]
    assert len(found) == 13
    assert not any(each["stays"] or each["removed"] for each in found)
    assert deployed.state() == before


def test_what_was_adopted_stays(account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    """What was there before is named and kept, and the deploy's own is taken away."""
    fill_by_others(account)
    account.provision("--yes")
    before = account.state()
    account.deploy()
    capsys.readouterr()

    assert account.remove("--yes", "--roles") == 0

    assert account.state() == before
    said = capsys.readouterr().out
    assert said.count("it was there before") == 7
    assert f"keep    topic             {TOPIC}" in said


def test_the_role_of_all_triggers_stays(deployed: Account) -> None:
    """The role that triggers share in the whole account stays unless it is asked for."""
    assert deployed.remove("--yes") == 0
    assert [name for name, held in deployed.state().items() if held] == ["roles"]
    assert list(deployed.state()["roles"]) == [ROLE]


def test_an_adopted_function_role_stays(account: Account) -> None:
    """A role of the function that was there before stays, with the policies that it was given."""
    account.cloud.ram.create_role(FUNCTION_ROLE, policies.trust("fc.aliyuncs.com"))
    account.provision("--yes")
    account.deploy()
    held = account.cloud.ram.roles[FUNCTION_ROLE].attached
    before = sorted(held)
    assert account.remove("--yes", "--roles") == 0
    assert list(account.state()["roles"]) == [FUNCTION_ROLE]
    assert sorted(account.cloud.ram.roles[FUNCTION_ROLE].attached) == before


def test_a_log_store_in_a_project_of_others_goes(account: Account) -> None:
    """The store that was made in an adopted project has a mark of its own."""
    account.cloud.log.create_project(account.project, "theirs")
    assert account.provision("--yes", key=account.key_of(PROVISION.permissions)) == 0
    assert account.remove("--yes", "--roles") == 0
    assert account.state()["logs"] == {account.project: "theirs"}


def _subscribe(account: Account) -> None:
    account.cloud.mns.register(
        TOPIC,
        "theirs",
        endpoint="http://example.com",
        strategy="BACKOFF_RETRY",
        content_format="SIMPLIFIED",
    )


def _deliver(account: Account) -> None:
    account.cloud.config.create_channel(Channel(account.topic_arn, name="theirs"))


def _trigger_elsewhere(account: Account) -> None:
    account.cloud.mns.create_topic("elsewhere")
    account.cloud.mns.subscribe(
        "elsewhere", "theirs", strategy="BACKOFF_RETRY", push=lambda _: True
    )


def _attach_more(role: str) -> Callable[[Account], None]:
    return lambda account: account.cloud.ram.attach(role, "System", "AliyunLogFullAccess")


def _serve_another(account: Account) -> None:
    arn = account.cloud.ram.arn(FUNCTION_ROLE)
    request = models.CreateServiceRequest(service_name="theirs", role=arn)
    account.clients().fc.create_service(request)


def _share_policy(account: Account) -> None:
    account.cloud.ram.create_role("theirs", policies.trust("fc.aliyuncs.com"))
    account.cloud.ram.attach("theirs", "Custom", MNS_POLICY)


def _log_to_ours(account: Account) -> None:
    logs = account.spec().service.logs
    assert logs
    config = models.LogConfig(project=logs.project, logstore=logs.logstore, log_begin_rule="None")
    request = models.CreateServiceRequest(service_name="theirs", log_config=config)
    account.clients().fc.create_service(request)


def _fail_to_ours(account: Account) -> None:
    fc = account.clients().fc
    fc.create_service(models.CreateServiceRequest(service_name="theirs"))
    code = models.Code(zip_file=_zip(account))
    request = models.CreateFunctionRequest(
        function_name="theirs", runtime="python3.10", handler="index.handler", code=code
    )
    fc.create_function("theirs", request)
    live = fc.get_function_async_invoke_config(
        SERVICE, FUNCTION, models.GetFunctionAsyncInvokeConfigRequest()
    ).body
    fc.put_function_async_invoke_config(
        "theirs",
        "theirs",
        models.PutFunctionAsyncInvokeConfigRequest(destination_config=live.destination_config),
    )


def _log_too(account: Account) -> None:
    account.cloud.log.create_store(account.project, "theirs", {"ttl": 1, "shardCount": 1})


def _add_function(account: Account) -> None:
    fc = account.clients().fc
    live = fc.get_function_code(SERVICE, FUNCTION, models.GetFunctionCodeRequest())
    assert live.body.url
    request = models.CreateFunctionRequest(
        function_name="theirs",
        runtime="python3.10",
        handler="index.handler",
        code=models.Code(zip_file=_zip(account)),
    )
    fc.create_function(SERVICE, request)


def _zip(account: Account) -> str:
    import base64  # noqa: PLC0415

    return base64.b64encode((account.path.parent / "build/function.zip").read_bytes()).decode()


def _add_trigger(account: Account) -> None:
    account.cloud.mns.create_topic("elsewhere")
    request = models.CreateTriggerRequest(
        trigger_name="theirs",
        trigger_type="mns_topic",
        trigger_config="{}",
        invocation_role=account.cloud.ram.arn(ROLE),
        source_arn=account.topic_arn.replace(TOPIC, "elsewhere"),
    )
    account.clients().fc.create_trigger(SERVICE, FUNCTION, request)


def _describe_otherwise(account: Account) -> None:
    request = models.UpdateServiceRequest(description="theirs")
    account.clients().fc.update_service(SERVICE, request)


@pytest.mark.parametrize(
    ("use", "kept"),
    [
        (_subscribe, {"topic": "others subscribe", "role": "other triggers may go by it"}),
        (_deliver, {"topic": "other channels deliver to it: theirs"}),
        (_trigger_elsewhere, {"role": "other triggers may go by it, of elsewhere"}),
        (_attach_more(ROLE), {"role": "others gave it policies: AliyunLogFullAccess"}),
        (
            _attach_more(FUNCTION_ROLE),
            {"role": "s.yaml does not declare: AliyunLogFullAccess", "policy": "the role"},
        ),
        (_serve_another, {"role": "other services use it: theirs", "policy": "the role"}),
        (_share_policy, {"policy": "it is attached 1 times more"}),
        (_log_to_ours, {"log store": "stays: theirs", "log project": "stays: theirs"}),
        (_fail_to_ours, {"queue": "stays: theirs/theirs"}),
        (_log_too, {"log project": "others have log stores in it: theirs"}),
        (
            _add_function,
            {
                "service": "it holds functions that stay: theirs",
                "role": "the service that has it stays",
                "policy": "the role",
                "log store": SERVICE,
                "log project": SERVICE,
            },
        ),
        (
            _add_trigger,
            {
                "function": "others call it by the trigger theirs",
                "service": FUNCTION,
                "role": "",  # two of them
                "policy": "the role",
                "queue": f"{SERVICE}/{FUNCTION}",
                "log store": SERVICE,
                "log project": SERVICE,
            },
        ),
        (
            _describe_otherwise,
            {
                "service": "its description is not that of s.yaml",
                "role": "the service that has it stays",
                "policy": "the role",
                "log store": SERVICE,
                "log project": SERVICE,
            },
        ),
    ],
)
def test_what_others_use_stays(
    deployed: Account,
    capsys: pytest.CaptureFixture[str],
    use: Callable[[Account], None],
    kept: dict[str, str],
) -> None:
    """What somebody else uses is kept, with the reason; all else goes, and nothing twice."""
    use(deployed)
    capsys.readouterr()

    assert deployed.remove("--yes", "--json", "--roles") == 0

    found = json.loads(capsys.readouterr().out)["found"]
    stays = {each["kind"]: each["stays"] for each in found if each["stays"]}
    assert stays.keys() == kept.keys()
    assert all(kept[kind] in why for kind, why in stays.items())
    assert all(each["removed"] is not bool(each["stays"]) for each in found)
    capsys.readouterr()
    assert deployed.remove() == 0
    assert "nothing to do" in capsys.readouterr().out


def test_failures_are_not_lost(deployed: Account, capsys: pytest.CaptureFixture[str]) -> None:
    """While messages wait in the failure queue nothing goes, unless they are said to be lost."""
    cloud, before = deployed.cloud, deployed.state()
    cloud.mns.send(QUEUE, "{}")
    cloud.mns.send(QUEUE, "{}")
    cloud.mns.receive(QUEUE)  # one of them is hidden just now

    for mode in ("--yes", "--dry-run"):
        assert deployed.remove(mode) == 1
        line = capsys.readouterr().err
        assert f"2 messages wait in the failure queue {QUEUE}" in line
        assert "--discard-failures" in line
    assert deployed.state() == before

    assert deployed.remove("--yes", "--roles", "--discard-failures") == 0
    assert nothing(deployed)


class _Terminal(io.StringIO):
    """A person who does something before saying yes."""

    def __init__(self, first: Callable[[], object]) -> None:
        super().__init__("y\n")
        self._first = first

    def isatty(self) -> bool:
        self._first()
        return True


def test_what_changed_before_the_yes_is_kept(
    deployed: Account, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Subscribed to or filled while the question was open, topic and queue stay and are named."""

    def meanwhile() -> None:
        _subscribe(deployed)
        deployed.cloud.mns.send(QUEUE, "{}")

    monkeypatch.setattr("sys.stdin", _Terminal(meanwhile))
    assert deployed.remove() == 1
    said = capsys.readouterr().out
    assert f"kept topic {TOPIC}: others subscribe to it: theirs" in said
    assert f"kept queue {QUEUE}: 1 messages wait in it" in said
    assert list(deployed.state()["topics"]) == [TOPIC]
    assert list(deployed.state()["queues"]) == [QUEUE]
    assert not deployed.functions()


def test_marked_things_of_other_names_are_named(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was made under names that s.yaml no longer has is told of, and left."""
    account.cloud.mns.create_topic("once", tags=TAG)
    account.cloud.mns.create_queue("once-failed", tags=TAG)
    account.provision("--yes")
    capsys.readouterr()
    assert account.remove("--yes", "--roles") == 0
    said = capsys.readouterr().out
    assert "topic once bears our mark" in said
    assert "queue once-failed bears our mark" in said
    assert said.count("bears our mark") == 2
    assert list(account.state()["topics"]) == ["once"]


def test_failures_in_an_adopted_queue_stop_it_too(account: Account) -> None:
    """In a queue that stays anyway messages stop it too, unless they are said not to matter."""
    week = QueueAttributes(message_retention_period=604800)
    account.cloud.mns.create_queue(QUEUE, attributes=week)
    account.provision("--yes")
    account.cloud.mns.send(QUEUE, "{}")
    assert account.remove("--yes", "--roles") == 1
    assert account.remove("--yes", "--roles", "--discard-failures") == 0
    assert [name for name, held in account.state().items() if held] == ["queues"]


@pytest.mark.parametrize("refused", sampled(WRITES, "ram:DetachPolicyFromRole", "mns:DeleteTopic"))
def test_an_interrupted_run_is_taken_up(
    deployed: Account, refused: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ended at any step for a permission, it names it; run again, nothing is left."""
    deployed.cloud.faults.add(refused, Fail(403, "NoPermission"))
    before = len(deployed.writes())

    assert deployed.remove("--yes", "--roles") == 1

    said = capsys.readouterr()
    assert f"allow {refused}" in said.err
    assert f'"Action": "{refused}"' in said.out
    done = list(dict.fromkeys(deployed.writes()[before:]))
    assert done == [each.partition(":")[2] for each in WRITES[: WRITES.index(refused) + 1]]
    assert deployed.remove("--yes", "--roles") == 0
    assert nothing(deployed)


@pytest.mark.parametrize("refused", sampled(READS, "mns:ListSubscriptionByTopic"))
def test_what_may_not_be_read_stops_it(
    deployed: Account, refused: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Refused a look, it names the permission before it has taken anything away."""
    deployed.cloud.faults.add(refused, Fail(403, "NoPermission"))
    before = deployed.writes()

    assert deployed.remove("--yes", "--roles") == 1

    assert f"allow {refused}" in capsys.readouterr().err
    assert deployed.writes() == before


@pytest.mark.parametrize(
    ("operation", "fault"),
    [
        ("mns:DeleteTopic", Drop()),
        ("fc:DeleteService", Fail(429, "ResourceThrottled")),
        ("ram:DeletePolicy", Fail(400, "Throttling.User")),
    ],
)
def test_what_passes_is_waited_for(deployed: Account, operation: str, fault: Fail | Drop) -> None:
    """Throttled or unanswered it tries again; what is gone by then is no error."""
    deployed.cloud.faults.add(operation, fault)
    assert deployed.remove("--yes", "--roles") == 0
    assert nothing(deployed)


def test_the_permissions_that_it_lists_are_enough(deployed: Account) -> None:
    """Who has no other permission can remove everything, policies with versions included."""
    deployed.clients().ram.create_policy_version(_new_version())
    key = deployed.key_of(VERB.permissions)
    assert deployed.remove("--yes", "--roles", key=key) == 0
    state: dict[str, Any] = deployed.state()
    assert list(state.pop("roles")) == ["operator"]
    assert list(state.pop("policies")) == ["operator"]
    assert not any(state.values())


def _new_version() -> Any:
    from alibabacloud_ram20150501.models import CreatePolicyVersionRequest  # noqa: PLC0415

    document = json.dumps(policies.document(policies.allow("mns:SendMessage")))
    return CreatePolicyVersionRequest(policy_name=MNS_POLICY, policy_document=document)
