"""The deployment that s.yaml declares, as immutable values; every field has its final value."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any

from resource_repair import settings
from resource_repair.settings import Assignment
from resource_repair.values import REPORT

Statement = Mapping[str, Any]

# What Function Compute 3.0 wants said of an instance, and 2.0 gives it by itself.
DISK = 512  # MB


def cpu_of(memory: int) -> float:
    """The share of processors that goes with MB: 1.5 GB have one, in steps of 0.05, up to 16.

    That is what 2.0 gives. 3.0 takes from one to four GB for each (page "Instance types and
    specifications").
    """
    return min(-(-memory * 20 // 1536) / 20, 16.0)


class Generation(IntEnum):
    """Of Function Compute: 2.0 has services, 3.0 has functions alone."""

    FC2 = 2
    FC3 = 3

    @property
    def product(self) -> str:
        """How we call it."""
        return f"Function Compute {self}.0"

    @property
    def template(self) -> str:
        """The file of the project that is for it, as it is called where nobody calls it else."""
        return "s.yaml" if self is Generation.FC2 else "s.fc3.yaml"

    @property
    def other(self) -> "Generation":
        """The one that this is not."""
        return Generation.FC3 if self is Generation.FC2 else Generation.FC2

    def __str__(self) -> str:
        return str(self.value)


@dataclass(frozen=True)
class Policy:
    """A policy of the role: with statements its own, else one that exists under that name."""

    name: str
    description: str = ""
    statements: tuple[Statement, ...] = ()


@dataclass(frozen=True)
class Role:
    """The service's role, which Function Compute may assume.

    With `provisioned` s.yaml has its ARN alone: a deploy takes it as it is, and provision makes it.
    """

    name: str
    policies: tuple[Policy, ...]
    provisioned: bool = False


@dataclass(frozen=True)
class Logs:
    """Where the service's log goes. `begin_rule` says where a log entry begins.

    With `request_metrics` the platform adds an entry for each run, however it ended.
    """

    project: str
    logstore: str
    begin_rule: str
    request_metrics: bool = False


@dataclass(frozen=True)
class ServiceSpec:
    """The Function Compute 2.0 service; without `logs` it keeps none.

    In Function Compute 3.0, which has none, its role and its logs are the function's.
    """

    name: str
    description: str
    role: Role
    logs: Logs | None


@dataclass(frozen=True)
class AsyncConfig:
    """What becomes of an asynchronous invocation that fails: seconds, and the ARN of a queue."""

    retries: int
    max_age: int
    failure_destination: str

    @property
    def failure_queue(self) -> str:
        """The name of the MNS queue that failures go to."""
        return self.failure_destination.split("/")[-2]


@dataclass(frozen=True)
class FunctionSpec:
    """The function; `code` is the zip to upload."""

    name: str
    description: str
    runtime: str
    handler: str
    code: Path
    memory: int
    timeout: int
    environment: Mapping[str, str]
    async_config: AsyncConfig | None

    @property
    def cpu(self) -> float:
        """Its share of processors, which 3.0 wants said."""
        return cpu_of(self.memory)

    @property
    def disk(self) -> int:
        """Its MB of disk, which 3.0 wants said."""
        return DISK


@dataclass(frozen=True)
class TriggerSpec:
    """What calls the function: an MNS topic, with a role that lets MNS do so."""

    name: str
    role_arn: str
    topic: str
    region: str
    content_format: str
    strategy: str
    source_arn: str


@dataclass(frozen=True)
class Spec:
    """All of it, for one account and region.

    `rule_name`, `topic`, `failure_queue` and where the logs go are presumed: a deployment refers to
    them and does not make them. Of them, `log_retention` is in days, and `oversized_bucket` takes
    findings too large for a message; it is empty for none. `access` is the alias under which the
    Serverless Devs client keeps its keys; it is empty where the client chooses. `generation` is of
    the Function Compute that it is deployed to.
    """

    name: str
    access: str
    account_id: str
    region: str
    rule_name: str
    oversized_bucket: str
    log_retention: int
    service: ServiceSpec
    function: FunctionSpec
    trigger: TriggerSpec
    generation: Generation = Generation.FC2

    @property
    def remediations(self) -> tuple[Assignment, ...]:
        """Those that are on beside the ACL's, with their rules and modes, as the function reads."""
        return settings.load(self.function.environment).others or ()

    @property
    def only_reports(self) -> bool:
        """Whether each of them, and the ACL's, is in mode report."""
        further = [each.mode for each in self.remediations]
        return {self.function.environment.get("repairMode"), *further} == {REPORT}

    @property
    def function_in_cloud(self) -> str:
        """The function's name there: in 3.0 the service's is a part of it, as there are none."""
        if self.generation is Generation.FC3:
            return f"{self.service.name}-{self.function.name}"
        return self.function.name

    @property
    def qualified_name(self) -> str:
        """What tells the function from all others of the region: in 2.0 its service's name too."""
        if self.generation is Generation.FC3:
            return self.function_in_cloud
        return f"{self.service.name}/{self.function.name}"

    @property
    def logs(self) -> Logs | None:
        """Where the function's logs go, if they are kept."""
        return self.service.logs

    @property
    def topic(self) -> str:
        """The MNS topic that findings are published to."""
        return self.trigger.topic

    @property
    def failure_queue(self) -> str | None:
        """The MNS queue that keeps what could not be repaired, if one is declared."""
        config = self.function.async_config
        return config.failure_queue if config else None
