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
from typing import Any
from unittest.mock import patch

import pytest

from scripts import ROOT
from scripts.account.mark import TAG_KEY
from scripts.account.permission import Permission
from scripts.context import Verb
from scripts.flows import proof
from scripts.localcloud import Fail, Lag, LocalCloud
from scripts.stage.serve import environment
from scripts.stage.stage import Stage
from scripts.verbs.verify import Options
from tests.contract import apply_helpers
from tests.contract.verb_rig import deliver, deployed_with, product, run, started, without

OURS = {TAG_KEY: "resource-repair-proof"}
LEFT = "resource-repair-proof-0123456789abcde"  # but for the last digit


PROVE = Verb("prove", "Prove the loop.", proof.PERMISSIONS, Options, proof.prove)
"""The proof as a verb of its own, with the permissions that it declares."""


@pytest.fixture(scope="module")
def shared(code: Path) -> Iterator[Stage]:
    """The product; each test leaves it as it was."""
    with product(code) as stage:
        stage.cloud.oss.block_new_buckets = True
        yield stage


@pytest.fixture
def stage(shared: Stage) -> Stage:
    """The product without buckets."""
    shared.start_over()
    return shared


def made(cloud: LocalCloud) -> list[str]:
    """The buckets that were made over HTTP, or tried to be."""
    return [entry.subject for entry in cloud.journal.entries("oss", "PutBucket")]


@contextmanager
def once_opened(stage: Stage, then: Callable[[str], object]) -> Iterator[None]:
    """Do something to the proof's bucket as soon as it was opened."""
    journal = stage.cloud.journal
    before = len(journal.entries("oss", "PutBucketAcl"))

    def opened(entries: list[Any]) -> bool:
        return sum(entry.action == "PutBucketAcl" for entry in entries) > before

    def watch() -> None:
        if journal.wait_for(opened, 30):
            then(made(stage.cloud)[-1])

    watcher = threading.Thread(target=watch)
    watcher.start()
    yield
    watcher.join()


def test_the_loop_is_proved(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    """A bucket of its own is opened, closed by the function and taken away; each leg has a time."""
    before = started(stage)

    assert run(stage, PROVE, "--json", may=proof.PERMISSIONS) == 0

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
    assert stage.cloud.oss.names() == []
    assert started(stage) == before


def test_it_has_the_bucket_marked_before_it_is_opened(stage: Stage) -> None:
    """The mark comes first, so that whatever is killed leaves a bucket that is known as ours."""
    start = len(stage.cloud.journal.entries())
    assert run(stage, PROVE) == 0

    done = [entry.action for entry in stage.cloud.journal.entries()[start:]]
    steps = ["PutBucket", "PutBucketTagging", "PutBucketPublicAccessBlock", "PutBucketAcl"]
    assert [action for action in done if action in steps][:4] == steps


def test_what_the_account_blocks_cannot_be_proved(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    """With Block Public Access on for the account it says so, and makes nothing."""
    stage.cloud.oss.block_account(stage.cloud.account_id, blocked=True)
    before = made(stage.cloud)

    assert run(stage, PROVE) == 1

    assert "the loop cannot be proved: Block Public Access is on" in capsys.readouterr().err
    assert made(stage.cloud) == before


def test_what_only_reports_cannot_be_proved(
    stage: Stage, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In mode report nothing is repaired, so that nothing is made either."""
    spec = apply_helpers.project(tmp_path)
    apply_helpers.edit(spec, "mode: enforce", "mode: report")
    before = made(stage.cloud)

    assert run(stage, PROVE, "--spec", str(spec)) == 1

    assert "cannot be proved in mode report" in capsys.readouterr().err
    assert made(stage.cloud) == before


def leave(stage: Stage, name: str, tags: dict[str, str], *, hours: float = 2) -> None:
    """Make a bucket as if so many hours ago."""
    then = float(int(time.time() - hours * 3600))  # in whole seconds, as OSS has it
    with patch.object(stage.cloud.oss, "_new_creation_time", return_value=then):
        stage.cloud.oss.create(name, region="cn-beijing")
    stage.cloud.oss.set_tags(name, tags)


def test_a_dry_run_tells_all_of_it_and_makes_nothing(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    """With --dry-run it says each thing that it would do, a deletion too, and does none."""
    before = made(stage.cloud)
    leave(stage, f"{LEFT}0", OURS)
    leave(stage, f"{LEFT}1", {})
    assert run(stage, PROVE, "--dry-run", "--json", "--timeout", "90") == 0
    assert made(stage.cloud) == before
    assert stage.cloud.oss.names() == [f"{LEFT}0", f"{LEFT}1"]

    said = capsys.readouterr()
    document = json.loads(said.out)
    assert (document["account_id"], document["region"]) == (stage.spec.account_id, "cn-shanghai")
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
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a killed proof left is deleted before the next; what is not surely one's stays."""
    leave(stage, f"{LEFT}0", OURS)
    leave(stage, f"{LEFT}1", {})
    leave(stage, f"{LEFT}2", {"owner": "somebody"})
    leave(stage, f"{LEFT}3", {**OURS, "owner": "somebody"})
    leave(stage, f"{LEFT}4-of-mine", OURS)
    leave(stage, f"{LEFT}5", OURS, hours=0.9)  # of a proof that may still run

    assert run(stage, PROVE) == 0

    assert stage.cloud.oss.names() == [
        *(f"{LEFT}{n}" for n in "123"),
        f"{LEFT}4-of-mine",
        f"{LEFT}5",
    ]
    said = capsys.readouterr().out
    assert [line[-1] for line in re.findall(r"left (\S+):", said)] == ["1", "2", "3", "5"]


def test_a_leftover_that_is_not_empty_is_left_to_a_person(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    """It refuses while an earlier proof's bucket holds something, and touches nothing."""
    name = f"{LEFT}0"
    leave(stage, name, OURS)
    stage.cloud.oss.put_object(name, "a", b"b")

    assert run(stage, PROVE) == 1

    assert f"{name}, which an earlier proof left, is not empty" in capsys.readouterr().err
    assert stage.cloud.oss.names() == [name]


@pytest.mark.parametrize(
    ("broken", "timeout", "ended", "says"),
    [
        ("rule", "0.3", [], "Cloud Config did not evaluate the change"),
        ("channel", "2", ["evaluated"], "the finding did not lead to a repair"),
        ("logs", "4", ["evaluated", "repaired", "compliant"], "the repair has no audit line"),
    ],
)
def test_the_first_leg_that_did_not_end_is_named(
    stage: Stage,
    capsys: pytest.CaptureFixture[str],
    broken: str,
    timeout: str,
    ended: list[str],
    says: str,
) -> None:
    """Wherever the loop is broken it says so in time, with the legs that ended, and cleans up."""
    with _broken(stage, broken):
        assert run(stage, PROVE, "--timeout", timeout, "--json") == 1

    said = capsys.readouterr()
    legs = json.loads(said.out)["seconds_after_change"]
    assert [leg for leg, seconds in legs.items() if seconds is not None] == ended
    assert f"the loop is not proved: {says}" in said.err
    assert "`resource-repair doctor`" in said.err
    assert stage.cloud.oss.names() == []


@contextmanager
def _broken(stage: Stage, part: str) -> Iterator[None]:
    """The product with a part that does not work."""
    config, ram, role = stage.cloud.config, stage.cloud.ram, stage.spec.service.role
    policy = next(each.name for each in role.policies if "LogPolicy" in each.name)
    if part == "rule":
        config.switch_rule(stage.rule_id, active=False)
        yield
        config.switch_rule(stage.rule_id, active=True)
    elif part == "channel":
        deliver(stage, on=False)
        # That the new ACL is late to show, and the old one is private, is no repair.
        stage.cloud.faults.add("oss:PutBucketAcl", Lag(reads=3))
        yield
        deliver(stage, on=True)
    else:
        ram.detach(role.name, "Custom", policy)
        yield
        ram.attach(role.name, "Custom", policy)


def test_an_outcome_that_ends_it_ends_the_waiting(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    """If the function settles the finding otherwise, that is told at once, not at the timeout."""
    with deployed_with(stage, repairMode="report"):
        assert run(stage, PROVE) == 1
    assert "the function said would_repair" in capsys.readouterr().out


# A request that is cut short leaves its socket to the garbage collector.
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
@pytest.mark.usefixtures("in_foreground")
def test_an_interruption_cleans_up(stage: Stage) -> None:
    """Ctrl-C while it waits ends it, with the bucket gone."""
    deliver(stage, on=False)
    with once_opened(stage, lambda _: os.kill(os.getpid(), signal.SIGINT)):
        assert run(stage, PROVE) == 1
    assert stage.cloud.oss.names() == []


@pytest.mark.usefixtures("in_foreground")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=lambda each: each.name)
def test_a_pipeline_s_cancel_cleans_up(stage: Stage, number: signal.Signals) -> None:
    """A process that is told to end, even twice, takes its bucket away before it does."""
    deliver(stage, on=False)
    environ = {**os.environ, **environment(stage.cloud), "PREPARE_RULE_ID": stage.rule_id}
    environ.pop("ALIBABA_CLOUD_SECURITY_TOKEN", None)
    prove = (
        "from scripts import cli; from tests.contract import test_loop_proof as here; "
        "exit(cli.run_verb(here.PROVE))"
    )
    opened: list[str] = []
    with once_opened(stage, opened.append):
        loop = subprocess.Popen([sys.executable, "-c", prove], cwd=ROOT, env=environ)
    try:
        loop.send_signal(number)
        loop.send_signal(number)
        assert loop.wait(30) == 1
    finally:
        loop.kill()
        loop.wait()
    assert opened
    assert stage.cloud.oss.names() == []


def test_a_bucket_that_somebody_deletes_is_told(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    """If another run takes the bucket for a leftover, it says so, and makes it not anew."""
    deliver(stage, on=False)
    with once_opened(stage, stage.cloud.oss.delete):
        assert run(stage, PROVE) == 1
    assert "prove the loop once at a time" in capsys.readouterr().err
    assert stage.cloud.oss.names() == []


def test_cleaning_up_is_tried_again(stage: Stage) -> None:
    """A deletion that OSS does not answer for a moment is tried again."""
    stage.cloud.faults.add("oss:DeleteBucket", Fail(503, "ServiceUnavailable"), times=2)
    assert run(stage, PROVE) == 0
    assert stage.cloud.oss.names() == []


@pytest.mark.parametrize("missing", proof.PERMISSIONS, ids=lambda permission: permission.action)
def test_each_refused_permission_is_named(
    stage: Stage, capsys: pytest.CaptureFixture[str], missing: Permission
) -> None:
    """Without one of its permissions it says which, and leaves no bucket that it may delete.

    What it must be able to read later is refused before anything is made.
    """
    before = made(stage.cloud)
    if missing.action == "oss:GetBucketTagging":
        leave(stage, f"{LEFT}0", OURS)
    may = without(proof.PERMISSIONS, missing.action)

    assert run(stage, PROVE, may=may) == 1

    assert f"allow {missing.action}" in capsys.readouterr().err
    if missing.action.startswith(("log:", "config:")):
        assert made(stage.cloud) == before
    left = {"oss:DeleteBucket": made(stage.cloud)[-1:], "oss:GetBucketTagging": [f"{LEFT}0"]}
    assert stage.cloud.oss.names() == left.get(missing.action, [])
