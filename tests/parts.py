"""What an account for tests is made of, and what spoils a moment of it."""

import base64
import io
import itertools
import json
import os
import shutil
import socket
import threading
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest
from alibabacloud_fc_open20210406 import models

from resource_repair import exemptions
from resource_repair.exemptions import Exemptions
from scripts import ROOT
from scripts.account.clients import Clients, Credentials, Endpoints, fixed_credentials
from scripts.account.deploy_plan import Plan
from scripts.account.permission import Permission
from scripts.declared import Generation, derived
from scripts.localcloud import Hold, LocalCloud
from scripts.localcloud.faults import Fault
from scripts.localcloud.journal import Entry
from scripts.localcloud.ram.state import Credentials as Key
from scripts.localcloud.ram.state import Principal

LITTLE = "def handler(event, context):\n    return 'success'\n"
NOTHING_EXEMPT = Exemptions()

EITHER = pytest.mark.parametrize("generation", list(Generation), ids=str, indirect=True)
"""Of a test that is run on Function Compute 2.0 and on 3.0: its account is of that `generation`."""

_T = TypeVar("_T")
_U = TypeVar("_U")


def code_of(package: bytes) -> models.Code:
    """A function's zip as the API takes it."""
    return models.Code(zip_file=base64.b64encode(package).decode())


def zipped(source: str, exempt: Exemptions | None = NOTHING_EXEMPT) -> bytes:
    """A function's zip, the same for the same source; with None it has no exemptions to read."""
    files = {"index.py": source}
    if exempt is not None:
        files["resource_repair/exemptions.json"] = exemptions.dump(exempt)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        for name, content in files.items():
            file.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), content)
    return archive.getvalue()


def project(
    folder: Path,
    spec: Path = ROOT / "s.yaml",
    exempt: Exemptions = NOTHING_EXEMPT,
    generation: Generation = Generation.FC2,
) -> Path:
    """A project in `folder`: the spec, whose path is given, and some code where it expects it."""
    for code in (folder / "build/function.zip", folder / "function.zip"):
        code.parent.mkdir(exist_ok=True)
        code.write_bytes(zipped(LITTLE, exempt))
    path = Path(shutil.copy(spec, folder / "s.yaml"))
    return path if generation is Generation.FC2 else derive(path)


def derive(path: Path) -> Path:
    """The file for Function Compute 3.0 that is made of an s.yaml."""
    made = derived.path_of(path)
    made.write_text(derived.text(path), "utf-8")
    return made


def rewrite(path: Path, change: Callable[[str], str]) -> None:
    """Have a file say what `change` makes of it; for s.fc3.yaml what that is made of."""
    made = derived.is_derived(path)
    source = derived.edited(path) if made else path
    source.write_text(change(source.read_text("utf-8")), "utf-8")
    if made:
        derive(source)


def edit(path: Path, old: str, new: str) -> None:
    """Replace a text that stands once in a file; for s.fc3.yaml in what it is made of."""

    def replaced(text: str) -> str:
        assert text.count(old) == 1
        return text.replace(old, new)

    rewrite(path, replaced)


def least_privilege(path: Path) -> None:
    """Have an s.yaml take the role that provision makes, of no more than the function needs."""
    edit(path, "role: *fullAccess", "role: *leastPrivilege")


def public_policy(bucket: str, *whom: str) -> str:
    """A policy that lets everybody, or each of these, read a bucket's objects."""
    allow = {
        "Effect": "Allow",
        "Action": ["oss:GetObject"],
        "Resource": [f"acs:oss:*:*:{bucket}/*"],
    }
    statements = [{**allow, "Principal": [each]} for each in whom or ("*",)]
    return json.dumps({"Version": "1", "Statement": statements})


def no_http(bucket: str, owner: str = "1208863178610000") -> dict[str, object]:
    """The statement that denies everybody what comes by http."""
    whole = f"acs:oss:*:{owner}:{bucket}"
    return {
        "Effect": "Deny",
        "Principal": ["*"],
        "Action": ["oss:*"],
        "Resource": [whole, f"{whole}/*"],
        "Condition": {"Bool": {"acs:SecureTransport": ["false"]}},
    }


def credentials(key: Key) -> Credentials:
    """A key of a local cloud, as clients take it."""
    return fixed_credentials(key.access_key_id, key.access_key_secret, key.security_token)


def clients(cloud: LocalCloud, key: Key | None = None) -> Clients:
    """The SDK clients, with the account's own key or another."""
    return Clients(
        cloud.region,
        credentials=credentials(key or cloud.credentials),
        endpoints=Endpoints(**cloud.endpoints._asdict()),
    )


def told(planned: Plan) -> dict[str, str]:
    """What a plan would do, by resource, as it is shown."""
    return {
        f"{step.verdict.value} {step.kind} {step.name}": "; ".join(map(str, step.differences))
        for step in planned.changes
    }


def without(permissions: Sequence[Permission], action: str) -> list[Permission]:
    """All but one."""
    return [permission for permission in permissions if permission.action != action]


def count(entries: Iterable[Entry], action: str) -> int:
    """How many entries of the journal are of that action."""
    return sum(entry.action == action for entry in entries)


def sampled(items: Iterable[str], *sample: str) -> list[Any]:
    """All as parameters; those that are not in the sample are run by `make test-all` alone."""
    return [
        pytest.param(each, marks=() if each in sample else pytest.mark.bad_days) for each in items
    ]


@contextmanager
def at(
    cloud: LocalCloud, is_it: Callable[[str], bool], nth: int, act: Callable[[], Fault | None]
) -> Iterator[threading.Event]:
    """Just before the nth call (from 0) of such an operation, `act`: it suffers what that gives.

    The event is set when it has come to that.
    """
    faults, reached, seen = cloud.faults, threading.Event(), itertools.count()
    take = faults.take

    def taking(operation: str, subject: str) -> Fault | None:
        if is_it(operation) and next(seen) == nth:
            reached.set()
            fault = act()
            if fault is not None:
                return fault
        return take(operation, subject)

    faults.take = taking  # type: ignore[method-assign]
    try:
        yield reached
    finally:
        faults.take = take  # type: ignore[method-assign]


@contextmanager
def asked(cloud: LocalCloud, role: str) -> Iterator[set[tuple[str, str]]]:
    """The set that gets each action, with its resource, for which a role is asked meanwhile."""
    found: set[tuple[str, str]] = set()
    ram = cloud.ram
    authorized = ram.authorized

    def noting(principal: Principal, action: str, resource: str) -> bool:
        if principal.role == role:
            found.add((action, resource))
        return authorized(principal, action, resource)

    ram.authorized = noting  # type: ignore[method-assign]
    try:
        yield found
    finally:
        ram.authorized = authorized  # type: ignore[method-assign]


@contextmanager
def held_at(cloud: LocalCloud, operation: str, nth: int) -> Iterator[tuple[Hold, threading.Event]]:
    """The nth call of an operation is held; the event is set when it has come to that."""
    held = Hold()
    with at(cloud, operation.__eq__, nth, lambda: held) as reached:
        yield held, reached


def overtaken(
    cloud: LocalCloud,
    operation: str,
    nth: int,
    slow: Callable[[], _T],
    quick: Callable[[], _U],
) -> tuple[_T, _U]:
    """What both give: `quick` runs as a whole while `slow` stands still at a call of its own."""
    with ThreadPoolExecutor(1) as other, held_at(cloud, operation, nth) as (held, reached):
        late = other.submit(slow)
        try:
            assert reached.wait(60), f"it never came to {operation} {nth}"
            first = quick()
        finally:
            held.released.set()
        return late.result(), first


class Terminal(io.StringIO):
    """A stream with a person at it."""

    def isatty(self) -> bool:
        """Yes."""
        return True


def ways(path: Path, **said: str) -> None:
    """Have s.yaml say that of `close`, `policyPublic` and `neverBlock`; nothing takes one out."""
    for name, value in said.items():
        _variable(path, name, f'"{value}"' if value else "")


def remediate(path: Path, said: str) -> None:
    """Have s.yaml say that of further remediations; nothing takes it out."""
    _variable(path, "remediations", said)


def _variable(path: Path, name: str, said: str) -> None:
    begins = f"          {name}: "

    def replaced(text: str) -> str:
        lines = [line for line in text.splitlines() if not line.startswith(begins)]
        at = next(n for n, line in enumerate(lines) if "repairMode:" in line) + 1
        told = [f"{begins}{said}"] if said else []
        return "\n".join([*lines[:at], *told, *lines[at:]]) + "\n"

    rewrite(path, replaced)


def age(cloud: LocalCloud, bucket: str) -> None:
    """Let a bucket have been made two hours ago."""
    buckets = cloud.oss._buckets
    made = buckets[bucket].created_at - 2 * 3600
    buckets[bucket] = replace(buckets[bucket], created_at=made)


def free_ports(count: int) -> int:
    """The first of so many ports in a row that nobody has now."""
    for first in range(20000 + os.getpid() % 10000, 65000, count):
        probes = [socket.socket() for _ in range(count)]
        try:
            for at, probe in enumerate(probes):
                probe.bind(("127.0.0.1", first + at))
            return first
        except OSError:
            continue
        finally:
            for probe in probes:
                probe.close()
    raise OSError("no ports are free")
