"""A local cloud, a folder with a spec and its code, and clients that lead from one to the other."""

import io
import shutil
import zipfile
from pathlib import Path

from resource_repair import exemptions
from resource_repair.exemptions import Exemptions
from scripts.account.clients import Clients, Endpoints, fixed_credentials
from scripts.account.deploy_plan import Plan, apply, plan
from scripts.declared import Spec, load
from scripts.localcloud.cloud import LocalCloud
from scripts.localcloud.journal import Entry
from scripts.localcloud.ram.state import Credentials

ROOT = Path(__file__).parents[2]
FIXTURES = Path(__file__).parent / "fixtures"
RULE_ID = "cr-b9046457e0d9003f0000"
NOTHING = Exemptions()


def zipped(source: str, exempt: Exemptions | None = NOTHING) -> bytes:
    """A function's zip, the same for the same source; with None it has no exemptions to read."""
    files = {"index.py": source}
    if exempt is not None:
        files["resource_repair/exemptions.json"] = exemptions.dump(exempt)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        for name, content in files.items():
            file.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), content)
    return archive.getvalue()


def project(folder: Path, spec: Path = ROOT / "s.yaml", exempt: Exemptions = NOTHING) -> Path:
    """A project in `folder`: the spec, and some code where it expects the zip."""
    path = Path(shutil.copy(spec, folder / "s.yaml"))
    for code in (folder / "build/function.zip", folder / "function.zip"):
        code.parent.mkdir(exist_ok=True)
        code.write_bytes(zipped("def handler(event, context):\n    return 'success'\n", exempt))
    return path


def edit(path: Path, old: str, new: str) -> None:
    """Replace a text that stands once in the spec."""
    text = path.read_text("utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), "utf-8")


def read(path: Path, cloud: LocalCloud) -> Spec:
    """The spec for the cloud's account."""
    return load(path, {"PREPARE_RULE_ID": RULE_ID}, cloud.account_id)


def keep_logs(cloud: LocalCloud) -> None:
    """Make the log project and store that the spec presumes: a service is not made without."""
    logs = load(ROOT / "s.yaml", {"PREPARE_RULE_ID": RULE_ID}, cloud.account_id).service.logs
    assert logs
    cloud.log.create_project(logs.project)
    cloud.log.create_store(logs.project, logs.logstore, {"ttl": 1, "shardCount": 1})


def clients(cloud: LocalCloud, credentials: Credentials | None = None) -> Clients:
    """The SDK clients, with the account's own credentials or others."""
    held = credentials or cloud.credentials
    return Clients(
        cloud.region,
        credentials=fixed_credentials(
            held.access_key_id, held.access_key_secret, held.security_token
        ),
        endpoints=Endpoints(**cloud.endpoints._asdict()),
    )


class Deployment:
    """A project and a cloud, what was written to it since, and what is left to do.

    Tests share a cloud, since each new one costs the SDKs three TLS contexts that they never use.
    """

    def __init__(self, cloud: LocalCloud, path: Path) -> None:
        self.cloud = cloud
        self.path = path
        self._start = len(cloud.journal.entries())

    def spec(self) -> Spec:
        """The spec as it stands."""
        return read(self.path, self.cloud)

    def plan(self) -> Plan:
        """The plan for it, as the account's owner sees it."""
        return plan(self.spec(), clients(self.cloud))

    def apply(self) -> Plan:
        """Plan and carry it out."""
        planned = self.plan()
        apply(planned)
        return planned

    def remaining(self) -> dict[str, str]:
        """What a plan would do now, by resource, as it is shown."""
        return told(self.plan())

    def writes(self) -> list[Entry]:
        """The requests that changed something, or tried to, in order."""
        requests = (
            e for e in self.cloud.journal.entries()[self._start :] if "request" in e.details
        )
        return [entry for entry in requests if not entry.action.startswith(("Get", "List"))]


def told(planned: Plan) -> dict[str, str]:
    """What a plan would do, by resource, as it is shown."""
    return {
        f"{step.verdict.value} {step.kind} {step.name}": "; ".join(map(str, step.differences))
        for step in planned.changes
    }
