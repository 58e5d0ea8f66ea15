"""The SBOM against the bundle that it is of."""

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts import version
from scripts.bundling import bundle, stubs
from scripts.upkeep.sbom import sbom


@pytest.fixture(scope="module")
def document(code: Path) -> dict[str, Any]:
    """The SBOM of a bundle."""
    return sbom(code.read_bytes(), bundle.wheels())


def files_of(component: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The files that a component has, and their checksums."""
    for each in component["components"]:
        (checksum,) = each["hashes"]
        assert checksum["alg"] == "SHA-256"
        yield each["name"], checksum["content"]


def test_each_file_of_the_bundle_is_in_it_once(code: Path, document: dict[str, Any]) -> None:
    """With its checksum, and nothing that the bundle has not."""
    with zipfile.ZipFile(io.BytesIO(code.read_bytes())) as zipped:
        there = {name: hashlib.sha256(zipped.read(name)).hexdigest() for name in zipped.namelist()}
    components = [document["metadata"]["component"], *document["components"]]
    told = [file for component in components for file in files_of(component)]
    assert len(told) == len(there)
    assert dict(told) == there


def test_each_dependency_is_as_the_lock_has_it(document: dict[str, Any]) -> None:
    """Name, version and checksums of the runtime's lock; a purl and a licence."""
    lock = bundle.LOCK.read_text()
    told = {each["name"]: each for each in document["components"]}
    assert set(told) == {"certifi", "oss2", "requests", "six"}
    for name, each in told.items():
        assert f"{name}=={each['version']} " in lock
        assert each["purl"] == each["bom-ref"] == f"pkg:pypi/{name}@{each['version']}"
        (reference,) = each["externalReferences"]
        assert reference["hashes"]
        assert all(f"sha256:{one['content']}" in lock for one in reference["hashes"])
    licences = {name: each["licenses"][0]["license"]["name"] for name, each in told.items()}
    assert licences == {
        "certifi": "MPL-2.0",
        "oss2": "MIT License",
        "requests": "Apache 2.0",
        "six": "MIT",
    }


def test_what_stands_in_for_a_dependency_is_our_own(document: dict[str, Any]) -> None:
    """Of `requests` the bundle has one module as published; the stand-ins are not its."""
    told = {each["name"]: dict(files_of(each)) for each in document["components"]}
    modules = {name for name in told["requests"] if name.endswith(".py")}
    assert modules == {f"requests/{name}" for name in stubs.PARTLY["requests"]}
    own = dict(files_of(document["metadata"]["component"]))
    assert {"index.py", "requests/__init__.py", "left_out.py"} <= own.keys()
    assert not any("six" in name for name in own)  # its byte code neither


def test_the_same_bundle_gives_the_same_bytes(code: Path, document: dict[str, Any]) -> None:
    """There is no time in it; another bundle has another serial number."""
    archive = code.read_bytes()
    assert json.dumps(sbom(archive, bundle.wheels())) == json.dumps(document)
    other = io.BytesIO(archive)
    with zipfile.ZipFile(other, "a") as zipped:
        zipped.writestr("more.py", "")
    again = sbom(other.getvalue(), bundle.wheels())
    assert again["serialNumber"] != document["serialNumber"]
    assert document["metadata"]["component"]["version"] == version() == "1.0.0"
