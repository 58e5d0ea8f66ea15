"""From the text of s.yaml to the model. No other module reads that file."""

import functools
from collections.abc import Callable, Hashable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import yaml

from scripts import ROOT
from scripts.declared.errors import SpecError
from scripts.declared.model import AsyncConfig, Function, Logs, Policy, Role, Service, Spec, Trigger
from scripts.declared.node import Fields, Node
from scripts.declared.variables import Tree, Variables

PATH = ROOT / "s.yaml"

# Those that both Function Compute 2.0 and the CLI's component know.
_RUNTIMES = ("python3", "python3.9", "python3.10")
# Page "Environment variables": for all of them together, names and values.
ENVIRONMENT_LIMIT = 4096  # bytes
# A second look at what contradicts a finding comes three seconds after the first one.
_SHORTEST_TIMEOUT = 5  # seconds
_REGION = (r"[a-z]+(-[a-z0-9]+)+", "it must be the id of a region, such as cn-shanghai")
_NAME = (r"[A-Za-z0-9][\w-]{0,99}", "it must be letters, digits, _ and -")
_BUCKET = (
    r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]",
    "it must be the name of a bucket, 3-63 of a-z, 0-9, -",
)
# Log Service keeps logs for 1 to 3650 days (page "CreateLogStore").
_RETENTION, _A_YEAR = (1, 3650), 365
_SERVICE_NAME = r"[A-Za-z_][\w-]{0,127}"
_NAME_FORM = "it must be letters, digits, _ and -, and not begin with a digit or -"


def load(path: Path, environ: Mapping[str, str], account_id: str) -> Spec:
    """Read the spec at `path`, its `${env(…)}` from `environ`, for the account `account_id`.

    Raises SpecError, which says what is wrong, where, and what to do; OSError if there is no file.
    """
    document = _document(path)
    resolver = Variables(document.variables, environ, account_id)

    def resolved(node: Node) -> Node:
        return Node(resolver.resolve(node.value, node.at), node.at)

    surroundings = _surroundings(Node(document.variables, "vars"), resolved)
    props = _Props(resolved(document.props), path.parent, account_id, surroundings)
    return props.read(document.name.text(*_NAME), document.access)


def environment_size(variables: Mapping[str, str]) -> int:
    """Bytes that they take of `ENVIRONMENT_LIMIT`."""
    return sum(len(f"{name}{value}".encode()) for name, value in variables.items())


def region(path: Path, environ: Mapping[str, str]) -> str:
    """The region alone, for those who must know it before they know the account; as `load`."""
    document = _document(path)
    return _alone(document, document.props, "region", environ).text(*_REGION)


def runtime(path: Path, environ: Mapping[str, str]) -> str:
    """The function's runtime alone, for those who build before there is an account; as `load`."""
    document = _document(path)
    function = document.props.mapping().get("function")
    if function is None:
        document.props.fail("has no function", "add what is missing")
    return _alone(document, function, "runtime", environ).one_of(*_RUNTIMES)


def _alone(document: "_Document", parent: Node, name: str, environ: Mapping[str, str]) -> Node:
    declared = parent.mapping().get(name)
    if declared is None:
        parent.fail(f"has no {name}", "add what is missing")
    resolved = Variables(document.variables, environ, "").resolve(declared.value, declared.at)
    return Node(resolved, declared.at)


class _Document(NamedTuple):
    """The project's name, the alias of the client's keys, the `vars` block, and the one service's
    `props`; nothing is resolved."""

    name: Node
    access: str
    variables: dict[str, Tree]
    props: Node


class _Surroundings(NamedTuple):
    """What `vars` says of the things around the function that stands nowhere under `props`."""

    rule_name: str
    oversized_bucket: str
    log_retention: int


def _document(path: Path) -> _Document:
    document = Node(_parse(path), "").fields(
        required=("edition", "name", "vars", "services"), optional=("access",)
    )
    document["edition"].one_of("1.0.0")
    services = document["services"].mapping()
    if len(services) != 1:
        document["services"].fail(f"has {len(services)} entries", "there must be exactly one")
    (entry,) = services.values()
    fields = entry.fields(required=("component", "props"), optional=("actions",))
    fields["component"].one_of("fc")
    variables = {name: node.value for name, node in document["vars"].mapping().items()}
    alias = document["access"].value if "access" in document else None
    # The client takes it as it is: nothing in it is resolved, and a number is text.
    access = "" if alias is None else str(alias)
    return _Document(document["name"], access, variables, fields["props"])


def _surroundings(variables: Node, resolved: Callable[[Node], Node]) -> _Surroundings:
    known = variables.mapping()
    if "ruleName" not in known:
        variables.fail("has no ruleName", "add the name of the Cloud Config rule")
    bucket, retention = known.get("oversizedBucket"), known.get("logRetention")
    return _Surroundings(
        rule_name=resolved(known["ruleName"]).text(),
        oversized_bucket=resolved(bucket).text(*_BUCKET) if bucket else "",
        log_retention=resolved(retention).whole(*_RETENTION) if retention else _A_YEAR,
    )


class _Props:
    """What stands under `props`, once its variables are resolved."""

    def __init__(
        self, props: Node, folder: Path, account_id: str, surroundings: _Surroundings
    ) -> None:
        self._fields = props.fields(required=("region", "service", "function", "triggers"))
        self._folder = folder
        self._account_id = account_id
        self._surroundings = surroundings
        self._region = self._fields["region"].text(*_REGION)

    def read(self, name: str, access: str) -> Spec:
        return Spec(
            name=name,
            access=access,
            account_id=self._account_id,
            region=self._region,
            rule_name=self._surroundings.rule_name,
            oversized_bucket=self._surroundings.oversized_bucket,
            log_retention=self._surroundings.log_retention,
            service=_service(self._fields["service"]),
            function=self._function(self._fields["function"]),
            trigger=self._trigger(self._fields["triggers"].only("trigger")),
        )

    def _function(self, node: Node) -> Function:
        fields = node.fields(
            required=("name", "runtime", "handler", "codeUri", "memorySize", "timeout"),
            optional=("description", "environmentVariables", "asyncConfiguration"),
        )
        config = fields.get("asyncConfiguration")
        return Function(
            name=fields["name"].text(_SERVICE_NAME, _NAME_FORM),
            description=fields.text("description"),
            runtime=fields["runtime"].one_of(*_RUNTIMES),
            handler=fields["handler"].text(r"[\w/-]+\.\w+", "it must be file.function"),
            code=self._folder / fields["codeUri"].text(r".+\.zip", "it must be a .zip"),
            memory=fields["memorySize"].whole(128, 32768, step=64),
            timeout=fields["timeout"].whole(_SHORTEST_TIMEOUT, 86400),
            environment=_environment(fields.get("environmentVariables")),
            async_config=self._async_config(config) if config else None,
        )

    def _async_config(self, node: Node) -> AsyncConfig:
        fields = node.fields(
            required=("maxAsyncRetryAttempts", "maxAsyncEventAgeInSeconds", "destination")
        )
        return AsyncConfig(
            retries=fields["maxAsyncRetryAttempts"].whole(0, 8),
            max_age=fields["maxAsyncEventAgeInSeconds"].whole(1, 2592000),
            failure_destination=self._destination(fields["destination"]),
        )

    def _destination(self, node: Node) -> str:
        here = f":{self._region}:{self._account_id}:"
        failure = node.fields(required=("onFailure",))["onFailure"]
        arn = failure.text().replace(":::", here)
        pattern = rf"acs:mns{here}/queues/[A-Za-z0-9][\w-]*/messages"
        form = "it must be acs:mns:::/queues/<queue>/messages"
        return Node(arn, failure.at).text(pattern, form)

    def _trigger(self, node: Node) -> Trigger:
        fields = node.fields(required=("name", "type", "role", "config"))
        fields["type"].one_of("mns_topic")
        config = fields["config"].fields(
            required=("topicName", "region", "notifyContentFormat", "notifyStrategy"),
            optional=("filterTag",),
        )
        topic = config["topicName"].text(r"[A-Za-z0-9][\w-]*", "it must be the name of a topic")
        region = config["region"].text()
        if region != self._region:
            config["region"].fail(
                f"is {region}, and the function is in {self._region}",
                "a topic triggers functions of its own region only",
            )
        return Trigger(
            name=fields["name"].text(_SERVICE_NAME, _NAME_FORM),
            role_arn=fields["role"].text(
                r"acs:ram::\d+:role/[\w.-]+",
                "it must be an ARN, acs:ram::${config(AccountID)}:role/<name>",
            ),
            topic=topic,
            region=region,
            content_format=config["notifyContentFormat"].one_of("STREAM", "JSON"),
            strategy=config["notifyStrategy"].one_of("BACKOFF_RETRY", "EXPONENTIAL_DECAY_RETRY"),
            filter_tag=_filter_tag(config),
            source_arn=f"acs:mns:{region}:{self._account_id}:/topics/{topic}",
        )


def _service(node: Node) -> Service:
    fields = node.fields(required=("name", "role"), optional=("description", "logConfig"))
    logs = fields.get("logConfig")
    return Service(
        name=fields["name"].text(_SERVICE_NAME, _NAME_FORM),
        description=fields.text("description"),
        role=_role(fields["role"]),
        logs=_logs(logs) if logs else None,
    )


def _role(node: Node) -> Role:
    if isinstance(node.value, str):
        node.fail("is text", "give it as a mapping, {name, policies}, so that it can be made")
    fields = node.fields(required=("name", "policies"))
    return Role(
        name=fields["name"].text(r"[A-Za-z0-9.-]{1,64}", "it must be letters, digits, . and -"),
        policies=tuple(_policy(item) for item in fields["policies"].items()),
    )


def _policy(node: Node) -> Policy:
    name_pattern, name_form = r"[A-Za-z0-9-]{1,128}", "it must be letters, digits and -"
    if isinstance(node.value, str):
        return Policy(node.text(name_pattern, name_form))
    fields = node.fields(required=("name", "statement"), optional=("description",))
    statements = tuple(_statement(item) for item in fields["statement"].items())
    if not statements:
        fields["statement"].fail("is empty", "give the policy at least one statement")
    name = fields["name"].text(name_pattern, name_form)
    return Policy(name, fields.text("description"), statements)


def _statement(node: Node) -> Mapping[str, Any]:
    fields = node.fields(required=("Effect", "Action", "Resource"), optional=("Condition",))
    fields["Effect"].one_of("Allow", "Deny")
    return MappingProxyType({name: field.value for name, field in fields.items()})


def _logs(node: Node) -> Logs:
    if isinstance(node.value, str):
        node.fail(
            f"is {node.value}",
            "name a project and a logstore: `auto` would give the role AliyunLogFullAccess",
        )
    fields = node.fields(
        required=("project", "logstore"), optional=("logBeginRule", "enableRequestMetrics")
    )
    begin, metrics = fields.get("logBeginRule"), fields.get("enableRequestMetrics")
    return Logs(
        project=fields["project"].text(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", "3-63 of a-z, 0-9, -"),
        logstore=fields["logstore"].text(r"[a-z0-9][a-z0-9_-]{0,61}[a-z0-9]", "2-63 of a-z, 0-9"),
        begin_rule=begin.one_of("None", "DefaultRegex") if begin else "None",
        request_metrics=metrics.boolean() if metrics else False,
    )


def _environment(node: Node | None) -> Mapping[str, str]:
    if node is None:
        return MappingProxyType({})
    environment = {name: _environment_value(value) for name, value in node.mapping().items()}
    size = environment_size(environment)
    if size > ENVIRONMENT_LIMIT:
        node.fail(f"takes {size} bytes", f"all together may take {ENVIRONMENT_LIMIT}")
    return MappingProxyType(environment)


def _environment_value(node: Node) -> str:
    if isinstance(node.value, int) and not isinstance(node.value, bool):
        return str(node.value)
    return node.text(r"(?s).*")


def _filter_tag(config: Fields) -> str:
    if "filterTag" not in config:
        return ""
    return config["filterTag"].text(r".{1,16}", "it may have at most 16 characters")


class _Loader(yaml.SafeLoader):
    """YAML in which a key given twice is an error: as the CLI, and unlike plain PyYAML."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key, _ in node.value:
            if key.value in seen:
                line = key.start_mark.line + 1
                raise SpecError(f"line {line}", f"{key.value!r} is given twice", "remove one")
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def _parse(path: Path) -> Any:
    try:
        return _parsed(path.read_text("utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        problem = " ".join(str(error).split())
        raise SpecError("", f"is not YAML: {problem}", "correct it") from error


@functools.lru_cache(maxsize=1)
def _parsed(text: str) -> Any:
    """What YAML makes of a text; kept, since whoever loads a spec asks for its region first."""
    return yaml.load(text, _Loader)  # noqa: S506  (derived from SafeLoader)
