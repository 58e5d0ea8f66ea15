"""What a probe asks, and what came: first on a bucket of its own, then of what answers where.

Each question is asked by itself: one that is refused, or comes to no answer, is told as not asked,
and the others go on.
"""

import functools
import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import NamedTuple

from resource_repair.openness import PRIVATE, PUBLIC_READ
from scripts.account import buckets, findings, own_bucket, service, sites
from scripts.account.notifications import LIST_RECORDS, action_policies
from scripts.account.own_bucket import TAGS, NotOursError, OwnBucket
from scripts.account.recorder import GET_RECORDER
from scripts.context import Context
from scripts.errors import CloudError, Problem
from scripts.patience import Progress, wait
from scripts.words import count

PERMISSIONS = (
    *own_bucket.PERMISSIONS,
    *(
        buckets.GET_ACCOUNT_BLOCK,
        findings.LIST_OF_BUCKET,
        findings.START_OF_BUCKET,
        GET_RECORDER,
        LIST_RECORDS,
    ),
    service.LIST_SERVICES,
)

# By the key in the file. Those of a message are asked in `probe_message`.
QUESTIONS: Mapping[str, str] = {
    "block_on_new_bucket": "is Block Public Access on in a new bucket?",
    "tag_shows": "after how many seconds does a tag show?",
    "info_anywhere": "does GetBucketInfo answer at another region's endpoint?",
    "block_shows": "after how many seconds does Block Public Access show that was switched on?",
    "put_acl_under_block": "what does PutBucketAcl to public-read answer under it?",
    "put_policy_under_block": "what does PutBucketPolicy answer to a public policy under it?",
    "lift_heeded": "for how many seconds after it was lifted is a public policy still refused?",
    "policy_shows": "after how many seconds does a public policy show in GetBucketPolicyStatus?",
    "rule_tests": "does the managed rule test the ACL alone, or the policy too?",
    "acl_shows": "after how many seconds does an ACL show?",
    "policy_status_under_block": "is IsPublic true of a public policy under Block Public Access?",
    "deletion_shows": "after how many seconds is a deleted bucket not found?",
    "put_acl_creates": "does PutBucketAcl make a bucket that is not there?",
    "put_acl_needs_put_bucket": "does that need oss:PutBucket too?",
    "retry_keeps_request_id": "does a retry of an asynchronous invocation keep its request id?",
    "published_body": "is a published body plain or base64 when it reaches the function?",
    "cloud_config_body": "is that of Cloud Config's own findings?",
    "config_sites": "which Cloud Config answers?",
    "alert_records": "how many action policies of Log Service are kept in which region?",
    "function_compute_2": "does Function Compute 2.0 answer?",
}
OF_BUCKET = tuple(QUESTIONS)[: tuple(QUESTIONS).index("put_acl_needs_put_bucket") + 1]
_WHILE_OPEN = (
    "lift_heeded",
    "policy_shows",
    "rule_tests",
    "acl_shows",
    "policy_status_under_block",
)

UNDER_WAY = 3600.0  # seconds within which what is left may be of a probe that still runs
_SHOWS_WITHIN = 120.0  # seconds
_NOT_SHOWN = f"it did not show within {_SHOWS_WITHIN:.0f} s"
_ACCEPTED = "accepted"
_NEVER = datetime.fromtimestamp(0, timezone.utc)


class Came(NamedTuple):
    """What a question came to: the answer, what OSS or another said, and after how many looks."""

    answer: object
    said: str = ""
    looks: int = 1


@dataclass(frozen=True)
class Answer:
    """A question's answer, None if it was not asked (and why), and on what it rests."""

    answer: object
    said: str
    looks: int
    seconds: float
    not_asked: str | None


class Unanswered(Problem):
    """A question came to no answer; the message says why, and has no name and no id."""


class Probe:
    """The questions of a run, and what has come of them so far."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.failures: list[CloudError] = []
        self._answers: dict[str, Answer] = {}

    def ask(self, key: str, question: Callable[[], Came]) -> bool:
        """Ask one, and say what came; whether there is an answer."""
        began, why, came = time.monotonic(), None, Came(None)
        try:
            came = question()
        except CloudError as error:
            why = self.failed(error)
        except Unanswered as error:
            why = str(error)
        seconds = round(time.monotonic() - began, 2)
        self._answers[key] = Answer(came.answer, came.said, came.looks, seconds, why)
        self._tell(key)
        return why is None

    def failed(self, error: CloudError) -> str:
        """Keep a failure, to be told in the end; gives it in words that have no name and no id."""
        known = {(each.operation, each.code) for each in self.failures}
        if (error.operation, error.code) not in known:
            self.failures.append(error)
        return f"{error.operation} failed: {error.code}"

    def skip(self, keys: Iterable[str], why: str) -> None:
        """Those of the questions that were not asked are not, and that is why."""
        for key in keys:
            if key not in self._answers:
                self._answers[key] = Answer(None, "", 0, 0.0, why)
                self._tell(key)

    def answers(self) -> Mapping[str, Answer]:
        """By the question's key, in its order."""
        return {key: self._answers[key] for key in QUESTIONS if key in self._answers}

    def _tell(self, key: str) -> None:
        found = self._answers[key]
        told = f"not asked: {found.not_asked}" if found.not_asked else json.dumps(found.answer)
        self.context.console.say(f"{QUESTIONS[key]} {told}", "yellow" if found.not_asked else "")


def shown(look: Callable[[], bool]) -> Came:
    """After how many seconds a look shows what it looks for; raises Unanswered, and CloudError."""
    began, looks = time.monotonic(), 0

    def progress() -> Progress:
        nonlocal looks
        looks += 1
        return Progress("", look())

    if not wait(progress, None, _SHOWS_WITHIN):
        raise Unanswered(_NOT_SHOWN)
    return Came(round(time.monotonic() - began, 2), "shown", looks)


def of_bucket(probe: Probe) -> None:
    """Ask what a bucket answers, which is taken away again, however that ends."""
    context = probe.context
    own = OwnBucket(context.clients, own_bucket.new_name(context.clients.account_id))
    try:
        why = _ask_all(probe, own)
        probe.ask("deletion_shows", lambda: _deletion(context, own))
    except BaseException:  # stopped
        take_away(context, own)
        raise
    if own.begun:
        probe.ask("put_acl_creates", lambda: _creates(context))
        may = "these keys may oss:PutBucket: only keys that may not can tell"
        probe.skip(["put_acl_needs_put_bucket"], may)
    probe.skip(OF_BUCKET, why)


def _ask_all(probe: Probe, own: OwnBucket) -> str:
    """Why what was not asked was not."""
    try:
        _make(probe, own)
        _on(probe, own)
    except NotOursError as error:
        probe.context.console.say(str(error), "red")
        return "the probe's bucket was not its own any more"
    except CloudError as error:
        return probe.failed(error)
    return "what it rests on was not to be had"


def _deletion(context: Context, own: OwnBucket) -> Came:
    if not take_away(context, own):
        raise Unanswered("there was no bucket of its own to delete")
    return shown(lambda: own.read.info_if_there() is None)


def take_away(context: Context, own: OwnBucket) -> bool:
    """Close and delete the bucket; whether it was there. Says what to do where it stays."""
    try:
        return own.take_away()
    except NotOursError as error:
        context.console.say(f"{error}: it was left alone", "red")
        return False
    except CloudError:
        context.console.say(
            f"{own.name} is still there: `resource-repair probe --clean` deletes it", "red"
        )
        raise


def _make(probe: Probe, own: OwnBucket) -> None:
    """Who may not PutBucket, and may PutBucketAcl, makes it so: that answers a question."""
    try:
        own.make(own_bucket.CREATE, lambda live: live.create_bucket())
    except CloudError as error:
        if not error.denied:
            raise
        probe.failed(error)
        made = probe.ask("put_acl_needs_put_bucket", lambda: _needs_put_bucket(own))
        if not made or probe.answers()["put_acl_needs_put_bucket"].answer:
            raise


def _needs_put_bucket(own: OwnBucket) -> Came:
    try:
        own.make(own_bucket.PUT_ACL, lambda live: live.put_bucket_acl(PRIVATE))
    except CloudError as error:
        if own_bucket.CREATE.action not in error.refused:
            raise
        return Came(True, error.code)
    return Came(False, _ACCEPTED)


def _creates(context: Context) -> Came:
    """On another name of our own, which is deleted again."""
    own = OwnBucket(context.clients, own_bucket.new_name(context.clients.account_id))
    try:
        own.make(own_bucket.PUT_ACL, lambda live: live.put_bucket_acl(PRIVATE))
    except CloudError as error:
        if error.code != buckets.NO_SUCH_BUCKET:
            raise
        return Came(False, error.code)
    finally:
        take_away(context, own)
    return Came(True, _ACCEPTED)


def _on(probe: Probe, own: OwnBucket) -> None:
    """All that is asked on the bucket. It is open for the questions that need that alone."""
    context, read = probe.context, own.read
    elsewhere = "cn-beijing" if context.clients.region != "cn-beijing" else "cn-shanghai"
    probe.ask("block_on_new_bucket", lambda: Came(read.blocks_public_access()))
    probe.ask("tag_shows", lambda: _tag(own))
    probe.ask("info_anywhere", lambda: Came(read.answers_elsewhere(elsewhere)))
    if not probe.ask("block_shows", lambda: _set_block(own, on=True)):
        return
    public = _public_policy(own.name)
    probe.ask("put_acl_under_block", lambda: _refusal(own, lambda: own.set_acl(PUBLIC_READ)))
    probe.ask("put_policy_under_block", lambda: _refusal(own, lambda: own.set_policy(public)))
    if buckets.account_blocks_public_access(context.clients):
        why = "Block Public Access is on for the account"
        probe.skip((*_WHILE_OPEN, "policy_status_under_block"), why)
        return
    if probe.ask("lift_heeded", lambda: _lift(own, public)):
        seen = probe.ask("policy_shows", lambda: shown(read.public_by_policy))
        _ask_rule(probe, own)
        probe.ask("acl_shows", lambda: _open_and_close(own))
        if seen:
            probe.ask("policy_status_under_block", lambda: _status_under_block(own))


def _tag(own: OwnBucket) -> Came:
    (tag,) = TAGS.items()
    own.write(own_bucket.PUT_TAGS, lambda live: buckets.tag(live, *tag))
    return shown(lambda: own.read.tags() == TAGS)


def _set_block(own: OwnBucket, *, on: bool) -> Came:
    own.set_block(on=on)
    return shown(lambda: own.read.blocks_public_access() is on)


def _refusal(own: OwnBucket, grant: Callable[[], None]) -> Came:
    """What a public grant is answered under Block Public Access; it is taken back at once."""
    try:
        grant()
    except CloudError as error:
        if not buckets.by_block(error):
            raise
        return Came(f"{error.status} {error.code}", error.code)
    own.set_acl(PRIVATE)
    return Came(_ACCEPTED, _ACCEPTED)


def _lift(own: OwnBucket, public: str) -> Came:
    """Lift Block Public Access, and set a public policy: its ACL stays private, for the rule."""
    _set_block(own, on=False)

    def granted() -> bool:
        try:
            own.set_policy(public)
        except CloudError as error:
            if buckets.by_block(error):
                return False
            raise
        return True

    return shown(granted)


def _status_under_block(own: OwnBucket) -> Came:
    _set_block(own, on=True)
    return Came(own.read.public_by_policy())


def _open_and_close(own: OwnBucket) -> Came:
    try:
        own.set_acl(PUBLIC_READ)
        return shown(lambda: own.look().acl == PUBLIC_READ)
    finally:
        own.set_acl(PRIVATE)


def _ask_rule(probe: Probe, own: OwnBucket) -> None:
    if not probe.context.options.rule:
        probe.skip(["rule_tests"], "say --rule: its bucket is public by its policy meanwhile")
        return
    if not probe.context.spec.function.environment.get("prepareRuleId"):
        probe.skip(["rule_tests"], "there is no rule: `resource-repair provision` makes it")
        return
    probe.ask("rule_tests", lambda: _rule_tests(probe.context, own.name))


def _rule_tests(context: Context, name: str) -> Came:
    """What the rule says of a bucket whose ACL never was public, and whose policy is.

    A first evaluation may be of what was there before the policy was: one is asked for after it.
    """
    found: list[findings.Result] = []

    def look() -> Progress:
        result = findings.of_bucket(context.spec, context.clients, name)
        if result and result.evaluated_at > (found[-1].evaluated_at if found else _NEVER):
            found.append(result)
            if len(found) == 1 and result.compliance != findings.NON_COMPLIANT:
                findings.start_evaluation_of(context.clients, name)
        decided = bool(found) and found[-1].compliance == findings.NON_COMPLIANT
        words = f"{count(len(found), 'evaluation')} of the rule seen: each may take ten minutes"
        return Progress(words, decided or len(found) > 1)

    if not wait(look, context.console, context.options.timeout):
        raise Unanswered("the rule did not evaluate the bucket in time")
    compliance = found[-1].compliance
    by_policy = {findings.COMPLIANT: "acl", findings.NON_COMPLIANT: "acl_and_policy"}
    if compliance not in by_policy:
        raise Unanswered(f"the rule says {compliance}")
    return Came(by_policy[compliance], compliance, len(found))


def _public_policy(bucket: str) -> str:
    allow = {
        "Effect": "Allow",
        "Principal": ["*"],
        "Action": ["oss:GetObject"],
        "Resource": [f"acs:oss:*:*:{bucket}/*"],
    }
    return json.dumps({"Version": "1", "Statement": [allow]})


def of_services(probe: Probe) -> None:
    """Ask which services answer, and where; by reads alone."""
    clients = probe.context.clients
    probe.ask("config_sites", lambda: _config_sites(probe.context))

    def kept_in(region: str) -> Came:
        return Came(action_policies(clients.records_at(region)))

    def alert_records() -> Came:
        regions = sites.RECORDS.values()
        return Came({each: _or_code(functools.partial(kept_in, each)).answer for each in regions})

    probe.ask("alert_records", alert_records)

    def fc_2() -> Came:
        next(service.services(clients), None)
        return Came(True)

    probe.ask("function_compute_2", lambda: _or_code(fc_2))


def _config_sites(context: Context) -> Came:
    candidates = context.clients.config_sites()
    if not candidates:
        raise Unanswered("the endpoint of Cloud Config is set: there is one to ask")
    status, failures = sites.statuses(candidates)
    if not status and all(each.lacks_statement for each in failures.values()):
        raise next(iter(failures.values()))
    return Came({**status, **{region: each.code for region, each in failures.items()}})


def _or_code(question: Callable[[], Came]) -> Came:
    """What came, or the code of the refusal where no permission is missing."""
    try:
        return question()
    except CloudError as error:
        if error.lacks_statement:
            raise
        return Came(error.code, error.code)
