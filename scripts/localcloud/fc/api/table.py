"""Function Compute's operations as their pages have them, in both versions of the 2.0 API.

Both have the same paths below their own prefix, and nearly the same names: what is in `_ROWS` is
both's, and `SENT_BY_CLIENTS` what only the older one takes.

An operation's own page names "All Resource" for most of them; page "Policies and sample policies"
(2.0) and the Serverless Devs client's least permissions name an ARN for each (`_BY_SAMPLES`). Where
they differ it is the page of the operation that counts here, which refuses more. CreateService's
page names the service, the other one all services, which is more; InvokeFunction's table was not
seen: these two are as the other page has them. The condition keys of CreateService and
UpdateService (fc:EnableServiceSLSLogging, fc:EnableServiceInternetAccess) are not known here.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from ...table import Row, words

_ARN = "acs:fc:{region}:{account}:"
_SERVICE = "services/{service}"
_FUNCTION = f"{_SERVICE}/functions/{{function}}"
_TRIGGER = f"{_FUNCTION}/triggers/{{trigger}}"
_CONFIG = f"{_FUNCTION}/async-invoke-config"


def _on(path: str) -> tuple[str, ...]:
    return (f"{_ARN}{path}",)


def within(name: str, inner: str) -> frozenset[str]:
    """A field that is an object, and the names in it; or a list of such objects."""
    return frozenset({name, *(f"{name}.{each}" for each in inner.split())})


_PAGED = words("prefix startKey nextToken limit")
_CHECKSUM = words("x-fc-code-checksum")
# What a service has of these in 2.0, a function has in 3.0.
AROUND = (
    within("logConfig", "project logstore enableRequestMetrics enableInstanceMetrics logBeginRule")
    | within("vpcConfig", "vpcId vSwitchIds securityGroupId role")
    | within("nasConfig", "userId groupId mountPoints")
    | within("nasConfig.mountPoints", "serverAddr mountDir enableTLS")
    | within("ossMountConfig", "mountPoints")
    | within("ossMountConfig.mountPoints", "bucketName bucketPath endpoint mountDir readOnly")
    | within("tracingConfig", "type params")
)
_SETTINGS_OF_SERVICES = words("description internetAccess role") | AROUND
# (A package in a bucket, `ossBucketName`, is not known here.)
_SETTINGS_OF_FUNCTIONS = (
    words("description runtime handler timeout memorySize cpu diskSize gpuMemorySize")
    | words("environmentVariables initializer initializationTimeout layers caPort")
    | words("instanceConcurrency instanceSoftConcurrency instanceType code.zipFile code")
    | within("instanceLifecycleConfig", "preFreeze preStop")
    | within("instanceLifecycleConfig.preFreeze", "handler timeout")
    | within("instanceLifecycleConfig.preStop", "handler timeout")
    | within(
        "customContainerConfig", "accelerationType args command image instanceID webServerMode"
    )
    | within("customDNS", "nameServers searches dnsOptions")
    | within("customDNS.dnsOptions", "name value")
    | within(
        "customHealthCheckConfig",
        "failureThreshold httpGetUrl initialDelaySeconds periodSeconds successThreshold"
        " timeoutSeconds",
    )
    | within("customRuntimeConfig", "args command")
)
_SETTINGS_OF_TRIGGERS = words("description invocationRole qualifier") | within(
    "triggerConfig", "topicName region notifyContentFormat notifyStrategy filterTag"
)
DESTINATIONS = (
    within("destinationConfig", "onSuccess onFailure")
    | within("destinationConfig.onSuccess", "destination")
    | within("destinationConfig.onFailure", "destination")
)
_SETTINGS_OF_ASYNC_CONFIGS = (
    words("maxAsyncEventAgeInSeconds maxAsyncRetryAttempts statefulInvocation") | DESTINATIONS
)
PASSES_ROLE = (("ram:PassRole", "{role}"),)
PASSES_INVOCATION_ROLE = (("ram:PassRole", "{invocationRole}"),)
ON_SUBSCRIPTIONS = (("mns:Subscribe", "*"), ("mns:Unsubscribe", "*"))
SUBSCRIBES = (
    "that RAM asks for mns:Subscribe and mns:Unsubscribe, as the client's least permissions name"
    " both for whoever makes, changes or deletes a trigger of a topic"
)
_TOPIC_IN_CONFIG = (
    "that topicName and region in triggerConfig are taken and shown: clients send them, and no page"
    " has them"
)
_AS_IN_3_0 = "the resource: that of the operation's page of 2023-03-30"
AS_OTHERS = "the resource: that of its likes, whose pages were seen"

AS_IT_IS = words("*")
"""The fields of a body that is no JSON, but whatever its sender likes."""

_ROWS = (
    Row(
        "ListServices",
        "GET",
        "services",
        "ListServices",
        query=_PAGED,
        resources=_on("services/*"),
    ),
    Row(
        "CreateService",
        "POST",
        "services",
        "CreateService",
        read_on="2025-11-17",
        fields=_SETTINGS_OF_SERVICES | {"serviceName"},
        resources=_on("services/*"),
        also=PASSES_ROLE,
    ),
    Row(
        "GetService",
        "GET",
        _SERVICE,
        "GetService",
        read_on="2026-02-26",
        query=words("qualifier"),
    ),
    Row(
        "UpdateService",
        "PUT",
        _SERVICE,
        "UpdateService",
        read_on="2025-11-17",
        fields=_SETTINGS_OF_SERVICES,
        resources=_on(_SERVICE),
        also=PASSES_ROLE,
    ),
    Row("DeleteService", "DELETE", _SERVICE, "DeleteService", read_on="2025-11-17"),
    Row(
        "ListVpcBindings",
        "GET",
        f"{_SERVICE}/bindings",
        "ListVpcBindings",
        read_on="2025-11-17",
    ),
    Row(
        "CreateVpcBinding",
        "POST",
        f"{_SERVICE}/bindings",
        "CreateVpcBinding",
        fields=words("vpcId"),
        guesses=(AS_OTHERS,),
    ),
    Row(
        "DeleteVpcBinding",
        "DELETE",
        f"{_SERVICE}/bindings/{{vpc}}",
        "DeleteVpcBinding",
        guesses=(AS_OTHERS,),
    ),
    Row(
        "ListAliases",
        "GET",
        f"{_SERVICE}/aliases",
        "ListAliases",
        read_on="2026-02-26",
        query=_PAGED,
    ),
    Row(
        "ListServiceVersions",
        "GET",
        f"{_SERVICE}/versions",
        "ListServiceVersions",
        query=words("direction startKey nextToken limit"),
        guesses=(AS_OTHERS,),
    ),
    Row(
        "ListFunctions",
        "GET",
        f"{_SERVICE}/functions",
        "ListFunctions",
        read_on="2026-02-26",
        query=_PAGED | {"qualifier"},
    ),
    Row(
        "CreateFunction",
        "POST",
        f"{_SERVICE}/functions",
        "CreateFunction",
        read_on="2026-02-26",
        headers=_CHECKSUM,
        fields=_SETTINGS_OF_FUNCTIONS | {"functionName"},
    ),
    Row(
        "GetFunction",
        "GET",
        _FUNCTION,
        "GetFunction",
        read_on="2025-04-28",
        query=words("qualifier"),
    ),
    Row(
        "UpdateFunction",
        "PUT",
        _FUNCTION,
        "UpdateFunction",
        read_on="2026-01-20",
        headers=_CHECKSUM,
        # The SDK of 2021-04-06 writes the last one so, of all fields and only to change it.
        fields=_SETTINGS_OF_FUNCTIONS | {"InstanceConcurrency"},
        guesses=(_AS_IN_3_0,),
    ),
    Row("DeleteFunction", "DELETE", _FUNCTION, "DeleteFunction", read_on="2026-02-26"),
    Row(
        "GetFunctionCode",
        "GET",
        f"{_FUNCTION}/code",
        "GetFunctionCode",
        read_on="2025-11-17",
        query=words("qualifier"),
    ),
    Row(
        "InvokeFunction",
        "POST",
        f"{_FUNCTION}/invocations",
        "InvokeFunction",
        query=words("qualifier"),
        headers=words("x-fc-invocation-type x-fc-log-type x-fc-stateful-async-invocation-id"),
        fields=AS_IT_IS,
        resources=(
            *_on(_FUNCTION),
            *_on("services/{service}.{qualifier}/functions/{function}"),
        ),
        elsewhere=(("*", "those of its likes, as its own page's table was not seen"),),
        guesses=("that an id of a stateful invocation may come with one that is not",),
    ),
    Row(
        "GetFunctionAsyncInvokeConfig",
        "GET",
        _CONFIG,
        "GetFunctionAsyncInvokeConfig",
        query=words("qualifier"),
        guesses=(_AS_IN_3_0,),
    ),
    Row(
        "ListFunctionAsyncInvokeConfigs",
        "GET",
        f"{_CONFIG}s",
        "ListFunctionAsyncInvokeConfigs",
        query=words("nextToken limit"),
        headers=_CHECKSUM | words("x-fc-invocation-type x-fc-log-type"),
    ),
    Row(
        "PutFunctionAsyncInvokeConfig",
        "PUT",
        _CONFIG,
        "PutFunctionAsyncInvokeConfig",
        query=words("qualifier"),
        fields=_SETTINGS_OF_ASYNC_CONFIGS,
    ),
    Row(
        "DeleteFunctionAsyncInvokeConfig",
        "DELETE",
        _CONFIG,
        "DeleteFunctionAsyncInvokeConfig",
        query=words("qualifier"),
    ),
    Row("ListTriggers", "GET", f"{_FUNCTION}/triggers", "ListTriggers", query=_PAGED),
    Row(
        "CreateTrigger",
        "POST",
        f"{_FUNCTION}/triggers",
        "CreateTrigger",
        fields=_SETTINGS_OF_TRIGGERS | words("triggerName triggerType sourceArn"),
        also=(*ON_SUBSCRIPTIONS, *PASSES_INVOCATION_ROLE),
        guesses=(SUBSCRIBES, _TOPIC_IN_CONFIG),
    ),
    Row("GetTrigger", "GET", _TRIGGER, "GetTrigger"),
    Row(
        "UpdateTrigger",
        "PUT",
        _TRIGGER,
        "UpdateTrigger",
        fields=_SETTINGS_OF_TRIGGERS,
        also=(*ON_SUBSCRIPTIONS, *PASSES_INVOCATION_ROLE),
        guesses=(SUBSCRIBES,),
    ),
    Row(
        "DeleteTrigger",
        "DELETE",
        _TRIGGER,
        "DeleteTrigger",
        read_on="2026-02-26",
        also=ON_SUBSCRIPTIONS,
        guesses=(SUBSCRIBES,),
    ),
    Row(
        "ListOnDemandConfigs",
        "GET",
        "on-demand-configs",
        "ListOnDemandConfigs",
        query=_PAGED,
        guesses=(AS_OTHERS,),
    ),
    Row(
        "ListProvisionConfigs",
        "GET",
        "provision-configs",
        "ListProvisionConfigs",
        query=words("serviceName qualifier nextToken limit"),
        guesses=(AS_OTHERS,),
    ),
    Row(
        "DownloadPackage",
        "GET",
        "packages/{digest}",
        "GetFunctionCode",
        resources=(),
        guesses=("where the URL of GetFunctionCode leads; whoever knows it can have the package",),
    ),
)

# Of 2016-08-15 alone. No page tells of it: so its SDKs call it, and the client's components.
_TEMP_BUCKET_TOKEN = Row(
    "GetTempBucketToken",
    "GET",
    "tempBucketToken",
    "no page; @alicloud/fc2",
    resources=(),
    guesses=("that RAM is asked for nothing", "how long the keys are good for: an hour"),
)
_ABOUT_TRIGGERS = {row.name for row in _ROWS if row.name.endswith(("Trigger", "Triggers"))}
_OF_EVERY_REQUEST = words("x-fc-account-id x-fc-date x-fc-trace-id")
_OF_OLDER = _OF_EVERY_REQUEST | words("x-fc-security-token")
OF_NEWER = _OF_EVERY_REQUEST | words(
    "x-acs-action x-acs-version x-acs-date x-acs-signature-nonce x-acs-content-sha256"
    " x-acs-security-token x-acs-accesskey-id"
    " x-acs-credentials-provider"
)
_ITS_OWN_SPEC = words("name service serviceName filename import protect")
# As recorded: the Serverless Devs client puts parts of its own specification in the body.
SENT_BY_CLIENTS: Mapping[str, frozenset[str]] = {
    "CreateService": words("name import protect vpcConfig.vswitchIds"),
    "UpdateService": words("name import protect vpcConfig.vswitchIds"),
    "CreateFunction": _ITS_OWN_SPEC,
    "UpdateFunction": _ITS_OWN_SPEC,
    "UpdateTrigger": words("triggerName triggerType sourceArn"),
}


# Page "Policies and sample policies" (2.0).
_SAMPLES = "Policies and sample policies, 2025-01-17"
_FUNCTIONS = "services/{service}/functions/*"
_OF_VERSION = "services/{service}.*/functions/{function}"
_BY_SAMPLES: Mapping[str, tuple[str, ...]] = {
    "ListServices": ("services/*",),
    "CreateService": ("services/*",),
    "UpdateService": (_SERVICE,),
    "GetService": (_SERVICE, "services/{service}.*"),
    "DeleteService": (_SERVICE,),
    "ListVpcBindings": (f"{_SERVICE}/binding/*",),
    "ListFunctions": (_FUNCTIONS,),
    "CreateFunction": (_FUNCTIONS,),
    "GetFunction": (_FUNCTION, _OF_VERSION),
    "UpdateFunction": (_FUNCTION, _OF_VERSION),
    "DeleteFunction": (_FUNCTION,),
    "GetFunctionCode": (f"{_FUNCTION}/code",),
    "GetFunctionAsyncInvokeConfig": (_OF_VERSION,),
    "PutFunctionAsyncInvokeConfig": (_OF_VERSION,),
    "DeleteFunctionAsyncInvokeConfig": (_OF_VERSION,),
    "ListFunctionAsyncInvokeConfigs": (f"{_FUNCTION}/async-invoke-configs/*",),
    "ListTriggers": (f"{_FUNCTION}/triggers/*",),
    "CreateTrigger": (f"{_FUNCTION}/triggers/*",),
    "GetTrigger": (_TRIGGER,),
    "DeleteTrigger": (_TRIGGER,),
}


def _in_version(version: str, rows: Iterable[Row]) -> Iterator[Row]:
    for row in rows:
        there = tuple((f"{_ARN}{path}", _SAMPLES) for path in _BY_SAMPLES.get(row.name, ()))
        elsewhere = row.elsewhere + there
        yield replace(row, path=f"{version}/{row.path}", elsewhere=elsewhere)


def _older() -> Iterator[Row]:
    for row in (*_ROWS, _TEMP_BUCKET_TOKEN):
        headers = row.headers | _OF_OLDER
        if row.name in _ABOUT_TRIGGERS:
            headers |= {"x-fc-enable-eventbridge-trigger"}
        if row.name == "InvokeFunction":
            headers |= {"x-fc-invocation-code-version"}
        fields = row.fields | SENT_BY_CLIENTS.get(row.name, frozenset())
        yield replace(row, headers=headers, fields=fields)


OLDER = tuple(_in_version("2016-08-15", _older()))
NEWER = tuple(
    _in_version("2021-04-06", [replace(row, headers=row.headers | OF_NEWER) for row in _ROWS])
)
