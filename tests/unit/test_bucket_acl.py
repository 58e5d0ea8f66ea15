"""The repair, against a model of OSS that can be told to misbehave at every request."""

import time
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resource_repair import errors
from resource_repair.exemptions import Exemption, Exemptions
from resource_repair.openness import OPENNESS
from resource_repair.remediations.bucket_acl import REMEDIATION
from resource_repair.remediations.frame import Case, Remediation
from resource_repair.repair import BucketRepair, Means
from resource_repair.settings import ExemptTag
from resource_repair.timing import Deadline
from resource_repair.values import Finding, Outcome
from tests.unit.model_oss import ACCOUNT, HOME, NOW, UNANSWERED, ModelOss, Request

FINDING = Finding(
    "cr-1", "config-snapshot", region=HOME, owner=ACCOUNT, reported_at=int(NOW - 60) * 1000
)
ACLS = sorted(OPENNESS)


def begun(
    oss: ModelOss,
    mode: str = "enforce",
    allow: str = "",
    home: str = HOME,
    account: str = ACCOUNT,
    tag: ExemptTag | None = None,
    remediation: Remediation = REMEDIATION,
    **finding: Any,
) -> BucketRepair:
    """The repair of the model's bucket; `allow` exempts it."""
    exempt = [Exemption("config-*", "a site", "web", date(2027, 1, 15), allow)] if allow else []
    deadline = Deadline(oss.clock(), 60)
    found = FINDING._replace(**finding)
    means = Means(oss.bucket, mode, account, home, deadline)
    case = Case(found.resource_id, Exemptions(tuple(exempt)), tag, deadline.clock, {})
    return BucketRepair(found, means, remediation, case)


def run(oss: ModelOss, mode: str = "enforce", allow: str = "", **given: Any) -> Outcome:
    """That repair, waiting as asked, to its outcome."""
    repair = begun(oss, mode, allow, **given)
    while True:
        result = repair.step()
        if isinstance(result, Outcome):
            return result
        oss.now += result


def operations(oss: ModelOss) -> list[str]:
    """What was asked, in order."""
    return [request.operation for request in oss.log]


def regions(oss: ModelOss) -> list[str]:
    """Where it was asked."""
    return [request.region for request in oss.log]


@pytest.mark.parametrize(
    ("acl", "mode", "allow", "outcome", "left"),
    [
        ("public-read", "enforce", "", "repaired", "private"),
        ("public-read-write", "enforce", "", "repaired", "private"),
        ("private", "enforce", "", "already_private", "private"),
        (None, "enforce", "", "gone", None),
        ("public-read", "report", "", "would_repair", "public-read"),
        ("public-read", "enforce", "public-read", "exempt", "public-read"),
        ("private", "enforce", "public-read", "exempt", "private"),
        ("public-read-write", "enforce", "public-read-write", "exempt", "public-read-write"),
        ("public-read-write", "enforce", "public-read", "repaired", "public-read"),
        ("public-read-write", "report", "public-read", "would_repair", "public-read-write"),
        ("shared-with-aliens", "enforce", "", "failed", "shared-with-aliens"),
    ],
)
def test_each_state_has_its_outcome(
    acl: str | None, mode: str, allow: str, outcome: str, left: str | None
) -> None:
    """ACL, mode and exemption decide the outcome and what the bucket is left with."""
    oss = ModelOss(acl)
    result = run(oss, mode, allow)
    assert (result.outcome, oss.acl) == (outcome, left)
    assert result.acl_before == acl


def test_a_repair_is_four_requests() -> None:
    """A plain repair reads, writes, reads back and asks for the policy: no more."""
    oss = ModelOss()
    result = run(oss)
    assert operations(oss) == ["read", "write", "read", "policy"]
    assert result == Outcome(
        outcome="repaired",
        reason="set to private and read back",
        bucket="config-snapshot",
        region=HOME,
        rule_id="cr-1",
        account_id="1",
        acl_before="public-read",
        acl_after="private",
        public_by_policy=False,
        oss_request_id="write-id",
        duration_ms=result.duration_ms,
        reported_at=FINDING.reported_at,
        remediation="acl",
        before="public-read",
        after="private",
    )


@pytest.mark.parametrize(
    ("acl", "policy", "outcome", "told"),
    [
        ("public-read", True, "exposed", True),
        ("private", True, "exposed", True),
        ("private", "denied", "unproven", "unknown"),
        ("public-read", "unsupported", "unproven", "unknown"),
        ("public-read", "refused", "failed", None),
        ("public-read", "transient", "failed", None),
    ],
)
def test_a_private_bucket_may_be_public_by_policy(
    acl: str, policy: bool | str, outcome: str, told: bool | str | None
) -> None:
    """A private ACL under a public policy is exposed; under one that nobody may read, unproven."""
    result = run(ModelOss(acl, policy=policy))
    assert (result.outcome, result.public_by_policy) == (outcome, told)


@pytest.mark.parametrize(
    ("script", "outcome", "reason"),
    [
        (["ok", "ok", "lag", "lag", "lag"], "repaired", ""),
        (["transient", "ok", "ok"], "repaired", ""),
        (["ok", "transient", "ok", "ok"], "repaired", ""),
        (["ok", "applied"], "repaired", ""),
        (["ok", "applied", "lag", "ok", "ok"], "repaired", ""),
        (["ok", "ok", "transient"], "repaired", ""),
        (["ok", "ok"] + ["lag"] * 200, "failed", "not_verified"),
        (["ok", "ok"] + ["open"] * 200, "failed", "not_verified"),
        (["transient"] * 500, "failed", "transient; out of time"),
        (["denied"], "denied", ""),
        (["ok", "denied"], "denied", ""),
        (["ok", "refused"], "failed", "refused"),
        (["ok", "delete"], "recreated", "deleted and made again"),
        (["ok", "ok", "recreate"], "recreated", "deleted and made again"),
        (["ok", "applied", "recreate"], "recreated", "deleted and made again"),
        (["ok", "replaced"], "recreated", "deleted and made again"),
        (["ok", "ok", "delete"], "failed", "vanished"),
        (["ok", "applied", "delete"], "failed", "vanished"),
        (["ok", "ok", "ok", "delete"], "failed", "vanished"),
        (["delete"], "gone", ""),
        (["transient", "delete"], "gone", ""),
        (["transient", "recreate"], "recreated", "the bucket is younger than its finding"),
    ],
)
def test_trouble_at_each_step(script: list[str], outcome: str, reason: str) -> None:
    """What goes wrong at a step is retried, told, or both; what cannot be proved is no repair."""
    result = run(ModelOss(script=iter(script)))
    assert result.outcome == outcome
    assert result.reason.startswith(reason)


def test_an_acl_that_does_not_show_is_given_up_before_the_deadline() -> None:
    """Reading back has an end of its own, so that one bucket does not use up the invocation."""
    oss = ModelOss(script=iter(["ok", "ok"] + ["lag"] * 1000))
    assert run(oss).reason.startswith("not_verified")
    assert 10 <= oss.now < 11.03  # the last wait is of a second at most


def test_another_region_is_followed_once_by_its_region_alone() -> None:
    """A bucket elsewhere is asked in the region that OSS names, and repaired there."""
    oss = ModelOss(region="cn-beijing")
    result = run(oss)
    assert (result.outcome, result.region) == ("repaired", "cn-beijing")
    assert regions(oss) == [HOME] + ["cn-beijing"] * 4


@pytest.mark.parametrize("acl", ["public-read", "private"])
@pytest.mark.parametrize("tells", [False, True])
def test_a_region_that_only_answers_reads_is_left_too(acl: str, tells: bool) -> None:
    """Where a read is answered in any region, its location or the refused write tells the right."""
    oss = ModelOss(acl, region="cn-beijing", reads_anywhere=True, tells_location=tells)
    result = run(oss)
    assert (result.outcome, result.region, oss.acl) == (
        "repaired" if acl == "public-read" else "already_private",
        "cn-beijing",
        "private",
    )
    if tells:  # nothing was written where the bucket is not
        assert {oss.log[at].region for at in oss.writes()} <= {"cn-beijing"}


def test_a_write_refused_elsewhere_was_no_write() -> None:
    """A bucket made anew elsewhere, found by a refused write, is repaired, not recreated."""

    class Moved(ModelOss):
        def suffer(self, operation: str, region: str, acl: str = "") -> str:
            if operation == "write" and self.region == HOME:
                self.region = "cn-beijing"
                self.create("public-read")
            return super().suffer(operation, region, acl)

    oss = Moved(tells_location=False, reads_anywhere=True)
    assert run(oss, reported_at=None).outcome == "repaired"


def test_an_endpoint_that_names_the_same_region_is_not_followed() -> None:
    """Being sent to where one is already is a failure, at once."""
    oss = ModelOss()

    def here(operation: str, region: str, acl: str = "") -> str:
        oss.log.append(Request(operation, region, "", 0.0, oss.history[-1], None))
        raise errors.ElsewhereError("AccessDenied", region)

    oss.suffer = here  # type: ignore[method-assign]
    assert (run(oss).outcome, len(oss.log)) == ("failed", 1)


def test_home_cannot_say_that_a_bucket_of_another_region_is_gone() -> None:
    """If the region has no host and home knows no such bucket, that is no proof: kept."""
    oss = ModelOss(None, unresolved=frozenset(["cn-hangzhou-finance"]))
    result = run(oss, region="cn-hangzhou-finance")
    assert (result.outcome, result.reason.split(":")[0]) == ("failed", "unresolved_host")


def test_without_a_home_nobody_else_is_asked() -> None:
    """A function that does not know its own region asks the message's alone."""
    oss = ModelOss(unresolved=frozenset(["cn-nowhere"]))
    result = run(oss, region="cn-nowhere", home="")
    assert result.outcome == "failed"
    assert set(regions(oss)) == {"cn-nowhere"}


def test_a_name_server_s_hiccup_after_an_answer_sends_nobody_home() -> None:
    """Once the region has answered, an address that is missing for a moment is waited for."""
    script = iter(["ok", "ok", "unresolved", "unresolved"])
    oss = ModelOss(region="cn-beijing", script=script)
    assert run(oss, region="cn-beijing").outcome == "repaired"
    assert set(regions(oss)) == {"cn-beijing"}


def test_nor_does_one_where_oss_sent_us() -> None:
    """OSS has named the region: it is asked again once its address is there."""
    oss = ModelOss(region="cn-beijing", script=iter(["ok", "unresolved"]))
    assert run(oss, region="cn-hangzhou").outcome == "repaired"
    assert regions(oss) == ["cn-hangzhou"] + ["cn-beijing"] * 5


def test_the_ceiling_holds_on_every_pass() -> None:
    """A write that is tried again sets what the exemption allows, not less."""
    oss = ModelOss("public-read-write", script=iter(["ok", "transient", "ok"]))
    assert run(oss, allow="public-read").outcome == "repaired"
    assert oss.acl == "public-read"


@pytest.mark.parametrize(("hour", "outcome"), [(23.99, "exempt"), (24.01, "repaired")])
def test_an_exemption_ends_with_its_day_in_utc(
    hour: float, outcome: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the machine's own time zone, the last day ends at midnight UTC."""
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    time.tzset()
    midnight = 1_799_971_200.0  # the start of the exemption's last day
    result = run(ModelOss(wall=midnight + hour * 3600), allow="public-read")
    monkeypatch.undo()
    time.tzset()
    assert result.outcome == outcome


@pytest.mark.parametrize(
    ("acl", "script", "request_id"),
    [
        ("private", [], "read-id"),
        ("public-read", [], "write-id"),
        ("public-read", ["denied"], "error-id"),
        ("public-read", ["ok", "ok", "delete"], "write-id"),  # that there is none has no id here
    ],
)
def test_the_request_that_decided_is_named(acl: str, script: list[str], request_id: str) -> None:
    """The record names OSS's id of the read, the write or the refusal that decided."""
    assert run(ModelOss(acl, script=iter(script))).oss_request_id == request_id


def test_a_repair_given_up_tells_what_it_knows() -> None:
    """What is not gone on with is failed, with the ACL that was found."""
    oss = ModelOss(script=iter(["ok", "transient"]))
    repair = begun(oss)
    assert isinstance(repair.step(), float)
    given_up = repair.give_up("deadline")
    assert (given_up.outcome, given_up.reason) == ("failed", "deadline")
    assert given_up.acl_before == "public-read"


def test_a_region_without_a_host_is_asked_at_home() -> None:
    """A region whose host has no address is asked of our own, which names the right one."""
    oss = ModelOss(region="cn-hzfinance", unresolved=frozenset(["cn-hangzhou-finance"]))
    result = run(oss, region="cn-hangzhou-finance")
    assert (result.outcome, result.region) == ("repaired", "cn-hzfinance")
    assert regions(oss)[:3] == ["cn-hangzhou-finance", HOME, "cn-hzfinance"]


def test_regions_that_send_each_other_around_are_not_followed_forever() -> None:
    """Being sent on a second time is a failure, with no write anywhere."""

    class Carousel(ModelOss):
        def suffer(self, operation: str, region: str, acl: str = "") -> str:
            self.region = "cn-beijing" if region == HOME else HOME
            return super().suffer(operation, region, acl)

    oss = Carousel()
    result = run(oss)
    assert result.outcome == "failed"
    assert "wrong_region" in result.reason
    assert not oss.writes()


def test_a_region_in_no_known_form_is_not_followed() -> None:
    """An endpoint outside the known pattern names no region: nothing is asked there."""
    oss = ModelOss()

    def elsewhere(operation: str, region: str, acl: str = "") -> str:
        oss.log.append(Request(operation, region, "", 0.0, oss.history[-1], None))
        raise errors.ElsewhereError("AccessDenied", None)

    oss.suffer = elsewhere  # type: ignore[method-assign]
    result = run(oss)
    assert (result.outcome, len(oss.log)) == ("failed", 1)


LUCK = "ok ok ok lag transient applied denied refused theirs disabled"
OTHERS = "delete recreate replaced open close"
WORDS = st.sampled_from(f"{LUCK} {OTHERS}".split())


@given(
    acl=st.sampled_from([*ACLS, None, "odd"]),
    script=st.lists(WORDS, max_size=14),
    mode=st.sampled_from(["enforce", "enforce", "report"]),
    allow=st.sampled_from(["", "", "public-read", "public-read-write"]),
    region=st.sampled_from([HOME, "cn-beijing"]),
    anywhere=st.booleans(),
    policy=st.sampled_from([False, True, "denied"]),
    blocked=st.sampled_from([False, False, True, None]),
)
def test_no_run_of_bad_luck_breaks_a_promise(
    acl: str | None,
    script: list[str],
    mode: str,
    allow: str,
    region: str,
    anywhere: bool,
    policy: bool | str,
    blocked: bool | None,
) -> None:
    """Whatever happens at each request: writes follow reads, successes were seen, time is kept."""
    oss = ModelOss(acl, region, iter(script), policy, reads_anywhere=anywhere, blocked=blocked)
    result = run(oss, mode, allow)

    for at in oss.writes():
        before, write = oss.log[at - 1], oss.log[at]
        assert (before.operation, before.region) == ("read", write.region)
        assert before.word not in UNANSWERED
        assert write.acl == (allow or "private")
    if mode == "report":
        assert not oss.writes()
    if result.outcome == "repaired":
        assert any(oss.log[at].word not in UNANSWERED for at in oss.writes())
    if result.outcome in ("already_private", "repaired", "blocked", "exposed", "unproven"):
        assert OPENNESS[str(result.acl_after)] <= OPENNESS[allow or "private"]
    if result.outcome == "exempt":
        assert OPENNESS[str(result.acl_after)] <= OPENNESS[allow]
    if result.outcome in ("already_private", "repaired") and not allow:
        assert result.public_by_policy is False
    if result.outcome == "blocked":
        assert blocked
    assert oss.now < 60
