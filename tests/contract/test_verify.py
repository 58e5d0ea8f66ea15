import json
import re

import pytest
from alibabacloud_fc_open20210406 import models as fc

from scripts.account.permission import Permission
from scripts.bundling.archive import pack
from scripts.declared import Generation
from scripts.flows.compare import find_drift
from scripts.localcloud.faults import Fail
from scripts.verbs.verify import COMPARING
from tests.account import SERVICE, Account
from tests.contract import spoil
from tests.contract.spoil import FUNCTION_ROLE, Plant
from tests.parts import EITHER, zipped


@EITHER
def test_what_was_just_deployed_has_not_drifted(
    sound: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Right after a deploy everything is as declared: all that was compared is named, exit 0."""
    assert sound.run("verify") == 0

    first, heading, *compared, last = capsys.readouterr().out.splitlines()
    assert first == f"account {sound.cloud.account_id}, region {sound.cloud.region}"
    assert heading.split() == ["what", "name"]
    assert last == "all of this is live as s.yaml declares it"
    spec = sound.spec
    of_services = [
        ["role", spec.service.role.name],
        *(["policy", policy.name] for policy in spec.service.role.policies),
        ["service", spec.service.name],
    ]
    assert [re.split("  +", line) for line in compared] == [
        *(of_services if spec.generation is Generation.FC2 else ()),
        ["function", spec.function_in_cloud],
        ["async configuration", spec.function_in_cloud],
        ["trigger", spec.trigger.name],
    ]


def other_code(account: Account) -> None:
    """Something else is built than what is live."""
    account.spec.function.code.write_bytes(
        zipped("def handler(event, context):\n    return 'fail'\n")
    )


def offline(account: Account) -> None:
    """The service is kept from the internet."""
    request = fc.UpdateServiceRequest(internet_access=False)
    account.clients.fc.update_service(SERVICE, request)


DRIFTS: dict[str, tuple[Plant, tuple[str, str, str, str]]] = {
    "memory": (spoil.function(memory_size=1024), ("function", "memorySize", "1024", "512")),
    "variable": (
        spoil.variable("repairMode", "report"),
        ("function", "environmentVariables.repairMode", "report", "enforce"),
    ),
    "undeclared variable": (
        spoil.variable("token", "s3cret"),
        ("function", "environmentVariables.token", "(a value)", ""),
    ),
    "logs": (
        spoil.service(logs=False),
        ("service", "logConfig.project", "", "resource-repair-1208863178610000"),
    ),
    "role": (
        spoil.service(role="aliyunfcdefaultrole"),
        (
            "service",
            "role",
            "acs:ram::1208863178610000:role/aliyunfcdefaultrole",
            "acs:ram::1208863178610000:role/resource-repair-role",
        ),
    ),
    "trigger": (
        spoil.trigger(role="AliyunMNSNotificationRole"),
        (
            "trigger",
            "role",
            "aliyunmnsnotificationrole",
            "acs:ram::1208863178610000:role/aliyunmnsnotificationrole",
        ),
    ),
    "no trigger": (spoil.no_trigger, ("trigger", "is there", "no", "yes")),
    "no destination": (spoil.no_destination, ("async configuration", "is there", "no", "yes")),
    "policy taken away": (
        spoil.detached(FUNCTION_ROLE, "AliyunOSSFullAccess"),
        ("policy", "attached to", "", "resource-repair-role"),
    ),
}


@pytest.mark.parametrize("name", DRIFTS)
def test_a_drift_is_told_field_by_field(sound: Account, name: str) -> None:
    """What is live otherwise is told with both values, and gone after the next deploy."""
    plant, expected = DRIFTS[name]
    plant(sound)
    drift = find_drift(sound.spec, sound.clients).drift
    sound.deploy()

    assert expected in [(each.kind, each.field, each.live, each.declared) for each in drift]
    assert {each.kind for each in drift} == {expected[0]}
    assert find_drift(sound.spec, sound.clients).drift == ()


@pytest.mark.parametrize(
    ("plant", "kind", "field"),
    [
        (other_code, "function", "code"),
        (spoil.undeclared_policy, "policy", "attached to"),
        (spoil.another_trigger, "trigger", "type"),
        (offline, "service", "internetAccess"),
        (spoil.function(initializer="index.other"), "function", "initializer"),
    ],
)
def test_drift_fails(
    sound: Account,
    capsys: pytest.CaptureFixture[str],
    plant: Plant,
    kind: str,
    field: str,
) -> None:
    """Other code, or what nobody declared: a table, one document, exit code 1; apply mends it."""
    plant(sound)
    codes = [sound.run("verify"), sound.run("verify", "--json")]
    sound.deploy()
    code_after = sound.run("verify")

    out = capsys.readouterr().out
    table, _, rest = out.partition("{")
    document, _ = json.JSONDecoder().raw_decode("{" + rest)
    assert (codes, code_after) == ([1, 1], 0)
    assert "what is live is not what s.yaml declares" in table
    (drift,) = document["drift"]
    assert (drift["kind"], drift["field"]) == (kind, field)
    assert drift["live"] in table


COMPILED = [("index.py", b"handler = str\n"), ("__pycache__/index.cpython-310.pyc", b"compiled")]


@pytest.mark.parametrize(
    ("live", "built", "says"),
    [
        (COMPILED[:1], COMPILED, "differs by byte code alone: what is deployed has none"),
        (COMPILED, COMPILED[:1], "may differ by that alone"),
        (COMPILED, [("index.py", b"handler = repr\n"), COMPILED[1]], "differs by more than byte"),
    ],
)
def test_what_byte_code_has_to_do_with_drift_is_said(
    sound: Account,
    capsys: pytest.CaptureFixture[str],
    live: list[tuple[str, bytes]],
    built: list[tuple[str, bytes]],
    says: str,
) -> None:
    """Two machines of which one has the runtime's Python build two zips: verify tells it apart."""
    code = sound.spec.function.code
    code.write_bytes(pack(live))
    sound.deploy()
    code.write_bytes(pack(built))
    assert sound.run("verify") == 1
    assert says in capsys.readouterr().out


def test_a_loop_of_what_has_drifted_is_not_proved(
    sound: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """With --loop, drift is told first, and then no bucket is made."""
    spoil.function(timeout=3)(sound)
    assert sound.run("verify", "--loop") == 1
    assert "timeout" in capsys.readouterr().out
    assert sound.cloud.oss.names() == []


@pytest.mark.parametrize("blocked", [False, True])
def test_a_loop_tells_the_comparison_too(
    sound: Account, capsys: pytest.CaptureFixture[str], blocked: bool
) -> None:
    """The one document has what was compared beside what would be proved, or why it cannot be."""
    sound.cloud.oss.block_account(sound.cloud.account_id, blocked=blocked)
    code = sound.run("verify", "--loop", "--dry-run", "--json")

    document = json.loads(capsys.readouterr().out)
    assert code == int(blocked)
    assert document["account_id"] == sound.cloud.account_id
    assert {"kind": "role", "name": "resource-repair-role"} in document["compared"]
    assert document["drift"] == []
    if blocked:
        assert "Block Public Access is on" in document["error"]
    else:
        assert document["proved"] is None
        assert [each["to"] for each in document["legs"]][-1] == "compliant"
    assert sound.cloud.oss.names() == []


@pytest.mark.bad_days
@pytest.mark.parametrize("denied", COMPARING, ids=lambda each: each.action)
def test_a_refused_permission_is_named(
    sound: Account, capsys: pytest.CaptureFixture[str], denied: Permission
) -> None:
    """Without one of its permissions it fails, and says which statement to add."""
    sound.cloud.faults.add(denied.action, Fail(403, "AccessDenied"))
    assert sound.run("verify") == 1

    said = capsys.readouterr()
    statement = denied.statement(sound.cloud.account_id, sound.cloud.region)
    assert f"allow {denied.action}" in said.err
    assert json.dumps(statement) in said.out
