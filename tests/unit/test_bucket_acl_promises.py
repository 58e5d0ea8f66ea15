"""What is said of a bucket is true: each test is a promise that was broken once."""

import time
from datetime import datetime, timezone
from pathlib import Path

import pytest

from resource_repair import exemptions, settings
from resource_repair.remediations import bucket_acl
from resource_repair.repair import STALE_SECONDS
from resource_repair.settings import ExemptTag
from resource_repair.timing import Deadline
from resource_repair.values import Credentials, Invocation, Outcome
from tests.unit.model_oss import ACCOUNT, HOME, NOW, ModelOss
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


@pytest.mark.parametrize("acl", ["private", "public-read"])
@pytest.mark.parametrize(
    ("after", "told"),
    [
        (-1, False),  # made before Cloud Config told of it
        (0, False),  # in the same second: OSS tells no more than seconds
        (1, True),
        (600, True),  # a clock that is ahead of ours tells as well
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
        assert result.reason.startswith("the bucket is younger than its finding, perhaps by this")


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


@pytest.mark.parametrize(("word", "outcome"), [("theirs", "theirs"), ("disabled", "disabled")])
@pytest.mark.parametrize("at", [0, 1, 2])
def test_what_no_retry_cures_is_told(word: str, outcome: str, at: int) -> None:
    """Another owner and arrears end at once, wherever they are met."""
    assert run(ModelOss(script=iter(["ok"] * at + [word]))).outcome == outcome


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


def test_the_window_that_oss_leaves_is_that_of_a_ceiling() -> None:
    """Closed by its owner between our read and our write, it is opened to the ceiling: no further.

    OSS has no precondition. README, "What it cannot promise", says so.
    """
    oss = ModelOss("public-read-write", script=iter(["ok", "close"]))
    assert run(oss, allow="public-read").outcome == "repaired"
    assert oss.acl == "public-read"


def test_what_is_given_up_asks_no_other_region() -> None:
    """A repair that another thread gives up, just as it moves on, has no bucket to write to."""
    oss = ModelOss(region="cn-beijing")
    repair = begun(oss)
    opened = oss.bucket

    def given_up_meanwhile(name: str, region: str) -> object:
        bucket = opened(name, region)
        repair.give_up("deadline")
        return bucket

    repair._means = repair._means._replace(open_bucket=given_up_meanwhile)  # type: ignore[arg-type]
    repair.step()
    assert [request.region for request in oss.log] == [HOME]


def test_tags_that_cannot_be_read_leave_the_bucket() -> None:
    """They may hold an exemption: denied or failed, by why, and nothing is written."""
    tag = ExemptTag("public-until", 7)
    for word, outcome in (("denied", "denied"), ("refused", "failed")):
        oss = ModelOss(script=iter(["ok", word]))
        result = run(oss, tag=tag)
        assert (result.outcome, result.reason) == (outcome, f"tags_unreadable: {word}")
        assert not oss.writes()


def test_tags_stand_before_a_fresh_read() -> None:
    """Asking for them stands between read and write, so that the bucket is read once more."""
    oss = ModelOss()
    assert run(oss, tag=ExemptTag("public-until", 7)).outcome == "repaired"
    assert operations(oss) == ["read", "tags", "read", "write", "read", "policy"]


@pytest.mark.parametrize(
    ("own", "asked"), [(HOME, HOME), (f"oss-{HOME}", HOME), ("", ""), ("?", "")]
)
def test_home_is_the_region_of_the_invocation(
    own: str, asked: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As the function is set up, a region without a host is asked where the function runs; where
    that is not known, nobody else is asked.
    """
    oss = ModelOss(unresolved=frozenset(["cn-nowhere"]))
    monkeypatch.setattr(bucket_acl, "Oss", lambda *_: oss)
    monkeypatch.setattr(exemptions, "COMPILED", tmp_path / "exemptions.json")
    exemptions.COMPILED.write_text('{"exemptions": []}')
    invocation = Invocation("request-1", ACCOUNT, own, 60, Credentials("id", "secret", ""))
    config = settings.load({"prepareRuleId": FINDING.rule_id})
    begin = bucket_acl.prepare(config, invocation, Deadline(oss.clock(), 60))
    begin(FINDING._replace(region="cn-nowhere")).step()
    assert {request.region for request in oss.log} - {"cn-nowhere"} == ({asked} if asked else set())


def test_what_never_began_is_given_up_all_the_same() -> None:
    """One of a batch that was too large for its invocation: failed, and nothing was asked."""
    oss = ModelOss()
    given_up = begun(oss).give_up("deadline")
    assert (given_up.outcome, given_up.reason) == ("failed", "deadline")
    assert (given_up.acl_before, given_up.acl_after, given_up.oss_request_id) == (None, None, "")
    assert (given_up.region, given_up.duration_ms) == (HOME, 0)
    assert not oss.log


def test_what_is_given_up_sends_no_more() -> None:
    """Whoever still goes on with it, now that its invocation has ended."""
    oss = ModelOss(script=iter(["ok", "transient"]))
    repair = begun(oss)
    assert isinstance(repair.step(), float)
    repair.give_up("deadline")
    asked = len(oss.log)
    assert isinstance(repair.step(), float)
    assert len(oss.log) == asked


def test_the_record_says_how_long_it_took() -> None:
    """In milliseconds, from the first step to the end."""
    oss = ModelOss()
    oss.now = 5.0
    assert run(oss).duration_ms in (39, 40)  # four requests, each of a hundredth of a second
    assert 3000 < run(ModelOss("private")).duration_ms < 3100


@pytest.mark.parametrize(
    ("script", "asked"),
    [
        (["ok", "ok", "transient"], ["read", "write", "read", "read", "policy"]),
        (["ok", "refused"], ["read", "write"]),
        (["ok", "denied"], ["read", "write", "read"]),
        (["ok", "replaced"], ["read", "write", "read", "read", "policy"]),
    ],
)
def test_nothing_is_asked_that_decides_nothing(script: list[str], asked: list[str]) -> None:
    """What was acknowledged is not written again; nor is a refusal looked at that is plain."""
    oss = ModelOss(script=iter(script))
    assert run(oss).acl_before == "public-read"  # of the first bucket, whatever came after it
    assert operations(oss) == asked


@pytest.mark.parametrize(
    ("blocked", "outcome"), [(False, "exposed"), (True, "recreated"), (None, "exposed")]
)
def test_what_was_made_again_and_is_exposed_says_both(blocked: bool | None, outcome: str) -> None:
    """A policy that lets the public in is worse than a bucket too many; one overruled is not."""
    result = run(ModelOss(script=iter(["ok", "replaced"]), policy=True, blocked=blocked))
    assert result.outcome == outcome
    assert "deleted and made again while it was repaired, perhaps by this" in result.reason
    assert "the bucket policy is public" in result.reason


@pytest.mark.parametrize("acl", ["public-read", None])
def test_no_connection_is_left_open(acl: str | None) -> None:
    """Neither that of the region where the bucket was not, nor the last."""
    oss = ModelOss(acl, region="cn-beijing", unresolved=frozenset(["cn-nowhere"]))
    run(oss, region="cn-nowhere")
    assert len(oss.opened) == (3 if acl else 2)
    assert all(bucket.closed for bucket in oss.opened)


def test_trouble_that_is_none_of_the_name_server_s_sends_nobody_home() -> None:
    """A region that throttles is asked again, and no other."""
    oss = ModelOss(region="cn-beijing", script=iter(["transient"]))
    assert run(oss, region="cn-beijing").outcome == "repaired"
    assert {request.region for request in oss.log} == {"cn-beijing"}


@pytest.mark.parametrize("home", [HOME, ""])
def test_a_hiccup_where_there_is_no_other_home_leaves_the_proof_as_good(home: str) -> None:
    """The region that was to be asked has answered in the end: what it does not know is gone."""
    oss = ModelOss(None, script=iter(["unresolved"]))
    assert run(oss, home=home).outcome == "gone"
    assert len(oss.opened) == 1


@pytest.mark.parametrize("home", ["cn-beijing", "cn-nowhere"])
def test_where_neither_has_a_host_each_is_asked(home: str) -> None:
    """Once sent home, nobody goes back and forth: home is asked until the time is up."""
    unresolved = frozenset(["cn-beijing", "cn-nowhere"])
    oss = ModelOss(unresolved=unresolved)
    assert run(oss, region="cn-nowhere", home=home).outcome == "failed"
    assert [bucket.closed for bucket in oss.opened] == [True] * len({home, "cn-nowhere"})
