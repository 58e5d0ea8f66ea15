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

# The client takes it from its registry: the newest, or a version.
_COMPONENT = (r"(devsapp/)?fc(@\d+\.\d+\.\d+)?", "it must be fc, or devsapp/fc@<version>")
_NAME = (r"[A-Za-z0-9][\w-]{0,99}", "it must be letters, digits, _ and -")


class Document(NamedTuple):
    """The project's name, the alias of the client's keys, the `vars` block, and the one service's
    name, `actions` and `props`; nothing is resolved. `run_with` are the variables that its actions
    name."""

    name: str
    access: str
    variables: Node
    service: str
    actions: Node | None
    props: Node
    run_with: frozenset[str]

    def props_for(self, generation: Generation) -> Node:
        """What is deployed to that Function Compute.

        No client of 3.0 makes a role: there it is that of `vars.roles` which provision makes.
        """
        service = self.props.value.get("service") if isinstance(self.props.value, dict) else None
        fields = service.value if service and isinstance(service.value, dict) else {}
        role = fields.get("role")
        if generation is Generation.FC2 or not service or not role or isinstance(role.value, str):
            return self.props
        made = {**fields, "role": self._provisioned(role).under(role.key)}
        props = {**self.props.mapping(), "service": Node(made, service.place, key=service.key)}
        return Node(props, self.props.place)

    def _provisioned(self, role: Node) -> Node:
        known = self.variables.mapping().get("roles")
        roles = known.value.values() if known and isinstance(known.value, dict) else ()
        arns = [each for each in roles if isinstance(each.value, str)]
        if len(arns) != 1:
            raise SpecError(
                role.key,
                f"is a role that nobody makes on {Generation.FC3.product}",
                "give it the ARN of one that provision makes, such as *leastPrivilege",
            )
        return arns[0]


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
    ((service, entry),) = services.items()
    fields = entry.fields(required=("component", "props"), optional=("actions",))
    fields["component"].text(*_COMPONENT)
    run_with = frozenset[str]()
    if "actions" in fields:
        _check_actions(fields["actions"])
        run_with = frozenset(re.findall(r"\$\{vars\.(\w+)", str(fields["actions"].plain())))
    # The client takes it as it is: nothing in it is resolved, and a number is text.
    access = document["access"].text_or_number() if "access" in document else ""
    name = document["name"].text(*_NAME)
    actions = fields.get("actions")
    return Document(name, access, document["vars"], service, actions, fields["props"], run_with)


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
