"""Where each service is asked, where that is not Alibaba Cloud's own endpoint."""

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from scripts.account.addresses import is_loopback, is_safe
from scripts.errors import ClientsError

REGION = "{region}"  # in the URL of a service that has an endpoint for each region


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
        here = [_name(field) for field, url in found._asdict().items() if _is_local(url)]
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
        return all(map(_is_local, self))

    def checked(self) -> "Endpoints":
        """These endpoints; raises ClientsError for a URL that credentials must not go to."""
        for field, url in self._asdict().items():
            if url and not _is_safe(url):
                raise ClientsError(
                    f"the endpoint of {field}, {url!r}, is not one that credentials may go to: "
                    "use https://<host>, or http:// with a loopback host"
                )
        return self


def on_this_machine(url: str, name: str) -> str:
    """The host `name` at a URL of this machine, for a client to which that URL is the proxy.

    No such name is looked up, and what is asked there sees which one it is asked as.
    """
    return f"{name}.{urlsplit(url).netloc}"


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


def _is_local(url: str) -> bool:
    return is_loopback(urlsplit(_plain(url)).hostname or "")
