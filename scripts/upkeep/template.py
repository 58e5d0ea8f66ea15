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
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from scripts import ROOT
from scripts.docs.permissions import CLIENT
from scripts.upkeep.sbom import version

OUTPUT = ROOT / "build" / "template"
_ACCESS = (
    '{{ access || "default" }}'  # the client asks for it by itself, and in a pipeline does not
)


class Parameter(NamedTuple):
    """A knob of s.yaml that `s init` asks for."""

    title: str
    description: str
    one_of: tuple[str, ...] = ()
    pattern: str = ""


_NAME = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,119}$"
PARAMETERS = {
    "region": Parameter(
        "Region",
        "where function, topic and queue are; if not cn-shanghai, say it to deploy.yml as REGION",
        pattern=r"^[a-z]{2}-[a-z0-9-]+$",
    ),
    "mode": Parameter(
        "Mode",
        "enforce closes buckets; report judges and records only, and is how to start",
        ("enforce", "report"),
    ),
    "topic": Parameter("Topic", "the MNS topic that Cloud Config publishes to", pattern=_NAME),
    "ruleName": Parameter(
        "Rule", "the Cloud Config rule, of oss-bucket-public-read-prohibited", pattern=_NAME
    ),
    "failureQueue": Parameter(
        "Failure queue", "the MNS queue that keeps what could not be repaired", pattern=_NAME
    ),
    "logStore": Parameter(
        "Log store", "where audit lines go", pattern=r"^[a-z0-9][a-z0-9_-]{2,62}$"
    ),
}


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


def tracked(root: Path = ROOT) -> list[str]:
    """The files under git; raises OSError or CalledProcessError where git cannot say."""
    said = subprocess.run(["git", "ls-files", "-z"], cwd=root, check=True, capture_output=True)
    return [name for name in said.stdout.decode().split("\0") if name]


def make(output: Path, files: list[str], root: Path = ROOT) -> None:
    """Lay the package down in `output`, in place of what is there."""
    shutil.rmtree(output, ignore_errors=True)
    for name in files:
        target = output / "src" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(root / name, target, follow_symlinks=False)
    text, defaults = templated((root / "s.yaml").read_text("utf-8"))
    (output / "src" / "s.yaml").write_text(text, "utf-8")
    published = yaml.safe_dump(publish(defaults), allow_unicode=True, sort_keys=False)
    (output / "publish.yaml").write_text(published, "utf-8")
    (output / "version.md").write_text(f"- {version()}\n", "utf-8")
    (output / "readme.md").write_text(_readme(defaults), "utf-8")


def templated(text: str) -> tuple[str, dict[str, str]]:
    """s.yaml with its parameters in place of values, and the values, as their defaults.

    Raises ValueError where s.yaml has a knob not once, or reads as a template already.
    """
    if "{{" in text or "<%" in text:
        raise ValueError("s.yaml has what the client takes for a part of a template")
    defaults = {}
    for name in PARAMETERS:
        line = re.compile(rf"^(  {name}: )(\S+)$", re.M)
        ((_, defaults[name]),) = line.findall(text)
        text = line.sub(rf"\g<1>{{{{ {name} }}}}", text)
    text, count = re.subn(r"^access: default$", f"access: {_ACCESS}", text, flags=re.M)
    if count != 1:
        raise ValueError("s.yaml has no line `access: default`")
    return text, defaults


def publish(defaults: dict[str, str]) -> dict[str, Any]:
    """What publish.yaml says; services and provider in the words of the page."""
    may = sorted({each.action for each in CLIENT["s deploy"]})
    return {
        "Edition": "0.0.2",
        "Type": "Application",
        "Name": "resource-repair",
        "Provider": ["阿里云"],
        "Version": version(),
        "Description": _description(),
        "Tags": ["OSS", "Cloud Config", "compliance"],
        "Category": "监控告警",
        "Service": {"函数计算": {"Runtime": "Python", "Authorities": may}},
        "Parameters": {
            "type": "object",
            "additionalProperties": False,
            "required": list(PARAMETERS),
            "properties": {name: _property(name, value) for name, value in defaults.items()},
        },
    }


def _property(name: str, default: str) -> dict[str, Any]:
    title, description, one_of, pattern = PARAMETERS[name]
    known = {"type": "string", "title": title, "description": description, "default": default}
    return {**known, **({"enum": list(one_of)} if one_of else {"pattern": pattern})}


def _description() -> str:
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    return str(json.loads(re.findall(r"^description = (.+)$", text, re.M)[0]))


def _readme(defaults: dict[str, str]) -> str:
    rows = [
        f"| `{name}` | `{defaults[name]}` | {PARAMETERS[name].description} |" for name in defaults
    ]
    return "\n".join(
        [
            f"# resource-repair {version()}\n",
            f"{_description()}.\n",
            "`README.md` of what `s init` makes says how to go on. What it asks for is here: where",
            'nobody is to be asked, say one: `--parameters \'{"mode": "report"}\'`; of the others',
            "the defaults are taken. With `-y` alone the client fills in none.\n",
            "| parameter | default | |",
            "| --- | --- | --- |",
            *rows,
            "",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
