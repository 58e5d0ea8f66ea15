"""The proof of the loop, with a bucket of its own."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pytest

from scripts import ROOT, patience
from scripts.account import buckets
from scripts.account.mark import TAG_KEY
from scripts.account.permission import Permission
from scripts.context import Verb
from scripts.flows import proof
from scripts.localcloud import Fail, Lag, LocalCloud
from scripts.stage.serve import environment
from scripts.verbs.verify import Options
from tests.account import Account
from tests.parts import EITHER, edit, project, without

OURS = {TAG_KEY: "resource-repair-proof"}
LEFT = "resource-repair-proof-0123456789abcde"  # but for the last digit


PROVE = Verb("prove", "Prove the loop.", proof.PERMISSIONS, Options, proof.prove)
"""The proof as a verb of its own, with the permissions that it declares."""


@pytest.fixture
def product(product: Account) -> Account:
    """The product, where new buckets are blocked."""
    product.cloud.oss.block_new_buckets = True
    return product


def made(cloud: LocalCloud) -> list[str]:
    """The buckets that were made over HTTP, or tried to be."""
    return [entry.subject for entry in cloud.journal.entries("oss", "PutBucket")]


@contextmanager
def once_opened(product: Account, then: Callable[[str], object]) -> Iterator[None]:
    """Do something to the proof's bucket as soon as it was opened."""
    journal = product.cloud.journal
    before = len(journal.entries("oss", "PutBucketAcl"))

    def opened(entries: list[Any]) -> bool:
        return sum(entry.action == "PutBucketAcl" for entry in entries) > before

    def watch() -> None:
        if journal.wait_for(opened, 30):
            then(made(product.cloud)[-1])

    watcher = threading.Thread(target=watch)
    watcher.start()
    yield
    watcher.join()


@EITHER
def test_the_loop_is_proved(product: Account, capsys: pytest.CaptureFixture[str]) -> None:
    """A bucket of its own is opened, closed by the function and taken away; each leg has a time."""
    before = product.started()

    assert product.run(PROVE, "--json", may=proof.PERMISSIONS) == 0

    said = capsys.readouterr()
    document = json.loads(said.out)
    assert re.fullmatch(r"resource-repair-proof-[0-9a-f]{16}", document["bucket"])
    assert (document["proved"], document["outcome"], document["bucket_deleted"]) == (
        True,
        "repaired",
        True,
    )
    legs = document["seconds_after_change"]
    assert list(legs) == ["evaluated", "repaired", "audit line", "compliant"]
    assert legs["evaluated"] <= legs["repaired"] <= min(legs["audit line"], legs["compliant"])
    assert "repaired -> audit line" in said.err
    assert product.cloud.oss.names() == []
    assert product.started() == before


def test_it_has_the_bucket_marked_before_it_is_opened(product: Account) -> None:
    """The mark comes first, so that whatever is killed leaves a bucket that is known as ours."""
    start = len(product.cloud.journal.entries())
    assert product.run(PROVE) == 0

    done = [entry.action for entry in product.cloud.journal.entries()[start:]]
    steps = ["PutBucket", "PutBucketTagging", "PutBucketPublicAccessBlock", "PutBucketAcl"]
    assert [action for action in done if action in steps][:4] == steps


def test_a_block_that_was_just_lifted_is_waited_for(
    product: Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """While OSS refuses to open the bucket all the same, it is tried again, and told."""
    monkeypatch.setattr(patience, "_FIRST", 0.001)
    product.cloud.spreading.looks = 3
    assert product.run(PROVE) == 0
    told = capsys.readouterr().err
    assert told.count("since Block Public Access was just lifted from resource-repair-proof-") == 3


def test_a_bucket_that_was_made_again_is_not_opened(
    product: Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """While it waits for OSS somebody else may come to have that name: its date tells."""
    oss, cloud = product.cloud.oss, product.cloud
    cloud.spreading.looks = 3

    def sleep(_: float) -> None:
        (name,) = oss.names()
        oss.delete(name)
        oss.create(name, age=0)

    monkeypatch.setattr(patience, "time", SimpleNamespace(sleep=sleep, monotonic=cloud.clock.now))
    assert product.run(PROVE) == 1
    assert "was deleted and made again: look whose it is" in capsys.readouterr().err
    tries = cloud.journal.entries("oss", "PutBucketAcl")
    assert [entry.details["status"] for entry in tries] == [403]


def test_what_the_account_blocks_cannot_be_proved(
    product: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """With Block Public Access on for the account it says so, and makes nothing."""
    product.cloud.oss.block_account(product.cloud.account_id, blocked=True)
    before = made(product.cloud)

    assert product.run(PROVE) == 1

    assert "the loop cannot be proved: Block Public Access is on" in capsys.readouterr().err
    assert made(product.cloud) == before


def test_what_only_reports_cannot_be_proved(
    product: Account, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In mode report nothing is repaired, so that nothing is made either."""
    spec = project(tmp_path)
    edit(spec, "mode: enforce", "mode: report")
    before = made(product.cloud)

    assert product.run(PROVE, "--spec", str(spec)) == 1

    assert "cannot be proved in mode report" in capsys.readouterr().err
    assert made(product.cloud) == before


def leave(product: Account, name: str, tags: dict[str, str], *, hours: float = 2) -> None:
    """Make a bucket as if so many hours ago."""
    then = float(int(time.time() - hours * 3600))  # in whole seconds, as OSS has it
    with patch.object(product.cloud.oss, "_new_creation_time", return_value=then):
        product.cloud.oss.create(name, region="cn-beijing")
    product.cloud.oss.set_tags(name, tags)


def test_a_dry_run_tells_all_of_it_and_makes_nothing(
    product: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """With --dry-run it says each thing that it would do, a deletion too, and does none."""
    before = made(product.cloud)
    leave(product, f"{LEFT}0", OURS)
    leave(product, f"{LEFT}1", {})
    assert product.run(PROVE, "--dry-run", "--json", "--timeout", "90") == 0
    assert made(product.cloud) == before
    assert product.cloud.oss.names() == [f"{LEFT}0", f"{LEFT}1"]

    said = capsys.readouterr()
    document = json.loads(said.out)
    assert (document["account_id"], document["region"]) == (product.cloud.account_id, "cn-shanghai")
    assert (document["proved"], document["timeout_seconds"]) == (None, 90)
    assert document["bucket"].startswith("resource-repair-proof-")
    assert document["leftovers"] == [f"{LEFT}0"]
    assert document["legs"] == [
        {"from": "change", "to": "evaluated"},
        {"from": "evaluated", "to": "repaired"},
        {"from": "repaired", "to": "audit line"},
        {"from": "repaired", "to": "compliant"},
    ]
    verbs = [step.split()[0] for step in document["would"]]
    assert verbs == ["delete", "make", "lift", "wait,", "delete"]
    assert all(f"would {step}\n" in said.err for step in document["would"])


def test_leftovers_of_earlier_proofs_are_taken_away(
    product: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a killed proof left is deleted before the next; what is not surely one's stays."""
    leave(product, f"{LEFT}0", OURS)
    leave(product, f"{LEFT}1", {})
    leave(product, f"{LEFT}2", {"owner": "somebody"})
    leave(product, f"{LEFT}3", {**OURS, "owner": "somebody"})
    leave(product, f"{LEFT}4-of-mine", OURS)
    leave(product, f"{LEFT}5", OURS, hours=0.9)  # of a proof that may still run

    assert product.run(PROVE) == 0

    assert product.cloud.oss.names() == [
        *(f"{LEFT}{n}" for n in "123"),
        f"{LEFT}4-of-mine",
        f"{LEFT}5",
    ]
    said = capsys.readouterr().out
    assert [line[-1] for line in re.findall(r"left (\S+):", said)] == ["1", "2", "3", "5"]


def test_a_leftover_that_is_not_empty_is_left_to_a_person(
    product: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """It refuses while an earlier proof's bucket holds something, and touches nothing."""
    name = f"{LEFT}0"
    leave(product, name, OURS)
    product.cloud.oss.put_object(name, "a", b"b")

    assert product.run(PROVE) == 1

    assert f"{name}, which an earlier proof left, is not empty" in capsys.readouterr().err
    assert product.cloud.oss.names() == [name]


@pytest.mark.parametrize(
    ("broken", "timeout", "ended", "says"),
    [
        ("rule", "0.3", [], "Cloud Config did not evaluate the change"),
        ("channel", "2", ["evaluated"], "the finding did not lead to a repair"),
        ("logs", "4", ["evaluated", "repaired", "compliant"], "the repair has no audit line"),
    ],
)
def test_the_first_leg_that_did_not_end_is_named(
    product: Account,
    capsys: pytest.CaptureFixture[str],
    broken: str,
    timeout: str,
    ended: list[str],
    says: str,
) -> None:
    """Wherever the loop is broken it says so in time, with the legs that ended, and cleans up."""
    with _broken(product, broken):
        assert product.run(PROVE, "--timeout", timeout, "--json") == 1

    said = capsys.readouterr()
    legs = json.loads(said.out)["seconds_after_change"]
    assert [leg for leg, seconds in legs.items() if seconds is not None] == ended
    assert f"the loop is not proved: {says}" in said.err
    assert "`resource-repair doctor`" in said.err
    assert product.cloud.oss.names() == []


@contextmanager
def _broken(product: Account, part: str) -> Iterator[None]:
    """The product with a part that does not work."""
    config, ram, role = product.cloud.config, product.cloud.ram, product.spec.service.role
    policy = next(each.name for each in role.policies if "LogPolicy" in each.name)
    if part == "rule":
        config.switch_rule(product.rule_id, active=False)
        yield
        config.switch_rule(product.rule_id, active=True)
    elif part == "channel":
        product.deliver(on=False)
        # That the new ACL is late to show, and the old one is private, is no repair.
        product.cloud.faults.add("oss:PutBucketAcl", Lag(reads=3))
        yield
        product.deliver(on=True)
    else:
        ram.detach(role.name, "Custom", policy)
        yield
        ram.attach(role.name, "Custom", policy)


def test_an_outcome_that_ends_it_ends_the_waiting(
    product: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """If the function settles the finding otherwise, that is told at once, not at the timeout."""
    with product.deployed_with(repairMode="report"):
        assert product.run(PROVE) == 1
    assert "the function said would_repair" in capsys.readouterr().out


# A request that is cut short leaves its socket to the garbage collector.
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
@pytest.mark.usefixtures("in_foreground")
def test_an_interruption_cleans_up(product: Account) -> None:
    """Ctrl-C while it waits ends it, with the bucket gone."""
    product.deliver(on=False)
    with once_opened(product, lambda _: os.kill(os.getpid(), signal.SIGINT)):
        assert product.run(PROVE) == 1
    assert product.cloud.oss.names() == []


@pytest.mark.usefixtures("in_foreground")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=lambda each: each.name)
def test_a_pipeline_s_cancel_cleans_up(product: Account, number: signal.Signals) -> None:
    """A process that is told to end, even twice, takes its bucket away before it does."""
    product.deliver(on=False)
    environ = {**os.environ, **environment(product.cloud), "PREPARE_RULE_ID": product.rule_id}
    environ.pop("ALIBABA_CLOUD_SECURITY_TOKEN", None)
    prove = (
        "from scripts import cli; from tests.contract import test_loop_proof as here; "
        "exit(cli.run_verb(here.PROVE))"
    )
    opened: list[str] = []
    with once_opened(product, opened.append):
        loop = subprocess.Popen([sys.executable, "-c", prove], cwd=ROOT, env=environ)
    try:
        loop.send_signal(number)
        loop.send_signal(number)
        assert loop.wait(30) == 1
    finally:
        loop.kill()
        loop.wait()
    assert opened
    assert product.cloud.oss.names() == []


def test_a_bucket_that_somebody_deletes_is_told(
    product: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """If another run takes the bucket for a leftover, it says so, and makes it not anew."""
    product.deliver(on=False)
    with once_opened(product, product.cloud.oss.delete):
        assert product.run(PROVE) == 1
    assert "prove the loop once at a time" in capsys.readouterr().err
    assert product.cloud.oss.names() == []


def test_cleaning_up_is_tried_again(product: Account) -> None:
    """A deletion that OSS does not answer for a moment is tried again."""
    product.cloud.faults.add("oss:DeleteBucket", Fail(503, "ServiceUnavailable"), times=2)
    assert product.run(PROVE) == 0
    assert product.cloud.oss.names() == []


@pytest.mark.parametrize("missing", proof.PERMISSIONS, ids=lambda permission: permission.action)
def test_each_refused_permission_is_named(
    product: Account, capsys: pytest.CaptureFixture[str], missing: Permission
) -> None:
    """Without one of its permissions it says which, and leaves no bucket that it may delete.

    What it must be able to read later is refused before anything is made.
    """
    before = made(product.cloud)
    if missing.action == "oss:GetBucketTagging":
        leave(product, f"{LEFT}0", OURS)
    may = without(proof.PERMISSIONS, missing.action)

    assert product.run(PROVE, may=may) == 1

    assert f"allow {missing.action}" in capsys.readouterr().err
    if missing.action.startswith(("log:", "config:")):
        assert made(product.cloud) == before
    left = {"oss:DeleteBucket": made(product.cloud)[-1:], "oss:GetBucketTagging": [f"{LEFT}0"]}
    assert product.cloud.oss.names() == left.get(missing.action, [])


def test_the_account_s_buckets_are_listed_by_prefix(product: Account) -> None:
    """All buckets whose names begin so are given with their regions, and no others."""
    for name, region in {"a-1": "cn-beijing", "a-2": "cn-shanghai", "b-1": "cn-beijing"}.items():
        product.cloud.oss.create(name, region=region)
    found = buckets.listed(product.clients, "a-")
    assert {name: each.region for name, each in found.items()} == {
        "a-1": "cn-beijing",
        "a-2": "cn-shanghai",
    }
