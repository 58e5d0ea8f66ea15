"""What a probe asks on a bucket of its own, which is closed and deleted however that ends."""

import functools
import json
from collections.abc import Callable
from datetime import datetime, timezone

from resource_repair.openness import PRIVATE, PUBLIC_READ
from scripts.account import buckets, findings, own_bucket
from scripts.account.own_bucket import NotOursError, OwnBucket
from scripts.context import Context
from scripts.errors import CloudError
from scripts.flows.probing import OF_BUCKET, Came, Probe, Unanswered, settled, shown
from scripts.patience import Progress, wait
from scripts.words import count

PERMISSIONS = (
    *own_bucket.PERMISSIONS,
    *(buckets.GET_ACCOUNT_BLOCK, findings.LIST_OF_BUCKET, findings.START_OF_BUCKET),
)

_WHILE_OPEN = (
    "lift_heeded",
    "policy_shows",
    "rule_tests",
    "acl_shows",
    "policy_status_under_block",
)

OPEN_FOR = 30.0  # seconds for which a public policy may take to show; then a public ACL
_ACCEPTED = "accepted"
_NOT_EMPTY = "BucketNotEmpty"
_NEVER = datetime.fromtimestamp(0, timezone.utc)


def of_bucket(probe: Probe) -> None:
    """Ask what a bucket answers, which is taken away again, however that ends."""
    context = probe.context
    own = OwnBucket(context.clients, own_bucket.new_name(context.clients.account_id))
    try:
        why = _ask_all(probe, own)
        deleted = probe.ask("deletion_shows", lambda: _deletion(context, own))
    except BaseException:  # stopped
        take_away(context, own)
        raise
    if deleted:  # else another one would stay, too
        probe.ask("put_acl_creates", lambda: _creates(context))
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
    except CloudError as error:
        what = "is still there: `resource-repair probe --clean` deletes it"
        if error.code == _NOT_EMPTY:
            what = "is not empty: move what somebody put into it, and run again"
        context.console.say(f"{own.name} {what}", "red")
        raise


def _make(probe: Probe, own: OwnBucket) -> None:
    """Who may not PutBucket, and may PutBucketAcl, makes it so: that answers a question."""
    try:
        own.make(own_bucket.CREATE, lambda live: live.create_bucket())
        may = "these keys may oss:PutBucket: only keys that may not can tell"
        probe.skip(["put_acl_needs_put_bucket"], may)
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
    if not probe.ask("block_shows", lambda: _block_shows(own)):
        return
    public = _public_policy(own.name)
    for key, grant in (
        ("put_acl_under_block", lambda: own.set_acl(PUBLIC_READ)),
        ("put_policy_under_block", lambda: own.set_policy(public)),
    ):
        ask = functools.partial(_under_block, own, grant)
        probe.ask(key, functools.partial(settled, ask, _ACCEPTED))
    if buckets.account_blocks_public_access(context.clients):
        why = "Block Public Access is on for the account"
        probe.skip((*_WHILE_OPEN, "policy_status_under_block"), why)
        return
    if probe.ask("lift_heeded", lambda: _lift(own, public)):
        seen = probe.ask("policy_shows", lambda: shown(read.public_by_policy, OPEN_FOR))
        _ask_rule(probe, own)
        probe.ask("acl_shows", lambda: _open_and_close(own))
        if seen:
            probe.ask("policy_status_under_block", lambda: _status_under_block(own))


def _tag(own: OwnBucket) -> Came:
    (tag,) = own_bucket.TAGS.items()
    own.write(own_bucket.PUT_TAGS, lambda live: buckets.tag(live, *tag))
    return shown(lambda: bool(own.tags()))


def _set_block(own: OwnBucket, *, on: bool) -> Came:
    own.set_block(on=on)
    return shown(lambda: own.read.blocks_public_access() is on)


def _block_shows(own: OwnBucket) -> Came:
    """What is on already would show at once."""
    if own.read.blocks_public_access():
        _set_block(own, on=False)
    return _set_block(own, on=True)


def _under_block(own: OwnBucket, grant: Callable[[], None]) -> str:
    """What a public grant is answered; the ACL is private after it, a policy stays overruled."""
    try:
        grant()
    except CloudError as error:
        if not buckets.by_block(error):
            raise
        return f"{error.status} {error.code}"
    own.set_acl(PRIVATE)
    return _ACCEPTED


def _lift(own: OwnBucket, public: str) -> Came:
    """Lift Block Public Access, and set a public policy: its ACL stays private, for the rule."""
    own.set_block(on=False)
    grant = functools.partial(own.set_policy, public)
    return shown(lambda: _under_block(own, grant) == _ACCEPTED)


def _status_under_block(own: OwnBucket) -> Came:
    _set_block(own, on=True)
    return settled(own.read.public_by_policy, lasting=True)


def _open_and_close(own: OwnBucket) -> Came:
    try:
        own.set_acl(PUBLIC_READ)
        return shown(lambda: own.read.info().acl == PUBLIC_READ, OPEN_FOR)
    finally:
        own.set_acl(PRIVATE)


def _ask_rule(probe: Probe, own: OwnBucket) -> None:
    if not probe.context.options.rule:
        probe.skip(["rule_tests"], "say --rule: its bucket is public by its policy meanwhile")
        return
    rules = [each for each in findings.rule_ids(probe.context.spec) if each]
    if len(rules) != 1:
        why = "PREPARE_RULE_ID names several rules, and the answer is one rule's"
        none = "there is no rule: `resource-repair provision` makes it"
        probe.skip(["rule_tests"], why if rules else none)
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
