"""What a cold process of each runtime imports: what a finding of ours needs, and no more."""

import subprocess
from pathlib import Path

import pytest

from resource_repair.remediations import REMEDIATIONS as MODULES
from scripts import declared
from scripts.localcloud.pythons import RUNTIMES
from tests.contract import bundle_rig

# Most of a cold start is importing these.
FOR_A_REPAIR = {"http.client", "oss2", "requests", "socket", "ssl", "urllib", "xml.etree"}
# What these would cost no ACL request can give back.
NEVER = {
    *("Crypto.Cipher.AES", "aliyunsdkcore", "aliyunsdkkms", "charset_normalizer", "cryptography"),
    *("concurrent.futures", "http.cookiejar", "idna", "jmespath", "requests.sessions"),
    *("urllib.request", "urllib3", "yaml"),
}


@pytest.fixture(scope="module")
def folder(code: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle, unpacked."""
    return bundle_rig.unpack(code, tmp_path_factory.mktemp("code"))


@pytest.mark.parametrize("runtime", sorted(RUNTIMES))
def test_a_message_for_another_rule_imports_nothing_of_a_repair(folder: Path, runtime: str) -> None:
    """No HTTP, no TLS, no XML and no oss2 for what is not ours."""
    python = bundle_rig.python_for(runtime)
    event = bundle_rig.findings(2, rule="cr-of-somebody-else")
    ran = bundle_rig.run(python, folder, "https://oss-{region}.oss.test", event)
    assert ran.answers == ["success"]
    assert ran.outcomes() == {"ignored": 2}
    # The runner itself has imported socket.
    assert not {name.split(".")[0] for name in ran.imported} & {
        *(name.split(".")[0] for name in FOR_A_REPAIR | NEVER),
        *("asyncio", "datetime", "email", "multiprocessing", "selectors", "tempfile"),
    }
    assert not {name for name in ran.imported if name.startswith("resource_repair.remediations.")}


def test_a_compliant_result_of_our_own_rule_imports_no_remediation(folder: Path) -> None:
    """Though the message tells which managed rule that is: it is ignored whatever it is."""
    result = {
        "complianceType": "COMPLIANT",
        "sourceIdentifier": "oss-bucket-public-read-prohibited",
    }
    event = [{**each, **result} for each in bundle_rig.findings(1)]
    python = bundle_rig.python_for(declared.runtime(declared.PATH, {}))
    ran = bundle_rig.run(python, folder, "https://oss-{region}.oss.test", event)
    assert ran.outcomes() == {"ignored": 1}
    assert not {name for name in ran.imported if name.startswith("resource_repair.remediations.")}


@pytest.mark.parametrize("runtime", sorted(RUNTIMES))
def test_a_repair_imports_no_more_than_its_requests_need(folder: Path, runtime: str) -> None:
    """A finding of ours is repaired without requests' own machinery or client-side encryption, and
    without any other remediation than the one that it is for.
    """
    python = bundle_rig.python_for(runtime)
    with bundle_rig.counting_oss() as oss:
        ran = bundle_rig.run(python, folder, oss.by_address, bundle_rig.findings(1))
    assert ran.outcomes() == {"repaired": 1}
    assert FOR_A_REPAIR - {"socket"} <= ran.imported
    assert not NEVER & ran.imported
    others = {f"resource_repair.remediations.{name}" for name in MODULES.values()}
    assert others & ran.imported == {"resource_repair.remediations.bucket_acl"}


# Each module that is here for its names alone must load too, wherever somebody comes to import it.
_TRUST = """
import sys; sys.path.insert(0, sys.argv[1])
import certifi
from resource_repair.transport import trust
print(trust().cert_store_stats()["x509_ca"])
"""


@pytest.mark.parametrize("runtime", sorted(RUNTIMES))
def test_every_runtime_trusts_all_authorities(folder: Path, runtime: str) -> None:
    """Python 3.6 too, for which certifi's own code is no longer made: its data is all we take."""
    python = bundle_rig.python_for(runtime)
    command = [python, "-I", "-S", "-c", _TRUST, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    authorities = (folder / "certifi" / "cacert.pem").read_text().count("-----BEGIN CERTIFICATE")
    assert int(done.stdout) == authorities > 100


def test_what_comes_compiled_is_what_runs(folder: Path) -> None:
    """The byte code is of s.yaml's runtime, and is taken without a look at the source."""
    python = bundle_rig.python_for(declared.runtime(declared.PATH, {}))
    source = folder / "resource_repair" / "judge.py"
    text = source.read_text()
    source.write_text("raise SystemExit('the source was compiled again')\n")
    try:
        event = bundle_rig.findings(1, rule="cr-of-somebody-else")
        ran = bundle_rig.run(python, folder, "https://oss-{region}.oss.test", event)
    finally:
        source.write_text(text)
    assert ran.outcomes() == {"ignored": 1}
