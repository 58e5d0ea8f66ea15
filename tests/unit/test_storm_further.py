"""The storm's checker can fail for each further remediation too: stories with one thing wrong."""

import json
from typing import Any

import pytest

from tests.storm.kinds import FURTHER, KINDS, lets_in
from tests.storm.seeing import Call, Change, Exempted, Job, Run, Seen, State
from tests.unit.test_storm_checking import FINDING, LINE, OURS, POLICY, READ, RULE, broken

RULES = {f"cr-{name}": name for name in FURTHER}
ANYBODY = {"Effect": "Allow", "Principal": ["*"], "Action": ["oss:GetObject"]}
PARTNER = {**ANYBODY, "Principal": ["20"]}
NO_HTTP = {
    "Effect": "Deny",
    "Principal": ["*"],
    "Action": ["oss:*"],
    "Resource": ["acs:oss:*:*:site", "acs:oss:*:*:site/*"],
    "Condition": {"Bool": {"acs:SecureTransport": ["false"]}},
}
LATER = 3.2  # seconds to the second look


def policy(*statements: object) -> str:
    """A policy of these."""
    return json.dumps({"Statement": list(statements)}) if statements else ""


SHUT = State("private", OURS, 50.0, encryption="AES256", document=policy(NO_HTTP))


def later(call: Call, by: float = LATER) -> Call:
    """The same call, later."""
    return call._replace(began=call.began + by, at=call.at + by)


def story(name: str, first: State, last: State, write: Call, **said: Any) -> Seen:
    """A bucket that is found, looked at twice, and mended."""
    event = json.dumps({**FINDING, "configRuleId": f"cr-{name}"})
    look = (READ, later(READ, 0.1)._replace(action="GetBucketPolicy"))
    look = look if name in ("policy", "https") else (READ,)
    back = tuple(later(each, 4.0) for each in look)
    twice = tuple(later(each, 4.0 + LATER) for each in look) if len(look) > 1 else ()
    line = {**LINE, "rule_id": f"cr-{name}", "remediation": name, "acl_after": None, **said}
    run = Run(100.9, 112.0, "k", "r-1", "async", event.encode(), lines=(line,))
    return Seen(
        OURS,
        RULE,
        tag="until",
        until="2026-12-03",
        changes=(Change(90.0, "site", first), Change(104.95, "site", last)),
        calls=(*look, *(later(each) for each in look), write, *back, *twice, later(POLICY, 9.0)),
        runs=(run,),
        jobs=(Job(112.0, "r-1", succeeded=True, event=event.encode()),),
        delivered=(event,),
        further=RULES,
    )


PUT = Call(104.9, 105.0, "k", "PutBucketEncryption", "site")
PLAIN = SHUT._replace(encryption="")
ENCRYPTED = story("encryption", PLAIN, SHUT, PUT, before="None", after="AES256")

MIXED = SHUT._replace(document=policy(PARTNER, ANYBODY, NO_HTTP), policy=True)
REST = SHUT._replace(document=policy(PARTNER, NO_HTTP))
PUT_REST = PUT._replace(action="PutBucketPolicy", document=REST.document)
STATED = story("policy", MIXED, REST, PUT_REST, before=json.dumps([ANYBODY]), after="[]")
DELETED = story(
    "policy",
    MIXED._replace(document=policy(ANYBODY)),
    SHUT._replace(document=""),
    PUT._replace(action="DeleteBucketPolicy", status=204),
    before=json.dumps([ANYBODY]),
    after="[]",
)

BARE = SHUT._replace(document=policy(PARTNER))
ADDED = story("https", BARE, REST, PUT_REST, before="[]", after=json.dumps([NO_HTTP]))

OPEN = SHUT._replace(acl="public-read-write")
READABLE = SHUT._replace(acl="public-read")
PUT_ACL = PUT._replace(action="PutBucketAcl", acl="public-read")
NARROWED = story("public-write", OPEN, READABLE, PUT_ACL, before=OPEN.acl, after=READABLE.acl)


# Killed after its write: what it took out is in what it printed before.
NO_LINE = STATED.runs[0]._replace(error="killed", lines=())
FOUND = json.dumps([ANYBODY], separators=(",", ":"))
SAID = f"policy is about to change site, where it finds: {FOUND}"
KILLED = STATED._replace(
    runs=(NO_LINE._replace(log=SAID),),
    jobs=(STATED.jobs[0]._replace(succeeded=False, undelivered="64 KB"),),
)
SOUND = {"encryption": ENCRYPTED, "policy": STATED, "killed": KILLED, "https": ADDED}


@pytest.mark.parametrize("sound", SOUND.values(), ids=SOUND)
def test_what_is_mended_breaks_no_promise(sound: Seen) -> None:
    """Nothing is found where all is well."""
    assert broken(sound) == set()


def test_where_all_of_a_policy_was_taken_out_http_is_let_in_again() -> None:
    """It is no more denied, which is another rule's to find, and due for that."""
    due = [{"bucket": "site", "remediation": "https", "due": "found"}]
    assert broken(DELETED._replace(sweep=json.dumps({"buckets": due}))) == set()
    assert broken(DELETED) == {1}


def test_what_may_be_read_is_all_that_is_left_of_public_write() -> None:
    """It is open still, which is the other rule's to find, and due for that."""
    due = [{"bucket": "site", "remediation": "acl", "due": "found"}]
    assert broken(NARROWED._replace(sweep=json.dumps({"buckets": due}))) == set()
    assert broken(NARROWED) == {1}


def with_write(seen: Seen, **changed: Any) -> Seen:
    """The story, with another write."""
    calls = [each._replace(**changed) if each.began == PUT.began else each for each in seen.calls]
    return seen._replace(calls=tuple(calls))


def said(seen: Seen, **more: Any) -> Seen:
    """The story, with another line."""
    return seen._replace(runs=(seen.runs[0]._replace(lines=({**seen.runs[0].lines[0], **more},)),))


def was(seen: Seen, *changes: Change) -> Seen:
    """The story of a bucket with another history."""
    return seen._replace(changes=changes)


KMS = Change(99.0, "site", SHUT._replace(encryption="KMS"))
BOTH = policy(PARTNER, ANYBODY, {**PARTNER, "Principal": ["21"]})
SPELT = {**NO_HTTP, "Principal": "*"}
TWICE = SHUT._replace(document=policy(SPELT, NO_HTTP))
ADDED_TWICE = was(
    with_write(ADDED, document=TWICE.document),
    *(Change(90.0, "site", SHUT._replace(document=policy(SPELT))), Change(104.95, "site", TWICE)),
)
ONE_LOOK = tuple(each for each in ENCRYPTED.calls if each.began != READ.began)


@pytest.mark.parametrize(
    ("story", "promise"),
    [
        # What is wrong at the end, and nobody knows.
        (was(ENCRYPTED, *ENCRYPTED.changes, Change(111.0, "site", PLAIN)), 1),
        (was(STATED, *STATED.changes, Change(111.0, "site", MIXED)), 1),
        # A write of another rule's finding, or that takes what was there.
        (ENCRYPTED._replace(further={"cr-encryption": "policy"}), 2),
        (STATED._replace(further={"cr-policy": "encryption"}), 2),
        (was(ENCRYPTED, KMS, ENCRYPTED.changes[1]), 2),
        (with_write(STATED, document=""), 2),
        (with_write(STATED, document=policy()), 2),
        (was(STATED, Change(90.0, "site", MIXED._replace(document=BOTH)), STATED.changes[1]), 2),
        (with_write(STATED, document=policy(PARTNER, {**PARTNER, "Effect": "Deny"})), 2),
        (said(STATED, before="[]"), 2),
        (KILLED._replace(runs=(NO_LINE,)), 2),
        (was(NARROWED, Change(90.0, "site", SHUT), Change(104.95, "site", READABLE)), 2),
        (with_write(ADDED, document=policy(NO_HTTP)), 2),
        (with_write(ADDED, document=policy(PARTNER, ANYBODY, NO_HTTP)), 2),
        (ADDED._replace(further={**RULES, "cr-https": "policy", "cr-policy": "https"}), 2),
        (ADDED_TWICE, 2),
        # A write after one look, or none.
        (ENCRYPTED._replace(calls=ONE_LOOK), 4),
        (STATED._replace(calls=tuple(c for c in STATED.calls if c.action != "GetBucketPolicy")), 4),
        # What was not so.
        (was(ENCRYPTED, Change(90.0, "site", PLAIN)), 5),
        (was(STATED, Change(90.0, "site", MIXED)), 5),
        (with_write(ENCRYPTED, answered=False), 5),
        (with_write(STATED, status=503), 5),
        (was(ADDED, Change(90.0, "site", BARE)), 5),
        (with_write(ADDED, answered=False), 5),
    ],
)  # fmt: skip
def test_a_broken_promise_is_found(story: Seen, promise: int) -> None:
    """Whatever else is wrong in the story."""
    assert promise in broken(story)


@pytest.mark.parametrize("seen", [ENCRYPTED, STATED, ADDED], ids=["encryption", "policy", "https"])
@pytest.mark.parametrize(
    "outcome",
    [
        *("would_repair", "exempt", "gone", "blocked", "unproven", "recreated", "theirs"),
        *("disabled", "ceiling_refused", "denied", "ignored", "odd"),
    ],
)
def test_an_outcome_that_was_not_so_is_found(seen: Seen, outcome: str) -> None:
    """What was mended is none of these."""
    assert 5 in broken(said(seen, outcome=outcome))


def test_what_was_deleted_after_a_write_that_makes_no_bucket_is_gone() -> None:
    """Whoever deletes it: no write of a policy brings it back."""
    gone = Change(106.0, "site", None)
    assert broken(said(was(ADDED, *ADDED.changes, gone), outcome="gone")) == set()


def test_an_exempt_statement_is_left() -> None:
    """A site that everybody may read stays so: a ceiling is one from this too."""
    exempted = STATED._replace(exempted=(Exempted(0.0, 0.0, "site", "public-read"),))
    assert 2 in broken(exempted)


def test_each_kind_tells_what_is_wrong_from_what_is_not() -> None:
    """And a new one has its entry."""
    wrong = {"acl": OPEN, "public-write": OPEN, "encryption": PLAIN, "policy": MIXED, "https": BARE}
    assert {name for name, kind in KINDS.items() if kind.wrong(wrong[name], 0)} == set(KINDS)
    assert not any(kind.wrong(SHUT, 0) for kind in KINDS.values())
    assert [lets_in(ANYBODY, ceiling) for ceiling in (0, 1)] == [True, False]
