"""The verb that shows buckets from all sides, and what it reads of OSS."""

import json
import re
from datetime import datetime, timedelta, timezone
from typing import Any

import oss2
import pytest

from resource_repair.exemptions import Exemption
from scripts.localcloud import Fail
from scripts.localcloud.config.rules import Ignore
from scripts.verbs.status import VERB
from tests.account import Account
from tests.parts import EITHER, public_policy, without

TODAY = datetime.now(timezone.utc).date()


def answered(
    product: Account, capsys: pytest.CaptureFixture[str], *arguments: str, ends: int = 0, **who: Any
) -> dict[str, Any]:
    """The document of --json."""
    capsys.readouterr()
    assert product.run("status", "--json", *arguments, **who) == ends
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


def shown(
    product: Account, capsys: pytest.CaptureFixture[str], *arguments: str, ends: int = 0
) -> dict[str, Any]:
    """What is shown, by bucket, as JSON; all of it must be known."""
    document = answered(product, capsys, *arguments, ends=ends)
    assert document["not_read"] == []
    return {each["bucket"]: each for each in document["buckets"]}


@EITHER
def test_a_bucket_is_shown_from_all_sides(
    product: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each view is shown to whoever has the permissions that the help lists."""
    bucket = product.bucket("config-policy")
    bucket.create_bucket()
    bucket.put_bucket_policy(public_policy("config-policy"))
    bucket.put_bucket_acl("public-read")
    product.rest()

    assert product.run("status", "--bucket", "config-policy", may=VERB.permissions) == 1

    said = capsys.readouterr().out
    lines = dict(line.split("  ", 1) for line in said.splitlines()[1:])
    views = {name: text.strip() for name, text in lines.items()}
    assert views["bucket"] == "config-policy"
    assert views["region"] == "cn-shanghai"
    assert views["Cloud Config"].startswith("COMPLIANT, evaluated 20")
    assert views["ACL"] == "private"
    assert views["public by policy"] == "yes"
    assert views["Block Public Access"] == "off"
    assert views["exemption"] == "none"
    assert "but the bucket policy is public" in views["last audit line"]
    assert views["standing"] == "open"
    assert views["why"] == "public by its policy alone, which no rule about its ACL sees"
    assert views["what you do"] == "see to its policy, or switch Block Public Access on for it"


def test_the_last_audit_line_counts(product: Account, capsys: pytest.CaptureFixture[str]) -> None:
    """Of several audit lines about a bucket the last is shown, alone and in the table."""
    bucket = product.bucket("config-snapshot")
    bucket.create_bucket()
    for acl in ("public-read", "public-read-write"):
        bucket.put_bucket_acl(acl)
        product.rest()
    for arguments in ([], ["--bucket", "config-snapshot"]):
        line = shown(product, capsys, *arguments)["config-snapshot"]["last_audit_line"]
        assert (line["outcome"], line["acl_before"]) == ("repaired", "public-read-write")


def test_all_are_shown_the_worst_first(
    product: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """With --all each bucket with a result has a row, with all that is known: those open first."""
    acls = ["private", "public-read", "public-read", "public-read-write"]
    product.plant(**dict(zip(["one", "two", "three", "four"], acls, strict=True)))
    product.cloud.config.ignore(
        product.rule_id, ["three"], Ignore("on purpose", TODAY + timedelta(days=9))
    )

    assert product.run("status", "--all") == 1

    rows = [line.split() for line in capsys.readouterr().out.splitlines()[-4:]]
    assert [row[1] for row in rows] == ["four", "three", "two", "one"]
    assert [row[0] for row in rows] == ["open", "open", "open", "private"]
    assert [row[3] for row in rows] == ["NON_COMPLIANT,", "IGNORED", "NON_COMPLIANT,", "COMPLIANT,"]
    told = shown(product, capsys, ends=1)
    assert [each["acl"] for each in told.values()] == acls[::-1]
    assert told["three"]["result"]["ignored_until"] == (TODAY + timedelta(days=9)).isoformat()


def test_without_results_it_says_so(product: Account, capsys: pytest.CaptureFixture[str]) -> None:
    """An account without buckets is no problem."""
    assert product.run("status") == 0
    assert "the rule has evaluated no bucket yet" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("account", "bucket", "blocked_by", "says"),
    [
        (False, False, "nobody", "off"),
        (False, True, "bucket", "on"),
        (True, False, "account", "on for the account"),
        (True, True, "account", "on for the account"),
    ],
)
def test_block_public_access_is_the_bucket_s_or_the_account_s(
    product: Account,
    capsys: pytest.CaptureFixture[str],
    account: bool,
    bucket: bool,
    blocked_by: str,
    says: str,
) -> None:
    """It is told whose Block Public Access is on; while it is, no bucket can be opened."""
    product.plant(config_snapshot="private")
    product.cloud.oss.set_block_public_access("config-snapshot", blocked=bucket)
    product.cloud.oss.block_account(product.cloud.account_id, blocked=account)

    assert shown(product, capsys)["config-snapshot"]["blocked_by"] == blocked_by

    product.run("status", "--bucket", "config-snapshot")
    assert f"Block Public Access  {says}\n" in capsys.readouterr().out
    if account or bucket:
        with pytest.raises(oss2.exceptions.AccessDenied, match="public bucket acl is not allowed"):
            product.bucket("config-snapshot").put_bucket_acl("public-read")
    if account:
        with pytest.raises(oss2.exceptions.AccessDenied, match="public bucket acl is not allowed"):
            product.bucket("config-upload").create_bucket("public-read")


@pytest.mark.parametrize(
    ("days", "says"),
    [(9, "public-read until "), (0, "public-read until "), (-1, "public-read ended on ")],
)
def test_an_exemption_is_shown_with_its_end(
    product: Account, capsys: pytest.CaptureFixture[str], days: int, says: str
) -> None:
    """An exemption holds to the end of its last day; one that has ended is told as such."""
    product.plant(config_website="private")
    end = TODAY + timedelta(days=days)

    with product.live_exemptions(Exemption("config-website", "the site", "web-team", end)):
        told = shown(product, capsys)
        product.run("status", "--all")

    assert told["config-website"]["exemption"]["expires"] == end.isoformat()
    assert f"{says}{end} (web-team)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("acl", "tag", "says"),
    [
        ("public-read", "2", "public-read until {} (whoever tagged it)"),
        ("public-read", "9", "none"),  # too far ahead
        ("private", "2", "none"),  # it exempts from nothing
    ],
)
def test_an_exemption_by_tag_is_shown_where_tags_exempt(
    product: Account, capsys: pytest.CaptureFixture[str], acl: str, tag: str, says: str
) -> None:
    """Until when a tag lets an open bucket be so is told; one that is not honoured is none."""
    end = TODAY + timedelta(days=int(tag))
    product.plant(tagged=acl)
    product.tag("public-until", tagged=end.isoformat())

    assert product.run("status", "--bucket", "tagged") == int(acl != "private")
    assert "exemption            none\n" in capsys.readouterr().out
    with product.deployed_with(exemptTag="public-until", exemptTagDays="7"):
        ends = int(acl != "private" and says == "none")
        assert product.run("status", "--bucket", "tagged") == ends

    said = capsys.readouterr().out
    assert f"exemption            {says.format(end)}\n" in said


def test_exemptions_that_are_not_those_here_are_told(
    product: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """The live ones are shown, as after an undo that nobody committed; a line tells it."""
    product.plant(config_snapshot="private", config_website="private")
    end = TODAY + timedelta(days=9)
    with product.live_exemptions(Exemption("config-snapshot", "the site", "web-team", end)):
        assert product.run("status") == 0
        people = capsys.readouterr().out
        document = answered(product, capsys)

    says = "the live exemptions count, and differ from those in "
    (line,) = [line for line in people.splitlines() if line.startswith(says)]
    assert f"(only live: config-snapshot until {end}; only there: config-website until " in line
    held = {each["bucket"]: bool(each["exemption"]) for each in document["buckets"]}
    assert held == {"config-snapshot": True, "config-website": False}
    assert document["exemptions"] == {"deployed": True, "why": line}


def test_where_the_live_exemptions_cannot_be_read_those_here_are_shown(
    product: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Which these are is told, and that it is not known whether they are live."""
    product.plant(config_website="private")
    may = without(VERB.permissions, "fc:GetFunctionCode")
    document = answered(product, capsys, ends=1, may=may)
    assert document["exemptions"]["deployed"] is None
    assert "since the live ones were not read (fc:GetFunctionCode)" in document["exemptions"]["why"]
    assert document["buckets"][0]["exemption"]["owner"] == "web-team"


def test_the_deployed_exemptions_are_shown_without_a_word(
    product: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where the function has the exemptions that are here, there is nothing to say of them."""
    assert product.run("status", "--json") == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["exemptions"] == {"deployed": True, "why": ""}
    assert "exemptions" not in said.err


def test_without_a_function_no_exemption_is_deployed(
    product: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before the first deploy, and after the function was removed, that is told."""
    product.cloud.faults.add("fc:GetFunction", Fail(404, "FunctionNotFound"))
    exemptions = answered(product, capsys)["exemptions"]
    assert exemptions["deployed"] is False
    assert "is not deployed, so no exemption holds yet" in exemptions["why"]


def test_a_bucket_of_another_region_is_found(
    product: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """A bucket that no rule knows is asked about where OSS says that it is."""
    product.cloud.config.switch_rule(product.rule_id, active=False)
    product.cloud.oss.create("far-away", region="ap-southeast-1")
    product.rest()

    told = shown(product, capsys, "--bucket", "far-away")["far-away"]
    product.cloud.config.switch_rule(product.rule_id, active=True)

    assert (told["region"], told["acl"], told["result"]) == ("ap-southeast-1", "private", None)
    assert told["blocked_by"] == "nobody"


def test_a_bucket_that_is_not_there_is_a_problem(
    product: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is told that there is no such bucket, with exit code 1."""
    assert product.run("status", "--bucket", "nobody-s") == 1
    said = capsys.readouterr()
    assert "no such bucket" in said.out
    assert said.err == ""


@pytest.mark.parametrize(
    "operation", ["GetBucketPolicyStatus", "GetBucketPublicAccessBlock", "GetBucketTagging"]
)
def test_a_bucket_that_goes_away_while_it_is_read_is_gone(
    product: Account, capsys: pytest.CaptureFixture[str], operation: str
) -> None:
    """As OSS says so: nothing of it is left unread, nor open."""
    product.plant(leaving="public-read")
    product.cloud.faults.add(f"oss:{operation}", Fail(404, "NoSuchBucket"), subject="leaving")
    with product.deployed_with(exemptTag="public-until"):
        told = shown(product, capsys)["leaving"]
    assert (told["standing"], told["acl"], told["public_by_policy"]) == ("gone", None, None)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--bucket", "UPPER_bad/..x"), "is no bucket's name"),
        (("--bucket", ""), "--bucket '' says nothing"),
        *((("--days", days), "is no number") for days in ("nan", "inf", "1e9", "1e5")),
        (("--days", "-1"), "--days -1: say a number from 0"),
        *((("--days", days), "is no time to look back") for days in ("0", "999999")),
    ],
)
def test_what_nothing_can_be_found_by_is_used_wrongly(
    product: Account, capsys: pytest.CaptureFixture[str], arguments: tuple[str, str], says: str
) -> None:
    """A name that no bucket has, and a time that is none, are exit code 2 and a line."""
    assert product.run("status", *arguments) == 2
    line = capsys.readouterr().err
    assert says in line
    assert line.count("\n") == 1


def test_what_is_public_by_policy_alone_is_told_first(
    product: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """The rule does not see it: status tells it at the top, with what to do, until that is done."""
    product.plant(sound="private", leaky="private")
    product.open_by_policy("leaky")

    assert product.run("status") == 1
    said = capsys.readouterr().out.splitlines()[1:]
    assert [line.split()[0] for line in said[1:3]] == ["1", "1"]
    assert re.fullmatch(r"1 +open, and not exempt +leaky", said[1])
    assert re.fullmatch(
        r"1 +of these by policy alone: see to it, or to Block Public Access +leaky", said[2]
    )
    (row,) = [line for line in said if line.startswith("leaky")]
    assert "public by its policy alone, which no rule about its ACL sees" in row
    assert "see to its policy, or switch Block Public Access on for it" in row
    assert said[-1] == "left out: 1 in order; --all lists every one"
    counted = answered(product, capsys, ends=1)["totals"]
    assert (counted["buckets"], counted["public_by_policy"]) == (2, ["leaky"])

    product.cloud.oss.set_block_public_access("leaky", blocked=True)
    assert product.run("status") == 0
    assert "closed by Block Public Access alone" in capsys.readouterr().out


def test_what_is_open_though_its_last_line_says_settled_is_named(
    product: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Opened again after its repair, and overlooked by Cloud Config, it is named in the totals."""
    again = product.bucket("opened-again")
    again.create_bucket()
    again.put_bucket_acl("public-read")
    product.rest()
    product.deliver(on=False)
    again.put_bucket_acl("public-read")
    product.rest()

    assert product.run("status") == 1
    said = capsys.readouterr().out
    assert re.search(r"\n1 +of these settled by their last audit line +opened-again\n", said)
    assert "public-read, though its last audit line says repaired" in said
    assert "resource-repair sweep --bucket opened-again" in said


def test_many_buckets_stay_readable(product: Account, capsys: pytest.CaptureFixture[str]) -> None:
    """The worst 50 have a row, and the rest is counted; --all lists every one."""
    product.plant(**{f"open_{n:02}": "public-read" for n in range(52)}, one="private")
    assert product.run("status") == 1
    said = capsys.readouterr().out.splitlines()
    assert sum("resource-repair sweep --bucket open-" in line for line in said) == 50
    assert said[-1] == "left out: 2 more like these, 1 in order; --all lists every one"
    assert re.search("open-00, open-01, open-02, open-03, open-04 and 47 more$", said[2])
    assert product.run("status", "--all") == 1
    rows = capsys.readouterr().out.splitlines()
    assert sum(line.startswith(("open ", "private ")) for line in rows) == 53


def test_a_line_of_an_ignored_finding_hides_nothing(
    product: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """What came of a bucket's last own finding is shown, whatever was ignored after it."""
    lines = [{"outcome": "recreated", "bucket": "new"}, {"outcome": "ignored", "bucket": "new"}]
    product.plant(new="private")
    logs = product.spec.service.logs
    assert logs
    for line in lines:
        wire = {"message": json.dumps({"event": "resource_repair", **line})}
        product.cloud.log.write(logs.project, logs.logstore, [wire])
    for arguments in ([], ["--bucket", "new"]):
        told = shown(product, capsys, *arguments)["new"]
        assert (told["last_audit_line"]["outcome"], told["told"]) == ("recreated", "recreated")
