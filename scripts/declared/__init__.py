"""The one reader of s.yaml (at `PATH`): `load` gives what it declares, every name resolved."""

from scripts.declared.document import PATH
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
from scripts.declared.reader import (
    ENVIRONMENT_LIMIT,
    access,
    environment_size,
    load,
    load_for,
    region,
    runtime,
)

__all__ = [
    "ENVIRONMENT_LIMIT",
    "PATH",
    "AsyncConfig",
    "FunctionSpec",
    "Generation",
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
    "load_for",
    "region",
    "runtime",
]
