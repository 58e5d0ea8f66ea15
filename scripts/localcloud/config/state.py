"""Cloud Config: its rules, what they found, and where findings are delivered."""

import base64
import itertools
import secrets
import threading
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timezone

from ..mns.errors import MnsError
from ..mns.state import MnsState
from ..oss import bucket_policy
from ..oss.model import Bucket
from ..oss.state import OssState
from ..rewinding import Memory, Rewindable
from ..service import Core
from . import message
from .channels import Channel, check
from .errors import (
    NoSuchChannelError,
    NoSuchRuleError,
    RuleExistsError,
    RuleInactiveError,
    TooManyChannelsError,
    UnknownManagedRuleError,
)
from .lag import Lag
from .remediations import Remediations
from .rules import (
    MANAGED_RULES,
    NON_COMPLIANT,
    ON_CHANGE,
    ON_DEMAND,
    RESOURCE_TYPE,
    Elsewhere,
    Ignore,
    RecorderStatus,
    Result,
    Rule,
    RuleTests,
    Trigger,
    annotation,
)
from .worker import Job, Occasion, Worker

_MOST_CHANNELS = 5


class ConfigState(Rewindable):
    """The account's rules and delivery channels, and what is known about its buckets.

    Evaluations run in the background: a moment after a bucket changed, a rule was made or switched
    on, or somebody asked for one. What names a rule or a channel that is not there raises
    NoSuchRuleError or NoSuchChannelError, each a KeyError.
    `rule_tests` is what a rule on public *read* tests: a bucket's ACL, or its policy too.
    `recorder` is whether Cloud Config is switched on, `watched` the types of resources that it is
    to watch; neither keeps it from evaluating here. `evaluates_after` is how many seconds of cloud
    time an evaluation begins, which is over at once: Cloud Config sees changes through a window of
    ten minutes, and takes minutes on demand, too. `lag` is how rules are made and deleted. `site`
    is the region of the one endpoint that serves the account, empty where each does; `elsewhere` is
    how the others answer. `publishes_base64` has it publish the base64 of each message.
    """

    def __init__(self, core: Core, oss: OssState, mns: MnsState) -> None:
        self.rule_tests: RuleTests = "acl"
        self.recorder: RecorderStatus = "REGISTERED"
        self.watched: tuple[str, ...] = (RESOURCE_TYPE,)
        self.next_rule_id = ""  # the next rule's, where it is to be known beforehand
        self.evaluates_after = 600.0
        self.lag = Lag()
        self.site = ""
        self.elsewhere: Elsewhere = "refuses"
        self.publishes_base64 = False
        self.remediations = Remediations()
        self._parts = (self.lag, self.remediations)
        self._core = core
        self._oss = oss
        self._mns = mns
        self._lock = threading.Lock()
        self._rules: dict[str, Rule] = {}
        self._channels: dict[str, Channel] = {}
        self._results: dict[tuple[str, str], Result] = {}
        self._ignored: dict[tuple[str, str], Ignore] = {}
        self._worker = self._worker_of_mine()
        oss.on_change.append(lambda bucket: self._worker.ask(Job(Occasion.CHANGE, bucket=bucket)))

    def rules(self) -> list[Rule]:
        """All rules, oldest first."""
        with self._lock:
            return list(self._rules.values())

    def rule(self, rule_id: str) -> Rule:
        """The rule of that id."""
        with self._lock:
            return self._find(rule_id)

    def shown_rules(self) -> list[Rule]:
        """All rules as this read shows them: not each new one, and some that are deleted."""
        with self._lock:
            there = [rule for rule in self._rules.values() if not self.lag.hides(rule.id)]
            return there + self.lag.gone()

    def shown_rule(self, rule_id: str) -> Rule:
        """The rule of that id as this read shows it."""
        with self._lock:
            if self.lag.hides(rule_id):
                raise NoSuchRuleError(rule_id)
            return self.lag.still_shows(rule_id) or self._find(rule_id)

    def create_rule(
        self,
        name: str,
        source: str,
        *,
        risk_level: int = 1,
        description: str = "",
        tags: Mapping[str, str] | None = None,
        late: bool = False,
    ) -> Rule:
        """Make a rule of the managed rule `source`; every bucket is then evaluated against it.

        `late` is whether it shows as late as `lag` says. Raises RuleExistsError or
        UnknownManagedRuleError.
        """
        if source not in MANAGED_RULES:
            raise UnknownManagedRuleError(f"{source} is none of {sorted(MANAGED_RULES)}")
        now = self._core.clock.now()
        rule = Rule(
            self.next_rule_id or f"cr-{secrets.token_hex(10)}",
            name,
            source,
            risk_level,
            description,
            now,
            now,
            tags=tags or {},
        )
        with self._lock:
            self._check_rule_name(name, rule.id)
            self._rules[rule.id] = rule
            self.next_rule_id = ""
            if late:
                self.lag.made(rule.id)
        self._worker.ask(Job(Occasion.NEW_RULE, rule_id=rule.id))
        return rule

    def update_rule(self, rule_id: str, name: str, risk_level: int, description: str) -> Rule:
        """Change what may be changed of a rule; raises RuleExistsError."""
        with self._lock:
            rule = self._find(rule_id)
            self._check_rule_name(name, rule_id)
            self._rules[rule_id] = replace(
                rule,
                name=name,
                risk_level=risk_level,
                description=description,
                modified_at=self._core.clock.now(),
            )
            return self._rules[rule_id]

    def switch_rule(self, rule_id: str, *, active: bool) -> None:
        """Switch a rule on, which evaluates every bucket, or off."""
        with self._lock:
            rule = self._find(rule_id)
            self._rules[rule_id] = replace(rule, active=active)
        if active and not rule.active:
            self._worker.ask(Job(Occasion.NEW_RULE, rule_id=rule_id))

    def delete_rule(self, rule_id: str, *, late: bool = False) -> None:
        """Forget a rule and what it found; `late` is whether it shows for as long as `lag` says."""
        with self._lock:
            rule = self._rules.pop(self._find(rule_id).id)
            self.lag.forget(rule_id)
            if late:
                self.lag.deleted(replace(rule, deleted=True))
            for known in (self._results, self._ignored):
                for key in [key for key in known if key[0] == rule_id]:
                    del known[key]
            self.remediations.forget(rule_id)

    def start_evaluation(self, rule_id: str) -> None:
        """Have every bucket evaluated, and every non-compliant one reported again.

        Raises RuleInactiveError.
        """
        if not self.rule(rule_id).active:
            raise RuleInactiveError(rule_id)
        self._worker.ask(Job(Occasion.DEMAND, rule_id=rule_id))

    def evaluate_bucket(self, bucket: str) -> None:
        """Have a bucket evaluated against every rule, and what is found reported again."""
        self._worker.ask(Job(Occasion.DEMAND, bucket=bucket))

    def evaluating(self, rule_id: str) -> bool:
        """Whether an evaluation of every bucket against this rule has not ended yet."""
        return self._worker.busy_with(rule_id)

    def wait_idle(self, timeout: float) -> bool:
        """Let the time pass that evaluations take, and wait for the end of those that are pending.

        False after `timeout` real seconds.
        """
        return self._worker.wait_idle(timeout)

    def results(self, rule_id: str) -> list[Result]:
        """What the rule found about each bucket that it has evaluated, by the bucket's name."""
        with self._lock:
            found = [self._shown(r) for key, r in self._results.items() if key[0] == rule_id]
        return sorted(found, key=lambda result: result.bucket)

    def ignore(self, rule_id: str, buckets: Iterable[str], ignore: Ignore) -> None:
        """Have a rule's findings about buckets neither counted nor published."""
        with self._lock:
            self._find(rule_id)
            self._ignored.update({(rule_id, bucket): ignore for bucket in buckets})

    def revert(self, rule_id: str, buckets: Iterable[str]) -> None:
        """No longer ignore buckets, and have them evaluated again."""
        with self._lock:
            self._find(rule_id)
            reverted = [b for b in buckets if self._ignored.pop((rule_id, b), None)]
        for bucket in reverted:
            self._worker.ask(Job(Occasion.DEMAND, bucket=bucket, rule_id=rule_id))

    def message(
        self,
        rule_id: str,
        bucket: str,
        *,
        acl: str = "public-read",
        region: str = "",
        trigger: Trigger = ON_CHANGE,
    ) -> str:
        """The body of a finding about a bucket of this account, whether it is there or not."""
        rule, now = self.rule(rule_id), self._core.clock.now()
        reason, account = annotation(rule.source, acl), self._core.account_id
        region = region or self._core.region
        result = Result(rule_id, bucket, region, account, reason, trigger, now)
        return message.finding(account, rule, result, now)

    def channels(self) -> list[Channel]:
        """All delivery channels, oldest first."""
        with self._lock:
            return list(self._channels.values())

    def channel(self, channel_id: str) -> Channel:
        """The channel of that id."""
        with self._lock:
            return self._find_channel(channel_id)

    def create_channel(self, channel: Channel) -> Channel:
        """Take a new channel in and give it an id.

        Raises TooManyChannelsError, TopicUnreachableError, InvalidTopicArnError or
        InvalidConditionError.
        """
        check(channel, None, self._core, self._mns)
        with self._lock:
            if len(self._channels) >= _MOST_CHANNELS:
                raise TooManyChannelsError(_MOST_CHANNELS)
            channel = replace(channel, id=f"cdc-{secrets.token_hex(10)}")
            self._channels[channel.id] = channel
            return channel

    def update_channel(self, channel: Channel) -> None:
        """Replace the channel of that id; raises as `create_channel` does."""
        check(channel, self.channel(channel.id), self._core, self._mns)
        self.keep_channel(channel)

    def keep_channel(self, channel: Channel) -> None:
        """Replace the channel of that id, unchecked: whatever a console may have made of it."""
        with self._lock:
            self._channels[self._find_channel(channel.id).id] = channel

    def delete_channel(self, channel_id: str) -> None:
        """Forget a channel."""
        with self._lock:
            del self._channels[self._find_channel(channel_id).id]

    def stop(self) -> None:
        """End the evaluations; at once, if the clock has stopped."""
        self._worker.stop()

    def rollback(self, memory: Memory) -> None:
        """Have the state of `memory` again, and nothing to evaluate; after `stop`."""
        super().rollback(memory)
        self._worker = self._worker_of_mine()

    def _run(self, jobs: list[Job]) -> None:
        for (rule_id, name), occasion in self._due(jobs).items():
            if self._core.clock.stopped:
                return
            if bucket := self._own_bucket(name):
                self._evaluate(rule_id, bucket, occasion)
            else:
                self._forget(rule_id, name)

    def _due(self, jobs: list[Job]) -> dict[tuple[str, str], Occasion]:
        """Each rule and bucket to evaluate, once."""
        due: dict[tuple[str, str], Occasion] = {}
        for job in jobs:
            rules = [job.rule_id] if job.rule_id else [rule.id for rule in self.rules()]
            buckets = [job.bucket] if job.bucket else self._oss.names()
            for pair in itertools.product(rules, buckets):
                due[pair] = max(job.occasion, due.get(pair, job.occasion))
        return due

    def _evaluate(self, rule_id: str, bucket: Bucket, occasion: Occasion) -> None:
        trigger = ON_DEMAND if occasion is Occasion.DEMAND else ON_CHANGE
        with self._lock:
            rule = self._rules.get(rule_id)
            if rule is None or not rule.active:
                return
            result = self._judge(rule, bucket, trigger)
            before = self._results.get((rule_id, bucket.name))
            self._results[rule_id, bucket.name] = result
            before, result = before and self._shown(before), self._shown(result)
            channels = [channel for channel in self._channels.values() if channel.takes(rule)]
        self._record("evaluated", bucket.name, rule_id=rule_id, compliance=result.compliance)
        known = before is not None and before.compliance == result.compliance
        if result.compliance == NON_COMPLIANT and not (known and occasion is Occasion.NEW_RULE):
            for channel in channels:
                self._publish(channel, rule, result)

    def _judge(self, rule: Rule, bucket: Bucket, trigger: Trigger) -> Result:
        policy, it_counts = bucket.policy, self.rule_tests == "acl_and_policy"
        reason = annotation(
            rule.source,
            bucket.acl,
            policy_is_public=it_counts and bucket_policy.is_public(policy),
            encrypted=bool(bucket.encryption),
            for_anonymous=bucket_policy.is_for_anonymous(policy),
            denies_http=bucket_policy.denies_http(policy, bucket.owner, bucket.name),
        )
        now = self._core.clock.now()
        return Result(rule.id, bucket.name, bucket.region, bucket.owner, reason, trigger, now)

    def _publish(self, channel: Channel, rule: Rule, result: Result) -> None:
        body = message.finding(self._core.account_id, rule, result, self._core.clock.now())
        if self.publishes_base64:
            body = base64.b64encode(body.encode()).decode()
        details = {"channel_id": channel.id, "rule_id": rule.id, "bucket": result.bucket}
        try:
            message_id = self._mns.publish(channel.topic, body)
        except MnsError as error:
            self._record("delivery_failed", channel.topic, error=repr(error), **details)
        else:
            self._record("published", channel.topic, message_id=message_id, **details)

    def _forget(self, rule_id: str, bucket: str) -> None:
        with self._lock:
            known = self._results.pop((rule_id, bucket), None)
            self._ignored.pop((rule_id, bucket), None)
        if known:
            self._record("removed", bucket, rule_id=rule_id)

    def _shown(self, result: Result) -> Result:
        """A result as it stands today, ignored or not."""
        ignore = self._ignored.get((result.rule_id, result.bucket))
        today = datetime.fromtimestamp(self._core.clock.now(), timezone.utc).date()
        return replace(result, ignore=ignore if ignore and ignore.holds(today) else None)

    def _own_bucket(self, name: str) -> Bucket | None:
        try:
            bucket = self._oss.bucket(name)
        except KeyError:
            return None
        return bucket if bucket.owner == self._core.account_id else None

    def _worker_of_mine(self) -> Worker:
        return Worker(self._core.clock, lambda: self.evaluates_after, self._run)

    def _find(self, rule_id: str) -> Rule:
        if rule_id not in self._rules:
            raise NoSuchRuleError(rule_id)
        return self._rules[rule_id]

    def _find_channel(self, channel_id: str) -> Channel:
        if channel_id not in self._channels:
            raise NoSuchChannelError(channel_id)
        return self._channels[channel_id]

    def _check_rule_name(self, name: str, rule_id: str) -> None:
        taken = any(rule.name == name and rule.id != rule_id for rule in self._rules.values())
        if taken or self.lag.keeps(name):
            raise RuleExistsError(name)

    def _record(self, action: str, subject: str, **details: str) -> None:
        self._core.journal.record("config", action, subject, **details)
