"""Make the template that `s init` takes: `make template`.

    python -m scripts.upkeep.template [--output DIR]

It is a package as Serverless Registry has it: `publish.yaml`, `readme.md`, `version.md`, and
`src/`, which has each file that is under git, as it is here. In `src/s.yaml` alone some values are
asked for by the client, each with what stands there as its default. Nothing of it is committed.
`s init --uri PATH` tries a copy of it: the client takes away the folder that it is given.

Exit code 0 made, 1 where git is not there, or this is no checkout. Source: Serverless Devs,
spec 0.0.2, page "Package model"; of the client 3.1.10, what its `init` does.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from scripts import ROOT, version
from scripts.declared import PATH
from scripts.docs.permissions import CLIENT

_PUBLISH = Path(__file__).with_name("publish.yaml")
OUTPUT = ROOT / "build" / "template"
_ACCESS = (
    '{{ access || "default" }}'  # the client asks for it by itself, and in a pipeline does not
)


def main() -> int:
    """Make it anew; see above for exit codes."""
    parser = argparse.ArgumentParser(prog="make template", description="Make the template.")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    output = parser.parse_args().output
    try:
        files = tracked()
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"template: git does not tell which files there are ({error})", file=sys.stderr)
        return 1
    make(output, files)
    print(f"template: {output}, of {len(files)} files")
    return 0


def tracked() -> list[str]:
    """The files under git; raises OSError or CalledProcessError where git cannot say."""
    said = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True)
    return [name for name in said.stdout.decode().split("\0") if name]


def make(output: Path, files: list[str]) -> None:
    """Lay the package down in `output`, in place of what is there."""
    shutil.rmtree(output, ignore_errors=True)
    for name in files:
        target = output / "src" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target, follow_symlinks=False)
    text, defaults = templated(PATH.read_text("utf-8"))
    (output / "src" / PATH.name).write_text(text, "utf-8")
    document = publish(defaults)
    published = yaml.safe_dump(document, allow_unicode=True, sort_keys=False)
    (output / "publish.yaml").write_text(published, "utf-8")
    (output / "version.md").write_text(f"- {version()}\n", "utf-8")
    (output / "readme.md").write_text(_readme(document), "utf-8")


def templated(text: str) -> tuple[str, dict[str, str]]:
    """s.yaml with its parameters in place of values, and the values, as their defaults.

    Raises ValueError where s.yaml has a knob not once, or reads as a template already.
    """
    if "{{" in text or "<%" in text:
        raise ValueError(f"{PATH.name} has what the client takes for a part of a template")
    defaults = {}
    for name in yaml.safe_load(_PUBLISH.read_text("utf-8"))["Parameters"]["properties"]:
        line = re.compile(rf"^(  {name}: )(\S+)$", re.M)
        ((_, defaults[name]),) = line.findall(text)  # or ValueError
        text = line.sub(rf"\g<1>{{{{ {name} }}}}", text)
    text, count = re.subn(r"^access: default$", f"access: {_ACCESS}", text, flags=re.M)
    if count != 1:
        raise ValueError(f"{PATH.name} has no line `access: default`")
    return text, defaults


def publish(defaults: Mapping[str, str]) -> dict[str, Any]:
    """What publish.yaml says."""
    document: dict[str, Any] = yaml.safe_load(_PUBLISH.read_text("utf-8"))
    may = sorted({each.action for each in CLIENT["s deploy"]})
    for service in document["Service"].values():
        service["Authorities"] = may
    for name, known in document["Parameters"]["properties"].items():
        known["default"] = defaults[name]
    return {**document, "Version": version(), "Description": _description()}


def _description() -> str:
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    return str(json.loads(re.findall(r"^description = (.+)$", text, re.M)[0]))


def _readme(document: Mapping[str, Any]) -> str:
    rows = [
        f"| `{name}` | `{known['default']}` | {known['description']} |\n"
        for name, known in document["Parameters"]["properties"].items()
    ]
    return f"""# {document["Name"]} {document["Version"]}

{document["Description"]}.

`README.md` of what `s init` makes says how to go on. It asks for these; where nobody is to be
asked, say one: `--parameters '{{"mode": "report"}}'`, and the others have their defaults. With `-y`
alone the client fills in none.

| parameter | default | |
| --- | --- | --- |
{"".join(rows)}"""


if __name__ == "__main__":
    sys.exit(main())
