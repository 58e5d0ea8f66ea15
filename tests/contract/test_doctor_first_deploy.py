import contextlib
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from scripts.decide.chain import Standing
from scripts.declared import load
from scripts.localcloud import LocalCloud
from scripts.localcloud.cloud import Snapshot
from tests.contract import apply_helpers
from tests.contract import doctor_helpers as spoil
from tests.contract.doctor_helpers import Scene
from tests.e2e.scene import PUBLIC_POLICY

EXEMPTIONS = """\
- bucket: exempt-website
  reason: serves the website
  owner: web-team
  expires: {expires}
"""


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Scene, Snapshot]]:
    """Everything provisioned, and 20 public buckets, one of two more exempt; nothing deployed."""
    with LocalCloud() as cloud:
        scene = Scene(cloud, tmp_path_factory.mktemp("project"))
        expires = datetime.now(timezone.utc).date() + timedelta(days=30)
        scene.exemptions.write_text(EXEMPTIONS.format(expires=expires.isoformat()))
        for name in ("exempt-website", *(f"public-{number:02}" for number in range(20))):
            cloud.oss.create(name, acl="public-read")
        cloud.oss.create("private")
        scene.provision()
        yield scene, cloud.snapshot()


@pytest.fixture
def undeployed(shared: tuple[Scene, Snapshot]) -> Scene:
    """The same, whatever was done to it before."""
    scene, snapshot = shared
    scene.cloud.rollback(snapshot)
    return scene


def test_before_the_first_deploy_what_it_makes_is_not_yet_there(undeployed: Scene) -> None:
    """What only a deploy makes is said not to be there yet, which is no fault."""
    found = undeployed.look()

    assert {each.standing for each in found} == {Standing.NOT_YET}
    assert [each.link for each in found] == [
        "subscription",
        "trigger",
        "service",
        "function's role",
        "function",
    ]


def test_what_its_policy_opens_is_not_counted_as_closed(undeployed: Scene) -> None:
    """A 21st bucket is no reason to stop if a deploy does not close it: its ACL is private."""
    cloud = undeployed.cloud
    cloud.config.rule_tests = "acl_and_policy"
    cloud.oss.create("config-policy")
    cloud.oss.set_policy("config-policy", PUBLIC_POLICY)
    assert cloud.config.wait_idle(30)
    found = [each for each in undeployed.look() if each.link == "buckets"]

    assert found == []


def test_what_its_tag_exempts_is_not_counted(undeployed: Scene, tmp_path: Path) -> None:
    """Where s.yaml has tags exempt, a 21st bucket with one that holds is no reason to stop."""
    path, spec = apply_helpers.project(tmp_path), undeployed.spec()
    apply_helpers.edit(path, "exemptTag: none", "exemptTag: public-until")
    tagging = load(path, {"PREPARE_RULE_ID": undeployed.rule_id}, undeployed.cloud.account_id)
    until = datetime.now(timezone.utc).date() + timedelta(days=7)
    with one_more_bucket(undeployed):
        undeployed.cloud.oss.set_tags("public-20", {"public-until": until.isoformat()})
        counted = [
            [each.what for each in undeployed.look(with_tag) if each.link == "buckets"]
            for with_tag in (spec, tagging)
        ]

    assert [len(each) for each in counted] == [1, 0]
    assert counted[0][0].startswith("21 buckets that are non-compliant and not exempt")


@contextlib.contextmanager
def one_more_bucket(scene: Scene) -> Iterator[None]:
    """A 21st bucket that is open and not exempt, for a while."""
    scene.cloud.oss.create("public-20", acl="public-read")
    assert scene.cloud.config.wait_idle(30)
    try:
        yield
    finally:
        scene.cloud.oss.delete("public-20")
        assert scene.cloud.config.wait_idle(30)


def test_one_that_only_reported_begins_to_enforce(undeployed: Scene) -> None:
    """The count also comes where a live function only reports, and ends once it enforces."""
    undeployed.deploy()
    spoil.variable("repairMode", "report")(undeployed)
    with one_more_bucket(undeployed):
        (before,) = [each for each in undeployed.look() if each.link != "function"]
        told = undeployed.look(EXPECT_CLOSE="21")
        undeployed.deploy()
        enforcing = undeployed.look()

    assert (before.link, before.what.partition(" ")[0]) == ("buckets", "21")
    assert [each.link for each in told] == ["function"]
    assert enforcing == []
