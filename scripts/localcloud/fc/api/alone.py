"""Function Compute's operations in version 2023-03-30 (3.0), where functions stand alone.

Each page names "All Resource"; page "Policies and sample policies" names the function, also with
its version or alias. As with 2.0 it is the operation's page that counts here, which refuses more.
Layers, custom domains, sessions, containers and whatever else is not among the rows is refused by
name. So are versions and aliases, but for the lists of them.
"""

from ...table import Row, words
from .table import (
    AROUND,
    AS_IT_IS,
    AS_OTHERS,
    DESTINATIONS,
    OF_NEWER,
    ON_SUBSCRIPTIONS,
    PASSES_INVOCATION_ROLE,
    PASSES_ROLE,
    SUBSCRIBES,
    within,
)

_VERSION = "2023-03-30"
_SAMPLES = "Policies and sample policies (3.0), 2025-06-13"
_FUNCTION = "functions/{function}"
_TRIGGER = f"{_FUNCTION}/triggers/{{trigger}}"
_CONFIG = f"{_FUNCTION}/async-invoke-config"
_PAGED = words("prefix nextToken limit")
_QUALIFIER = words("qualifier")

# No containers, own runtimes, DNS, GPUs, hooks, and no other mounts than these.
_SETTINGS = (
    words("description runtime handler timeout memorySize cpu diskSize environmentVariables role")
    | words("layers internetAccess instanceConcurrency instanceIsolationMode sessionAffinity")
    | within("code", "zipFile ossBucketName ossObjectName checksum")
    | AROUND
)
_GIVEN_AT_FIRST = words("functionName resourceGroupId") | within("tags", "Key Value")
_SETTINGS_OF_TRIGGERS = words("description invocationRole qualifier") | within(
    "triggerConfig", "notifyContentFormat notifyStrategy filterTag"
)
_SETTINGS_OF_ASYNC_CONFIGS = (
    words("maxAsyncEventAgeInSeconds maxAsyncRetryAttempts asyncTask") | DESTINATIONS
)


def _row(
    name: str,
    method: str,
    path: str,
    read_on: str = "",
    *,
    query: frozenset[str] = frozenset(),
    headers: frozenset[str] = frozenset(),
    fields: frozenset[str] = frozenset(),
    action: str = "",
    also: tuple[tuple[str, str], ...] = (),
    guesses: tuple[str, ...] = (),
) -> Row:
    """A row whose page is called as the operation, and names "All Resource"."""
    of_one = path.startswith(_FUNCTION)
    form = "acs:fc:{region}:{account}:functions/" + ("{function}" if of_one else "*")
    return Row(
        name,
        method,
        f"{_VERSION}/{path}",
        f"{name} ({_VERSION})",
        read_on,
        query=query,
        headers=headers | OF_NEWER,
        fields=fields,
        action=action,
        also=also,
        elsewhere=((form, _SAMPLES),),
        guesses=guesses,
    )


ALONE = (
    _row("ListFunctions", "GET", "functions", "2026-01-20", query=_PAGED | {"fcVersion"}),
    _row(
        "CreateFunction",
        "POST",
        "functions",
        "2026-01-20",
        fields=_SETTINGS | _GIVEN_AT_FIRST,
        also=PASSES_ROLE,
        guesses=(
            "memory, CPU and disk where they are not told: as the client fills them in",
            "that a role which is passed on takes ram:PassRole, as with 2.0",
        ),
    ),
    _row("GetFunction", "GET", _FUNCTION, "2026-08-17", query=_QUALIFIER),
    _row(
        "UpdateFunction",
        "PUT",
        _FUNCTION,
        "2026-01-20",
        fields=_SETTINGS,
        also=PASSES_ROLE,
        guesses=("that a role which is passed on takes ram:PassRole, as with 2.0",),
    ),
    _row(
        "DeleteFunction",
        "DELETE",
        _FUNCTION,
        guesses=(AS_OTHERS, "that it is refused while there are triggers, as with 2.0"),
    ),
    _row("GetFunctionCode", "GET", f"{_FUNCTION}/code", "2026-01-19", query=_QUALIFIER),
    _row(
        "InvokeFunction",
        "POST",
        f"{_FUNCTION}/invocations",
        "2024-11-22",
        query=_QUALIFIER,
        headers=words("x-fc-invocation-type x-fc-log-type x-fc-async-task-id"),
        fields=AS_IT_IS,
        guesses=("that an id of an asynchronous task may come with an invocation that is none",),
    ),
    _row(
        "GetAsyncInvokeConfig",
        "GET",
        _CONFIG,
        query=_QUALIFIER,
        action="GetFunctionAsyncInvokeConfig",
    ),
    _row(
        "PutAsyncInvokeConfig",
        "PUT",
        _CONFIG,
        query=_QUALIFIER,
        fields=_SETTINGS_OF_ASYNC_CONFIGS,
        action="PutFunctionAsyncInvokeConfig",
    ),
    _row(
        "DeleteAsyncInvokeConfig",
        "DELETE",
        _CONFIG,
        query=_QUALIFIER,
        action="DeleteFunctionAsyncInvokeConfig",
        guesses=(AS_OTHERS,),
    ),
    _row(
        "ListAsyncInvokeConfigs",
        "GET",
        "async-invoke-configs",
        query=words("functionName nextToken limit"),
        action="ListFunctionAsyncInvokeConfigs",
        guesses=(AS_OTHERS,),
    ),
    _row(
        "ListTriggers",
        "GET",
        f"{_FUNCTION}/triggers",
        "2026-01-21",
        query=_PAGED,
        headers=words("x-fc-disable-list-remote-eb-triggers x-fc-disable-list-remote-alb-triggers"),
    ),
    _row(
        "CreateTrigger",
        "POST",
        f"{_FUNCTION}/triggers",
        "2026-01-21",
        fields=_SETTINGS_OF_TRIGGERS | words("triggerName triggerType sourceArn"),
        also=(*ON_SUBSCRIPTIONS, *PASSES_INVOCATION_ROLE),
        guesses=(SUBSCRIBES,),
    ),
    _row("GetTrigger", "GET", _TRIGGER),
    _row(
        "UpdateTrigger",
        "PUT",
        _TRIGGER,
        fields=_SETTINGS_OF_TRIGGERS,
        also=(*ON_SUBSCRIPTIONS, *PASSES_INVOCATION_ROLE),
        guesses=(SUBSCRIBES, AS_OTHERS, "that one of a topic cannot be changed, as with 2.0"),
    ),
    _row(
        "DeleteTrigger",
        "DELETE",
        _TRIGGER,
        "2026-01-21",
        also=ON_SUBSCRIPTIONS,
        guesses=(SUBSCRIBES,),
    ),
    _row("ListVpcBindings", "GET", f"{_FUNCTION}/vpc-bindings", guesses=(AS_OTHERS,)),
    _row(
        "CreateVpcBinding",
        "POST",
        f"{_FUNCTION}/vpc-bindings",
        fields=words("vpcId"),
        guesses=(AS_OTHERS,),
    ),
    _row(
        "DeleteVpcBinding",
        "DELETE",
        f"{_FUNCTION}/vpc-bindings/{{vpc}}",
        guesses=(AS_OTHERS,),
    ),
    _row(
        "GetProvisionConfig",
        "GET",
        f"{_FUNCTION}/provision-config",
        query=_QUALIFIER,
        guesses=(AS_OTHERS, "how it is told that there is none: by no fields"),
    ),
    _row(
        "ListProvisionConfigs",
        "GET",
        "provision-configs",
        query=words("functionName nextToken limit"),
        guesses=(AS_OTHERS,),
    ),
    _row(
        "GetScalingConfig",
        "GET",
        f"{_FUNCTION}/scaling-config",
        query=_QUALIFIER,
        guesses=(AS_OTHERS, "how it is told that there is none: by no fields"),
    ),
    _row(
        "ListScalingConfigs",
        "GET",
        "scaling-configs",
        query=words("functionName nextToken limit"),
        guesses=(AS_OTHERS,),
    ),
    _row(
        "GetConcurrencyConfig",
        "GET",
        f"{_FUNCTION}/concurrency",
        guesses=("the code that tells that there is none",),
    ),
    _row(
        "ListAliases",
        "GET",
        f"{_FUNCTION}/aliases",
        query=_PAGED,
        guesses=(AS_OTHERS,),
    ),
    _row(
        "ListFunctionVersions",
        "GET",
        f"{_FUNCTION}/versions",
        query=words("direction nextToken limit"),
        guesses=(AS_OTHERS,),
    ),
    Row(
        "DownloadPackage",
        "GET",
        f"{_VERSION}/packages/{{digest}}",
        f"GetFunctionCode ({_VERSION})",
        resources=(),
        guesses=("where the URL of GetFunctionCode leads; whoever knows it can have the package",),
    ),
)
