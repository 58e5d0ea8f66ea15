"""A host that gives no answer is asked once, and told with its name and what happened."""

import socket
import threading
from collections.abc import Iterator

import pytest

from scripts import cli
from scripts.account.clients import fixed_credentials
from scripts.localcloud import LocalCloud
from scripts.stage.serve import environment

RULE_ID = "cr-a6129bc09da7009675a0"


@pytest.fixture(scope="module")
def cloud() -> Iterator[LocalCloud]:
    """A cloud with nothing on it."""
    with LocalCloud() as cloud:
        yield cloud


@pytest.fixture
def closed() -> Iterator[str]:
    """An address of this machine where nothing listens, and nothing else may begin to."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{held.getsockname()[1]}"


def examine(cloud: LocalCloud, **elsewhere: str) -> int:
    """The doctor's exit code, with some services to be found elsewhere."""
    endpoints = {f"RESOURCE_REPAIR_{name.upper()}_ENDPOINT": at for name, at in elsewhere.items()}
    environ = {**environment(cloud), **endpoints, "PREPARE_RULE_ID": RULE_ID}
    key = cloud.credentials
    held = fixed_credentials(key.access_key_id, key.access_key_secret)
    return cli.run("doctor", environ=environ, credentials=held)


def test_hosts_that_refuse_are_told_at_once(
    cloud: LocalCloud, closed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With all dead but STS the doctor tries nothing again, and names who refuses for what."""
    dead = dict.fromkeys(("oss", "fc", "ram", "mns", "config", "log"), f"http://{closed}")
    assert examine(cloud, **dead) == 1
    said = capsys.readouterr()
    assert "trying again" not in said.err
    told = " ".join(said.out.split())
    assert f"{closed} refuses connections: no local cloud is up there" in told
    assert said.out.count("not seen") == 30  # as they are looked at, and once more in the table


def test_a_host_that_hangs_up_is_soon_asked_no_more(
    cloud: LocalCloud, capsys: pytest.CaptureFixture[str]
) -> None:
    """One that takes calls and hangs up may have a bad moment: it is asked three times in all."""
    calls = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def hang_up() -> None:
            while True:
                try:
                    taken, _ = server.accept()
                except OSError:
                    return
                calls.append(taken.recv(1))
                taken.close()

        threading.Thread(target=hang_up, daemon=True).start()
        assert examine(cloud, config=f"http://127.0.0.1:{server.getsockname()[1]}") == 1
        server.shutdown(socket.SHUT_RDWR)
    assert len(calls) == 3
    assert "gave no answer" in capsys.readouterr().out
