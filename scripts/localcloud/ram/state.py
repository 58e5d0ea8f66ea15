"""Roles, policies and credentials: who somebody is and what they may do."""

import enum
import secrets
import threading
from dataclasses import dataclass, field
from typing import NamedTuple

from scripts.localcloud.ram import policies
from scripts.localcloud.service import Core


class Credentials(NamedTuple):
    """An access key; a temporary one has a token and an end (seconds since the epoch)."""

    access_key_id: str
    access_key_secret: str
    security_token: str = ""
    expires_at: float | None = None


class Principal(NamedTuple):
    """Who signed: `role` is empty for the account itself, which may do everything."""

    account_id: str
    arn: str
    role: str = ""


class Refusal(enum.Enum):
    """Why credentials were not accepted; each service has its own code for it."""

    UNKNOWN_KEY = "unknown access key"
    TOKEN_INVALID = "security token missing or wrong"
    TOKEN_EXPIRED = "security token expired"


class CredentialsRefusedError(Exception):
    """Credentials that this account does not know or no longer honours."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.value)
        self.refusal = refusal


@dataclass
class Role:
    """A role: who may assume it and which policies it has, by (type, name)."""

    name: str
    trust: policies.Document
    description: str = ""
    attached: list[tuple[str, str]] = field(default_factory=list)
    created_at: float = 0.0
    role_id: str = ""


@dataclass
class Policy:
    """A policy; `kind` is `System` or `Custom`."""

    name: str
    kind: str
    document: policies.Document
    description: str = ""
    created_at: float = 0.0


class RamState:
    """The account's roles and policies, and every key that it has issued.

    Its methods take and return values; they raise KeyError for what is not there (the wire turns
    that into EntityNotExist) and CredentialsRefusedError for keys.
    """

    def __init__(self, core: Core) -> None:
        self._core = core
        self.lock = threading.RLock()
        self.roles: dict[str, Role] = {}
        self.policies: dict[tuple[str, str], Policy] = {
            ("System", name): Policy(name, "System", document)
            for name, document in policies.SYSTEM_POLICIES.items()
        }
        self._issued: dict[str, tuple[Credentials, Principal]] = {}
        owner = Principal(core.account_id, f"acs:ram::{core.account_id}:root")
        self.root = self._issue(owner, lifetime=None)

    def arn(self, role_name: str) -> str:
        """The ARN of a role of this account; RAM writes role names in it in lower case."""
        return f"acs:ram::{self._core.account_id}:role/{role_name.lower()}"

    def role_by_arn(self, arn: str) -> Role | None:
        """The role that an ARN names, in whatever case; None if there is none."""
        with self.lock:
            wanted = arn.lower()
            return next((r for r in self.roles.values() if self.arn(r.name) == wanted), None)

    def secret(self, access_key_id: str) -> str:
        """The secret to verify a signature with; CredentialsRefusedError for an unknown key."""
        return self._known(access_key_id)[0].access_key_secret

    def authenticate(self, access_key_id: str, security_token: str = "") -> Principal:
        """Who holds this key, its token and its end checked; raises CredentialsRefusedError."""
        credentials, principal = self._known(access_key_id)
        if security_token != credentials.security_token:
            raise CredentialsRefusedError(Refusal.TOKEN_INVALID)
        if credentials.expires_at is not None and self._core.clock.now() >= credentials.expires_at:
            raise CredentialsRefusedError(Refusal.TOKEN_EXPIRED)
        return principal

    def authorized(self, principal: Principal, action: str, resource: str) -> bool:
        """Whether RAM lets `principal` do `action` (`oss:PutBucketAcl`) on a resource's ARN."""
        if not principal.role:
            return True
        with self.lock:
            role = self.roles.get(principal.role)
            attached = role.attached if role else []
            documents = [self.policies[key].document for key in attached if key in self.policies]
        return policies.evaluate(documents, action, resource)

    def assume(self, role_name: str, session: str, *, lifetime: float = 3600) -> Credentials:
        """Temporary credentials of a role, for `lifetime` seconds; KeyError if there is no such.

        Whether the caller may assume it (its trust policy) is for the caller's side to check.
        """
        with self.lock:
            role = self.roles[role_name]
        arn = f"acs:ram::{self._core.account_id}:assumed-role/{role.name.lower()}/{session}"
        return self._issue(Principal(self._core.account_id, arn, role.name), lifetime=lifetime)

    def revoke(self, access_key_id: str) -> None:
        """Forget a key: whoever uses it from now on is unknown."""
        with self.lock:
            self._issued.pop(access_key_id, None)

    def _known(self, access_key_id: str) -> tuple[Credentials, Principal]:
        with self.lock:
            if access_key_id not in self._issued:
                raise CredentialsRefusedError(Refusal.UNKNOWN_KEY)
            return self._issued[access_key_id]

    def _issue(self, principal: Principal, lifetime: float | None) -> Credentials:
        temporary = lifetime is not None
        credentials = Credentials(
            access_key_id=("STS.N" if temporary else "LTAI5t") + secrets.token_hex(9),
            access_key_secret=secrets.token_hex(15),
            security_token="CAIS" + secrets.token_hex(64) if temporary else "",
            expires_at=self._core.clock.now() + lifetime if lifetime is not None else None,
        )
        with self.lock:
            self._issued[credentials.access_key_id] = (credentials, principal)
        return credentials
