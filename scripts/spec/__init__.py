"""The one reader of s.yaml (at `PATH`): `load` gives what it declares, every name resolved."""

from scripts.spec.errors import SpecError
from scripts.spec.model import (
    AsyncConfig,
    Function,
    Logs,
    Policy,
    Role,
    Service,
    Spec,
    Trigger,
)
from scripts.spec.reader import (
    ENVIRONMENT_LIMIT,
    PATH,
    environment_size,
    load,
    region,
    runtime,
)

__all__ = [
    "ENVIRONMENT_LIMIT",
    "PATH",
    "AsyncConfig",
    "Function",
    "Logs",
    "Policy",
    "Role",
    "Service",
    "Spec",
    "SpecError",
    "Trigger",
    "environment_size",
    "load",
    "region",
    "runtime",
]
