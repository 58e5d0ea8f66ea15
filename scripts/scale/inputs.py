"""What the answers rest on beside limits and prices: s.yaml, and what is assumed and why."""

from typing import NamedTuple

from scripts.errors import Problem
from scripts.scale.burst import Platform
from scripts.scale.facts import limit
from scripts.spec import PATH, SpecError, load

# s.yaml cannot be read without an account and a rule; nothing here depends on which.
_NOBODY, _NO_RULE = "1000000000000000", {"PREPARE_RULE_ID": "cr-00000000000000000000"}

_MB = 1024  # to the GB


class Inputs(NamedTuple):
    """Times are in seconds, sizes in bytes unless they say otherwise, shares from 0 to 1.

    The first four are s.yaml's; `ORIGINS` tells where the rest comes from.
    """

    memory: int  # MB
    retries: int
    retry_within: int
    log_days: int
    warm: float = 0.2
    cold: float = 2.0
    ignored: float = 0.01
    vcpu_per_gb: float = 0.66
    idle: float = 300.0
    retry_wait: float = 60.0
    failing: float = 0.05
    hopeless: float = 0.01
    requests: int = 4
    platform_lines: int = 2
    platform_line: int = 63
    around_line: int = 300

    @property
    def gigabytes(self) -> float:
        """The memory of an instance."""
        return self.memory / _MB

    @property
    def vcpu(self) -> float:
        """The share of a processor that an instance has, which follows its memory."""
        return self.vcpu_per_gb * self.gigabytes


class Origin(NamedTuple):
    """Where an input comes from: what it is called, in what unit, and why so much."""

    name: str
    what: str
    unit: str
    why: str


ORIGINS = (
    Origin(
        "warm",
        "a run on a warm instance",
        "s",
        "the [benchmark](benchmark.md)'s warm fix of one finding at 20 ms a round trip, its CPU "
        "time three times as long, as a third of a processor makes it; rounded up",
    ),
    Origin(
        "cold",
        "a run on a new instance",
        "s",
        "the benchmark's cold process, its CPU time three times as long, and as much again and "
        "more for what the platform does before, which was not measured",
    ),
    Origin(
        "ignored",
        "a run that finds the message not ours",
        "s",
        "the benchmark has a tenth of a millisecond; rounded up a great deal",
    ),
    Origin(
        "vcpu_per_gb",
        "of a processor, a GB of memory",
        "",
        "a third of one at 512 MB: what users of the client saw where s.yaml names none; the price "
        "page's example has a quarter",
    ),
    Origin(
        "idle",
        "an instance without work goes after",
        "s",
        "“usually 3 to 5 minutes”, says an older edition of the page on scaling",
    ),
    Origin(
        "retry_wait",
        "a failed run is tried again after",
        "s",
        "not documented; taken to double each time, as it does for refused starts",
    ),
    Origin(
        "failing",
        "runs that fail by chance, where there are failures",
        "share",
        "a bad day: OSS throttles, or is slow to show a change",
    ),
    Origin(
        "hopeless",
        "findings that fail every time, where there are failures",
        "share",
        "buckets whose policy is public, or that the role may not touch",
    ),
    Origin(
        "requests",
        "OSS requests of a fix",
        "",
        "counted by the benchmark: three GET, one PUT; a change that is slow to show takes more",
    ),
    Origin(
        "platform_lines",
        "log lines of Function Compute itself, a run",
        "",
        "one as it starts, one as it ends",
    ),
    Origin(
        "platform_line",
        "the text of each",
        "bytes",
        "`FC Invoke Start RequestId: ` and an id, counted",
    ),
    Origin(
        "around_line",
        "what Log Service keeps beside each line",
        "bytes",
        "names of service, function and version, ids, times; not measured",
    ),
)


def of_spec() -> Inputs:
    """The inputs for what s.yaml declares. Raises Problem if it cannot be read."""
    try:
        spec = load(PATH, _NO_RULE, _NOBODY)
    except (OSError, SpecError) as error:
        raise Problem(f"s.yaml: {error}") from None
    config = spec.function.async_config
    return Inputs(
        memory=spec.function.memory,
        retries=config.retries if config else 3,
        retry_within=config.max_age if config else 86400,
        log_days=spec.log_retention,
    )


def platform(given: Inputs, instances: int, *, failures: bool, jitter: float = 0.0) -> Platform:
    """What runs a burst, where `instances` at a time are allowed."""
    return Platform(
        instances=instances,
        at_once=min(instances, int(limit("at_once"))),
        per_minute=int(limit("per_minute")),
        cold=given.cold,
        warm=given.warm,
        idle=given.idle,
        retries=given.retries,
        retry_wait=given.retry_wait,
        retry_within=given.retry_within,
        failing=given.failing if failures else 0.0,
        hopeless=given.hopeless if failures else 0.0,
        jitter=jitter,
    )
