"""Doctor, verify and apply say the same of a difference, and name what mends it."""

import base64
import json
import sys
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

import pytest
from alibabacloud_fc_open20210406 import models as fc

from resource_repair.exemptions import Exemption, Exemptions
from scripts.account.deployed_function import DeployedFunction
from scripts.account.package import with_exemptions
from scripts.decide.chain.model import APPLY, PAUSE, PROVISION, RESUME
from tests.account import FUNCTION, SERVICE, Account
from tests.contract import spoil
from tests.contract.spoil import FUNCTION_ROLE, Plant
from tests.parts import Terminal, zipped

IN_A_MONTH = datetime.now(timezone.utc).date() + timedelta(days=30)
SITE = Exemption("site-assets", "serves the shop", "web-team", IN_A_MONTH)


def other_code(sound: Account) -> None:
    """Something else is built than what is live."""
    sound.spec.function.code.write_bytes(zipped("handler = str"))


def live(package: bytes) -> Plant:
    """The function runs this code."""
    return spoil.function(code=fc.Code(zip_file=base64.b64encode(package).decode()))


def alias_with_retries(sound: Account) -> None:
    """An alias of the function has an asynchronous configuration of its own."""
    place = (SERVICE, FUNCTION)
    request = fc.PutFunctionAsyncInvokeConfigRequest(
        qualifier="theirs", max_async_retry_attempts=0, max_async_event_age_in_seconds=60
    )
    sound.clients.fc.put_function_async_invoke_config(*place, request)


PLANTS: list[Plant] = [
    other_code,
    spoil.another_trigger,
    alias_with_retries,
    spoil.undeclared_policy,
    spoil.no_trigger,
    spoil.no_subscription,
    spoil.no_destination,
    spoil.function(memory_size=1024),
    spoil.variable("prepareRuleId", "cr-another"),
    spoil.service(role="aliyunfcdefaultrole"),
    spoil.service(logs=False),
    spoil.trigger(role=None),
    spoil.detached(FUNCTION_ROLE, "AliyunOSSFullAccess"),
    spoil.trust(FUNCTION_ROLE, "ecs.aliyuncs.com"),
]


@pytest.mark.parametrize("plant", PLANTS)
def test_what_verify_finds_the_doctor_finds_and_apply_mends(
    sound: Account, capsys: pytest.CaptureFixture[str], plant: Plant
) -> None:
    """Both end with 1 and name the one command, which brings all of it back."""
    plant(sound)
    assert (doctor(sound, capsys), verify(sound, capsys)) == ({APPLY}, APPLY)
    assert apply(sound) == 0
    assert (doctor(sound, capsys), verify(sound, capsys)) == (set(), "")


def test_a_pause_is_resumed_before_apply_mends(
    sound: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """As long as apply would end a pause, both name first what apply itself names."""
    sound.run("pause")
    spoil.function(memory_size=1024)(sound)
    assert apply(sound) == 1
    assert doctor(sound, capsys) == {f"{RESUME}, then {APPLY}"}
    assert RESUME in verify(sound, capsys)
    assert sound.run("resume", "--yes") == 0
    assert (doctor(sound, capsys), verify(sound, capsys)) == ({APPLY}, APPLY)
    assert apply(sound) == 0


def test_a_live_exemption_is_kept_or_given_up_before_apply_mends(
    sound: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of code that has one exemption more both say what apply says, and that is what helps."""
    built = sound.spec.function.code.read_bytes()
    live(with_exemptions(built, Exemptions((SITE,))))(sound)
    assert apply(sound) == 1
    told = capsys.readouterr().err.strip().partition(": commit it")[2]
    assert told
    (mend,) = doctor(sound, capsys)
    assert told in mend
    assert told in verify(sound, capsys)
    drop = {"EXPECT_DROP": SITE.bucket}
    assert (doctor(sound, capsys, **drop), verify(sound, capsys, **drop)) == ({APPLY}, APPLY)
    assert apply(sound, **drop) == 0
    assert (doctor(sound, capsys), verify(sound, capsys)) == (set(), "")


def test_what_is_to_be_counted_is_named_before_apply_mends(
    sound: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where apply would begin to close many buckets, the doctor says first what it wants."""
    spoil.variable("repairMode", "report")(sound)
    sound.plant(**{f"open_{number}": "public-read" for number in range(21)})
    assert apply(sound) == 1
    assert "to close all of them set EXPECT_CLOSE=21" in capsys.readouterr().err
    mends = doctor(sound, capsys)
    assert APPLY not in mends
    assert any(each.endswith(f"set EXPECT_CLOSE=21, then {APPLY}") for each in mends)
    assert sound.run("verify") == 1
    assert "`resource-repair doctor` says how many" in capsys.readouterr().out
    given = {"EXPECT_CLOSE": "21"}
    assert (doctor(sound, capsys, **given), verify(sound, capsys, **given)) == ({APPLY}, APPLY)
    assert apply(sound, **given) == 0
    assert (doctor(sound, capsys), verify(sound, capsys)) == (set(), "")


def test_a_rule_id_that_nobody_knows_is_corrected_before_apply_mends(
    sound: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """What apply refuses since .env has an id of no rule, the doctor does not leave to it."""
    sound.env.write_text(sound.env.read_text().replace(sound.rule_id, "cr-0000000000"))
    assert apply(sound) == 1
    assert PROVISION in capsys.readouterr().err
    assert APPLY not in doctor(sound, capsys)
    assert sound.run("verify") == 1
    assert "`resource-repair doctor` says" in capsys.readouterr().out
    assert sound.run("provision", "--yes", ALERT_EMAIL="on-call@example.com") == 0
    assert (doctor(sound, capsys), verify(sound, capsys)) == (set(), "")


def test_a_rule_that_is_off_is_switched_on_by_what_the_doctor_and_provision_name(
    sound: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """As long as the function closes buckets provision refuses: both name the pause before it."""
    spoil.inactive_rule(sound)
    assert doctor(sound, capsys) == {f"{PAUSE}, then {PROVISION}"}
    assert sound.run("provision", "--yes") == 1
    assert f"`{PAUSE}` first" in capsys.readouterr().err
    assert sound.run("pause") == sound.run("provision", "--yes") == 0
    assert sound.run("resume", "--yes") == 0
    assert doctor(sound, capsys) == set()


def _opened(sound: Account) -> None:
    sound.cloud.oss.create("opened-meanwhile", acl="public-read")
    assert sound.cloud.config.wait_idle(30)


def _exempted(sound: Account) -> None:
    live(zipped("handler = int", Exemptions((SITE,))))(sound)


@pytest.mark.parametrize("meanwhile", [_opened, _exempted])
def test_apply_reads_again_what_its_plan_rests_on(
    sound: Account,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    meanwhile: Callable[[Account], None],
) -> None:
    """What would be closed by now, and what stands against it, is as it was shown, or it stops."""

    spoil.variable("repairMode", "report")(sound)
    other_code(sound)
    before = _variables(sound)
    say_yes(monkeypatch, lambda: meanwhile(sound))
    assert sound.run("apply") == 1
    assert "meanwhile, so nothing was applied: run again" in capsys.readouterr().err
    assert _variables(sound) == before


def test_provision_reads_again_what_its_plan_rests_on(
    sound: Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A rule that is off is not switched on where the function has begun to close meanwhile."""
    spoil.variable("repairMode", "report")(sound)
    spoil.inactive_rule(sound)
    say_yes(monkeypatch, lambda: spoil.variable("repairMode", "enforce")(sound))
    assert sound.run("provision") == 1
    assert "once on it reports every open bucket" in capsys.readouterr().err
    assert [rule.active for rule in sound.cloud.config.rules()] == [False]


def say_yes(monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[], object]) -> None:
    """Have a person say yes to a plan, after something has happened."""

    class Slow(Terminal):
        def readline(self, size: int | None = -1) -> str:
            meanwhile()
            return super().readline(size or -1)

    monkeypatch.setattr(sys, "stdin", Slow("y\n"))


def _variables(sound: Account) -> object:
    return DeployedFunction.read(sound.spec, sound.clients).environment


def doctor(sound: Account, capsys: pytest.CaptureFixture[str], **settings: str) -> set[str]:
    """What the doctor says that mends what it finds wrong; its exit code tells whether it does."""
    capsys.readouterr()
    code = sound.run("doctor", "--json", **settings)
    links = json.loads(capsys.readouterr().out)["links"]
    wrong = [each for each in links if each["state"] in ("fault", "not seen", "note")]
    assert code == bool(wrong)
    return {each["mend"] for each in wrong if each["mend"] != "see there"}


def verify(sound: Account, capsys: pytest.CaptureFixture[str], **settings: str) -> str:
    """The command that verify names, or all that it says where it names more; empty if all is so.

    Its exit code tells which.
    """
    capsys.readouterr()
    code = sound.run("verify", **settings)
    said = capsys.readouterr().out
    assert code == ("all of this is live as s.yaml declares it" not in said)
    if not code:
        return ""
    return APPLY if f"declares: `{APPLY}` brings it back" in said else said


def apply(sound: Account, **settings: str) -> int:
    """The exit code of apply, which asks nobody."""
    return sound.run("apply", "--yes", **settings)
