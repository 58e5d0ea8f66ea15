"""Function Compute 3.0: functions that stand alone, in one account with those of services."""

import base64
from collections.abc import Iterator
from typing import Any

import pytest

from scripts.localcloud import LocalCloud, pythons
from scripts.localcloud.faults import Fail
from scripts.localcloud.fc.errors import FcError
from scripts.localcloud.log.index import Index
from scripts.localcloud.log.state import Search
from scripts.localcloud.ram import policies
from scripts.localcloud.ram.state import Credentials
from tests.contract.fc_helpers import (
    ALONE,
    ECHO,
    OF_ALONE,
    a_role,
    acs3,
    ask_3_0,
    deploy_alone,
    deploy_in_service,
    fields_alone,
    subscribe_alone,
    zip_file,
)
from tests.contract.log_helpers import WHOLE

FAILS = "def handler(event, context):\n    raise ValueError('no')\n"
REPORT = """
    import json, os

    def handler(event, context):
        print("printed")
        report = {"environment": dict(os.environ)}
        report["context"] = json.loads(json.dumps(context, default=vars))
        return report
"""


@pytest.fixture
def cloud() -> Iterator[LocalCloud]:
    """An empty cloud, with a topic."""
    with LocalCloud(time_scale=0.001) as running:
        running.mns.create_topic("findings")
        yield running


@pytest.mark.fidelity(37)
def test_a_function_stands_alone_and_is_shown_with_what_it_was_not_told(cloud: LocalCloud) -> None:
    """Three seconds are documented; the sizes are what the client fills in."""
    shown = deploy_alone(cloud, timeout=None)

    assert shown["functionArn"] == f"acs:fc:{cloud.region}:{cloud.account_id}:functions/{ALONE}"
    assert [shown[name] for name in ("timeout", "memorySize", "cpu", "diskSize")] == [
        *(3, 512, 0.35, 512)
    ]
    assert (shown["internetAccess"], shown["role"], shown["state"]) == (True, "", "Active")
    assert ask_3_0(cloud, "GET", OF_ALONE).fields == shown
    assert ask_3_0(cloud, "GET", "/functions").fields["functions"] == [shown]


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"functionName": "1st"}, "functionName"),
        ({"functionName": "repairs$repair"}, "functionName"),
        ({"functionName": "f" * 65}, "functionName"),
        ({"timeout": 0}, "timeout"),
        ({"memorySize": 500}, "memorySize must be a multiple of 64"),
        ({"memorySize": 64}, "memorySize"),
        ({"memorySize": 128}, "ratio"),  # with the CPU that is not told
        ({"cpu": 0.33}, "cpu"),
        ({"cpu": 0.6}, "ratio"),
        ({"cpu": 0.1}, "ratio"),
        ({"diskSize": 1024}, "diskSize"),
        ({"role": "repairer"}, "role"),
        ({"environmentVariables": {"FC_REGION": "x"}}, "FC_"),
        ({"environmentVariables": {"a-b": "x"}}, "environment variable"),
        ({"environmentVariables": {"a": "x" * 4096}}, "4 KB"),
        ({"runtime": "python3.13"}, "runtime"),
        ({"handler": "index"}, "handler"),
        ({"instanceConcurrency": 2}, "instanceConcurrency"),
        ({"description": "d" * 257}, "description"),
        ({"handler": f"index.{'h' * 128}"}, "handler"),
        ({"code": {"zipFile": zip_file(ECHO), "checksum": "1"}}, "CRC-64"),
        ({"code": ["zip"]}, "code must be an object"),
        ({"code": {}}, "code.zipFile"),
        ({"logConfig": {"project": "nowhere", "logstore": "x"}}, "project 'nowhere'"),
    ],
)
@pytest.mark.fidelity(37)
def test_what_a_function_cannot_be_is_refused(
    cloud: LocalCloud, settings: dict[str, Any], why: str
) -> None:
    """By page "CreateFunctionInput", and in 3.0's form of an error."""
    answer = ask_3_0(cloud, "POST", "/functions", fields_alone(**settings))
    assert (answer.status, answer.code) == (400, "InvalidArgument")
    assert why in answer.fields["Message"]
    assert answer.fields["RequestId"] == answer.headers["X-Fc-Request-Id"]
    assert cloud.fc.resources.all_functions() == []


@pytest.mark.parametrize(
    ("method", "path", "body", "query", "named"),
    [
        ("POST", "/functions", {"gpuConfig": {}}, "", "in the body of CreateFunction: gpuConfig"),
        ("PUT", OF_ALONE, {"sessionAffinity": "MCP_SSE"}, "", "sessionAffinity 'MCP_SSE'"),
        ("PUT", OF_ALONE, {"tags": []}, "", "in the body of UpdateFunction: tags"),
        ("PUT", OF_ALONE, {"layerz": []}, "", "in the body of UpdateFunction: layerz"),
        ("GET", OF_ALONE, None, "fields=all", "in the query of GetFunction: fields"),
        (
            "POST",
            f"{OF_ALONE}/versions",
            {},
            "",
            "POST /2023-03-30/functions/repair-alone/versions",
        ),
        ("GET", "/layers", None, "", "GET /2023-03-30/layers"),
    ],
)
@pytest.mark.fidelity(35)
def test_what_is_not_known_of_3_0_is_refused_by_name(
    cloud: LocalCloud, method: str, path: str, body: Any, query: str, named: str
) -> None:
    """A field, a name in the query, an operation: 501, and the message has it."""
    deploy_alone(cloud)
    answer = ask_3_0(cloud, method, path, body, query=query)
    assert (answer.status, answer.code) == (501, "NotImplemented")
    assert named in answer.fields["Message"]


def test_a_function_that_stands_alone_runs_now_and_later(cloud: LocalCloud) -> None:
    """Its answer, its error and its log come back; an asynchronous one is only taken."""
    deploy_alone(cloud)
    path = f"{OF_ALONE}/invocations"
    tail = ask_3_0(cloud, "POST", path, b"hello", headers={"x-fc-log-type": "Tail"})
    assert (tail.status, tail.body) == (200, b"hello")
    assert b"FC Invoke End" in base64.b64decode(tail.headers["X-Fc-Log-Result"])
    later = ask_3_0(cloud, "POST", path, b"later", headers={"x-fc-invocation-type": "Async"})
    assert (later.status, later.body, later.headers.get("Content-Type")) == (202, b"", None)
    assert cloud.wait_idle()
    events = [each.details["event"] for each in cloud.journal.entries("fc", "invoked", ALONE)]
    assert events == [b"hello", b"later"]

    ask_3_0(cloud, "PUT", OF_ALONE, {"code": {"zipFile": zip_file(FAILS)}})
    failed = ask_3_0(cloud, "POST", path, b"")
    assert failed.status == 200
    assert failed.headers["X-Fc-Error-Type"] == "UnhandledInvocationError"
    missing = ask_3_0(cloud, "POST", path, b"", query="qualifier=prod")
    assert (missing.status, missing.code) == (404, "AliasNotFound")


@pytest.mark.parametrize("runtime", pythons.RUNTIMES)
@pytest.mark.fidelity(36)
def test_a_function_without_a_service_finds_its_keys_in_the_environment(
    cloud: LocalCloud, runtime: str
) -> None:
    """On 3.12 there alone, with its logs and version elsewhere; on older ones in the context too.

    No variable tells of a service.
    """
    deploy_alone(cloud, REPORT, runtime=runtime, role=a_role(cloud))
    report = ask_3_0(cloud, "POST", f"{OF_ALONE}/invocations", b"").fields
    context, environment = report["context"], report["environment"]

    token = environment["ALIBABA_CLOUD_SECURITY_TOKEN"]
    assert cloud.ram.authenticate(environment["ALIBABA_CLOUD_ACCESS_KEY_ID"], token).role
    assert not {"FC_SERVICE_NAME", "FC_QUALIFIER"} & set(environment)
    assert context["function"]["name"] == environment["FC_FUNCTION_NAME"] == ALONE
    if runtime == "python3.12":
        assert not {"credentials", "service"} & set(context)
        assert (context["log_project"], context["function"]["qualifier"]) == ("", "LATEST")
    else:
        assert context["credentials"]["security_token"] == token
        assert (context["service"]["name"], context["service"]["qualifier"]) == ("", "LATEST")


@pytest.mark.fidelity(21)
def test_a_role_and_a_project_just_made_are_not_seen_yet(cloud: LocalCloud) -> None:
    """As with 2.0's services: counted in looks."""
    cloud.ram.begin_to_spread(cloud.ram.create_role("new", policies.trust("fc.aliyuncs.com")))
    asked = fields_alone(role=cloud.ram.arn("new"))
    answers = [ask_3_0(cloud, "POST", "/functions", asked) for _ in range(3)]
    assert [answer.code for answer in answers] == ["AccessDenied", "AccessDenied", ""]


def test_a_function_logs_to_what_it_names_itself(cloud: LocalCloud) -> None:
    """In its own role, under the topic that the client's `s logs` looks for."""
    role = a_role(cloud)
    cloud.ram.create_policy("may-log", policies.document(policies.allow("log:PostLogStoreLogs")))
    cloud.ram.attach("repairer", "Custom", "may-log")
    cloud.log.create_project("audits")
    cloud.log.create_store("audits", "runs", {"ttl": 30, "shardCount": 1})
    cloud.log.create_index("audits", "runs", Index.parse(WHOLE))
    log = {"project": "audits", "logstore": "runs", "enableRequestMetrics": True}
    deploy_alone(cloud, REPORT, role=role, logConfig=log)
    ask_3_0(cloud, "POST", f"{OF_ALONE}/invocations", b"")

    cloud.clock.advance(60)
    logs = cloud.log.search("audits", "runs", Search("*", 0, 2**33)).logs
    printed = next(each for each in logs if each.fields.get("message") == "printed")
    assert (printed.topic, printed.fields["functionName"]) == (f"FCLogs:{ALONE}", ALONE)
    assert "serviceName" not in printed.fields
    assert f"FCRequestMetrics:/{ALONE}" in [each.topic for each in logs]


def test_a_function_goes_when_its_triggers_have_gone(cloud: LocalCloud) -> None:
    """Not before; and with it its asynchronous configuration and its bindings."""
    deploy_alone(cloud)
    subscribe_alone(cloud)
    ask_3_0(cloud, "POST", f"{OF_ALONE}/vpc-bindings", {"vpcId": "vpc-1"})
    assert ask_3_0(cloud, "GET", f"{OF_ALONE}/vpc-bindings").fields == {"vpcIds": ["vpc-1"]}
    early = ask_3_0(cloud, "DELETE", OF_ALONE)
    assert (early.status, early.code) == (409, "FunctionNotEmpty")
    assert ask_3_0(cloud, "DELETE", f"{OF_ALONE}/triggers/on-finding").status == 204
    assert ask_3_0(cloud, "DELETE", OF_ALONE).status == 204
    gone = ask_3_0(cloud, "GET", OF_ALONE)
    assert (gone.status, gone.code) == (404, "FunctionNotFound")
    assert gone.fields["Message"] == f"function '{ALONE}' does not exist"
    assert cloud.mns.topic("findings").subscriptions == {}


@pytest.mark.fidelity(38)
def test_a_function_of_a_service_is_seen_from_3_0_under_both_names(cloud: LocalCloud) -> None:
    """It is told, run and listed as `service$function`, with what its service has; not changed."""
    deploy_alone(cloud)
    deploy_in_service(cloud)
    cloud.fc.resources.update_service("repairs", {"role": a_role(cloud)})
    path = f"/functions/repairs${ALONE}"
    shown = ask_3_0(cloud, "GET", path).fields
    assert (shown["functionName"], shown["role"]) == (f"repairs${ALONE}", cloud.ram.arn("repairer"))
    assert ask_3_0(cloud, "POST", f"{path}/invocations", b"hello").body == b"hello"
    assert cloud.journal.entries("fc", "invoked", f"repairs/{ALONE}")

    def listed(query: str) -> list[str]:
        functions = ask_3_0(cloud, "GET", "/functions", query=query).fields["functions"]
        return [each["functionName"] for each in functions]

    assert listed("") == [ALONE, f"repairs${ALONE}"]
    assert (listed("fcVersion=v3"), listed("fcVersion=v2")) == ([ALONE], [f"repairs${ALONE}"])
    missing = ask_3_0(cloud, "GET", f"/functions/nowhere${ALONE}")
    assert (missing.status, missing.code) == (404, "FunctionNotFound")
    assert missing.fields["Message"] == f"function 'nowhere${ALONE}' does not exist"
    changed = ask_3_0(cloud, "PUT", path, {"timeout": 9})
    assert (changed.status, changed.code) == (501, "NotImplemented")


def test_pages_of_functions_follow_each_other(cloud: LocalCloud) -> None:
    """`nextToken` leads on, and is empty at the end."""
    for name in ("one", "three", "two"):
        ask_3_0(cloud, "POST", "/functions", fields_alone(functionName=name))
    first = ask_3_0(cloud, "GET", "/functions", query="limit=2").fields
    second = ask_3_0(
        cloud, "GET", "/functions", query=f"limit=2&nextToken={first['nextToken']}"
    ).fields
    names = [each["functionName"] for each in first["functions"] + second["functions"]]
    assert (names, second["nextToken"]) == (["one", "three", "two"], "")


def test_ram_decides_who_may_do_what_in_3_0(cloud: LocalCloud) -> None:
    """Each page names "All Resource", which no ARN is; a role is passed on only where one may."""
    deploy_alone(cloud)

    def may(*statements: policies.Document) -> Credentials:
        name = f"somebody-{len(cloud.ram.roles)}"
        cloud.ram.create_role(name, policies.trust("ecs.aliyuncs.com"))
        cloud.ram.create_policy(name, policies.document(*statements))
        cloud.ram.attach(name, "Custom", name)
        return cloud.ram.assume(name, "test")

    narrow = may(policies.allow("fc:GetFunction", f"acs:fc:*:*:functions/{ALONE}"))
    denied = ask_3_0(cloud, "GET", OF_ALONE, key=narrow)
    assert (denied.status, denied.code) == (403, "AccessDenied")
    assert "'fc:GetFunction'" in denied.fields["Message"]
    assert ask_3_0(cloud, "GET", OF_ALONE, key=may(policies.allow("fc:GetFunction"))).status == 200
    asynchronous = may(policies.allow("fc:PutFunctionAsyncInvokeConfig"))
    assert (
        ask_3_0(cloud, "PUT", f"{OF_ALONE}/async-invoke-config", {}, key=asynchronous).status == 200
    )
    passing = ask_3_0(
        cloud, "PUT", OF_ALONE, {"role": a_role(cloud)}, key=may(policies.allow("fc:*"))
    )
    assert "'ram:PassRole'" in passing.fields["Message"]


def test_a_wrong_secret_or_body_is_refused_by_3_0(cloud: LocalCloud) -> None:
    """An ACS3 signature is verified over what came in chunks."""
    wrong = cloud.credentials._replace(access_key_secret="guessed")
    assert ask_3_0(cloud, "GET", "/functions", key=wrong).code == "SignatureDoesNotMatch"
    request = acs3(cloud.credentials, "POST", "/2023-03-30/functions", b"{}")
    request.body = b"{ }"
    assert request.send(cloud.endpoints.fc).code == "SignatureDoesNotMatch"


def test_faults_are_met_by_both_versions_under_the_function_s_name(cloud: LocalCloud) -> None:
    """As they are ordered for 2.0's, by operation and subject."""
    deploy_alone(cloud)
    cloud.faults.add("fc:GetFunction", Fail(503, "ServiceUnavailable"), subject=ALONE)
    assert ask_3_0(cloud, "GET", OF_ALONE).code == "ServiceUnavailable"
    assert ask_3_0(cloud, "GET", OF_ALONE).status == 200


def test_a_rollback_has_the_functions_that_there_were(cloud: LocalCloud) -> None:
    """What stands alone goes back as all else does, and its idle process may stay."""
    cloud.fc.stays_warm = True
    deploy_alone(cloud)
    path = f"{OF_ALONE}/invocations"
    before = ask_3_0(cloud, "POST", path, b"").headers["X-Fc-Instance-Id"]
    snapshot = cloud.snapshot()
    cloud.fc.triggers.can_change = True
    cloud.rollback(snapshot)
    assert not cloud.fc.triggers.can_change
    assert ask_3_0(cloud, "POST", path, b"").headers["X-Fc-Instance-Id"] == before
    ask_3_0(cloud, "PUT", OF_ALONE, {"timeout": 9})
    cloud.rollback(snapshot)
    assert ask_3_0(cloud, "GET", OF_ALONE).fields["timeout"] == 20


def test_a_runtime_of_3_0_may_be_refused_to_services(cloud: LocalCloud) -> None:
    """As Function Compute 2.0 does not have it; a function that stands alone has it anyway."""
    cloud.fc.resources.create_service("repairs", {})
    new = fields_alone(runtime="python3.12")
    cloud.fc.resources.create_function("repairs", "tried", new)
    cloud.fc.resources.runs_3_0_in_services = False
    with pytest.raises(FcError, match=r"'python3\.12' is not there in Function Compute 2\.0"):
        cloud.fc.resources.create_function("repairs", "refused", new)
    assert ask_3_0(cloud, "POST", "/functions", new).status == 200
