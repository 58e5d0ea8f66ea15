"""Function Compute as a whole: what the account has, and runs, at once or asynchronously."""

import time
import uuid

from .. import pythons
from ..log.state import LogState
from ..mns.state import MnsState
from ..oss.state import OssState
from ..pythons import Interpreter
from ..ram.state import RamState
from ..rewinding import Memory, Rewindable
from ..service import Core
from .asynchronous import AsyncInvocations, Job
from .bindings import VpcBindings
from .destinations import Destinations
from .errors import FcError
from .logs import FunctionLogs
from .pool import Target
from .resources import Resources
from .roles import Roles
from .runner import Call, Invocation, Runner
from .settings import Settings
from .triggers import Triggers
from .uploads import Uploads

# Page "Limits".
_LONGEST_ASYNC_EVENT = 128 * 1024


class FcState(Rewindable):
    """The account's functions, run for real in processes of their own.

    `resources`, `triggers` and `bindings` are what there is; what is of no service (3.0) has an
    empty name for it. `uploads` is where code packages can be put first. `function_environment`
    lies under every function's own variables, from its next cold start on. At most `max_instances`
    run at once: page "Set function quotas" has 100 an account and region, older editions 300.
    `async_at_once` of them run asynchronous invocations: few, as each is a process here.
    `stays_warm` lets a rollback leave the idle processes of functions that are still what they
    were, with all that these remember; it saves cold starts. `fresh_keys` gives each run keys of
    its own, by which the journal tells whose requests are whose. `retries_keep_id` has a retry run
    under the request id of the first run; else each run has one of its own. All methods raise
    FcError.
    """

    def __init__(
        self,
        core: Core,
        ram: RamState,
        mns: MnsState,
        log: LogState,
        oss: OssState,
        function_environment: dict[str, str],
    ) -> None:
        self.function_environment = function_environment
        self.stays_warm = False
        self.fresh_keys = False
        self.retries_keep_id = True
        self.max_instances = 100
        self.async_at_once = 8
        self._core = core
        self._roles = Roles(core, ram)
        self.resources = Resources(core.clock)
        self.triggers = Triggers(core, self.resources, self._roles, mns, self.invoke_async)
        self.uploads = Uploads(core, ram, oss)
        self.bindings = VpcBindings()
        self.resources.on_change.append(self._retire)
        self._destinations = Destinations(self._roles, mns)
        self._logs = FunctionLogs(self._roles, log)
        self._parts = (self.resources, self.triggers, self.bindings, self._roles, self._logs)
        self._runner = Runner(core, lambda: self.max_instances)
        self._async = self._begin()

    def invoke(
        self, service: str, function: str, event: bytes | str, *, request_id: str = ""
    ) -> Invocation:
        """Run a function now, and wait for what comes of it."""
        return self._invoke(service, function, Call(request_id or new_request_id(), _bytes(event)))

    def invoke_async(
        self, service: str, function: str, event: bytes | str, *, request_id: str = ""
    ) -> str:
        """Queue an event for a function; returns the invocation's request id."""
        self.resources.function(service, function)
        payload = _bytes(event)
        if len(payload) > _LONGEST_ASYNC_EVENT:
            message = f"payload size exceeds maximum allowed size ({_LONGEST_ASYNC_EVENT} bytes)"
            raise FcError("EntityTooLarge", message)
        now = self._core.clock.now()
        job = Job(request_id or new_request_id(), service, function, payload, now)
        self._async.submit(job)
        return job.request_id

    def wait_idle(self, timeout: float) -> bool:
        """Wait until no asynchronous invocation is pending; False after `timeout` seconds."""
        return self._async.wait_idle(timeout)

    def logs(self, service: str, function: str) -> str:
        """What a function has printed so far, whether or not its service keeps logs.

        Of more than 16 M characters the runs at the end.
        """
        return self._logs.printed(service, function)

    def check_logs(self, fields: Settings) -> None:
        """That what a service is to log to is there, if it is to log."""
        self._logs.check(fields.get("logConfig"))

    def check_role(self, role_arn: object) -> None:
        """That the role which a service or a trigger names is seen by now."""
        self._roles.see(str(role_arn or ""))

    def kill_busy(self) -> int:
        """End the processes that run something, as when their machine fails; how many they were."""
        return self._runner.kill_busy()

    def interpreter(self, runtime: str) -> Interpreter:
        """The Python that functions of a runtime run under here; it may be a substitute."""
        return pythons.find(runtime)

    def stop(self) -> None:
        """End every process and thread and remove every file, at once."""
        self._async.forget()
        self._runner.stop()
        self._async.stop()

    def suspend(self) -> None:
        """End everything that runs or waits to, and run nothing until a rollback."""
        self._async.forget()
        self._runner.suspend()
        self._async.stop()

    def rollback(self, memory: Memory) -> None:
        """Have the state of `memory` again, and nothing that runs or waits to; after `suspend`."""
        super().rollback(memory)
        self._runner.resume(self._is_as_it_was)
        self._async = self._begin()

    def _retire(self, service: str, function: str) -> None:
        self._runner.retire(service, function)

    def _is_as_it_was(self, target: Target) -> bool:
        """Whether processes of a function may go on after a rollback."""
        try:
            now = self._target(target.service.name, target.function.name)
        except FcError:
            return False
        return self.stays_warm and now == target

    def _begin(self) -> AsyncInvocations:
        parts = (self._core, self.resources, self._destinations, self._invoke)
        return AsyncInvocations(*parts, lambda: self.async_at_once)

    def _target(self, service: str, function: str) -> Target:
        return Target(
            self.resources.around(service, function),
            self.resources.function(service, function),
            dict(self.function_environment),
        )

    def _invoke(self, service: str, function: str, call: Call) -> Invocation:
        if call.attempt > 1 and not self.retries_keep_id:
            call = call._replace(request_id=new_request_id())
        invocation = None
        while invocation is None:
            if self._runner.stopped:
                raise FcError("ServiceUnavailable", "the local cloud has stopped")
            target, began = self._target(service, function), time.monotonic()
            role = target.service.settings["role"]
            credentials = self._roles.credentials(role, fresh=self.fresh_keys)
            invocation = self._runner.run(target, credentials, call)
        self._logs.keep(target, call, invocation)
        self._core.journal.record(
            "fc",
            "invoked",
            target.subject,
            request_id=call.request_id,
            kind=call.kind,
            attempt=call.attempt,
            event=call.event,
            began=began,
            access_key_id=credentials.access_key_id,
            cold=invocation.cold,
            duration_ms=invocation.duration_ms,
            error_type=invocation.error_type,
            log=invocation.log,
        )
        return invocation


def new_request_id() -> str:
    """An id for an invocation and for the request that asked for it."""
    return str(uuid.uuid4())


def _bytes(event: bytes | str) -> bytes:
    return event.encode() if isinstance(event, str) else event
