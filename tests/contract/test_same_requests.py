"""Leaving things out changes no request: lean bundle, full bundle and oss2 itself ask alike."""

import shutil
import sys
import sysconfig
from pathlib import Path

import oss2
import pytest

from scripts import declared
from scripts.bundling import bundle
from tests.contract import bundle_rig
from tests.contract.bundle_rig import CountingOss

Request = tuple[str, str, str, dict[str, str]]


def requests_of(oss: CountingOss) -> list[Request]:
    """What came, but for what differs each time (date, signature) or everywhere (user agent)."""
    return [(a.bucket, a.method, a.query, bundle_rig.lasting(a.headers)) for a in oss.asked]


def requests_by(python: str, code: Path, *paths: Path) -> list[Request]:
    """The requests of one repair by a bundle."""
    with bundle_rig.counting_oss() as oss:
        ran = bundle_rig.run(python, code, oss.by_address, bundle_rig.findings(1), paths=paths)
    assert ran.outcomes() == {"repaired": 1}
    return requests_of(oss)


@pytest.fixture(scope="module")
def lean(code: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle, unpacked."""
    return bundle_rig.unpack(code, tmp_path_factory.mktemp("lean"))


def test_with_all_of_oss2_the_requests_are_the_same(lean: Path, tmp_path: Path) -> None:
    """Our modules with oss2 as it is installed here, all of its dependencies real, ask the same."""
    shutil.copy(lean / "index.py", tmp_path)
    shutil.copytree(lean / "resource_repair", tmp_path / "resource_repair")
    installed = Path(sysconfig.get_path("purelib"))
    assert len(requests_by(sys.executable, lean)) == 4
    assert requests_by(sys.executable, lean) == requests_by(sys.executable, tmp_path, installed)


def test_oss2_s_own_session_would_ask_the_same(lean: Path) -> None:
    """What oss2 itself sends, by way of requests, is the same but for two headers of requests'."""
    with bundle_rig.counting_oss() as oss:
        auth = oss2.StsAuth("STS.id", "secret", "token", auth_version=oss2.AUTH_VERSION_4)
        session = oss2.Session()
        bucket = oss2.Bucket(
            auth, oss.by_address, "config-snapshot-0", session=session, region=bundle_rig.REGION
        )
        bucket.get_bucket_info()
        bucket.put_bucket_acl(oss2.BUCKET_ACL_PRIVATE)
        bucket.get_bucket_info()
        bucket._do("GET", bucket.bucket_name, "", params={"policyStatus": ""}).read()
        session.session.close()
    plain = requests_of(oss)
    for *_, headers in plain:
        assert headers.pop("accept") == "*/*"
        assert headers.pop("connection") == "keep-alive"
    assert requests_by(sys.executable, lean) == plain


@pytest.mark.bad_days
def test_the_full_bundle_asks_the_same(lean: Path, tmp_path: Path) -> None:
    """What `make bundle FULL=1` makes runs on the runtime of s.yaml, with the same requests."""
    python = bundle_rig.python_for(declared.runtime(declared.PATH, {}))
    full = bundle_rig.unpack(bundle.build(tmp_path / "full", full=True), tmp_path / "code")
    assert (full / "Crypto" / "Cipher" / "AES.py").exists()
    assert list(full.rglob("*.so"))
    assert requests_by(python, full) == requests_by(python, lean)
