from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from alibabacloud_fc_open20210406 import models as fc

from scripts import patience
from scripts.account.deploy_plan import Verdict, apply, plan
from scripts.declared import load
from scripts.errors import CloudError, Problem, UsageError
from scripts.localcloud.cloud import LocalCloud, Snapshot
from scripts.localcloud.faults import Drop
from scripts.localcloud.ram import policies
from tests.contract import apply_helpers as helpers
from tests.contract.apply_helpers import Deployment

SERVICE, FUNCTION = "resource_repair", "oss_repair_acl_trigger"
ROLE, TRIGGER = "resource-repair-role", "ConfigRuleNonComplianceMNSTrigger"
MNS_POLICY = "AliyunFcGeneratedMNSPolicy-cn-shanghai-resource-repair"


@pytest.fixture(scope="module")
def cloud() -> Iterator[LocalCloud]:
    """A cloud in which what the spec presumes is there."""
    with LocalCloud() as cloud:
        cloud.mns.create_topic("MNSTestConfig")
        cloud.mns.create_queue("resource-repair-failed")
        helpers.keep_logs(cloud)
        yield cloud


@pytest.fixture(scope="module")
def nothing(cloud: LocalCloud) -> Snapshot:
    """That cloud, with nothing of the project in it."""
    return cloud.snapshot()


@pytest.fixture
def deployment(cloud: LocalCloud, nothing: Snapshot, tmp_path: Path) -> Deployment:
    """The project, and nothing of it in the cloud."""
    cloud.rollback(nothing)
    return Deployment(cloud, helpers.project(tmp_path))


def invoked(deployment: Deployment) -> bytes:
    """What the function answers."""
    client = helpers.clients(deployment.cloud).fc
    answer = client.invoke_function(SERVICE, FUNCTION, fc.InvokeFunctionRequest())
    assert isinstance(answer.body, bytes)
    return answer.body


def test_from_nothing_to_everything_in_order(deployment: Deployment) -> None:
    """A first apply makes all that the spec declares, each thing before what needs it."""
    first = deployment.plan()
    assert deployment.writes() == []

    apply(first)

    assert [(step.verdict, step.kind) for step in first.steps] == [
        (Verdict.CREATE, "role"),
        (Verdict.CHANGE, "policy"),
        (Verdict.CHANGE, "policy"),
        (Verdict.CREATE, "policy"),
        (Verdict.CREATE, "policy"),
        (Verdict.CREATE, "service"),
        (Verdict.CREATE, "function"),
        (Verdict.CREATE, "async configuration"),
        (Verdict.CREATE, "trigger"),
    ]
    declared = deployment.spec().service.role.policies
    assert [name for _, name in deployment.cloud.ram.roles[ROLE].attached] == [
        p.name for p in declared
    ]
    assert invoked(deployment) == b"success"


def test_a_second_apply_changes_nothing(deployment: Deployment) -> None:
    """What is live then equals the spec: nothing is to be done, and nothing is written."""
    deployment.apply()
    before = len(deployment.writes())

    again = deployment.apply()

    assert {step.verdict for step in again.steps} == {Verdict.KEEP}
    assert len(deployment.writes()) == before


@pytest.mark.parametrize(
    ("old", "new", "change", "difference"),
    [
        ("timeout: 60", "timeout: 90", f"change function {FUNCTION}", "timeout: 60 -> 90"),
        (
            "mode: enforce",
            "mode: report",
            f"change function {FUNCTION}",
            "environmentVariables.repairMode: enforce -> report",
        ),
        (
            "retries: 3",
            "retries: 5",
            f"change async configuration {FUNCTION}",
            "maxAsyncRetryAttempts: 3 -> 5",
        ),
        (
            "description: Closes OSS buckets that Cloud Config finds publicly readable",
            "description: Other",
            f"change service {SERVICE}",
            "description: Closes OSS buckets that Cloud Config finds publicly readable -> Other",
        ),
        (
            "notifyStrategy: EXPONENTIAL_DECAY_RETRY",
            "notifyStrategy: BACKOFF_RETRY",
            f"replace trigger {TRIGGER}",
            "notifyStrategy: EXPONENTIAL_DECAY_RETRY -> BACKOFF_RETRY",
        ),
        (
            "role/AliyunMNSNotificationRole",
            "role/Another",
            f"replace trigger {TRIGGER}",
            "role: acs:ram::1208863178610000:role/aliyunmnsnotificationrole"
            " -> acs:ram::1208863178610000:role/another",
        ),
        (
            "Action: [mns:SendMessage, mns:PublishMessage]",
            "Action: [mns:SendMessage]",
            f"change policy {MNS_POLICY}",
            'document: {"Statement": [{"Action": ["mns:SendMessage", "mns:PublishMessage"], '
            '"Effect": "Allow", "Resource": "*"}], "Version": "1"} -> '
            '{"Statement": [{"Action": ["mns:SendMessage"], '
            '"Effect": "Allow", "Resource": "*"}], "Version": "1"}',
        ),
    ],
)
def test_one_change_changes_one_thing(
    deployment: Deployment, old: str, new: str, change: str, difference: str
) -> None:
    """Changing one field of the spec plans one step, with that difference, and brings it about."""
    deployment.apply()
    helpers.edit(deployment.path, old, new)

    second = deployment.apply()

    assert helpers.told(second) == {change: difference}
    assert deployment.remaining() == {}


def test_code_is_uploaded_when_it_differs_and_only_then(deployment: Deployment) -> None:
    """A new zip changes the function alone and runs; another setting does not upload again."""
    deployment.apply()
    code = deployment.spec().function.code
    code.write_bytes(helpers.zipped("def handler(event, context):\n    return 'newer'\n"))

    deployment.apply()
    helpers.edit(deployment.path, "timeout: 60", "timeout: 90")
    deployment.apply()

    assert invoked(deployment) == b"newer"
    updates = [entry for entry in deployment.writes() if entry.action == "UpdateFunction"]
    assert [b"zipFile" in update.details["request"].body for update in updates] == [True, False]


def _retrust(cloud: LocalCloud) -> None:
    cloud.ram.roles[ROLE].trust = policies.trust("ecs.aliyuncs.com")


def _detach(cloud: LocalCloud) -> None:
    cloud.ram.roles[ROLE].attached.remove(("Custom", MNS_POLICY))


def _add_variable(cloud: LocalCloud) -> None:
    variables = {"password": "hunter2", "prepareRuleId": helpers.RULE_ID}
    variables |= {"repairMode": "enforce", "logLevel": "INFO"}
    helpers.clients(cloud).fc.update_function(
        SERVICE, FUNCTION, fc.UpdateFunctionRequest(environment_variables=variables)
    )


def _delete_trigger(cloud: LocalCloud) -> None:
    helpers.clients(cloud).fc.delete_trigger(SERVICE, FUNCTION, TRIGGER)


@pytest.mark.parametrize(
    ("drift", "change", "difference"),
    [
        (_retrust, f"change role {ROLE}", "ecs.aliyuncs.com"),
        (_detach, f"change policy {MNS_POLICY}", f"attached to: nothing -> {ROLE}"),
        (
            _add_variable,
            f"change function {FUNCTION}",
            "environmentVariables.password: (a value) -> nothing",
        ),
        (_delete_trigger, f"create trigger {TRIGGER}", ""),
    ],
)
def test_drift_is_told_and_mended(
    deployment: Deployment,
    drift: Callable[[LocalCloud], None],
    change: str,
    difference: str,
) -> None:
    """What others changed is the plan's only step, is mended, and no undeclared value is shown."""
    deployment.apply()
    drift(deployment.cloud)

    second = deployment.apply()

    assert list(helpers.told(second)) == [change]
    assert difference in helpers.told(second)[change]
    assert "hunter2" not in str(helpers.told(second))
    assert deployment.remaining() == {}


def test_a_policy_that_nobody_declared_is_taken_from_the_role(deployment: Deployment) -> None:
    """With it the function may do more than s.yaml says: the plan tells so, the role loses it."""
    deployment.apply()
    deployment.cloud.ram.roles[ROLE].attached.append(("System", "AliyunLogFullAccess"))
    assert list(deployment.remaining()) == ["remove policy AliyunLogFullAccess"]
    deployment.apply()
    assert deployment.remaining() == {}


def test_an_undeclared_async_configuration_is_removed(deployment: Deployment) -> None:
    """Once the spec has no asynchronous configuration, neither has the function."""
    deployment.apply()
    text = deployment.path.read_text("utf-8")
    start, end = text.index("        asyncConfiguration"), text.index("      triggers:")
    deployment.path.write_text(text[:start] + text[end:], "utf-8")

    second = deployment.apply()

    assert list(helpers.told(second)) == [f"remove async configuration {FUNCTION}"]
    assert deployment.remaining() == {}


@pytest.mark.parametrize(
    "refused",
    [
        "ram:GetRole",
        "ram:AttachPolicyToRole",
        "fc:CreateService",
        "fc:CreateTrigger",
        "mns:Subscribe",
        "mns:Unsubscribe",
    ],
)
def test_a_refused_permission_stops_it_with_one_line(deployment: Deployment, refused: str) -> None:
    """The line names the permission that lacks, no credential; what comes after is not done."""
    deny = {"Effect": "Deny", "Action": refused, "Resource": "*"}
    cloud = deployment.cloud
    cloud.ram.create_role("deployer", policies.trust("ecs.aliyuncs.com"))
    cloud.ram.create_policy("deploy", policies.document(policies.allow("*"), deny))
    cloud.ram.attach("deployer", "Custom", "deploy")
    credentials = cloud.ram.assume("deployer", "session")

    with pytest.raises(CloudError) as caught:
        apply(plan(deployment.spec(), helpers.clients(cloud, credentials)))

    line = str(caught.value)
    assert f"allow {refused} to whoever these credentials are" in line
    assert "\n" not in line
    assert not any(str(part) in line for part in credentials[:3])
    done = [entry.action for entry in deployment.writes() if entry.details["status"] < 300]
    assert refused.partition(":")[2] not in done
    assert "CreateTrigger" not in done


def test_wrong_credentials_are_not_repeated(deployment: Deployment) -> None:
    """A signature that fails is told as wrong credentials, without what was signed."""
    cloud = deployment.cloud
    wrong = cloud.credentials._replace(access_key_secret="not-the-secret")
    with pytest.raises(CloudError, match="the credentials are wrong or have expired") as caught:
        plan(deployment.spec(), helpers.clients(cloud, wrong))
    assert cloud.credentials.access_key_id not in str(caught.value)


@pytest.mark.parametrize(
    ("operation", "applied"),
    [
        ("ram:CreateRole", True),
        ("ram:CreatePolicy", True),
        ("fc:CreateService", False),
        ("fc:CreateFunction", True),
        ("fc:CreateTrigger", True),
    ],
)
def test_an_apply_cut_off_is_finished_by_the_next(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, operation: str, applied: bool
) -> None:
    """When an answer is lost, the call done or not, the next apply goes on to the same end."""
    deployment.cloud.faults.add(operation, Drop(applied=applied))
    with monkeypatch.context() as hurry:
        hurry.setattr(patience, "WITHIN", 0.0)
        with pytest.raises(CloudError, match="check the network"):
            deployment.apply()

    deployment.apply()

    assert deployment.remaining() == {}
    assert len(deployment.cloud.ram.roles[ROLE].attached) == 4


def test_code_that_was_not_built_is_misuse(deployment: Deployment) -> None:
    """Without the zip nothing is made, and the line says what builds it."""
    deployment.spec().function.code.unlink()
    with pytest.raises(UsageError, match="run `make bundle`"):
        deployment.plan()
    assert deployment.writes() == []


def test_a_policy_that_is_nowhere_is_told(deployment: Deployment) -> None:
    """The name of a policy that does not exist stops it before anything is made."""
    helpers.edit(deployment.path, "- AliyunOSSFullAccess", "- AliyunOssFulAccess")
    with pytest.raises(Problem, match="the policy AliyunOssFulAccess does not exist"):
        deployment.plan()
    assert deployment.writes() == []


def test_another_account_is_refused(deployment: Deployment) -> None:
    """A spec read for one account is never applied with the credentials of another."""
    spec = load(deployment.path, {"PREPARE_RULE_ID": helpers.RULE_ID}, "1111111111111111")
    with pytest.raises(UsageError, match="the spec is for account 1111111111111111, not"):
        plan(spec, helpers.clients(deployment.cloud))
    assert deployment.writes() == []
