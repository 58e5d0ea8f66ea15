"""Further remediations, from s.yaml: their rules, what is in the way, and what a deploy changes."""

import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

import pytest

from resource_repair.exemptions import Exemption
from scripts.account.deployed_function import DeployedFunction
from scripts.account.rule import name_of
from scripts.decide.chain.model import PROVISION
from scripts.declared import dotenv
from scripts.declared.rule_ids import variable
from scripts.words import listed
from tests.account import Account, Moments
from tests.contract.spoil import look
from tests.parts import edit, least_privilege, remediate

NAMES = ("public-write", "encryption", "policy", "https")
IDS = [variable(name) for name in NAMES]


def declare(account: Account, mode: str, *names: str) -> None:
    """Name them in s.yaml, in the place of what is there."""
    said = ";".join(f"{name}:${{env({variable(name)})}}:{mode}" for name in names or NAMES)
    remediate(account.path, said)


def make(account: Account) -> None:
    """Under the least role, with all of them reporting."""
    least_privilege(account.path)
    declare(account, "report")
    assert account.run("provision", "--yes") == 0
    account.deploy()


@pytest.fixture
def reporting(moments: Moments, tmp_path: object) -> Account:
    """All of it is on, and only reports."""
    return moments.after(make, tmp_path)  # type: ignore[arg-type]


def told(account: Account, **shell: str) -> list[tuple[str, str]]:
    """What the doctor says is wrong with them, and its mend."""
    said = look(account, **shell)
    return [(each.what, each.mend) for each in said if each.link == "remediations"]


def test_provision_makes_each_rule_that_is_on_and_writes_its_id(reporting: Account) -> None:
    """What is declared is made, once; then nothing is left to do, and the chain is sound."""
    rules = {rule.name: rule for rule in reporting.cloud.config.rules()}
    known = dotenv.environment(reporting.env, {})
    for name in NAMES:
        assert known[variable(name)] == rules[name_of(name)].id
    start = len(reporting.writes())
    assert reporting.run("provision", "--yes") == 0
    assert len(reporting.writes()) == start
    assert [each.link for each in look(reporting)] == ["alerts"]  # of which nobody was named


def test_what_is_off_asks_nothing_and_has_no_rule(sound: Account) -> None:
    """As before: one rule, and no line of .env."""
    assert len(sound.cloud.config.rules()) == 1
    assert not set(IDS) & set(dotenv.environment(sound.env, {}))


def test_a_rule_of_somebody_s_own_is_taken_by_its_id(sound: Account) -> None:
    """With its id in s.yaml none is made, and .env is left alone."""
    rule = sound.cloud.config.create_rule("ours", "oss-bucket-server-side-encryption-enabled")
    remediate(sound.path, f"encryption:{rule.id}:report")
    assert sound.run("provision", "--yes") == 0
    assert len(sound.cloud.config.rules()) == 2
    assert not set(IDS) & set(dotenv.environment(sound.env, {}))
    sound.deploy()
    assert look(sound) == []


def _unknown(account: Account) -> None:
    dotenv.assign(account.env, {"ENCRYPTION_RULE_ID": "cr-another"})


def _another(account: Account) -> None:
    other = account.cloud.config.create_rule("other", "oss-bucket-public-write-prohibited")
    dotenv.assign(account.env, {"ENCRYPTION_RULE_ID": other.id})


def _inactive(account: Account) -> None:
    _switch_off(account, "encryption")


def _unmade(account: Account) -> None:
    rule = next(each for each in account.cloud.config.rules() if each.name == name_of("encryption"))
    account.cloud.config.delete_rule(rule.id)
    account.rest()


def _switch_off(account: Account, name: str) -> None:
    rule = next(each for each in account.cloud.config.rules() if each.name == name_of(name))
    account.cloud.config.switch_rule(rule.id, active=False)


def _wide(account: Account) -> None:
    declare(account, "enforce", "encryption")
    edit(account.path, "role: *leastPrivilege", "role: *fullAccess")


FAULTS: dict[str, tuple[Callable[[Account], None], str, str]] = {
    "an unknown id": (_unknown, "encryption has no rule cr-another in this account", PROVISION),
    "another rule's id": (_another, "other is an instance of oss-bucket-public-write", "give it"),
    "one that is off": (_inactive, "which is INACTIVE, and evaluates nothing", PROVISION),
    "too wide a role": (_wide, "encryption is to enforce as resource-repair-role", "set role: *"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_wrong_with_one_is_told(reporting: Account, fault: str) -> None:
    """Each with its mend."""
    spoil, says, mend = FAULTS[fault]
    spoil(reporting)
    left = "its rule resource-repair-encryption is at work"  # told besides, where that is so
    found = [each for each in told(reporting) if each[0].startswith("encryption ")]
    found = [each for each in found if not each[0].endswith(left)]
    assert [says in what and to_do.startswith(mend) for what, to_do in found] == [True]


def test_enforcing_wants_the_number_of_what_it_changes(
    reporting: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of each, what is as it is to be left out; with it, it is done, and is not asked for again."""
    for name, acl in (("a-new", "private"), ("b-open", "public-read-write")):
        reporting.cloud.oss.create(name, acl=acl)
    reporting.cloud.oss.create("c-kms", encryption={"SSEAlgorithm": "KMS"})
    reporting.rest()
    declare(reporting, "enforce")
    said = [what for what, _ in told(reporting)]
    assert "2 buckets will be changed by encryption once this is deployed" in said[1]
    assert "1 bucket will be changed by public-write" in said[0]
    assert "it may break: whoever writes to the bucket without signing" in said[0]
    assert reporting.run("apply", "--yes") == 1
    assert "set EXPECT_ENCRYPTION=2" in capsys.readouterr().err
    wrong = {"EXPECT_ENCRYPTION": "2", "EXPECT_PUBLIC_WRITE": "2"}
    assert reporting.run("apply", "--yes", **wrong) == 1
    assert "EXPECT_PUBLIC_WRITE is 2" in capsys.readouterr().err
    right = {"EXPECT_ENCRYPTION": "2", "EXPECT_PUBLIC_WRITE": "1", "EXPECT_HTTPS": "3"}
    assert told(reporting, **right) == []
    assert reporting.run("apply", "--yes", **right) == 0
    assert told(reporting) == []


TOMORROW = datetime.now(timezone.utc).date() + timedelta(1)


def exempt(bucket: str, *of: str) -> Exemption:
    """A bucket that is exempt for a day or two."""
    return Exemption(bucket, "a site", "web", TOMORROW, of=of)


def found_in_many_ways(account: Account) -> None:
    """Two buckets without encryption, and three that their policies open."""
    with account.unnoticed():
        account.cloud.oss.create("a-new")
        account.cloud.oss.create("b-new")
        for name in ("c-site", "d-site", "e-site"):
            account.cloud.oss.create(name, encryption={"SSEAlgorithm": "AES256"})
    account.open_by_policy("c-site", "d-site", "e-site")
    account.tag("public-until", **{"d-site": TOMORROW.isoformat()})


def test_a_sweep_foresees_what_is_exempt_from_each(
    reporting: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """By what is reviewed `for` it, and by a tag: what the function will say, and no other. From
    https no tag exempts, nor what exempts from being closed.
    """
    found_in_many_ways(reporting)
    reporting.cloud.settle()
    with reporting.deployed_with(exemptTag="public-until", exemptTagDays="7"):
        site = exempt("c-site", "policy", "https")
        held = (exempt("a-new", "encryption"), exempt("b-new"), site)
        with reporting.live_exemptions(*held):
            capsys.readouterr()
            assert reporting.run("sweep", "--dry-run", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert sorted(told["exempt"]) == ["a-new", "c-site", "c-site", "d-site"]  # from each, once
    ends = {(each["bucket"], each["remediation"]): each["expected"] for each in told["buckets"]}
    assert ends == {
        ("b-new", "encryption"): "would_repair",
        ("e-site", "policy"): "would_repair",
        **{(name, "https"): "would_repair" for name in ("a-new", "b-new", "d-site", "e-site")},
    }


def test_a_deploy_counts_what_no_exemption_and_no_tag_leaves(reporting: Account) -> None:
    """By the exemptions and the tag that it brings."""
    found_in_many_ways(reporting)
    declare(reporting, "enforce", "policy")
    edit(reporting.path, "exemptTag: none", "exemptTag: public-until")
    reporting.cloud.settle()
    ((what, _),) = [each for each in told(reporting) if "changed by policy" in each[0]]
    assert what.startswith("2 buckets will be changed by policy once this is deployed")
    assert "c-site, e-site" in what


def test_a_deploy_counts_what_is_exempt_no_longer_from_one_that_enforces_already(
    reporting: Account,
) -> None:
    """By a tag or a glob: nobody named these. What an exemption names is dropped by its name."""
    found_in_many_ways(reporting)
    declare(reporting, "enforce", "policy")
    reporting.cloud.settle()
    held = (exempt("c-site", "policy"), exempt("e-site*", "policy"))
    with (
        reporting.deployed_with(exemptTag="public-until", exemptTagDays="7"),
        reporting.live_exemptions(*held),
    ):
        asked = [each for each in told(reporting) if "changed by policy" in each[0]]
        assert reporting.run("apply", "--yes", EXPECT_DROP="c-site,e-site*") == 1
        said = [what for what, _ in told(reporting, EXPECT_POLICY="2")]
        assert not [what for what in said if "changed by" in what]
    ((what, mend),) = asked
    assert what.startswith("2 buckets will be changed by policy once this is deployed")
    assert "d-site, e-site" in what
    assert mend.endswith("EXPECT_POLICY=2")


@pytest.mark.parametrize(
    ("spoil", "says"),
    [(_inactive, "its rule is INACTIVE"), (_unmade, "its rule is not there")],
)
def test_what_a_rule_that_is_not_at_work_would_find_is_not_counted(
    reporting: Account,
    capsys: pytest.CaptureFixture[str],
    spoil: Callable[[Account], None],
    says: str,
) -> None:
    """Of one that is off what it found then; of one that is not there nothing: either is wrong."""
    with reporting.unnoticed():
        reporting.cloud.oss.create("a-new")
    spoil(reporting)
    with reporting.unnoticed():
        reporting.cloud.oss.create("b-new")
    declare(reporting, "enforce", "encryption")
    for number in ("0", "1", "2"):
        assert reporting.run("apply", "--yes", EXPECT_ENCRYPTION=number) == 1
        said = capsys.readouterr().err
        assert f"how many encryption will change is not known: {says}" in said
    assert reporting.run("provision", "--yes") == 0
    reporting.rest()
    assert reporting.run("apply", "--yes", EXPECT_ENCRYPTION="2") == 0


def test_a_rule_of_one_that_enforces_is_neither_made_nor_switched_on(
    reporting: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """It would report all that it finds, uncounted: report first."""
    declare(reporting, "enforce")
    reporting.deploy()
    _switch_off(reporting, "encryption")
    ((_, mend),) = told(reporting)
    assert mend.startswith("give encryption the mode report in s.yaml, deploy, then")
    assert reporting.run("provision", "--yes") == 1
    assert "give encryption the mode report" in capsys.readouterr().err
    reporting.cloud.config.delete_rule(reporting.cloud.config.rules()[-1].id)
    assert reporting.run("provision", "--yes") == 1
    declare(reporting, "report")
    reporting.deploy()
    assert reporting.run("provision", "--yes") == 0


def test_pause_stops_all_of_them_and_a_deploy_ends_it_for_none(
    reporting: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever mode each has of its own; resume brings that back."""
    declare(reporting, "enforce")
    reporting.deploy()
    assert reporting.run("pause") == 0
    reporting.cloud.oss.create("a-new")
    reporting.rest()
    assert reporting.cloud.oss.bucket("a-new").encryption == {}
    edit(reporting.path, "  mode: enforce", "  mode: report")
    assert reporting.run("apply", "--yes", EXPECT_ENCRYPTION="1") == 1
    assert reporting.run("resume", "--yes") == 0
    assert f"it enforces {listed(NAMES)} again" in capsys.readouterr().out


def test_to_resume_one_that_enforces_is_asked_about(
    reporting: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Though the ACL's was in mode report before the pause, and is so again."""
    edit(reporting.path, "  mode: enforce", "  mode: report")
    declare(reporting, "enforce")
    reporting.deploy()
    assert reporting.run("pause") == 0
    assert reporting.run("resume") != 0
    assert f"it enforces {listed(NAMES)} again" in capsys.readouterr().out
    assert DeployedFunction.read(reporting.spec, reporting.clients).pause


def test_remove_takes_our_rule_though_one_of_somebody_s_own_is_in_its_place(
    reporting: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """That one stays, and is named; so does its id, which nobody took into .env."""
    theirs = reporting.cloud.config.create_rule(
        "theirs", "oss-bucket-server-side-encryption-enabled"
    )
    remediate(reporting.path, f"encryption:{theirs.id}:report")
    said_before = [what for what, _ in told(reporting) if what.startswith("encryption ")]
    assert said_before == [
        "encryption goes by another rule, and its rule resource-repair-encryption is at work"
    ]
    capsys.readouterr()
    assert reporting.run("remove", "--yes") == 0
    said = capsys.readouterr().out
    assert [rule.name for rule in reporting.cloud.config.rules()] == ["theirs"]
    assert "removed rule resource-repair-encryption" in said
    assert re.search("keep +rule +theirs +it was there before", said)
    known = dotenv.environment(reporting.env, {})
    assert [known[each] for each in IDS] == [""] * len(IDS)


def test_remove_takes_our_rule_though_both_are_given(reporting: Account) -> None:
    """Whichever of the two Cloud Config lists first."""
    theirs = reporting.cloud.config.create_rule("a-first", "oss-bucket-public-write-prohibited")
    name = variable("public-write")
    remediate(reporting.path, f"public-write:{theirs.id},${{env({name})}}:report")
    assert reporting.run("remove", "--yes") == 0
    assert [rule.name for rule in reporting.cloud.config.rules()] == ["a-first"]
    assert dotenv.environment(reporting.env, {})[name] == ""


def test_remove_takes_their_rules_though_they_are_off_by_now(reporting: Account) -> None:
    """And their ids out of .env."""
    remediate(reporting.path, "")
    assert [what for what, _ in told(reporting)] == [
        f"{name} is off, and its rule {name_of(name)} is at work" for name in NAMES
    ]
    assert reporting.run("remove", "--yes") == 0
    assert reporting.cloud.config.rules() == []
    assert [dotenv.environment(reporting.env, {})[each] for each in IDS] == [""] * len(IDS)
