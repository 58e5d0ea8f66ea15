"""Block Public Access as a way of closing: by which settings, of which buckets, and how it ends."""

from datetime import date
from typing import Any

import pytest

from resource_repair.judge import judge
from resource_repair.remediations import block, named
from resource_repair.remediations.frame import Remediation
from resource_repair.settings import NEVER_BLOCK, Ways, load
from resource_repair.values import Outcome
from tests.unit.model_oss import NAME
from tests.unit.tables import LATE, Row
from tests.unit.test_judge import FINDING, INVOCATION, RULE

NEVER = tuple(NEVER_BLOCK.split(","))
BLOCK, BOTH = Ways("block", False, NEVER), Ways("both", False, NEVER)
POLICY, ALL = Ways("acl", True, NEVER), Ways("both", True, NEVER)
WAYS = {"block": BLOCK, "both": BOTH, "policy": POLICY, "all": ALL}

PR, PRIVATE = {"acl": "public-read"}, {"acl": "private"}
PUBLIC = {"acl": "private", "policy": True}
OPEN, BLOCKED = "public-read, not blocked", "public-read, blocked"
CLOSED, HELD = "private, not blocked", "private, blocked"
DONE = "Block Public Access is on, and the ACL private: read back"
ALONE = "Block Public Access is on, and the ACL public-read: read back"
WOULD = "report mode: would set private"
BY_ACL = "set to private and read back; not blocked, since "
_ASK = ("read", "website", "domain")
_SET = ("read", "write", "read")

# What may not be blocked, with why; each is closed by its ACL, or told as exposed.
LATELY, LONG_AGO = date(2027, 1, 8), date(2027, 1, 7)  # ended, a week ago and longer
NEVER_BLOCKED: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"website": True}, {}, "it has a website"),
    ({"website": "denied"}, {}, "it may have a website: denied"),
    ({"website": "unsupported"}, {}, "it may have a website: unsupported"),
    ({"domain": True}, {}, "it has a bound domain"),
    ({"domain": "refused"}, {}, "it may have a bound domain: refused"),
    ({}, {"allow": "public-read", "of": ("encryption",)}, "it is exempt, or was: a site (web,"),
    ({}, {"allow": "public-read", "until": LATELY}, "it is exempt, or was: a site (web, until"),
    ({"tags": {"exempt-until": "2027-01-08"}}, {}, "it is exempt, or was: its tag exempt-until"),
    ({"tags": {"exempt-until": "soon"}}, {}, "it is exempt, or was: its tag exempt-until"),
    ({"blocked": None}, {}, "OSS does not tell of it"),
]

TABLES = {
    "block": [
        Row(PR, "repaired", BLOCKED, reason=ALONE, asked=(*_ASK, *_SET, "policy")),
        Row(PR, "would_repair", OPEN, mode="report", reason="report mode: would switch on Block"),
        Row({**PR, "policy": True}, "repaired", BLOCKED),
        Row({**PR, "policy": "denied"}, "repaired", BLOCKED),
        Row({**PR, "blocked": True}, "blocked", BLOCKED, asked=("read", "read", "policy")),
        Row({**PR, "blocked": True}, "blocked", BLOCKED, mode="report"),
        Row(PR, "repaired", BLOCKED, (*("ok",) * 5, "lag", "lag"), reason=ALONE),
        Row(PR, "failed", BLOCKED, (*("ok",) * 5, *LATE), reason="not_verified"),
        Row(PR, "repaired", BLOCKED, (*("ok",) * 4, "applied"), reason=ALONE),
        Row(PR, "repaired", BLOCKED, (*("ok",) * 4, "transient"), reason=ALONE),
        Row(PR, "repaired", BLOCKED, ("ok", "transient", "ok", "transient"), reason=ALONE),
        Row(PR, "denied", OPEN, (*("ok",) * 4, "denied")),
        Row(PR, "gone", None, (*("ok",) * 4, "delete")),
        Row(PR, "already_private", CLOSED, (*("ok",) * 3, "close"), reason="private at two looks"),
        # A bucket that is private stays as it is.
        Row(PRIVATE, "already_private", CLOSED, asked=("read", "read", "policy")),
        Row(PUBLIC, "exposed", CLOSED),
    ],
    "both": [
        Row(PR, "repaired", HELD, reason=DONE, asked=(*_ASK, *_SET, *_SET, "policy")),
        Row({"acl": "public-read-write"}, "repaired", HELD, reason=DONE),
        Row(PR, "would_repair", OPEN, mode="report", reason="report mode: would switch on Block"),
        Row({**PR, "policy": True}, "repaired", HELD, reason=DONE),
        Row({**PR, "blocked": True}, "repaired", HELD, reason=DONE, asked=(*_SET, "policy")),
        Row(PR, "repaired", HELD, (*("ok",) * 5, "lag", "ok", "ok", "lag"), reason=DONE),
        Row(PR, "failed", BLOCKED, (*("ok",) * 5, *LATE), reason="not_verified"),
        Row(PR, "failed", HELD, (*("ok",) * 8, *LATE), reason="not_verified"),
        Row(PR, "repaired", HELD, (*("ok",) * 4, "applied"), reason=DONE),
        Row(PR, "denied", BLOCKED, (*("ok",) * 7, "denied")),  # which another run goes on from
        Row(PR, "repaired", HELD, (*("ok",) * 8, "lift", "block"), reason=DONE),
        Row(PR, "recreated", HELD, (*("ok",) * 5, "recreate")),
        Row(PRIVATE, "already_private", CLOSED),
        Row(PUBLIC, "exposed", CLOSED, asked=("read", "read", "policy", "account")),
    ],
    "policy": [
        Row(PR, "repaired", CLOSED, reason="set to private", asked=(*_SET, "policy")),
        Row(PRIVATE, "already_private", CLOSED, asked=("read", "read", "policy")),
        Row(
            PUBLIC,
            "repaired",
            HELD,
            reason=DONE,
            asked=(
                "read",
                "read",
                "policy",
                "account",
                "read",
                "policy",
                *_ASK[1:],
                *_SET,
                "policy",
            ),
        ),
        Row({**PR, "policy": True}, "repaired", HELD, reason=DONE),
        Row(PUBLIC, "would_repair", CLOSED, mode="report", reason="report mode: would switch on"),
        Row(
            PR, "would_repair", OPEN, mode="report", reason=f"{WOULD}, and switch on Block Public "
        ),
        Row(
            {"acl": "public-read-write"},
            "would_repair",
            "public-read-write, not blocked",
            mode="report",
            allow="public-read",
            reason="report mode: would set public-read",
        ),
        Row({**PUBLIC, "blocked": True}, "blocked", HELD),
        Row({**PUBLIC, "account_blocked": True}, "blocked", CLOSED),
        Row({**PUBLIC, "account_blocked": "denied"}, "repaired", HELD),
        Row({**PRIVATE, "policy": "denied"}, "unproven", CLOSED),
        Row({**PUBLIC, "website": "transient"}, "failed", CLOSED),  # to be tried again
        Row(PUBLIC, "exempt", CLOSED, allow="public-read"),
        Row(PUBLIC, "failed", HELD, (*("ok",) * 10, *LATE), reason="not_verified"),
        Row(PUBLIC, "blocked", HELD, (*("ok",) * 4, "block"), reason="Block Public Access is on"),
        Row({**PUBLIC, "tags": {}}, "exposed", CLOSED, (*("ok",) * 5, "denied"), reason="already_"),
    ],
    "all": [
        Row({**PR, "policy": True}, "repaired", HELD, reason=DONE),
        Row({**PRIVATE, "policy": True}, "repaired", HELD, reason=DONE),
        Row({**PR, "tags": {}}, "denied", OPEN, ("ok", "denied"), reason="tags_unreadable"),
        Row(PR, "exempt", OPEN, allow="public-read"),
        Row(PR, "repaired", HELD, allow="public-read", until=LONG_AGO, reason=DONE),
        Row({**PR, "tags": {"exempt-until": "2027-01-07"}}, "repaired", HELD, reason=DONE),
        Row({**PR, "tags": {"exempt-until": "2027-01-15"}}, "exempt", OPEN),
        Row(PR, "failed", HELD, (*("ok",) * 8, *LATE), reason="not_verified"),
        Row({**PR, "policy": True, "website": True}, "exposed", CLOSED, reason="repaired: set to"),
    ],
}
for way in ("block", "both", "all"):
    TABLES[way] += [
        Row({**PR, **there}, "repaired", "private" if "blocked" in there else CLOSED, **more)
        for there, more, _ in NEVER_BLOCKED
    ]
    TABLES[way] += [
        Row({**PR, what: "transient"}, "repaired", CLOSED, reason=f"{BY_ACL}it may have a {words}")
        for what, words in (("website", "website: transient"), ("domain", "bound domain: transie"))
    ]
for way in ("policy", "all"):
    TABLES[way] += [
        Row({**PUBLIC, **there}, "exposed", "private" if "blocked" in there else CLOSED, **more)
        for there, more, _ in NEVER_BLOCKED
        if more.get("allow") != "public-read" or more.get("until") or more.get("of")
    ]


def of(ways: str | Ways) -> Remediation:
    """The ACL's remediation by these ways."""
    return named("acl", WAYS[ways] if isinstance(ways, str) else ways)


@pytest.mark.parametrize(
    ("way", "row"), [(way, row) for way, table in TABLES.items() for row in table]
)
def test_each_state_and_each_trouble_has_its_end_by_each_way(way: str, row: Row) -> None:
    """What is said of the bucket, and what it is left with, ACL and flag."""
    assert row.broken(of(way)) == ""


@pytest.mark.parametrize("way", WAYS)
def test_a_proof_of_a_way_that_says_yes_unseen_is_found_out(way: str) -> None:
    """The table of each is wrong of one that takes the write's answer for the flag."""
    credulous = of(way)._replace(proof=lambda _there, _aim: True)
    assert [row for row in TABLES[way] if row.broken(credulous)]


@pytest.mark.parametrize(("there", "more", "why"), NEVER_BLOCKED)
def test_where_somebody_may_want_the_public_it_is_not_blocked_and_told_why(
    there: dict[str, Any], more: dict[str, Any], why: str
) -> None:
    """Neither by its ACL, which is set then, nor by its policy, which is told."""
    for state, way, outcome in ((PR, "both", "repaired"), (PUBLIC, "policy", "exposed")):
        oss, result = Row({**state, **there}, "", "", **more).run(of(way))
        assert (result.outcome, oss.acl, oss.blocked) == (
            outcome,
            "private",
            there.get("blocked", False),
        )
        assert f"; not blocked, since {why}" in result.reason


def test_what_is_in_report_mode_says_what_hinders_it() -> None:
    """It would be closed all the same."""
    _, result = Row({**PR, "website": True}, "", "", mode="report").run(of("block"))
    assert result.reason == ("report mode: would set private; not blocked, since it has a website")
    _, result = Row(PR, "", "", mode="report").run(of("both"))
    assert result.reason == "report mode: would switch on Block Public Access, and set private"


def test_the_line_tells_the_flag_and_the_acl_apart() -> None:
    """So that undo knows what was set, and those who read the old two fields what they knew."""
    told = {}
    for way in ("block", "both"):
        _, result = Row(PR, "", "").run(of(way))
        told[way] = (result.before, result.after, result.acl_before, result.acl_after)
    assert told == {
        "block": (OPEN, BLOCKED, "public-read", "public-read"),
        "both": (OPEN, HELD, "public-read", "private"),
    }
    odd = "of a later year, blocked"
    assert (block.acl_in(odd), block.acl_in("a, b")) == ("of a later year", "a, b")


@pytest.mark.parametrize(
    ("way", "there", "script"),
    [
        ("policy", {**PR, "policy": True}, (*("ok",) * 5, "block")),
        ("both", {**PR, "website": True}, (*("ok",) * 4, "block")),
        ("both", {**PR, "policy": True, "domain": True}, (*("ok",) * 5, "block")),
        ("both", PR, (*("ok",) * 5, "recreate", "block")),
    ],
    ids=["before we did", "a site", "a domain", "made again"],
)
def test_what_others_block_meanwhile_is_told_as_no_doing_of_ours(
    way: str, there: dict[str, Any], script: tuple[str, ...]
) -> None:
    """So that no undo lifts it; that the ACL was set is told all the same."""
    oss, result = Row(there, "", "", script).run(of(way))
    assert (result.before, result.after, oss.blocked) == (BLOCKED, HELD, True)
    assert result.outcome in ("repaired", "blocked", "recreated")


class _Later(dict[str, str]):
    """Tags that are there from the second look on."""

    looks = 0

    def __contains__(self, key: object) -> bool:
        self.looks += 1
        return self.looks > 1 and super().__contains__(key)


def test_a_tag_that_comes_after_the_flag_keeps_the_acl_and_the_flag_is_told() -> None:
    """It is not said that anything was set to a ceiling: the bucket is blocked."""
    row = Row({**PR, "tags": _Later({"exempt-until": "2027-01-15"})}, "repaired", BLOCKED)
    assert row.broken(of("both")) == ""
    _, result = Row({**PR, "tags": _Later(row.there["tags"])}, "", "").run(of("both"))
    assert result.reason.startswith("Block Public Access is on: read back; exempt by now (by its t")


def test_to_tell_of_a_policy_is_not_to_block_it_whatever_fails() -> None:
    """That the account's flag cannot be read for a moment is no reason to go on and block."""
    script = ("ok", "ok", "ok", "transient")
    row = Row({**PUBLIC}, "exposed", CLOSED, script)
    assert row.broken(of("both")) == ""


@pytest.mark.parametrize(
    "name",
    [
        *("a-log", "a-logs", "logs-of-a", "log-of-a", "a-log-b", "trail", "my-trail-1"),
        "resource-repair-oversized",
    ],
)
def test_logs_trails_and_large_messages_are_never_blocked_by_default(name: str) -> None:
    """Whoever writes there goes on; blogs and catalogs are none of them."""
    globs = Ways("both", False, NEVER).never
    assert any(block.never_block.matches(glob, name) for glob in globs)
    assert not any(block.never_block.matches(glob, NAME) for glob in globs)
    assert not any(block.never_block.matches(glob, "my-catalog") for glob in globs)


@pytest.mark.parametrize(
    ("environ", "ways"),
    [
        ({}, None),
        ({"close": "acl", "policyPublic": "tell", "neverBlock": "a-*"}, None),
        ({"close": "block"}, BLOCK),
        ({"close": "both", "neverBlock": "none"}, Ways("both", False, ())),
        ({"policyPublic": "block", "neverBlock": "a-*, b?"}, Ways("acl", True, ("a-*", "b?"))),
    ],
)
def test_each_way_is_asked_for_by_name(environ: dict[str, str], ways: Ways | None) -> None:
    """Without them the ACL alone closes, as ever."""
    config = load({"prepareRuleId": RULE, **environ})
    assert (config.problems, config.ways) == ((), ways)
    assert (named("acl", config.ways) is named("acl")) == (ways is None)


@pytest.mark.parametrize(
    "environ",
    [
        *({"close": each} for each in ("", "Both", "acl,block", "none", "true")),
        *({"policyPublic": each} for each in ("", "Block", "both", "acl", "true")),
        *(
            {"neverBlock": each}
            for each in ("", "A-*", "a-*,", "a b", "[a]", "a" * 64, "none,a-*", "none ")
        ),
    ],
    ids=str,
)
def test_a_slip_in_a_way_keeps_every_finding(environ: dict[str, str]) -> None:
    """It is told by its name, and nothing is written."""
    (kept,) = judge((FINDING,), load({"prepareRuleId": RULE, **environ}), INVOCATION)
    assert isinstance(kept, Outcome)
    assert kept.reason.startswith(f"misconfigured: {next(iter(environ))} must be ")


def test_a_way_wants_its_own_permissions_and_no_other_remediation_has_one() -> None:
    """Without one nothing is asked for that was not before."""
    more = {"oss:GetBucketWebsite", "oss:ListCname", "oss:PutBucketPublicAccessBlock"}
    assert set(of("policy").permissions) - set(named("acl").permissions) == more
    for name in ("public-write", "encryption", "policy"):
        assert named(name, BOTH) is named(name)
