"""Proxies of the environment: none for this machine, one beyond it, which is named if it fails."""

import contextlib
import os
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from alibabacloud_credentials.client import Client as Credentials
from alibabacloud_credentials.models import Config as CredentialsConfig
from alibabacloud_fc_open20210406.models import ListServicesRequest
from alibabacloud_sls20201230.models import ListProjectRequest
from requests import adapters

from scripts import ROOT
from scripts.account import addresses, deployed_function
from scripts.account.buckets import Bucket
from scripts.account.clients import Clients, Endpoints, calling, fixed_credentials
from scripts.errors import CloudError
from scripts.localcloud import LocalCloud
from scripts.localcloud.http import Listener, Request, Response
from scripts.stage import demo
from scripts.stage.serve import environment
from scripts.stage.stage import clients_of
from tests import trap

FAR = "cloud.example.com"
ELSEWHERE = Endpoints(**dict.fromkeys(Endpoints._fields, f"https://{FAR}"))
CALLS: dict[str, Callable[[Clients], object]] = {
    "sts:GetCallerIdentity": lambda clients: clients.account_id,
    "fc:ListServices": lambda clients: clients.fc.list_services(ListServicesRequest()),
    "log:ListProject": lambda clients: clients.log.list_project(ListProjectRequest()),
    "oss:GetBucketInfo": lambda clients: Bucket(clients, "config-snapshot").info(),
    "fc:GetFunctionCode": lambda _: deployed_function._download(
        f"https://{FAR}/code", "a function"
    ),
}


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Listener]:
    """A proxy that lets nobody through, and that the environment names."""
    with trap.listening() as listening:
        trap.name(monkeypatch, listening.port)
        yield listening


def told(operation: str) -> str:
    """What is told of a call to a host beyond this machine, which must not succeed."""
    clients = Clients(
        "cn-shanghai", credentials=fixed_credentials("id", "secret"), endpoints=ELSEWHERE
    )
    with pytest.raises(CloudError) as caught, calling(operation, "it"):
        CALLS[operation](clients)
    return str(caught.value)


@pytest.mark.parametrize("operation", CALLS)
def test_an_error_of_a_call_names_the_proxy_that_lets_nobody_through(
    operation: str, proxy: Listener
) -> None:
    """Host and port, by whichever SDK it is asked; never the proxy's user or password."""
    line = told(operation)
    assert proxy.connections > 0
    assert f"failed by way of proxy 127.0.0.1:{proxy.port}: NoUsableAnswer; " in line
    assert "run again" in line
    assert trap.USER not in line
    assert trap.PASSWORD not in line


@pytest.mark.parametrize("scheme", ["http", "https", "socks5"])
@pytest.mark.parametrize("operation", CALLS)
def test_an_error_of_a_call_names_the_proxy_that_is_not_there(
    operation: str, scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same where nobody listens, and of a kind that needs what is not installed."""
    with socket.socket() as taken:  # bound, and nobody listens
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        trap.name(monkeypatch, port, scheme)
        line = told(operation)
    assert f"failed by way of proxy 127.0.0.1:{port}: NoUsableAnswer; " in line
    assert "example.com refuses connections" not in line  # it was asked nothing
    assert trap.USER not in line
    assert trap.PASSWORD not in line


def test_an_error_of_a_call_that_went_by_no_proxy_names_none(proxy: Listener) -> None:
    """Nor where the call before did, where a log project is asked, or where no SDK asks proxies."""
    with LocalCloud() as cloud, contextlib.ExitStack() as stack:
        clients = clients_of(cloud, cloud.region)
        queue = clients.queue("no-such-queue")
        stack.callback(queue.mns_client.close_connection)
        calls: list[Callable[[], object]] = [
            lambda: clients.log.get_log_store("a-project", "a-store"),
            lambda: Bucket(clients, "no-such-bucket").info(),
            queue.get_attributes,
        ]
        for call in calls:
            told("sts:GetCallerIdentity")
            with pytest.raises(CloudError) as caught, calling("some:Call", "it"):
                call()
            assert "proxy" not in str(caught.value)


def test_the_demo_and_its_function_use_no_proxy(code: Path, proxy: Listener) -> None:
    """With a proxy in the environment all is as promised, and the proxy is asked nothing."""
    assert demo.main() == 0  # `code`: what pip fetches for a bundle is there by now
    assert proxy.connections == 0


def test_a_verb_s_process_uses_no_proxy(proxy: Listener) -> None:
    """A verb started as a person starts it: what it says is its answer, from the local cloud."""
    with LocalCloud() as cloud:
        command = [sys.executable, "-m", "scripts", "remove", "--dry-run"]
        environ = {**os.environ, **environment(cloud), "PREPARE_RULE_ID": "cr-1"}
        spoiled = {**environ, "NO_PROXY": "", "no_proxy": ""}
        done = subprocess.run(
            command, cwd=ROOT, env=spoiled, capture_output=True, text=True, check=False
        )
    assert (done.returncode, done.stderr) == (0, "")
    assert proxy.connections == 0


def test_credentials_from_this_machine_are_fetched_directly(proxy: Listener) -> None:
    """What hands out credentials at a loopback URL is asked itself: they are secret."""

    class Giving:
        def handle(self, _: Request) -> Response:
            answer = (
                b'{"Code": "Success", "AccessKeyId": "id", "AccessKeySecret": "secret",'
                b' "SecurityToken": "token", "Expiration": "2999-01-01T00:00:00Z"}'
            )
            return Response(200, answer)

    giver = Listener(Giving())
    giver.start()
    try:
        config = CredentialsConfig(type="credentials_uri", credentials_uri=f"{giver.url}/key")
        assert Credentials(config).get_credential().access_key_id == "id"
    finally:
        giver.stop()
    assert proxy.connections == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "localhost", "LOCALHOST", "[::1]"])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_no_name_of_this_machine_is_asked_by_a_proxy(host: str, scheme: str) -> None:
    """By http and https, whatever it is called."""
    given = {"http": "http://127.0.0.1:9", "https": "http://127.0.0.1:9"}
    chosen = adapters.select_proxy(f"{scheme}://{host}:8080/", given)  # type: ignore[attr-defined]
    assert chosen is None


def test_no_proxy_of_the_user_s_own_holds_for_every_sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also for those SDKs that do not read NO_PROXY; every other host goes by the proxy."""
    trap.name(monkeypatch, 9)
    monkeypatch.setenv("NO_PROXY", ".aliyuncs.com")
    given = {"https": "http://127.0.0.1:9"}
    select = adapters.select_proxy  # type: ignore[attr-defined]
    assert select("https://ram.aliyuncs.com/", given) is None
    assert select(f"https://{FAR}/", given) == given["https"]


@pytest.mark.parametrize(
    ("own", "spared"),
    [
        ({}, "127.0.0.1,::1,localhost"),
        ({"NO_PROXY": "a.example, b.example"}, "a.example,b.example,127.0.0.1,::1,localhost"),
        ({"no_proxy": "a.example"}, "a.example,127.0.0.1,::1,localhost"),
        ({"NO_PROXY": "a", "no_proxy": "b,localhost"}, "a,b,localhost,127.0.0.1,::1"),
        ({"NO_PROXY": "*"}, "*"),
    ],
)
def test_no_proxy_is_kept_and_added_to(own: dict[str, str], spared: str) -> None:
    """What the user's NO_PROXY says stays, in both spellings, and this machine is added."""
    assert addresses.sparing_loopback(own) == {"NO_PROXY": spared, "no_proxy": spared}


def test_the_tests_themselves_pass_by_every_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """What tests ask with is told to spare this machine, whatever proxy a developer has."""
    spared = {each: os.environ[each] for each in ("NO_PROXY", "no_proxy")}
    trap.name(monkeypatch, 9)
    for each, hosts in spared.items():
        monkeypatch.setenv(each, hosts)
    for url in ("http://127.0.0.1:1/", "http://localhost:1/", "http://[::1]:1/"):
        assert not requests.utils.get_environ_proxies(url)
    assert urllib.request.proxy_bypass("127.0.0.1")
