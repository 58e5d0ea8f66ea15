"""A webhook on this machine, and alerts looked for until they come."""

import http.server
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from scripts.localcloud import LocalCloud

TOKEN = "s3cr3t-t0ken"  # what a webhook's address often holds
_PATIENCE = 20.0  # seconds; what is written is found a moment later


class Webhook:
    """Somebody's webhook: what it was sent, in order. It answers `status`."""

    def __init__(self, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}/hook?access_token={TOKEN}"
        self.status = 200
        self.calls: list[dict[str, Any]] = []

    def of(self, alert: str) -> list[dict[str, Any]]:
        """The calls for an alert, named as in the table."""
        return [each for each in self.calls if each["alert_id"] == f"resource-repair-{alert}"]

    def names(self) -> list[str]:
        """Whose calls they were."""
        return [each["alert_id"].removeprefix("resource-repair-") for each in self.calls]


@contextmanager
def webhook() -> Iterator[Webhook]:
    """A webhook that listens."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.headers["Content-Type"] == "application/json"
            hook.calls.append(json.loads(body))
            self.send_response(hook.status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hook = Webhook(server.server_port)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield hook
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def check_until(cloud: LocalCloud, hook: Webhook, alert: str, times: int = 1) -> None:
    """Have the alerts checked until one of them has called so often, and then some more."""
    end = time.monotonic() + _PATIENCE
    while len(hook.of(alert)) < times and time.monotonic() < end:
        cloud.log.alerts.check()
        time.sleep(0.02)
    for _ in range(3):
        cloud.log.alerts.check()


def eventually(holds: Callable[[], bool]) -> bool:
    """Whether it holds before long."""
    end = time.monotonic() + _PATIENCE
    while not holds() and time.monotonic() < end:
        time.sleep(0.01)
    return holds()
