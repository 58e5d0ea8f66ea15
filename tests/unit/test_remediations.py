"""Which remediation a finding is for: rules point to it by name, and must be of its kind."""

import json
from datetime import date, datetime, timezone

import pytest

from resource_repair import exemptions
from resource_repair.judge import judge
from resource_repair.remediations import REMEDIATIONS, named
from resource_repair.settings import load
from resource_repair.values import Finding, Outcome, Unreadable
from scripts.account.audit_trail import AuditLine
from scripts.decide import deploy_conflicts
from scripts.decide.due import last_lines
from scripts.declared import rule_ids
from tests.unit.tables import TABLES, Row
from tests.unit.test_judge import FINDING, INVOCATION, RULE, verdict

ENCRYPTION_RULE = "oss-bucket-server-side-encryption-enabled"


def test_a_finding_of_another_kind_of_rule_closes_nothing() -> None:
    """The id of the encryption rule in prepareRuleId is a slip: kept and told, nothing written."""
    kept = verdict(FINDING._replace(source=ENCRYPTION_RULE))
    assert isinstance(kept, Outcome)
    assert (kept.outcome, kept.bucket) == ("failed", "config-snapshot")
    assert kept.reason == (
        f"misconfigured: {RULE} is a rule {ENCRYPTION_RULE}, which acl does not mend: "
        "take its id out of prepareRuleId"
    )


@pytest.mark.parametrize(
    "source",
    [
        "",
        "oss-bucket-public-read-prohibited",
        "oss-bucket-public-write-prohibited",
        "oss-bucket-anonymous-prohibited",
    ],
)
def test_the_rules_that_a_private_acl_mends_close_as_before(source: str) -> None:
    """As does a message that does not tell what kind of rule its rule is."""
    finding = FINDING._replace(source=source)
    assert verdict(finding._replace(remediation="")) == finding._replace(remediation="acl")


def test_a_finding_that_fits_none_does_not_use_up_its_bucket() -> None:
    """One of the right rule for the same bucket is repaired all the same."""
    wrong = FINDING._replace(source=ENCRYPTION_RULE)
    first, second = judge((wrong, FINDING), load({"prepareRuleId": RULE}), INVOCATION)
    assert isinstance(first, Outcome)
    assert isinstance(second, Finding)


@pytest.mark.parametrize(
    ("name", "row"), [(name, row) for name, table in TABLES.items() for row in table]
)
def test_each_state_and_each_trouble_has_its_end(name: str, row: Row) -> None:
    """What a remediation says of the bucket, and leaves it with, is as its table has it."""
    assert row.broken(named(name)) == ""


@pytest.mark.parametrize("name", REMEDIATIONS)
def test_a_proof_that_says_yes_unseen_is_found_out(name: str) -> None:
    """Each remediation's table is wrong of one that takes the write's answer for the effect."""
    credulous = named(name)._replace(proof=lambda _there, _aim: True)
    assert [row for row in TABLES[name] if row.broken(credulous)]


@pytest.mark.parametrize(
    ("text", "assigned"),
    [
        ("", {}),
        ("none", {}),
        ("encryption:cr-1", {"encryption": ({"cr-1"}, "report")}),
        ("encryption:cr-1:enforce", {"encryption": ({"cr-1"}, "enforce")}),
        (" encryption : cr-1 , cr-2 : report ", {"encryption": ({"cr-1", "cr-2"}, "report")}),
    ],
)
def test_each_further_remediation_has_its_rules_and_its_mode(
    text: str, assigned: dict[str, tuple[set[str], str]]
) -> None:
    """It is off until it is named, and then in the mode that is its default, or that is given."""
    config = load({"prepareRuleId": RULE, "remediations": text})
    assert config.problems == ()
    acl, *others = config.assigned
    assert acl == ("acl", {RULE}, "enforce")
    assert {each.remediation: each[1:] for each in others} == assigned
    assert config.mode_of("encryption") == assigned.get("encryption", ("", "enforce"))[1]


@pytest.mark.parametrize(
    "text",
    [
        *("encryption", "encryption:", "encryption::enforce", "encryption:my-rule", ":cr-1", ";"),
        *("encryption:cr-1:", "encryption:cr-1:Enforce", "encryption:cr-1:enforce:report"),
        *("encryption:cr-1;", "encryption:cr-1;encryption:cr-2", "encrypt:cr-1", "None"),
        *("acl:cr-1", f"encryption:{RULE}", "encryption cr-1", "encryption:cr-1,cr 2"),
        *("${vars.remediations}", "encryption=cr-1"),
    ],
)
def test_a_slip_in_remediations_keeps_every_finding(text: str) -> None:
    """Whose rule it is cannot be known: none is called another's, and nothing is written."""
    environ = {"remediations": text}
    for rule in (RULE, "cr-1", "cr-another"):
        kept = verdict(FINDING._replace(rule_id=rule), **environ)
        assert isinstance(kept, Outcome)
        assert (kept.outcome, kept.reason[:31]) == ("failed", "misconfigured: remediations mus")
    unread = verdict(Unreadable("why", ("cr-1",)), **environ)
    assert isinstance(unread, Outcome)
    assert unread.outcome == "failed"


def test_one_bucket_is_a_finding_for_each_remediation() -> None:
    """The second finding of a remediation is a duplicate; one of another is none."""
    config = load({"prepareRuleId": RULE, "remediations": "encryption:cr-1,cr-2"})
    plain = FINDING._replace(remediation="")
    findings = [plain._replace(rule_id=rule) for rule in ("cr-1", RULE, "cr-2", "cr-3")]
    verdicts = judge(tuple(findings), config, INVOCATION)
    assert [each.remediation for each in verdicts[:2]] == ["encryption", "acl"]
    assert all(isinstance(each, Finding) for each in verdicts[:2])
    ends = [(each.remediation, each.reason[:10]) for each in verdicts[2:]]  # type: ignore[union-attr]
    assert ends == [("encryption", "duplicate:"), ("", "other_rule")]


def test_each_remediation_mends_its_own_kind_of_rule_alone() -> None:
    """The public-read rule's id given to the encryption is a slip that is told by its place."""
    slip = FINDING._replace(rule_id="cr-1", source="oss-bucket-public-read-prohibited")
    kept = verdict(slip, remediations="encryption:cr-1:enforce")
    assert isinstance(kept, Outcome)
    assert kept.reason.endswith("which encryption does not mend: take its id out of remediations")
    fits = verdict(slip._replace(source=ENCRYPTION_RULE), remediations="encryption:cr-1:enforce")
    assert isinstance(fits, Finding)


def test_what_another_remediation_did_closed_nothing_and_hides_no_line() -> None:
    """Of encryption: neither a bucket closed, nor the last word on one that is open."""
    at = datetime(2026, 6, 1, tzinfo=timezone.utc)
    failed = AuditLine(at, "failed", "a", acl_before="public-read", remediation="acl")
    told = {"before": "None", "after": "AES256", "remediation": "encryption"}
    encrypted = AuditLine(at, "repaired", "a", **told)  # type: ignore[arg-type]
    assert (encrypted.closed, encrypted.of_access, encrypted.change) == (
        False,
        False,
        "None -> AES256",
    )
    assert last_lines([failed, encrypted]) == {"a": failed}
    assert last_lines([failed, encrypted], "encryption") == {"a": encrypted}
    older = AuditLine(at, "repaired", "a", acl_before="public-read", acl_after="private")
    assert (older.closed, older.of_access, older.change) == (True, True, "public-read -> private")


def test_a_pause_is_a_brake_on_all_of_them() -> None:
    """While it holds none enforces; another word for mode report, by hand, is none."""
    environ = {"prepareRuleId": RULE, "remediations": "encryption:cr-1:enforce"}
    paused = load({**environ, "repairMode": "report", "paused": "{}"})
    assert [each.mode for each in paused.assigned] == ["report", "report"]
    for odd in ({"paused": "{}"}, {"repairMode": "report"}):
        assert load({**environ, **odd}).mode_of("encryption") == "enforce"


def test_what_stands_for_ids_is_no_rule_of_two() -> None:
    """All can be looked at before any rule is made."""
    known = rule_ids.filled({"PREPARE_RULE_ID": RULE, "ENCRYPTION_RULE_ID": ""})
    said = ";".join(
        f"{name}:{known[rule_ids.variable(name)]}" for name in REMEDIATIONS if name != "acl"
    )
    config = load({"prepareRuleId": RULE, "remediations": said})
    assert config.problems == ()
    assert all(rule_ids.unmade(each.rule_ids) for each in config.others or ())


def test_an_exemption_says_what_it_is_from_and_is_from_nothing_else() -> None:
    """Without that from public access, as in each file so far, which is written as before."""
    today = date(2026, 6, 1)
    plain = {"bucket": "a-site", "reason": "why", "owner": "who", "expires": "2026-12-31"}
    held = exemptions.parse([plain, {**plain, "for": ["encryption"]}])
    access, encryption = held.entries
    of_access = ("acl", "public-write", "policy")
    assert access.remediations == of_access
    assert [held.for_bucket("a-site", today, name) for name in of_access] == [access] * 3
    assert held.for_bucket("a-site", today, "encryption") == encryption
    assert exemptions.parse(json.loads(exemptions.dump(held))["exemptions"]) == held
    assert '"for"' not in exemptions.dump(held._replace(entries=(access,)))
    assert not deploy_conflicts.dropped(held, held, today)
    for kept in (access, encryption):
        (lost,) = deploy_conflicts.dropped(held, exemptions.Exemptions((kept,)), today)
        assert lost != kept


@pytest.mark.parametrize("names", [[], "encryption", ["encrypt"], [{}], None, [1]])
def test_what_it_is_from_is_one_that_there_is(names: object) -> None:
    """A slip is refused, and exempts from nothing."""
    entry = {"bucket": "a-site", "reason": "why", "owner": "who", "expires": "2026-12-31"}
    with pytest.raises(exemptions.ExemptionsError, match="for must be a list of acl, public-write"):
        exemptions.parse([{**entry, "for": names}])
