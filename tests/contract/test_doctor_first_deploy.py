import contextlib
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from scripts.decide.chain import Standing
from scripts.decide.chain.buckets import EXPECT
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


@pytest.mark.parametrize(("expected", "stops"), [("", True), ("20", True), ("21", False)])
def test_enforcing_for_the_first_time_counts_what_it_closes(
    undeployed: Scene, expected: str, stops: bool
) -> None:
    """Above 20 buckets it stops, names their number, and goes on when given just that."""
    with one_more_bucket(undeployed):
        found = [each for each in undeployed.look(EXPECT_CLOSE=expected) if each.link == "buckets"]

    assert bool(found) is stops
    for each in found:
        assert each.standing is Standing.FAULT
        assert each.what.startswith("21 buckets that are non-compliant and not exempt")
        assert f"{EXPECT}=21" in each.mend


@pytest.mark.parametrize(
    ("more", "mode", "says"),
    [
        (False, "enforce", "20 buckets that are non-compliant and not exempt will be closed"),
        (True, "report", "non-compliant and not exempt: 21, exempt: 1"),
    ],
)
def test_the_buckets_are_counted_where_that_stops_nothing(
    undeployed: Scene,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    more: bool,
    mode: str,
    says: str,
) -> None:
    """Up to 20 buckets are listed, and in mode report any number is only told."""
    path = apply_helpers.project(tmp_path)
    apply_helpers.edit(path, "mode: enforce", f"mode: {mode}")
    arguments = ["--json", "--spec", str(path), "--exemptions", str(undeployed.exemptions)]
    with one_more_bucket(undeployed) if more else contextlib.nullcontext():
        assert undeployed.run("doctor", *arguments) == 0

    assert says in capsys.readouterr().out


def test_what_is_not_evaluated_yet_is_not_counted(tmp_path: Path) -> None:
    """While the rule is being evaluated nobody knows how many it will be, and it stops."""
    with LocalCloud() as cloud:
        scene = Scene(cloud, tmp_path)
        scene.provision()
        cloud.clock.scale = 1000  # the evaluation ends with the cloud
        cloud.config.start_evaluation(scene.rule_id)
        faults = [each for each in scene.look() if each.standing is Standing.FAULT]

    assert [each.link for each in faults] == ["buckets"]
    assert "is not known" in faults[0].what


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("repairMode", "report"),
        ("prepareRuleId", "cr-another"),
        # With these it keeps every finding as misconfigured.
        ("repairMode", ""),
        ("ossEndpoint", "http://oss.example.com"),
    ],
)
def test_one_that_did_not_repair_begins_to_enforce(
    undeployed: Scene, name: str, value: str
) -> None:
    """The count also comes where a function only reports, or enforces another rule, or none."""
    undeployed.deploy()
    spoil.variable(name, value)(undeployed)
    with one_more_bucket(undeployed):
        before = [each for each in undeployed.look() if each.link != "function"]
        undeployed.deploy()
        enforcing = undeployed.look()

    misconfigured = name == "ossEndpoint" or not value
    assert [each.what.partition(" ")[0] for each in before] == ["none", "21"][not misconfigured :]
    assert {each.link for each in before} == {"buckets"}
    assert enforcing == []
