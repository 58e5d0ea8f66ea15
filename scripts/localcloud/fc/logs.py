"""What functions print: kept here, and written to the log store that their service names."""

import threading
from collections import defaultdict

from ..log.errors import LogError
from ..log.state import LogState
from ..rewinding import Rewindable
from .errors import FcError, invalid
from .pool import Target
from .roles import FUNCTION_COMPUTE, Roles
from .runner import Call, Invocation

_KEPT = 16 * 1024 * 1024  # characters of each function


class FunctionLogs(Rewindable):
    """The last output of all functions, each line of it also a log where its service has one."""

    def __init__(self, roles: Roles, log: LogState) -> None:
        self._roles = roles
        self._log = log
        self._lock = threading.Lock()
        self._printed: dict[tuple[str, str], list[str]] = defaultdict(list)
        self._kept: dict[tuple[str, str], int] = defaultdict(int)

    def check(self, config: object) -> None:
        """Raise FcError for a `logConfig` of a service that names what is not there.

        Seen by running: code and words for a project. Guessed: that a store is refused likewise,
        also by UpdateService, and that another account's project is as none.
        """
        config = config if isinstance(config, dict) else {}
        project, store = str(config.get("project") or ""), str(config.get("logstore") or "")
        if project and project not in (each.name for each in self._log.projects()):
            raise invalid(f"project '{project}' does not exist")
        if project and store and store not in self._log.stores(project):
            raise invalid(f"logstore '{store}' does not exist")
        try:
            self._log.check_seen(project, store)
        except LogError as error:
            raise invalid(error.message) from None  # guessed, the words too

    def printed(self, service: str, function: str) -> str:
        """What a function has printed; of more than 16 M characters the runs at the end."""
        with self._lock:
            return "".join(self._printed.get((service, function), []))

    def keep(self, target: Target, call: Call, invocation: Invocation) -> None:
        """Take what one run has printed and, where the service wants it, how the run went."""
        output = invocation.log
        with self._lock:
            self._remember((target.service.name, target.function.name), output)
        config = target.service.settings["logConfig"]
        if not (config.get("project") and config.get("logstore")):
            return
        self._write(target, _lines(target, output), _topic(target))
        if config.get("enableRequestMetrics"):
            topic = f"FCRequestMetrics:{target.service.name}/{target.function.name}"
            self._write(target, [_metrics(target, call, invocation)], topic)

    def _remember(self, function: tuple[str, str], output: str) -> None:
        printed = self._printed[function]
        printed.append(output)
        self._kept[function] += len(output)
        forgotten = 0
        while self._kept[function] > _KEPT and forgotten < len(printed) - 1:
            self._kept[function] -= len(printed[forgotten])
            forgotten += 1
        del printed[:forgotten]

    def _write(self, target: Target, logs: list[dict[str, str]], topic: str) -> None:
        """Where the role may not write, nothing is said of it."""
        config = target.service.settings["logConfig"]
        project, store = config["project"], config["logstore"]
        role, arn = target.service.settings["role"], self._log.arn(project, store)
        try:
            self._roles.check(role, FUNCTION_COMPUTE, "log:PostLogStoreLogs", arn)
            self._log.write(project, store, logs, topic=topic)
        except (FcError, LogError):
            return


def _topic(target: Target) -> str:
    """The logs' topic: a service's name, or as the Serverless Devs client looks for it."""
    return target.service.name or f"FCLogs:{target.function.name}"


def _lines(target: Target, output: str) -> list[dict[str, str]]:
    """Page "Log fields": one log a line.

    (With `logBeginRule` set, several lines would be one log; here they never are.)
    """
    common = {**_common(target), "versionId": ""}
    return [{**common, "message": line} for line in output.split("\n") if line]


def _metrics(target: Target, call: Call, invocation: Invocation) -> dict[str, str]:
    """Page "Request-level metric logs": one log for each run, as far as it is known here."""
    failed = {"hasFunctionError": "false"}
    if invocation.error_type:
        timed_out = b"timed out" in invocation.payload
        kind = "FunctionTimeoutError" if timed_out else "FunctionUnhandledError"
        failed = {"hasFunctionError": "true", "errorType": kind}
    return {
        **_common(target),
        **failed,
        "requestId": call.request_id,
        "operation": "InvokeFunction",
        "invocationType": call.kind.capitalize(),
        "durationMs": f"{invocation.duration_ms:.2f}",
        "isColdStart": str(invocation.cold).lower(),
        "memoryMB": str(target.function.settings["memorySize"]),
    }


def _common(target: Target) -> dict[str, str]:
    of_service = {"serviceName": target.service.name} if target.service.name else {}
    return {
        **of_service,
        "functionName": target.function.name,
        "qualifier": "LATEST",
    }
