"""The local cloud as a whole: its services wired together and kept on loopback ports."""

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from .clients import Clients
from .clock import Clock
from .config.api import ConfigService
from .config.state import ConfigState
from .faults import Faults
from .fc.api import FcService
from .fc.state import FcState
from .http import LOOPBACK, Listener
from .journal import Journal
from .log.api import LogService
from .log.state import LogState
from .mns.api import MnsService
from .mns.state import MnsState
from .oss.api import OssService
from .oss.state import OssState
from .ram.api import RamService
from .ram.state import Credentials, RamState
from .rewinding import Memory, Rewindable
from .service import Core, Service
from .sts.api import StsService
from .switches import answer_as

_ROUNDS = 100
_PATIENCE = 60  # seconds for a request to end whose waits have ended


class Endpoints(NamedTuple):
    """Where each service listens: `http://<host>:<port>`."""

    oss: str
    fc: str
    ram: str
    sts: str
    mns: str
    config: str
    log: str


class Snapshot(NamedTuple):
    """All that a cloud held at a time."""

    cloud: "LocalCloud"
    parts: tuple[Memory, ...]

    def __repr__(self) -> str:
        return "<a snapshot of a local cloud>"


class LocalCloud:
    """A whole cloud in this process: `with LocalCloud() as cloud:`.

    One account, one region for all but OSS, which serves every region at one endpoint and goes by
    the region of the signature. Nothing leaves loopback, unless `host` names another address of
    this machine; nothing outlives `stop`. `ports` are those of the services that are to have one in
    particular (`{"oss": 9000}`), `access_key` the id and the secret of the account itself: others
    are free, or made. Raises OSError for a host or a port that is not to be had, and ValueError for
    the port of a service that there is not.

    `time_scale` multiplies the cloud's own delays (0.01: a hundred times as fast).
    `function_environment` is laid under each function's own environment variables, and may be added
    to later, as `fc.function_environment`: it is how a local function finds the local OSS.
    `put_acl_needs_put_bucket` is whether PutBucketAcl on a bucket that does not exist also needs
    `oss:PutBucket` (undocumented). `duplicates` delivers every message on a topic so many more
    times. `probed` is a file of what an account answered (`switches.answer_as`), by which switches
    are set; it raises as that does.
    """

    def __init__(
        self,
        *,
        account_id: str = "1208863178610000",
        region: str = "cn-shanghai",
        time_scale: float = 0.01,
        function_environment: Mapping[str, str] | None = None,
        put_acl_needs_put_bucket: bool = False,
        duplicates: int = 0,
        host: str = LOOPBACK,
        ports: Mapping[str, int] | None = None,
        access_key: tuple[str, str] | None = None,
        probed: Path | None = None,
    ) -> None:
        self.account_id = account_id
        self.region = region
        self.clock = Clock(time_scale)
        self.journal = Journal()
        self.faults = Faults()
        core = Core(account_id, region, self.clock, self.journal, self.faults)
        self.spreading = core.spreading
        self.ram = RamState(core, Credentials(*access_key) if access_key else None)
        self.oss = OssState(core, put_acl_needs_put_bucket=put_acl_needs_put_bucket)
        self.mns = MnsState(core, duplicates=duplicates)
        self.log = LogState(core)
        self.fc = FcState(
            core, self.ram, self.mns, self.log, self.oss, dict(function_environment or {})
        )
        self.config = ConfigState(core, self.oss, self.mns)
        services: list[Service] = [
            OssService(core, self.oss, self.ram),
            FcService(core, self.fc, self.ram),
            RamService(core, self.ram),
            StsService(core, self.ram),
            MnsService(core, self.mns, self.ram),
            ConfigService(core, self.config, self.ram),
            LogService(core, self.log, self.ram),
        ]
        self._parts: tuple[Rewindable, ...] = (
            *(self.clock, self.journal, self.faults, self.spreading),
            *(self.ram, self.oss, self.mns, self.log, self.fc, self.config),
        )
        if probed:
            answer_as(self, probed)
        self.listeners = _listeners(services, host, ports or {})
        self.endpoints = Endpoints(**{name: at.url for name, at in self.listeners.items()})

    @property
    def credentials(self) -> Credentials:
        """The access key of the account itself."""
        return self.ram.root

    @functools.cached_property
    def clients(self) -> Clients:
        """SDK clients of the account itself, each made when it is first asked for."""
        return Clients(self.endpoints._asdict(), self.region, *self.credentials[:2])

    def start(self) -> "LocalCloud":
        """Begin to serve; what `with` does on entry."""
        for listener in self.listeners.values():
            listener.start()
        return self

    def stop(self) -> None:
        """End every wait, function, delivery and connection; what `with` does at its end."""
        if "clients" in vars(self):
            self.clients.close()
        self._end_work()
        self.fc.stop()
        for listener in self.listeners.values():
            listener.stop()

    def wait_idle(self, timeout: float = 60) -> bool:
        """Wait until no evaluation, delivery or asynchronous invocation is pending.

        False after `timeout` seconds in which one of these did not rest.
        """
        parts = (self.config, self.mns, self.fc)
        # Each can give work to the next, and an invocation to the first: go round until all rest.
        for _ in range(_ROUNDS):
            before = self.journal.position
            if not all(part.wait_idle(timeout) for part in parts):
                return False
            if self.journal.position == before:
                return True
        return False

    def settle(self) -> None:
        """Let what was made or deleted until now show as it is, as when minutes have passed."""
        self.config.lag.end()
        self.log.lateness.end()
        self.spreading.end()

    def snapshot(self, timeout: float = 60) -> Snapshot:
        """All that the cloud holds, for `rollback`; for when nobody else is using it.

        Raises RuntimeError if something is going on that does not end in `timeout` seconds.
        """
        answered = all(listener.wait_idle(timeout) for listener in self.listeners.values())
        if not (answered and self.wait_idle(timeout)):
            raise RuntimeError("this local cloud does not rest: something is held or retried")
        return Snapshot(self, tuple(part.snapshot() for part in self._parts))

    def rollback(self, snapshot: Snapshot) -> None:
        """Hold again what was held at a snapshot of this cloud, which stays good for another time.

        All work under way is ended first, and nothing comes of it: evaluations, deliveries, retries
        and functions, whose processes end, idle ones too unless `fc.stays_warm`. Requests under way
        are not answered, or in vain. Only the real time that has passed stays so.
        """
        if snapshot.cloud is not self:
            raise ValueError("this is a snapshot of another local cloud")
        for listener in self.listeners.values():
            listener.shut()
        self._end_work()
        self.fc.suspend()
        if not all(listener.wait_idle(_PATIENCE) for listener in self.listeners.values()):
            raise RuntimeError("a request of before the rollback does not end")
        for part, memory in zip(self._parts, snapshot.parts, strict=True):
            part.rollback(memory)
        for listener in self.listeners.values():
            listener.open()

    def _end_work(self) -> None:
        self.clock.stop()
        self.log.stop()
        self.config.stop()
        self.mns.stop()

    def __enter__(self) -> "LocalCloud":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


def _listeners(
    services: Sequence[Service], host: str, ports: Mapping[str, int]
) -> dict[str, Listener]:
    """A listener for each service; raises OSError, and leaves none open, if one cannot listen."""
    if unknown := set(ports) - {service.name for service in services}:
        raise ValueError(f"there is no service {', '.join(sorted(unknown))} to listen at a port")
    opened: dict[str, Listener] = {}
    try:
        for service in services:
            opened[service.name] = Listener(service, ports.get(service.name, 0), host)
    except OSError:
        for listener in opened.values():
            listener.stop()
        raise
    return opened
