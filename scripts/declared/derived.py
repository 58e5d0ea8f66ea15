"""What s.yaml declares, in the form that the client wants for Function Compute 3.0: s.fc3.yaml.

It is made by `scripts/resource-repair fc3`, and read by the client alone: a verb that is told of it
reads s.yaml, once the two agree. Page "Serverless Devs YAML" and the sources of its component fc3
(0.1.22): what that fills in, or empties on the account, where nothing is said, is said.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from scripts.declared.document import Document, read
from scripts.declared.errors import SpecError
from scripts.declared.model import DISK, Generation, cpu_of
from scripts.declared.node import Node, Tree
from scripts.declared.variables import Variables
from scripts.errors import UsageError

HOW = "`scripts/resource-repair fc3` makes it anew"
_SUFFIX = ".fc3.yaml"
_ACCOUNT = "${config('AccountID')}"
_PINNED = "fc3@0.1.22"  # the version that was tried, for who pins the component of 2.0
# In any text, even amid it, the client would run what stands in them.
_TEMPLATES = ("{{", "<%")
# What s.yaml may not have. (Nor are instanceIsolationMode and sessionAffinity declared: the client
# does not compare them as they are on the account, and would find a difference for ever.)
_NOTHING: Mapping[str, Any] = {
    "layers": [],
    "vpcConfig": {"vpcId": "", "vSwitchIds": [], "securityGroupId": ""},
    "nasConfig": {"userId": 0, "groupId": 0, "mountPoints": []},
    "ossMountConfig": {"mountPoints": []},
    "tracingConfig": {},
}
_HEAD = """\
# What {source} says, for Function Compute 3.0. Made by `scripts/resource-repair fc3`: to change it,
# edit {source} and make it anew. It is not committed. `s deploy -y -t {name}` deploys it.

"""


def is_derived(path: Path) -> bool:
    """Whether the file is one that is made."""
    return path.name.endswith(_SUFFIX)


def path_of(source: Path) -> Path:
    """The file that is made of s.yaml, beside it."""
    return source.with_name(f"{source.stem}{_SUFFIX}")


def edited(path: Path) -> Path:
    """The file that s.fc3.yaml is made of, beside it."""
    return path.with_name(f"{path.name.removesuffix(_SUFFIX)}.yaml")


def source(path: Path) -> tuple[Path, Generation]:
    """The file that people edit, and the Function Compute for which `path` has it.

    Raises UsageError for a s.fc3.yaml that is not there, or not what s.yaml gives now.
    """
    if not is_derived(path):
        return path, Generation.FC2
    if not path.is_file():
        raise UsageError(f"{path} is not there: {HOW}")
    if not edited(path).is_file():
        raise UsageError(
            f"{path} is read by {edited(path).name} beside it, which is not there: name the one "
            "that `scripts/resource-repair fc3` wrote"
        )
    if path.read_bytes() != text(edited(path)).encode():
        raise UsageError(f"{path.name} is not what {edited(path).name} gives now: {HOW}")
    return edited(path), Generation.FC3


def text(source: Path) -> str:
    """What s.fc3.yaml has to say, of s.yaml at `source`; raises SpecError."""
    document = read(source)
    name = path_of(source).name
    made = yaml.safe_dump(_document(document, name), sort_keys=False, allow_unicode=True, width=100)
    return _HEAD.format(source=source.name, name=name) + made


class _Symbols(Variables):
    """Variables that the client fills in, by its own forms, as it deploys."""

    def __init__(self, variables: Node) -> None:
        super().__init__(variables, {}, _ACCOUNT, Path())

    def _from_environment(self, name: str, node: Node) -> Node:
        return Node(f"${{env('{name}')}}", node.place)


def _document(document: Document, name: str) -> dict[str, Any]:
    variables = _Symbols(document.variables)
    props = variables.resolve(document.props_for(Generation.FC3))
    _check_templates(props)
    resource: dict[str, Any] = {"component": _PINNED if document.pinned else "fc3"}
    if document.actions:
        resource["actions"] = dict(_actions(variables.resolve(document.actions), name))
    resource["props"] = _props(props)
    access = {"access": document.access} if document.access else {}
    return {
        "edition": "3.0.0",
        "name": document.name,
        **access,
        "resources": {document.service: resource},
    }


def _check_templates(node: Node) -> None:
    if isinstance(node.value, dict | list):
        nodes = node.value.values() if isinstance(node.value, dict) else node.value
        for each in nodes:
            _check_templates(each)
    elif found := next((each for each in _TEMPLATES if each in str(node.value)), ""):
        node.fail(
            f"has {found}, by which a template begins for the client of {Generation.FC3.product}",
            "take that out",
        )


def _actions(node: Node, name: str) -> Iterator[tuple[str, list[Tree]]]:
    """The same steps, which are told of this file."""
    for hook, steps in node.mapping().items():
        yield hook, [_step(step, name) for step in steps.items()]


def _step(node: Node, name: str) -> Tree:
    step = node.mapping()
    if "component" in step:
        raise SpecError(
            step["component"].key, f"is of {Generation.FC2.product}", "run a command instead"
        )
    made = {each: value.plain() for each, value in step.items()}
    if run := str(made.get("run", "")):
        # This client tells its actions nothing of how it was called.
        word = run.partition(" ")[0]
        told = {"scripts/resource-repair": f"-t {name}", "make": f"TEMPLATE={name}"}.get(word)
        made["run"] = f"{run} {told}" if told else run
    return made


def _props(node: Node) -> dict[str, Any]:
    service, function = _at(node, "service"), _at(node, "function")
    region = _plain(node, "region")
    names = (_plain(service, "name"), _plain(function, "name"))
    memory = _at(function, "memorySize").whole(128, 32768, step=64)
    made = {
        "region": region,
        "functionName": "-".join(map(str, names)),
        "description": _plain(function, "description", ""),
        "runtime": _plain(function, "runtime"),
        "handler": _plain(function, "handler"),
        "code": _plain(function, "codeUri"),
        "memorySize": memory,
        "cpu": cpu_of(memory),
        "diskSize": DISK,
        "timeout": _plain(function, "timeout"),
        "role": _plain(service, "role"),
        "internetAccess": True,
        "environmentVariables": _texts(function.mapping().get("environmentVariables")),
        "logConfig": _logs(service.mapping().get("logConfig")),
        **_NOTHING,
    }
    here = f"{region}:{_ACCOUNT}"
    if config := function.mapping().get("asyncConfiguration"):
        made["asyncInvokeConfig"] = _async_config(config, here)
    made["triggers"] = [_trigger(each, here) for each in _at(node, "triggers").items()]
    return made


def _logs(node: Node | None) -> dict[str, Any]:
    """Without any the client would empty it all the same."""
    return {
        "project": _plain(node, "project", ""),
        "logstore": _plain(node, "logstore", ""),
        "logBeginRule": _plain(node, "logBeginRule", "None"),
        "enableRequestMetrics": _plain(node, "enableRequestMetrics", False),
        "enableInstanceMetrics": False,
    }


def _async_config(node: Node, here: str) -> dict[str, Any]:
    failure = _at(_at(node, "destination"), "onFailure").text()
    return {
        "qualifier": "LATEST",
        "maxAsyncRetryAttempts": _plain(node, "maxAsyncRetryAttempts"),
        "maxAsyncEventAgeInSeconds": _plain(node, "maxAsyncEventAgeInSeconds"),
        "asyncTask": _plain(node, "statefulInvocation"),
        "destinationConfig": {"onFailure": {"destination": failure.replace(":::", f":{here}:")}},
    }


def _trigger(node: Node, here: str) -> dict[str, Any]:
    config = _at(node, "config")
    return {
        "triggerName": _plain(node, "name"),
        "triggerType": _plain(node, "type"),
        "description": "",
        "qualifier": "LATEST",
        "sourceArn": f"acs:mns:{here}:/topics/{_plain(config, 'topicName')}",
        "invocationRole": _plain(node, "role"),
        "triggerConfig": {
            each: _plain(config, each) for each in ("notifyContentFormat", "notifyStrategy")
        },
    }


def _texts(node: Node | None) -> dict[str, str]:
    variables = node.mapping() if node else {}
    return {name: value.text_or_number() for name, value in variables.items()}


def _at(node: Node, name: str) -> Node:
    if name not in node.mapping():
        node.fail(f"has no {name}", "add what is missing")
    return node.mapping()[name]


def _plain(node: Node | None, name: str, default: Tree = None) -> Tree:
    """The value under a name; without a default it must be there."""
    if default is not None and (node is None or name not in node.mapping()):
        return default
    return _at(node, name).plain() if node else default
