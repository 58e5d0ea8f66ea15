"""How a local cloud ends, whether it ever began or not."""

import socket
from concurrent.futures import ThreadPoolExecutor

import pytest

from scripts.localcloud import LocalCloud


def test_a_cloud_that_never_began_ends() -> None:
    """And so does one that has ended: `stop` may be called at any time, and leaves no port open."""
    cloud = LocalCloud()
    with ThreadPoolExecutor(1) as apart:
        apart.submit(cloud.stop).result(timeout=20)
        apart.submit(cloud.stop).result(timeout=20)
    for listener in cloud.listeners.values():
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", listener.port)) != 0


def test_a_cloud_that_cannot_listen_leaves_no_port_open() -> None:
    """Where one port is taken, those of the services before it are free again."""
    with LocalCloud() as first:
        mns = first.listeners["mns"].port
        free = LocalCloud()
        free.stop()
        oss = free.listeners["oss"].port
        with pytest.raises(OSError, match=f"127.0.0.1:{mns}: Address already in use"):
            LocalCloud(ports={"oss": oss, "mns": mns})
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", oss))


def test_a_port_for_a_service_that_there_is_not_is_refused() -> None:
    """By its name, before anything listens."""
    with pytest.raises(ValueError, match="no service disk"):
        LocalCloud(ports={"disk": 9000})
