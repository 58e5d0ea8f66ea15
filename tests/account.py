"""The one rig: an account on a local cloud, a project in a folder, and whoever runs verbs there.

A worker has one cloud (the fixture `cloud` of conftest.py). A test begins by going back to one of
the moments that `Moments` remembers, and leaves the cloud as it likes.
"""

import copy
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from alibabacloud_fc20230330 import models as alone_models
from alibabacloud_fc_open20210406 import models

from resource_repair.exemptions import Exemption, Exemptions
from scripts import ROOT, cli
from scripts.account import audit_trail, deploy_plan
from scripts.account.audit_trail import AuditLine
from scripts.account.deploy_plan import Plan
from scripts.account.package import with_exemptions
from scripts.account.permission import Permission
from scripts.context import Verb
from scripts.declared import Generation, Spec, load
from scripts.declared.dotenv import environment
from scripts.declared.rule_ids import RULE_ID as RULE_ID_VARIABLE
from scripts.declared.rule_ids import filled
from scripts.localcloud import LocalCloud
from scripts.localcloud.cloud import Snapshot
from scripts.localcloud.journal import Entry
from scripts.localcloud.ram import policies
from scripts.localcloud.ram.state import Credentials as Key
from scripts.stage import serve
from tests import inside, parts
from tests.parts import clients, count, credentials, project

ACCOUNT = "1208863178610000"
RULE_ID = "cr-a6129bc09da7009675a0"  # which the messages in events/ speak of
TOPIC, QUEUE = "MNSTestConfig", "resource-repair-failed"
RULE = "test-oss-bucket-public-read-prohibited"
ROLE = "AliyunMNSNotificationRole"
SERVICE, FUNCTION = "resource_repair", "oss_repair_acl_trigger"
ALONE = f"{SERVICE}-{FUNCTION}"  # in Function Compute 3.0

_EXEMPTING = ("doctor", "evaluate", "status", "report", "undo")  # they read the exemptions' file
_WRITING = {"report": "report.html", "probe": "probe.json"}
OPERATOR = "operator"
READS = ("Get", "List", "Peek", "BatchPeek", "Download")


class Beginning(NamedTuple):
    """What a cloud and a project's folder held at a time."""

    cloud: Snapshot
    files: Path
    shell: dict[str, str]
    key: Key


class Account:
    """A project in a folder, and the account that its verbs work on, as the account's owner.

    With the zip of a bundle, beside the exemptions that it was built with, that is the code; else
    the function is a line that succeeds. What provision writes to .env is what later verbs find.
    """

    def __init__(
        self,
        cloud: LocalCloud,
        folder: Path,
        code: Path | None = None,
        generation: Generation = Generation.FC2,
    ) -> None:
        serve.let_functions_find_oss(cloud)
        self.cloud = cloud
        self.folder = folder
        self.generation = generation
        self.path = project(folder, generation=generation)
        self.env = folder / ".env"
        self.exemptions = folder / "exemptions.yaml"
        if code is None:
            self.exemptions.write_text("[]\n")
        else:
            shutil.copy(code, folder / "build" / "function.zip")
            shutil.copy(code.with_name("exemptions.yaml"), folder)
        known = serve.environment(cloud)
        self.shell = {name: known[name] for name in known if not name.startswith("ALIBABA")}
        self.key = cloud.credentials
        self.clients = clients(cloud)
        self._start = cloud.journal.position

    # What is declared

    @property
    def rule_id(self) -> str:
        """The id of the rule that s.yaml names; empty before there is one."""
        return next((rule.id for rule in self.cloud.config.rules() if rule.name == RULE), "")

    @property
    def spec(self) -> Spec:
        """The spec as it stands, with the rule's id."""
        return self.declared(self.rule_id)

    def declared(self, rule_id: str) -> Spec:
        """The spec as it stands, with that id; .env goes before."""
        known = filled(environment(self.env, {RULE_ID_VARIABLE: rule_id}))
        return load(self.path, known, self.cloud.account_id)

    @property
    def log_project(self) -> str:
        """The name of the log project."""
        return f"resource-repair-{self.cloud.account_id}"

    @property
    def topic_arn(self) -> str:
        """The topic that findings are published to."""
        return f"acs:mns:{self.cloud.region}:{self.cloud.account_id}:/topics/{TOPIC}"

    # Running verbs

    def run(
        self,
        verb: str | Verb,
        *arguments: str,
        may: Iterable[Permission] | None = None,
        key: Key | None = None,
        **shell: str,
    ) -> int:
        """The exit code of a verb, run by who holds `self.key` or `key`, or may do only that."""
        held = credentials(key or (self.key if may is None else self.key_of(may)))
        environ = {**self.shell, **shell}
        run, name = (cli.run, verb) if isinstance(verb, str) else (cli.run_verb, verb.name)
        words = [*self._usual(name, arguments), *arguments]
        return run(verb, *words, environ=environ, credentials=held)

    def process(self, verb: str, *arguments: str, **environ: str) -> "subprocess.Popen[str]":
        """The verb started as a process of its own, without any credentials but those told."""
        return subprocess.Popen(
            [sys.executable, "-m", "scripts", verb, *self._usual(verb, arguments), *arguments],
            cwd=ROOT,
            env={**self.shell, "HOME": str(self.folder), **environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def _usual(self, verb: str, said: Sequence[str]) -> list[str]:
        """The options that lead a verb to this project, but for those that were said."""
        known = {"--spec": self.path}
        if verb in _EXEMPTING:
            known["--exemptions"] = self.exemptions
        if verb in _WRITING:
            known["--output"] = self.folder / _WRITING[verb]
        return [word for name in known if name not in said for word in (name, str(known[name]))]

    def plan(self) -> Plan:
        """What a deploy would do now."""
        return deploy_plan.plan(self.spec, self.clients)

    def deploy(self) -> Plan:
        """Make role, service, function and trigger, or mend them."""
        deploy_plan.apply(planned := self.plan())
        return planned

    # Who may do what

    def key_of(self, allowed: Iterable[Permission]) -> Key:
        """The temporary key of somebody who has these permissions and no other."""
        where, ram = (self.cloud.account_id, self.cloud.region), self.cloud.ram
        statements = [dict(each.statement(*where)) for each in allowed]
        nothing = {"Effect": "Deny", "Action": "none:Nothing", "Resource": "*"}
        policy = policies.document(*statements, nothing)
        if OPERATOR in ram.roles:
            ram.create_policy_version(OPERATOR, policy, default=True)
        else:
            ram.create_policy(OPERATOR, policy)
            ram.create_role(OPERATOR, policies.trust("ecs.aliyuncs.com"))
            ram.attach(OPERATOR, "Custom", OPERATOR)
        return ram.assume(OPERATOR, "shift")

    def may_only(self, allowed: Iterable[Permission]) -> None:
        """Go on as somebody who has these permissions and no other."""
        self.key = self.key_of(allowed)

    # What happens to buckets and findings

    def bucket(self, name: str, region: str = "") -> Any:
        """A bucket as its owner uses it: an `oss2.Bucket` in `region` or the product's own."""
        return self.clients.bucket(name, region)

    def acls(self) -> dict[str, str]:
        """Every bucket's ACL."""
        return {bucket.name: bucket.acl for bucket in self.cloud.oss.all()}

    @contextmanager
    def unnoticed(self) -> Iterator[None]:
        """What is done meanwhile is evaluated, and not delivered."""
        self.deliver(on=False)
        yield
        self.rest()
        self.deliver(on=True)

    def plant(self, **acls: str) -> None:
        """Buckets (`a_b` being a-b) that were opened when nobody looked: never reported."""
        with self.unnoticed():
            for name, acl in acls.items():
                self.cloud.oss.create(name.replace("_", "-"), acl=acl)

    def tag(self, key: str, **values: str) -> None:
        """Give buckets a tag of that key, each its value, when nobody looks."""
        with self.unnoticed():
            for bucket, value in values.items():
                self.cloud.oss.set_tags(bucket, {key: value})

    def open_by_policy(self, *names: str) -> None:
        """Give buckets a policy that lets the public in, when nobody looks."""
        with self.unnoticed():
            for name in names:
                self.cloud.oss.set_policy(name, parts.public_policy(name))

    def deliver(self, *, on: bool) -> None:
        """Switch the delivery of findings on or off."""
        self.change_channel(active=on)

    def change_channel(self, **changed: Any) -> None:
        """Change the delivery channel as somebody does it by hand."""
        (channel,) = self.cloud.config.channels()
        self.cloud.config.update_channel(replace(channel, **changed))

    # What somebody does to the function by hand

    def update(self, **changed: Any) -> None:
        """Change some of the function's settings."""
        if self.generation is Generation.FC3:
            alone = alone_models.UpdateFunctionInput(**changed)
            request = alone_models.UpdateFunctionRequest(body=alone)
            self.clients.fc3.update_function(ALONE, request)
            return
        request = models.UpdateFunctionRequest(**changed)
        self.clients.fc.update_function(SERVICE, FUNCTION, request)

    @property
    def place(self) -> tuple[str, str]:
        """The function's service, empty where it stands alone, and its name, in the cloud."""
        return (SERVICE, FUNCTION) if self.generation is Generation.FC2 else ("", ALONE)

    @contextmanager
    def deployed_with(self, **environment: str) -> Iterator[None]:
        """Some of its environment is otherwise than s.yaml says."""
        declared = dict(self.spec.function.environment)
        self.update(environment_variables={**declared, **environment})
        yield
        self.update(environment_variables=declared)

    @contextmanager
    def live_code(self, package: bytes) -> Iterator[None]:
        """Its code is another than is built here."""
        self.update(code=parts.code_of(package))
        yield
        self.update(code=parts.code_of(self.spec.function.code.read_bytes()))

    @contextmanager
    def live_exemptions(self, *entries: Exemption) -> Iterator[None]:
        """It has these exemptions and no other, as after an undo that is not committed."""
        built = self.spec.function.code.read_bytes()
        with self.live_code(with_exemptions(built, Exemptions(entries))):
            yield

    def rest(self) -> None:
        """Wait until no evaluation, delivery or invocation is pending."""
        assert self.cloud.wait_idle()

    # What is there, and what was done

    def audit(self) -> list[AuditLine]:
        """The audit lines so far, in the order in which they were printed."""
        return audit_trail.of_log(self.cloud.fc.logs(*self.place).encode())

    def requests(self) -> list[Entry]:
        """The requests since this account was begun with, in order."""
        entries = self.cloud.journal.entries(since=self._start)
        return [entry for entry in entries if "request" in entry.details]

    def writes(self) -> list[Entry]:
        """Those that changed something, or tried to."""
        return [entry for entry in self.requests() if not entry.action.startswith(READS)]

    def started(self) -> int:
        """How many evaluations on demand were asked for."""
        return count(self.cloud.journal.entries("config"), "StartConfigRuleEvaluation")

    def calls(self) -> Callable[[], list[str]]:
        """What gives, when it is called, the operations since now (`fc:GetService`), in order."""
        start = self.cloud.journal.position
        return lambda: [
            f"{entry.service}:{entry.action}"
            for entry in self.cloud.journal.entries(since=start)
            if "request" in entry.details
        ]

    def functions(self) -> list[str]:
        """All services and their functions, and those that stand alone."""
        return inside.functions(self.clients)

    def state(self) -> dict[str, Any]:
        """All that is in the account, without ids and times, to be compared."""
        return {**inside.state(self.cloud), "buckets": self.acls(), "functions": self.functions()}

    # Beginning more than once

    def beginning(self) -> Beginning:
        """All that is there now, files too."""
        files = Path(tempfile.mkdtemp(dir=self.folder.parent)) / "files"
        shutil.copytree(self.folder, files)
        return Beginning(self.cloud.snapshot(), files, dict(self.shell), self.key)

    def begin_again(self, beginning: Beginning) -> None:
        """Have all as it was then."""
        self.cloud.rollback(beginning.cloud)
        shutil.rmtree(self.folder)
        shutil.copytree(beginning.files, self.folder)
        self.shell, self.key = dict(beginning.shell), beginning.key


Make = Callable[[Account], object]


class Moments:
    """The moments of one cloud that tests begin at, each made when the first test wants it."""

    def __init__(self, cloud: LocalCloud, code: Callable[[], Path], folder: Path) -> None:
        cloud.fc.stays_warm = True  # a process remembers nothing that matters here
        self.generation = Generation.FC2
        self._cloud = cloud
        self._code = code
        self._folder = folder
        self._nothing = cloud.snapshot()
        self._known: dict[tuple[Make, Path | None, Generation], tuple[Snapshot, Path]] = {}

    def on(self, generation: Generation) -> "Moments":
        """The same moments, of accounts whose function is for that Function Compute."""
        moments = copy.copy(self)
        moments.generation = generation
        return moments

    def nothing(self, folder: Path, *, bundle: bool = False) -> Account:
        """A project, with the bundle or a line of code, and an account with nothing on it."""
        self._cloud.rollback(self._nothing)
        return self._account(folder, self._code() if bundle else None)

    def deployed(self, folder: Path, *, bundle: bool, least: bool = False) -> Account:
        """All provisioned and deployed, without a bucket: the bundle, or a line of code.

        With `least` under the role of least privilege, which in 3.0 it always is.
        """
        make = _deploy_under_least if least else _deploy
        return self.after(make, folder, self._code() if bundle else None)

    def after(self, make: Make, folder: Path, code: Path | None = None) -> Account:
        """What `make`, which is run once, makes of a project and an account with nothing on it."""
        key = (make, code, self.generation)
        if key not in self._known:
            self._cloud.rollback(self._nothing)
            place = Path(tempfile.mkdtemp(dir=self._folder))
            make(self._account(place, code))
            self._cloud.settle()  # what a test begins with was made long ago
            self._known[key] = self._cloud.snapshot(), place
        snapshot, files = self._known[key]
        self._cloud.rollback(snapshot)
        account = self._account(folder, code)
        shutil.copytree(files, folder, dirs_exist_ok=True)
        return account

    def _account(self, folder: Path, code: Path | None) -> Account:
        return Account(self._cloud, folder, code, self.generation)


def _deploy(account: Account) -> None:
    account.cloud.config.next_rule_id = RULE_ID
    assert account.run("provision", "--yes") == 0
    account.deploy()


def _deploy_under_least(account: Account) -> None:
    parts.least_privilege(account.path)
    _deploy(account)
