"""Block Public Access as a way of closing, from Cloud Config's finding to its proof and undo."""

from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import pytest

from resource_repair.exemptions import Exemption
from scripts.declared import Generation
from scripts.localcloud import Drop, Fail, Lag
from tests.account import Account, Moments
from tests.e2e import scene
from tests.parts import edit, public_policy, ways

WHY = ("--reason", "the site", "--owner", "web", "--expires")
LOOK = ["GetBucketInfo", "GetBucketWebsite", "ListCname", "GetBucketInfo"]


def deployed(moments: Moments, folder: Path, mode: str = "enforce", **said: str) -> Account:
    """The product closing by these ways, under the least role, as s.yaml brings it."""
    product = moments.deployed(folder, bundle=True, least=True)
    edit(product.path, "  mode: enforce", f"  mode: {mode}")
    ways(product.path, **said)
    assert product.run("provision", "--yes") == 0
    product.deploy()
    product.rest()
    return product


def line_of(product: Account, bucket: str) -> tuple[str, str | None, str | None, str]:
    """Of the line that tells of a change, or else of its last: outcome, before, after, reason.

    A change of the bucket is evaluated, too, and may bring another finding meanwhile.
    """
    lines = [each for each in product.audit() if each.bucket == bucket]
    line = next(
        (each for each in lines if "not" in str(each.before) and each.change != each.before),
        lines[-1],
    )
    return line.outcome, line.before, line.after, line.reason


@pytest.mark.parametrize(
    ("close", "acl", "after"),
    [("both", "private", "private, blocked"), ("block", "public-read", "public-read, blocked")],
)
def test_an_open_bucket_is_blocked_from_its_finding_on(
    moments: Moments, tmp_path: Path, close: str, acl: str, after: str
) -> None:
    """Its ACL is set as well, or left; then it is open to nobody, and nothing is due or told."""
    product = deployed(moments, tmp_path, close=close)
    product.cloud.oss.create("config-open", acl="public-read")
    product.rest()
    bucket = product.cloud.oss.bucket("config-open")
    assert (bucket.acl, bucket.block_public_access) == (acl, True)
    assert line_of(product, "config-open")[:3] == ("repaired", "public-read, not blocked", after)
    # What comes then, another finding's invocation may come between.
    asked = scene.calls(product, "config-open")
    assert asked[: len(LOOK) + 1] == [*LOOK, "PutBucketPublicAccessBlock"]
    assert ("PutBucketAcl" in asked) is (close == "both")
    assert product.run("status") == 0
    assert product.run("verify", "--loop") == 0
    assert product.run("sweep", "--due", "--yes", "--grace", "0") == 0


def exempt(bucket: str, until: date, *of: str) -> Exemption:
    """One that people have reviewed."""
    return Exemption(bucket, "a site", "web", until, of=of)


def test_what_serves_somebody_is_closed_by_its_acl_and_told_why(
    moments: Moments, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever is exempt from anything, or was lately, a site, a bound domain, a bucket of logs."""
    product = deployed(moments, tmp_path, close="both")
    today, oss = datetime.now(timezone.utc).date(), product.cloud.oss
    why = {
        "config-site": "it has a website",
        "config-domain": "it has a bound domain",
        "config-logs": "neverBlock has *-logs",
        "config-plain": "it is exempt, or was: a site (web, until",
        "config-late": "it is exempt, or was: a site (web, until",
    }
    product.plant(**{name.replace("-", "_"): "public-read" for name in (*why, "config-open")})
    oss.set_website("config-site", "index.html")
    oss.bind_domain("config-domain", "www.example.com")
    lately = exempt("config-late", today - timedelta(days=7))
    with product.live_exemptions(exempt("config-plain", today, "encryption"), lately):
        assert product.run("sweep", "--yes") == 0
    assert capsys.readouterr().out.count("repaired, by Block Public Access") == 1
    assert {name for name in oss.names() if oss.bucket(name).block_public_access} == {"config-open"}
    assert {oss.bucket(name).acl for name in oss.names()} == {"private"}
    for name, words in why.items():
        outcome, before, after, reason = line_of(product, name)
        assert (outcome, before, after) == (
            "repaired",
            "public-read, not blocked",
            "private, not blocked",
        )
        assert reason.startswith(f"set to private and read back; not blocked, since {words}")


def test_what_was_exposed_is_repaired_where_the_policy_is_blocked(
    moments: Moments, tmp_path: Path
) -> None:
    """But for a site, which is told as before, and with why."""
    product = deployed(moments, tmp_path, policyPublic="block")
    oss = product.cloud.oss
    product.plant(config_policy="public-read", config_site="public-read", config_open="public-read")
    for name in ("config-policy", "config-site"):
        oss.set_policy(name, public_policy(name))
    oss.set_website("config-site", "index.html")
    assert product.run("sweep", "--yes") == 1  # one is told
    assert {name for name in oss.names() if oss.bucket(name).block_public_access} == {
        "config-policy"
    }
    assert line_of(product, "config-open")[:3] == (
        "repaired",
        "public-read, not blocked",
        "private, not blocked",
    )
    assert line_of(product, "config-policy") == (
        "repaired",
        "public-read, not blocked",
        "private, blocked",
        "Block Public Access is on, and the ACL private: read back",
    )
    outcome, _, after, reason = line_of(product, "config-site")
    assert (outcome, after) == ("exposed", "private, not blocked")
    assert "not blocked, since it has a website; but the bucket policy is public" in reason
    assert oss.bucket("config-policy").policy


def test_in_report_mode_a_bucket_is_not_touched(moments: Moments, tmp_path: Path) -> None:
    """It is said what would be done."""
    product = deployed(moments, tmp_path, mode="report", close="both")
    product.cloud.oss.create("config-open", acl="public-read")
    product.rest()
    bucket = product.cloud.oss.bucket("config-open")
    assert (bucket.acl, bucket.block_public_access) == ("public-read", False)
    outcome, before, after, reason = line_of(product, "config-open")
    assert (outcome, before, after) == ("would_repair", "public-read, not blocked", before)
    assert reason == "report mode: would switch on Block Public Access, and set private"


def test_what_passes_leaves_nothing_unblocked(moments: Moments, tmp_path: Path) -> None:
    """Late read-backs, throttling, a lost answer: overcome in one invocation, and told as done."""
    product = deployed(moments, tmp_path, close="both")
    faults: list[tuple[str, Drop | Fail | Lag]] = [
        ("oss:PutBucketPublicAccessBlock", Lag(reads=3)),
        ("oss:PutBucketPublicAccessBlock", Fail(503, "ServiceUnavailable")),
        ("oss:PutBucketPublicAccessBlock", Drop()),
        ("oss:GetBucketWebsite", Fail(500, "InternalError")),
    ]
    for n, (operation, fault) in enumerate(faults):
        product.cloud.faults.add(operation, fault, subject=f"config-{n}")
        product.cloud.oss.create(f"config-{n}", acl="public-read")
    product.rest()
    for n in range(len(faults)):
        assert line_of(product, f"config-{n}")[:3] == (
            "repaired",
            "public-read, not blocked",
            "private, blocked",
        )


@pytest.mark.parametrize("generation", [Generation.FC2], indirect=True, ids=str)
@pytest.mark.parametrize(
    ("said", "policy", "acl"),
    [
        ({"close": "both"}, False, "public-read"),
        ({"close": "block"}, False, "public-read"),
        ({"policyPublic": "block"}, True, "private"),
    ],
    ids=["both", "block", "policy"],
)
def test_an_undo_lifts_what_the_function_set_and_it_stays_lifted(
    moments: Moments, tmp_path: Path, said: dict[str, str], policy: bool, acl: str
) -> None:
    """The exemption comes first; the bucket is open to whom it was open."""
    product = deployed(moments, tmp_path, **said)
    oss = product.cloud.oss
    product.plant(config_open="public-read")
    if policy:
        oss.set_policy("config-open", public_policy("config-open"))
        oss.set_acl("config-open", "private")
        product.cloud.config.rule_tests = "acl_and_policy"
    product.run("sweep", "--yes")
    product.rest()
    assert oss.bucket("config-open").block_public_access
    expires = datetime.now(timezone.utc).date() + timedelta(days=30)
    arguments = ("--bucket", "config-open", *WHY, str(expires), "--yes", "--watch", "0")
    assert product.run("undo", *arguments) == 0
    bucket = oss.bucket("config-open")
    assert (bucket.acl, bucket.block_public_access) == (acl, False)
    product.run("evaluate", "--yes")
    product.rest()
    assert not oss.bucket("config-open").block_public_access


def test_an_undo_lifts_no_block_of_others(moments: Moments, tmp_path: Path) -> None:
    """Neither the account's, nor one that the owner set after the function's was lifted."""
    product = deployed(moments, tmp_path, close="both")
    oss = product.cloud.oss
    product.plant(config_open="public-read", config_theirs="public-read")
    oss.set_block_public_access("config-theirs", True)
    assert product.run("sweep", "--yes") == 0
    expires = datetime.now(timezone.utc).date() + timedelta(days=30)
    for name in ("config-theirs", "config-open"):
        arguments = ("--bucket", name, *WHY, str(expires), "--yes", "--watch", "0")
        assert product.run("undo", *arguments) == 1
        assert oss.bucket(name).block_public_access
        oss.block_account(product.cloud.account_id, blocked=True)
