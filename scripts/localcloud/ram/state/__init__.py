"""Roles, users, policies and credentials: who somebody is and what they may do."""

from .account import RamState
from .entities import (
    AccessKey,
    Credentials,
    CredentialsRefusedError,
    EntityError,
    EntityExistsError,
    EntityInUseError,
    LimitExceededError,
    NoSuchEntityError,
    Policy,
    Principal,
    Refusal,
    Role,
    User,
)

__all__ = [
    "AccessKey",
    "Credentials",
    "CredentialsRefusedError",
    "EntityError",
    "EntityExistsError",
    "EntityInUseError",
    "LimitExceededError",
    "NoSuchEntityError",
    "Policy",
    "Principal",
    "RamState",
    "Refusal",
    "Role",
    "User",
]
