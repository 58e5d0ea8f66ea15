"""Runs inside a measured process: calls a handler with the events that it is told of.

    python -B -S -s -u runner.py <descriptor to answer on> <code folder> < lines of JSON

As Function Compute's own runtime it imports little, and sets up logging. Each line is an
invocation: `event` (a file), `repeat` (how often it is called) and `timeout`. Each is answered with
a line of JSON: `wall` and `cpu` (seconds; all threads, user and system), `memory` (peak bytes so
far), whether `oss2` is imported by now, how many modules of `further` remediations are, and
`result`. The end of the lines ends the process.
"""

import json
import logging
import os
import resource
import socket
import sys
import time
from typing import Any


class _Fields:
    def __init__(self, **fields: object) -> None:
        self.__dict__.update(fields)


def main() -> None:
    """Answer invocations until there are no more."""
    descriptor, code = int(sys.argv[1]), sys.argv[2]
    sys.path[0] = code  # in place of this file's own folder
    _resolve_to_loopback()
    logging.basicConfig(stream=sys.stdout, level=logging.INFO)
    with os.fdopen(descriptor, "w") as answers:
        for line in sys.stdin:
            answers.write(json.dumps(_invoke(json.loads(line))) + "\n")
            answers.flush()


def _invoke(told: dict[str, Any]) -> dict[str, Any]:
    with open(told["event"], "rb") as file:  # noqa: PTH123  (pathlib would be a slow import)
        event = file.read()
    context = _context(told["timeout"])
    began, spent = time.perf_counter(), time.process_time()
    for _ in range(told["repeat"]):
        result = __import__("index").handler(event, context)
    return {
        "wall": time.perf_counter() - began,
        "cpu": time.process_time() - spent,
        "memory": _peak_memory(),
        "oss2": "oss2" in sys.modules,
        "further": sum(map(_is_further, sys.modules)),
        "result": result,
    }


def _is_further(module: str) -> bool:
    """Whether it is of another remediation than the ACL's."""
    package, _, name = module.rpartition(".")
    return package == "resource_repair.remediations" and name not in ("frame", "bucket_acl")


def _context(timeout: float) -> _Fields:
    fields = {
        "request_id": "1a2b3c4d-0000-4000-8000-5e6f7a8b9c0d",
        "account_id": "1208863178610000",
        "region": "cn-shanghai",
        "function": _Fields(name="bench", handler="index.handler", memory=512, timeout=timeout),
    }
    if "BARE_CONTEXT" not in os.environ:  # where it is, it is that of the runtime python3.12
        fields["credentials"] = _Fields(
            access_key_id=os.environ["KEY_ID"],
            access_key_secret=os.environ["KEY_SECRET"],
            security_token=os.environ["TOKEN"],
        )
        fields["service"] = _Fields(name="bench", log_project="", log_store="", qualifier="LATEST")
    return _Fields(**fields)


def _resolve_to_loopback() -> None:
    """Every bucket is a host of its own: all of them are the server, whatever the name."""
    resolve = socket.getaddrinfo

    def loopback(host: object, *args: Any, **options: Any) -> Any:  # noqa: ARG001
        return resolve("127.0.0.1", *args, **options)

    socket.getaddrinfo = loopback


def _peak_memory() -> int:
    """Bytes. (Where the kernel tells it, of this program alone: `getrusage` begins with what its
    parent had.)
    """
    try:
        with open("/proc/self/status", encoding="ascii") as file:  # noqa: PTH123
            peak = next(line for line in file if line.startswith("VmHWM:"))
        return int(peak.split()[1]) * 1024
    except (OSError, StopIteration):
        peak_unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * peak_unit


if __name__ == "__main__":
    main()
