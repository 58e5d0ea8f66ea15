"""Cloud Config beside real OSS and MNS states, and its real client."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from alibabacloud_config20200907.client import Client

from scripts.localcloud.clock import Clock
from scripts.localcloud.config.api import ConfigService
from scripts.localcloud.config.channels import Channel
from scripts.localcloud.config.rules import Rule
from scripts.localcloud.config.state import ConfigState
from scripts.localcloud.faults import Faults
from scripts.localcloud.http import Listener
from scripts.localcloud.journal import Journal
from scripts.localcloud.mns.delivery import Message
from scripts.localcloud.mns.state import MnsState
from scripts.localcloud.oss.state import OssState
from scripts.localcloud.ram.state import Credentials, RamState
from scripts.localcloud.service import Core
from tests.contract.rpc import signing

ACCOUNT = "1208863178610000"
TOPIC = "MNSTestConfig"
TOPIC_ARN = f"acs:mns:cn-shanghai:{ACCOUNT}:/topics/{TOPIC}"
PUBLIC_READ = "oss-bucket-public-read-prohibited"
PUBLIC_WRITE = "oss-bucket-public-write-prohibited"


class HeldClock(Clock):
    """A clock whose waits last until `gate` is set: what is asked meanwhile stays pending."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()

    def wait(self, seconds: float, cut: threading.Event | None = None) -> bool:  # noqa: ARG002  (not by time)
        """Wait for the gate."""
        self.gate.wait()
        return not self.stopped

    def stop(self) -> None:
        """Stop, and let every wait end."""
        super().stop()
        self.gate.set()


class ConfigRig:
    """The states, and what a subscriber of the topic has received."""

    def __init__(self, clock: Clock) -> None:
        self.core = Core(ACCOUNT, "cn-shanghai", clock, Journal(), Faults())
        self.ram = RamState(self.core)
        self.oss = OssState(self.core, put_acl_needs_put_bucket=False)
        self.mns = MnsState(self.core, duplicates=0)
        self.config = ConfigState(self.core, self.oss, self.mns)
        self.listener = Listener(ConfigService(self.core, self.config, self.ram))
        self.bodies: list[str] = []
        self.mns.create_topic(TOPIC)
        self.mns.subscribe(TOPIC, "reader", strategy="BACKOFF_RETRY", push=self._receive)

    def client(self, credentials: Credentials | None = None) -> Client:
        """The SDK's client, with the account's own key unless told otherwise."""
        endpoint = f"127.0.0.1:{self.listener.port}"
        return Client(signing(endpoint, credentials or self.ram.root))

    def with_rule(self, source: str = PUBLIC_READ, risk_level: int = 2) -> Rule:
        """A rule with a channel to the topic, its first evaluation done."""
        if not self.config.channels():
            self.config.create_channel(Channel(TOPIC_ARN))
        rule = self.config.create_rule(f"test-{source}", source, risk_level=risk_level)
        self.settle()
        return rule

    def settle(self) -> None:
        """Wait until everything was evaluated and everything published was received."""
        assert self.config.wait_idle(30)
        assert self.mns.wait_idle(30)

    def read_often(self) -> None:
        """Read the rules as often as one that is new, or deleted, is not shown as it is."""
        for _ in range(self.config.lag.reads):
            self.config.shown_rules()

    def received(self) -> list[dict[str, Any]]:
        """The findings received since last asked."""
        self.settle()
        bodies, self.bodies = self.bodies, []
        return [json.loads(body) for body in bodies]

    def reported(self) -> list[str]:
        """The buckets of those findings, in alphabetical order."""
        return sorted(
            finding["evaluationResultIdentifier"]["evaluationResultQualifier"]["resourceId"]
            for finding in self.received()
        )

    def compliance(self, rule: Rule) -> dict[str, str]:
        """What the rule knows about each bucket."""
        self.settle()
        return {result.bucket: result.compliance for result in self.config.results(rule.id)}

    def _receive(self, message: Message) -> bool:
        self.bodies.append(message.body)
        return True


@contextmanager
def config_rig(clock: Clock) -> Iterator[ConfigRig]:
    """A rig that serves, and stops clean."""
    rig = ConfigRig(clock)
    rig.listener.start()
    try:
        yield rig
    finally:
        clock.stop()
        rig.config.stop()
        rig.mns.stop()
        rig.listener.stop()


@pytest.fixture
def rig() -> Iterator[ConfigRig]:
    """Cloud Config with time compressed to nothing."""
    with config_rig(Clock(scale=0)) as rig:
        yield rig


@pytest.fixture
def config(rig: ConfigRig) -> Client:
    """The account's own client."""
    return rig.client()
