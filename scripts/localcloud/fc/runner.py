"""Functions at work: runs each in a pool of instances, cold at first and warm afterwards."""

import itertools
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ..ram.state import Credentials
from ..service import Core
from .errors import FcError
from .instance import Answer, Instance
from .pool import Pool, Target
from .settings import Settings

# Its context has neither credentials nor service, but what else was in there in other places. The
# credentials are in the environment, where functions without a service find them in any runtime:
# pages "Context" and "Configure environment variables" of 3.0. Guessed: that their service has no
# name. (There is no `context.logger`.)
_BARE_RUNTIME = "python3.12"

_FUNCTION_ERROR = "UnhandledInvocationError"
# Guessed: this name, after the other's pattern, and that the two time out in the same words.
_INITIALIZER_ERROR = "UnhandledInitializationError"


class Call(NamedTuple):
    """An event for a function: the how manieth run of which invocation, `sync` or `async`."""

    request_id: str
    event: bytes
    kind: str = "sync"
    attempt: int = 1


class Invocation(NamedTuple):
    """What came of running a function once.

    `error_type` is empty, or `UnhandledInvocationError` (of an initializer: its own), and then
    `payload` is the error's description. `log` is what this run printed; `cold` whether a process
    was started for it.
    """

    request_id: str
    payload: bytes
    error_type: str
    log: str
    cold: bool
    duration_ms: float
    instance_id: str


class Runner:
    """Runs functions, each invocation in an instance of its own.

    `limit` tells how many may run at once, of all functions together.
    """

    def __init__(self, core: Core, limit: Callable[[], int]) -> None:
        self._core = core
        self._limit = limit
        self._running = 0
        self._folder: Path | None = None  # made when first needed
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._current: dict[tuple[str, str], Pool] = {}
        self._retired: list[Pool] = []
        self.stopped = False

    def run(self, target: Target, credentials: Credentials, call: Call) -> Invocation | None:
        """Run a function once; None if it was changed or deleted before this could begin.

        Raises FcError if as many run as may: page "Retry policies", status 429.
        """
        with self._lock:
            if self._running >= self._limit():
                # Guessed: which of the codes that SDKs know (the other is ResourceThrottled).
                message = f"{self._running} instances run, and no more may in this region"
                raise FcError("ResourceExhausted", message)
            self._running += 1
        try:
            return self._run(target, credentials, call)
        finally:
            with self._lock:
                self._running -= 1

    def _run(self, target: Target, credentials: Credentials, call: Call) -> Invocation | None:
        pool = self._pool(target)
        instance = pool.acquire() if pool else None
        if pool is None or instance is None:
            return None
        settings = pool.target.function.settings
        message = _message(self._core, pool.target, call.request_id, credentials)
        cold, began = instance.fresh, time.monotonic()
        answer = _initialize(instance, settings, message)
        error_type = _INITIALIZER_ERROR
        if answer is None:
            answer = instance.invoke(message, call.event, settings["timeout"])
            error_type = _FUNCTION_ERROR
        duration_ms = (time.monotonic() - began) * 1000
        log = instance.read_log()
        pool.release(instance, alive=answer.alive)
        return Invocation(
            call.request_id,
            answer.body,
            error_type if answer.failed else "",
            log,
            cold,
            duration_ms,
            instance.id,
        )

    def retire(self, service: str, function: str) -> None:
        """End the instances of a function (empty: of every function of the service)."""
        with self._lock:
            keys = [k for k in self._current if k[0] == service and function in ("", k[1])]
            pools = [self._current.pop(key) for key in keys]
            self._retired = [pool for pool in self._retired if not pool.empty] + pools
        for pool in pools:
            pool.retire()

    def kill_busy(self) -> int:
        """End the processes that run something; how many they were."""
        with self._lock:
            pools = [*self._current.values(), *self._retired]
        return sum(pool.kill_busy() for pool in pools)

    def suspend(self) -> None:
        """End everything that runs, and run nothing; processes that are idle stay."""
        for pool in self._stop_running():
            pool.suspend()

    def resume(self, still: Callable[[Target], bool]) -> None:
        """Run functions again, in the idle processes of those that are still what they were."""
        with self._lock:
            pools = [*self._current.values(), *self._retired]
            self._retired = []
            self._current = {
                key: pool
                for key, pool in self._current.items()
                if not pool.empty and still(pool.target)
            }
            kept = list(self._current.values())
            self.stopped = False
        for pool in pools:
            pool.resume() if pool in kept else pool.stop()

    def stop(self) -> None:
        """End every process at once and remove all files."""
        for pool in self._stop_running():
            pool.stop()
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _stop_running(self) -> list[Pool]:
        with self._lock:
            self.stopped = True
            return [*self._current.values(), *self._retired]

    def _pool(self, target: Target) -> Pool | None:
        """The pool for a function; one of a newer revision than `target` serves as well."""
        key = (target.service.name, target.function.name)
        with self._lock:
            if self.stopped:
                return None
            stale = self._current.get(key)
            if stale and stale.target.revision >= target.revision:
                return stale
            self._folder = self._folder or Path(tempfile.mkdtemp(prefix="localcloud-fc-"))
            folder = self._folder / str(next(self._numbers))
            pool = self._current[key] = Pool(self._core, target, folder)
            if stale:
                self._retired.append(stale)
        if stale:
            stale.retire()
        return pool


def _initialize(
    instance: Instance, settings: Settings, message: Mapping[str, Any]
) -> Answer | None:
    """How the function's initializer failed; None if it did not, now or before, or there is none.

    It runs before an instance's first invocation, with a timeout of its own, and again before the
    next one until it succeeds: article "Optimize application-layer cold starts by using the
    initializer" of the developer community.
    """
    if instance.initialized or not settings.get("initializer"):
        return None
    with_it = {**message, "initializer": settings["initializer"]}
    answer = instance.invoke(with_it, b"", settings["initializationTimeout"])
    instance.initialized = not answer.failed
    return answer if answer.failed else None


def _message(
    core: Core, target: Target, request_id: str, credentials: Credentials
) -> dict[str, Any]:
    """What `bootstrap.py` needs to know of an invocation: page "Context" of the Python runtimes."""
    settings = target.function.settings
    names = ("access_key_id", "access_key_secret", "security_token")
    keys = {name: getattr(credentials, name) for name in names}
    context: dict[str, Any] = {
        "request_id": request_id,
        "function": {
            "name": target.function.name,
            "handler": settings["handler"],
            "memory": settings["memorySize"],
            "timeout": settings["timeout"],
        },
        "region": core.region,
        "account_id": core.account_id,
    }
    environment, bare = {}, settings["runtime"] == _BARE_RUNTIME
    if bare or not target.function.service:
        environment = {f"ALIBABA_CLOUD_{name.upper()}": key for name, key in keys.items()}
    service = _service(target)
    if bare:
        context |= {name: service[name] for name in ("log_project", "log_store")}
        context["function"] |= {name: service[name] for name in ("version_id", "qualifier")}
    else:
        context |= {"credentials": keys, "service": service}
    return {"handler": settings["handler"], "context": context, "environment": environment}


def _service(target: Target) -> dict[str, str]:
    log = target.service.settings["logConfig"]
    return {
        "name": target.service.name,
        "log_project": log.get("project", ""),
        "log_store": log.get("logstore", ""),
        "qualifier": "LATEST",
        "version_id": "",
    }
