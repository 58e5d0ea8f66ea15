"""What a further remediation did is undone, and stays so: through the next finding."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from resource_repair.exemptions import Exemption
from scripts.account.deployed_function import DeployedFunction
from scripts.declared.exemptions import reviewed_exemptions
from scripts.declared.rule_ids import variable
from scripts.flows import put_back
from scripts.localcloud import Drop, Fail, Lag
from scripts.localcloud.faults import Fault
from scripts.verbs import undo
from tests.account import RULE_ID, Account, Moments
from tests.e2e.test_remediations import ANYBODY, PARTNER, lines, policy_of
from tests.parts import at, edit, least_privilege, no_http, public_policy, remediate, without

TODAY = datetime.now(timezone.utc).date()
UNTIL = TODAY + timedelta(days=30)
WHY = ("--reason", "the site", "--owner", "web", "--expires", UNTIL.isoformat())
SITE = "config-site"
NO_HTTP = no_http(SITE)
THIRD = json.loads(public_policy(SITE, "30"))["Statement"][0]


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No answer of OSS is stale."""
    monkeypatch.setattr(put_back, "STALE", 0.0)


def put(product: Account, *statements: object) -> None:
    """Its policy, as somebody puts it."""
    text = json.dumps({"Version": "1", "Statement": statements})
    product.cloud.oss.set_policy(SITE, text)


def _encryption(product: Account) -> object:
    return product.cloud.oss.bucket(SITE).encryption.get("SSEAlgorithm")


def _acl(product: Account) -> object:
    return product.cloud.oss.bucket(SITE).acl


# What is made of a bucket, which the remediation changes; what is looked at; before, and after.
Changed = tuple[Callable[[Account], Any], object, object]
KINDS: dict[str, Changed] = {
    "encryption": (_encryption, None, "AES256"),
    "policy": (policy_of, [PARTNER, ANYBODY], [PARTNER]),
    "https": (policy_of, [PARTNER], [PARTNER, NO_HTTP]),
    "public-write": (_acl, "public-read-write", "public-read"),
}


def make(name: str, product: Account) -> None:
    """It enforces; the ACL's reports, and no other is on."""
    least_privilege(product.path)
    edit(product.path, "  mode: enforce", "  mode: report")
    remediate(product.path, f"{name}:${{env({variable(name)})}}:enforce")
    product.cloud.config.next_rule_id = RULE_ID
    assert product.run("provision", "--yes") == 0
    product.deploy()
    product.rest()


def begin(product: Account, name: str) -> None:
    """A bucket is found, and repaired."""
    look, before, after = KINDS[name]
    with product.unnoticed():
        product.cloud.oss.create(SITE)
        if isinstance(before, list):
            put(product, *before)
    if look is _acl:
        product.cloud.oss.set_acl(SITE, str(before))
    find(product, name)
    assert look(product) == after


def _repaired(name: str, product: Account) -> None:
    make(name, product)
    begin(product, name)


OF_POLICIES = partial(make, "policy")
# Each made once: the remediation has changed the bucket.
REPAIRED = {name: partial(_repaired, name) for name in KINDS}
Repaired = Callable[[str], Account]


@pytest.fixture
def product(moments: Moments, tmp_path: Path, code: Path) -> Account:
    """The remediation of policies is on, and there is no bucket."""
    return moments.after(OF_POLICIES, tmp_path, code)


@pytest.fixture
def repaired(moments: Moments, tmp_path: Path, code: Path) -> Repaired:
    """What gives an account in which that remediation has changed the bucket."""
    return lambda name: moments.after(REPAIRED[name], tmp_path, code)


def find(product: Account, name: str) -> None:
    """Its rule evaluates all buckets, and what it finds is delivered and worked off."""
    rule = next(each for each in product.cloud.config.rules() if each.name.endswith(f"-{name}"))
    product.cloud.config.start_evaluation(rule.id)
    product.rest()
    product.cloud.clock.advance(2)  # by then the log is searched


def run(product: Account, name: str, *more: str, ends: int = 0, **who: Any) -> None:
    """Undo it."""
    usual = ("--bucket", SITE, "--remediation", name, "--watch", "0", "--world-writable", SITE)
    assert product.run("undo", *usual, *WHY, "--yes", *more, **who) == ends


def held(product: Account) -> Iterator[list[tuple[str, ...]]]:
    """What the exemptions of the file, and those that are live, are from."""
    live = DeployedFunction.read(product.spec, product.clients).exemptions()
    for each in (reviewed_exemptions(product.exemptions, TODAY), live):
        yield [entry.of for entry in each.entries if entry.bucket == SITE]


@pytest.mark.parametrize("name", KINDS)
def test_what_it_did_is_undone_and_stays_so(
    repaired: Repaired, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The exemption is from this one alone; a later finding is exempt; again does nothing."""
    product = repaired(name)
    look, before, after = KINDS[name]
    text = product.exemptions.read_text()
    calls = product.calls()
    run(product, name, "--dry-run")
    assert (look(product), product.exemptions.read_text()) == (after, text)
    assert "fc:UpdateFunction" not in calls()
    capsys.readouterr()
    run(product, name, may=undo.VERB.permissions)
    said = capsys.readouterr().out
    assert f"{SITE} was changed by {name} at 20" in said
    assert f"recorded as exempt, until {UNTIL}" in said
    assert look(product) == before
    assert list(held(product)) == [[(name,)], [(name,)]]
    find(product, name)
    assert lines(product, SITE)[-1][:2] == (name, "exempt")
    assert look(product) == before
    text, calls = product.exemptions.read_text(), product.calls()
    run(product, name)
    assert look(product) == before
    assert product.exemptions.read_text() == text
    assert not [
        each for each in calls() if each.partition(":")[2].startswith(("Put", "Upd", "Del"))
    ]


@pytest.mark.parametrize("name", KINDS)
def test_nothing_is_written_after_one_look(
    repaired: Repaired, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be stale, and hide what somebody has just chosen, such as KMS or a closed ACL."""
    product = repaired(name)
    look, _, after = KINDS[name]
    allow = "public-read" if name in ("encryption", "https") else "public-read-write"
    with product.live_exemptions(Exemption(SITE, "a", "b", UNTIL, allow, (name,))):
        monkeypatch.setattr(put_back, "STALE", 1e9)  # no second look comes so late
        monkeypatch.setattr(put_back, "_READ_BACK", 0.0)
        run(product, name, ends=1)
    assert look(product) == after


def test_what_is_seen_right_after_the_write_alone_is_no_success(
    repaired: Repaired, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who looked before it may still put their document in the place of ours."""
    product = repaired("policy")

    def later() -> None:
        monkeypatch.setattr(put_back, "STALE", 1e9)  # no second look comes so late

    monkeypatch.setattr(put_back, "_READ_BACK", 0.3)
    with at(product.cloud, "oss:PutBucketPolicy".__eq__, 0, later):
        run(product, "policy", ends=1)
    assert "run again" in capsys.readouterr().err
    assert policy_of(product) == [PARTNER, ANYBODY]


def test_what_others_put_into_the_policy_since_then_stays(repaired: Repaired) -> None:
    """What was taken out is put among what is there: nothing is replaced, and nothing doubled."""
    product = repaired("policy")
    put(product, THIRD, PARTNER)
    run(product, "policy")
    assert policy_of(product) == [THIRD, PARTNER, ANYBODY]
    put(product, ANYBODY, THIRD)
    run(product, "policy")
    assert policy_of(product) == [ANYBODY, THIRD]


def test_a_policy_of_which_nothing_was_left_is_made_again(product: Account) -> None:
    """It was deleted as a whole."""
    with product.unnoticed():
        product.cloud.oss.create(SITE)
        put(product, ANYBODY)
    find(product, "policy")
    assert product.cloud.oss.bucket(SITE).policy is None
    run(product, "policy")
    assert policy_of(product) == [ANYBODY]


def test_a_rule_that_somebody_has_set_since_then_is_kept(
    repaired: Repaired, capsys: pytest.CaptureFixture[str]
) -> None:
    """KMS was chosen by somebody: nothing is changed, the exemptions included."""
    product = repaired("encryption")
    product.cloud.oss.set_encryption(SITE, {"SSEAlgorithm": "KMS"})
    run(product, "encryption", ends=1)
    assert "it is KMS by now, and encryption made it AES256" in capsys.readouterr().err
    assert _encryption(product) == "KMS"
    assert list(held(product)) == [[], []]


def _blocked(product: Account) -> None:
    product.cloud.oss.set_block_public_access(SITE, blocked=True)


def _gone(product: Account) -> None:
    product.cloud.oss.delete(SITE)


def _made_again(product: Account) -> None:
    product.cloud.oss.delete(SITE)
    product.cloud.clock.advance(60)
    product.cloud.oss.create(SITE, age=0)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (_blocked, "lift that first (undo without --remediation lifts ours)"),
        (_gone, f"there is no bucket {SITE}, and none is made"),
        (_made_again, "there is nothing of this one to undo"),
    ],
)
def test_where_it_cannot_be_undone_nothing_is_changed(
    repaired: Repaired,
    spoil: Callable[[Account], None],
    says: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The code that is live included, and it says why."""
    product = repaired("policy")
    spoil(product)
    product.cloud.settle()
    text, calls = product.exemptions.read_text(), product.calls()
    run(product, "policy", ends=1)
    assert says in capsys.readouterr().err
    assert product.exemptions.read_text() == text
    assert not [
        each for each in calls() if each.partition(":")[2].startswith(("Put", "Upd", "Del"))
    ]


def test_what_is_public_beside_it_cannot_be_put_again_either(
    repaired: Repaired, capsys: pytest.CaptureFixture[str]
) -> None:
    """OSS refuses the policy as a whole: it says so before anything is live."""
    product = repaired("https")
    with product.unnoticed():
        put(product, ANYBODY, no_http(SITE))
    _blocked(product)
    run(product, "https", ends=1)
    assert "Block Public Access is on for the bucket" in capsys.readouterr().err
    assert list(held(product)) == [[], []]


def test_what_no_exemption_allows_is_not_brought_back(
    product: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """The next finding would take it out again."""
    with product.unnoticed():
        product.cloud.oss.create(SITE)
        put(product, {**ANYBODY, "Action": ["oss:*"]})
    find(product, "policy")
    assert policy_of(product) == []
    run(product, "policy", ends=1)
    assert "no exemption allows everybody what its policy did" in capsys.readouterr().err
    assert (policy_of(product), list(held(product))) == ([], [[], []])


def test_what_the_acl_s_remediation_would_close_is_exempt_from_that_too(repaired: Repaired) -> None:
    """Else the bucket were closed by the next finding of the other one."""
    product = repaired("public-write")
    edit(product.path, "  mode: report", "  mode: enforce")
    product.deploy()
    run(product, "public-write")
    assert list(held(product)) == [[("public-write", "acl")]] * 2
    product.cloud.config.start_evaluation(product.rule_id)
    product.rest()
    assert _acl(product) == "public-read-write"


@pytest.mark.parametrize(
    ("operation", "fault"),
    [
        ("oss:PutBucketPolicy", Drop()),
        ("oss:PutBucketPolicy", Fail(503, "ServiceUnavailable")),
        ("oss:PutBucketPolicy", Lag(reads=2)),
        ("fc:UpdateFunction", Drop()),
    ],
    ids=str,
)
def test_what_passes_doubles_nothing(repaired: Repaired, operation: str, fault: Fault) -> None:
    """Lost answers and late ones: it ends well, or another run does it."""
    product = repaired("policy")
    product.cloud.faults.add(operation, fault, times=1)
    usual = ("--bucket", SITE, "--remediation", "policy", "--watch", "0", *WHY, "--yes")
    product.run("undo", *usual)
    assert product.run("undo", *usual) == 0
    assert policy_of(product) == [PARTNER, ANYBODY]
    assert list(held(product)) == [[("policy",)], [("policy",)]]


@pytest.mark.parametrize("name", ["encryption", "policy"])
def test_it_can_be_stopped_at_any_call(repaired: Repaired, name: str) -> None:
    """Another run goes on from there, and all ends as without a stop."""
    product = repaired(name)
    look, before, _ = KINDS[name]
    beginning = product.beginning()
    writes = ("fc:UpdateFunction", "oss:PutBucketPolicy", "oss:DeleteBucketEncryption")

    for nth, done in enumerate((False, True)):
        product.begin_again(beginning)
        stopped = []

        def at_it(stopped: list[int] = stopped) -> Fault:
            stopped.append(1)
            return Fail(403, "AccessDenied")

        with at(product.cloud, writes.__contains__, nth, at_it):
            run(product, name, ends=1)
        assert stopped
        assert (list(held(product))[1] == [(name,)]) is done
        assert look(product) != before
        run(product, name)
        assert look(product) == before
        assert list(held(product)) == [[(name,)], [(name,)]]


def test_who_writes_the_policy_at_the_same_time_is_not_overwritten(repaired: Repaired) -> None:
    """What comes between the first look and the write is seen by a second look."""
    product = repaired("policy")
    seen = 0

    def theirs() -> None:
        put(product, PARTNER, THIRD)

    with at(product.cloud, "fc:UpdateFunction".__eq__, seen, theirs):
        run(product, "policy")
    assert policy_of(product) == [PARTNER, THIRD, ANYBODY]


@pytest.mark.parametrize(
    ("name", "denied"),
    [
        ("policy", "oss:GetBucketPolicy"),
        ("policy", "oss:PutBucketPolicy"),
        ("encryption", "oss:DeleteBucketEncryption"),
    ],
)
def test_a_refusal_names_the_statement(
    repaired: Repaired, name: str, denied: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It stops there, and does the rest once that is allowed."""
    product = repaired(name)
    look, before, after = KINDS[name]
    run(product, name, ends=1, may=without(undo.VERB.permissions, denied))
    said = "".join(capsys.readouterr())
    assert f"{denied} on {SITE} failed: AccessDenied" in said
    assert f'"{denied}"' in said
    assert look(product) == after
    run(product, name)
    assert look(product) == before


def test_an_acl_that_was_not_closed_names_what_was_changed(
    repaired: Repaired, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who does not say which one meant the ACL's: it does nothing else unasked."""
    product = repaired("policy")
    assert product.run("undo", "--bucket", SITE, *WHY, "--yes") == 1
    assert "or undo what policy did, by --remediation" in capsys.readouterr().err
    run(product, "encryption", ends=1)
    assert "name one that did by --remediation: policy" in capsys.readouterr().err
    assert policy_of(product) == [PARTNER]
