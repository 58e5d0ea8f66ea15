"""What an account has in Function Compute: services, functions, triggers and their settings.

2.0's functions are of a service. 3.0's stand alone, with what a service has among their own
settings: their `service` is empty.
"""

import itertools
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from ..clock import Clock
from ..pythons import RUNTIMES_OF_3_0
from ..rewinding import Rewindable
from .alone import ALONE_DEFAULTS, OF_ITS_SERVICE, check_alone
from .code import Code
from .errors import FcError, invalid
from .settings import (
    ASYNC_DEFAULTS,
    FUNCTION_DEFAULTS,
    SERVICE_DEFAULTS,
    Settings,
    check_async_config,
    check_function,
    check_name,
    merged,
)

LATEST = "LATEST"


@dataclass(frozen=True)
class Service:
    """A service: what its functions have in common. `revision` grows with every change."""

    name: str
    settings: Settings
    created_at: float
    modified_at: float
    revision: int
    id: str = field(default_factory=lambda: str(uuid.uuid4()))


@dataclass(frozen=True)
class Function:
    """A function, of a service or alone."""

    service: str
    name: str
    settings: Settings
    code: Code
    created_at: float
    modified_at: float
    revision: int
    id: str = field(default_factory=lambda: str(uuid.uuid4()))


@dataclass(frozen=True)
class Trigger:
    """A trigger of a function; `settings` are the type's own (`triggerConfig`).

    Versions and aliases are not published here: `qualifier` is on record, and LATEST is run.
    """

    service: str
    function: str
    name: str
    kind: str
    settings: Settings
    source_arn: str
    invocation_role: str
    description: str
    qualifier: str
    created_at: float
    modified_at: float = 0.0
    id: str = field(default_factory=lambda: str(uuid.uuid4()))


@dataclass(frozen=True)
class AsyncConfig:
    """How a function's asynchronous invocations are retried and where their results go."""

    settings: Settings
    created_at: float
    modified_at: float

    def destination(self, outcome: str) -> str:
        """The ARN for `onSuccess` or `onFailure`; empty if none is set."""
        chosen = self.settings["destinationConfig"].get(outcome) or {}
        return str(chosen.get("destination") or "")


_R = TypeVar("_R")


def placed(service: str, function: str) -> str:
    """How journal and messages name a function, or all of a service's."""
    return "/".join(filter(None, (service, function)))


def _any_state(_: object) -> None:
    """Takes a resource as it is, whatever it is."""


class Resources(Rewindable):
    """The account's services, functions, triggers and asynchronous configurations.

    All methods raise FcError. What updates or deletes calls `check` with what is there first, under
    the lock: what that raises keeps it as it is, and nobody comes in between. `on_change` is
    called, outside the lock, with the names of a service and a function (empty: all of the
    service's) that were updated or deleted. `runs_3_0_in_services` lets functions of services have
    a runtime that is 3.0's alone, so that one deployment can be tried on all of them.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.RLock()
        self._revisions = itertools.count(1)
        self._services: dict[str, Service] = {}
        self._functions: dict[tuple[str, str], Function] = {}
        self._triggers: dict[tuple[str, str, str], Trigger] = {}
        self._async: dict[tuple[str, str, str], AsyncConfig] = {}  # a qualifier is the third
        self.on_change: list[Callable[[str, str], None]] = []
        self.runs_3_0_in_services = True

    def create_service(self, name: str, fields: Settings) -> Service:
        """Add a service with the settings among `fields`."""
        check_name("serviceName", name)
        settings = merged(SERVICE_DEFAULTS, fields)
        with self._lock:
            if name in self._services:
                raise FcError("ServiceAlreadyExists", f"service '{name}' already exists")
            now = self._clock.now()
            service = Service(name, settings, now, now, next(self._revisions))
            self._services[name] = service
        return service

    def service(self, name: str) -> Service:
        """The service of that name."""
        with self._lock:
            return _get(self._services, name, "ServiceNotFound", f"service '{name}'")

    def services(self) -> list[Service]:
        """All services, by name."""
        with self._lock:
            return [self._services[name] for name in sorted(self._services)]

    def update_service(
        self, name: str, fields: Settings, check: Callable[[Service], None] = _any_state
    ) -> Service:
        """Change the settings among `fields`; the others stay."""
        with self._lock:
            old = self.service(name)
            check(old)
            service = replace(
                old,
                settings=merged(old.settings, fields),
                modified_at=self._clock.now(),
                revision=next(self._revisions),
            )
            self._services[name] = service
        self._changed(name)
        return service

    def delete_service(self, name: str, check: Callable[[Service], None] = _any_state) -> None:
        """Remove a service that has no functions left."""
        with self._lock:
            check(self.service(name))
            if self.functions(name):
                raise FcError("ServiceNotEmpty", f"service '{name}' still has functions")
            del self._services[name]

    def create_function(self, service: str, name: str, fields: Settings) -> Function:
        """Add a function with the settings and the `code` among `fields`."""
        check_name("functionName", name)
        settings = merged(FUNCTION_DEFAULTS if service else ALONE_DEFAULTS, fields)
        self._check(service, settings)
        code = Code.from_request(fields.get("code") or {})
        with self._lock:
            self._check_service(service)
            if (service, name) in self._functions:
                raise FcError("FunctionAlreadyExists", f"function '{name}' already exists")
            now = self._clock.now()
            function = Function(service, name, settings, code, now, now, next(self._revisions))
            self._functions[service, name] = function
        return function

    def function(self, service: str, name: str) -> Function:
        """The function of that name."""
        with self._lock:
            self._check_service(service)
            what = f"function '{placed(service, name)}'"
            return _get(self._functions, (service, name), "FunctionNotFound", what)

    def around(self, service: str, function: str) -> Service:
        """The service of a function; of one that stands alone what it has in place of it."""
        if service:
            return self.service(service)
        alone = self.function(service, function)
        settings = {name: alone.settings[name] for name in OF_ITS_SERVICE}
        times = alone.created_at, alone.modified_at
        return Service("", settings, *times, alone.revision, alone.id)

    def functions(self, service: str) -> list[Function]:
        """A service's functions, by name."""
        with self._lock:
            self.service(service)
            return [self._functions[key] for key in sorted(self._functions) if key[0] == service]

    def all_functions(self) -> list[Function]:
        """All services' functions, and those that stand alone."""
        with self._lock:
            return list(self._functions.values())

    def update_function(
        self,
        service: str,
        name: str,
        fields: Settings,
        check: Callable[[Function], None] = _any_state,
    ) -> Function:
        """Change the settings, and the code if there is any, among `fields`; the others stay."""
        code = Code.from_request(fields["code"]) if fields.get("code") else None
        with self._lock:
            old = self.function(service, name)
            check(old)
            settings = merged(old.settings, fields)
            self._check(service, settings)
            function = replace(
                old,
                settings=settings,
                code=code or old.code,
                modified_at=self._clock.now(),
                revision=next(self._revisions),
            )
            self._functions[service, name] = function
        self._changed(service, name)
        return function

    def delete_function(
        self, service: str, name: str, check: Callable[[Function], None] = _any_state
    ) -> None:
        """Remove a function that has no triggers left, and its asynchronous configuration."""
        with self._lock:
            check(self.function(service, name))
            if self.triggers(service, name):
                raise FcError("FunctionNotEmpty", f"function '{name}' has active triggers")
            del self._functions[service, name]
            for key in [key for key in self._async if key[:2] == (service, name)]:
                del self._async[key]
        self._changed(service, name)

    def code(self, digest: str) -> Code:
        """The code package of that digest, whichever function has it."""
        with self._lock:
            packages = {
                function.code.digest: function.code for function in self._functions.values()
            }
            return _get(packages, digest, "CodeNotFound", "this code package")

    def add_trigger(self, trigger: Trigger) -> None:
        """Add a trigger; what it is to be triggered by is not this module's business."""
        check_name("triggerName", trigger.name)
        key = (trigger.service, trigger.function, trigger.name)
        with self._lock:
            self.function(trigger.service, trigger.function)
            if key in self._triggers:
                raise FcError("TriggerAlreadyExists", f"trigger '{trigger.name}' already exists")
            self._triggers[key] = trigger

    def trigger(self, service: str, function: str, name: str) -> Trigger:
        """The trigger of that name."""
        with self._lock:
            self.function(service, function)
            return _get(
                self._triggers, (service, function, name), "TriggerNotFound", f"trigger '{name}'"
            )

    def triggers(self, service: str, function: str) -> list[Trigger]:
        """A function's triggers, by name."""
        with self._lock:
            self.function(service, function)
            mine = (service, function)
            return [self._triggers[key] for key in sorted(self._triggers) if key[:2] == mine]

    def update_trigger(self, changed: Trigger) -> None:
        """Have a trigger as it is told now."""
        key = (changed.service, changed.function, changed.name)
        with self._lock:
            self.trigger(*key)
            self._triggers[key] = changed

    def remove_trigger(self, service: str, function: str, name: str) -> Trigger:
        """Remove a trigger, and return what it was."""
        with self._lock:
            self.trigger(service, function, name)
            return self._triggers.pop((service, function, name))

    def put_async_config(
        self, service: str, function: str, fields: Settings, qualifier: str = LATEST
    ) -> AsyncConfig:
        """Set the asynchronous configuration of a version or alias, in place of an older one."""
        settings = merged(ASYNC_DEFAULTS, fields)
        check_async_config(settings)
        with self._lock:
            self.function(service, function)
            now = self._clock.now()
            old = self._async.get((service, function, qualifier))
            config = AsyncConfig(settings, old.created_at if old else now, now)
            self._async[service, function, qualifier] = config
        return config

    def async_config(self, service: str, function: str, qualifier: str = LATEST) -> AsyncConfig:
        """The asynchronous configuration that was set."""
        with self._lock:
            self.function(service, function)
            what = f"asynchronous configuration of '{service}.{qualifier}/{function}'"
            if not service:
                what = f"asynchronous configuration of '{function}:{qualifier}'"
            return _get(self._async, (service, function, qualifier), "AsyncConfigNotExists", what)

    def async_configs(self, service: str, function: str) -> dict[str, AsyncConfig]:
        """All that were set, by version or alias."""
        with self._lock:
            self.function(service, function)
            mine = (service, function)
            return {key[2]: self._async[key] for key in sorted(self._async) if key[:2] == mine}

    def delete_async_config(self, service: str, function: str, qualifier: str = LATEST) -> None:
        """Go back to the defaults."""
        with self._lock:
            self.async_config(service, function, qualifier)
            del self._async[service, function, qualifier]

    def _check(self, service: str, settings: Settings) -> None:
        """Raises FcError for what a function of that service, or of none, cannot have."""
        if not service:
            check_alone(settings)
            return
        check_function(settings)
        if settings["runtime"] in RUNTIMES_OF_3_0 and not self.runs_3_0_in_services:
            raise invalid(f"runtime '{settings['runtime']}' is not there in Function Compute 2.0")

    def _check_service(self, name: str) -> None:
        """Raises FcError unless there is that service, or none is meant."""
        if name:
            self.service(name)

    def _changed(self, service: str, function: str = "") -> None:
        for tell in self.on_change:
            tell(service, function)


_K = TypeVar("_K")


def _get(known: Mapping[_K, _R], key: _K, code: str, what: str) -> _R:
    try:
        return known[key]
    except KeyError:
        raise FcError(code, f"{what} does not exist") from None
