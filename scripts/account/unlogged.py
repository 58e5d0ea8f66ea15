"""Nothing that an SDK logs is ever written: requests, with token and signature, are among it.

The SDKs log them at DEBUG, some also by `DEBUG=sdk` in the environment. Levels and filters can be
set anew by whoever configures logging; so the modules lose what they would log with.
"""

import sys
from typing import Any

# What each module logs with.
_LOGGERS = {
    "Tea.core": "logger",
    "alibabacloud_gateway_fc_util.client": "logging",
    "darabonba.core": "logger",
    "urllib3.connectionpool": "log",
    **{f"oss2.{name}": "logger" for name in ("api", "auth", "http", "models", "utils")},
}
# Who prints requests if http.client's debug level is set, which each inherits.
_CONNECTIONS = {
    "mns.mns_http": ("MNSHTTPConnection", "MNSHTTPSConnection"),
    "urllib3.connection": ("HTTPConnection",),
}


class _Silence:
    """Stands for a logger; whatever is done with it does nothing."""

    def __getattr__(self, name: str) -> Any:
        return lambda *_, **__: None


_SILENCE = _Silence()


def silence() -> None:
    """Silence what is imported by now: call it when a client is made."""
    for module, name in _LOGGERS.items():
        if module in sys.modules:
            setattr(sys.modules[module], name, _SILENCE)
    for module, names in _CONNECTIONS.items():
        if module in sys.modules:
            for name in names:
                getattr(sys.modules[module], name).debuglevel = 0
