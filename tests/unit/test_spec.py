import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts.declared import AsyncConfig, Logs, Spec, load, region, runtime
from scripts.declared.errors import SpecError

ROOT = Path(__file__).parents[2]
ACCOUNT = "1234567890123456"
ENVIRON = {"PREPARE_RULE_ID": "cr-b9046457e0d9003f0000"}
PROPS = "services.repair.props"


@pytest.fixture(scope="module")
def project() -> Spec:
    """The project's own spec."""
    return load(ROOT / "s.yaml", ENVIRON, ACCOUNT)


def edited(folder: Path, path: str, value: Any) -> Path:
    """The folder's copy of the project's spec with the value at `path` set, or deleted by `...`."""
    file = folder / "s.yaml"
    document = yaml.safe_load((file if file.exists() else ROOT / "s.yaml").read_text("utf-8"))
    *parents, last = (int(key) if key.isdigit() else key for key in re.findall(r"[\w-]+", path))
    place = document
    for key in parents:
        place = place[key]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    file.write_text(yaml.safe_dump(document), "utf-8")
    return file


def refusal(path: Path, environ: Mapping[str, str] = ENVIRON) -> SpecError:
    """What the reader says to the spec at `path`."""
    with pytest.raises(SpecError) as caught:
        load(path, environ, ACCOUNT)
    return caught.value


def test_the_project_is_what_the_product_promises(project: Spec) -> None:
    """The names and settings that the product's documentation promises are those of s.yaml."""
    assert (project.region, project.topic) == ("cn-shanghai", "MNSTestConfig")
    assert project.rule_name == "test-oss-bucket-public-read-prohibited"
    assert project.failure_queue == "resource-repair-failed"
    assert project.service.name == "resource_repair"
    assert project.service.role.name == "resource-repair-role"
    where = (f"resource-repair-{ACCOUNT}", "audit")
    assert project.service.logs == Logs(*where, "None", request_metrics=True)
    function = project.function
    assert (function.name, function.handler) == ("oss_repair_acl_trigger", "index.handler")
    assert (function.runtime, function.memory, function.timeout) == ("python3.10", 512, 60)
    assert function.code == ROOT / "build/function.zip"
    assert dict(function.environment) == {
        "prepareRuleId": "cr-b9046457e0d9003f0000",
        "repairMode": "enforce",
        "exemptTag": "none",
        "exemptTagDays": "7",
        "logLevel": "INFO",
    }
    queue = f"acs:mns:cn-shanghai:{ACCOUNT}:/queues/resource-repair-failed/messages"
    assert function.async_config == AsyncConfig(3, 86400, queue)
    trigger = project.trigger
    assert trigger.name == "ConfigRuleNonComplianceMNSTrigger"
    assert trigger.role_arn == f"acs:ram::{ACCOUNT}:role/AliyunMNSNotificationRole"
    assert trigger.source_arn == f"acs:mns:cn-shanghai:{ACCOUNT}:/topics/MNSTestConfig"
    assert (trigger.content_format, trigger.strategy) == ("STREAM", "EXPONENTIAL_DECAY_RETRY")


@pytest.mark.parametrize(
    ("alias", "read"),
    [("default", "default"), (7, "7"), ("${aliyun-cli}", "${aliyun-cli}"), (..., "")],
)
def test_the_alias_of_the_client_s_keys_is_as_the_client_takes_it(
    tmp_path: Path, alias: Any, read: str
) -> None:
    """It is text whatever it looks like, nothing in it is resolved, and it may be absent."""
    assert load(edited(tmp_path, "access", alias), ENVIRON, ACCOUNT).access == read


def test_the_role_has_no_policy_that_the_file_does_not_show(project: Spec) -> None:
    """Declared are just the repair's policy and those that the client attaches by itself."""
    # As the client's fc-deploy names and words them (src/lib/fc/service.ts, generateServiceRole).
    slug = f"{project.region}-{project.service.name}".replace("_", "-")
    logs = project.service.logs
    assert logs
    store = f"acs:log:*:*:project/{logs.project}/logstore/{logs.logstore}"
    of_client = {
        "AliyunFCInvocationAccess": [],
        f"AliyunFcGeneratedMNSPolicy-{slug}": [
            {
                "Action": ["mns:SendMessage", "mns:PublishMessage"],
                "Resource": "*",
                "Effect": "Allow",
            }
        ],
        f"fcDeployDefaultLogPolicy-{slug}": [
            {"Action": ["log:PostLogStoreLogs"], "Resource": store, "Effect": "Allow"}
        ],
    }
    declared = {p.name: [dict(s) for s in p.statements] for p in project.service.role.policies}
    assert declared == {"AliyunOSSFullAccess": [], **of_client}


def test_no_name_is_written_twice(project: Spec) -> None:
    """Each name of the deployment stands in s.yaml once, where it can be changed."""
    text = re.sub(r"#.*", "", (ROOT / "s.yaml").read_text("utf-8"))
    logs = project.service.logs
    assert logs
    names = [
        project.region,
        project.topic,
        project.rule_name,
        "resource-repair-failed",
        project.service.name,
        project.service.role.name,
        logs.logstore,
        project.function.name,
        project.function.runtime,
        project.trigger.name,
    ]
    assert {name: len(re.findall(rf"\b{re.escape(name)}\b", text)) for name in names} == (
        dict.fromkeys(names, 1)
    )


def test_a_deploy_checks_the_rule_id_and_builds_first() -> None:
    """`s deploy` alone does it all: it refuses a wrong rule id, then builds, then deploys."""
    document = yaml.safe_load((ROOT / "s.yaml").read_text("utf-8"))
    actions = document["services"]["repair"]["actions"]["pre-deploy"]
    assert [action["run"] for action in actions] == [
        "scripts/resource-repair check-deploy",
        "make bundle",
        "scripts/resource-repair doctor --before-deploy",
    ]
    assert {action["path"] for action in actions} == {"./"}


def test_the_endpoint_in_the_example_is_in_the_project_s_region(project: Spec) -> None:
    """What a user copies from .env.example leads to the region that s.yaml deploys to, by https."""
    example = (ROOT / ".env.example").read_text("utf-8")
    host = f"https://<account id>.{project.region}.fc.aliyuncs.com"
    assert f"\ns_default_fc_endpoint={host}\n" in example
    assert "\ns_default_enable_fc_endpoint=true\n" in example


@pytest.mark.parametrize("component", ["fc", "devsapp/fc", "devsapp/fc@0.1.35", "fc@10.0.1"])
def test_the_client_s_component_may_be_pinned(tmp_path: Path, component: str) -> None:
    """By its whole name and a version too: it is the same component, as tried."""
    path = edited(tmp_path, "services.repair.component", component)
    assert load(path, ENVIRON, ACCOUNT).service.name == "resource_repair"


def test_region_is_known_before_the_account() -> None:
    """The region can be read without an account id and without the rule's id."""
    assert region(ROOT / "s.yaml", {}) == "cn-shanghai"


def test_the_runtime_is_known_before_the_account() -> None:
    """What to build for can be read without an account id and without the rule's id."""
    assert runtime(ROOT / "s.yaml", {}) == "python3.10"


@pytest.mark.parametrize(
    ("path", "value", "at"),
    [
        ("edition", "3.0.0", "edition"),
        ("services.repair.component", "fc3", "services.repair.component"),
        ("services.repair.component", "devsapp/fc@latest", "services.repair.component"),
        ("services.repair.component", "somebody/fc@0.1.35", "services.repair.component"),
        ("services.repair.prosp", {}, "services.repair.prosp"),
        ("services.another", {}, "services"),
        ("vars.ruleName", ..., "vars"),
        ("vars.timeout", "60", "vars.timeout"),
        ("vars.timeout", True, "vars.timeout"),
        ("vars.timeout", 4, "vars.timeout"),
        ("vars.memory", 500, "vars.memory"),
        ("vars.runtime", "python3.12", "vars.runtime"),
        ("vars.retries", 9, "vars.retries"),
        ("vars.mode", False, "vars.mode"),
        ("vars.failureQueue", "a/b", f"{PROPS}.function.asyncConfiguration.destination.onFailure"),
        (
            f"{PROPS}.function.asyncConfiguration.statefulInvocation",
            ...,
            f"{PROPS}.function.asyncConfiguration",
        ),
        (f"{PROPS}.region", "Shanghai!", f"{PROPS}.region"),
        (f"{PROPS}.function.timeOut", 60, f"{PROPS}.function.timeOut"),
        (f"{PROPS}.function.handler", ..., f"{PROPS}.function"),
        (f"{PROPS}.function.codeUri", "./code", f"{PROPS}.function.codeUri"),
        (f"{PROPS}.service.role", "resource-repair-role", f"{PROPS}.service.role"),
        (f"{PROPS}.service.logConfig", "auto", f"{PROPS}.service.logConfig"),
        (f"{PROPS}.service.role.policies[0]", 7, f"{PROPS}.service.role.policies[0]"),
        (f"{PROPS}.triggers", [], f"{PROPS}.triggers"),
        (f"{PROPS}.triggers[0].role", "AliyunMNSNotificationRole", f"{PROPS}.triggers[0].role"),
        (f"{PROPS}.triggers[0].type", "oss", f"{PROPS}.triggers[0].type"),
        (f"{PROPS}.triggers[0].config.region", "cn-beijing", f"{PROPS}.triggers[0].config.region"),
        (
            f"{PROPS}.triggers[0].config.filterTag",
            "seventeen letters",
            f"{PROPS}.triggers[0].config.filterTag",
        ),
        (
            f"{PROPS}.function.environmentVariables.big",
            "x" * 4096,
            f"{PROPS}.function.environmentVariables",
        ),
    ],
)
def test_a_mistake_is_refused_at_its_place(tmp_path: Path, path: str, value: Any, at: str) -> None:
    """A value that cannot be meant is an error that names the key, and never a guess."""
    error = refusal(edited(tmp_path, path, value))
    assert error.at == at
    assert re.match(rf"s\.yaml, line [0-9]+: {re.escape(at)} ", str(error))


def test_a_missing_rule_id_is_named() -> None:
    """Without PREPARE_RULE_ID the spec is refused, and the error names the variable."""
    error = refusal(ROOT / "s.yaml", {})
    assert error.at == f"{PROPS}.function.environmentVariables.prepareRuleId"
    assert "PREPARE_RULE_ID is not set" in str(error)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: 1\na: 2\n", "line 2: a is given twice, first in line 1"),
        ("a: [", "line 1: the line opens what nothing closes"),
        ("- a\n", "is a list"),
        ("", "is empty"),
        ("1: a\n", "has the key 1, which is no text"),
    ],
)
def test_a_file_of_another_form_is_refused(tmp_path: Path, text: str, says: str) -> None:
    """What is no such file at all is told in one line too."""
    (tmp_path / "s.yaml").write_text(text, "utf-8")
    error = refusal(tmp_path / "s.yaml")
    assert says in str(error)
    assert "\n" not in str(error)
