"""A host that gives no answer is asked once, and told with its name and what happened."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

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


def examine(cloud: LocalCloud, *verb: str, **elsewhere: str) -> int:
    """The exit code of a verb (the doctor's), with some services to be found elsewhere."""
    endpoints = {f"RESOURCE_REPAIR_{name.upper()}_ENDPOINT": at for name, at in elsewhere.items()}
    environ = {**environment(cloud), **endpoints, "PREPARE_RULE_ID": RULE_ID}
    key = cloud.credentials
    held = fixed_credentials(key.access_key_id, key.access_key_secret)
    return cli.run(*(verb or ("doctor",)), environ=environ, credentials=held)


@contextmanager
def hanging_up() -> Iterator[tuple[str, list[bytes]]]:
    """A host that takes calls and hangs up, and the calls that it took."""
    calls: list[bytes] = []
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
        yield f"http://127.0.0.1:{server.getsockname()[1]}", calls
        server.shutdown(socket.SHUT_RDWR)


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
    assert said.out.count("not seen") == 38  # as they are looked at, and once more in the table


def test_a_host_that_hangs_up_is_soon_asked_no_more(
    cloud: LocalCloud, capsys: pytest.CaptureFixture[str]
) -> None:
    """One that takes calls and hangs up may have a bad moment: it is asked three times in all."""
    with hanging_up() as (host, calls):
        assert examine(cloud, config=host) == 1
    assert len(calls) == 3
    assert "gave no answer" in capsys.readouterr().out


STATUS = ("status", "--bucket", "a-bucket")


def test_oss_that_refuses_is_told_at_once(
    cloud: LocalCloud, closed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """OSS has another SDK than the others, and the same rule: not tried again, and named."""
    assert examine(cloud, *STATUS, oss=f"http://{closed}") == 1
    said = capsys.readouterr().err
    assert "trying again" not in said
    assert f"{closed} refuses connections: no local cloud is up there" in said


def test_oss_that_hangs_up_is_soon_asked_no_more(
    cloud: LocalCloud, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever is asked of it: three times in all."""
    with hanging_up() as (host, calls):
        assert examine(cloud, *STATUS, oss=host) == 1
    assert len(calls) == 3
    assert "gave no answer" in capsys.readouterr().err
