"""A proxy that nothing may come to, and an environment that names it in every spelling."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from scripts.localcloud.http import Listener, Request, Response

USER, PASSWORD = "proxy-user", "proxy-password"
NAMES = [
    spelling
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
    for spelling in (name, name.lower())
]


class _Refusing:
    """Answers what comes as a proxy does that wants another password."""

    def handle(self, _: Request) -> Response:
        """No."""
        return Response(407)


@contextmanager
def listening() -> Iterator[Listener]:
    """A proxy that counts who comes, and lets nobody through."""
    listener = Listener(_Refusing())
    listener.start()
    try:
        yield listener
    finally:
        listener.stop()


def name(patch: pytest.MonkeyPatch, port: int, scheme: str = "http") -> None:
    """Have the environment name the proxy at a port of this machine, and spare no host."""
    for each in NAMES:
        patch.setenv(each, f"{scheme}://{USER}:{PASSWORD}@127.0.0.1:{port}")
    for each in ("NO_PROXY", "no_proxy"):
        patch.delenv(each, raising=False)
