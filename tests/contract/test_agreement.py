"""Doctor, verify and apply say the same of a difference, and name what mends it."""

import base64
import json
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from io import StringIO

import pytest
from alibabacloud_fc_open20210406 import models as fc

from resource_repair.exemptions import Exemption, Exemptions
from scripts.account.deployed_function import DeployedFunction
from scripts.account.package import with_exemptions
from scripts.decide.chain.model import APPLY, RESUME
from scripts.localcloud.cloud import Snapshot
from tests.contract import apply_helpers
from tests.contract import doctor_helpers as spoil
from tests.contract.doctor_helpers import Plant, Scene, deployed

IN_A_MONTH = datetime.now(timezone.utc).date() + timedelta(days=30)
SITE = Exemption("site-assets", "serves the shop", "web-team", IN_A_MONTH)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Scene, Snapshot]]:
    """Everything provisioned and deployed."""
    with deployed(tmp_path_factory.mktemp("project")) as scene:
        yield scene, scene.cloud.snapshot()


@pytest.fixture
def scene(sound: tuple[Scene, Snapshot]) -> Iterator[Scene]:
    """The same, whatever another test did to it."""
    scene, kept = sound
    code = scene.spec().function.code
    built = code.read_bytes()
    scene.cloud.rollback(kept)
    yield scene
    code.write_bytes(built)


def other_code(scene: Scene) -> None:
    """Something else is built than what is live."""
    scene.spec().function.code.write_bytes(apply_helpers.zipped("handler = str"))


def live(package: bytes) -> Plant:
    """The function runs this code."""
    return spoil.function(code=fc.Code(zip_file=base64.b64encode(package).decode()))


def another_trigger(scene: Scene) -> None:
    """The function takes the messages of another topic too."""
    spec = scene.spec()
    scene.cloud.mns.create_topic(spoil.OTHER_TOPIC)
    request = fc.CreateTriggerRequest(
        trigger_name="another",
        trigger_type="mns_topic",
        trigger_config='{"notifyContentFormat": "STREAM", "notifyStrategy": "BACKOFF_RETRY"}',
        invocation_role=spec.trigger.role_arn,
        source_arn=spec.trigger.source_arn.replace(spec.trigger.topic, spoil.OTHER_TOPIC),
    )
    scene.clients.fc.create_trigger(spec.service.name, spec.function.name, request)


def alias_with_retries(scene: Scene) -> None:
    """An alias of the function has an asynchronous configuration of its own."""
    place = (scene.spec().service.name, scene.spec().function.name)
    request = fc.PutFunctionAsyncInvokeConfigRequest(
        qualifier="theirs", max_async_retry_attempts=0, max_async_event_age_in_seconds=60
    )
    scene.clients.fc.put_function_async_invoke_config(*place, request)


def undeclared_policy(scene: Scene) -> None:
    """The role is given more than s.yaml says."""
    scene.cloud.ram.attach(spoil.service_role(scene.spec()), "System", "AdministratorAccess")


PLANTS: list[Plant] = [
    other_code,
    another_trigger,
    alias_with_retries,
    undeclared_policy,
    spoil.no_trigger,
    spoil.no_destination,
    spoil.function(memory_size=1024),
    spoil.variable("prepareRuleId", "cr-another"),
    spoil.service(role="aliyunfcdefaultrole"),
    spoil.service(logs=False),
    spoil.trigger(role=None),
    spoil.detached(spoil.service_role, "AliyunOSSFullAccess"),
    spoil.trust(spoil.service_role, "ecs.aliyuncs.com"),
]


@pytest.mark.parametrize("plant", PLANTS)
def test_what_verify_finds_the_doctor_finds_and_apply_mends(
    scene: Scene, capsys: pytest.CaptureFixture[str], plant: Plant
) -> None:
    """Both end with 1 and name the one command, which brings all of it back."""
    plant(scene)
    assert (doctor(scene, capsys), verify(scene, capsys)) == ({APPLY}, APPLY)
    assert apply(scene) == 0
    assert (doctor(scene, capsys), verify(scene, capsys)) == (set(), "")


def test_a_pause_is_resumed_before_apply_mends(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    """As long as apply would end a pause, both name first what apply itself names."""
    scene.run("pause", "--spec", str(scene.path))
    spoil.function(memory_size=1024)(scene)
    assert apply(scene) == 1
    assert doctor(scene, capsys) == {f"{RESUME}, then {APPLY}"}
    assert RESUME in verify(scene, capsys)
    assert scene.run("resume", "--spec", str(scene.path), "--yes") == 0
    assert (doctor(scene, capsys), verify(scene, capsys)) == ({APPLY}, APPLY)
    assert apply(scene) == 0


def test_a_live_exemption_is_kept_or_given_up_before_apply_mends(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of code that has one exemption more both say what apply says, and that is what helps."""
    built = scene.spec().function.code.read_bytes()
    live(with_exemptions(built, Exemptions((SITE,))))(scene)
    assert apply(scene) == 1
    told = capsys.readouterr().err.strip().partition(": commit it")[2]
    assert told
    (mend,) = doctor(scene, capsys)
    assert told in mend
    assert told in verify(scene, capsys)
    drop = {"EXPECT_DROP": SITE.bucket}
    assert (doctor(scene, capsys, **drop), verify(scene, capsys, **drop)) == ({APPLY}, APPLY)
    assert apply(scene, **drop) == 0
    assert (doctor(scene, capsys), verify(scene, capsys)) == (set(), "")


def _opened(scene: Scene) -> None:
    scene.cloud.oss.create("opened-meanwhile", acl="public-read")
    assert scene.cloud.config.wait_idle(30)


def _exempted(scene: Scene) -> None:
    live(apply_helpers.zipped("handler = int", Exemptions((SITE,))))(scene)


@pytest.mark.parametrize("meanwhile", [_opened, _exempted])
def test_apply_reads_again_what_its_plan_rests_on(
    scene: Scene,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    meanwhile: Callable[[Scene], None],
) -> None:
    """What would be closed by now, and what stands against it, is as it was shown, or it stops."""

    spoil.variable("repairMode", "report")(scene)
    other_code(scene)
    before = _variables(scene)
    say_yes(monkeypatch, lambda: meanwhile(scene))
    assert scene.run("apply", "--spec", str(scene.path)) == 1
    assert "meanwhile, so nothing was applied: run again" in capsys.readouterr().err
    assert _variables(scene) == before


def test_provision_reads_again_what_its_plan_rests_on(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A rule that is off is not switched on where the function has begun to close meanwhile."""
    spoil.variable("repairMode", "report")(scene)
    spoil.inactive_rule(scene)
    say_yes(monkeypatch, lambda: spoil.variable("repairMode", "enforce")(scene))
    assert scene.run("provision", "--spec", str(scene.path)) == 1
    assert "once on it reports every open bucket" in capsys.readouterr().err
    assert [rule.active for rule in scene.cloud.config.rules()] == [False]


def say_yes(monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[], object]) -> None:
    """Have a person say yes to a plan, after something has happened."""

    class Slow(StringIO):
        def isatty(self) -> bool:
            return True

        def readline(self, size: int | None = -1) -> str:
            meanwhile()
            return super().readline(size or -1)

    monkeypatch.setattr(sys, "stdin", Slow("y\n"))


def _variables(scene: Scene) -> object:
    return DeployedFunction.read(scene.spec(), scene.clients).environment


def doctor(scene: Scene, capsys: pytest.CaptureFixture[str], **settings: str) -> set[str]:
    """What the doctor says that mends what it finds wrong; its exit code tells whether it does."""
    capsys.readouterr()
    files = ("--spec", str(scene.path), "--exemptions", str(scene.exemptions))
    code = scene.run("doctor", *files, "--json", **settings)
    links = json.loads(capsys.readouterr().out)["links"]
    wrong = [each for each in links if each["state"] in ("fault", "not seen", "not yet")]
    assert code == bool(wrong)
    return {each["mend"] for each in wrong if each["mend"] != "see there"}


def verify(scene: Scene, capsys: pytest.CaptureFixture[str], **settings: str) -> str:
    """The command that verify names, or all that it says where it names more; empty if all is so.

    Its exit code tells which.
    """
    capsys.readouterr()
    code = scene.run("verify", "--spec", str(scene.path), **settings)
    said = capsys.readouterr().out
    assert code == ("what is live is what s.yaml declares" not in said)
    if not code:
        return ""
    return APPLY if f"declares: `{APPLY}` brings it back" in said else said


def apply(scene: Scene, **settings: str) -> int:
    """The exit code of apply, which asks nobody."""
    return scene.run("apply", "--spec", str(scene.path), "--yes", **settings)
