"""What the benchmark compares: each variant sends the requests that it is said to send."""

import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from scripts.bench import folders, plan
from scripts.bench.figures import Sample
from scripts.bench.measure import Bench
from scripts.bench.plan import Scene, State
from scripts.bench.remote import Remote, Seen
from scripts.bundling import pythons
from scripts.errors import Problem
from scripts.localcloud.http import Headers, Request
from scripts.localcloud.oss import access, address
from scripts.localcloud.service import ApiError
from tests.conftest import missing_runtime
from tests.contract.oss_helpers import ACCOUNT, OssCloud, oss_cloud

FOUR = ["GET bucketInfo", "PUT acl", "GET bucketInfo", "GET policyStatus"]
FINDINGS = 3
RUNTIMES = sorted({each.runtime for each in plan.HOSTS.values()})
PYTHONS = {each: python for each in RUNTIMES if (python := pythons.find(each, os.environ))}


class Rig(NamedTuple):
    """A benchmark that signs with a role's credentials, and the cloud that knows them."""

    bench: Bench
    remote: Remote
    code: folders.Folders
    cloud: OssCloud
    ran: dict[tuple[str, State], tuple[Seen, Sample]]

    def once(self, variant: str, state: State = State.COLD) -> tuple[Seen, Sample]:
        """As `run`, which this does if no test did."""
        if (variant, state) not in self.ran:
            self.ran[variant, state] = self.run(variant, state)
        return self.ran[variant, state]

    def run(self, variant: str, state: State = State.COLD) -> tuple[Seen, Sample]:
        """What the server saw of one message to a variant, and its sample."""
        findings = 1 if state is State.OTHERS else FINDINGS
        scene = Scene(state, findings, 0.0, 1, (variant,))
        [sample] = self.bench.measure(scene)[variant]
        return self.remote.seen(), sample


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory, code: Path) -> Iterator[Rig]:
    """A benchmark on the code that it compares, not compiled."""
    place = tmp_path_factory.mktemp("bench")
    with oss_cloud() as cloud, Remote(place) as remote:
        key = cloud.role("oss:*")
        made = folders.make(place / "code", remote.authority, code, PYTHONS, compiled=False)
        credentials = (key.access_key_id, key.access_key_secret, key.security_token)
        bench = Bench(
            remote, made, place, lambda _: None, credentials=credentials, keep_requests=True
        )
        yield Rig(bench, remote, made, cloud, {})


def as_sent(kept: dict[str, Any]) -> Request:
    """A request that the server kept, for the local cloud to judge."""
    headers = Headers(kept["headers"])
    return Request(kept["method"], kept["path"], kept["query"], headers, b"")


def by_bucket(kept: list[dict[str, Any]] | None) -> dict[str, list[str]]:
    """What was asked about each bucket, in order."""
    asked: dict[str, list[str]] = {}
    for each in kept or []:
        query = each["query"].partition("=")[0]
        asked.setdefault(each["headers"]["host"], []).append(f"{each['method']} {query}")
    return asked


@pytest.mark.parametrize("variant", [plan.PRODUCT, *plan.HOSTS, plan.HONEST, "floor-8"])
def test_who_proves_the_repair_makes_four_signed_requests(rig: Rig, variant: str) -> None:
    """Read, write, read back, policy: each signed with V4 and believed by the local cloud's OSS."""
    if variant in plan.HOSTS and plan.HOSTS[variant].runtime not in PYTHONS:
        missing_runtime(pythons.RUNTIMES[plan.HOSTS[variant].runtime])
    seen, sample = rig.once(variant)
    asked = by_bucket(seen.kept)
    assert list(asked.values()) == [FOUR] * FINDINGS
    assert (sample.requests, sample.connections) == (4 * FINDINGS, FINDINGS)
    for kept in seen.kept or []:
        request = as_sent(kept)
        caller = access.authenticate(request, address.locate(request), rig.cloud.ram)
        assert caller.region == "cn-shanghai"
        assert caller.principal is not None
        assert caller.principal.account_id == ACCOUNT


@pytest.mark.parametrize("variant", [plan.TUTORIAL, plan.TUTORIAL_SOURCE])
def test_the_tutorials_way_is_one_blind_write_signed_with_v1(rig: Rig, variant: str) -> None:
    """One PutBucketAcl a bucket, one connection each, in the clear, in V1: OSS would refuse it."""
    seen, sample = rig.once(variant)
    assert list(by_bucket(seen.kept).values()) == [["PUT acl"]] * FINDINGS
    assert (sample.requests, sample.connections) == (FINDINGS, FINDINGS)
    port = rig.remote.ports["http"]
    for kept in seen.kept or []:
        assert kept["headers"]["host"].endswith(f":{port}")
        request = as_sent(kept)
        with pytest.raises(ApiError, match="version 1"):
            access.authenticate(request, address.locate(request), rig.cloud.ram)


@pytest.mark.parametrize("variant", [plan.TUTORIAL, plan.HONEST])
def test_what_goes_one_after_another_does(rig: Rig, variant: str) -> None:
    """A bucket is done with before the next is begun."""
    seen, _ = rig.once(variant)
    hosts = [kept["headers"]["host"] for kept in seen.kept or []]
    assert len(list(itertools.groupby(hosts))) == FINDINGS


def test_a_runtime_whose_python_is_not_here_is_left_out_and_told() -> None:
    """A row that cannot be measured on a machine says so; no other takes its place."""
    scene = Scene(State.COLD, 1, 0.0, 1, (plan.PRODUCT, *plan.HOSTS))
    left = plan.possible(scene, ["python3.10"])
    assert left.variants == (plan.PRODUCT, "product-2-python3.10", "product-3-python3.10")
    assert left.left_out == {"product-3-python3.12": "no Python 3.12 on this machine"}
    assert plan.possible(scene, RUNTIMES) == scene


def test_a_warm_process_asks_for_new_buckets(rig: Rig) -> None:
    """What a warm process did before does not save it a connection or a request."""
    seen, sample = rig.once(plan.PRODUCT, State.WARM)
    assert list(by_bucket(seen.kept).values()) == [FOUR] * FINDINGS
    assert sample.connections == FINDINGS


def test_another_rules_message_is_read_and_left_alone(rig: Rig, tmp_path: Path) -> None:
    """The product records that it ignores it, asks OSS nothing, and does not import oss2."""
    seen, sample = rig.run(plan.PRODUCT, State.OTHERS)
    assert (seen.asked, seen.connections, sample.oss2) == (0, 0, False)
    assert '"outcome": "ignored"' in (rig.code.product.parents[1] / "product.log").read_text()


def test_who_closes_nothing_is_not_measured(rig: Rig) -> None:
    """A variant whose buckets stay open ends the run, and no figure comes of it."""
    broken = rig.code.floor / "index.py"
    honest = broken.read_text()
    broken.write_text(honest.replace('ask("PUT", "acl", acl="private")', "return"))
    try:
        with pytest.raises(Problem, match="closed 0 buckets of 3"):
            rig.run("floor-8")
    finally:
        broken.write_text(honest)


def test_all_trust_the_same_authorities(rig: Rig) -> None:
    """Whoever speaks TLS parses the same file, so that it costs each the same."""
    files = [
        folder / "certifi" / "cacert.pem" for folder in (rig.code.product, rig.code.honest)
    ] + [rig.code.floor / "cacert.pem"]
    assert len({file.read_bytes() for file in files}) == 1


def test_full_oss2_brings_all_that_it_requires() -> None:
    """The tutorial's way has what pip would have installed for it."""
    wanted = {"oss2", "requests", "crcmod", "pycryptodome", "aliyun-python-sdk-core"}
    assert wanted | {"aliyun-python-sdk-kms", "urllib3", "certifi"} <= set(folders.closure("oss2"))
    assert "pytest" not in folders.closure("oss2")


def test_the_server_counts_and_forgets(rig: Rig) -> None:
    """A sample's figures are its own: a reset forgets what was before."""
    assert rig.run("floor-8")[1].requests == 4 * FINDINGS
    rig.remote.reset(0.0)
    seen = rig.remote.seen()
    assert (seen.connections, seen.asked, seen.private, seen.kept) == (0, 0, 0, None)
