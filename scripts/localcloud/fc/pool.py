"""The instances of one revision of a function: started when needed, used again, retired."""

import shutil
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from .. import pythons
from ..service import Core
from .instance import Instance
from .resources import Function, Service, placed

# What a process needs, as Function Compute's images have it; nothing of this machine's own.
_BASE_ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "HOME": "/tmp",  # noqa: S108  (it is what functions see)
    "LANG": "C.UTF-8",
    "TZ": "UTC",
}


class Target(NamedTuple):
    """A function as it is to run: it, its service, and what lies under its own variables."""

    service: Service
    function: Function
    environment: Mapping[str, str]

    @property
    def revision(self) -> int:
        """Grows with every change of either."""
        return max(self.service.revision, self.function.revision)

    @property
    def subject(self) -> str:
        """How the journal names it."""
        return placed(self.service.name, self.function.name)


class Pool:
    """The instances of `target`, with their code and logs under `folder`."""

    def __init__(self, core: Core, target: Target, folder: Path) -> None:
        self.target = target
        self._core = core
        self._folder = folder
        self._unpacking = threading.Lock()
        self._changed = threading.Condition()
        self._idle: list[Instance] = []
        self._busy: set[Instance] = set()
        self._starting = 0
        self._retired = False

    def acquire(self) -> Instance | None:
        """An instance to use alone, warm if there is one; None once the pool is retired."""
        with self._changed:
            if self._retired:
                return None
            if self._idle:
                instance = self._idle.pop()
                self._busy.add(instance)
                return instance
            self._starting += 1
        return self._add()

    def release(self, instance: Instance, *, alive: bool) -> None:
        """Give an instance back; one that is no longer alive, or of a retired pool, is ended."""
        with self._changed:
            if alive and not self._retired:
                self._busy.remove(instance)
                self._idle.append(instance)
                self._changed.notify_all()
                return
        instance.close()
        with self._changed:
            self._busy.remove(instance)
            self._changed.notify_all()
        self._clean()

    def retire(self) -> None:
        """End the idle instances now and the busy ones after their invocation."""
        with self._changed:
            self._retired = True
            idle, self._idle = self._idle, []
            self._changed.notify_all()
        for instance in idle:
            instance.close()
        self._clean()

    def kill_busy(self) -> int:
        """End the busy instances' processes; how many they were."""
        with self._changed:
            for instance in self._busy:
                instance.kill()
            return len(self._busy)

    def suspend(self) -> None:
        """End the busy instances now, and use the idle ones no more, unless it is resumed."""
        with self._changed:
            self._retired = True
            self._changed.notify_all()
            for instance in self._busy:
                instance.kill()
            self._changed.wait_for(lambda: self._size == len(self._idle))

    def resume(self) -> None:
        """Go on with the idle instances."""
        with self._changed:
            self._retired = False

    def stop(self) -> None:
        """End all instances now, and wait until they have ended."""
        self.retire()
        with self._changed:
            for instance in self._busy:
                instance.kill()
            self._changed.wait_for(lambda: self._size == 0)

    @property
    def empty(self) -> bool:
        """Whether the pool is retired and has no instance left."""
        with self._changed:
            return self._retired and self._size == 0

    @property
    def _size(self) -> int:
        return len(self._idle) + len(self._busy) + self._starting

    def _add(self) -> Instance | None:
        instance = None
        try:
            instance = self._start()
        finally:
            with self._changed:
                self._starting -= 1
                if instance:
                    self._busy.add(instance)
                retired = self._retired
                self._changed.notify_all()
        if retired:
            self.release(instance, alive=False)
            return None
        return instance

    def _start(self) -> Instance:
        began = time.monotonic()
        runtime = self.target.function.settings["runtime"]
        interpreter = pythons.find(runtime)
        instance = Instance(interpreter, self._code(), self._environment(), self._folder)
        self._core.journal.record(
            "fc",
            "started",
            self.target.subject,
            instance=instance.id,
            runtime=runtime,
            interpreter=interpreter.path,
            version=interpreter.version,
            substituted=interpreter.substituted,
            duration_ms=(time.monotonic() - began) * 1000,
        )
        return instance

    def _code(self) -> Path:
        folder = self._folder / "code"
        with self._unpacking:
            if not folder.exists():
                folder.mkdir(parents=True)
                self.target.function.code.unpack(folder)
        return folder

    def _environment(self) -> dict[str, str]:
        """Page "Environment variables": the function's own over the runtime's."""
        function = self.target.function
        return {
            **_BASE_ENVIRONMENT,
            "FC_ACCOUNT_ID": self._core.account_id,
            "FC_FUNC_CODE_PATH": str(self._folder / "code"),
            "FC_FUNCTION_HANDLER": function.settings["handler"],
            "FC_FUNCTION_MEMORY_SIZE": str(function.settings["memorySize"]),
            "FC_FUNCTION_NAME": function.name,
            "FC_REGION": self._core.region,
            **_of_service(self.target.service.name),
            **self.target.environment,
            **function.settings["environmentVariables"],
        }

    def _clean(self) -> None:
        if self.empty:
            shutil.rmtree(self._folder, ignore_errors=True)


def _of_service(name: str) -> dict[str, str]:
    """What a function of a service finds besides; one that stands alone does not."""
    return {"FC_QUALIFIER": "LATEST", "FC_SERVICE_NAME": name} if name else {}
