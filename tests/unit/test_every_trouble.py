"""The further remediations against every run with a few troubles: nothing is drawn, or left out.

Each request, of the first to the last, may suffer any word; another writer's is one. A read may be
stale by `STALE_SECONDS`, which is what the repair assumes.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any

import pytest

from resource_repair import bucket_policy
from resource_repair.openness import PUBLIC_READ
from resource_repair.remediations import named
from resource_repair.remediations.frame import Remediation
from resource_repair.repair import STALE_SECONDS
from resource_repair.values import Outcome
from tests.unit.model_oss import (
    FAILURES,
    UNANSWERED,
    ModelOss,
    Request,
    View,
)
from tests.unit.policies import DENY, NAMED, OPEN, policy
from tests.unit.policies_no_http import NO_HTTP
from tests.unit.tables import Row
from tests.unit.test_every_script import REPORTED, WORDS, promise_broken, repair

COMMON = ("transient", "denied", "applied", "lag", "delete", "recreate")
Run = Callable[[tuple[str, ...]], ModelOss]


@pytest.fixture(autouse=True, scope="module")
def parsed_once() -> Iterator[None]:
    """The few policies that there are, in ten thousands of runs: most of the time went there."""
    with pytest.MonkeyPatch.context() as patch:
        for module in ("no_http", "remediations.policy", "remediations.https"):
            patch.setattr(f"resource_repair.{module}.parse", cache(bucket_policy.parse))
        yield


def every_run(
    run: Run, words: Sequence[str], most: int, script: tuple[str, ...] = ()
) -> Iterator[tuple[str, ...]]:
    """Run each script with so many words at most that are not `ok`, as far as a run asks for it."""
    asked = len(run(script).log)
    yield script
    if most:
        for at in range(len(script), asked):
            for word in words:
                longer = script + ("ok",) * (at - len(script)) + (word,)
                yield from every_run(run, words, most - 1, longer)


def views(oss: ModelOss, since: float, until: float) -> list[View]:
    """What was there at one time or another of these."""
    ends = [view.since for view in oss.history[1:]] + [float("inf")]
    return [
        view
        for view, end in zip(oss.history, ends, strict=True)
        if view.since <= until and end > since
    ]


def looks(oss: ModelOss, operation: str) -> list[Request]:
    """The requests of an operation that were answered."""
    return [each for each in oss.log if each.operation == operation and each.word not in UNANSWERED]


def applied(oss: ModelOss) -> Iterator[tuple[Request, Request]]:
    """Each write that was carried out, with the request before it."""
    for at in oss.writes():
        if oss.log[at].word not in FAILURES and oss.log[at].found.acl is not None:
            yield oss.log[at - 1], oss.log[at]


def claim_broken(oss: ModelOss, outcome: str, look: str, well: Callable[[View], bool]) -> str:
    """A claim that was true at no moment that the last look may show, or against an earlier look.

    `look` is the operation that shows it; what is `repaired` must be so after the last write.
    """
    if outcome == "gone":
        last = max(each.at for each in oss.log if each.operation == "read")
        there = views(oss, max(0.0, last - STALE_SECONDS), last)
        return "" if any(view.acl is None for view in there) else "gone was true at no moment"
    if outcome not in ("repaired", "compliant"):
        return ""
    seen = looks(oss, look)
    last = seen[-1].at
    since = max(0.0, last - STALE_SECONDS)
    if outcome == "repaired":
        acknowledged = [at for at in oss.writes() if oss.log[at].word not in UNANSWERED]
        if not acknowledged or oss.log[acknowledged[-1]].at >= last:
            return "repaired without an acknowledged write that was looked at"
        since = max(since, oss.log[acknowledged[-1]].at)
    if not any(view.acl is not None and well(view) for view in views(oss, since, last)):
        return f"{outcome} was true at no moment"
    contrary = [each for each in seen if not well(shown(oss, each))]
    if outcome == "compliant" and contrary and contrary[-1].at > last - STALE_SECONDS:
        return "compliant, although a look showed otherwise"
    return ""


def shown(oss: ModelOss, look: Request) -> View:
    """What a look showed: what was there, or, where it was late, what was before."""
    if look.word == "lag" and look.found.since > look.at - STALE_SECONDS:
        return oss.history[oss.history.index(look.found) - 1]
    return look.found


def unlooked(oss: ModelOss, look: Sequence[str]) -> str:
    """A write that does not directly follow a whole look at a bucket that is there, the second of
    two that agree, three seconds apart (docs/remediations.md).
    """
    for at in oss.writes():
        before = oss.log[max(0, at - len(look)) : at]
        if [each.operation for each in before] != list(look):
            return "a write without a look directly before"
        if any(each.word in UNANSWERED or shown(oss, each).acl is None for each in before):
            return "a write after a look that showed no bucket"
        seen = [each for each in oss.log[:at] if is_last(each, look)]
        agreed = settings(shown(oss, seen[-1]))
        others = [n for n, each in enumerate(seen) if settings(shown(oss, each)) != agreed]
        first = seen[others[-1] + 1 if others else 0]
        if seen[-1].at - first.at < STALE_SECONDS:
            return f"a write after one look alone: {seen}"
    return ""


def is_last(request: Request, look: Sequence[str]) -> bool:
    """Whether it is the request that completes a look, and was answered."""
    return request.operation == look[-1] and request.word not in UNANSWERED


def settings(view: View) -> tuple[str | None, str]:
    """What the further remediations change."""
    return view.encryption, view.document


# Public-write, whose promises are those about an ACL


@pytest.mark.parametrize("earlier", ["private", "public-read-write"])
@pytest.mark.parametrize("there", ["private", "public-read-write"])
def test_no_three_troubles_have_public_write_break_a_promise(there: str, earlier: str) -> None:
    """To the last of its requests, whoever opens or closes the bucket meanwhile."""

    def run(script: tuple[str, ...]) -> ModelOss:
        oss = ModelOss(there, earlier=earlier, stale_for=STALE_SECONDS, script=iter(script))
        outcome = repair(oss, PUBLIC_READ, REPORTED, "public-write")
        broken = promise_broken(oss, outcome, PUBLIC_READ, REPORTED, "public-write")
        assert not broken, (broken, script, outcome, oss.log, oss.history)
        return oss

    most = 3 if there == "public-read-write" else 2
    assert len(list(every_run(run, WORDS[1:], most))) > len(WORDS) ** most


# Encryption

E_WORDS = (*COMMON, "kms", "plain")


def encryption_broken(oss: ModelOss, outcome: Outcome) -> str:
    """The first promise about encryption that a run broke."""
    for read, write in applied(oss):
        window = views(oss, read.at - STALE_SECONDS, write.at)
        if all(view.encryption in ("KMS", "SM4") for view in window):
            return "a method that was there at both looks was replaced"
    if oss.creations:
        return "it made a bucket"

    def well(view: View) -> bool:
        if outcome.outcome == "repaired":
            return view.encryption == "AES256"
        return view.encryption != "None"

    return unlooked(oss, ["read"]) or claim_broken(oss, outcome.outcome, "read", well)


def hold_encryption(remediation: Remediation, there: str, earlier: str, most: int) -> int:
    """Run it through every script; how many there were."""
    row = {"encryption": there, "before": {"encryption": earlier}, "stale_for": STALE_SECONDS}

    def run(script: tuple[str, ...]) -> ModelOss:
        oss, outcome = Row(row, "", None, script).run(remediation)
        broken = encryption_broken(oss, outcome)
        assert not broken, (broken, script, outcome, oss.log, oss.history)
        return oss

    return len(list(every_run(run, E_WORDS, most)))


@pytest.mark.parametrize("earlier", ["None", "AES256", "KMS"])
@pytest.mark.parametrize("there", ["None", "AES256", "KMS"])
def test_no_two_troubles_have_encryption_break_a_promise(there: str, earlier: str) -> None:
    """Whatever was there, and whoever sets or lifts it meanwhile."""
    assert hold_encryption(named("encryption"), there, earlier, 2) > len(E_WORDS) ** 2


def test_nor_do_three() -> None:
    """Where there is something to do."""
    assert hold_encryption(named("encryption"), "None", "KMS", 3) > len(E_WORDS) ** 3


# The policy, which two of them write

D_WORDS = {
    "policy": (*COMMON, "adds", "undoes", "public", "mends", "narrows"),
    "https": (*COMMON, "adds", "undoes", "shuts", "mends", "clears"),
}


@cache
def statements(document: str | None) -> list[dict[str, Any]]:
    """Those of a policy; none of none."""
    found: list[dict[str, Any]] = json.loads(document or '{"Statement": []}')["Statement"]
    return found


def lets_in(statement: dict[str, Any]) -> bool:
    """Whether it is to be taken out."""
    plain = statement["Effect"] == "Allow" and "*" in statement["Principal"]
    return plain and "Condition" not in statement


def shuts(statement: dict[str, Any]) -> bool:
    """Whether it denies what comes by http."""
    return statement["Effect"] == "Deny" and "Bool" in statement.get("Condition", {})


def is_well(name: str, document: str) -> bool:
    """Whether a policy is as that remediation wants it."""
    if name == "https":
        return any(map(shuts, statements(document)))
    return not any(map(lets_in, statements(document)))


def document_of(write: Request) -> str:
    """What a write of the policy was to put."""
    return "" if write.acl == "none" else str(write.acl)


def others(document: str) -> list[dict[str, Any]]:
    """The statements that none of ours takes out, or adds."""
    return [each for each in statements(document) if not (lets_in(each) or shuts(each))]


def writes_broken(oss: ModelOss, name: str, told: Sequence[dict[str, Any]]) -> str:
    """How a write takes out of a policy, or puts into it, what it may not; `told` is what the line
    has as taken out.
    """
    for look, write in applied(oss):
        put, seen = statements(document_of(write)), statements(shown(oss, look).document)
        taken = [each for each in seen if each not in put]
        if not all(name == "policy" and lets_in(each) and each in told for each in taken):
            return f"took out what it does not tell, or may not: {taken}"
        window = [
            statements(view.document) for view in views(oss, look.at - STALE_SECONDS, write.at)
        ]
        for gone in [each for each in statements(write.found.document) if each not in put]:
            if gone not in taken and all(gone in there for there in window):
                return f"lost, though it was there when it was looked at: {gone}"
        for new in put:
            its = name == "https" and new == NO_HTTP and not any(map(shuts, seen))
            if not its and not any(new in there for there in window):
                return f"put what was not there: {new}"
    return ""


def back_once(oss: ModelOss, outcome: str) -> str:
    """What is told as repaired after one look alone: who wrote at that moment had not seen ours."""
    last = oss.writes()[-1:]
    seen = [each.at for at in last for each in looks(oss, "get policy") if each.at > oss.log[at].at]
    once = outcome == "repaired" and seen[-1] - seen[0] < STALE_SECONDS
    return "repaired, and read back once" if once else ""


def policy_broken(oss: ModelOss, outcome: Outcome) -> str:
    """The first promise about a policy that a run broke, of `policy` or of `https`."""
    if oss.creations:
        return "it made a bucket"
    name = outcome.remediation or ""
    last = [oss.log[at] for at in oss.writes() if oss.log[at].word not in UNANSWERED][-1:]

    def well(view: View) -> bool:
        kept = outcome.outcome != "repaired" or others(view.document) == others(
            document_of(last[0])
        )
        return kept and is_well(name, view.document)

    return (
        writes_broken(oss, name, statements(f'{{"Statement": {outcome.before or "[]"}}}'))
        or unlooked(oss, ["read", "get policy"])
        or claim_broken(oss, outcome.outcome, "get policy", well)
        or back_once(oss, outcome.outcome)
    )


CLOSED = policy(NAMED, DENY)
MIXED = policy(NAMED, OPEN, DENY)
SHUT = policy(NAMED, OPEN, NO_HTTP)


def hold_policy(remediation: Remediation, there: str, earlier: str, most: int) -> int:
    """Run it through every script; how many there were."""
    row = {"document": there, "before": {"document": earlier}, "stale_for": STALE_SECONDS}

    def run(script: tuple[str, ...]) -> ModelOss:
        oss, outcome = Row(row, "", None, script).run(remediation)
        broken = policy_broken(oss, outcome)
        assert not broken, (broken, script, outcome, oss.log, oss.history)
        return oss

    return len(list(every_run(run, D_WORDS[remediation.name], most)))


@pytest.mark.parametrize(
    ("name", "there", "earlier"),
    [
        ("policy", MIXED, MIXED),
        ("policy", MIXED, CLOSED),
        ("policy", policy(OPEN), ""),
        ("policy", CLOSED, MIXED),
        ("https", MIXED, SHUT),
        ("https", SHUT, MIXED),
    ],
    ids=["open", "opened", "opened alone", "closed", "http", "no http"],
)
def test_no_two_troubles_have_a_policy_s_promise_broken(
    name: str, there: str, earlier: str
) -> None:
    """Whatever the policy was, and whoever writes it meanwhile."""
    assert hold_policy(named(name), there, earlier, 2) > len(D_WORDS[name]) ** 2


@pytest.mark.parametrize(
    ("name", "careless"),
    [
        ("encryption", {"looks_twice": False}),
        ("encryption", {"proof": lambda _there, _aim: True}),
        ("policy", {"looks_twice": False}),
        ("policy", {"whole": False}),
        ("policy", {"write": lambda bucket, _there, _aim: bucket.delete_policy()}),
        ("https", {"looks_twice": False}),
        ("https", {"whole": False}),
        ("https", {"write": lambda bucket, _there, _aim: bucket.write_policy(policy(NO_HTTP))}),
    ],
    ids=[
        *("one look", "no proof", "one look at a policy", "as if alone", "a deletion"),
        *("one look at http", "http as if alone", "http alone"),
    ],
)
def test_what_is_careless_is_found_out(name: str, careless: dict[str, Any]) -> None:
    """One look, a proof unseen, a write that is none, or of all: each breaks a promise."""
    hold = hold_encryption if name == "encryption" else hold_policy
    there, earlier = {
        "encryption": ("None", "KMS"),
        "policy": (MIXED, CLOSED),
        "https": (MIXED, SHUT),
    }[name]
    with pytest.raises(AssertionError):
        hold(named(name)._replace(**careless), there, earlier, 2)
