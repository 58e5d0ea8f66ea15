"""What RAM keeps, one by one, and what it refuses."""

import enum
from dataclasses import dataclass, field
from typing import NamedTuple

from .. import policies


class Credentials(NamedTuple):
    """An access key; a temporary one has a token and an end (seconds since the epoch)."""

    access_key_id: str
    access_key_secret: str
    security_token: str = ""
    expires_at: float | None = None


class Principal(NamedTuple):
    """Who signed: a `role`, a `user`, or neither: the account itself, which may do everything."""

    account_id: str
    arn: str
    role: str = ""
    user: str = ""

    @property
    def is_account(self) -> bool:
        """Whether it is the account itself."""
        return not (self.role or self.user)


class Refusal(enum.Enum):
    """Why credentials were not accepted; each service has its own code for it."""

    UNKNOWN_KEY = "unknown access key"
    TOKEN_INVALID = "security token missing or wrong"  # noqa: S105  (a reason, no secret)
    TOKEN_EXPIRED = "security token expired"  # noqa: S105  (a reason, no secret)


class EntityError(Exception):
    """What is, or is not, there: an `entity` in RAM's words (`Role.Policy`) and its name."""

    def __init__(self, entity: str, name: str) -> None:
        super().__init__(entity, name)
        self.entity = entity
        self.name = name


class NoSuchEntityError(EntityError, KeyError):
    """No such `Role`, `User`, `Policy`, `Policy.Version`, `User.AccessKey`; `Role.Policy`: the role
    has no such policy.
    """


class EntityExistsError(EntityError):
    """There is one already."""


class EntityInUseError(EntityError):
    """It cannot be deleted yet: `Role.Policy`, a role with policies; `Policy.Role`, the reverse;
    `Policy.Version`, a policy with further versions; `User.AccessKey`, a user with keys.
    """


class LimitExceededError(EntityError):
    """There would be more than there may be: of `Policy.Version`, `Role.Policy`, `User.Policy` or
    `User.AccessKey`.
    """


class CredentialsRefusedError(Exception):
    """Credentials that this account does not know or no longer honours.

    A key that is `disabled` is refused as an unknown one by services that have no word for it.
    """

    def __init__(self, refusal: Refusal, *, disabled: bool = False) -> None:
        super().__init__(refusal.value)
        self.refusal = refusal
        self.disabled = disabled


@dataclass
class Role:
    """A role: who may assume it and which policies it has, by (type, name)."""

    name: str
    trust: policies.Document
    description: str = ""
    attached: list[tuple[str, str]] = field(default_factory=list)
    created_at: float = 0.0
    role_id: str = ""
    max_session: int = 3600
    tags: dict[str, str] = field(default_factory=dict)


@dataclass
class AccessKey:
    """A user's key, but for its secret."""

    access_key_id: str
    created_at: float
    active: bool = True


@dataclass
class User:
    """A user: its keys by id, and which policies it has, by (type, name)."""

    name: str
    user_id: str
    created_at: float
    display_name: str = ""
    comments: str = ""
    email: str = ""
    mobile_phone: str = ""
    attached: list[tuple[str, str]] = field(default_factory=list)
    keys: dict[str, AccessKey] = field(default_factory=dict)


@dataclass
class Policy:
    """A policy; `kind` is `System` or `Custom`, `document` the one of the default version."""

    name: str
    kind: str
    document: policies.Document
    description: str = ""
    created_at: float = 0.0
    default_version: str = "v1"
    versions: dict[str, policies.Document] = field(default_factory=dict)
    last_version: int = 1
    tags: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.versions.setdefault(self.default_version, self.document)
