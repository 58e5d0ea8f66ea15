"""What remove leaves: what was there before, and what others use, or have just begun to."""

import io
import json
from collections.abc import Callable

import pytest
from alibabacloud_fc_open20210406 import models

from scripts.localcloud import Fail
from scripts.localcloud.config.channels import Channel
from scripts.localcloud.ram import policies
from tests.account import FUNCTION, QUEUE, ROLE, SERVICE, TOPIC, Account
from tests.contract import spoil
from tests.contract.spoil import FUNCTION_ROLE
from tests.parts import at

MNS_POLICY = "AliyunFcGeneratedMNSPolicy-cn-shanghai-resource-repair"
BY_SERVICE = f"it is used by what stays: service {SERVICE}"
BY_ROLE = f"it is used by what stays: role {FUNCTION_ROLE}"


def test_what_was_adopted_stays(account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    """What was there before is named and kept, and the deploy's own is taken away."""
    spoil.filled_by_others(account)
    account.run("provision", "--yes")
    before = account.state()
    account.deploy()
    capsys.readouterr()

    assert account.run("remove", "--yes", "--roles") == 0

    assert account.state() == before
    said = capsys.readouterr().out
    assert said.count("it was there before") == 7  # of a role or a policy: or the client made it
    assert f"keep    topic             {TOPIC}" in said


def test_roles_stay_that_other_regions_may_use(
    deployed: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Roles, and the policies of those, stay unless asked for: of other regions nothing is seen."""
    assert deployed.run("remove", "--yes", "--json") == 0

    assert [name for name, held in deployed.state().items() if held] == ["roles", "policies"]
    found = json.loads(capsys.readouterr().out)["found"]
    stays = {each["name"]: each["stays"] for each in found if each["stays"]}
    for role in (ROLE, FUNCTION_ROLE):
        assert "functions in other regions may go by it, which is not seen" in stays.pop(role)
    assert set(stays.values()) == {f"it is used by what stays: role {FUNCTION_ROLE}"}


def test_what_is_not_seen_of_roles_is_told(
    deployed: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Asked for, roles go, and the plan says that nobody looked into other regions."""
    assert deployed.run("remove", "--dry-run", "--roles") == 0
    said = capsys.readouterr().out
    for role in (ROLE, FUNCTION_ROLE):
        assert f"whether others than cn-shanghai use the role {role} is not seen" in said


def test_an_adopted_function_role_stays(account: Account) -> None:
    """A role of the function that was there before stays, with the policies that it was given."""
    account.cloud.ram.create_role(FUNCTION_ROLE, policies.trust("fc.aliyuncs.com"))
    account.run("provision", "--yes")
    account.deploy()
    held = account.cloud.ram.roles[FUNCTION_ROLE].attached
    before = sorted(held)
    assert account.run("remove", "--yes", "--roles") == 0
    assert list(account.state()["roles"]) == [FUNCTION_ROLE]
    assert sorted(account.cloud.ram.roles[FUNCTION_ROLE].attached) == before


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
    account.clients.fc.create_service(request)


def _share_policy(account: Account) -> None:
    account.cloud.ram.create_role("theirs", policies.trust("fc.aliyuncs.com"))
    account.cloud.ram.attach("theirs", "Custom", MNS_POLICY)


def _log_to_ours(account: Account) -> None:
    logs = account.spec.service.logs
    assert logs
    config = models.LogConfig(project=logs.project, logstore=logs.logstore, log_begin_rule="None")
    request = models.CreateServiceRequest(service_name="theirs", log_config=config)
    account.clients.fc.create_service(request)


def _fail_to_ours(account: Account, qualifier: str = "LATEST") -> None:
    fc = account.clients.fc
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
        models.PutFunctionAsyncInvokeConfigRequest(
            destination_config=live.destination_config, qualifier=qualifier
        ),
    )


def _fail_to_ours_by_alias(account: Account) -> None:
    _fail_to_ours(account, "prod")


def _log_too(account: Account) -> None:
    account.cloud.log.create_store(account.log_project, "theirs", {"ttl": 1, "shardCount": 1})


def _add_function(account: Account) -> None:
    fc = account.clients.fc
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
    account.clients.fc.create_trigger(SERVICE, FUNCTION, request)


def _describe_otherwise(account: Account) -> None:
    request = models.UpdateServiceRequest(description="theirs")
    account.clients.fc.update_service(SERVICE, request)


@pytest.mark.parametrize(
    ("use", "kept"),
    [
        (_subscribe, {"topic": "others subscribe", "role": "other triggers may go by it"}),
        (_deliver, {"topic": "other channels deliver to it: theirs"}),
        (_trigger_elsewhere, {"role": "other triggers may go by it, of elsewhere"}),
        (_attach_more(ROLE), {"role": "others gave it policies: AliyunLogFullAccess"}),
        (
            _attach_more(FUNCTION_ROLE),
            {"role": "s.yaml does not declare: AliyunLogFullAccess", "policy": BY_ROLE},
        ),
        (_serve_another, {"role": "stays: service theirs", "policy": BY_ROLE}),
        (_share_policy, {"policy": "it is attached 1 time more"}),
        (
            _log_to_ours,
            {"log store": "stays: service theirs", "log project": "stays: service theirs"},
        ),
        (_fail_to_ours, {"queue": "stays: function theirs/theirs"}),
        (_fail_to_ours_by_alias, {"queue": "stays: function theirs.prod/theirs"}),
        (_log_too, {"log project": "others have log stores in it: theirs"}),
        (
            _add_function,
            {
                "service": "it holds functions that stay: theirs",
                "role": BY_SERVICE,
                "policy": BY_ROLE,
                "log store": BY_SERVICE,
                "log project": BY_SERVICE,
            },
        ),
        (
            _add_trigger,
            {
                "function": "others call it by the trigger theirs",
                "service": FUNCTION,
                "role": "",  # two of them
                "policy": BY_ROLE,
                "queue": f"stays: function {SERVICE}/{FUNCTION}",
                "log store": BY_SERVICE,
                "log project": BY_SERVICE,
            },
        ),
        (
            _describe_otherwise,
            {
                "service": "its description is not that of s.yaml",
                "role": BY_SERVICE,
                "policy": BY_ROLE,
                "log store": BY_SERVICE,
                "log project": BY_SERVICE,
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

    assert deployed.run("remove", "--yes", "--json", "--roles") == 0

    found = json.loads(capsys.readouterr().out)["found"]
    stays = {each["kind"]: each["stays"] for each in found if each["stays"]}
    assert stays.keys() == kept.keys()
    assert all(kept[kind] in why for kind, why in stays.items())
    assert all(each["removed"] is not bool(each["stays"]) for each in found)
    capsys.readouterr()
    assert deployed.run("remove") == 0
    assert "nothing to do" in capsys.readouterr().out


def test_a_queue_that_an_alias_of_ours_sends_to_stays(
    deployed: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Somebody's alias of the function itself may go on sending what failed: the queue stays."""
    resources = deployed.cloud.fc.resources
    live = resources.async_config(SERVICE, FUNCTION).settings
    resources.put_async_config(SERVICE, FUNCTION, live, "prod")
    assert deployed.run("remove", "--dry-run", "--json") == 0
    found = json.loads(capsys.readouterr().out)["found"]
    (queue,) = (each for each in found if each["kind"] == "queue")
    assert queue["stays"] == f"it is used by what stays: function {SERVICE}.prod/{FUNCTION}"


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
    assert deployed.run("remove") == 1
    said = capsys.readouterr().out
    assert f"kept topic {TOPIC}: others subscribe to it: theirs" in said
    assert f"kept queue {QUEUE}: 1 message waits in it" in said
    assert list(deployed.state()["topics"]) == [TOPIC]
    assert list(deployed.state()["queues"]) == [QUEUE]
    assert not deployed.functions()


def test_it_looks_again_before_each_try(
    deployed: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Subscribed to while its deletion was throttled, the topic stays: each try looks anew."""

    def subscribe() -> Fail:
        _subscribe(deployed)
        return Fail(429, "Throttling.User")

    with at(deployed.cloud, "mns:DeleteTopic".__eq__, 0, subscribe) as reached:
        assert deployed.run("remove", "--yes", "--roles") == 1
    assert reached.is_set()
    said = capsys.readouterr()
    assert "mns:DeleteTopic on MNSTestConfig is refused for now" in said.err
    assert f"kept topic {TOPIC}: others subscribe to it: theirs" in said.out
    assert list(deployed.state()["topics"]) == [TOPIC]


@pytest.mark.parametrize(
    ("deletion", "look"),
    [
        ("mns:DeleteTopic", "config:ListConfigDeliveryChannels"),
        ("mns:DeleteQueue", "mns:PeekMessage"),
        ("log:DeleteLogStore", "fc:ListFunctions"),
        ("log:DeleteProject", "fc:ListFunctions"),
        ("fc:DeleteService", "fc:ListFunctions"),
        ("ram:DetachPolicyFromRole", "ram:ListPoliciesForRole"),
        ("config:DeleteConfigRules", "config:ListConfigRules"),
        ("config:DeleteConfigDeliveryChannel", "config:ListConfigDeliveryChannels"),
    ],
)
def test_nothing_lies_between_a_look_and_what_it_is_for(
    deployed: Account, deletion: str, look: str
) -> None:
    """The call before a deletion is the last look at whether others use what goes."""
    calls = deployed.calls()
    assert deployed.run("remove", "--yes", "--roles") == 0
    called = calls()
    assert called[called.index(deletion) - 1] == look


def test_what_the_client_made_is_named_with_how_to_take_it_away(
    deployed: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """The role and policies that `s deploy` made bear no mark: they are told as such, not as old.

    So the client was recorded to describe them: a role as `undefined`, and a policy as nothing.
    """
    ram, role = deployed.cloud.ram, deployed.spec.service.role
    ram.roles[role.name].description = "undefined"
    own = [each.name for each in role.policies if each.statements]
    for name in own:
        ram.policy("Custom", name).description = ""
    capsys.readouterr()

    assert deployed.run("remove", "--yes", "--roles") == 0

    said = capsys.readouterr().out
    assert own
    for kind, name in (("role", role.name), *(("policy", each) for each in own)):
        (line,) = [each for each in said.splitlines() if f" {name} " in each]
        assert line.startswith("keep ")
        assert kind in line
        assert "the Serverless Devs client made it, or it was there before" in line
        assert "in the RAM console" in line
