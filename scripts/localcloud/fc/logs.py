"""What functions print: kept here, and written to the log store that their service names."""

import threading
from collections import defaultdict

from scripts.localcloud.fc.errors import FcError, invalid
from scripts.localcloud.fc.pool import Target
from scripts.localcloud.fc.roles import FUNCTION_COMPUTE, Roles
from scripts.localcloud.log.errors import LogError
from scripts.localcloud.log.state import LogState


class FunctionLogs:
    """All output of all functions so far, each line of it also a log where its service has one."""

    def __init__(self, roles: Roles, log: LogState) -> None:
        self._roles = roles
        self._log = log
        self._lock = threading.Lock()
        self._printed: dict[tuple[str, str], list[str]] = defaultdict(list)

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

    def printed(self, service: str, function: str) -> str:
        """All that a function has printed."""
        with self._lock:
            return "".join(self._printed.get((service, function), []))

    def keep(self, target: Target, output: str) -> None:
        """Take what one invocation has printed."""
        with self._lock:
            self._printed[target.service.name, target.function.name].append(output)
        config = target.service.settings["logConfig"]
        if config.get("project") and config.get("logstore"):
            self._write(target, config["project"], config["logstore"], output)

    def _write(self, target: Target, project: str, store: str, output: str) -> None:
        """Page "Log fields": one log a line. Where the role may not write, nothing is said of it.

        (With `logBeginRule` set, several lines would be one log; here they never are.)
        """
        role, arn = target.service.settings["role"], self._log.arn(project, store)
        common = {
            "serviceName": target.service.name,
            "functionName": target.function.name,
            "qualifier": "LATEST",
            "versionId": "",
        }
        logs = [{**common, "message": line} for line in output.split("\n") if line]
        try:
            self._roles.check(role, FUNCTION_COMPUTE, "log:PostLogStoreLogs", arn)
            self._log.write(project, store, logs, topic=target.service.name)
        except (FcError, LogError):
            return
