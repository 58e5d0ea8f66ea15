"""Roles, users, policies and credentials: who somebody is and what they may do."""

from scripts.localcloud.ram.state.account import RamState
from scripts.localcloud.ram.state.entities import (
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
