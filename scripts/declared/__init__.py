"""The one reader of s.yaml (at `PATH`): `load` gives what it declares, every name resolved."""

from scripts.declared.errors import SpecError
from scripts.declared.model import (
    AsyncConfig,
    FunctionSpec,
    Logs,
    Policy,
    Role,
    ServiceSpec,
    Spec,
    TriggerSpec,
)
from scripts.declared.reader import (
    ENVIRONMENT_LIMIT,
    PATH,
    access,
    environment_size,
    load,
    region,
    runtime,
)

__all__ = [
    "ENVIRONMENT_LIMIT",
    "PATH",
    "AsyncConfig",
    "FunctionSpec",
    "Logs",
    "Policy",
    "Role",
    "ServiceSpec",
    "Spec",
    "SpecError",
    "TriggerSpec",
    "access",
    "environment_size",
    "load",
    "region",
    "runtime",
]
