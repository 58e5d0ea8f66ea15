"""Where a request goes: the bucket and the key that its host and path name, and its operation."""

import ipaddress
import urllib.parse
from collections.abc import Set
from typing import NamedTuple

from scripts.localcloud.http import Request
from scripts.localcloud.oss import errors
from scripts.localcloud.service import Operation
from scripts.localcloud.table import Match

# By level, method and subresource. Each is called what RAM calls the action, which is what OSS
# calls the operation too, but for tags (PutBucketTags).
_OPERATIONS = {
    ("service", "GET", ""): "ListBuckets",
    ("service", "GET", "publicAccessBlock"): "GetPublicAccessBlock",
    ("bucket", "PUT", ""): "PutBucket",
    ("bucket", "DELETE", ""): "DeleteBucket",
    ("bucket", "GET", "bucketInfo"): "GetBucketInfo",
    ("bucket", "GET", "location"): "GetBucketLocation",
    ("bucket", "GET", "acl"): "GetBucketAcl",
    ("bucket", "PUT", "acl"): "PutBucketAcl",
    ("bucket", "GET", "tagging"): "GetBucketTagging",
    ("bucket", "PUT", "tagging"): "PutBucketTagging",
    ("bucket", "DELETE", "tagging"): "DeleteBucketTagging",
    ("bucket", "GET", "policy"): "GetBucketPolicy",
    ("bucket", "PUT", "policy"): "PutBucketPolicy",
    ("bucket", "DELETE", "policy"): "DeleteBucketPolicy",
    ("bucket", "GET", "policyStatus"): "GetBucketPolicyStatus",
    ("bucket", "GET", "publicAccessBlock"): "GetBucketPublicAccessBlock",
    ("bucket", "PUT", "publicAccessBlock"): "PutBucketPublicAccessBlock",
    ("bucket", "DELETE", "publicAccessBlock"): "DeleteBucketPublicAccessBlock",
    ("bucket", "GET", "website"): "GetBucketWebsite",
    ("bucket", "PUT", "website"): "PutBucketWebsite",
    ("bucket", "DELETE", "website"): "DeleteBucketWebsite",
    ("bucket", "GET", "cname"): "ListCname",
    ("object", "GET", ""): "GetObject",
    ("object", "HEAD", ""): "HeadObject",
    ("object", "PUT", ""): "PutObject",
    ("object", "DELETE", ""): "DeleteObject",
    ("object", "GET", "acl"): "GetObjectAcl",
    ("object", "PUT", "acl"): "PutObjectAcl",
}
_SUBRESOURCES: Set[str] = {subresource for _, _, subresource in _OPERATIONS if subresource}


class Target(NamedTuple):
    """The bucket and the key a request is about; either may be empty."""

    bucket: str
    key: str

    @property
    def level(self) -> str:
        """`service`, `bucket` or `object`."""
        if not self.bucket:
            return "service"
        return "object" if self.key else "bucket"

    @property
    def resource(self) -> str:
        """What a signature calls it: `/`, `/bucket/` or `/bucket/key`."""
        return f"/{self.bucket}/{self.key}" if self.bucket else "/"


def locate(request: Request) -> Target:
    """What `request` is about: by its host (`bucket.host`), else by its path (`/bucket/key`).

    An IP address or a bare name such as `localhost` is no bucket's host, as oss2 sees it too.
    Raises ApiError for a path that is not UTF-8.
    """
    try:
        path = urllib.parse.unquote(request.path, errors="strict").removeprefix("/")
    except UnicodeDecodeError as error:
        raise errors.invalid_object_name() from error
    bucket = _bucket_of_host(request.headers.get("Host"))
    if bucket:
        return Target(bucket, path)
    bucket, _, key = path.partition("/")
    return Target(bucket, key)


def identify(request: Request) -> Match:
    """The operation that `request` asks for; raises ApiError if the stand-in has none for it."""
    target = locate(request)
    known = [name for name in request.params if name in _SUBRESOURCES]
    other = [name for name, value in request.params.items() if not value and name not in known]
    name = _OPERATIONS.get((target.level, request.method, "".join(known)))
    # A subresource that is not served is not none at all: `PUT /b?lifecycle` makes no bucket.
    if name is None or (other and request.method in ("PUT", "DELETE")):
        raise errors.not_implemented(request.method, "&".join([*known, *other]))
    return Operation(name, target.bucket)


def _bucket_of_host(host: str) -> str:
    name = host if host.endswith("]") else host.rpartition(":")[0] or host
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        bucket, dot, _ = name.partition(".")
        return bucket if dot else ""
    return ""
