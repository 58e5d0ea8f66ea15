"""The live function: what it is told, what it runs, and whether it is paused; and changing that.

A pause is kept on the function itself, as one more environment variable beside `repairMode`, with
which each remediation only reports: no file says one thing here while another is live there.
"""

import functools
import json
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple
from urllib.parse import urlsplit

import requests

from resource_repair import settings
from resource_repair.exemptions import Exemption, Exemptions
from resource_repair.settings import Settings
from resource_repair.values import ENFORCE, REPORT
from scripts.account import proxies
from scripts.account.addresses import LOOPBACK
from scripts.account.clients import Clients, asked
from scripts.account.compute import compute
from scripts.account.compute.port import Change, ChangedError, LiveFunction
from scripts.account.function import GET, UPDATE
from scripts.account.package import checksum, exemptions_in, reads
from scripts.account.permission import Permission
from scripts.declared import ENVIRONMENT_LIMIT, Spec, environment_size
from scripts.errors import CloudError, Problem
from scripts.patience import Progress, wait
from scripts.terminal import Console

__all__ = [
    "GET",
    "GET_CODE",
    "MODE",
    "PAUSED",
    "UPDATE",
    "ChangedError",
    "DeployedFunction",
    "Pause",
    "secured",
]

GET_CODE = Permission("fc:GetFunctionCode")

MODE, PAUSED = "repairMode", settings.PAUSED  # environment variables

_OK = 200
_TIMEOUTS = (10.0, 60.0)  # seconds: to connect, and between two pieces of an answer
_SETTLING = 60.0  # seconds within which an update must show


class Pause(NamedTuple):
    """Since when and why nothing is closed, and the mode to go back to."""

    since: datetime
    reason: str
    mode_before: str

    def __str__(self) -> str:
        since = self.since.strftime("%Y-%m-%d %H:%M:%S UTC")
        return f"paused since {since}" + (f" ({self.reason})" if self.reason else "")

    def variable(self) -> str:
        """As the environment variable has it: JSON in ASCII, whatever the reason's language."""
        told = {"since": self.since.isoformat(), "mode": self.mode_before, "reason": self.reason}
        return json.dumps(told)


class DeployedFunction:
    """The live function as it was when it was read; to see a change, read it again."""

    def __init__(self, spec: Spec, clients: Clients, seen: LiveFunction) -> None:
        self.spec = spec
        self.environment = seen.environment
        self.checksum = seen.checksum
        self.timeout = seen.timeout  # seconds for one invocation
        self.changed_at = seen.changed_at
        self._clients = clients
        self._compute = compute(spec, clients)
        self._seen = seen

    @classmethod
    def read(cls, spec: Spec, clients: Clients) -> "DeployedFunction":
        """The function; raises CloudError, and Problem if it is not deployed."""
        found = cls.find(spec, clients)
        if found is None:
            raise Problem(f"{spec.function_in_cloud} is not deployed: deploy it first")
        return found

    @classmethod
    def find(cls, spec: Spec, clients: Clients) -> "DeployedFunction | None":
        """The function; None if it is not deployed. Raises CloudError."""
        seen = compute(spec, clients).function()
        return None if seen is None else cls(spec, clients, seen)

    @property
    def settings(self) -> Settings:
        """Its settings, as it reads them itself."""
        return settings.load(self.environment)

    @property
    def mode(self) -> str:
        """The mode in which it runs."""
        return self.environment.get(MODE, ENFORCE)

    @property
    def pause(self) -> Pause | None:
        """The pause that holds; None too where somebody has set another mode by hand since."""
        if self.mode != REPORT or PAUSED not in self.environment:
            return None
        try:
            told = json.loads(self.environment[PAUSED])
            since = datetime.fromisoformat(told["since"])
            return Pause(since, str(told["reason"]), str(told["mode"]))
        except (ValueError, TypeError, KeyError):
            return None

    @functools.cached_property
    def package(self) -> bytes:
        """The zip that it runs, whole. Raises CloudError; Problem if what came is another one.

        Page "GetFunctionCode": a URL that needs no signature of ours, and a CRC-64.
        """
        name = self.spec.function_in_cloud

        def read() -> tuple[str, bytes]:
            told = self._compute.package()
            return told.checksum, _download(told.url, name)

        told, package = asked(GET_CODE.action, name, read)
        if not checksum(package) == told == self.checksum:
            raise Problem(
                f"what came as the code of {name} is not what it runs: it was changed meanwhile, "
                "or cut on the way; run again"
            )
        return package

    def exemptions(self) -> Exemptions:
        """The exemptions that it goes by; raises as `package`, and Problem if it has none to read.

        It asks Function Compute the first time. Without readable ones the function repairs nothing.
        """
        return exemptions_in(self.package, f"the live {self.spec.function_in_cloud}")

    def check_reads(self, entry: Exemption) -> None:
        """Raise Problem where its code does not know what an exemption says it is from."""
        if not reads(self.package, entry):
            raise Problem(
                f"the live {self.spec.function_in_cloud} is older than an exemption with `for: "
                f"[{', '.join(entry.of)}]`, and with one that it cannot read it repairs nothing; "
                "nothing was changed: deploy, then run again"
            )

    def check_unchanged(self) -> None:
        """Read it again: what is handed to it now must be judged as was planned. One GetFunction.

        Raises ChangedError, which says what is otherwise by now; CloudError if it cannot be read.
        """
        self._clients.memory.act()
        now = DeployedFunction.find(self.spec, self._clients)
        if told := _changes(self, now):
            mend = "`resource-repair resume`, then run again" if now and now.pause else "run again"
            raise ChangedError(
                f"{self.spec.function_in_cloud} {told}, so nothing more was begun: {mend}"
            )

    def set_environment(self, variables: Mapping[str, str]) -> "DeployedFunction":
        """Have it told these variables, and nothing else changed; gives it as it is then.

        Raises CloudError; Problem if they are too large, if it was changed since it was read, or if
        they do not show.
        """
        size = environment_size(variables)
        if size > ENVIRONMENT_LIMIT:
            raise Problem(
                f"the environment variables would have {size} bytes, and Function Compute takes "
                f"{ENVIRONMENT_LIMIT}: give a shorter reason"
            )
        self._compute.update_function(self._seen, Change(environment=variables))
        after = DeployedFunction.read(self.spec, self._clients)
        if after.environment != dict(variables):
            name = self.spec.function_in_cloud
            raise Problem(f"{name} does not show its new variables: run again")
        return after

    def set_package(self, package: bytes, console: Console) -> "DeployedFunction":
        """Have it run this zip, and nothing else changed; gives it once it is seen to be live.

        Raises CloudError; Problem if it was changed since it was read, or the zip does not show.
        """
        wanted = checksum(package)
        self._compute.update_function(self._seen, Change(code=package))
        after = self

        def look() -> Progress:
            nonlocal after
            after = DeployedFunction.read(self.spec, self._clients)
            shows = after.checksum == wanted
            return Progress(f"{'runs' if shows else 'waiting for'} the code {wanted}", shows)

        if not wait(look, console, _SETTLING):
            raise Problem(f"{self.spec.function_in_cloud} does not show its new code: run again")
        return after


def _changes(before: DeployedFunction, now: DeployedFunction | None) -> str:
    """What is otherwise by now, in words; empty if nothing is by which it judges a finding."""
    if now is None:
        return "is not deployed any more"
    told = ["runs other code by now"] if now.checksum != before.checksum else []
    names = {
        name
        for name in (*before.environment, *now.environment)
        if before.environment.get(name) != now.environment.get(name)
    }
    if names & {MODE, PAUSED}:
        told.append(f"is {now.pause}" if now.pause else f"runs in mode {now.mode} by now")
    if others := sorted(names - {MODE, PAUSED}):
        told.append(f"is told another {', '.join(others)} by now")
    return " and ".join(told)


def secured(url: str) -> str:
    """The URL over https, since it is documented with http too; loopback's stays as it is."""
    parts = urlsplit(url)
    return url if parts.hostname in LOOPBACK else parts._replace(scheme="https").geturl()


def _download(url: str, name: str) -> bytes:
    """What is at the URL, which is a secret: whoever knows it can have the code."""
    failed = functools.partial(CloudError, GET_CODE.action, name)
    try:
        answer = requests.get(secured(url), timeout=_TIMEOUTS, allow_redirects=False)
    except requests.RequestException:
        advice = "the code could not be had from where it is stored: run again"
        raise failed("NoUsableAnswer", 0, advice, proxies.used()) from None
    if answer.status_code != _OK:
        advice = "the place where the code is stored refuses to give it: run again"
        code = f"status {answer.status_code}"
        raise failed(code, answer.status_code, advice, proxies.used())
    return answer.content
