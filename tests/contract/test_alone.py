"""On Function Compute 3.0, where the function stands alone: what is otherwise there."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alibabacloud_fc20230330 import models
from alibabacloud_fc_open20210406 import models as with_services

from scripts import patience
from scripts.account.deploy_plan import Verdict
from scripts.account.deployed_function import ChangedError, DeployedFunction
from scripts.decide.chain import Standing
from scripts.declared import Generation
from scripts.errors import CloudError
from scripts.flows.compare import find_drift
from scripts.localcloud.faults import Drop, Fail
from tests.account import ALONE, FUNCTION, QUEUE, SERVICE, TOPIC, Account, Moments
from tests.contract.spoil import look
from tests.parts import derive, edit, told

pytestmark = pytest.mark.parametrize("generation", [Generation.FC3], ids=str, indirect=True)

TRIGGER = "ConfigRuleNonComplianceMNSTrigger"
REFUSED = Fail(403, "AccessDenied", "FC service (2.0) is not available to new accounts")


def change_trigger(account: Account, **changed: Any) -> None:
    """Make the trigger anew by hand, otherwise than declared."""
    wanted = account.spec.trigger
    fields = {
        "trigger_name": wanted.name,
        "trigger_type": "mns_topic",
        "source_arn": wanted.source_arn,
        "invocation_role": wanted.role_arn,
        "trigger_config": json.dumps(
            {"notifyContentFormat": "STREAM", "notifyStrategy": wanted.strategy}
        ),
        **changed,
    }
    api = account.clients.fc3
    api.delete_trigger(ALONE, wanted.name)
    request = models.CreateTriggerRequest(body=models.CreateTriggerInput(**fields))
    api.create_trigger(ALONE, request)


def retrying_less(account: Account) -> None:
    """The trigger gives up within a minute."""
    config = {"notifyContentFormat": "STREAM", "notifyStrategy": "BACKOFF_RETRY"}
    change_trigger(account, trigger_config=json.dumps(config))


def to_the_topic(account: Account) -> int:
    """How many subscriptions the topic has."""
    return len(account.cloud.mns.topic(TOPIC).subscriptions)


def test_apply_makes_a_function_a_trigger_and_a_queue_s_configuration(provisioned: Account) -> None:
    """No service; the role is the least one, which provision made; then nothing is left to do."""
    provisioned.deploy()
    provisioned.cloud.settle()

    assert provisioned.functions() == [ALONE]
    live = provisioned.clients.fc3.get_function(ALONE, models.GetFunctionRequest()).body
    account_id = provisioned.cloud.account_id
    assert live.role == f"acs:ram::{account_id}:role/resource-repair-least-privilege-cn-shanghai"
    assert (live.log_config.project, live.log_config.logstore) == (provisioned.log_project, "audit")
    request = models.GetAsyncInvokeConfigRequest()
    config = provisioned.clients.fc3.get_async_invoke_config(ALONE, request).body
    assert config.destination_config.on_failure.destination.endswith(f"/queues/{QUEUE}/messages")
    assert to_the_topic(provisioned) == 1
    assert [step.verdict for step in provisioned.plan().steps] == [Verdict.KEEP] * 3


def test_a_trigger_is_updated_where_that_is_taken(deployed: Account) -> None:
    """The client never does; and while apply does, the topic's subscription stays."""
    retrying_less(deployed)
    deployed.cloud.fc.triggers.can_change = True
    calls = deployed.calls()
    try:
        planned = deployed.deploy()
    finally:
        deployed.cloud.fc.triggers.can_change = False

    (step,) = planned.changes
    assert (step.kind, step.verdict) == ("trigger", Verdict.CHANGE)
    assert "fc:UpdateTrigger" in calls()
    assert {"fc:DeleteTrigger", "fc:CreateTrigger"}.isdisjoint(calls())
    assert find_drift(deployed.spec, deployed.clients).drift == ()


def test_a_trigger_that_cannot_be_updated_is_made_anew_and_the_plan_says_so(
    deployed: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """What may be missed in between is told before the question, with what closes it."""
    retrying_less(deployed)

    assert deployed.run("apply", "--dry-run") == 0
    told = capsys.readouterr().out
    assert "is deleted and made anew" in told
    assert "`resource-repair sweep --due` closes what that leaves open" in told

    assert deployed.run("apply", "--yes") == 0
    assert deployed.run("verify") == 0
    assert to_the_topic(deployed) == 1


@pytest.mark.parametrize(
    "refused",
    [
        Fail(403, "AccessDenied", "the caller is not authorized to do fc:UpdateTrigger"),
        Fail(400, "InvalidArgument", "notifyStrategy is invalid"),
    ],
)
def test_a_trigger_that_is_refused_for_another_reason_stays(
    deployed: Account, refused: Fail
) -> None:
    """To delete it would lose it: the same argument would be refused of a new one."""
    retrying_less(deployed)
    deployed.cloud.faults.add("fc:UpdateTrigger", refused)

    with pytest.raises(CloudError):
        deployed.deploy()

    assert to_the_topic(deployed) == 1


def test_a_trigger_of_another_topic_is_replaced(deployed: Account) -> None:
    """An update cannot change where it listens: nobody is asked for one."""
    deployed.cloud.mns.create_topic("another")
    change_trigger(deployed, source_arn=deployed.topic_arn.replace(TOPIC, "another"))
    calls = deployed.calls()

    (step,) = deployed.deploy().changes

    assert step.verdict is Verdict.REPLACE
    assert "fc:UpdateTrigger" not in calls()
    assert to_the_topic(deployed) == 1


def test_what_the_client_writes_otherwise_is_no_drift(deployed: Account) -> None:
    """It sends roles in lower case; and what 3.0 has besides is nobody's to declare."""
    trigger_role = deployed.spec.trigger.role_arn
    assert trigger_role != trigger_role.lower()
    change_trigger(deployed, invocation_role=trigger_role.lower())
    role = deployed.spec.service.role.name
    deployed.update(role=f"acs:ram::{deployed.cloud.account_id}:role/{role.title()}")

    assert find_drift(deployed.spec, deployed.clients).drift == ()


def variable(account: Account) -> None:
    """Somebody set a variable by hand."""
    declared = dict(account.spec.function.environment)
    account.update(environment_variables={**declared, "ossEndpoint": "https://oss.example"})


def network(account: Account) -> None:
    """Somebody put it into a network of theirs."""
    account.update(
        vpc_config=models.VPCConfig(
            vpc_id="vpc-1", v_switch_ids=["vsw-1"], security_group_id="sg-1"
        )
    )


@pytest.mark.parametrize(
    ("plant", "field"),
    [(variable, "environmentVariables.ossEndpoint"), (network, "vpcConfig.vpcId")],
)
def test_a_client_s_deploy_stops_that_would_empty_what_nobody_declared(
    sound: Account, plant: Callable[[Account], None], field: str
) -> None:
    """The client empties it without a word; apply does so too, and shows it before."""
    plant(sound)
    for before_deploy in (True, False):
        found = look(sound, before_deploy=before_deploy)
        told = [each for each in found if f" has {field} " in each.what]
        assert [each.standing for each in told] == [Standing.FAULT]
        assert "would empty it" in told[0].what
        assert told[0].mend.startswith("resource-repair apply")

    sound.deploy()
    assert look(sound) == []


def test_a_client_s_deploy_stops_that_would_end_a_pause(deployed: Account) -> None:
    """A pause is a variable that nobody declared."""
    assert deployed.run("pause", "--reason", "the site moves") == 0
    assert deployed.run("doctor") == 0
    assert deployed.run("doctor", "--before-deploy") == 1
    assert deployed.run("apply", "--yes") == 1
    assert deployed.run("resume", "--yes") == 0
    assert deployed.run("doctor", "--before-deploy") == 0


def test_the_doctor_says_which_generation_the_function_is_on(
    deployed: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """By its link of role and logs, which are the function's own."""
    assert deployed.run("doctor") == 0
    assert "on Function Compute 3.0" in " ".join(capsys.readouterr().out.split())


@pytest.fixture
def both(moments: Moments, tmp_path: Path, generation: Generation) -> Account:
    """Our function on both generations, as while it is moved: the account is that of 3.0."""
    account = moments.after(deploy_both, tmp_path, generation=generation)
    derive(tmp_path / "s.yaml")
    return account


def deploy_both(account: Account) -> None:
    """Both under the role of least privilege."""
    edit(account.folder / "s.yaml", "role: *fullAccess", "role: *leastPrivilege")
    derive(account.folder / "s.yaml")
    assert account.run("provision", "--yes") == 0
    account.deploy()
    assert account.run("apply", "--yes", "--spec", str(account.folder / "s.yaml")) == 0


def of_services(account: Account) -> str:
    """The file that is for 2.0."""
    return str(account.folder / "s.yaml")


def test_the_doctor_tells_of_the_other_one(
    both: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """From either side: findings go to both, which is no fault."""
    for more, name in (
        ((), f"{SERVICE}/{FUNCTION} on Function Compute 2.0"),
        (("--spec", of_services(both)), f"{ALONE} on Function Compute 3.0"),
    ):
        assert both.run("doctor", "--json", *more) == 0
        links = json.loads(capsys.readouterr().out)["links"]
        (told,) = [each for each in links if f"there is {name} too" in each["what"]]
        assert (told["link"], told["state"]) == ("service", "note")


@pytest.mark.parametrize("first", [Generation.FC2, Generation.FC3], ids=str)
def test_one_goes_and_all_that_the_other_goes_by_stays(both: Account, first: Generation) -> None:
    """Role, topic, queue, rule, logs: what is left closes buckets; then the rest goes with it."""
    files = {Generation.FC2: of_services(both), Generation.FC3: str(both.path)}
    before = both.state()
    left = {Generation.FC2: [ALONE], Generation.FC3: [SERVICE, f"{SERVICE}/{FUNCTION}"]}[first]

    assert both.run("remove", "--yes", "--roles", "--spec", files[first]) == 0
    assert {**before, "functions": left, "topics": {}} == {**both.state(), "topics": {}}
    both.cloud.settle()
    assert both.run("verify", "--spec", files[first.other]) == 0
    assert both.run("doctor", "--spec", files[first.other]) == 0

    assert both.run("remove", "--yes", "--roles", "--spec", files[first.other]) == 0
    assert (both.functions(), both.cloud.mns.topics(), both.cloud.log.projects()) == ([], [], [])


def test_an_account_without_services_is_looked_at_all_the_same(deployed: Account) -> None:
    """Where 2.0 is refused altogether nobody there can have our role, or send to our queue."""
    faults = deployed.cloud.faults
    faults.add("fc:ListServices", REFUSED, times=99)
    faults.add("fc:GetFunction", REFUSED, subject=f"{SERVICE}/{FUNCTION}", times=99)

    assert deployed.run("doctor") == 0
    assert deployed.run("remove", "--yes", "--roles") == 0

    faults.clear()
    assert deployed.functions() == []


def test_a_role_that_a_function_of_somebody_else_has_stays(deployed: Account) -> None:
    """RAM does not tell who has a role: the functions of the region do, of either generation."""
    role = deployed.spec.service.role.name
    request = with_services.CreateServiceRequest(
        service_name="theirs", role=f"acs:ram::{deployed.cloud.account_id}:role/{role}"
    )
    deployed.clients.fc.create_service(request)
    assert deployed.run("remove", "--yes", "--roles") == 0
    assert deployed.cloud.ram.role(role).name == role


@pytest.mark.parametrize("tags", [True, False])
def test_who_changes_it_just_before_a_pause_is_not_undone(
    deployed: Account, monkeypatch: pytest.MonkeyPatch, tags: bool
) -> None:
    """No page of 3.0 has ETag and If-Match: without them it is read once more before the write."""
    if not tags:
        monkeypatch.setattr("scripts.localcloud.fc.call.etag", lambda _: "")
    live = DeployedFunction.read(deployed.spec, deployed.clients)
    deployed.update(timeout=90)

    with pytest.raises(ChangedError, match="changed by somebody else"):
        live.set_environment({**live.environment, "more": "1"})
    assert deployed.run("pause") == 0
    assert DeployedFunction.read(deployed.spec, deployed.clients).timeout == 90


def test_what_is_to_be_run_next_names_the_file(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without it a verb would work on 2.0: each command that is told needs it."""
    assert account.run("provision", "--yes") == 0
    said = capsys.readouterr()
    assert "commands that are told here need -t s.fc3.yaml too" in said.err
    assert "next: s deploy -y -t s.fc3.yaml, or resource-repair apply -t s.fc3.yaml" in said.out


@pytest.mark.parametrize("applied", [True, False])
@pytest.mark.parametrize("operation", ["CreateFunction", "PutAsyncInvokeConfig", "CreateTrigger"])
def test_an_apply_cut_off_is_finished_by_the_next(
    provisioned: Account, monkeypatch: pytest.MonkeyPatch, operation: str, applied: bool
) -> None:
    """When an answer is lost, the call done or not, the next apply goes on to the same end."""
    provisioned.cloud.faults.add(f"fc:{operation}", Drop(applied=applied))
    with monkeypatch.context() as hurry:
        hurry.setattr(patience, "WITHIN", 0.0)
        with pytest.raises(CloudError, match="check the network"):
            provisioned.deploy()

    provisioned.deploy()

    assert told(provisioned.plan()) == {}
    assert to_the_topic(provisioned) == 1
