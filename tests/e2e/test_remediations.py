"""Each further remediation from Cloud Config's finding to its proof, under the least role."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from scripts.declared.rule_ids import variable
from scripts.localcloud import Drop, Fail, Lag
from scripts.localcloud.oss.state import OssState
from tests.account import Account, Moments
from tests.e2e import scene
from tests.parts import edit, overtaken, public_policy, remediate

POLICY_RULE = "oss-bucket-policy-no-any-anonymous"


def deployed(
    moments: Moments, folder: Path, name: str, mode: str, of_acl: str = "enforce"
) -> Account:
    """The product with a remediation, or several, in a mode, as s.yaml and provision bring it."""
    product = moments.deployed(folder, bundle=True, least=True)
    edit(product.path, "  mode: enforce", f"  mode: {of_acl}")
    on = [f"{each}:${{env({variable(each)})}}:{mode}" for each in name.split()]
    remediate(product.path, ";".join(on))
    assert product.run("provision", "--yes") == 0
    product.deploy()
    product.rest()
    return product


@contextmanager
def there_before(product: Account) -> Iterator[OssState]:
    """What is made meanwhile brings no finding: it was there long ago."""
    with product.unnoticed():
        yield product.cloud.oss
    product.cloud.settle()


def lines(product: Account, bucket: str) -> list[tuple[str, str, str | None, str | None]]:
    """What the audit says of a bucket: remediation, outcome, before, after."""
    return [
        (line.remediation, line.outcome, line.before, line.after)
        for line in product.audit()
        if line.bucket == bucket
    ]


@pytest.mark.parametrize(
    ("mode", "left", "told"),
    [
        ("enforce", {"SSEAlgorithm": "AES256"}, ("encryption", "repaired", "None", "AES256")),
        ("report", {}, ("encryption", "would_repair", "None", "None")),
    ],
)
def test_what_is_put_into_a_bucket_is_encrypted_from_its_finding_on(
    moments: Moments, tmp_path: Path, mode: str, left: dict[str, str], told: tuple[str, ...]
) -> None:
    """The bucket that is open besides is closed as ever; one with KMS is no finding."""
    product = deployed(moments, tmp_path, "encryption", mode)
    oss = product.cloud.oss
    oss.create("config-new")
    oss.create("config-open", acl="public-read")
    oss.create("config-kms", encryption={"SSEAlgorithm": "KMS"})
    product.rest()
    assert oss.bucket("config-new").encryption == oss.bucket("config-open").encryption == left
    assert oss.bucket("config-kms").encryption == {"SSEAlgorithm": "KMS"}
    assert lines(product, "config-new") == [told]
    closed = ("acl", "repaired", "public-read", "private")
    assert {told, closed} <= set(lines(product, "config-open"))  # which are changes, found again
    assert lines(product, "config-kms") == []
    assert {line.mode for line in product.audit() if line.remediation == "encryption"} == {mode}
    asked = scene.calls(product, "config-new", "GetBucketInfo", "PutBucketEncryption")
    write = ["GetBucketInfo", "PutBucketEncryption", "GetBucketInfo"]
    assert asked == ["GetBucketInfo", *(write if mode == "enforce" else [])]


@pytest.mark.parametrize(
    ("operation", "fault", "outcome"),
    [
        ("oss:PutBucketEncryption", Lag(reads=3), "repaired"),
        ("oss:PutBucketEncryption", Fail(503, "ServiceUnavailable"), "repaired"),
        ("oss:PutBucketEncryption", Fail(409, "ConcurrentUpdateBucketFailed"), "repaired"),
    ],
    ids=str,
)
def test_what_passes_keeps_no_bucket_unencrypted(
    moments: Moments, tmp_path: Path, operation: str, fault: Fail | Lag, outcome: str
) -> None:
    """Late read-backs, throttling, another writer: overcome in one invocation."""
    product = deployed(moments, tmp_path, "encryption", "enforce")
    product.cloud.faults.add(operation, fault, subject="config-bumpy", times=1)
    product.cloud.oss.create("config-bumpy")
    product.rest()
    assert lines(product, "config-bumpy") == [("encryption", outcome, "None", "AES256")]


@pytest.mark.parametrize(
    ("acl_mode", "mode", "left"),
    [
        ("report", "enforce", "public-read"),
        ("report", "report", "public-read-write"),
        ("enforce", "report", "private"),
        ("enforce", "enforce", "private"),
    ],
)
def test_nobody_writes_and_what_the_acl_s_own_rule_closes_stays_closed(
    moments: Moments, tmp_path: Path, acl_mode: str, mode: str, left: str
) -> None:
    """Each in its own mode; where both find a bucket at once, it ends with the stricter."""
    product = deployed(moments, tmp_path, "public-write", mode, acl_mode)
    product.cloud.oss.create("config-open", acl="public-read-write")
    product.rest()
    assert product.cloud.oss.bucket("config-open").acl == left


PARTNER = json.loads(public_policy("config-site", "20"))["Statement"][0]
ANYBODY = json.loads(public_policy("config-site"))["Statement"][0]
BOTH = public_policy("config-site", "20", "*")


def policy_of(product: Account) -> list[dict[str, object]]:
    """The statements of the bucket's policy."""
    text = product.cloud.oss.bucket("config-site").policy
    return json.loads(text)["Statement"] if text else []  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("mode", "left", "outcome", "after"),
    [
        ("enforce", [PARTNER], "repaired", []),
        ("report", [PARTNER, ANYBODY], "would_repair", [ANYBODY]),
    ],
)
def test_a_policy_lets_nobody_in_from_its_finding_on(
    moments: Moments, tmp_path: Path, mode: str, left: object, outcome: str, after: object
) -> None:
    """What it lets others do stays; what is taken out is in the line, and then all is compliant."""
    product = deployed(moments, tmp_path, "policy", mode)
    oss = product.cloud.oss
    oss.create("config-site")
    oss.set_policy("config-site", BOTH)
    product.rest()
    assert policy_of(product) == left
    assert oss.policy_is_public("config-site") is (mode == "report")
    (line,) = [each for each in product.audit() if each.remediation == "policy"]
    assert (line.bucket, line.outcome, line.mode) == ("config-site", outcome, mode)
    assert [json.loads(each or "") for each in (line.before, line.after)] == [[ANYBODY], after]
    asked = scene.calls(product, "config-site")
    look = ["GetBucketInfo", "GetBucketPolicy"]
    course = [*look, *look, "PutBucketPolicy", *look, *look, "GetBucketPolicyStatus"]
    assert asked == (course if mode == "enforce" else look)
    (rule,) = [each for each in product.cloud.config.rules() if each.source == POLICY_RULE]
    found = product.cloud.config.results(rule.id)
    assert {each.compliance for each in found if each.bucket == "config-site"} == {
        "COMPLIANT" if mode == "enforce" else "NON_COMPLIANT"
    }


@pytest.mark.parametrize(
    ("operation", "fault", "outcome"),
    [
        ("oss:PutBucketPolicy", Lag(reads=2), "repaired"),
        ("oss:PutBucketPolicy", Fail(503, "ServiceUnavailable"), "repaired"),
        ("oss:GetBucketPolicy", Fail(500, "InternalError"), "repaired"),
        ("oss:PutBucketPolicy", Drop(), "compliant"),
    ],
    ids=str,
)
def test_what_passes_leaves_no_policy_open(
    moments: Moments, tmp_path: Path, operation: str, fault: Drop | Fail | Lag, outcome: str
) -> None:
    """Late read-backs, throttling, a lost answer: overcome, and told by what is there."""
    product = deployed(moments, tmp_path, "policy", "enforce")
    product.cloud.faults.add(operation, fault, subject="config-site")
    with product.unnoticed():
        product.cloud.oss.create("config-site")
    product.cloud.oss.set_policy("config-site", BOTH)
    product.rest()
    assert policy_of(product) == [PARTNER]
    ends = [(line[1], json.loads(line[2] or ""), line[3]) for line in lines(product, "config-site")]
    assert ends == [(outcome, [ANYBODY], "[]")]


def test_what_is_left_of_an_old_policy_and_is_no_longer_taken_is_told(
    moments: Moments, tmp_path: Path
) -> None:
    """OSS holds to what is new whoever changes a policy: nothing is taken out, and it is kept."""
    product = deployed(moments, tmp_path, "policy", "enforce")
    office = {**PARTNER, "Condition": {"IpAddress": {"acs:SourceIp": ["192.0.2.7"]}}}
    there = json.dumps({"Version": "1", "Statement": [office, ANYBODY]})
    product.cloud.oss.create("config-site")
    product.cloud.oss.set_policy("config-site", there)
    product.rest()
    assert product.cloud.oss.bucket("config-site").policy == there
    ends = {each.outcome: each.reason for each in product.audit() if each.remediation == "policy"}
    assert list(ends) == ["failed"]
    assert ends["failed"].startswith(
        "InvalidPolicyDocument (EC 0030-00000008): OSS no longer takes"
    )


def test_a_policy_that_was_there_before_is_told_by_sweep_and_left(
    moments: Moments, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In report: nothing changes, and its owner is told what would."""
    product = deployed(moments, tmp_path, "policy", "report")
    with product.unnoticed():
        product.cloud.oss.create("config-site")
        product.cloud.oss.set_policy("config-site", BOTH)
    product.cloud.settle()
    capsys.readouterr()
    assert product.run("sweep", "--yes") == 0
    said = capsys.readouterr().out
    assert "config-site (policy)" in said
    assert policy_of(product) == [PARTNER, ANYBODY]
    (line,) = [each for each in product.audit() if each.bucket == "config-site"]
    assert (line.outcome, line.reason) == (
        "would_repair",
        "report mode: would take out 1 of 2 statements",
    )


def test_what_was_there_before_is_swept_each_by_its_own_remediation(
    moments: Moments, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One bucket that is wrong in two ways ends well; one with KMS is left; then nothing is due."""
    product = deployed(moments, tmp_path, "encryption", "enforce")
    with there_before(product) as oss:
        oss.create("config-both", acl="public-read")
        oss.create("config-kms", encryption={"SSEAlgorithm": "KMS"})
    capsys.readouterr()
    assert product.run("sweep", "--yes") == 0
    said = capsys.readouterr().out
    assert "config-both (encryption)" in said
    assert "this changes 2 buckets" in said
    both = product.cloud.oss.bucket("config-both")
    assert (both.acl, both.encryption) == ("private", {"SSEAlgorithm": "AES256"})
    assert product.cloud.oss.bucket("config-kms").encryption == {"SSEAlgorithm": "KMS"}
    told = {line[:2] for line in lines(product, "config-both")}
    # To close it brings a finding about its encryption too, if that comes before the sweep's own.
    assert told - {("encryption", "compliant")} == {("acl", "repaired"), ("encryption", "repaired")}
    product.rest()
    assert product.run("sweep", "--due", "--yes", "--grace", "0") == 0
    assert "nothing to do" in capsys.readouterr().out


def test_a_sweep_looks_for_a_pause_before_each_finding_of_one_bucket(
    moments: Moments, tmp_path: Path
) -> None:
    """What waits for the other remediation of its bucket is not sent once a pause holds."""
    product = deployed(moments, tmp_path, "encryption", "enforce")
    with there_before(product) as oss:
        oss.create("config-both", acl="public-read")
    begun = len(product.cloud.journal.entries("fc", "InvokeFunction"))
    swept, paused = overtaken(
        product.cloud,
        "fc:InvokeFunction",
        0,
        lambda: product.run("sweep", "--yes"),
        lambda: product.run("pause"),
    )
    assert (swept, paused) == (1, 0)
    assert len(product.cloud.journal.entries("fc", "InvokeFunction")) == begun + 1


def test_a_bucket_that_is_named_is_swept_by_what_found_it_alone(
    moments: Moments, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is not said to be left alone, as the ACL's own rule has it, and then changed."""
    product = deployed(moments, tmp_path, "encryption", "enforce")
    with there_before(product) as oss:
        oss.create("config-new")
    capsys.readouterr()
    assert product.run("sweep", "--bucket", "config-new", "--yes") == 0
    said = capsys.readouterr().out
    assert "config-new (encryption)" in said
    assert "it is left alone" not in said
    assert product.cloud.oss.bucket("config-new").encryption == {"SSEAlgorithm": "AES256"}


def test_a_sweep_tells_which_remediation_only_reports(
    moments: Moments, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The function does not: it closes what is open in the same run."""
    product = deployed(moments, tmp_path, "encryption", "report")
    with there_before(product) as oss:
        oss.create("config-both", acl="public-read")
    capsys.readouterr()
    assert product.run("sweep", "--yes") == 0
    said = capsys.readouterr().out
    assert "1 bucket stays as before, as encryption runs in mode report" in said
    assert "stays open" not in said
