"""An operator with a folder of the project and an account, who runs the verbs by their names."""

import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from scripts import ROOT, cli
from scripts.account.clients import fixed_credentials
from scripts.account.permission import Permission
from scripts.localcloud import Hold, LocalCloud
from scripts.localcloud.cloud import Snapshot
from scripts.localcloud.faults import Fault
from scripts.localcloud.ram import policies
from scripts.localcloud.ram.state import Credentials
from scripts.stage.serve import environment, let_functions_find_oss
from tests.contract.provision_rig import Account

ROLE = "operator"
EXEMPTING = ("doctor", "evaluate", "status", "report", "undo")  # they read the exemptions' file


class Beginning(NamedTuple):
    """What an operator and the cloud had at a time."""

    cloud: Snapshot
    files: Path
    environ: dict[str, str]
    key: Credentials


class Operator:
    """Runs verbs as from a command line: on one cloud, from one folder, as the account's owner.

    `code` is the bundle's zip, beside the exemptions that it was built with. What provision writes
    to .env is what later verbs find there.
    """

    def __init__(self, cloud: LocalCloud, folder: Path, code: Path) -> None:
        let_functions_find_oss(cloud)
        self.cloud = cloud
        self.folder = folder
        self.account = Account(cloud, folder)
        shutil.copy(code, folder / "build" / "function.zip")
        self.exemptions = Path(shutil.copy(code.with_name("exemptions.yaml"), folder))
        known = environment(cloud)
        self.environ = {name: known[name] for name in known if not name.startswith("ALIBABA")}
        self.key = cloud.credentials

    def beginning(self) -> Beginning:
        """All that is there now, files too, to begin with more than once."""
        files = Path(tempfile.mkdtemp(dir=self.folder.parent)) / "files"
        shutil.copytree(self.folder, files)
        return Beginning(self.cloud.snapshot(), files, dict(self.environ), self.key)

    def begin_again(self, beginning: Beginning) -> None:
        """Have all as it was then."""
        self.cloud.rollback(beginning.cloud)
        shutil.rmtree(self.folder)
        shutil.copytree(beginning.files, self.folder)
        self.environ, self.key = dict(beginning.environ), beginning.key

    def run(self, verb: str, *arguments: str) -> int:
        """The exit code."""
        key = (self.key.access_key_id, self.key.access_key_secret, self.key.security_token)
        command = ["--spec", str(self.account.path), *arguments]
        if verb in EXEMPTING and "--exemptions" not in arguments:
            command += ["--exemptions", str(self.exemptions)]
        if verb == "report":
            command += ["--output", str(self.folder / "report.html")]
        return cli.run(verb, *command, environ=self.environ, credentials=fixed_credentials(*key))

    def command(self, verb: str, *arguments: str, **environ: str) -> "subprocess.Popen[str]":
        """The verb started as a process of its own, without any credentials but those told."""
        return subprocess.Popen(
            [sys.executable, "-m", "scripts", verb, "--spec", str(self.account.path), *arguments],
            cwd=ROOT,
            env={**self.environ, "HOME": str(self.folder), **environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def rest(self) -> None:
        """Wait until nothing is going on: each may give work to the next."""
        for _ in range(3):
            for part in (self.cloud.config, self.cloud.mns, self.cloud.fc):
                assert part.wait_idle(30)

    def calls(self) -> Callable[[], list[str]]:
        """What gives, when it is called, the operations since now (`fc:GetService`), in order."""
        journal = self.cloud.journal
        start = len(journal.entries())
        return lambda: [
            f"{entry.service}:{entry.action}"
            for entry in journal.entries()[start:]
            if "request" in entry.details
        ]

    def may_only(self, allowed: Iterable[Permission]) -> None:
        """Go on as somebody who has these permissions and no other."""
        where = (self.cloud.account_id, self.cloud.region)
        statements = [dict(each.statement(*where)) for each in allowed]
        nothing = {"Effect": "Deny", "Action": "none:Nothing", "Resource": "*"}
        policy, ram = policies.document(*statements, nothing), self.cloud.ram
        if ROLE in ram.roles:
            ram.create_policy_version(ROLE, policy, default=True)
        else:
            ram.create_policy(ROLE, policy)
            ram.create_role(ROLE, policies.trust("ecs.aliyuncs.com"))
            ram.attach(ROLE, "Custom", ROLE)
        self.key = ram.assume(ROLE, "shift")

    def state(self) -> dict[str, Any]:
        """All that is in the account, to be compared."""
        oss = self.cloud.oss
        return self.account.state() | {
            "buckets": {name: oss.bucket(name).acl for name in oss.names()}
        }


@contextmanager
def held_at(operator: Operator, operation: str, nth: int) -> Iterator[tuple[Hold, threading.Event]]:
    """The nth call of an operation is held; the event is set when it has come to that."""
    faults, held, reached, seen = operator.cloud.faults, Hold(), threading.Event(), count()
    take = faults.take

    def taking(each: str, subject: str) -> Fault | None:
        if each == operation and next(seen) == nth:
            reached.set()
            return held
        return take(each, subject)

    faults.take = taking  # type: ignore[method-assign]
    try:
        yield held, reached
    finally:
        faults.take = take  # type: ignore[method-assign]
