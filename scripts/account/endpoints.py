"""Where each service is asked, where that is not Alibaba Cloud's own endpoint."""

import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from scripts.account.addresses import is_loopback, is_safe
from scripts.errors import ClientsError

_NAMED = re.compile(r"[a-z0-9-]+\.127\.0\.0\.1")
# OSS, "Regions and endpoints": of all regions this one alone has another name in OSS.
_OSS_NAMES = {"cn-hangzhou-finance": "cn-hzfinance"}
REGION = "{region}"  # in the URL of a service that has an endpoint for each region


def oss_name(region: str) -> str:
    """What OSS calls a region, in a host's name and in a signature."""
    return _OSS_NAMES.get(region, region)


class Endpoints(NamedTuple):
    """Where each service is, as URLs; empty is Alibaba Cloud's own.

    Each can be set alone, as for a private endpoint. But where one is on this machine all are,
    since one forgotten would let a rehearsal reach the real account.
    """

    oss: str = ""
    fc: str = ""
    ram: str = ""
    sts: str = ""
    mns: str = ""
    config: str = ""
    log: str = ""

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "Endpoints":
        """From RESOURCE_REPAIR_OSS_ENDPOINT, …; raises ClientsError as `checked` does, and for half
        a local cloud.
        """
        found = cls(**{field: environ.get(_name(field), "") for field in cls._fields}).checked()
        here = [_name(field) for field, url in found._asdict().items() if is_local(url)]
        others = [_name(field) for field in cls._fields if _name(field) not in here]
        if here and others:
            raise ClientsError(
                f"{', '.join(here)} lead to this machine, and the other services to Alibaba Cloud, "
                f"and there is no half a local cloud: set {', '.join(others)} too, or unset those"
            )
        return found

    @property
    def local(self) -> bool:
        """Whether it is a local cloud's: all of it is on this machine."""
        return all(map(is_local, self))

    def checked(self) -> "Endpoints":
        """These endpoints; raises ClientsError for a URL that credentials must not go to."""
        for field, url in self._asdict().items():
            if url and not _is_safe(url):
                raise ClientsError(
                    f"the endpoint of {field}, {url!r}, is not one that credentials may go to: "
                    "use https://<host>, or http:// with a loopback host"
                )
        return self


def is_local(url: str) -> bool:
    """Whether it leads to this machine."""
    return is_loopback(urlsplit(_plain(url)).hostname or "")


def is_named(url: str) -> bool:
    """Whether it is this machine's by a name before its address (`http://name.127.0.0.1:80`).

    Nobody looks such a name up: the address is asked as a proxy, and sees the name.
    """
    parts = urlsplit(url)
    return parts.scheme == "http" and bool(_NAMED.fullmatch(parts.hostname or ""))


def _name(field: str) -> str:
    return f"RESOURCE_REPAIR_{field.upper()}_ENDPOINT"


def _plain(url: str) -> str:
    """The URL as of no region."""
    return url.replace(f"{REGION}.", "").replace(REGION, "region")


def _is_safe(url: str) -> bool:
    try:
        return is_safe(_plain(url))
    except ValueError:
        return False
