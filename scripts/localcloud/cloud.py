"""The local cloud as a whole: its services wired together and kept on loopback ports."""

from collections.abc import Mapping
from types import TracebackType
from typing import NamedTuple

from scripts.localcloud.clock import Clock
from scripts.localcloud.config.state import ConfigState
from scripts.localcloud.config.wire import ConfigService
from scripts.localcloud.faults import Faults
from scripts.localcloud.fc.state import FcState
from scripts.localcloud.fc.wire import FcService
from scripts.localcloud.http import Listener
from scripts.localcloud.journal import Journal
from scripts.localcloud.log.state import LogState
from scripts.localcloud.log.wire import LogService
from scripts.localcloud.mns.state import MnsState
from scripts.localcloud.mns.wire import MnsService
from scripts.localcloud.oss.state import OssState
from scripts.localcloud.oss.wire import OssService
from scripts.localcloud.ram.state import Credentials, RamState
from scripts.localcloud.ram.wire import RamService, StsService
from scripts.localcloud.service import Core, Service


class Endpoints(NamedTuple):
    """Where each service listens: `http://127.0.0.1:<port>`."""

    oss: str
    fc: str
    ram: str
    sts: str
    mns: str
    config: str
    log: str


class LocalCloud:
    """A whole cloud in this process: `with LocalCloud() as cloud:`.

    One account, one region for all but OSS, which serves every region at one endpoint and goes by
    the region of the signature. Nothing leaves loopback; nothing outlives `stop`.

    `time_scale` multiplies the cloud's own delays (0.01: a hundred times as fast).
    `function_environment` is laid under each function's own environment variables: it is how a
    local function finds the local OSS. `put_acl_needs_put_bucket` is whether PutBucketAcl on a
    bucket that does not exist also needs `oss:PutBucket` (undocumented). `duplicates` delivers
    every message on a topic so many more times.
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
    ) -> None:
        self.account_id = account_id
        self.region = region
        self.clock = Clock(time_scale)
        self.journal = Journal()
        self.faults = Faults()
        core = Core(account_id, region, self.clock, self.journal, self.faults)
        self.ram = RamState(core)
        self.oss = OssState(core, put_acl_needs_put_bucket=put_acl_needs_put_bucket)
        self.mns = MnsState(core, duplicates=duplicates)
        self.log = LogState(core)
        self.fc = FcState(core, self.ram, self.mns, self.log, dict(function_environment or {}))
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
        self.listeners = {service.name: Listener(service) for service in services}
        self.endpoints = Endpoints(**{name: at.url for name, at in self.listeners.items()})
        # A function finds the local OSS by itself; who lays down another ossEndpoint keeps it.
        self.fc.function_environment.setdefault("ossEndpoint", self.endpoints.oss)

    @property
    def credentials(self) -> Credentials:
        """The access key of the account itself."""
        return self.ram.root

    def start(self) -> "LocalCloud":
        """Begin to serve; what `with` does on entry."""
        for listener in self.listeners.values():
            listener.start()
        return self

    def stop(self) -> None:
        """End every wait, function, delivery and connection; what `with` does at its end."""
        self.clock.stop()
        self.log.stop()
        self.config.stop()
        self.mns.stop()
        self.fc.stop()
        for listener in self.listeners.values():
            listener.stop()

    def __enter__(self) -> "LocalCloud":
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
