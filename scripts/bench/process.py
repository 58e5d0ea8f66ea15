"""Measured processes: started, told what to do, and asked what it took."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

from scripts.errors import Problem

# The one that runs this, but not its virtual environment: nothing may come from there.
PYTHON = Path(sys.executable).resolve()

_RUNNER = Path(__file__).with_name("runner.py")
_TIMEOUT = 600.0  # seconds; of an invocation, as the function's context tells it


class Program(NamedTuple):
    """What is run: a name for errors, a folder of code, and the process's whole environment."""

    name: str
    code: Path
    environment: dict[str, str]
    python: Path = PYTHON


class Order(NamedTuple):
    """What to do: call the handler with the event in a file, so many times."""

    event: Path
    repeat: int = 1

    def line(self) -> str:
        """The order as `runner` reads it."""
        order = {"event": str(self.event), "repeat": self.repeat, "timeout": _TIMEOUT}
        return json.dumps(order) + "\n"


class Taken(NamedTuple):
    """What an invocation took: seconds, seconds of a processor, peak bytes; is oss2 imported, and
    how many modules of further remediations?
    """

    wall: float
    cpu: float
    memory: int
    oss2: bool
    further: int


class Process:
    """A process that runs one program, and stays for the next order: `with Process(…) as process:`.

    `log` is a file for what it prints.
    """

    def __init__(self, program: Program, log: Path) -> None:
        self._program = program
        self._log = log
        reading, writing = os.pipe()
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [program.python, "-B", "-S", "-s", "-u", _RUNNER, str(writing), program.code],
                cwd=program.code,
                env=program.environment,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=[writing],
                text=True,
            )
        os.close(writing)
        self._answers = os.fdopen(reading)

    def invoke(self, order: Order) -> Taken:
        """Carry out an order; what it took as the process itself saw it. Raises Problem."""
        self.tell(order)
        return self.answer()

    def tell(self, order: Order) -> None:
        """Give an order, and do not wait for the answer."""
        assert self._process.stdin  # noqa: S101  (as asked for)
        self._process.stdin.write(order.line())
        self._process.stdin.flush()

    def answer(self) -> Taken:
        """The answer to the oldest order that was not answered. Raises Problem."""
        line = self._answers.readline()
        answer: dict[str, Any] = json.loads(line) if line else {"result": "its process ended"}
        if answer.pop("result") != "success":
            said = self._log.read_text(errors="replace").strip().splitlines() or ["nothing"]
            raise Problem(f"{self._program.name} failed; the last that it said: {said[-1]}")
        return Taken(**answer)

    def end(self) -> float:
        """Let the process end, wait for that, and return the seconds of a processor it took."""
        assert self._process.stdin  # noqa: S101
        self._process.stdin.close()
        _, status, usage = os.wait4(self._process.pid, 0)
        self._process.returncode = os.waitstatus_to_exitcode(status)
        return usage.ru_utime + usage.ru_stime

    def __enter__(self) -> "Process":
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.returncode is None:
            self._process.kill()
            self.end()
        self._answers.close()


def cold(program: Program, order: Order, log: Path) -> Taken:
    """Carry out an order in a new process, from its start to its exit. Raises Problem."""
    began = time.perf_counter()
    with Process(program, log) as process:
        process.tell(order)
        cpu = process.end()
        wall = time.perf_counter() - began
        return process.answer()._replace(wall=wall, cpu=cpu)
