"""From s.yaml to the model. No other module reads that file."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from resource_repair import settings
from resource_repair.values import ENFORCE, REPORT
from scripts.declared import least_privilege
from scripts.declared.derived import source
from scripts.declared.document import Document
from scripts.declared.document import read as document_of
from scripts.declared.errors import SpecError
from scripts.declared.model import (
    AsyncConfig,
    FunctionSpec,
    Generation,
    Logs,
    Policy,
    Role,
    ServiceSpec,
    Spec,
    TriggerSpec,
)
from scripts.declared.node import Fields, Node, nearest
from scripts.declared.rule_ids import RULE_ID
from scripts.declared.variables import Variables

# Those that both Function Compute and the CLI's component know (page "Python runtimes").
_RUNTIMES = {
    Generation.FC2: ("python3", "python3.9", "python3.10"),
    Generation.FC3: ("python3", "python3.9", "python3.10", "python3.12"),
}
# Page "Environment variables": for all of them together, names and values.
ENVIRONMENT_LIMIT = 4096  # bytes
# A second look at what contradicts a finding comes three seconds after the first one.
_SHORTEST_TIMEOUT = 5  # seconds
_REGION = (r"[a-z]+(-[a-z0-9]+)+", "it must be the id of a region, such as cn-shanghai")
# What regions are called after. One that is not among them may be new; nearly one is a slip.
_PLACES = frozenset(
    (
        *("beijing", "chengdu", "fuzhou", "guangzhou", "hangzhou", "heyuan", "hongkong"),
        *("huhehaote", "nanjing", "qingdao", "shanghai", "shenzhen", "wuhan", "wulanchabu"),
        *("zhangjiakou", "zhengzhou", "zhongwei"),
        *("central", "east", "north", "northeast", "south", "southeast", "west"),
    )
)
_BUCKET = (
    r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]",
    "it must be the name of a bucket, 3-63 of a-z, 0-9, -",
)
_PROJECT = (_BUCKET[0], "it must be the name of a log project, 3-63 of a-z, 0-9, -")
_LOGSTORE = (r"[a-z0-9][a-z0-9_-]{0,61}[a-z0-9]", "it must be 2-63 of a-z, 0-9, - and _")
_OF_SERVICE = (
    r"[A-Za-z_][\w-]{0,127}",
    "it must be letters, digits, _ and -, and not begin with a digit or -",
)
_LONGEST_NAME = 128  # of a function
_ROLE = (r"[A-Za-z0-9.-]{1,64}", "it must be letters, digits, . and -")
_POLICY = (r"[A-Za-z0-9-]{1,128}", "it must be letters, digits and -")
_OWN_ROLE_ARN = (
    "the ARN of one that provision makes, acs:ram::${config(AccountID)}:role/<letters, digits, ->"
)
_ROLE_ARN = (
    r"acs:ram::\d+:role/[\w.-]+",
    "it must be an ARN, acs:ram::${config(AccountID)}:role/<name>",
)
# Log Service keeps logs for 1 to 3650 days (page "CreateLogStore").
_RETENTION, _A_YEAR = (1, 3650), 365
# Of `vars`, what stands nowhere under `props`.
_AROUND = {"ruleName", "oversizedBucket", "logRetention"}
_CHOICES = {"roles"}  # of which s.yaml takes one, by its anchor
# With either the function may be where it cannot reach OSS, or only that of its own region.
_DEAF = {"vpcConfig", "internetAccess"}
# The function's own variables, and two without which it would not look at the others.
_VARIABLES = {
    "prepareRuleId",
    "repairMode",
    "remediations",
    "ossEndpoint",
    "exemptTag",
    "exemptTagDays",
    "close",
    "policyPublic",
    "neverBlock",
    "logLevel",
}
_SOUND = {"prepareRuleId": "cr-of-nobody", "exemptTag": "a-key"}
_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


def load(path: Path, environ: Mapping[str, str], account_id: str) -> Spec:
    """Read the spec at `path`, its `${env(…)}` from `environ`, for the account `account_id`.

    For s.fc3.yaml that is what s.yaml beside it declares, for Function Compute 3.0.

    What is wrong with a variable of `environ` is told by its line in the .env beside the spec, if
    it is set there. A rule id that is none is not refused if it comes from `environ`: provision
    mends that. Raises SpecError, which says what is wrong, where it is edited, and what to do;
    OSError if there is no file.
    """
    return load_for(*source(path), environ, account_id)


def load_for(
    path: Path, generation: Generation, environ: Mapping[str, str], account_id: str
) -> Spec:
    """Read what s.yaml at `path` declares, for either Function Compute; as `load`."""
    document = document_of(path)
    variables = Variables(document.variables, environ, account_id, path.parent / ".env")
    props = variables.resolve(document.props_for(generation))
    fields = props.fields(required=("region", "service", "function", "triggers"))
    around = _around(document, variables)
    bucket, retention = around.get("oversizedBucket"), around.get("logRetention")
    region = _region(fields["region"])
    spec = Spec(
        name=document.name,
        access=document.access,
        account_id=account_id,
        region=region,
        rule_name=around["ruleName"].text(),
        oversized_bucket=bucket.text(*_BUCKET) if bucket else "",
        log_retention=retention.whole(*_RETENTION) if retention else _A_YEAR,
        service=_service(fields["service"], account_id),
        function=_function(fields["function"], path.parent, f"{region}:{account_id}", generation),
        trigger=_trigger(fields["triggers"].only("trigger"), region, account_id),
        generation=generation,
    )
    if generation is Generation.FC3 and len(spec.function_in_cloud) > _LONGEST_NAME:
        fields["function"].mapping()["name"].refuse(
            f"on {generation.product} it may have {_LONGEST_NAME} characters with the service's"
        )
    for name in _unused(document, variables):  # last, as what is wrong elsewhere tells more
        key = document.variables.mapping()[name].key
        raise SpecError(key, "is used nowhere", "take it out, or refer to it")
    return least_privilege.granted(spec) if spec.service.role.provisioned else spec


def environment_size(variables: Mapping[str, str]) -> int:
    """Bytes that they take of `ENVIRONMENT_LIMIT`."""
    return sum(len(f"{name}{value}".encode()) for name, value in variables.items())


def region(path: Path, environ: Mapping[str, str]) -> str:
    """The region alone, for those who must know it before they know the account; as `load`."""
    return _region(_alone(path, environ, "region"))


def access(path: Path) -> str:
    """The alias of the Serverless Devs client's keys alone, empty if there is none; as `load`."""
    return document_of(source(path)[0]).access


def runtime(path: Path, environ: Mapping[str, str]) -> str:
    """The function's runtime alone, for those who build before there is an account; as `load`."""
    return _runtime(_alone(path, environ, "function", "runtime"), source(path)[1])


def _runtime(node: Node, generation: Generation) -> str:
    later = next((each for each in Generation if node.value in _RUNTIMES[each]), generation)
    if later > generation:
        node.refuse(
            f"{later.product} alone has it, and this is for {generation.product}: say "
            f"{' or '.join(_RUNTIMES[generation])}"
        )
    return node.one_of(*_RUNTIMES[generation])


def _region(node: Node) -> str:
    region = node.text(*_REGION)
    place = region.split("-")[1]
    if place not in _PLACES and (meant := nearest(place, _PLACES)):
        node.refuse(f"there is no such region: {region.replace(place, meant, 1)} is perhaps meant")
    return region


def _alone(path: Path, environ: Mapping[str, str], *names: str) -> Node:
    path, generation = source(path)
    document = document_of(path)
    found = document.props_for(generation)
    for name in names:
        if name not in found.mapping():
            found.fail(f"has no {name}", "add what is missing")
        found = found.mapping()[name]
    return Variables(document.variables, environ, "", path.parent / ".env").resolve(found)


def _around(document: Document, variables: Variables) -> Fields:
    """What `vars` says of the things around the function that stands nowhere under `props`."""
    node = document.variables
    known = node.mapping()
    names = _AROUND
    for name in _unused(document, variables):
        if meant := nearest(name, names - known.keys()):
            raise SpecError(known[name].key, "is used nowhere", f"{meant} is perhaps meant")
    if "ruleName" not in known:
        node.fail("has no ruleName", "add the name of the Cloud Config rule")
    return Fields({name: variables.resolve(known[name]) for name in sorted(names & known.keys())})


def _unused(document: Document, variables: Variables) -> list[str]:
    """The variables that nothing refers to."""
    known = document.variables.mapping().keys()
    return sorted(known - variables.used - _AROUND - _CHOICES - document.run_with)


def _service(node: Node, account_id: str) -> ServiceSpec:
    for name in sorted(_DEAF & node.mapping().keys()):
        raise SpecError(
            node.mapping()[name].key, "is not supported", "take it out: OSS must be within reach"
        )
    fields = node.fields(required=("name", "role"), optional=("description", "logConfig"))
    logs = fields.get("logConfig")
    return ServiceSpec(
        name=fields["name"].text(*_OF_SERVICE),
        description=fields.text("description"),
        role=_role(fields["role"], account_id),
        logs=_logs(logs) if logs else None,
    )


def _role(node: Node, account_id: str) -> Role:
    if isinstance(node.value, str):
        # Its policy has its name. What that says follows from all of the spec.
        own = f"acs:ram::{account_id}:role/"
        form = "give it as a mapping, {name, policies}, or as " + _OWN_ROLE_ARN
        return Role(
            node.text(rf"{own}[A-Za-z0-9-]{{1,64}}", form)[len(own) :], (), provisioned=True
        )
    fields = node.fields(required=("name", "policies"))
    policies = tuple(_policy(item) for item in fields["policies"].items())
    return Role(fields["name"].text(*_ROLE), policies)


def _policy(node: Node) -> Policy:
    if not isinstance(node.value, dict):
        return Policy(node.text(*_POLICY))
    fields = node.fields(required=("name", "statement"), optional=("description",))
    statements = tuple(_statement(item) for item in fields["statement"].items())
    if not statements:
        fields["statement"].fail("is empty", "give the policy at least one statement")
    return Policy(fields["name"].text(*_POLICY), fields.text("description"), statements)


def _statement(node: Node) -> Mapping[str, Any]:
    fields = node.fields(required=("Effect", "Action", "Resource"), optional=("Condition",))
    fields["Effect"].one_of("Allow", "Deny")
    for name in ("Action", "Resource"):
        field = fields[name]
        for each in field.items() if isinstance(field.value, list) and field.value else [field]:
            each.text()
    if "Condition" in fields:
        fields["Condition"].mapping()
    return MappingProxyType({name: field.plain() for name, field in fields.items()})


def _logs(node: Node) -> Logs:
    if isinstance(node.value, str):
        node.refuse("name a project and a logstore: `auto` would give the role AliyunLogFullAccess")
    fields = node.fields(
        required=("project", "logstore"), optional=("logBeginRule", "enableRequestMetrics")
    )
    begin, metrics = fields.get("logBeginRule"), fields.get("enableRequestMetrics")
    return Logs(
        project=fields["project"].text(*_PROJECT),
        logstore=fields["logstore"].text(*_LOGSTORE),
        begin_rule=begin.one_of("None", "DefaultRegex") if begin else "None",
        request_metrics=metrics.boolean() if metrics else False,
    )


def _function(node: Node, folder: Path, here: str, generation: Generation) -> FunctionSpec:
    fields = node.fields(
        required=("name", "runtime", "handler", "codeUri", "memorySize", "timeout"),
        optional=("description", "environmentVariables", "asyncConfiguration"),
    )
    environment, config = fields.get("environmentVariables"), fields.get("asyncConfiguration")
    return FunctionSpec(
        name=fields["name"].text(*_OF_SERVICE),
        description=fields.text("description"),
        runtime=_runtime(fields["runtime"], generation),
        handler=fields["handler"].text(r"[\w/-]+\.\w+", "it must be file.function"),
        code=folder / fields["codeUri"].text(r".+\.zip", "it must be a .zip"),
        memory=fields["memorySize"].whole(128, 32768, step=64),
        timeout=fields["timeout"].whole(_SHORTEST_TIMEOUT, 86400),
        environment=MappingProxyType(_environment(environment) if environment else {}),
        async_config=_async_config(config, here) if config else None,
    )


def _environment(node: Node) -> dict[str, str]:
    variables = node.mapping()
    for name in sorted(variables.keys() - _VARIABLES):
        if meant := nearest(name, _VARIABLES - variables.keys()):
            key = variables[name].key
            raise SpecError(key, "is not known to the function", f"{meant} is perhaps meant")
    environment = {name: _setting(name, value) for name, value in variables.items()}
    for problem in settings.load(environment).problems:  # a rule that is given to two, say
        if problem.startswith("remediations "):
            variables["remediations"].refuse(problem.replace("remediations", "it", 1))
    size = environment_size(environment)
    if size > ENVIRONMENT_LIMIT:
        node.fail(f"takes {size} bytes", f"all together may take {ENVIRONMENT_LIMIT}")
    return environment


def _setting(name: str, node: Node) -> str:
    """The value of an environment variable; of the function's own, what it would take."""
    if name == "repairMode":
        return node.one_of(ENFORCE, REPORT)
    text = node.text_or_number()
    if name == "logLevel" and text.upper() not in _LEVELS:  # which it would take for INFO
        node.refuse(f"it may be {' or '.join(_LEVELS)}")
    if name == "remediations" and not text.strip():
        node.refuse("it must be none, or name:cr-id:mode;…")
    if name in _VARIABLES and node.place.path != RULE_ID:
        for problem in settings.load({**_SOUND, name: text}).problems:
            node.refuse(problem.replace(name, "it", 1))
    return text


def _async_config(node: Node, here: str) -> AsyncConfig:
    fields = node.fields(
        required=(
            *("maxAsyncRetryAttempts", "maxAsyncEventAgeInSeconds", "destination"),
            "statefulInvocation",  # where it is missing, each deploy of the CLI deletes all of this
        )
    )
    if fields["statefulInvocation"].boolean():
        fields["statefulInvocation"].refuse("it must be false: a finding is no task")
    failure = (
        fields["destination"]
        .fields(required=("onFailure",))["onFailure"]
        .text(
            rf"acs:mns:(::|{here}:)/queues/[A-Za-z0-9][\w-]*/messages",
            "it must be acs:mns:::/queues/<queue>/messages",
        )
    )
    return AsyncConfig(
        retries=fields["maxAsyncRetryAttempts"].whole(0, 8),
        max_age=fields["maxAsyncEventAgeInSeconds"].whole(1, 2592000),
        failure_destination=failure.replace(":::", f":{here}:"),
    )


def _trigger(node: Node, here: str, account_id: str) -> TriggerSpec:
    fields = node.fields(required=("name", "type", "role", "config"))
    fields["type"].one_of("mns_topic")
    config = fields["config"].fields(
        required=("topicName", "region", "notifyContentFormat", "notifyStrategy"),
        optional=("filterTag",),
    )
    topic = config["topicName"].text(r"[A-Za-z0-9][\w-]*", "it must be the name of a topic")
    if tag := config.get("filterTag"):
        tag.fail("lets no finding pass", "take it out: Cloud Config's messages bear no tag")
    if config["region"].text() != here:
        remedy = f"it must be {here}, as a topic triggers functions of its own region only"
        config["region"].refuse(remedy)
    return TriggerSpec(
        name=fields["name"].text(*_OF_SERVICE),
        role_arn=fields["role"].text(*_ROLE_ARN),
        topic=topic,
        region=here,
        content_format=config["notifyContentFormat"].one_of("STREAM", "JSON"),
        strategy=config["notifyStrategy"].one_of("BACKOFF_RETRY", "EXPONENTIAL_DECAY_RETRY"),
        source_arn=f"acs:mns:{here}:{account_id}:/topics/{topic}",
    )
