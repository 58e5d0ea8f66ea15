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
from scripts.spec.reader import PATH, load, region, runtime

__all__ = [
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
    "load",
    "region",
    "runtime",
]
