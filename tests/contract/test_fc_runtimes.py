"""What a function finds in each runtime, and what becomes of it without that Python."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from scripts.localcloud import pythons
from scripts.localcloud.fc.errors import FcError
from scripts.localcloud.ram import policies
from tests import trap
from tests.conftest import missing_runtime
from tests.contract.fc_helpers import FUNCTION, SERVICE, FcCloud, cloud, deploy, run

__all__ = ["cloud"]

REPORT = """
    import json, logging, os, sys

    def handler(event, context):
        print("printed \\u00e9")
        logging.getLogger().info("logged")
        report = {"version": "%d.%d" % sys.version_info[:2], "type": type(event).__name__}
        report["event"] = event.decode()
        report["environment"] = dict(os.environ)
        report["context"] = json.loads(json.dumps(context, default=vars))
        return report
"""
DOCUMENTED = {"request_id", "function", "region", "account_id"}
WITHIN_CONTEXT = DOCUMENTED | {"credentials", "service"}
IN_3_12 = DOCUMENTED | {"log_project", "log_store"}
OF_VERSION_IN_3_12 = {"version_id": "", "qualifier": "LATEST"}


def needs(runtime: str) -> None:
    """Skip where this machine lacks the runtime's Python."""
    found = pythons.find(runtime)
    if found.substituted:
        missing_runtime(pythons.RUNTIMES[runtime])


@pytest.mark.parametrize("runtime", pythons.RUNTIMES)
def test_a_function_finds_what_its_runtime_documents(
    cloud: FcCloud, runtime: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own Python, the event as bytes, the context's fields, its variables and no others."""
    needs(runtime)
    trap.name(monkeypatch, 9)
    deploy(cloud, REPORT, runtime=runtime, timeout=9, environmentVariables={"mode": "report"})

    invocation = cloud.fc.invoke(SERVICE, FUNCTION, b'{"a": 1}')
    report = json.loads(invocation.payload)

    assert report["version"] == pythons.RUNTIMES[runtime]
    assert (report["type"], report["event"]) == ("bytes", '{"a": 1}')
    context, environment = report["context"], report["environment"]
    assert context["request_id"] == invocation.request_id
    assert context["function"] == {
        "name": FUNCTION,
        "handler": "index.handler",
        "memory": 128,
        "timeout": 9,
        **(OF_VERSION_IN_3_12 if runtime == "python3.12" else {}),
    }
    assert (context["region"], context["account_id"]) == (cloud.region, cloud.account_id)
    assert (environment["under"], environment["mode"]) == ("neath", "report")
    assert environment["FC_FUNCTION_NAME"] == FUNCTION
    assert not {"USER", "PWD", "PYTEST_CURRENT_TEST", "VIRTUAL_ENV"} & set(environment)
    assert not {*trap.NAMES, "NO_PROXY", "no_proxy"} & set(environment)
    lines = invocation.log.splitlines()
    assert lines[0] == f"FC Invoke Start RequestId: {invocation.request_id}"
    assert lines[1] == "printed \u00e9"
    assert lines[2].endswith(f"Z {invocation.request_id} [INFO] logged")
    assert lines[3] == f"FC Invoke End RequestId: {invocation.request_id}"


@pytest.mark.parametrize("runtime", pythons.RUNTIMES)
def test_a_function_has_keys_of_its_service_s_role(cloud: FcCloud, runtime: str) -> None:
    """They are the role's, in the context or, on 3.12, in the environment; new when they end."""
    needs(runtime)
    cloud.ram.create_role("Repair-Role", policies.trust("fc.aliyuncs.com"))
    deploy(cloud, REPORT, runtime=runtime, role=cloud.ram.arn("Repair-Role"))

    first, second = keys(run(cloud)), keys(run(cloud))
    cloud.clock.advance(36 * 3600)
    renewed = keys(run(cloud))

    assert first == second
    assert cloud.ram.authenticate(renewed[0], renewed[2]).role == "Repair-Role"
    assert cloud.ram.secret(renewed[0]) == renewed[1]
    assert len(cloud.journal.entries("fc", "started")) == 1


def keys(report: Any) -> tuple[str, str, str]:
    """The credentials that a report tells of; they must be in one place only."""
    context, environment = report["context"], report["environment"]
    if report["version"] == "3.12":
        assert set(context) == IN_3_12
        prefix = "ALIBABA_CLOUD_"
        names = ("ACCESS_KEY_ID", "ACCESS_KEY_SECRET", "SECURITY_TOKEN")
        found = [environment[prefix + name] for name in names]
    else:
        assert set(context) == WITHIN_CONTEXT
        assert not [name for name in environment if name.startswith("ALIBABA")]
        fields = ("access_key_id", "access_key_secret", "security_token")
        found = [context["credentials"][name] for name in fields]
    return found[0], found[1], found[2]


def test_the_context_names_the_service_and_its_logs(cloud: FcCloud) -> None:
    """`context.service` tells the service's name, log project and store, and the qualifier."""
    deploy(cloud, REPORT)
    log = {"project": "audit-1208863178610000", "logstore": "repairs"}
    cloud.fc.resources.update_service(SERVICE, {"logConfig": log})

    assert run(cloud)["context"]["service"] == {
        "name": SERVICE,
        "log_project": "audit-1208863178610000",
        "log_store": "repairs",
        "qualifier": "LATEST",
        "version_id": "",
    }


@pytest.mark.parametrize(
    ("trust", "role", "why"),
    [
        ("fc.aliyuncs.com", "another-role", "does not exist"),
        ("mns.aliyuncs.com", "repair-role", "does not trust fc.aliyuncs.com"),
    ],
)
def test_a_role_that_cannot_be_assumed_fails_the_invocation(
    cloud: FcCloud, trust: str, role: str, why: str
) -> None:
    """Without its role a function is not run at all, and the refusal says what is wrong."""
    cloud.ram.create_role("repair-role", policies.trust(trust))
    deploy(cloud, REPORT, role=cloud.ram.arn(role))

    with pytest.raises(FcError, match=why) as refused:
        cloud.fc.invoke(SERVICE, FUNCTION, b"")

    assert refused.value.code == "AccessDenied"
    assert cloud.journal.entries("fc", "started") == []


@pytest.mark.parametrize("runtime", pythons.RUNTIMES)
def test_an_uncaught_exception_is_described(cloud: FcCloud, runtime: str) -> None:
    """The description has message, type and trace as documented, and is logged; the process lives.

    Page "Error handling" of the Python runtimes: each frame is four texts, code is at /code.
    """
    needs(runtime)
    deploy(cloud, "def handler(event, context):\n    raise KeyError('oops')\n", runtime=runtime)

    failed, again = (cloud.fc.invoke(SERVICE, FUNCTION, b"") for _ in range(2))

    assert failed.error_type == "UnhandledInvocationError"
    assert json.loads(failed.payload) == {
        "errorMessage": "'oops'",
        "errorType": "KeyError",
        "stackTrace": [['File "/code/index.py"', "line 2", "in handler", "raise KeyError('oops')"]],
    }
    assert f"{failed.request_id} [ERROR] {failed.payload.decode()}\n" in failed.log
    assert failed.log.endswith(
        f"FC Invoke End RequestId: {failed.request_id}, Error: Unhandled function error\n"
    )
    assert again.instance_id == failed.instance_id


def test_without_the_runtime_s_python_another_one_serves_and_it_is_said(
    cloud: FcCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The running interpreter takes over, without the packages that it has itself."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    source = """
        import sys

        def handler(event, context):
            try:
                import hypothesis
            except ImportError:
                return "%d.%d" % sys.version_info[:2]
    """
    deploy(cloud, source, runtime="python3.9")

    version = cloud.fc.invoke(SERVICE, FUNCTION, b"").payload.decode()

    assert version == f"{sys.version_info.major}.{sys.version_info.minor}"
    started = cloud.journal.entries("fc", "started")[0].details
    assert (started["interpreter"], started["version"]) == (sys.executable, version)
    assert started["substituted"]
    assert cloud.fc.interpreter("python3.9").substituted


def test_a_python_that_refuses_to_run_is_passed_over(tmp_path: Path) -> None:
    """A shim on PATH that only complains is not taken for the Python that it is named after."""
    shim = script(tmp_path / "shims" / "python3.6", "exit 127")
    real = script(tmp_path / "versions" / "3.6.15" / "bin" / "python", "echo 3.6")
    environ = {"PATH": str(shim.parent), "PYENV_ROOT": str(tmp_path)}

    assert pythons.find("python3", environ).path == str(real)


def script(path: Path, command: str) -> Path:
    """An executable that does just this."""
    path.parent.mkdir(parents=True)
    path.write_text(f"#!/bin/sh\n{command}\n")
    path.chmod(0o755)
    return path
