"""s.fc3.yaml says what s.yaml says: field by field, and knob by knob."""

import dataclasses
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from scripts.declared import Generation, SpecError, derived, load, load_for
from tests.unit.test_spec import edited

ROOT = Path(__file__).parents[2]
ACCOUNT = "1234567890123456"
ENVIRON = {"PREPARE_RULE_ID": "cr-b9046457e0d9003f0000"}
LEAST = f"acs:ram::{ACCOUNT}:role/resource-repair-least-privilege-cn-shanghai"

# Where a fact of s.yaml stands in s.fc3.yaml, under `props` unless it begins with /.
SAME = {
    "name": "/name",
    "access": "/access",
    "region": "region",
    "service.role.name": "role",
    "service.logs.project": "logConfig.project",
    "service.logs.logstore": "logConfig.logstore",
    "service.logs.begin_rule": "logConfig.logBeginRule",
    "service.logs.request_metrics": "logConfig.enableRequestMetrics",
    "function.description": "description",
    "function.runtime": "runtime",
    "function.handler": "handler",
    "function.code": "code",
    "function.memory": "memorySize",
    "function.timeout": "timeout",
    "function.environment.prepareRuleId": "environmentVariables.prepareRuleId",
    "function.environment.repairMode": "environmentVariables.repairMode",
    "function.environment.exemptTag": "environmentVariables.exemptTag",
    "function.environment.exemptTagDays": "environmentVariables.exemptTagDays",
    "function.environment.logLevel": "environmentVariables.logLevel",
    "function.async_config.retries": "asyncInvokeConfig.maxAsyncRetryAttempts",
    "function.async_config.max_age": "asyncInvokeConfig.maxAsyncEventAgeInSeconds",
    "function.async_config.failure_destination": (
        "asyncInvokeConfig.destinationConfig.onFailure.destination"
    ),
    "trigger.name": "triggers.0.triggerName",
    "trigger.role_arn": "triggers.0.invocationRole",
    "trigger.region": "region",
    "trigger.content_format": "triggers.0.triggerConfig.notifyContentFormat",
    "trigger.strategy": "triggers.0.triggerConfig.notifyStrategy",
    "trigger.source_arn": "triggers.0.sourceArn",
}
# Of s.yaml alone, and why.
DIFFERS = {
    "service.name": "there are no services: it is a part of the function's name",
    "function.name": "with the service's: it must be told from all others of the region",
    "service.description": "there are no services",
    "service.role.policies": "the client makes no role: provision makes the least one",
    "service.role.provisioned": "it always is",
    "account_id": "the client's keys say it",
    "generation": "it is what differs",
    "trigger.topic": "a part of the trigger's source",
    "rule_name": "provision's: no deploy has anything to do with it",
    "oversized_bucket": "provision's",
    "log_retention": "provision's",
}
# Of s.fc3.yaml alone: what the client would fill in, or empty, or another form of a fact.
ADDED: Mapping[str, Any] = {
    "functionName": "resource_repair-oss_repair_acl_trigger",
    "cpu": 0.35,
    "diskSize": 512,
    "internetAccess": True,
    "logConfig.enableInstanceMetrics": False,
    "layers": [],
    "vpcConfig.vpcId": "",
    "vpcConfig.vSwitchIds": [],
    "vpcConfig.securityGroupId": "",
    "nasConfig.userId": 0,
    "nasConfig.groupId": 0,
    "nasConfig.mountPoints": [],
    "ossMountConfig.mountPoints": [],
    "tracingConfig": {},
    "asyncInvokeConfig.qualifier": "LATEST",
    "asyncInvokeConfig.asyncTask": False,  # s.yaml's statefulInvocation, which may be nothing else
    "triggers.0.triggerType": "mns_topic",
    "triggers.0.description": "",
    "triggers.0.qualifier": "LATEST",
}


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Each value that has none in it, by its path."""
    items = value.items() if isinstance(value, Mapping) else enumerate(value)
    for key, each in items:
        if isinstance(each, Mapping | list) and each:
            yield from leaves(each, f"{path}{key}.")
        else:
            yield f"{path}{key}", each


def filled_in(text: str) -> str:
    """The forms of edition 3.0.0, as the client fills them in; a missing one stops it."""
    variables = {f"env('{name}')": value for name, value in ENVIRON.items()}
    variables["config('AccountID')"] = ACCOUNT
    return re.sub(r"\$\{([^}]*)\}", lambda form: variables[form[1]], text)


def made(path: Path) -> dict[str, Any]:
    """What the client reads of s.fc3.yaml."""
    document = yaml.safe_load(derived.text(path))
    assert (document["edition"], list(document["resources"])) == ("3.0.0", ["repair"])
    filled = {name: filled_in(str(each)) for name, each in leaves(document)}
    (resource,) = document["resources"].values()
    assert resource["component"] == "fc3"
    found = {
        name: filled[f"resources.repair.props.{name}"] if isinstance(each, str) else each
        for name, each in leaves(resource["props"])
    }
    return found | {"/name": document["name"], "/access": document["access"]}


def test_each_fact_of_the_one_file_is_in_the_other_or_told_why_not() -> None:
    """And the other way round: what s.fc3.yaml has besides is known, and why."""
    spec = load(ROOT / "s.yaml", ENVIRON, ACCOUNT)
    facts = facts_of(spec)
    assert set(facts) == SAME.keys() | DIFFERS.keys()
    found = made(ROOT / "s.yaml")
    assert found.keys() == set(SAME.values()) | ADDED.keys()
    expected = {place: facts[name] for name, place in SAME.items()} | dict(ADDED)
    expected |= {"role": LEAST, "code": f"./{Path(expected['code']).relative_to(ROOT)}"}
    assert found == expected


def facts_of(value: Any, path: str = "") -> dict[str, Any]:
    """All that a spec says, by the fields' names; policies are one fact."""
    found: dict[str, Any] = {}
    for name, each in _fields(value):
        if dataclasses.is_dataclass(each) or isinstance(each, Mapping):
            found |= facts_of(each, f"{path}{name}.")
        else:
            found[f"{path}{name}"] = str(each) if isinstance(each, Path) else each
    return found


def _fields(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        return iter(value.items())
    return ((field.name, getattr(value, field.name)) for field in dataclasses.fields(value))


def test_the_steps_around_a_deploy_are_the_same_and_are_told_of_the_file() -> None:
    """The client of 3.0 does not tell its actions how it was called."""
    before = yaml.safe_load((ROOT / "s.yaml").read_text("utf-8"))["services"]["repair"]["actions"]
    after = yaml.safe_load(derived.text(ROOT / "s.yaml"))["resources"]["repair"]["actions"]
    assert [(hook, len(steps)) for hook, steps in before.items()] == [
        (hook, len(steps)) for hook, steps in after.items()
    ]
    assert [step["run"] for steps in after.values() for step in steps] == [
        "scripts/resource-repair check-deploy -t s.fc3.yaml",
        "make bundle TEMPLATE=s.fc3.yaml",
        "scripts/resource-repair doctor --before-deploy -t s.fc3.yaml",
        "scripts/resource-repair verify -t s.fc3.yaml",
    ]
    assert {step["path"] for steps in after.values() for step in steps} == {"./"}


PROPS = "services.repair.props"
# Each knob of s.yaml, and another value that it may have.
KNOBS: Mapping[str, Any] = {
    "services.repair.component": "devsapp/fc@0.1.35",
    "name": "another",
    "access": "prod",
    "vars.region": "cn-beijing",
    "vars.topic": "Another",
    "vars.failureQueue": "another",
    "vars.logProject": "another-project",
    "vars.logStore": "another",
    "vars.runtime": "python3.9",
    "vars.memory": 1024,
    "vars.timeout": 61,
    "vars.mode": "report",
    "vars.exemptTag": "keep-open",
    "vars.exemptTagDays": 8,
    "vars.logLevel": "DEBUG",
    "vars.retries": 4,
    "vars.retryWithin": 86401,
    "vars.roles.leastPrivilege": "acs:ram::${config(AccountID)}:role/another",
    f"{PROPS}.service.name": "another",
    f"{PROPS}.service.role": "acs:ram::${config(AccountID)}:role/a-role-of-ours",
    f"{PROPS}.service.logConfig": ...,
    f"{PROPS}.service.logConfig.logBeginRule": "DefaultRegex",
    f"{PROPS}.service.logConfig.enableRequestMetrics": False,
    f"{PROPS}.function.name": "another",
    f"{PROPS}.function.description": "Another",
    f"{PROPS}.function.handler": "index.another",
    f"{PROPS}.function.codeUri": "./another.zip",
    f"{PROPS}.function.environmentVariables": ...,
    f"{PROPS}.function.environmentVariables.prepareRuleId": "cr-2",
    f"{PROPS}.function.environmentVariables.another": "${env(ANOTHER)}",
    f"{PROPS}.function.asyncConfiguration": ...,
    f"{PROPS}.function.asyncConfiguration.destination.onFailure": "acs:mns:::/queues/q/messages",
    f"{PROPS}.triggers.0.name": "another",
    f"{PROPS}.triggers.0.role": "acs:ram::${config(AccountID)}:role/another",
    f"{PROPS}.triggers.0.config.notifyContentFormat": "JSON",
    f"{PROPS}.triggers.0.config.notifyStrategy": "BACKOFF_RETRY",
    "services.repair.actions": ...,
    "services.repair.actions.pre-deploy.0.run": "make lint",
    "services.repair.actions.pre-deploy.1.path": "./code",
    "services.repair.actions.success-deploy.0.run": "make lint",
}
# What leaves s.fc3.yaml alone, and why.
STAYS: Mapping[str, Any] = {
    "vars.ruleName": "another",  # provision's
    "vars.logRetention": 30,  # provision's
    f"{PROPS}.service.description": "Another",  # there are no services
    "vars.roles.fullAccess.name": "another",  # nobody makes it on 3.0
    "vars.roles.fullAccess.policies.0": "AliyunOSSReadOnlyAccess",
    "vars.roles.fullAccess.policies.1": "AliyunOSSReadOnlyAccess",
    "vars.roles.fullAccess.policies.2.name": "another",
    "vars.roles.fullAccess.policies.2.statement.0.Effect": "Deny",
    "vars.roles.fullAccess.policies.2.statement.0.Action.0": "mns:PublishMessage",
    "vars.roles.fullAccess.policies.2.statement.0.Action.1": "mns:SendMessage",
    "vars.roles.fullAccess.policies.2.statement.0.Resource": "acs:mns:*:*:*",
    "vars.roles.fullAccess.policies.3.name": "another",
    "vars.roles.fullAccess.policies.3.statement.0.Effect": "Deny",
    "vars.roles.fullAccess.policies.3.statement.0.Action.0": "log:GetLogStore",
    "vars.roles.fullAccess.policies.3.statement.0.Resource": "acs:log:*:*:*",
}
# What s.yaml may have in one form alone.
FIXED = {
    "edition",
    "services.repair.actions.pre-deploy.0.path",
    "services.repair.actions.pre-deploy.2.run",
    "services.repair.actions.pre-deploy.2.path",
    "services.repair.actions.pre-deploy.1.run",
    "services.repair.actions.success-deploy.0.path",
    f"{PROPS}.function.asyncConfiguration.statefulInvocation",
    f"{PROPS}.triggers.0.type",
}


def test_every_knob_is_known_here() -> None:
    """One that comes to s.yaml comes to one of these tables: none is forgotten in s.fc3.yaml."""
    text = (ROOT / "s.yaml").read_text("utf-8")
    document = yaml.safe_load(text)
    # What an alias stands for is told where it stands.
    document["services"]["repair"]["props"]["service"]["role"] = "*fullAccess"
    knobs = {
        name
        for name, each in leaves(document)
        if not (name.startswith("services.") and str(each).startswith("${vars."))
    }
    assert knobs - KNOBS.keys() - STAYS.keys() == FIXED


def turned(folder: Path, values: Mapping[str, Any]) -> Path:
    """A copy of s.yaml with other values."""
    (folder / "s.yaml").write_bytes((ROOT / "s.yaml").read_bytes())
    for name, value in values.items():
        edited(folder, name, value)
    return folder / "s.yaml"


@pytest.mark.parametrize("knob", KNOBS)
def test_a_knob_that_is_turned_shows_in_what_is_made(tmp_path: Path, knob: str) -> None:
    """It changes the file, or is refused for Function Compute 3.0."""
    path = turned(tmp_path, {knob: KNOBS[knob]})
    try:
        load(path, {**ENVIRON, "ANOTHER": "a-value"}, ACCOUNT)
    except SpecError as error:  # a value that may be, but for what is left over
        assert "is used nowhere" in str(error)  # noqa: PT017
    assert yaml.safe_load(derived.text(path)) != yaml.safe_load(derived.text(ROOT / "s.yaml"))


@pytest.mark.parametrize(
    ("component", "made_of_it"),
    [
        ("fc", "fc3"),
        ("devsapp/fc", "fc3"),
        ("devsapp/fc@0.1.35", "fc3@0.1.22"),
        ("fc@0.1.1", "fc3@0.1.22"),
    ],
)
def test_who_pins_the_one_component_pins_the_other(
    tmp_path: Path, component: str, made_of_it: str
) -> None:
    """At the version that was tried: those of the two have nothing to do with each other."""
    path = turned(tmp_path, {"services.repair.component": component})
    resource = yaml.safe_load(derived.text(path))["resources"]["repair"]
    assert resource["component"] == made_of_it


@pytest.mark.parametrize("knob", STAYS)
def test_a_knob_of_the_one_alone_leaves_the_other(tmp_path: Path, knob: str) -> None:
    """Each of these with its reason, above."""
    path = turned(tmp_path, {knob: STAYS[knob]})
    load(path, ENVIRON, ACCOUNT)
    assert yaml.safe_load(derived.text(path)) == yaml.safe_load(derived.text(ROOT / "s.yaml"))


DRAWN = {
    "vars.memory": st.integers(2, 512).map(lambda steps: 64 * steps),
    "vars.timeout": st.integers(5, 86400),
    "vars.retries": st.integers(0, 8),
    "vars.retryWithin": st.integers(1, 2592000),
    "vars.exemptTagDays": st.integers(1, 90),
    "vars.mode": st.sampled_from(["enforce", "report"]),
    "vars.runtime": st.sampled_from(["python3", "python3.9", "python3.10", "python3.12"]),
    "vars.topic": st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,30}", fullmatch=True),
    "vars.failureQueue": st.from_regex(r"[A-Za-z0-9][A-Za-z0-9-]{0,30}", fullmatch=True),
    f"{PROPS}.function.description": st.text(st.characters(categories=["L", "N", "P", "Z"]))
    .map(str.strip)
    .filter(lambda text: text and "$" not in text and "{" not in text and "<" not in text),
}


@given(values=st.fixed_dictionaries({}, optional=DRAWN))
def test_whatever_s_yaml_says_both_say_the_same(
    tmp_path_factory: pytest.TempPathFactory, values: Mapping[str, Any]
) -> None:
    """Field by field, for any values; the processors that go with the memory are a share of it."""
    path = turned(tmp_path_factory.mktemp("drawn"), values)
    spec = load_for(path, Generation.FC3, ENVIRON, ACCOUNT)
    facts, found = facts_of(spec), made(path)
    facts["service.role.name"] = f"acs:ram::{ACCOUNT}:role/{spec.service.role.name}"
    facts["function.code"] = "./build/function.zip"
    assert {name: found[place] for name, place in SAME.items()} == {
        name: facts[name] for name in SAME
    }
    assert (found["cpu"], found["functionName"]) == (spec.function.cpu, spec.function_in_cloud)
    assert 1 <= spec.function.memory / 1024 / found["cpu"] <= 4
    assert round(found["cpu"] * 20, 9).is_integer()
