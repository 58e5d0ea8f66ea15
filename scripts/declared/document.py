"""The form of s.yaml, and where its parts stand; nothing is resolved, and no value is judged."""

import re
from pathlib import Path
from typing import NamedTuple

from scripts import ROOT
from scripts.declared import yaml_text
from scripts.declared.errors import SpecError
from scripts.declared.model import Generation
from scripts.declared.node import Node

PATH = ROOT / "s.yaml"

# How what is made of it for Function Compute 3.0 is called: s.fc3.yaml, beside it.
_FOR_FC3 = ".fc3.yaml"
# The client takes it from its registry: the newest, or a version.
_COMPONENT = (r"(devsapp/)?fc(@\d+\.\d+\.\d+)?", "it must be fc, or devsapp/fc@<version>")
_NAME = (r"[A-Za-z0-9][\w-]{0,99}", "it must be letters, digits, _ and -")


def source(path: Path) -> tuple[Path, Generation]:
    """The file that people edit, and the Function Compute for which `path` has it."""
    if path.name.endswith(_FOR_FC3):
        return path.with_name(f"{path.name.removesuffix(_FOR_FC3)}.yaml"), Generation.FC3
    return path, Generation.FC2


class Document(NamedTuple):
    """The project's name, the alias of the client's keys, the `vars` block, and the one service's
    `props`; nothing is resolved. `run_with` are the variables that its actions name."""

    name: str
    access: str
    variables: Node
    props: Node
    run_with: frozenset[str]


def read(path: Path) -> Document:
    """What `path` says; raises SpecError where that has not the client's form."""
    document = yaml_text.read(path).fields(
        required=("edition", "name", "vars", "services"), optional=("access",)
    )
    document["edition"].one_of("1.0.0")
    document["vars"].mapping()
    services = document["services"].mapping()
    if len(services) != 1:
        document["services"].fail(f"has {len(services)} entries", "there must be exactly one")
    (entry,) = services.values()
    fields = entry.fields(required=("component", "props"), optional=("actions",))
    fields["component"].text(*_COMPONENT)
    run_with = frozenset[str]()
    if "actions" in fields:
        _check_actions(fields["actions"])
        run_with = frozenset(re.findall(r"\$\{vars\.(\w+)", str(fields["actions"].plain())))
    # The client takes it as it is: nothing in it is resolved, and a number is text.
    access = document["access"].text_or_number() if "access" in document else ""
    name = document["name"].text(*_NAME)
    return Document(name, access, document["vars"], fields["props"], run_with)


def _check_actions(node: Node) -> None:
    """They are the client's to run; that it can is all that is looked at."""
    for name, steps in node.mapping().items():
        if not re.fullmatch(r"(pre|post|success|fail|complete)-\w+", name):
            raise SpecError(
                steps.key, "is not known here", "it must be such as pre-deploy or success-deploy"
            )
        for step in steps.items():
            fields = step.fields((), optional=("run", "path", "component", "plugin", "args"))
            for each in sorted(fields.keys() - {"args"}):
                fields.text(each)
