"""The command that keeps a local cloud up, as somebody has it who knows nothing of this product."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import oss2
import pytest

from scripts.localcloud import LocalCloud, command, switches
from tests.parts import free_ports

KEY, WHISPERED = "LTAI5tMine", "wouldBeKnown"


def test_what_is_named_is_what_it_has(tmp_path: Path) -> None:
    """Ports, account, region and key are those of the options; the secret comes out of a file."""
    first = free_ports(8)
    (tmp_path / "secret").write_text(f"{WHISPERED}\n")
    options = ["--port", str(first), "--account", "1234567890123456", "--region", "cn-beijing"]
    key = ["--key-id", KEY, "--key-secret-file", str(tmp_path / "secret")]
    with kept_up(*options, *key) as (_, found):
        assert found["ALICLOUD_LOCAL_OSS_ENDPOINT"] == f"http://127.0.0.1:{first}"
        assert found["ALICLOUD_LOCAL_CONTROL"] == f"http://127.0.0.1:{first + 7}"
        assert found["ALIBABA_CLOUD_ACCOUNT_ID"] == "1234567890123456"
        auth = oss2.AuthV4(KEY, WHISPERED)
        endpoint = found["ALICLOUD_LOCAL_OSS_ENDPOINT"]
        bucket = oss2.Bucket(auth, endpoint, "photos", region=found["ALIBABA_CLOUD_REGION_ID"])
        bucket.create_bucket()
        assert bucket.get_bucket_info().location == "oss-cn-beijing"


def test_a_secret_that_was_given_is_not_told_again() -> None:
    """It may be that of a real key: neither JSON nor lines have it."""
    for option in ([], ["--json"]):
        process = started("--key-id", KEY, *option, **{command.SECRET: WHISPERED})
        try:
            assert process.stdout
            told = process.stdout.readline()
            while "ALICLOUD_LOCAL_CONTROL" not in told:
                told += process.stdout.readline()
        finally:
            process.send_signal(signal.SIGTERM)
            rest, complaints = process.communicate(timeout=30)
        assert WHISPERED not in told + rest + complaints
        assert KEY in told


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--key-id", KEY], f"set {command.SECRET}, or --key-secret-file"),
        (["--key-secret-file", "x"], "--key-id"),
        (["--key-id", KEY, "--key-secret-file", "nowhere"], "nowhere"),
        (["--port", "disk=9000"], "oss, fc, ram, sts, mns, config, log, control=<number>"),
        (["--port", "oss=70000"], "ports end with 65535"),
        (["--port", "65530"], "ports end with 65535"),
        (["--set", "oss.magic=1"], "there is no switch 'oss.magic'"),
        (["--set", "oss.accepts_v1=perhaps"], "oss.accepts_v1 is true or false, not 'perhaps'"),
        (["--set", "config.evaluates_after=nan"], "config.evaluates_after"),
        (["--time-scale", "nan"], "--time-scale"),
        (["--host", "192.0.2.1"], "nobody can listen at 192.0.2.1:0"),
    ],
)
def test_what_cannot_be_is_said(
    options: list[str],
    says: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    in_foreground: None,
) -> None:
    """With exit code 2, the option or the variable that is to be another, and nothing left open."""
    monkeypatch.delenv(command.SECRET, raising=False)
    with pytest.raises(SystemExit) as ended:
        command.main(options)
    assert ended.value.code == 2
    assert says in capsys.readouterr().err


def test_a_port_that_is_taken_is_named(
    capsys: pytest.CaptureFixture[str], in_foreground: None
) -> None:
    """Of a service as of the control endpoint."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for name in ("log", "control"):
            with pytest.raises(SystemExit):
                command.main(["--port", f"{name}={port}"])
            assert f"127.0.0.1:{port}: Address already in use" in capsys.readouterr().err


def test_strict_sets_each_switch_and_set_has_the_last_word() -> None:
    """Each name is an attribute of the cloud, of the same kind as before."""
    with LocalCloud() as cloud:
        before = {name: value(cloud, name) for name in switches.SWITCHES}
        switches.be_strict(cloud)
        strict = {name: value(cloud, name) for name in switches.SWITCHES}
        for name, switch in switches.SWITCHES.items():
            assert type(strict[name]) is type(before[name])
            as_text = str(strict[name]).lower().removesuffix(".0")
            assert as_text == (switch.strict or str(before[name]).lower())
        assert cloud.oss.block_new_buckets is True
        switches.set_switch(cloud, "oss.block_new_buckets", "false")
        assert cloud.oss.block_new_buckets is False


def test_whoever_listens_to_others_is_told_what_these_can_do() -> None:
    """On the error stream, so that the lines stay lines to evaluate."""
    with kept_up("--host", "0.0.0.0", "--control-host", "0.0.0.0") as (process, found):  # noqa: S104
        assert found["ALICLOUD_LOCAL_OSS_ENDPOINT"].startswith("http://127.0.0.1:")
        process.send_signal(signal.SIGTERM)
        _, complaints = process.communicate(timeout=30)
    assert "whoever reaches 0.0.0.0 and has the key can run code here" in complaints
    assert "whoever reaches 0.0.0.0 can reset this cloud" in complaints


def value(cloud: LocalCloud, name: str) -> object:
    """What a switch stands at."""
    part: object = cloud
    for each in name.split("."):
        part = getattr(part, each)
    return part


def started(*options: str, **variables: str) -> "subprocess.Popen[str]":
    """`python -m` of the package, as a process."""
    return subprocess.Popen(
        [sys.executable, "-m", "scripts.localcloud", *options],
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def kept_up(
    *options: str, **variables: str
) -> Iterator[tuple["subprocess.Popen[str]", dict[str, str]]]:
    """The process and what it told, until the end."""
    with started("--json", *options, **variables) as process:
        try:
            assert process.stdout
            yield process, json.loads(process.stdout.readline())
        finally:
            process.kill()
