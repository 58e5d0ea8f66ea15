"""The cloud that a person keeps up: what it prints is enough to use it, and it stops clean."""

import itertools
import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from alibabacloud_config20200907.models import ListConfigRulesRequest
from alibabacloud_fc_open20210406.models import (
    Code,
    CreateFunctionRequest,
    CreateServiceRequest,
    InvokeFunctionRequest,
    ListServicesRequest,
)
from alibabacloud_mns_open20220119.models import ListTopicRequest
from alibabacloud_ram20150501.models import ListRolesRequest
from alibabacloud_sls20201230.models import ListProjectRequest

from scripts.account.clients import Clients, Endpoints, fixed_credentials
from tests import documents
from tests.contract.fc_helpers import QUICK, zip_file

ROOT = Path(__file__).parents[2]
SERVICES = ("OSS", "FC", "RAM", "STS", "MNS", "CONFIG", "LOG")
NAMES = {
    "ALIBABA_CLOUD_ACCESS_KEY_ID",
    "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
    "ALIBABA_CLOUD_ACCOUNT_ID",
    "ALIBABA_CLOUD_REGION_ID",
    "ALICLOUD_LOCAL_CONTROL",
    *(f"RESOURCE_REPAIR_{service}_ENDPOINT" for service in SERVICES),
    "s_default_fc_endpoint",
    "s_default_enable_fc_endpoint",
    "FC_CLIENT_CUSTOM_ENDPOINT",
    "NO_PROXY",
    "no_proxy",
}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_clients_find_the_cloud_until_it_is_stopped(number: signal.Signals) -> None:
    """With what --json prints, SDKs reach each service; a signal ends it all with exit code 0."""
    with cloud_by_hand("--json") as process:
        assert process.stdout
        found: dict[str, str] = json.loads(process.stdout.readline())
        assert set(found) == NAMES
        use(found)
        process.send_signal(number)
        _, complaints = process.communicate(timeout=30)
    assert (process.returncode, complaints) == (0, "")
    assert refuses_connections(found["RESOURCE_REPAIR_OSS_ENDPOINT"])


def test_a_shell_can_evaluate_what_is_printed() -> None:
    """The lines, evaluated, set each variable, and clear a token left from a real login."""
    with cloud_by_hand() as process:
        assert process.stdout
        last = f"# Stop it with Ctrl-C, or: kill {process.pid}\n"
        lines = "".join(itertools.takewhile(lambda line: line != last, process.stdout))
        stale = {**os.environ, "ALIBABA_CLOUD_SECURITY_TOKEN": "stale"}
        show = [sys.executable, "-c", "import json, os; print(json.dumps(dict(os.environ)))"]
        shell = ["sh", "-c", 'eval "$0"; exec "$@"', lines, *show]
        found = json.loads(subprocess.check_output(shell, env=stale, text=True))
        assert set(found) >= NAMES
        assert "ALIBABA_CLOUD_SECURITY_TOKEN" not in found
        assert found["s_default_fc_endpoint"] == found["RESOURCE_REPAIR_FC_ENDPOINT"]
        assert found["s_default_enable_fc_endpoint"] == "true"
        assert found["FC_CLIENT_CUSTOM_ENDPOINT"] == found["RESOURCE_REPAIR_FC_ENDPOINT"]
        use(found)


def test_a_function_on_it_finds_its_oss() -> None:
    """What is deployed to it, by whatever client, has the cloud's own OSS in its environment."""
    source = "import os\ndef handler(event, context):\n    return os.environ['ossEndpoint']\n"
    with cloud_by_hand("--json") as process:
        assert process.stdout
        found: dict[str, str] = json.loads(process.stdout.readline())
        fc = clients_of(found).fc
        fc.create_service(CreateServiceRequest(service_name="any"))
        function = CreateFunctionRequest(
            function_name="any",
            runtime=QUICK,
            handler="index.handler",
            code=Code(zip_file=zip_file(source)),
        )
        fc.create_function("any", function)
        answer = fc.invoke_function("any", "any", InvokeFunctionRequest())
    assert answer.body.decode() == found["RESOURCE_REPAIR_OSS_ENDPOINT"]


def test_the_page_s_commands_lead_from_a_bundle_to_a_sound_account(tmp_path: Path) -> None:
    """In a fresh copy, one after another, as docs/local-cloud.md has them."""
    copy = copied(tmp_path / "copy")
    build, keep, *use = documents.block("docs/local-cloud.md", "$ make bundle\n").commands
    command, into = keep.removesuffix(" &").split(" > ")
    own = {key: value for key, value in os.environ.items() if not key.startswith(("MAKE", "s_"))}
    subprocess.run(shlex.split(build), cwd=copy, env=own, check=True, capture_output=True)
    with subprocess.Popen(
        shlex.split(command), cwd=copy, env=own, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        told = []
        for line in process.stdout:
            told.append(line)
            if line.startswith("# Stop it with Ctrl-C, or: kill "):
                break
        try:
            (copy / into).write_text("".join(told))
            shell = ["sh", "-ec", "\n".join(use)]
            subprocess.run(shell, cwd=copy, env=own, check=True, capture_output=True)
        finally:
            os.kill(int(told[-1].split()[-1]), signal.SIGTERM)


def copied(folder: Path) -> Path:
    """The project without what was built, and with what is installed here."""
    unwanted = shutil.ignore_patterns("__pycache__", "bench")
    for name in ("scripts", "code"):
        shutil.copytree(ROOT / name, folder / name, ignore=unwanted)
    for name in ("Makefile", "s.yaml"):
        shutil.copy(ROOT / name, folder)
    environment = folder / ".venv"
    environment.mkdir()
    for name in ("bin", "lib", "lib64", "include", "pyvenv.cfg"):
        (environment / name).symlink_to(Path(sys.prefix, name))
    (environment / ".ready").touch()  # after the locks
    return folder


@contextmanager
def cloud_by_hand(*options: str) -> Iterator["subprocess.Popen[str]"]:
    """`python -m scripts.stage.serve` as a process, ended at the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "scripts.stage.serve", *options],
        cwd=ROOT,
        env={**os.environ, "PYTHONUNBUFFERED": ""},  # what is not flushed must not arrive
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def clients_of(found: dict[str, str]) -> Clients:
    """The SDKs' clients, by nothing but what was printed."""
    key = (found["ALIBABA_CLOUD_ACCESS_KEY_ID"], found["ALIBABA_CLOUD_ACCESS_KEY_SECRET"])
    return Clients(
        "cn-shanghai",
        credentials=fixed_credentials(*key),
        endpoints=Endpoints.from_environment(found),
    )


def use(found: dict[str, str]) -> None:
    """Ask every service something that an SDK with the right key and endpoint is answered."""
    clients = clients_of(found)
    assert clients.account_id == found["ALIBABA_CLOUD_ACCOUNT_ID"]
    bucket = clients.bucket("config-snapshot")
    bucket.create_bucket("public-read")
    assert bucket.get_bucket_acl().acl == "public-read"
    answers = [
        clients.mns.list_topic(ListTopicRequest()),
        clients.fc.list_services(ListServicesRequest()),
        clients.ram.list_roles(ListRolesRequest()),
        clients.config.list_config_rules(ListConfigRulesRequest()),
        clients.log.list_project(ListProjectRequest()),
    ]
    assert [answer.status_code for answer in answers] == [200] * 5


def refuses_connections(url: str) -> bool:
    """Whether nothing listens at `url` any more."""
    parts = urlsplit(url)
    with socket.socket() as probe:
        return probe.connect_ex((parts.hostname, parts.port)) != 0
