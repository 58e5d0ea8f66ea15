"""Whether Cloud Config is switched on and watches buckets."""

from dataclasses import dataclass

from scripts.account.clients import Clients, asked
from scripts.account.permission import Permission
from scripts.account.rule import RESOURCE_TYPE

GET_RECORDER = Permission("config:GetConfigurationRecorder")


@dataclass(frozen=True)
class Recorder:
    """Cloud Config's recorder; `status` as the page "GetConfigurationRecorder" has it."""

    status: str
    watches_buckets: bool

    @property
    def building(self) -> bool:
        """Whether Cloud Config is just being switched on."""
        return self.status == "BUILDING"

    def obstacle(self) -> str:
        """Why no rule would find anything, and what to do about it; else empty."""
        if self.status in ("REGISTRABLE", ""):
            return (
                "Cloud Config is not switched on in this account: open "
                "https://config.console.aliyun.com, activate it there, and run again"
            )
        if not self.building and not self.watches_buckets:
            return (
                f"Cloud Config does not watch {RESOURCE_TYPE}: add it to the monitoring scope in "
                "the settings of Cloud Config, and run again"
            )
        return ""


def recorder(clients: Clients) -> Recorder:
    """How it stands; raises CloudError."""
    ask = clients.config.get_configuration_recorder
    body = asked("config:GetConfigurationRecorder", "the account", ask).body
    found = body.configuration_recorder
    if found is None:
        return Recorder("", watches_buckets=False)
    watched = found.resource_types or []
    return Recorder(found.configuration_recorder_status or "", RESOURCE_TYPE in watched)
