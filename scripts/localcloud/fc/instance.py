"""One instance of a function: a process of its own that runs one invocation at a time."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ..pythons import Interpreter

_BOOTSTRAP = Path(__file__).with_name("bootstrap.py")
_START_TIMEOUT = 60.0
_MOST_READ = 16 * 1024 * 1024  # bytes of what one run prints: of more, the end is kept


class Answer(NamedTuple):
    """How an invocation ended; `alive` is whether the instance can serve another."""

    failed: bool
    body: bytes
    alive: bool


class Instance:
    """A function's process, started and ready.

    `code` is its working folder, `environment` all of its environment; what it prints goes to a
    file that has no name any more, and is emptied as it is read. `fresh` is whether it has not run
    yet, `initialized` whether the function's initializer has done its work. It can import what is
    in `code` and the standard library: no package of this machine's makes up for one that the
    bundle lacks.
    """

    def __init__(
        self, interpreter: Interpreter, code: Path, environment: Mapping[str, str], logs: Path
    ) -> None:
        self.id = f"c-{uuid.uuid4().hex}"
        self.fresh = True
        self.initialized = False
        self._channel, inherited = socket.socketpair()
        log = logs / f"{self.id}.log"
        with contextlib.ExitStack() as unless_started, inherited, log.open("ab") as output:
            unless_started.callback(self._channel.close)
            options = ["-B", "-S", "-s", "-u"]
            self._process = subprocess.Popen(
                [interpreter.path, *options, _BOOTSTRAP, str(inherited.fileno()), code],
                cwd=code,
                env={**environment, "FC_INSTANCE_ID": self.id},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=[inherited.fileno()],
                start_new_session=True,
            )
            unless_started.pop_all()
        self._log = log.open("rb+")
        log.unlink()
        # One that does not get ready is told by its first invocation.
        with contextlib.suppress(EOFError, OSError):
            self._receive(time.monotonic() + _START_TIMEOUT)

    def invoke(self, message: Mapping[str, Any], event: bytes, timeout: float) -> Answer:
        """Hand over an event and wait for the answer, `timeout` seconds at most.

        Page "Error handling": what is answered for a function that takes too long or whose process
        ends. (The documented messages also tell the memory used, which is not measured here.)
        """
        self.fresh = False
        began = time.monotonic()
        try:
            self._channel.settimeout(timeout)
            self._channel.sendall(_frame(json.dumps(message).encode()) + _frame(event))
            head = self._receive(began + timeout)
            body = self._receive(began + timeout)
        except TimeoutError:
            return _lost(f"Function timed out after {timeout:g} seconds")
        except (EOFError, OSError):
            spent = round((time.monotonic() - began) * 1000)
            return _lost(
                f"Process exited unexpectedly before completing request (duration: {spent}ms)"
            )
        return Answer(json.loads(head)["failed"], body, alive=True)

    def read_log(self) -> str:
        """What was printed since this was last read."""
        printed = self._log.seek(0, os.SEEK_END)
        self._log.seek(max(printed - _MOST_READ, 0))
        text = self._log.read().decode(errors="replace")
        # The process writes at the end, wherever that is. What a thread of it prints in this very
        # moment is lost.
        self._log.truncate(0)
        return text

    def kill(self) -> None:
        """End the process and its children; whoever waits in `invoke` notices."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def close(self) -> None:
        """End the process and free all that it held."""
        self.kill()
        self._process.wait()
        self._channel.close()
        self._log.close()

    def _receive(self, deadline: float) -> bytes:
        return self._read(int.from_bytes(self._read(4, deadline), "big"), deadline)

    def _read(self, size: int, deadline: float) -> bytes:
        chunks = []
        while size:
            # A timeout of zero would mean "do not block", which raises another error.
            self._channel.settimeout(max(deadline - time.monotonic(), 0.001))
            chunk = self._channel.recv(min(size, 1 << 20))
            if not chunk:
                raise EOFError
            chunks.append(chunk)
            size -= len(chunk)
        return b"".join(chunks)


def _frame(content: bytes) -> bytes:
    return len(content).to_bytes(4, "big") + content


def _lost(message: str) -> Answer:
    return Answer(True, json.dumps({"errorMessage": message}).encode(), alive=False)
