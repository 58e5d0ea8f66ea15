"""A bucket that a probe makes for itself and takes away again; and those that earlier ones left.

OSS takes no tags with PutBucket (page "0015-00000207"), so that the mark is in the name too: half
of its digits are a checksum of the other half and of the account. Whoever is killed before it has
its tag leaves a bucket that is known all the same.
"""

import contextlib
import hashlib
import re
import secrets
import signal
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timezone
from typing import Any, NamedTuple, TypeVar

from resource_repair.openness import PRIVATE
from scripts.account import answers, buckets
from scripts.account.buckets import Bucket, Info
from scripts.account.clients import Clients
from scripts.account.mark import TAG_KEY
from scripts.account.permission import Permission
from scripts.errors import NOT_SEEN_YET, CloudError, Problem
from scripts.patience import patiently
from scripts.terminal import handling

PREFIX = "resource-repair-probe-"
ANY_NAME = f"{PREFIX}<8 hexadecimal digits>"
TAGS = {TAG_KEY: "resource-repair-probe"}
_NAME = re.compile(PREFIX + r"([0-9a-f]{4})([0-9a-f]{4})")
_ON = f"acs:oss:*:{{account}}:{PREFIX}*"

GET_INFO, GET_TAGS = (Permission(f"oss:GetBucket{each}", _ON) for each in ("Info", "Tagging"))
GET_BLOCK = Permission("oss:GetBucketPublicAccessBlock", _ON)
GET_STATUS = Permission("oss:GetBucketPolicyStatus", _ON)
CREATE, DELETE = Permission("oss:PutBucket", _ON), Permission("oss:DeleteBucket", _ON)
PUT_TAGS, PUT_ACL = (Permission(f"oss:PutBucket{each}", _ON) for each in ("Tagging", "Acl"))
PUT_BLOCK = Permission("oss:PutBucketPublicAccessBlock", _ON)
PUT_POLICY = Permission("oss:PutBucketPolicy", _ON)

PERMISSIONS = (
    *(buckets.LIST, GET_INFO, GET_TAGS, GET_BLOCK, GET_STATUS),
    *(CREATE, PUT_TAGS, PUT_BLOCK, PUT_ACL, PUT_POLICY, DELETE),
)

_T = TypeVar("_T")


class NotOursError(Problem):
    """The bucket is gone, or is another one of its name by now: it is left alone."""


class Leftover(NamedTuple):
    """A bucket that a probe left, when it was made, and how many seconds ago that was."""

    name: str
    region: str
    made_at: datetime
    age: float


def new_name(account_id: str) -> str:
    """A name for a bucket of a probe of this account."""
    drawn = secrets.token_hex(2)
    return f"{PREFIX}{drawn}{_checksum(account_id, drawn)}"


def is_own_name(account_id: str, name: str) -> bool:
    """Whether a probe of this account gave a bucket this name."""
    found = _NAME.fullmatch(name)
    return found is not None and found[2] == _checksum(account_id, found[1])


def _checksum(account_id: str, drawn: str) -> str:
    return hashlib.sha256(f"{account_id} {drawn}".encode()).hexdigest()[:4]


class OwnBucket:
    """The bucket of that name; each write is made directly after it was seen to be our own.

    That is: of our name, made when it was first seen to be, tagged as ours or not at all.
    """

    def __init__(self, clients: Clients, name: str, left: Leftover | None = None) -> None:
        self.name = name
        self.read = Bucket(clients, name, left.region if left else "")
        self.begun = left is not None  # whether it may be there: one that is left, or was begun
        self._made_at = left.made_at if left else None
        self._clients = clients

    def make(self, needed: Permission, call: Callable[[Any], object]) -> None:
        """Make it, by a call that needs that; nothing must be there of its name.

        Raises NotOursError where there is, and CloudError.
        """
        if self.read.info_if_there() is not None:
            raise NotOursError(f"{self.name} is there already: run again")
        self.begun = True
        with _unstopped():
            self.read.once(needed, call)

        def seen() -> datetime:
            if info := self.read.info_if_there():
                return info.created_at
            raise CloudError(GET_INFO.action, self.name, NOT_SEEN_YET, 404, "run again")

        self._made_at = patiently(seen, after_making=True)

    def look(self) -> Info:
        """How it is; raises NotOursError where it is not ours, or no more, and CloudError."""
        info = self.read.info_if_there()
        if info is None:
            raise NotOursError(f"{self.name} is gone: somebody else deleted it")
        self._check(info.created_at, self.tags())
        return info

    def tags(self) -> Mapping[str, str]:
        """Its tags, without such as Alibaba Cloud may put on whatever is made; raises CloudError.

        Guessed: that such begin with "acs:", as nobody's own may, and that OSS tells them.
        """
        return _of_people(self.read.tags())

    def write(self, needed: Permission, call: Callable[[Any], _T]) -> _T:
        """What a write answers, at each try made directly after a look; raises as `look`."""

        def once() -> _T:
            self.look()
            with _unstopped():  # what comes to OSS after the bucket was deleted would make it anew
                return self.read.once(needed, call)

        return patiently(once)

    def set_block(self, *, on: bool) -> None:
        """Switch its Block Public Access on or off."""
        self.write(PUT_BLOCK, lambda live: live.put_bucket_public_access_block(on))

    def set_acl(self, acl: str) -> None:
        """Set its ACL."""
        self.write(PUT_ACL, lambda live: live.put_bucket_acl(acl))

    def set_policy(self, text: str) -> None:
        """Set its policy."""
        self.write(PUT_POLICY, lambda live: live.put_bucket_policy(text))

    def take_away(self) -> bool:
        """Close it, then delete it; whether it was there. Raises as `look`.

        Block Public Access overrules its ACL and its policy. Where that may not be switched on, the
        deletion alone closes it.
        """
        if not (self.begun and self._is_there()):
            return False
        with contextlib.suppress(CloudError):
            self.set_block(on=True)
        with contextlib.suppress(CloudError):
            if self.look().acl != PRIVATE:
                self.set_acl(PRIVATE)
        patiently(self._delete)
        return True

    def _delete(self) -> None:
        if self._is_there():
            with _unless_gone():
                self.read.once(DELETE, lambda live: live.delete_bucket())

    def _is_there(self) -> bool:
        """Whether it is there; raises NotOursError where it is not ours.

        What may not be read is no reason to leave behind what this run made: the list tells when a
        bucket was made, too.
        """
        try:
            info = self.read.info_if_there()
            made_at = info and info.created_at
        except CloudError as error:
            if not error.denied:
                raise
            found = buckets.listed(self._clients, self.name).get(self.name)
            made_at = found and found.created_at
        if made_at is None:
            return False
        try:
            tags = self.tags()
        except CloudError as error:
            if not (error.denied and self._made_at):
                raise
            tags = {}
        self._check(made_at, tags)
        return True

    def _check(self, made_at: datetime, tags: object) -> None:
        if tags not in ({}, TAGS) or made_at != (self._made_at or made_at):
            raise NotOursError(f"{self.name} is not what this run made: look whose it is")
        self._made_at = made_at


@contextlib.contextmanager
def _unstopped() -> Iterator[None]:
    """Let what OSS is asked be answered: what stops a verb does so afterwards."""
    came: list[int] = []

    def note(number: int, _: object) -> None:
        came.append(number)

    try:
        with handling(note, note, note):
            yield
    finally:
        for number in came[:1]:
            signal.raise_signal(number)


@contextlib.contextmanager
def _unless_gone() -> Iterator[None]:
    try:
        yield
    except CloudError as error:
        if error.code != buckets.NO_SUCH_BUCKET:
            raise


def leftovers(clients: Clients) -> Iterator[Leftover]:
    """The buckets that probes of this account left, or are at work on; raises CloudError.

    One whose tags say otherwise is none.
    """
    for name, found in buckets.listed(clients, PREFIX).items():
        if not is_own_name(clients.account_id, name):
            continue
        with _unless_gone():
            if _of_people(Bucket(clients, name, found.region).tags()) in ({}, TAGS):
                now = answers.last() or datetime.now(timezone.utc).timestamp()
                age = now - found.created_at.timestamp()
                yield Leftover(name, found.region, found.created_at, age)


def _of_people(tags: Mapping[str, str]) -> Mapping[str, str]:
    return {key: value for key, value in tags.items() if not key.startswith("acs:")}
