"""A model of OSS that can be told to misbehave at every request."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

from resource_repair import errors
from resource_repair.oss import Bucket, BucketState
from resource_repair.timing import Clock

HOME = "cn-shanghai"
NOW = 1_800_000_000.0  # 2027-01-15 in UTC


@dataclass
class ModelOss:
    """One bucket name in OSS: what is there, where, and what each request suffers.

    `script` has a word for each request to come: `ok`, a failure (`transient`, `denied`,
    `refused`), `applied` (done, but the answer is lost), `lag` (a read shows the ACL before the
    last write), something that somebody else does just before it (`delete`, `recreate`, `open`), or
    `replaced`: deleted, created again by our write, and the answer to that lost.
    """

    acl: str | None = "public-read"
    region: str = HOME
    script: Iterator[str] = field(default_factory=lambda: iter(()))
    policy: bool | str = False
    tags: dict[str, str] = field(default_factory=dict)
    unresolved: frozenset[str] = frozenset()
    reads_anywhere: bool = False  # OSS documents that GetBucketInfo is answered in any region
    tells_location: bool = True
    created: int = 1
    seen_acl: str | None = None
    log: list[tuple[str, str, str]] = field(default_factory=list)
    now: float = 0.0
    wall: float = NOW

    def __post_init__(self) -> None:
        self.seen_acl = self.acl

    def clock(self) -> Clock:
        """A clock that moves only when somebody waits, or asks OSS."""
        return Clock(lambda: self.now, lambda: self.wall)

    def bucket(self, name: str, region: str) -> Bucket:
        """The bucket as one region sees it."""
        assert name == "config-snapshot"
        return cast("Bucket", _ModelBucket(self, region))

    def suffer(self, operation: str, region: str) -> str:
        """Let the next word of the script happen; returns it."""
        self.now += 0.01
        word = next(self.script, "ok")
        self._somebody_else(word)
        if region in self.unresolved:
            word = "unresolved"
        self.log.append((operation, region, word))
        if word in FAILURES:
            raise FAILURES[word](word, "error-id")
        if self.acl is None and operation != "write":
            raise errors.NoSuchBucketError("NoSuchBucket")
        answered = operation == "read" and self.reads_anywhere
        if region != self.region and self.acl is not None and not answered:
            raise errors.ElsewhereError("AccessDenied", self.region)
        return word

    def _somebody_else(self, word: str) -> None:
        if word in ("delete", "replaced"):
            self.acl = self.seen_acl = None
        elif word == "recreate":
            self.acl = self.seen_acl = "public-read"
            self.created += 1
        elif word == "open" and self.acl is not None:
            self.acl = self.seen_acl = "public-read-write"

    def writes(self) -> list[int]:
        """Where in the log the writes are."""
        return [at for at, (operation, _, _) in enumerate(self.log) if operation == "write"]


FAILURES: dict[str, type[errors.BucketError]] = {
    "transient": errors.TransientError,
    "denied": errors.DeniedError,
    "refused": errors.RefusedError,
    "unresolved": errors.UnresolvedError,
    "unsupported": errors.UnsupportedError,
}


class _ModelBucket:
    def __init__(self, oss: ModelOss, region: str) -> None:
        self._oss, self._region = oss, region

    def read(self) -> BucketState:
        word = self._oss.suffer("read", self._region)
        if word == "applied":
            raise errors.TransientError("lost")
        acl = self._oss.seen_acl if word == "lag" else self._oss.acl
        location = self._oss.region if self._oss.tells_location else ""
        return BucketState(str(acl), f"day {self._oss.created}", location, "read-id")

    def write_acl(self, acl: str) -> str:
        word = self._oss.suffer("write", self._region)
        if self._oss.acl is None:  # OSS creates it
            self._oss.created += 1
            self._oss.region = self._region
        self._oss.seen_acl, self._oss.acl = self._oss.acl or acl, acl
        if word in ("applied", "replaced"):
            raise errors.TransientError("lost")
        return "write-id"

    def tags(self) -> dict[str, str]:
        self._oss.suffer("tags", self._region)
        return self._oss.tags

    def public_by_policy(self) -> bool:
        self._oss.suffer("policy", self._region)
        if isinstance(self._oss.policy, str):
            raise FAILURES[self._oss.policy](self._oss.policy)
        return self._oss.policy

    def close(self) -> None:
        pass
