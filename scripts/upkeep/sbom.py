"""Write what the bundle is made of, file by file, as CycloneDX 1.6: `make sbom`.

    python -m scripts.upkeep.sbom [--output DIR]

It builds the bundle, and writes `build/sbom.cdx.json` beside it. Each file of the bundle is in it
once, with its checksum: of a dependency if it is as that was published, else of our own, as the
stand-ins are. A dependency has the checksums of its lock. The same bundle gives the same bytes, so
there is no time in it.

Exit code 0 written, 1 no bundle could be built.
"""

import argparse
import hashlib
import io
import json
import re
import sys
import uuid
import zipfile
from collections.abc import Iterable, Mapping
from email.parser import HeaderParser
from pathlib import Path, PurePosixPath
from typing import Any

from scripts import version
from scripts.bundling import bundle, byte_code

_NAME, _LICENSE = "resource-repair", "MIT"
_NAMESPACE = uuid.UUID("3a9f9f1e-6d3c-4d6c-9f55-1f0f5f6a7f11")  # of serial numbers; ours alone


def main() -> int:
    """Build and write; see above for exit codes."""
    parser = argparse.ArgumentParser(prog="make sbom", description="Write the bundle's SBOM.")
    parser.add_argument("--output", type=Path, default=bundle.OUTPUT)
    output = parser.parse_args().output
    try:
        archive = bundle.build(output)
        document = sbom(archive.read_bytes(), bundle.wheels())
    except (bundle.BundleError, byte_code.BytecodeError) as error:
        print(f"sbom: {error}", file=sys.stderr)
        return 1
    target = output / "sbom.cdx.json"
    target.write_text(json.dumps(document, indent=2, sort_keys=True) + "\n", "utf-8")
    print(f"sbom: {target}, of {len(document['components'])} dependencies")
    return 0


def sbom(archive: bytes, wheels: Iterable[Path]) -> dict[str, Any]:
    """The document for a bundle's zip, which was made of these wheels and our own code."""
    with zipfile.ZipFile(io.BytesIO(archive)) as zipped:
        files = {name: zipped.read(name) for name in sorted(zipped.namelist())}
    libraries = [_library(wheel, files) for wheel in wheels]
    own = f"pkg:generic/{_NAME}@{version()}"
    checksum = hashlib.sha256(archive).hexdigest()
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(_NAMESPACE, checksum)}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": own,
                "name": _NAME,
                "version": version(),
                "purl": own,
                "licenses": [{"license": {"id": _LICENSE}}],
                "hashes": [{"alg": "SHA-256", "content": checksum}],
                "components": _files(files),  # what no library has taken
            }
        },
        "components": libraries,
        "dependencies": [{"ref": own, "dependsOn": [each["bom-ref"] for each in libraries]}],
    }


def _library(wheel: Path, files: dict[str, bytes]) -> dict[str, Any]:
    """A dependency as a component; takes its files out of `files`, and the byte code of them."""
    with zipfile.ZipFile(wheel) as zipped:
        published = {name: zipped.read(name) for name in zipped.namelist()}
    (about,) = [name for name in published if name.endswith(".dist-info/METADATA")]
    metadata = HeaderParser().parsestr(published[about].decode("utf-8"))
    name, number = str(metadata["Name"]), str(metadata["Version"])
    placed = {
        at.as_posix(): content
        for each, content in published.items()
        if (at := bundle.place(PurePosixPath(each))) is not None
    }
    ours = {each for each in files if placed.get(_source(each)) == files.get(_source(each))}
    taken = {each: files.pop(each) for each in sorted(ours)}
    purl = f"pkg:pypi/{name.lower().replace('_', '-')}@{number}"
    return {
        "type": "library",
        "bom-ref": purl,
        "name": name,
        "version": number,
        "purl": purl,
        "licenses": [{"license": {"name": _license(metadata)}}],
        "externalReferences": [
            {
                "type": "distribution",
                "url": f"https://pypi.org/project/{name}/{number}/",
                "hashes": [{"alg": "SHA-256", "content": each} for each in locked(name)],
            }
        ],
        "components": _files(taken),
    }


def _source(name: str) -> str:
    """The source that a file with byte code is of; any other file itself."""
    return re.sub(r"__pycache__/(\w+)\.cpython-\d+\.pyc$", r"\1.py", name)


def _files(files: Mapping[str, bytes]) -> list[dict[str, Any]]:
    return [
        {
            "type": "file",
            "name": name,
            "hashes": [{"alg": "SHA-256", "content": hashlib.sha256(content).hexdigest()}],
        }
        for name, content in files.items()
    ]


def locked(name: str) -> list[str]:
    """The checksums that the bundle's lock has of a dependency."""
    lock = bundle.LOCK.read_text("utf-8")
    (part,) = re.findall(rf"^{re.escape(name)}==.*\n((?:    --hash=.*\n?)+)", lock, re.M)
    return re.findall(r"sha256:(\w+)", part)


def _license(metadata: Any) -> str:
    """As its metadata says it: the expression, the field, or what it is classified as."""
    said = metadata["License-Expression"] or metadata["License"] or ""
    classifiers = "\n".join(metadata.get_all("Classifier", []))
    return str(said or ", ".join(re.findall(r"^License :: (?:.* :: )?(.+)$", classifiers, re.M)))


if __name__ == "__main__":
    sys.exit(main())
