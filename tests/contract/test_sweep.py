"""The verb that closes what was open before, through the deployed function."""

import io
import json
import sys
from datetime import datetime, timezone
from typing import Any

import pytest

from resource_repair.notification import read
from scripts.account import findings
from scripts.decide.non_compliance_event import non_compliance_event
from scripts.localcloud import Drop, Fail
from scripts.localcloud.config.rules import Ignore
from scripts.verbs.sweep import VERB
from tests.account import Account
from tests.parts import EITHER, Terminal, without

DENIED = Fail(403, "AccessDenied")
NOW = datetime(2026, 5, 4, 3, 2, 1, tzinfo=timezone.utc)


@pytest.fixture
def open_buckets(product: Account) -> Account:
    """Buckets nobody was told of: open ones, a website, one with a domain, exempt and ignored."""
    product.plant(
        alpha="public-read",
        beta="public-read-write",
        domain="public-read",
        website="public-read-write",
        config_website="public-read",
        ignored="public-read",
    )
    product.deliver(on=False)  # each change has the bucket evaluated
    product.cloud.oss.set_website("website", "index.html")
    product.cloud.oss.bind_domain("domain", "www.example.com")
    product.rest()
    product.deliver(on=True)
    product.cloud.config.ignore(product.rule_id, ["ignored"], Ignore("on purpose", None))
    return product


def invoked(product: Account) -> int:
    """How many invocations were asked for."""
    return len(product.cloud.journal.entries("fc", "InvokeFunction"))


def answered(capsys: pytest.CaptureFixture[str]) -> Any:
    """The answered document."""
    return json.loads(capsys.readouterr().out)


@EITHER
def test_it_closes_what_is_open_and_nothing_else(
    open_buckets: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each open bucket is closed by an invocation of its own; exempt and ignored ones are left."""
    product = open_buckets
    before = product.started()
    asked = invoked(product)

    assert product.run("sweep", "--yes", "--json", may=VERB.permissions) == 0

    said = capsys.readouterr()
    document = json.loads(said.out)
    assert document["closes"] == 4
    # What hurts nobody first, of these the more open; then what is known to be missed.
    assert [(each["bucket"], each["outcome"]) for each in document["buckets"]] == [
        ("beta", "repaired"),
        ("alpha", "repaired"),
        ("website", "repaired"),
        ("domain", "repaired"),
    ]
    assert (document["exempt"], document["ignored"]) == (["config-website"], ["ignored"])
    told = {each["bucket"]: (each["website"], each["domains"]) for each in document["buckets"]}
    assert told["website"] == (True, [])
    assert told["domain"] == (False, ["www.example.com"])
    assert "this closes 4 buckets, 2 of which somebody may miss" in said.err
    assert product.acls() == {
        "alpha": "private",
        "beta": "private",
        "domain": "private",
        "website": "private",
        "config-website": "public-read",
        "ignored": "public-read",
    }
    assert invoked(product) == asked + 4
    assert product.started() == before
    product.rest()
    assert product.run("sweep") == 0
    assert "nothing to do" in capsys.readouterr().out


def test_the_function_gets_what_cloud_config_would_publish(product: Account) -> None:
    """The finding has the fields and values of Cloud Config's own message, but for its own ids."""
    product.plant(alpha="public-read")
    (result,) = findings.read(product.spec, product.clients)
    ours = json.loads(non_compliance_event(result, product.spec, "an-id"))
    theirs = json.loads(product.cloud.config.message(product.rule_id, "alpha"))
    varying = {"requestId", "notificationCreationTime", "evaluationResultIdentifier"}
    varying.add("invokingEventMessageType")
    assert set(ours) == set(theirs)
    assert {k: ours[k] for k in set(ours) - varying} == {k: theirs[k] for k in set(ours) - varying}
    assert ours["invokingEventMessageType"] == "Manual"
    # When it was found, not when it is sent: a bucket that was made since then is told.
    evaluated = round(result.evaluated_at.timestamp() * 1000)
    assert ours["notificationCreationTime"] == evaluated
    told, expected = (
        each["evaluationResultIdentifier"]["evaluationResultQualifier"] for each in (ours, theirs)
    )
    assert {**told, "captureTime": 0} == {**expected, "captureTime": 0}
    (item,) = read(json.dumps(ours).encode())
    assert (item.rule_id, item.resource_id) == (product.rule_id, "alpha")  # type: ignore[union-attr]


def test_a_limit_leaves_the_rest_for_the_next_run(
    open_buckets: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """With --limit 2 the two that hurt nobody are closed; that others are left is no success."""
    assert open_buckets.run("sweep", "--yes", "--limit", "2", "--json") == 1
    document = answered(capsys)
    assert document["closes"] == 2
    assert [each["bucket"] for each in document["buckets"]] == ["beta", "alpha"]
    assert document["later"] == ["website", "domain"]
    assert open_buckets.acls()["website"] == "public-read-write"


@pytest.mark.parametrize("parallel", [1, 3])
def test_too_many_failures_stop_it(
    product: Account, capsys: pytest.CaptureFixture[str], parallel: int
) -> None:
    """Once more fail than may, no further one is begun; those under way and the rest are told."""
    product.plant(**{f"bucket_{n}": "public-read" for n in range(9)})
    product.cloud.faults.add("oss:PutBucketAcl", DENIED, times=1000)
    before = invoked(product)

    options = ("--parallel", str(parallel), "--max-failures", "1")
    assert product.run("sweep", "--yes", "--json", *options) == 1

    said = capsys.readouterr()
    tried = invoked(product) - before
    assert 2 <= tried <= 1 + parallel
    document = json.loads(said.out)
    outcomes = [each["outcome"] for each in document["buckets"]]
    assert outcomes.count("denied") == tried
    assert outcomes.count(None) == 9 - tried
    assert "failed, which is more than --max-failures 1" in document["stopped"]
    assert f"{9 - tried} of 9 were not tried" in said.err
    assert set(product.acls().values()) == {"public-read"}


def test_what_only_asks_to_cool_down_is_no_failure(product: Account) -> None:
    """OSS's 409 for a bucket that somebody else changes just now: tried again, closed, exit 0."""
    product.plant(alpha="public-read")
    cool_down = Fail(409, "ConcurrentUpdateBucketFailed")
    product.cloud.faults.add("oss:PutBucketAcl", cool_down, times=2)
    assert product.run("sweep", "--yes") == 0
    assert product.acls() == {"alpha": "private"}


@pytest.mark.parametrize(
    ("options", "stdin", "ends", "says"),
    [
        (["--expect", "3"], io.StringIO(), 2, "4 buckets would be closed, and 3 were expected"),
        ([], io.StringIO("y\n"), 2, "nobody is here to be asked"),
        ([], Terminal("n\n"), 1, "nothing was started"),
        (["--limit", "0"], io.StringIO(), 2, "--limit 0"),
        (["--parallel", "1000"], io.StringIO(), 2, "--parallel 1000"),
        (["--due", "--grace", "inf"], io.StringIO(), 2, "--grace inf"),
        (["--due", "--days", "nan"], io.StringIO(), 2, "--days nan"),
        (["--bucket", "No_Bucket"], io.StringIO(), 2, "is no bucket's name"),
        (["--bucket", "elsewhere"], io.StringIO(), 1, "has not evaluated elsewhere"),
        (["--dry-run"], io.StringIO(), 0, "this closes 4 buckets"),
    ],
)
def test_nothing_is_closed_by_a_slip(
    open_buckets: Account,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    stdin: io.StringIO,
    ends: int,
    says: str,
) -> None:
    """A wrong number, a no, nobody to ask, or names that cannot be meant: nothing is invoked."""
    before = invoked(open_buckets)
    monkeypatch.setattr(sys, "stdin", stdin)
    assert open_buckets.run("sweep", *options) == ends
    said = capsys.readouterr()
    assert says in said.out + said.err
    assert invoked(open_buckets) == before


def test_the_right_number_or_a_yes_closes_them(
    open_buckets: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """--expect with the number asks nobody; at a terminal a yes is enough; a name narrows it."""
    product = open_buckets
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    assert product.run("sweep", "--bucket", "domain", "--bucket", "alpha", "--expect", "2") == 0
    assert {name for name, acl in product.acls().items() if acl == "private"} == {"alpha", "domain"}
    product.rest()
    monkeypatch.setattr(sys, "stdin", Terminal("y\n"))
    assert product.run("sweep") == 0
    assert product.acls()["website"] == "private"


def test_a_function_changed_meanwhile_stops_it(
    product: Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A plan made while the function only reported is not carried out when it enforces."""
    product.plant(alpha="public-read")
    with product.deployed_with(repairMode="report"):
        declared = product.deployed_with()

        class Slow(Terminal):
            def readline(self, size: int | None = -1) -> str:
                with declared:
                    pass  # it is deployed as declared again: in mode enforce
                return super().readline(size or -1)

        monkeypatch.setattr(sys, "stdin", Slow("y\n"))
        assert product.run("sweep") == 1
    said = capsys.readouterr()
    assert "this closes 0 buckets" in said.out
    assert "runs in mode enforce by now, so nothing more was begun" in said.err
    assert product.acls() == {"alpha": "public-read"}


def test_a_sweep_that_closes_nothing_is_no_success_and_looking_is(
    product: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """In mode report or a pause: who asks to close must not miss it; who only looks is told."""
    product.plant(alpha="public-read")
    with product.deployed_with(repairMode="report"):
        assert product.run("sweep", "--dry-run") == 0
        looked = capsys.readouterr().out
        assert product.run("sweep", "--yes", "--json") == 1
        said = capsys.readouterr()
        product.cloud.clock.advance(2)  # by then the log is searched
        assert product.run("sweep", "--due", "--yes") == 0  # nothing is due, and so nothing asked
        due = capsys.readouterr().out
    assert "1 bucket stays open, as the function runs in mode report" in said.err
    assert "settled" not in said.err
    document = json.loads(said.out)
    assert (document["closes"], document["mode"]) == (0, "report")
    assert [each["outcome"] for each in document["buckets"]] == ["would_repair"]
    assert "this closes 0 buckets, as the function runs in mode report" in looked
    assert "nothing to do: no bucket is due, as the function runs in mode report" in due
    assert product.run("pause") == 0
    assert product.run("sweep", "--yes") == 1
    assert "1 bucket stays open, as the function is paused" in capsys.readouterr().out
    assert product.acls() == {"alpha": "public-read"}


def test_what_is_closed_or_gone_by_now_is_no_failure(
    product: Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Cloud Config is late: a bucket closed or deleted since is told as what it is."""
    product.plant(closed="public-read", gone="public-read")
    noticing = product.cloud.oss.on_change
    monkeypatch.setattr(product.cloud.oss, "on_change", [])
    product.cloud.oss.set_acl("closed", "private")
    product.cloud.oss.delete("gone")
    assert product.run("sweep", "--yes", "--json") == 0
    document = answered(capsys)
    assert document["closes"] == 0
    found = {each["bucket"]: (each["expected"], each["outcome"]) for each in document["buckets"]}
    assert found == {"closed": ("already_private", "already_private"), "gone": ("gone", "gone")}
    assert "gone" not in product.acls()
    for notice in noticing:  # Cloud Config comes to know
        notice("gone")


def test_an_answer_that_was_lost_is_not_known(
    product: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without an answer nobody knows: that bucket is told as not settled, exit code 1."""
    product.plant(alpha="public-read")
    product.cloud.faults.add("fc:InvokeFunction", Drop())
    assert product.run("sweep", "--yes", "--json") == 1
    (bucket,) = answered(capsys)["buckets"]
    assert (bucket["outcome"], bucket["settled"]) == ("not known", False)
    assert "no answer came" in bucket["reason"]


def test_throttling_is_waited_for(product: Account) -> None:
    """An invocation that is throttled is asked for again."""
    product.plant(alpha="public-read")
    product.cloud.faults.add("fc:InvokeFunction", Fail(429, "ResourceThrottled"), times=2)
    assert product.run("sweep", "--yes") == 0
    assert product.acls() == {"alpha": "private"}


def test_findings_of_a_rule_that_is_not_deployed_are_not_sent(
    product: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """The function would ignore them, and the sweep would seem to have done its work."""
    product.plant(alpha="public-read")
    before = invoked(product)
    with product.deployed_with(prepareRuleId="cr-another"):
        assert product.run("sweep", "--yes") == 1
    assert "is not deployed for rule" in capsys.readouterr().err
    assert invoked(product) == before


@pytest.mark.parametrize("action", ["oss:GetBucketWebsite", "oss:ListCname"])
def test_what_may_not_be_read_is_told_and_comes_last(
    open_buckets: Account, capsys: pytest.CaptureFixture[str], action: str
) -> None:
    """The missing statement is told, the buckets are closed as agreed, and the exit code is 1."""
    may = without(VERB.permissions, action)
    assert open_buckets.run("sweep", "--yes", may=may) == 1
    said = capsys.readouterr()
    assert f'"Action": "{action}"' in said.out
    assert "not all read" in said.out
    assert open_buckets.acls()["alpha"] == "private"


def test_a_missing_permission_to_invoke_stops_at_once(
    product: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who may not invoke is told the statement, and no further invocation is tried."""
    product.plant(**{f"bucket_{n}": "public-read" for n in range(4)})
    may = without(VERB.permissions, "fc:InvokeFunction")
    assert product.run("sweep", "--yes", "--parallel", "1", "--json", may=may) == 1
    said = capsys.readouterr()
    document = json.loads(said.out)
    assert document["stopped"] == "a permission is missing"
    assert [each["outcome"] for each in document["buckets"]].count(None) == 3
    assert '"Action": "fc:InvokeFunction"' in said.err
