"""A model of OSS that can be told to misbehave at every request."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, cast

from resource_repair import errors
from resource_repair.oss import Bucket, BucketState
from resource_repair.timing import Clock

NAME = "config-snapshot"
ACCOUNT = "1"
HOME = "cn-shanghai"
NOW = 1_800_000_000.0  # 2027-01-15 in UTC
LONG_AGO = "2021-09-06T05:58:37.000Z"
_LATENCY = 0.01  # seconds


class View(NamedTuple):
    """The bucket as it was from a moment on; `acl` is None while there is none."""

    since: float
    acl: str | None
    created: str = LONG_AGO
    encryption: str | None = "None"
    document: str = ""
    blocked: bool | None = False


class Request(NamedTuple):
    """A request, what it suffered, when, what was there, and what a write set or a read showed."""

    operation: str
    region: str
    word: str
    at: float
    found: View
    acl: str | None


@dataclass
class ModelOss:
    """One bucket name in OSS: what is there, where, and what each request suffers.

    `script` has a word for each request to come: `ok`, a failure (`transient`, `denied`,
    `refused`), `applied` (done, but the answer is lost), `lag` (a read shows what was before the
    last change, if that is no longer ago than `stale_for` seconds), something that somebody else
    does just before it (`delete`, `recreate`, `open`, `close`, `kms`, `plain`), or `replaced`:
    deleted, created again by our write, and the answer to that lost. `earlier` is the ACL before
    the finding, `before` what else was other then. `document` is the bucket policy; it is public
    by what it says, or as `policy` has it. `website` and `domain` are whether it has such, or why
    that cannot be read; `block` and `lift` are somebody else's, of its Block Public Access. Of
    others who write the policy, `adds` reads it before that, `public` lets everybody write, and
    `undoes` puts back what was there at first, with a statement more, as if it had read it then.
    `mends` takes out what lets everybody in, and `narrows` one of the others; `shuts` denies what
    comes by http, and `clears` deletes the policy.
    """

    acl: str | None = "public-read"
    region: str = HOME
    script: Iterator[str] = field(default_factory=lambda: iter(()))
    policy: bool | str = False
    tags: dict[str, str] = field(default_factory=dict)
    unresolved: frozenset[str] = frozenset()
    reads_anywhere: bool = False  # OSS documents that GetBucketInfo is answered in any region
    tells_location: bool = True
    earlier: str | None = None
    stale_for: float = float("inf")
    owner: str = ACCOUNT
    name: str = NAME
    blocked: bool | None = False
    account_blocked: bool | str = False
    encryption: str | None = "None"
    document: str = ""
    before: dict[str, str] = field(default_factory=dict)
    website: bool | str = False
    domain: bool | str = False
    now: float = 0.0
    wall: float = NOW

    def __post_init__(self) -> None:
        self.log: list[Request] = []
        was = View(
            float("-inf"),
            self.earlier or self.acl,
            LONG_AGO,
            self.encryption,
            self.document,
            self.blocked,
        )
        self.history = [was._replace(**self.before), was._replace(since=0.0, acl=self.acl)]
        self._at_first = self.document
        self.opened: list[_ModelBucket] = []
        self.creations = 0  # by our writes
        self._times_created = 0

    def clock(self) -> Clock:
        """A clock that moves only when somebody waits, or asks OSS."""
        return Clock(lambda: self.now, lambda: self.wall + self.now)

    def bucket(self, name: str, region: str) -> Bucket:
        """The bucket as one region sees it."""
        assert name == NAME
        self.opened.append(_ModelBucket(self, region))
        return cast("Bucket", self.opened[-1])

    def set(self, acl: str | None, created: str = "") -> None:
        """Change the bucket; None deletes it."""
        created = created or self.history[-1].created
        rest = (self.encryption, self.document, self.blocked)
        self.history.append(View(self.now, acl, created, *rest))
        self.acl = acl

    def encrypt(self, method: str | None) -> None:
        """Change how what is put there is encrypted."""
        self.encryption = method
        self.set(self.acl)

    def block(self, on: bool | None) -> None:
        """Switch its Block Public Access."""
        self.blocked = on
        self.set(self.acl)

    def state_policy(self, document: str) -> None:
        """Change the bucket policy; empty is none."""
        self.document = document
        self.set(self.acl)

    def shown(self, word: str = "ok") -> BucketState:
        """What a read shows, with the policy."""
        seen = self.seen(word)
        blocked = self.blocked if seen is self.history[-1] else seen.blocked
        location = self.region if self.tells_location else ""
        told = (self.name, self.owner, str(seen.acl), seen.created, location, blocked, "read-id")
        return BucketState(*told, seen.encryption, seen.document)

    def seen(self, word: str) -> View:
        """What a read shows."""
        current = self.history[-1]
        if word == "lag" and current.since > self.now - self.stale_for:
            return self.history[-2]
        return current

    def suffer(self, operation: str, region: str, acl: str = "") -> str:
        """Let the next word of the script happen; returns it."""
        self.now += _LATENCY
        word = next(self.script, "ok")
        if word in ("slow", "lost"):  # done some seconds later, and answered or not
            self.now += 4.0
        self._somebody_else(word)
        if region in self.unresolved:
            word = "unresolved"
        there = self.seen(word).acl if operation == "read" else self.acl
        shown = acl or (None if word in UNANSWERED else there)
        self.log.append(Request(operation, region, word, self.now, self.history[-1], shown))
        if word in FAILURES:
            raise FAILURES[word](word, "error-id")
        if word == "applied" and operation != "write":
            raise errors.TransientError("lost")
        if there is None and operation != "write":
            raise errors.NoSuchBucketError("NoSuchBucket")
        answered = operation == "read" and self.reads_anywhere
        if region != self.region and self.acl is not None and not answered:
            raise errors.ElsewhereError("AccessDenied", self.region)
        return word

    def create(self, acl: str) -> None:
        """A new bucket of that name, as by PutBucketAcl of one that is not there."""
        self._times_created += 1
        self.encryption, self.document = "None", ""
        self.set(acl, f"2027-01-15T08:{self._times_created:02}:00.000Z")

    def _somebody_else(self, word: str) -> None:
        if word in ("delete", "replaced"):
            self.set(None)
        elif word == "recreate":
            self.create("public-read")
        elif word == "clears":  # another one deletes the policy
            self.state_policy("")
        elif word == "open" and self.acl is not None:
            self.set("public-read-write")
        elif word == "close" and self.acl is not None:
            self.set("private")
        elif word in ("kms", "plain") and self.acl is not None:
            self.encrypt("KMS" if word == "kms" else "None")
        elif word in ("mends", "narrows") and self.document:
            self.state_policy(without(self.document, everybody=word == "mends"))
        elif word in ("block", "lift") and self.acl is not None:
            self.block(word == "block")
        elif word in _PUT:
            self.state_policy(
                with_one_more(self._at_first if word == "undoes" else self.document, word)
            )

    def writes(self) -> list[int]:
        """Where in the log the writes are."""
        return [at for at, request in enumerate(self.log) if request.operation == "write"]


FAILURES: dict[str, type[errors.BucketError]] = {
    "transient": errors.TransientError,
    "denied": errors.DeniedError,
    "refused": errors.RefusedError,
    "unresolved": errors.UnresolvedError,
    "unsupported": errors.UnsupportedError,
    "theirs": errors.TheirsError,
    "disabled": errors.DisabledError,
}
UNANSWERED = frozenset(["applied", "lost", *FAILURES])


class _ModelBucket:
    def __init__(self, oss: ModelOss, region: str) -> None:
        self._oss, self._region = oss, region
        self.closed = False

    def read(self) -> BucketState:
        oss = self._oss
        word = self._suffer("read")
        return oss.shown(word)._replace(policy=None)

    def policy(self) -> str:
        return str(self._oss.shown(self._suffer("get policy")).policy)

    def write_policy(self, text: str) -> str:
        oss = self._oss
        word = self._suffer("write", text or "none")
        if oss.acl is None:
            raise errors.NoSuchBucketError("NoSuchBucket")
        if is_public(text) and (oss.blocked or oss.account_blocked is True):
            raise errors.DeniedError("AccessDenied", "error-id")
        oss.state_policy(text)
        if word in ("applied", "lost"):
            raise errors.TransientError("lost")
        return "write-id"

    def delete_policy(self) -> str:
        return self.write_policy("")

    def write_acl(self, acl: str) -> str:
        oss = self._oss
        word = self._suffer("write", acl)
        if acl != "private" and (oss.blocked or oss.account_blocked is True):
            raise errors.DeniedError("AccessDenied", "error-id")
        if oss.acl is None:  # OSS creates it
            oss.creations += 1
            oss.region = self._region
            oss.create(acl)
        elif oss.acl != acl:
            oss.set(acl)
        if word in ("applied", "replaced"):
            raise errors.TransientError("lost")
        return "write-id"

    def write_encryption(self, method: str) -> str:
        oss = self._oss
        word = self._suffer("write", method)
        if oss.acl is None:
            raise errors.NoSuchBucketError("NoSuchBucket")
        oss.encrypt(method)
        if word == "applied":
            raise errors.TransientError("lost")
        return "write-id"

    def write_block(self) -> str:
        oss = self._oss
        word = self._suffer("write", "block")
        if oss.acl is None:
            raise errors.NoSuchBucketError("NoSuchBucket")
        if not oss.blocked:
            oss.block(True)
        if word == "applied":
            raise errors.TransientError("lost")
        return "write-id"

    def is_website(self) -> bool:
        self._suffer("website")
        return _told(self._oss.website)

    def has_domain(self) -> bool:
        self._suffer("domain")
        return _told(self._oss.domain)

    def tags(self) -> dict[str, str]:
        self._suffer("tags")
        return self._oss.tags

    def public_by_policy(self) -> bool:
        self._suffer("policy")
        return _told(self._oss.policy or is_public(self._oss.document))

    def account_blocked(self) -> bool:
        self._suffer("account")
        return _told(self._oss.account_blocked)

    def close(self) -> None:
        self.closed = True

    def _suffer(self, operation: str, acl: str = "") -> str:
        if self.closed:
            raise errors.TransientError("closed")
        return self._oss.suffer(operation, self._region, acl)


def is_public(document: str) -> bool:
    """As OSS judges a policy, whose conditions all narrow here but one that is for any address."""
    return any(
        each["Effect"] == "Allow"
        and ("Principal" not in each or "*" in "".join(each["Principal"] or "*"))
        and "0.0.0.0/0" in json.dumps(each.get("Condition", "0.0.0.0/0"))
        for each in json.loads(document or '{"Statement": []}')["Statement"]
    )


def with_one_more(document: str, word: str) -> str:
    """The policy with what another writer adds to it."""
    policy = json.loads(document or '{"Version": "1", "Statement": []}')
    return json.dumps({**policy, "Statement": [*policy["Statement"], _PUT[word]]})


def without(document: str, *, everybody: bool) -> str:
    """The policy without what lets everybody in, or without the first of what does not."""
    policy = json.loads(document)
    there = policy["Statement"]
    named = [each for each in there if each["Effect"] != "Allow" or "*" not in each["Principal"]]
    left = named if everybody else [each for each in there if each not in named[:1]]
    return json.dumps({**policy, "Statement": left}) if left else ""


_THEIRS = {
    "Effect": "Allow",
    "Principal": ["27"],
    "Action": ["oss:GetObject"],
    "Resource": [f"acs:oss:*:1:{NAME}/*"],
}
ADDED = {
    "adds": _THEIRS,
    "undoes": _THEIRS,
    "public": {**_THEIRS, "Principal": ["*"], "Action": ["oss:PutObject"]},
}

_PUT = {
    **ADDED,
    "shuts": {  # spelt as we do not
        "Effect": "Deny",
        "Principal": "*",
        "Action": "oss:*",
        "Resource": f"acs:oss:*:1:{NAME}*",
        "Condition": {"Bool": {"acs:SecureTransport": "false"}},
    },
}


def _told(value: bool | str) -> bool:
    if isinstance(value, str):
        raise FAILURES[value](value)
    return value
