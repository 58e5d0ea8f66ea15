"""What goes over the wire: one connection a bucket, four requests a repair, to whom we trust."""

import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from resource_repair import errors, oss
from resource_repair.timing import Clock, Deadline
from resource_repair.values import Credentials
from scripts.localcloud.pythons import RUNTIMES
from tests.contract import bundle_rig
from tests.contract.bundle_rig import Asked, CountingOss

ERROR = "UnsettledFindingsError"


@pytest.fixture(scope="module")
def folder(code: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle, unpacked."""
    return bundle_rig.unpack(code, tmp_path_factory.mktemp("code"))


@pytest.fixture(scope="module", params=sorted(RUNTIMES))
def python(request: pytest.FixtureRequest) -> str:
    """The interpreter of each runtime."""
    return bundle_rig.python_for(request.param)


@pytest.fixture
def counted() -> Iterator[CountingOss]:
    """An OSS that counts."""
    with bundle_rig.counting_oss() as running:
        yield running


def test_a_repair_is_four_requests_over_one_connection(
    folder: Path, python: str, counted: CountingOss
) -> None:
    """However many buckets: each has its four requests, and exactly one connection for them."""
    ran = bundle_rig.run(python, folder, counted.by_address, bundle_rig.findings(60))
    assert ran.outcomes() == {"repaired": 60}
    assert set(counted.requests().values()) == {4}
    assert len(counted.connections()) == 60
    assert set(counted.connections().values()) == {1}


def test_what_must_be_tried_again_goes_over_the_same_connection(
    folder: Path, counted: CountingOss
) -> None:
    """Throttled writes and read-backs, gone on with by any thread, need no second connection."""

    def throttled(asked: Asked, nth: int) -> int | None:
        return 503 if nth in (2, 5) else None  # the first write, and a read-back

    counted.trouble = throttled
    python = bundle_rig.python_for("python3.10")
    ran = bundle_rig.run(python, folder, counted.by_address, bundle_rig.findings(60))
    assert ran.outcomes() == {"repaired": 60}
    assert set(counted.requests().values()) == {7}
    assert set(counted.connections().values()) == {1}


def test_connections_do_not_pile_up(folder: Path, counted: CountingOss) -> None:
    """A bucket's connection is closed once it is dealt with: a large batch has few at a time."""
    python = bundle_rig.python_for("python3.10")
    ran = bundle_rig.run(python, folder, counted.by_address, bundle_rig.findings(150))
    assert ran.outcomes() == {"repaired": 150}
    assert counted.most_connections < 150


def test_a_batch_that_is_too_large_makes_progress(folder: Path, counted: CountingOss) -> None:
    """What is not done by the deadline is kept for a retry, which does the rest."""
    first_twenty = {each["resourceId"] for each in bundle_rig.findings(20)}

    def exhausted(asked: Asked, nth: int) -> int | None:
        return None if asked.bucket in first_twenty else 503

    counted.trouble = exhausted
    python, batch = bundle_rig.python_for("python3.10"), bundle_rig.findings(60)
    first = bundle_rig.run(python, folder, counted.by_address, batch, time_for=20)
    assert first.outcomes() == {"repaired": 20, "failed": 40}
    assert first.answers[0].startswith(f"{ERROR}: 40 not settled")

    counted.trouble = lambda *_: None
    retried = bundle_rig.run(python, folder, counted.by_address, batch)
    assert retried.answers == ["success"]
    assert retried.outcomes() == {"repaired": 40, "already_private": 20}


def test_tls_is_shaken_hands_on_once_a_bucket(code: Path, python: str, tmp_path: Path) -> None:
    """Over https too, bucket by bucket as hosts of their own, on each runtime; warm and cold."""
    with_key, alone = bundle_rig.certificate_for(tmp_path, "*.oss-cn-shanghai.oss.test")
    trusting = bundle_rig.unpack(code, tmp_path / "code", alone)
    first, second = bundle_rig.findings(8)[:4], bundle_rig.findings(8)[4:]
    with bundle_rig.counting_oss(with_key) as https:
        ran = bundle_rig.run(python, trusting, https.by_name, first, second)
    assert ran.outcomes() == {"repaired": 8}
    assert set(https.requests().values()) == {4}
    assert set(https.connections().values()) == {1}


@pytest.mark.parametrize(
    ("name", "trusted"),
    [("*.oss-cn-shanghai.oss.test", False), ("*.oss-cn-beijing.oss.test", True)],
)
def test_who_cannot_prove_to_be_oss_is_told_nothing(
    code: Path, python: str, tmp_path: Path, name: str, trusted: bool
) -> None:
    """A certificate that nobody vouches for, or of another host: no request, and no retry."""
    with_key, alone = bundle_rig.certificate_for(tmp_path, name)
    folder = bundle_rig.unpack(code, tmp_path / "code", *([alone] if trusted else []))
    with bundle_rig.counting_oss(with_key) as impostor:
        ran = bundle_rig.run(python, folder, impostor.by_name, bundle_rig.findings(2))
    assert impostor.asked == []
    assert ran.outcomes() == {"failed": 2}
    assert {line["reason"].split(":")[0] for line in ran.audit} == {"untrusted_host"}


def test_a_connection_that_was_closed_meanwhile_is_made_again(counted: CountingOss) -> None:
    """What OSS closed while a repair waited is no failure."""
    bucket = in_this_process(counted)
    try:
        bucket.read()
        connection = bucket._bucket.session._connection
        assert connection.sock is not None
        connection.sock.shutdown(socket.SHUT_RDWR)
        assert bucket.read().acl == "public-read"
    finally:
        bucket.close()
    assert counted.connections() == {"config-snapshot": 2}


def test_closing_ends_who_waits_for_an_answer(counted: CountingOss) -> None:
    """A repair that is given up while another thread asks: it waits no more, and holds nothing."""
    asked, may_answer = threading.Event(), threading.Event()

    def held(*_: object) -> None:
        asked.set()
        may_answer.wait(30)

    counted.trouble = held
    bucket = in_this_process(counted)
    session = bucket._bucket.session
    said: list[str] = []

    def read() -> None:
        try:
            bucket.read()
        except errors.TransientError as error:
            said.append(error.reason)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        assert asked.wait(30)
        bucket.close()
        reader.join(4)  # before the time of a read is up, and OSS has said nothing yet
        assert said == ["unanswered: RemoteDisconnected"]
        assert session._connection.sock is None
    finally:
        may_answer.set()
        reader.join(30)


def test_two_threads_may_close_at_once(counted: CountingOss) -> None:
    """At the deadline a repair is given up by one thread while another comes to its end."""

    class Contested(oss.Bucket):
        """One that is closed by another thread after each look at what is open."""

        def __getattribute__(self, name: str) -> object:
            found = super().__getattribute__(name)
            if name == "_opened":
                self._opened = None
            return found

    bucket = in_this_process(counted)
    contested = Contested(bucket._open, bucket._deadline)
    contested._opened = opened = bucket._open()
    assert contested._bucket is opened
    contested._opened = opened
    contested.close()
    assert opened.session._ended


_LEAST_TLS = """
import ssl, sys
sys.path.insert(0, sys.argv[1])
from resource_repair.transport import trust
without = ssl.OP_NO_TLSv1 | ssl.OP_NO_TLSv1_1
least = getattr(trust(), "minimum_version", None)
print((trust().options & without) == without or least == ssl.TLSVersion.TLSv1_2)
"""


def test_nothing_older_than_tls_1_2_is_spoken(folder: Path, python: str) -> None:
    """On each runtime, also on those whose own default is older, whatever OpenSSL they have."""
    command = [python, "-B", "-S", "-s", "-c", _LEAST_TLS, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"


def in_this_process(counted: CountingOss) -> oss.Bucket:
    """The bucket config-snapshot, as the function asks for it."""
    credentials, deadline = Credentials("id", "secret", "token"), Deadline(Clock(), 60)
    return oss.Oss(counted.by_address, credentials, deadline).bucket("config-snapshot", "cn-x")
