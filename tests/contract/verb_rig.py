"""The product on a local cloud, and verbs run on it as an operator runs them."""

import base64
import io
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from alibabacloud_fc_open20210406 import models

from resource_repair.exemptions import Exemption, Exemptions
from scripts import cli
from scripts.account.clients import fixed_credentials
from scripts.account.package import with_exemptions
from scripts.account.permission import Permission
from scripts.context import Verb
from scripts.declared import PATH
from scripts.localcloud import LocalCloud
from scripts.localcloud.journal import Entry
from scripts.localcloud.ram import policies
from scripts.stage.serve import environment
from scripts.stage.stage import Stage, set_up
from tests.e2e.scene import PUBLIC_POLICY

EXEMPTIONS = "exemptions.yaml"


class Terminal(io.StringIO):
    """A stream with a person at it."""

    def isatty(self) -> bool:
        """Yes."""
        return True


@contextmanager
def product(code: Path) -> Iterator[Stage]:
    """The product on a cloud of its own."""
    with LocalCloud() as cloud:
        yield set_up(cloud, code)


@contextmanager
def product_in(folder: Path, code: Path) -> Iterator[Stage]:
    """The product, deployed from a project in a folder, where `run_in_project` runs verbs.

    `code` is a bundle's zip, beside the exemptions that it was built with.
    """
    shutil.copy(PATH, folder)
    shutil.copy(code.with_name(EXEMPTIONS), folder)
    (folder / "build").mkdir()
    with product(Path(shutil.copy(code, folder / "build" / "function.zip"))) as stage:
        yield stage


def deliver(stage: Stage, *, on: bool) -> None:
    """Switch the delivery of findings on or off."""
    (channel,) = stage.cloud.config.channels()
    stage.cloud.config.update_channel(replace(channel, active=on))


def plant(stage: Stage, **acls: str) -> None:
    """Buckets (`a_b` being a-b) that were opened when nobody looked: found, and never reported."""
    deliver(stage, on=False)
    for name, acl in acls.items():
        stage.cloud.oss.create(name.replace("_", "-"), acl=acl)
    assert stage.wait_idle()
    deliver(stage, on=True)


def tag(stage: Stage, key: str, **values: str) -> None:
    """Give buckets a tag of that key, each its value, when nobody looks."""
    deliver(stage, on=False)
    for bucket, value in values.items():
        stage.cloud.oss.set_tags(bucket, {key: value})
    assert stage.wait_idle()
    deliver(stage, on=True)


def open_by_policy(stage: Stage, *names: str) -> None:
    """Give buckets a policy that lets the public in, when nobody looks."""
    deliver(stage, on=False)
    for name in names:
        policy = PUBLIC_POLICY.replace("config-policy", name)
        stage.cloud.oss.set_policy(name, policy)
    assert stage.wait_idle()
    deliver(stage, on=True)


@contextmanager
def deployed_with(stage: Stage, **environment: str) -> Iterator[None]:
    """The function with some of its environment otherwise than s.yaml says."""
    declared = dict(stage.spec.function.environment)
    _update(stage, environment_variables={**declared, **environment})
    try:
        yield
    finally:
        _update(stage, environment_variables=declared)


@contextmanager
def live_exemptions(stage: Stage, *entries: Exemption) -> Iterator[None]:
    """The function with these exemptions and no other, as after an undo that is not committed."""
    built = stage.spec.function.code.read_bytes()
    with live_code(stage, with_exemptions(built, Exemptions(entries))):
        yield


@contextmanager
def live_code(stage: Stage, package: bytes) -> Iterator[None]:
    """The function with other code than is built here."""

    def put(package: bytes) -> None:
        _update(stage, code=models.Code(zip_file=base64.b64encode(package).decode()))

    put(package)
    try:
        yield
    finally:
        put(stage.spec.function.code.read_bytes())


def _update(stage: Stage, **changed: Any) -> None:
    place = (stage.spec.service.name, stage.spec.function.name)
    stage.clients.fc.update_function(*place, models.UpdateFunctionRequest(**changed))


def run(
    stage: Stage, verb: str | Verb, *arguments: str, may: Sequence[Permission] | None = None
) -> int:
    """Run a verb as the account's owner, or as somebody who may do no more than that."""
    key = stage.cloud.credentials if may is None else assume(stage, may)
    held = fixed_credentials(key.access_key_id, key.access_key_secret, key.security_token)
    environ = {**environment(stage.cloud), "PREPARE_RULE_ID": stage.rule_id}
    if isinstance(verb, Verb):
        return cli.run_verb(verb, *arguments, environ=environ, credentials=held)
    return cli.run(verb, *arguments, environ=environ, credentials=held)


def unless_said(words: Sequence[str], **values: str) -> list[str]:
    """Options with these values, but for those that the words have."""
    names = {f"--{name}": value for name, value in values.items()}
    return [each for name in names if name not in words for each in (name, names[name])]


def run_in_project(
    stage: Stage, verb: str, *arguments: str, may: Sequence[Permission] | None = None
) -> int:
    """Run a verb in the stage's project, with the exemptions that the deployed bundle has."""
    folder = stage.spec.function.code.parents[1]
    project = {"spec": str(folder / PATH.name), "exemptions": str(folder / EXEMPTIONS)}
    options = unless_said(arguments, **project)
    return run(stage, verb, *options, *arguments, may=may)


def assume(stage: Stage, may: Sequence[Permission]) -> Any:
    """The temporary key of a new role with these permissions, as the verb's help tells them."""
    ram, name = stage.cloud.ram, f"operator-{len(stage.cloud.ram.roles)}"
    told = [permission.statement(stage.spec.account_id, stage.spec.region) for permission in may]
    statements = [policies.allow(each["Action"], each["Resource"]) for each in told]
    ram.create_role(name, policies.trust("ecs.aliyuncs.com"))
    ram.create_policy(name, policies.document(*statements))
    ram.attach(name, "Custom", name)
    return ram.assume(name, "session")


def without(permissions: Sequence[Permission], action: str) -> list[Permission]:
    """All but one."""
    return [permission for permission in permissions if permission.action != action]


def started(stage: Stage) -> int:
    """How many evaluations on demand were asked for."""
    return len(stage.cloud.journal.entries("config", "StartConfigRuleEvaluation"))


def count(entries: Sequence[Entry], action: str) -> int:
    """How many entries of the journal are of that action."""
    return sum(entry.action == action for entry in entries)
