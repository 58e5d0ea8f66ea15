"""Several findings at once: one's trouble is its own."""

import logging
from collections.abc import Callable

import pytest

from resource_repair import batch, remediations
from resource_repair.remediations import Remediation
from resource_repair.settings import Settings, load
from resource_repair.timing import Clock, Deadline
from resource_repair.values import Finding, Invocation, Outcome

INVOCATION = Invocation("request", "1", "cn-shanghai", 60, None)
SECRET = "the-secret-key"


def repair(finding: Finding) -> Outcome:
    """A repair that breaks on some buckets, quoting what must not be logged."""
    if finding.resource_id.startswith("broken"):
        raise LookupError(f"signature of {SECRET} does not match")
    return Outcome("repaired", bucket=finding.resource_id)


def prepare(
    settings: Settings, invocation: Invocation, deadline: Deadline
) -> Callable[..., Outcome]:
    """What a remediation's module offers."""
    return repair


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """A registry with a remediation of this module, and one whose module cannot be imported."""
    entries = {
        "ACS::OSS::Bucket": Remediation(str.islower, __name__, ()),
        "ACS::Missing::Module": Remediation(str.islower, "no.such.module", ()),
    }
    monkeypatch.setattr(remediations, "REMEDIATIONS", entries)
    monkeypatch.setitem(
        __import__("sys").modules, __name__, __import__("types").SimpleNamespace(prepare=prepare)
    )


def outcomes(*findings: Finding) -> dict[str, Outcome]:
    """The outcome for each bucket."""
    config = load({"prepareRuleId": "cr-1"})
    done = batch.repair_all(findings, config, INVOCATION, Deadline(Clock(), 60))
    return {outcome.bucket: outcome for outcome in done}


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize("count", [0, 1, 2, 40])
def test_every_finding_has_its_outcome(count: int, caplog: pytest.LogCaptureFixture) -> None:
    """However many findings: each has an outcome, and a broken one stops no other."""
    names = [f"{'broken' if n % 3 == 2 else 'bucket'}-{n}" for n in range(count)]
    with caplog.at_level(logging.DEBUG):
        done = outcomes(*(Finding("cr-1", name) for name in names))
    assert {name: outcome.outcome for name, outcome in done.items()} == {
        name: "failed" if name.startswith("broken") else "repaired" for name in names
    }
    assert SECRET not in caplog.text
    assert SECRET not in str(done)


@pytest.mark.usefixtures("registry")
def test_a_remediation_that_cannot_start_fails_its_findings() -> None:
    """If a remediation's module cannot be imported, its findings fail and the others do not."""
    missing = Finding("cr-1", "of-another-type", resource_type="ACS::Missing::Module")
    done = outcomes(missing, Finding("cr-1", "bucket-1"))
    assert done["of-another-type"].reason.startswith("internal_error: ModuleNotFoundError")
    assert done["bucket-1"].outcome == "repaired"
