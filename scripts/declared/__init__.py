"""The one reader of s.yaml (at `PATH`): `load` gives what it declares, every name resolved."""

from scripts.declared.errors import SpecError
from scripts.declared.model import AsyncConfig, Function, Logs, Policy, Role, Service, Spec, Trigger
from scripts.declared.reader import ENVIRONMENT_LIMIT, PATH, environment_size, load, region, runtime

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
