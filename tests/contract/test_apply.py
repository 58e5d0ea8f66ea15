import re
from pathlib import Path

import pytest
from alibabacloud_fc_open20210406 import models as fc

from scripts import patience
from scripts.account.deploy_plan import Verdict, apply, plan
from scripts.declared import load
from scripts.errors import CloudError, Problem, UsageError
from scripts.localcloud.faults import Drop
from scripts.localcloud.ram import policies
from tests.account import FUNCTION, QUEUE, RULE_ID, SERVICE, TOPIC, Account, Moments
from tests.contract import spoil
from tests.contract.spoil import FUNCTION_ROLE, STORE, Plant
from tests.parts import clients, edit, told, zipped

TRIGGER = "ConfigRuleNonComplianceMNSTrigger"
MNS_POLICY = "AliyunFcGeneratedMNSPolicy-cn-shanghai-resource-repair"


def presumed(account: Account) -> None:
    """What the spec presumes is there; a service is not made without its log store."""
    account.cloud.mns.create_topic(TOPIC)
    account.cloud.mns.create_queue(QUEUE)
    account.cloud.log.create_project(account.log_project)
    account.cloud.log.create_store(account.log_project, STORE, {"ttl": 1, "shardCount": 1})
    account.env.write_text(f"PREPARE_RULE_ID={RULE_ID}\n")


@pytest.fixture
def account(moments: Moments, tmp_path: Path) -> Account:
    """The project, and nothing of it deployed."""
    return moments.after(presumed, tmp_path)


def invoked(account: Account) -> bytes:
    """What the function answers."""
    client = account.clients.fc
    answer = client.invoke_function(SERVICE, FUNCTION, fc.InvokeFunctionRequest())
    assert isinstance(answer.body, bytes)
    return answer.body


def test_from_nothing_to_everything_in_order(account: Account) -> None:
    """A first apply makes all that the spec declares, each thing before what needs it."""
    first = account.plan()
    assert account.writes() == []

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
    declared = account.spec.service.role.policies
    assert [name for _, name in account.cloud.ram.roles[FUNCTION_ROLE].attached] == [
        p.name for p in declared
    ]
    assert invoked(account) == b"success"


def test_a_second_apply_changes_nothing(account: Account) -> None:
    """What is live then equals the spec: nothing is to be done, and nothing is written."""
    account.deploy()
    before = len(account.writes())

    again = account.deploy()

    assert {step.verdict for step in again.steps} == {Verdict.KEEP}
    assert len(account.writes()) == before


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
    account: Account, old: str, new: str, change: str, difference: str
) -> None:
    """Changing one field of the spec plans one step, with that difference, and brings it about."""
    account.deploy()
    edit(account.path, old, new)

    second = account.deploy()

    assert told(second) == {change: difference}
    assert told(account.plan()) == {}


def test_code_is_uploaded_when_it_differs_and_only_then(account: Account) -> None:
    """A new zip changes the function alone and runs; another setting does not upload again."""
    account.deploy()
    code = account.spec.function.code
    code.write_bytes(zipped("def handler(event, context):\n    return 'newer'\n"))

    account.deploy()
    edit(account.path, "timeout: 60", "timeout: 90")
    account.deploy()

    assert invoked(account) == b"newer"
    updates = [entry for entry in account.writes() if entry.action == "UpdateFunction"]
    assert [b"zipFile" in update.details["request"].body for update in updates] == [True, False]


def _retrust(account: Account) -> None:
    account.cloud.ram.roles[FUNCTION_ROLE].trust = policies.trust("ecs.aliyuncs.com")


def _detach(account: Account) -> None:
    account.cloud.ram.roles[FUNCTION_ROLE].attached.remove(("Custom", MNS_POLICY))


def _add_variable(account: Account) -> None:
    variables = {"password": "hunter2", "prepareRuleId": RULE_ID}
    account.update(environment_variables=variables | {"repairMode": "enforce", "logLevel": "INFO"})


@pytest.mark.parametrize(
    ("drift", "change", "difference"),
    [
        (_retrust, f"change role {FUNCTION_ROLE}", "ecs.aliyuncs.com"),
        (_detach, f"change policy {MNS_POLICY}", f"attached to: nothing -> {FUNCTION_ROLE}"),
        (
            _add_variable,
            f"change function {FUNCTION}",
            "environmentVariables.password: (a value) -> nothing",
        ),
        (spoil.no_trigger, f"create trigger {TRIGGER}", ""),
    ],
)
def test_drift_is_told_and_mended(
    account: Account,
    drift: Plant,
    change: str,
    difference: str,
) -> None:
    """What others changed is the plan's only step, is mended, and no undeclared value is shown."""
    account.deploy()
    drift(account)

    second = account.deploy()

    assert list(told(second)) == [change]
    assert difference in told(second)[change]
    assert "hunter2" not in str(told(second))
    assert told(account.plan()) == {}


def test_a_policy_that_nobody_declared_is_taken_from_the_role(account: Account) -> None:
    """With it the function may do more than s.yaml says: the plan tells so, the role loses it."""
    account.deploy()
    account.cloud.ram.roles[FUNCTION_ROLE].attached.append(("System", "AliyunLogFullAccess"))
    assert list(told(account.plan())) == ["remove policy AliyunLogFullAccess"]
    account.deploy()
    assert told(account.plan()) == {}


def test_an_undeclared_async_configuration_is_removed(account: Account) -> None:
    """Once the spec has no asynchronous configuration, neither has the function."""
    account.deploy()
    text = account.path.read_text("utf-8")
    start, end = text.index("        asyncConfiguration"), text.index("      triggers:")
    rest = text[:start] + text[end:]
    unused = r"  (failureQueue|retries|retryWithin): .*\n"
    account.path.write_text(re.sub(unused, "", rest), "utf-8")

    second = account.deploy()

    assert list(told(second)) == [f"remove async configuration {FUNCTION}"]
    assert told(account.plan()) == {}


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
def test_a_refused_permission_stops_it_with_one_line(account: Account, refused: str) -> None:
    """The line names the permission that lacks, no credential; what comes after is not done."""
    deny = {"Effect": "Deny", "Action": refused, "Resource": "*"}
    ram = account.cloud.ram
    ram.create_role("deployer", policies.trust("ecs.aliyuncs.com"))
    ram.create_policy("deploy", policies.document(policies.allow("*"), deny))
    ram.attach("deployer", "Custom", "deploy")
    credentials = ram.assume("deployer", "session")

    with pytest.raises(CloudError) as caught:
        apply(plan(account.spec, clients(account.cloud, credentials)))

    line = str(caught.value)
    # RAM tells that it is for a Deny, against which to allow it is no help.
    told = (f"allow {refused} to whoever these credentials are", f"denies {refused}, and no Allow")
    assert told[refused.startswith("ram:") and refused != "ram:PassRole"] in line
    assert "\n" not in line
    assert not any(str(part) in line for part in credentials[:3])
    done = [entry.action for entry in account.writes() if entry.details["status"] < 300]
    assert refused.partition(":")[2] not in done
    assert "CreateTrigger" not in done


def test_wrong_credentials_are_not_repeated(account: Account) -> None:
    """A signature that fails is told as wrong credentials, without what was signed."""
    cloud = account.cloud
    wrong = cloud.credentials._replace(access_key_secret="not-the-secret")
    with pytest.raises(CloudError, match="the credentials are wrong or have expired") as caught:
        plan(account.spec, clients(cloud, wrong))
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
    account: Account, monkeypatch: pytest.MonkeyPatch, operation: str, applied: bool
) -> None:
    """When an answer is lost, the call done or not, the next apply goes on to the same end."""
    account.cloud.faults.add(operation, Drop(applied=applied))
    with monkeypatch.context() as hurry:
        hurry.setattr(patience, "WITHIN", 0.0)
        with pytest.raises(CloudError, match="check the network"):
            account.deploy()

    account.deploy()

    assert told(account.plan()) == {}
    assert len(account.cloud.ram.roles[FUNCTION_ROLE].attached) == 4


def test_code_that_was_not_built_is_misuse(account: Account) -> None:
    """Without the zip nothing is made, and the line says what builds it."""
    account.spec.function.code.unlink()
    with pytest.raises(UsageError, match="run `make bundle`"):
        account.plan()
    assert account.writes() == []


def test_a_policy_that_is_nowhere_is_told(account: Account) -> None:
    """The name of a policy that does not exist stops it before anything is made."""
    edit(account.path, "- AliyunOSSFullAccess", "- AliyunOssFulAccess")
    with pytest.raises(Problem, match="the policy AliyunOssFulAccess does not exist"):
        account.plan()
    assert account.writes() == []


def test_another_account_is_refused(account: Account) -> None:
    """A spec read for one account is never applied with the credentials of another."""
    spec = load(account.path, {"PREPARE_RULE_ID": RULE_ID}, "1111111111111111")
    with pytest.raises(UsageError, match="the spec is for account 1111111111111111, not"):
        plan(spec, account.clients)
    assert account.writes() == []
