"""What OSS holds, as immutable values, and what it refuses to hold."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_ACLS = {
    "bucket": {"private", "public-read", "public-read-write"},
    "object": {"private", "public-read", "public-read-write", "default"},
}

# Page "Bucket naming conventions".
_BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")

# Pages "PutBucketTags", "Manage bucket tags" and, of `acs`, "0010-00000002".
_MOST_TAGS = 20
_LONGEST_TAG_KEY = 64  # bytes
_LONGEST_TAG_VALUE = 128
_RESERVED_TAG_KEYS = ("http://", "https://", "aliyun", "acs")

DEFAULT_RESOURCE_GROUP = "rg-default-id"


@dataclass(frozen=True)
class StoredObject:
    """An object; its ACL `default` is that of its bucket, `headers` come back with it."""

    body: bytes
    acl: str
    content_type: str
    modified_at: float
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Bucket:
    """A bucket as it was when asked for: a change makes a new value, this one stays as it is.

    `owner` is an account id, `region` a region id (`cn-shanghai`), `policy` JSON. `created_at` is
    in whole seconds since the epoch, and another one for each bucket that ever had the name.
    `website` is the configuration of static website hosting, in XML; `domains` are custom ones that
    are bound to the bucket, with the time of each; `encryption` is how OSS is to encrypt what it
    holds: `SSEAlgorithm`, `KMSMasterKeyID`, `KMSDataEncryption`.
    """

    name: str
    owner: str
    region: str
    acl: str
    created_at: float
    storage_class: str = "Standard"
    redundancy: str = "LRS"
    policy: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    objects: dict[str, StoredObject] = field(default_factory=dict)
    block_public_access: bool = False
    website: str | None = None
    domains: dict[str, float] = field(default_factory=dict)
    resource_group: str = DEFAULT_RESOURCE_GROUP
    encryption: dict[str, str] = field(default_factory=dict)


class RefusedError(Exception):
    """Something that OSS does not do; the wire has an error code for each kind."""


class BucketNotFoundError(RefusedError, KeyError):
    """There is no bucket of that name."""


class ObjectNotFoundError(RefusedError, KeyError):
    """There is no object of that key."""


class BucketExistsError(RefusedError):
    """Somebody has a bucket of that name; `ec` is OSS's number for who, and who asks."""

    THEIRS = "0015-00000102"
    NOT_AGAIN = "0015-00000104"

    def __init__(self, name: str, ec: str = THEIRS) -> None:
        super().__init__(name)
        self.ec = ec


class TooManyBucketsError(RefusedError):
    """The account has as many buckets in the region as it may have."""


class BucketNotEmptyError(RefusedError):
    """Only an empty bucket can be deleted."""


class InvalidNameError(RefusedError, ValueError):
    """Not a bucket name."""


class InvalidAclError(RefusedError, ValueError):
    """Not an ACL that its holder, a `bucket` or an `object`, can have."""

    def __init__(self, holder: str, acl: str) -> None:
        super().__init__(f"{acl!r} is no ACL of a {holder}")
        self.holder = holder
        self.acl = acl


class InvalidPolicyError(RefusedError, ValueError):
    """Not a bucket policy; `ec` is OSS's number for why."""

    SYNTAX = "0030-00000005"
    TOO_LONG = "0030-00000001"
    LONG_FIELD = "0030-00000003"
    ASTERISKS = "0030-00000007"
    WITHOUT_VPC = "0030-00000008"

    def __init__(self, why: str, ec: str = SYNTAX) -> None:
        super().__init__(why)
        self.ec = ec


class InvalidTagError(RefusedError, ValueError):
    """Not a tag of a bucket, or too many."""


class PublicAccessBlockedError(RefusedError):
    """Block Public Access is on: no new public grant; `str()` names the kind of grant."""


def check_bucket_name(name: str) -> None:
    """Raise InvalidNameError unless `name` can be a bucket's."""
    if not _BUCKET_NAME.fullmatch(name):
        raise InvalidNameError(name)


def check_tags(tags: Mapping[str, str]) -> None:
    """Raise InvalidTagError unless a bucket can have these tags."""
    if len(tags) > _MOST_TAGS:
        raise InvalidTagError(f"a bucket has at most {_MOST_TAGS} tags")
    for key, value in tags.items():
        if not key or len(key.encode()) > _LONGEST_TAG_KEY:
            raise InvalidTagError(f"a tag's key has 1 to {_LONGEST_TAG_KEY} bytes")
        if key.lower().startswith(_RESERVED_TAG_KEYS):
            raise InvalidTagError(f"a tag's key must not begin as {key!r} does")
        if len(value) > _LONGEST_TAG_VALUE:
            raise InvalidTagError(f"a tag's value has at most {_LONGEST_TAG_VALUE} characters")


def check_acl(holder: str, acl: str) -> None:
    """Raise InvalidAclError unless `holder`, a `bucket` or an `object`, can have that ACL."""
    if acl not in _ACLS[holder]:
        raise InvalidAclError(holder, acl)


def acl_is_public(acl: str) -> bool:
    """Whether an ACL grants anything to everybody."""
    return acl.startswith("public-")
