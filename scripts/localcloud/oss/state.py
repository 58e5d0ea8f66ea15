"""OSS: the buckets of all accounts and regions, and what is in them."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from xml.sax.saxutils import escape

from ..rewinding import Rewindable
from ..service import Core
from . import bucket_policy, regions
from .model import (
    DEFAULT_RESOURCE_GROUP,
    Bucket,
    BucketExistsError,
    BucketNotEmptyError,
    BucketNotFoundError,
    ObjectNotFoundError,
    PublicAccessBlockedError,
    StoredObject,
    TooManyBucketsError,
    acl_is_public,
    check_acl,
    check_bucket_name,
    check_tags,
)

_LONG = 30 * 86400.0  # seconds
_WEBSITE = "<WebsiteConfiguration><IndexDocument><Suffix>"
_ITS_END = "</Suffix></IndexDocument></WebsiteConfiguration>"


@dataclass
class _Stale:
    """What the next reads still show."""

    value: Any
    reads: int


class OssState(Rewindable):
    """Every bucket there is; names are shared by all accounts.

    What names a bucket that is not there raises BucketNotFoundError (a KeyError); what OSS does not
    do raises another RefusedError. `on_change` is called with a bucket's name, outside the lock,
    after the bucket appeared, vanished or got another ACL, policy, tags, website, domain or Block
    Public Access. `on_state` is called with the name and the new state (None for a bucket that is
    gone), inside the lock, so that all changes come in their order: it must not ask OSS anything.

    Switches, for what differs between accounts or is told in two ways:
    `block_new_buckets` is whether Block Public Access is on in a new bucket, as it is in those made
    since it became the default; off, for those made before.
    Block Public Access that was lifted is heeded for as many public grants as `spreading` says.
    `info_anywhere` lets GetBucketInfo be answered in every region, not only in the bucket's own.
    `policy_status_heeds_block` has IsPublic be false where Block Public Access overrules a policy.
    `accepts_v1` lets signatures of version 1 in, as those of accounts from before March 2025 are.
    `old_buckets` are those that take them whatever the account is, as Function Compute's does.
    `put_acl_conflicts` answers a PutBucketAcl that is not allowed with BucketAlreadyExists.
    `explains_denials` tells the action that RAM did not allow; else it is said that the bucket
    belongs to somebody else.
    `regions` are those that there are, `most_buckets` how many an account can have in one.
    """

    def __init__(self, core: Core, *, put_acl_needs_put_bucket: bool) -> None:
        self.put_acl_needs_put_bucket = put_acl_needs_put_bucket
        self.info_anywhere = False
        self.policy_status_heeds_block = False
        self.block_new_buckets = False
        self.accepts_v1 = False
        self.old_buckets: set[str] = set()
        self.put_acl_conflicts = False
        self.explains_denials = True
        self.regions = {*regions.KNOWN, core.region}
        self.most_buckets = 100
        self.on_change: list[Callable[[str], None]] = []
        self.on_state: list[Callable[[str, Bucket | None], None]] = []
        self._core = core
        self._lock = threading.Lock()
        self._buckets: dict[str, Bucket] = {}
        self._stale: dict[tuple[str, str], _Stale] = {}
        self._last_created_at: dict[str, float] = {}
        self._blocking_accounts: set[str] = set()

    def names(self) -> list[str]:
        """The names of all buckets, in alphabetical order."""
        with self._lock:
            return sorted(self._buckets)

    def all(self) -> list[Bucket]:
        """All buckets as they are now, in that order."""
        with self._lock:
            return [self._buckets[name] for name in sorted(self._buckets)]

    def bucket(self, name: str) -> Bucket:
        """The bucket as it is now."""
        with self._lock:
            return self._find(name)

    def create(
        self,
        name: str,
        *,
        region: str = "",
        acl: str = "private",
        owner: str = "",
        storage_class: str = "Standard",
        redundancy: str = "LRS",
        resource_group: str = DEFAULT_RESOURCE_GROUP,
        encryption: Mapping[str, str] | None = None,
        age: float = _LONG,
    ) -> Bucket:
        """Make a bucket, unless told otherwise in the cloud's region and for its account.

        It was made `age` seconds ago: long enough, unless told otherwise, to have been there before
        anything that is told of it.

        Raises BucketExistsError, TooManyBucketsError, InvalidNameError, InvalidAclError or
        PublicAccessBlockedError.
        """
        check_bucket_name(name)
        check_acl("bucket", acl)
        with self._lock:
            if name in self._buckets:
                raise BucketExistsError(name)
            bucket = Bucket(
                name,
                owner or self._core.account_id,
                region or self._core.region,
                acl,
                self._new_creation_time(name, age),
                storage_class,
                redundancy,
                block_public_access=self.block_new_buckets,
                resource_group=resource_group,
                encryption=dict(encryption or {}),
            )
            self._refuse_if_full(bucket)
            self._refuse_if_blocked(bucket, "bucket acl", public=acl_is_public(acl))
            self._buckets[name] = bucket
            self._show(name)
        self._notify(name)
        return bucket

    def delete(self, name: str) -> None:
        """Remove a bucket; raises BucketNotEmptyError while it holds an object."""
        with self._lock:
            if self._find(name).objects:
                raise BucketNotEmptyError(name)
            del self._buckets[name]
            self._stale.pop(("acl", name), None)
            self._stale.pop(("block", name), None)
            self._stale.pop(("encryption", name), None)
            self._stale.pop(("policy", name), None)
            self._show(name)
        self._notify(name)

    def set_acl(self, name: str, acl: str) -> None:
        """Set a bucket's ACL; raises InvalidAclError or PublicAccessBlockedError."""
        check_acl("bucket", acl)

        def change(bucket: Bucket) -> Bucket:
            self._refuse_if_blocked(bucket, "bucket acl", public=acl_is_public(acl))
            return replace(bucket, acl=acl)

        self._change(name, change)

    def let_acl_lag(self, name: str, reads: int) -> None:
        """Let the next `reads` calls of `read_acl` answer the ACL that the bucket has now."""
        with self._lock:
            if name in self._buckets:
                self._stale["acl", name] = _Stale(self._buckets[name].acl, reads)

    def let_block_lag(self, name: str, looks: int) -> None:
        """Let the next `looks` see Block Public Access of a bucket as it is now."""
        with self._lock:
            if name in self._buckets:
                now = self._buckets[name].block_public_access
                self._stale["block", name] = _Stale(now, looks)

    def let_encryption_lag(self, name: str, reads: int) -> None:
        """Let the next `reads` calls of `read_encryption` answer the rule of now."""
        with self._lock:
            if name in self._buckets:
                self._stale["encryption", name] = _Stale(self._buckets[name].encryption, reads)

    def let_policy_lag(self, name: str, reads: int) -> None:
        """Let the next `reads` calls of `read_policy` answer the policy of now."""
        with self._lock:
            if name in self._buckets:
                self._stale["policy", name] = _Stale(self._buckets[name].policy, reads)

    def read_acl(self, name: str) -> str:
        """A bucket's ACL as one who reads it back sees it, which may be late."""
        with self._lock:
            acl: str = self._seen("acl", name, self._find(name).acl)
            return acl

    def read_encryption(self, name: str) -> Mapping[str, str]:
        """How a bucket is to be encrypted, in the same way."""
        with self._lock:
            rule: Mapping[str, str] = self._seen("encryption", name, self._find(name).encryption)
            return rule

    def read_policy(self, name: str) -> str | None:
        """A bucket's policy, in the same way."""
        with self._lock:
            policy: str | None = self._seen("policy", name, self._find(name).policy)
            return policy

    def read_block(self, name: str) -> bool:
        """Block Public Access of a bucket alone, in the same way."""
        with self._lock:
            blocked: bool = self._seen("block", name, self._find(name).block_public_access)
            return blocked

    def read_account_block(self, account_id: str) -> bool:
        """Block Public Access of a whole account, in the same way."""
        with self._lock:
            blocked: bool = self._seen("account", account_id, account_id in self._blocking_accounts)
            return blocked

    def set_policy(self, name: str, text: str | None) -> None:
        """Set or (None) remove a policy; raises InvalidPolicyError or PublicAccessBlockedError."""
        if text is not None:
            bucket_policy.check(text)

        def change(bucket: Bucket) -> Bucket:
            self._refuse_if_blocked(bucket, "bucket policy", public=bucket_policy.is_public(text))
            return replace(bucket, policy=text)

        self._change(name, change)

    def policy_is_public(self, name: str) -> bool:
        """Whether the bucket has a policy that lets the public in."""
        bucket = self.bucket(name)
        heeded = self.policy_status_heeds_block and self.blocks_public_access(bucket)
        return bucket_policy.is_public(bucket.policy) and not heeded

    def set_tags(self, name: str, tags: Mapping[str, str]) -> None:
        """Replace a bucket's tags; raises InvalidTagError."""
        check_tags(tags)
        self._change(name, lambda bucket: replace(bucket, tags=dict(tags)))

    def set_website(self, name: str, index: str | None) -> None:
        """Switch static website hosting on, with this index page, or (None) off."""
        website = index and f"{_WEBSITE}{escape(index)}{_ITS_END}"
        self.set_website_configuration(name, website)

    def set_website_configuration(self, name: str, text: str | None) -> None:
        """Set or (None) remove the whole configuration, in XML."""
        self._change(name, lambda bucket: replace(bucket, website=text))

    def set_encryption(self, name: str, rule: Mapping[str, str]) -> None:
        """Set how the bucket is to be encrypted; an empty rule is none."""
        self._change(name, lambda bucket: replace(bucket, encryption=dict(rule)))

    def bind_domain(self, name: str, domain: str) -> None:
        """Bind a custom domain to a bucket. (OSS wants a record in the domain's DNS first.)"""
        now = self._core.clock.now()
        self._change(name, lambda b: replace(b, domains={**b.domains, domain: now}))

    def set_block_public_access(self, name: str, blocked: bool) -> None:
        """Switch Block Public Access of a bucket on or off."""
        self._change(name, lambda bucket: replace(bucket, block_public_access=blocked))

    def block_account(self, account_id: str, *, blocked: bool) -> None:
        """Switch Block Public Access of a whole account on or off; its buckets keep their own."""
        with self._lock:
            if blocked:
                self._blocking_accounts.add(account_id)
            else:
                self._blocking_accounts.discard(account_id)

    def begin_to_spread(self, whose: str) -> None:
        """An operation lifted Block Public Access just now, of a bucket or of an account."""
        self._core.spreading.begin(_block_of(whose))

    def blocks_account(self, account_id: str) -> bool:
        """Whether Block Public Access is on for the whole account."""
        return account_id in self._blocking_accounts

    def blocks_public_access(self, bucket: Bucket) -> bool:
        """Whether Block Public Access is on for the bucket, or for all of its owner's."""
        return bucket.block_public_access or self.blocks_account(bucket.owner)

    def seems_blocked(self, bucket: Bucket) -> bool:
        """The same, as one who comes without a name sees it, which may be late."""
        with self._lock:
            return self._sees_block(bucket)

    def put_object(
        self,
        bucket: str,
        key: str,
        body: bytes,
        acl: str = "default",
        content_type: str = "application/octet-stream",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Store an object; raises InvalidAclError or PublicAccessBlockedError."""
        check_acl("object", acl)
        now = self._core.clock.now()
        stored = StoredObject(body, acl, content_type, now, dict(headers or {}))
        with self._lock:
            holder = self._find(bucket)
            self._refuse_if_blocked(holder, "object acl", public=acl_is_public(acl))
            self._buckets[bucket] = replace(holder, objects={**holder.objects, key: stored})

    def set_object_acl(self, bucket: str, key: str, acl: str) -> None:
        """Set an object's ACL; raises ObjectNotFoundError besides what `put_object` raises."""
        check_acl("object", acl)
        with self._lock:
            holder = self._find(bucket)
            if key not in holder.objects:
                raise ObjectNotFoundError(key)
            self._refuse_if_blocked(holder, "object acl", public=acl_is_public(acl))
            changed = replace(holder.objects[key], acl=acl)
            self._buckets[bucket] = replace(holder, objects={**holder.objects, key: changed})

    def delete_object(self, bucket: str, key: str) -> None:
        """Remove an object, if it is there."""
        with self._lock:
            holder = self._find(bucket)
            left = {name: kept for name, kept in holder.objects.items() if name != key}
            self._buckets[bucket] = replace(holder, objects=left)

    def _refuse_if_blocked(self, bucket: Bucket, grant: str, *, public: bool) -> None:
        if public and (self._sees_block(bucket) or self._heeds_what_was_lifted(bucket)):
            raise PublicAccessBlockedError(grant)

    def _heeds_what_was_lifted(self, bucket: Bucket) -> bool:
        whose = (bucket.name, bucket.owner)
        return any(self._core.spreading.misses(_block_of(each)) for each in whose)

    def _refuse_if_full(self, bucket: Bucket) -> None:
        place = bucket.owner, bucket.region
        beside = sum((each.owner, each.region) == place for each in self._buckets.values())
        if beside >= self.most_buckets:
            raise TooManyBucketsError(bucket.name)

    def _sees_block(self, bucket: Bucket) -> bool:
        of_account = bucket.owner in self._blocking_accounts
        seen = [
            self._seen("block", bucket.name, bucket.block_public_access),
            self._seen("account", bucket.owner, of_account),
        ]
        return any(seen)

    def _seen(self, what: str, name: str, now: Any) -> Any:
        stale = self._stale.get((what, name))
        if stale is None or stale.reads <= 0:
            return now
        stale.reads -= 1
        return stale.value

    def _find(self, name: str) -> Bucket:
        if name not in self._buckets:
            raise BucketNotFoundError(name)
        return self._buckets[name]

    def _change(self, name: str, change: Callable[[Bucket], Bucket]) -> None:
        with self._lock:
            before = self._find(name)
            after = self._buckets[name] = change(before)
            self._show(name)
        if after != before:
            self._notify(name)

    def _show(self, name: str) -> None:
        for listener in self.on_state:
            listener(name, self._buckets.get(name))

    def _notify(self, name: str) -> None:
        for listener in self.on_change:
            listener(name)

    def _new_creation_time(self, name: str, age: float) -> float:
        # OSS tells it in whole seconds, and by it a reader must tell a bucket from its successor of
        # the same name: one that comes within the second is dated a second later.
        soonest = self._last_created_at.get(name, 0.0) + 1
        self._last_created_at[name] = max(float(int(self._core.clock.now() - age)), soonest)
        return self._last_created_at[name]


def _block_of(name: str) -> str:
    return f"Block Public Access of {name}"
