"""Where a request goes: the bucket and the key that host and path name, and the host's region."""

import ipaddress
import urllib.parse
from typing import NamedTuple

from ..http import Request
from . import errors, regions


class Target(NamedTuple):
    """The bucket and the key that a request is about; either may be empty.

    `region` is what the host is called for: empty for one endpoint of all regions, as the local
    cloud's own address is.
    """

    bucket: str
    key: str
    region: str = ""

    @property
    def names(self) -> list[str]:
        """Bucket and key, as far as there are any; a bucket without a name has an empty one."""
        return [self.bucket, self.key] if self.key else [self.bucket] if self.bucket else []

    @property
    def resource(self) -> str:
        """What a signature calls it: `/`, `/bucket/` or `/bucket/key`."""
        return f"/{self.bucket}/{self.key}" if self.bucket else "/"


def locate(request: Request) -> Target:
    """What `request` is about: by its host (`bucket.host`), else by its path (`/bucket/key`).

    An IP address or a bare name such as `localhost` is no bucket's host, as oss2 sees it too.
    Raises ApiError for a path that is not UTF-8, and for a bucket in the path at a region's host.
    """
    try:
        path = urllib.parse.unquote(request.path, errors="strict").removeprefix("/")
    except UnicodeDecodeError as error:
        raise errors.invalid_object_name() from error
    bucket, region = _of_host(request.headers.get("Host"))
    if bucket:
        return Target(bucket, path, region)
    bucket, _, key = path.partition("/")
    if bucket and region:
        raise errors.second_level_domain()
    return Target(bucket, key, region)


def _of_host(host: str) -> tuple[str, str]:
    """The bucket and the region in the name of a host."""
    name = host if host.endswith("]") else host.rpartition(":")[0] or host
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        first, dot, rest = name.partition(".")
        if not dot:
            return "", ""
        region = regions.of_host(name)
        return (first, regions.of_host(rest) or "") if region is None else ("", region)
    return "", ""
