"""Where what is secret may go: over https, and in the clear to this machine alone."""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def is_safe(url: str) -> bool:
    """Whether the URL names a host that may be told a secret; raises ValueError if it is none."""
    parts = urlsplit(url)
    local = parts.scheme == "http" and parts.hostname in LOOPBACK
    return bool(parts.hostname) and (parts.scheme == "https" or local)


def is_loopback(host: str) -> bool:
    """Whether a host, a name or an address, is this machine."""
    return host in LOOPBACK or re.fullmatch(r"127(\.\d{1,3}){3}", host) is not None


def sparing_loopback(environ: Mapping[str, str]) -> dict[str, str]:
    """NO_PROXY in both its spellings: what it says in `environ`, and this machine."""
    names = ("NO_PROXY", "no_proxy")
    own = [each.strip() for name in names for each in environ.get(name, "").split(",")]
    if "*" in own:
        return dict.fromkeys(names, "*")  # beside another entry it would not count
    spared = dict.fromkeys([*filter(None, own), *sorted(LOOPBACK)])
    return dict.fromkeys(names, ",".join(spared))
