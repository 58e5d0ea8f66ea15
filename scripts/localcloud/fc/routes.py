"""Which operation a method and a path mean, per version of the API."""

from collections.abc import Sequence
from typing import NamedTuple

# Pages "API overview" of 2.0: both versions have the same paths below their own prefix.
_SERVICES = """
ListServices                    GET     services
CreateService                   POST    services
GetService                      GET     services/{service}
UpdateService                   PUT     services/{service}
DeleteService                   DELETE  services/{service}
ListVpcBindings                 GET     services/{service}/bindings
CreateVpcBinding                POST    services/{service}/bindings
DeleteVpcBinding                DELETE  services/{service}/bindings/{vpc}
ListAliases                     GET     services/{service}/aliases
ListServiceVersions             GET     services/{service}/versions
ListFunctions                   GET     services/{service}/functions
CreateFunction                  POST    services/{service}/functions
GetFunction                     GET     services/{service}/functions/{function}
UpdateFunction                  PUT     services/{service}/functions/{function}
DeleteFunction                  DELETE  services/{service}/functions/{function}
GetFunctionCode                 GET     services/{service}/functions/{function}/code
InvokeFunction                  POST    services/{service}/functions/{function}/invocations
GetFunctionAsyncInvokeConfig    GET     services/{service}/functions/{function}/async-invoke-config
ListFunctionAsyncInvokeConfigs  GET     services/{service}/functions/{function}/async-invoke-configs
PutFunctionAsyncInvokeConfig    PUT     services/{service}/functions/{function}/async-invoke-config
DeleteFunctionAsyncInvokeConfig DELETE  services/{service}/functions/{function}/async-invoke-config
ListTriggers                    GET     services/{service}/functions/{function}/triggers
CreateTrigger                   POST    services/{service}/functions/{function}/triggers
GetTrigger                      GET     services/{service}/functions/{function}/triggers/{trigger}
UpdateTrigger                   PUT     services/{service}/functions/{function}/triggers/{trigger}
DeleteTrigger                   DELETE  services/{service}/functions/{function}/triggers/{trigger}
DownloadPackage                 GET     packages/{digest}
ListOnDemandConfigs             GET     on-demand-configs
ListProvisionConfigs            GET     provision-configs
"""


class Route(NamedTuple):
    """A line of a table: `path` has names in braces where requests have names of resources."""

    operation: str
    method: str
    path: Sequence[str]


class Match(NamedTuple):
    """What a request asks for: an operation, and the names in its path."""

    operation: str
    names: dict[str, str]


def match(routes: Sequence[Route], method: str, path: Sequence[str]) -> Match | None:
    """The first route for this request; None if there is none."""
    for route in routes:
        if route.method == method and len(route.path) == len(path):
            pairs = list(zip(route.path, path, strict=True))
            if all(part.startswith("{") or part == given for part, given in pairs):
                names = {part.strip("{}"): given for part, given in pairs if part.startswith("{")}
                return Match(route.operation, names)
    return None


def _table(text: str) -> tuple[Route, ...]:
    lines = (line.split() for line in text.splitlines() if line)
    return tuple(Route(operation, method, path.split("/")) for operation, method, path in lines)


SERVICES = _table(_SERVICES)
