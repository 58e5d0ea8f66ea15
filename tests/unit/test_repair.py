"""The frame of every repair: which regions are asked, what is given up, what the record says."""

from pathlib import Path

import pytest

from resource_repair import exemptions, prepare, settings
from resource_repair.oss import Bucket
from resource_repair.settings import ExemptTag
from resource_repair.timing import Deadline
from resource_repair.values import Credentials, Invocation
from tests.unit.model_oss import ACCOUNT, HOME, ModelOss
from tests.unit.test_bucket_acl import FINDING, begun, operations, regions, run


def test_what_is_given_up_asks_no_other_region() -> None:
    """A repair that another thread gives up, just as it moves on, has no bucket to ask any more."""
    oss = ModelOss(region="cn-beijing")
    repair = begun(oss)
    opened = oss.bucket

    def given_up_meanwhile(name: str, region: str) -> Bucket:
        bucket = opened(name, region)
        repair.give_up("deadline")
        return bucket

    repair._means = repair._means._replace(open_bucket=given_up_meanwhile)
    repair.step()
    assert regions(oss) == [HOME]


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
    monkeypatch.setattr(prepare, "Oss", lambda *_: oss)
    monkeypatch.setattr(exemptions, "COMPILED", tmp_path / "exemptions.json")
    exemptions.COMPILED.write_text('{"exemptions": []}')
    invocation = Invocation("request-1", ACCOUNT, own, 60, Credentials("id", "secret", ""))
    config = settings.load({"prepareRuleId": FINDING.rule_id})
    begin = prepare.prepare(config, invocation, Deadline(oss.clock(), 60))
    begin(FINDING._replace(region="cn-nowhere", remediation="acl")).step()
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
