"""What the links are examined by: what is declared, and what was read of each thing; values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple, TypeVar, Union

from resource_repair.exemptions import Exemptions
from resource_repair.settings import Settings
from scripts.account.deployed_function import MODE, PAUSED, Pause
from scripts.account.findings import Result, rule_ids
from scripts.account.inventory import ChannelFound, QueueFound, Recorder, RuleFound
from scripts.account.remediation import Remediation
from scripts.account.resource import Difference, State, Step, compare
from scripts.decide.attention import Need
from scripts.decide.prospect import Prospect
from scripts.declared import Spec

LOG_CONFIG = "logConfig."  # what the fields of a service about logs begin with
ROLE = "role"
CODE = "code"  # the field of a function that has its checksum

T = TypeVar("T")

Answer = Union[T, Exception]  # noqa: UP007  (mypy takes no T | … for an alias)
"""What reading something gave: what was read, or why it could not be (a Problem)."""

Changing = tuple[tuple[str, tuple[Result, ...] | None], ...]
"""By a remediation's name what it changes; None where that is not known yet."""

NOT_READ: Any = LookupError("a link looks at what it does not declare in `looks_at`")


class Seen(NamedTuple):
    """A thing as it is (`live`; None if it is not there) and as it should be.

    `obstacle` says why it cannot be had so, and after a colon what to do about it; else empty.
    """

    kind: str
    name: str
    live: State | None
    declared: State
    obstacle: str = ""

    @property
    def differences(self) -> tuple[Difference, ...]:
        """Where the live one is not the declared one."""
        return compare(self.live or {}, self.declared)


class Running(NamedTuple):
    """How the live function goes about it; `pause` is None where none holds.

    With `elsewhere` it is that of the other generation, and the spec's own is yet to be deployed.
    """

    settings: Settings
    pause: Pause | None = None
    elsewhere: bool = False


class Elsewhere(NamedTuple):
    """Our function on the other generation; from `empty_from` on nothing waits for it any more."""

    name: str
    pause: Pause | None
    listens: bool
    empty_from: datetime | None = None


class Subscription(NamedTuple):
    """One of the topic's; an `endpoint` that is not told is empty."""

    name: str
    endpoint: str


@dataclass(frozen=True, kw_only=True)
class Facts:
    """The chain from the rule to the buckets, in one account and region, as it was read at `now`.

    `settings` are the shell's variables over those of .env. What stands on something that is not
    there was not read, and is empty.
    """

    spec: Spec
    settings: Mapping[str, str]
    now: datetime

    client_account: Answer[str] = NOT_READ  # of the keys that the Serverless Devs client keeps
    recorder: Answer[Recorder] = NOT_READ
    rules: Answer[tuple[RuleFound, ...]] = NOT_READ  # every one of the account
    rule: Answer[Seen] = NOT_READ
    remediations: Answer[tuple[Remediation, ...]] = NOT_READ  # of Cloud Config, beside us
    channels: Answer[tuple[ChannelFound, ...]] = NOT_READ  # likewise
    channel_found: Answer[ChannelFound | None] = NOT_READ
    channel: Answer[Seen] = NOT_READ
    topic: Answer[Seen] = NOT_READ
    subscriptions: Answer[tuple[Subscription, ...]] = NOT_READ
    trigger: Answer[Seen] = NOT_READ
    trigger_role: Answer[Seen] = NOT_READ
    service: Answer[Seen] = NOT_READ  # in 3.0 role and logs, which are the function's own
    elsewhere: Answer[Elsewhere | None] = NOT_READ  # our function on the other generation
    role_steps: Answer[tuple[Step, ...]] = NOT_READ  # what the service's role needs
    role_obstacle: Answer[str] = NOT_READ  # why provision cannot have it; empty where it can
    function: Answer[Seen] = NOT_READ  # without its code where none is built here
    undeclared: Answer[tuple[Step, ...]] = NOT_READ  # what the function has beside what s.yaml says
    running: Answer[Running | None] = NOT_READ
    live_exemptions: Answer[Exemptions] = NOT_READ
    exemptions: Answer[Exemptions] = NOT_READ  # those that a deploy brings
    asynchronous: Answer[Seen] = NOT_READ
    queue: Answer[Seen] = NOT_READ
    queue_found: Answer[QueueFound | None] = NOT_READ
    arrivals: Answer[tuple[float, ...]] = NOT_READ  # in the queue, in seconds since the epoch
    log_store: Answer[tuple[Seen, ...]] = NOT_READ  # project, store, index: up to what is missing
    alerts: Answer[tuple[Seen, ...]] = NOT_READ
    alert_policy: Answer[Seen] = NOT_READ
    webhook: Answer[Seen] = NOT_READ
    found: Answer[Prospect] = NOT_READ  # by what a deploy brings
    held: Answer[Prospect] = NOT_READ  # by what is live
    # What each remediation that a deploy newly has enforce changes; None while that is unknown.
    changing: Answer[Changing] = NOT_READ
    due: Answer[tuple[tuple[str, str], ...] | None] = (
        NOT_READ  # what should have been mended by now, and why
    )
    told: Answer[tuple[Need, ...] | None] = (
        NOT_READ  # those that a person was told of, if still so; None where no log tells
    )

    @property
    def today(self) -> date:
        """Today in UTC, as exemptions count days."""
        return self.now.date()

    @property
    def rule_ids(self) -> tuple[str, ...]:
        """The ids that PREPARE_RULE_ID has, whatever they are worth."""
        return rule_ids(self.spec)

    @property
    def named_rule(self) -> RuleFound | None:
        """The rule that s.yaml names; None if there is none. Raises what reading did."""
        return next((rule for rule in known(self.rules) if rule.name == self.spec.rule_name), None)

    @property
    def deployed(self) -> bool:
        """Whether there is a function, as before the first deploy is none; raises likewise."""
        return known(self.function).live is not None

    @property
    def function_differences(self) -> tuple[Difference, ...]:
        """Where the live function is not the declared one, a pause aside; raises likewise."""
        aside, running = set[str](), known(self.running)
        if running and running.pause:
            aside = {f"environmentVariables.{name}" for name in (MODE, PAUSED)}
        return tuple(each for each in known(self.function).differences if each.field not in aside)


def known(answer: Answer[T]) -> T:
    """What was read; raises the Problem if it could not be."""
    if isinstance(answer, Exception):
        raise answer
    return answer
