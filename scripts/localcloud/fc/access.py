"""What RAM must allow for an operation of Function Compute.

An operation's own page names "All Resource" for most of them; page "Policies and sample policies"
(2.0) and the Serverless Devs client's least permissions name an ARN for each. Where they differ it
is the page of the operation that counts here, which refuses more.
"""

from collections.abc import Iterator

from scripts.localcloud.fc import routes
from scripts.localcloud.fc.calls import Call
from scripts.localcloud.fc.errors import FcError
from scripts.localcloud.ram.state import Principal, RamState
from scripts.localcloud.service import Core

_ON_ALL = {
    "GetService",
    "DeleteService",
    "GetFunction",
    "UpdateFunction",
    "GetFunctionCode",
    "GetTrigger",
    "ListTriggers",
    "CreateTrigger",
    "GetFunctionAsyncInvokeConfig",
    "ListFunctionAsyncInvokeConfigs",
    "PutFunctionAsyncInvokeConfig",
    "DeleteFunctionAsyncInvokeConfig",
}
# What holds the resource that is named, for those that name none of their own.
_OF_EACH = {
    "ListServices": "services/*",
    "CreateService": "services/*",
    "ListFunctions": "functions/*",
    "CreateFunction": "functions/*",
    "ListVpcBindings": "binding/*",
}
_ROLE_FIELDS = {
    "CreateService": "role",
    "UpdateService": "role",
    "CreateTrigger": "invocationRole",
    "UpdateTrigger": "invocationRole",
}
# The client's least permissions have both for whoever makes, changes or deletes a trigger of a
# topic. Guessed: that each of the three takes both.
_ON_TRIGGERS = ("CreateTrigger", "UpdateTrigger", "DeleteTrigger")
_OF_SUBSCRIPTIONS = ("mns:Subscribe", "mns:Unsubscribe")


def authorize(
    core: Core, ram: RamState, principal: Principal, match: routes.Match, call: Call
) -> None:
    """Raises FcError unless RAM allows all that the operation takes."""
    for action, resource in _needed(core, match, call):
        if not ram.authorized(principal, action, resource):
            # As users report it. Guessed: that an action of another service is told likewise.
            message = f"the caller is not authorized to perform '{action}' on resource '{resource}'"
            raise FcError("AccessDenied", message)


def _needed(core: Core, match: routes.Match, call: Call) -> Iterator[tuple[str, str]]:
    """The actions that are asked for, each with its resource."""
    for resource in _resources(core, match, call):
        yield f"fc:{match.operation}", resource
    if match.operation in _ON_TRIGGERS:
        for action in _OF_SUBSCRIPTIONS:
            yield action, "*"
    field = _ROLE_FIELDS.get(match.operation)
    role = call.fields().get(field) if field else None
    if role:
        yield "ram:PassRole", str(role)


def _resources(core: Core, match: routes.Match, call: Call) -> Iterator[str]:
    """The resources of the operation itself."""
    if match.operation in _ON_ALL:
        yield "*"
        return
    root = f"acs:fc:{core.region}:{core.account_id}:"
    named = [(kind, name.partition(".")[0]) for kind, name in match.names.items()]
    parts = [f"{kind}s/{name}" for kind, name in named]
    if match.operation in _OF_EACH:
        parts.append(_OF_EACH[match.operation])
    yield root + ("/".join(parts) or "*")
    if match.operation == "InvokeFunction":  # the page has the service and its version
        parts[0] += f".{call.qualifier}"
        yield root + "/".join(parts)
