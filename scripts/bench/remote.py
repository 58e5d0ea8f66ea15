"""The benchmark's end of the server: starts it, tells it the round trip, asks what it saw."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from scripts import ROOT
from scripts.bench import authority

REGION = "cn-shanghai"
_DOMAIN = "oss.test"  # a name that nobody can own; the measured processes resolve it to loopback


class Seen(NamedTuple):
    """What the server saw since it was last reset.

    `requests` are counted by method and subresource (`GET bucketInfo`), `private` are the buckets
    that were closed, `cpu` is what it spent itself, in seconds. `kept` are the requests themselves.
    """

    connections: int
    requests: dict[str, int]
    private: int
    cpu: float
    kept: list[dict[str, Any]] | None

    @property
    def asked(self) -> int:
        """How many requests there were."""
        return sum(self.requests.values())


class Remote:
    """A running server: `with Remote(folder) as remote:`.

    `http` and `https` are its endpoint templates, as the function's `ossEndpoint`; `authority` is
    the certificate to trust.
    """

    def __init__(self, folder: Path) -> None:
        self.authority, certificate = authority.issue(folder, f"*.oss-{REGION}.{_DOMAIN}")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "scripts.bench.server", certificate],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.ports: dict[str, int] = self._answer()
        self.http, self.https = (
            f"{scheme}://oss-{{region}}.{_DOMAIN}:{self.ports[scheme]}"
            for scheme in ("http", "https")
        )

    def reset(self, rtt: float, *, keep: bool = False) -> None:
        """Forget what was seen; from now on a round trip takes `rtt` seconds."""
        self._ask({"rtt": rtt, "keep": keep})

    def seen(self) -> Seen:
        """What it saw since."""
        return Seen(**self._ask({}))

    def __enter__(self) -> "Remote":
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin  # noqa: S101  (as asked for)
        assert self._process.stdout  # noqa: S101
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def _ask(self, command: dict[str, Any]) -> Any:
        assert self._process.stdin  # noqa: S101
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> Any:
        assert self._process.stdout  # noqa: S101
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the benchmark's server ended by itself: see stderr")
        return json.loads(line)
