"""Runs of a function are told apart by their keys, and end when their processes are taken away."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from scripts.localcloud.ram import policies
from tests.contract.fc_helpers import ECHO, FUNCTION, SERVICE, FcCloud, deploy

WAITS = "import time\ndef handler(event, context):\n    time.sleep(60)\n"
KEY = "def handler(event, context):\n    return context.credentials.access_key_id\n"


@pytest.fixture
def cloud() -> Iterator[FcCloud]:
    """An empty cloud."""
    with FcCloud() as running:
        yield running


def a_role(cloud: FcCloud) -> str:
    """A role that Function Compute may assume."""
    cloud.ram.create_role("repairer", policies.trust("fc.aliyuncs.com"))
    return cloud.ram.arn("repairer")


def test_with_fresh_keys_each_run_has_its_own_which_the_journal_names(cloud: FcCloud) -> None:
    """Two runs in one process, one after the other."""
    cloud.fc.fresh_keys = True
    deploy(cloud, KEY, role=a_role(cloud))

    given = [cloud.fc.invoke(SERVICE, FUNCTION, event).payload.decode() for event in (b"1", b"2")]

    noted = [each.details for each in cloud.journal.entries("fc", "invoked")]
    assert [each["access_key_id"] for each in noted] == given
    assert [each["event"] for each in noted] == [b"1", b"2"]
    assert len(set(given)) == 2


def test_without_them_keys_are_used_again(cloud: FcCloud) -> None:
    """As is documented: they are valid for 36 hours."""
    deploy(cloud, KEY, role=a_role(cloud))

    assert len({cloud.fc.invoke(SERVICE, FUNCTION, b"").payload for _ in range(2)}) == 1


def test_a_process_that_is_taken_away_fails_its_run_alone(cloud: FcCloud) -> None:
    """Who waits is told so at once, and the next run gets another process."""
    deploy(cloud, WAITS)
    with ThreadPoolExecutor(1) as other:
        running = other.submit(cloud.fc.invoke, SERVICE, FUNCTION, b"")
        assert cloud.journal.wait_for(lambda all_: any(e.action == "started" for e in all_), 60)
        while not cloud.fc.kill_busy():  # it is started, and perhaps not at work yet
            pass

    assert b"Process exited unexpectedly" in running.result().payload
    assert cloud.fc.kill_busy() == 0
    deploy(cloud, ECHO)
    assert cloud.fc.invoke(SERVICE, FUNCTION, b"again").payload == b"again"
