"""One statement is added to a bucket policy: once, and beside all that anybody put there."""

import json
import sys
from dataclasses import dataclass, field
from itertools import combinations, product
from types import SimpleNamespace
from typing import Any

import pytest

from resource_repair import audit, batch, no_http, repair
from resource_repair.exemptions import Exemptions
from resource_repair.remediations import named
from resource_repair.remediations.frame import Case
from resource_repair.remediations.https import without
from resource_repair.repair import BucketRepair, Means
from resource_repair.settings import load
from resource_repair.timing import Clock, Deadline
from resource_repair.values import FAILED, TOLD, Invocation, Outcome
from scripts.localcloud.oss import bucket_policy as its_rule
from tests.unit.model_oss import ACCOUNT, ADDED, HOME, NAME, ModelOss
from tests.unit.policies import DENY, NAMED, NARROW, OPEN, WIDE, WRITES, policy
from tests.unit.policies_no_http import EQUAL, NO_HTTP
from tests.unit.tables import FINDING, HTTPS, MIXED, Row

REMEDIATION = named("https")
KINDS = (OPEN, NAMED, WRITES, DENY, NARROW, WIDE)


def statements(document: str) -> list[dict[str, Any]]:
    """Those of a policy; none of none."""
    found: list[dict[str, Any]] = json.loads(document or '{"Statement": []}')["Statement"]
    return found


@pytest.mark.parametrize("there", ["", policy(), policy(*KINDS), *EQUAL])
def test_a_second_run_never_doubles_it(there: str) -> None:
    """A peer that looks for its own text alone has a statement more after each of its runs."""
    once, _ = Row({"document": there}, "", None).run(REMEDIATION)
    again, result = Row({"document": once.document}, "", None).run(REMEDIATION)
    assert (result.outcome, again.writes()) == ("compliant", [])
    assert len(statements(again.document)) <= len(statements(there)) + (there not in EQUAL)


def test_what_is_taken_for_the_same_shuts_http_out_by_the_cloud_s_own_rule() -> None:
    """Of all spellings of these: the local cloud evaluates each, by no code of ours."""
    whole = "acs:oss:*:1:config-snapshot"
    fields = {
        "Effect": ["Deny", "Allow"],
        "Principal": ["*", ["*"], ["20"], ["20", "*"]],
        "Action": ["oss:*", ["OSS:*"], ["oss:Get*", "oss:*"], ["oss:Get*"], "*"],
        "Resource": [whole, [whole, f"{whole}/*"], f"{whole}*", [f"{whole}/*"], "acs:oss:*:*:*"],
        "Condition": [
            {},
            *(
                {"Bool": {key: value}}
                for key in ("acs:SecureTransport", "ACS:SECURETRANSPORT")
                for value in ("false", ["false"], ["true"], ["false", "true"])
            ),
            {
                "Bool": {"acs:SecureTransport": "false"},
                "IpAddress": {"acs:SourceIp": "192.0.2.0/24"},
            },
        ],
    }
    found = {True: 0, False: 0}
    for values in product(*fields.values()):
        statement = dict(zip(fields, values, strict=True))
        same = no_http.denies_http(statement, "1", NAME)
        assert not same or its_rule.denies_http(policy(statement), "1", NAME), statement
        found[same] += 1
    assert found[True] == 2 * 4 * 3 * 4
    assert found[False]


def test_whatever_is_there_stays_as_it_was_and_in_its_order() -> None:
    """And to undo it leaves just that; a policy of which nothing would be left is deleted."""
    for count in range(len(KINDS) + 1):
        for kinds in combinations(KINDS, count):
            there = policy(*kinds) if kinds else ""
            oss, result = Row({"document": there}, "", None).run(REMEDIATION)
            assert oss.document == policy(*kinds, NO_HTTP)
            assert (result.before, audit.fits(result.after or "")) == ("[]", True)
            (added,) = json.loads(result.after or "")
            assert without(oss.document, added) == there


def test_an_undo_takes_out_that_statement_and_no_other() -> None:
    """Not one of the same meaning, which somebody else put there; and it may be gone already."""
    theirs = [each for there in EQUAL for each in statements(there) if each != NO_HTTP]
    assert without(policy(*theirs, NO_HTTP, NAMED), NO_HTTP) == policy(*theirs, NAMED)
    assert without(policy(NAMED), NO_HTTP) == policy(NAMED)
    assert without("", NO_HTTP) == ""


@pytest.mark.parametrize("word", [*ADDED, "clears"])
def test_what_another_writer_does_is_there_or_told(word: str) -> None:
    """At whichever of our requests it comes in: but in the moment between the last look and the
    write, which nothing can see, as OSS has no precondition for it.
    """
    lost = []
    for before in range(14):
        oss, result = Row(MIXED, "", None, ("ok",) * before + (word,)).run(REMEDIATION)
        if before >= len(oss.log):
            break
        left = statements(oss.document)
        kept = ADDED[word] in left if word in ADDED else OPEN not in left
        if result.outcome == "repaired":
            assert left.count(NO_HTTP) == 1
        if not kept and result.outcome not in TOLD | {FAILED}:
            lost.append(oss.log[before].operation)
    assert lost == ["write"]


def test_no_two_troubles_have_it_lose_what_it_saw_or_say_what_does_not_hold() -> None:
    """Other writers and lost answers, at any two requests: each write is what the look before it
    saw and one statement more, and `repaired` is said of what is there.
    """
    words = (*ADDED, "clears", "applied")
    for first, then in product(range(9), repeat=2):
        for one, other in product(words, repeat=2):
            script = ("ok",) * first + (one,) + ("ok",) * then + (other,)
            oss, result = Row(MIXED, "", None, script).run(REMEDIATION)
            assert (NO_HTTP in statements(oss.document)) is not result.unsettled
            seen: list[dict[str, Any]] = []
            for request in oss.log:
                if request.operation == "get policy":
                    seen = statements(request.found.document)
                elif request.operation == "write":
                    assert statements(str(request.acl)) == [*seen, NO_HTTP]


def test_no_write_is_from_an_older_copy_than_the_last_look() -> None:
    """Two actions on one cached copy lose the first one's: each write follows its own look."""
    for row in HTTPS:
        oss, _ = row.run(REMEDIATION)
        for at in oss.writes():
            assert [each.operation for each in oss.log[at - 2 : at]] == ["read", "get policy"]
            assert oss.log[at - 1].word != "lag"


@pytest.mark.parametrize(
    ("put", "found", "as_put"),
    [
        ((NAMED, OPEN, NO_HTTP), (NAMED, OPEN, NO_HTTP), True),
        ((NAMED, OPEN, NO_HTTP), (NAMED, NO_HTTP), True),
        ((NAMED,), (NAMED, NO_HTTP), True),
        ((), (NO_HTTP,), True),
        ((NAMED, OPEN, NO_HTTP), (NAMED, OPEN), False),
        ((NAMED, OPEN, NO_HTTP), (OPEN, NO_HTTP), False),
        ((NAMED, WIDE, NO_HTTP), (NAMED, NO_HTTP), False),
        ((NAMED, NO_HTTP), (NAMED, OPEN, NO_HTTP), False),
        ((NAMED, NO_HTTP), (NAMED, DENY, NO_HTTP), False),
        ((NAMED, DENY, NO_HTTP), (NAMED, NO_HTTP), False),
        ((NAMED, DENY, NO_HTTP), (DENY, NAMED, NO_HTTP), False),
    ],
)
def test_what_another_remediation_does_is_no_stranger_s_doing(
    put: tuple[object, ...], found: tuple[object, ...], as_put: bool
) -> None:
    """Anything else is: a person is told to look for what its writer misses."""
    there = ModelOss(document=policy(*found) if found else "").shown()
    text = policy(*put) if put else ""
    assert no_http.as_put(there, text) is as_put
    assert not no_http.as_put(there, policy(*put, Id="another"))


@dataclass
class Both:
    """Two repairs of one bucket, each in an invocation of its own, in the time of one model.

    `second` begins `late` seconds after `first`. What of it is due comes in between, just before
    the first one's request number `at` is done; else it comes whenever the first one waits.
    """

    there: str
    first: str
    second: str
    late: float
    at: int
    ends: dict[str, Outcome] = field(default_factory=dict)

    def run(self) -> ModelOss:
        """What is there once both have ended."""
        oss = self._oss = ModelOss(document=self.there, script=iter(self._word, ""))
        self._asking, self._asked = "", 0
        self._repairs = {name: _repair(oss, name) for name in (self.first, self.second)}
        self._due = {self.first: 0.0, self.second: self.late}
        while self._due:
            name = min(self._due, key=lambda each: self._due[each])
            oss.now = max(oss.now, self._due[name])
            self._step(name)
        return oss

    def _word(self) -> str:
        self._asked += self._asking == self.first
        due = self._due.get(self.second, float("inf")) <= self._oss.now
        if self._asking == self.first and self._asked == self.at and due:
            self._step(self.second)
            self._asking = self.first
        return "ok"

    def _step(self, name: str) -> None:
        self._asking = name
        result = self._repairs[name].step()
        if isinstance(result, Outcome):
            self.ends[name] = result
            del self._due[name]
        else:
            self._due[name] = self._oss.now + result


def _repair(oss: ModelOss, name: str) -> BucketRepair:
    deadline = Deadline(oss.clock(), 60)
    means = Means(oss.bucket, "enforce", ACCOUNT, HOME, deadline)
    case = Case(NAME, Exemptions(), None, deadline.clock, {})
    return BucketRepair(FINDING, means, named(name.strip()), case)


@pytest.mark.parametrize("names", [("https", "policy"), ("policy", "https"), ("https", "https")])
@pytest.mark.parametrize("there", [policy(NAMED, OPEN, DENY), policy(OPEN), policy(WRITES, NAMED)])
def test_two_remediations_of_one_policy_at_once_both_come_to_hold(
    names: tuple[str, str], there: str
) -> None:
    """However their requests fall: neither loses what the other does, and none calls it a
    stranger's. (Cloud Config reports a bucket for both rules at once, a message each.)
    """
    second = names[1] if names[0] != names[1] else "https "
    crossed = 0
    for late, at in product((0.0, 0.01, 0.05, 2.98, 3.0, 3.02, 6.0), range(14)):
        both = Both(there, names[0], second, late, at)
        oss = both.run()
        kept = [each for each in statements(there) if each not in (OPEN, WRITES)]
        if "policy" not in names:
            kept = statements(there)
        assert [each for each in statements(oss.document) if each != NO_HTTP] == kept
        assert statements(oss.document).count(NO_HTTP) == 1
        ends = {end.outcome for end in both.ends.values()}
        assert ends <= {"repaired", "compliant"}, (late, at, both.ends)
        crossed += len(oss.writes()) > len(set(names))
    assert crossed


@pytest.mark.parametrize("names", [("https", "policy"), ("policy", "https")])
def test_two_findings_of_one_message_about_one_policy_are_mended_in_turn(
    monkeypatch: pytest.MonkeyPatch, names: tuple[str, str]
) -> None:
    """Whatever the message's order: the second one reads what the first one has proved."""
    oss = ModelOss(document=policy(NAMED, OPEN, DENY))
    module = SimpleNamespace(prepare=lambda *_: lambda finding: _repair(oss, finding.remediation))
    monkeypatch.setitem(sys.modules, "resource_repair.prepare", module)
    monkeypatch.setattr(repair, "STALE_SECONDS", 0.0)
    findings = [FINDING._replace(remediation=name) for name in names]
    deadline = Deadline(Clock(), 60)
    invocation = Invocation("request", ACCOUNT, HOME, 60, None)
    done = batch.repair_all(findings, load({"prepareRuleId": "cr-1"}), invocation, deadline)
    ends = [(end.remediation, end.outcome, json.loads(end.before or "")) for end in done]
    assert ends == [("policy", "repaired", [OPEN]), ("https", "repaired", [])]
    assert statements(oss.document) == [NAMED, DENY, NO_HTTP]
    assert len(oss.writes()) == 2
