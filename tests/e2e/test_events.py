"""Every example event, through the bundle, on every Python that Function Compute has."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from scripts import ROOT
from scripts.localcloud import pythons
from scripts.localcloud.pythons import RUNTIMES
from tests.account import Account, Beginning, Moments
from tests.conftest import missing_runtime
from tests.e2e import scene
from tests.parts import no_http, public_policy

EVENTS = ROOT / "events"
# What is looked at twice.
SLOW = (
    *("already_private", "exempt", "exposed", "gone"),
    *("compliant", "repaired_encryption", "repaired_https", "repaired_policy"),
    "repaired_public_write",
)
ROW = re.compile(
    r"\| `(?P<file>[^`]+)` \| (?P<outcomes>[a-z_, ]+) \| (?P<end>success|fail|error) \|"
)


def table() -> dict[str, tuple[list[str], str]]:
    """The expectations in events/README.md: file, outcomes, how it ends."""
    rows = ROW.finditer((EVENTS / "README.md").read_text())
    return {row["file"]: (row["outcomes"].split(", "), row["end"]) for row in rows}


@pytest.fixture(scope="module", params=sorted(RUNTIMES))
def laid(
    request: pytest.FixtureRequest, moments: Moments, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Account, Beginning]:
    """The product, its function of one runtime, and every bucket as the table says."""
    if pythons.find(request.param).substituted:
        missing_runtime(RUNTIMES[request.param])
    account = moments.deployed(tmp_path_factory.mktemp("project"), bundle=True)
    environment = {**account.spec.function.environment, "remediations": scene.REMEDIATIONS}
    account.update(runtime=request.param, environment_variables=environment)
    for role in account.cloud.ram.roles:
        if "least-privilege" in role:  # which in 3.0 has no more than what s.yaml names needs
            account.cloud.ram.attach(role, "System", "AliyunOSSFullAccess")
    scene.lay(account)
    return account, account.beginning()


@pytest.fixture
def product(laid: tuple[Account, Beginning]) -> Account:
    """The same, whatever was done to it before."""
    account, beginning = laid
    account.begin_again(beginning)
    return account


def test_the_table_names_every_event() -> None:
    """Each file in events/ has its expectation, and each expectation its file."""
    files = {path.name for path in EVENTS.iterdir() if path.name != "README.md"}
    assert set(table()) == files


@pytest.fixture(scope="module")
def seen_twice(laid: tuple[Account, Beginning]) -> dict[str, scene.Ran]:
    """The events that take three seconds: all of them at once, as no two are about one ACL."""
    names = [name for name in table() if name.startswith(SLOW)]
    account, beginning = laid
    account.begin_again(beginning)
    with ThreadPoolExecutor(len(names)) as pool:
        events = ((EVENTS / name).read_bytes() for name in names)
        ran = dict(zip(names, pool.map(partial(scene.run, account), events), strict=True))
    acls = {bucket: acl for bucket, (_, acl) in scene.BUCKETS.items()}
    assert account.acls() == {**acls, "config-dropbox": "public-read"}
    rules = {name: account.cloud.oss.bucket(name).encryption for name in scene.BUCKETS}
    assert {name: rule["SSEAlgorithm"] for name, rule in rules.items() if rule} == {
        "config-encrypted": "KMS",
        "config-upload": "AES256",
    }
    policies = {name: account.cloud.oss.bucket(name).policy for name in scene.BUCKETS}
    assert {name: json.loads(text) for name, text in policies.items() if text} == {
        "config-partners": json.loads(public_policy("config-partners", "20")),
        "config-policy": json.loads(public_policy("config-policy")),
        "config-private": {"Version": "1", "Statement": [no_http("config-private")]},
    }
    return ran


@pytest.mark.parametrize("name", sorted(table()))
def test_an_event_gives_what_its_name_says(
    product: Account, seen_twice: dict[str, scene.Ran], name: str
) -> None:
    """The file's outcomes and end are those of the table, and no bucket but its own changed."""
    outcomes, end = table()[name]
    result = seen_twice.get(name) or scene.run(product, (EVENTS / name).read_bytes())

    assert sorted(result.outcomes) == sorted(outcomes)
    assert (result.answer or "error") == end
    if end == "error":
        assert result.error["errorType"] == "UnsettledFindingsError"
    closed = {line["bucket"] for line in result.audit if line["acl_after"] == "private"}
    for bucket, (_, acl) in scene.BUCKETS.items():
        assert product.cloud.oss.bucket(bucket).acl == ("private" if bucket in closed else acl)
    assert set(product.cloud.oss.names()) == set(scene.BUCKETS)
    assert name.startswith((*outcomes, end))
