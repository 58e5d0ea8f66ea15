"""Which proxy a request goes by, if any: one choice for every SDK that asks through `requests`.

Each SDK reads the environment in its own way. oss2 takes ALL_PROXY too, and heeds NO_PROXY; the
others take HTTP_PROXY and HTTPS_PROXY for every host, this machine among them, and no option of
theirs is against it. So the choice is made where the requests of all of them come by, which is
`select_proxy` in `requests`: nothing to this machine goes by a proxy, nor what NO_PROXY names.

The client of MNS messages knows no proxies.
"""

import re
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from urllib.parse import urlsplit

from requests import adapters, utils

from scripts.account.addresses import is_loopback

_asked: ContextVar[str] = ContextVar("_asked", default="")
_PLACE = re.compile(r"[\w.\[\]:-]+")


def begin() -> None:
    """Forget what `used` tells: a new call begins."""
    _asked.set("")


def used() -> str:
    """The proxy that the last request of this call went by, as `host:port`; empty if none."""
    return _asked.get()


def _select(url: str, proxies: Mapping[str, str] | None) -> str | None:
    """The proxy for a URL of those that an SDK gives, by scheme; None for none."""
    _asked.set("")
    parts = urlsplit(url)
    proxy = _any(url, proxies or {})
    if not proxy or is_loopback(parts.hostname or ""):
        return None
    place = _place(proxy)
    if parts.netloc.endswith(f".{place}"):
        return proxy  # no proxy, but the endpoint itself: see `Clients.log`
    if utils.should_bypass_proxies(url, None):
        return None
    _asked.set(place)
    return proxy


def _place(proxy: str) -> str:
    """Host and port of a proxy: never its user and password, however odd the URL is."""
    place = proxy.rpartition("@")[2].rpartition("://")[2].partition("/")[0]
    return place if _PLACE.fullmatch(place) else "the environment's"


_any: Callable[[str, Mapping[str, str]], str | None] = utils.select_proxy
adapters.select_proxy = _select  # type: ignore[attr-defined]  # not in its stub
