"""What is said of a bucket is true: each test is a promise that was broken once."""

import time
from datetime import datetime, timezone
from typing import Any

import pytest

from resource_repair.repair import STALE_SECONDS
from resource_repair.settings import ExemptTag
from resource_repair.values import Outcome
from tests.unit.model_oss import NOW, ModelOss
from tests.unit.test_bucket_acl import FINDING, begun, operations, run


def test_a_refused_write_and_a_stale_read_are_no_repair() -> None:
    """Only an acknowledged write that was read back is proof: the bucket is written again."""
    oss = ModelOss(earlier="private", script=iter(["ok", "transient", "lag"]))
    result = run(oss)
    assert (result.outcome, oss.acl) == ("repaired", "private")
    assert operations(oss) == ["read", "write", "read", "write", "read", "policy"]


@pytest.mark.parametrize(
    ("acl", "earlier", "allow", "left"),
    [
        ("public-read", "private", "", "private"),
        ("public-read-write", "private", "", "private"),
        ("public-read-write", "public-read", "public-read", "public-read"),
    ],
)
def test_one_stale_look_settles_no_finding(acl: str, earlier: str, allow: str, left: str) -> None:
    """What contradicts Cloud Config is looked at again, after as long as a look may be stale."""
    oss = ModelOss(acl, earlier=earlier, script=iter(["lag"]))
    result = run(oss, allow=allow)
    assert (result.outcome, oss.acl) == ("repaired", left)


SEEN_OPEN = "ok open transient lag"  # by the second look, and not by the next


@pytest.mark.parametrize(
    ("acl", "script", "allow", "tag"),
    [
        ("public-read", SEEN_OPEN, "public-read", None),
        ("private", SEEN_OPEN, "", ExemptTag("public-until", 7)),
        (None, "ok recreate denied lag", "", None),
        (None, "ok recreate transient lag", "", ExemptTag("public-until", 7)),
    ],
)
def test_a_look_that_contradicts_the_first_begins_anew(
    acl: str | None, script: str, allow: str, tag: ExemptTag | None
) -> None:
    """Two looks prove nothing if one between them showed otherwise."""
    oss = ModelOss(acl, stale_for=STALE_SECONDS, script=iter(script.split()))
    assert run(oss, allow=allow, tag=tag).outcome in ("repaired", "denied", "recreated")
    assert oss.acl in ("private", allow) or oss.acl == "public-read"


def test_looks_in_two_regions_are_no_two_looks() -> None:
    """A bucket that is nowhere to be seen at first is looked for twice where OSS says it is."""

    class Moves(ModelOss):
        def suffer(self, operation: str, region: str, acl: str = "") -> str:
            if len(self.log) == 1:  # it was absent at home, and is in another region by now
                self.region, self.acl = "cn-beijing", "public-read"
                self.set("public-read")
            return super().suffer(operation, region, acl)

    oss = Moves(None, script=iter(["ok", "ok", "lag"]), stale_for=STALE_SECONDS)
    assert run(oss).outcome == "repaired"


@pytest.mark.parametrize("script", [["lag"], ["ok", "open"]])
def test_the_acl_before_is_that_which_was_changed(script: list[str]) -> None:
    """An undo goes by it, and not by what a stale look, or one before it was opened, showed."""
    first = "public-read" if script == ["lag"] else "private"
    oss = ModelOss(first, earlier="private", script=iter(script))
    result = run(oss)
    assert (result.outcome, result.acl_after) == ("repaired", "private")
    assert result.acl_before == ("public-read" if script == ["lag"] else "public-read-write")


def test_a_creation_under_block_public_access_is_told_without_a_time_too() -> None:
    """A new bucket has Block Public Access on: blocked, and perhaps made by a run that was lost."""
    lost = ["ok", "replaced", *["transient"] * 300]
    oss = ModelOss(blocked=True, policy="denied", script=iter(lost))
    assert run(oss, reported_at=None).outcome == "failed"
    oss.script = iter(())
    assert run(oss, reported_at=None).outcome == "recreated"


def test_a_refused_write_is_no_write() -> None:
    """A bucket that vanishes after a write that was refused was not made by it."""
    oss = ModelOss("public-read-write", script=iter(["ok", "denied", "transient", "delete"]))
    assert run(oss, allow="public-read").outcome == "gone"


def test_a_flag_that_was_lifted_refuses_no_ceiling() -> None:
    """The write is tried: what OSS refuses is what counts, and not a look at the flag before."""
    oss = ModelOss("public-read-write", blocked=True)
    repair = begun(oss, allow="public-read")
    read = oss.suffer

    def suffer(operation: str, region: str, acl: str = "") -> str:
        if operation == "write":
            oss.blocked = False
        return read(operation, region, acl)

    oss.suffer = suffer  # type: ignore[method-assign]
    result = repair.step()
    assert isinstance(result, Outcome)
    assert (result.outcome, oss.acl) == ("repaired", "public-read")


@pytest.mark.parametrize(
    ("acl", "allow", "outcome", "asked"),
    [
        ("private", "", "already_private", ["read", "read", "policy"]),
        ("public-read", "public-read", "exempt", ["read", "read"]),
        (None, "", "gone", ["read", "read"]),
    ],
)
def test_a_second_look_is_one_request_and_three_seconds(
    acl: str | None, allow: str, outcome: str, asked: list[str]
) -> None:
    """What settles without a write costs a second look, and no repair pays for that."""
    oss = ModelOss(acl)
    assert (run(oss, allow=allow).outcome, operations(oss)) == (outcome, asked)
    assert STALE_SECONDS == 3
    assert 3 <= oss.log[1].at - oss.log[0].at < 3.1


def test_without_time_for_a_second_look_nothing_is_settled() -> None:
    """An invocation that is about to end says so, and is retried."""
    tight = begun(ModelOss("private"))
    tight._means.deadline._end = 2.0
    late = tight.step()
    assert isinstance(late, Outcome)
    assert (late.outcome, late.reason) == ("failed", "not_verified: no time for a second look")


def made(seconds_after_the_finding: float) -> str:
    """A creation date, as OSS writes it."""
    moment = NOW - 60 + seconds_after_the_finding
    return datetime.fromtimestamp(moment, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")


@pytest.mark.parametrize(
    ("acl", "after", "told"),
    [
        ("private", -1, False),  # made before Cloud Config told of it
        ("public-read", -1, False),
        ("private", 0, True),  # in the same second, of which OSS tells no part: perhaps later
        ("public-read", 0, False),  # as it says, but see the next test
        ("private", 1, True),
        ("public-read", 1, True),
        ("private", 600, True),  # a clock that is ahead of ours tells as well
    ],
)
def test_a_bucket_younger_than_its_finding_is_told(acl: str, after: int, told: bool) -> None:
    """It may be a write of ours that made it, in a run that ended before it could say so."""
    oss = ModelOss(acl)
    oss.set(acl, made(after))
    result = run(oss)
    assert (result.outcome == "recreated") is told
    assert oss.acl == "private"
    if told:
        assert result.reason.startswith("the bucket is younger than its finding, and perhaps")


@pytest.mark.parametrize("more", [{}, {"reported_at": None}])
def test_a_young_bucket_that_is_rightly_found_is_told_as_perhaps_ours(more: Any) -> None:
    """A killed run may have made it, and its owner opened it: the record says so, without alarm."""
    oss = ModelOss("public-read")
    oss.set("public-read", made(0))
    result = run(oss, **more)
    assert result.outcome == "repaired"
    assert "and perhaps made by this function, or not" in result.reason


@pytest.mark.parametrize(
    ("acl", "created", "outcome"),
    [
        ("private", made(0), "recreated"),  # a minute ago
        ("private", made(-86400 - 60), "already_private"),
        ("private", "a date in no known form", "already_private"),
        ("private", "2027-13-45T99:99:99.000Z", "already_private"),
        ("public-read", made(0), "repaired"),  # the finding is right about it
    ],
)
def test_a_finding_without_a_time_goes_by_the_day(acl: str, created: str, outcome: str) -> None:
    """A private bucket made within the day may be our creation, where the finding says no time."""
    oss = ModelOss(acl)
    oss.set(acl, created)
    assert run(oss, reported_at=None).outcome == outcome


def test_a_creation_date_is_in_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the machine's own time zone."""
    for zone in ("Asia/Shanghai", "America/New_York"):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        try:
            for after, outcome in ((-1, "repaired"), (1, "recreated")):
                oss = ModelOss()
                oss.set("public-read", made(after))
                assert run(oss).outcome == outcome
        finally:
            monkeypatch.undo()
            time.tzset()


def test_an_exempt_bucket_of_today_may_be_another_than_the_one_that_was_found() -> None:
    """Where the finding says no time, as for a private one."""
    oss = ModelOss()
    oss.set("public-read", made(0))
    assert run(oss, reported_at=None, allow="public-read").outcome == "recreated"


def test_a_bucket_that_home_sent_us_to_and_that_is_gone_is_gone() -> None:
    """Who can tell has been asked by then."""
    script = iter(["ok", "ok", "delete"])
    oss = ModelOss(region="cn-hzfinance", unresolved=frozenset(["cn-nowhere"]), script=script)
    result = run(oss, region="cn-nowhere")
    assert (result.outcome, result.region) == ("gone", "cn-hzfinance")


@pytest.mark.parametrize("mode", ["enforce", "report"])
@pytest.mark.parametrize("acl", ["private", "public-read"])
@pytest.mark.parametrize("owner", [FINDING.owner, ""])
def test_another_account_s_bucket_is_never_written(mode: str, acl: str, owner: str) -> None:
    """Whatever the finding says: OSS's own answer says whose it is."""
    oss = ModelOss(acl, owner="999")
    result = run(oss, mode, owner=owner)
    assert (result.outcome, operations(oss)) == ("theirs", ["read"])


def test_another_bucket_s_answer_is_never_acted_on() -> None:
    """An answer that names another bucket says nothing of this one."""
    oss = ModelOss(name="config-other")
    result = run(oss)
    assert (result.outcome, result.reason.split(":")[0]) == ("failed", "wrong_bucket")
    assert operations(oss) == ["read"]


@pytest.mark.parametrize("owner", [FINDING.owner, ""])
def test_where_the_account_is_not_known_nothing_is_written(owner: str) -> None:
    """The message's word alone is not enough to change a bucket."""
    oss = ModelOss()
    result = run(oss, account="", owner=owner)
    assert (result.outcome, result.reason.split(":")[0]) == ("failed", "account_unknown")
    assert not oss.writes()
    assert run(ModelOss(), "report", account="").outcome == "would_repair"


@pytest.mark.parametrize("word", ["theirs", "disabled"])
@pytest.mark.parametrize("at", [0, 2, 3])
def test_what_no_retry_cures_is_told(word: str, at: int) -> None:
    """Another owner and arrears end at once, wherever they are met."""
    assert run(ModelOss(script=iter(["ok"] * at + [word]))).outcome == word


def test_a_write_refused_as_another_s_is_denied_while_the_bucket_is_ours() -> None:
    """Two reads that name us as the owner are more than one code of a refusal: tried again."""
    assert run(ModelOss(script=iter(["ok", "theirs"]))).outcome == "denied"


@pytest.mark.parametrize(
    ("word", "outcome"), [("delete", "gone"), ("theirs", "theirs"), ("ok", "denied")]
)
def test_a_refused_write_is_looked_at_once_more(word: str, outcome: str) -> None:
    """OSS refuses a write alike where it may not be done, and where it is another's by now."""
    oss = ModelOss(script=iter(["ok", "denied", word]))
    assert run(oss).outcome == outcome
    assert operations(oss)[:3] == ["read", "write", "read"]


@pytest.mark.parametrize(
    ("blocked", "account", "policy", "outcome", "why"),
    [
        (True, False, True, "blocked", "Block Public Access overrules it"),
        (True, False, "denied", "blocked", "Block Public Access overrules it"),
        (False, True, True, "blocked", "the account's Block Public Access overrules it"),
        (None, True, "denied", "blocked", "the account's Block Public Access overrules it"),
        (False, False, True, "exposed", "the bucket policy is public"),
        (None, "denied", True, "exposed", "nor is the account's Block Public Access known"),
        (False, "unsupported", True, "exposed", "nor is the account's Block Public Access known"),
        (False, False, "denied", "unproven", "the bucket policy cannot be read"),
        (False, "denied", "denied", "unproven", "nor is the account's Block Public Access known"),
        (True, False, False, "repaired", "set to private and read back"),
    ],
)
@pytest.mark.parametrize("acl", ["private", "public-read"])
def test_what_else_decides_whether_it_is_public(
    acl: str, blocked: bool | None, account: bool | str, policy: bool | str, outcome: str, why: str
) -> None:
    """A flag that holds overrules a policy; what could not be read proves nothing."""
    oss = ModelOss(acl, blocked=blocked, account_blocked=account, policy=policy)
    result = run(oss)
    if acl == "private" and outcome == "repaired":
        outcome, why = "already_private", "private at two looks"
    assert (result.outcome, oss.acl) == (outcome, "private")
    assert result.reason.endswith(why)
    assert ("account" in operations(oss)) is (policy is not False and blocked is not True)


@pytest.mark.parametrize(
    ("blocked", "account", "outcome"),
    [
        (True, False, "ceiling_refused"),
        (False, True, "ceiling_refused"),
    ],
)
def test_a_ceiling_that_block_public_access_forbids_is_told(
    blocked: bool, account: bool, outcome: str
) -> None:
    """It cannot be set, and no permission helps; nor is the bucket public meanwhile."""
    oss = ModelOss("public-read-write", blocked=blocked, account_blocked=account)
    result = run(oss, allow="public-read")
    assert (result.outcome, oss.acl) == (outcome, "public-read-write")
    assert result.reason.startswith("Block Public Access forbids public-read")


def test_a_ceiling_that_may_not_be_written_is_denied() -> None:
    """Without Block Public Access a refusal is what it says."""
    for account in (False, "denied"):
        oss = ModelOss("public-read-write", account_blocked=account, script=iter(["ok", "denied"]))
        assert run(oss, allow="public-read").outcome == "denied"


def test_a_ceiling_is_not_written_again_to_what_is_closed_by_now() -> None:
    """After a write that was not acknowledged, a bucket within its ceiling is left alone."""
    oss = ModelOss("public-read-write", script=iter(["ok", "transient", "close"]))
    assert run(oss, allow="public-read").outcome == "exempt"
    assert (len(oss.writes()), oss.acl) == (1, "private")


@pytest.mark.parametrize(
    ("script", "outcome", "acl"),
    [("ok ok lag", "repaired", "public-read"), ("ok ok close", "exempt", "private")],
)
def test_a_ceiling_that_was_set_is_told_only_where_it_was_seen(
    script: str, outcome: str, acl: str
) -> None:
    """Read back as private, it shows what was before the write, or what its owner did after it."""
    oss = ModelOss("public-read-write", earlier="private", script=iter(script.split()))
    result = run(oss, allow="public-read")
    assert (result.outcome, result.acl_after, oss.acl) == (outcome, acl, acl)


def test_the_window_that_oss_leaves_is_that_of_a_ceiling() -> None:
    """Closed by its owner between our read and our write, it is opened to the ceiling: no further.

    OSS has no precondition. docs/outcomes.md, "What it cannot promise", says so.
    """
    oss = ModelOss("public-read-write", script=iter(["ok", "close"]))
    assert run(oss, allow="public-read").outcome == "repaired"
    assert oss.acl == "public-read"
