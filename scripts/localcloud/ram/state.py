"""Roles, policies and credentials: who somebody is and what they may do."""

import enum
import secrets
import threading
from dataclasses import dataclass, field
from typing import NamedTuple

from scripts.localcloud.ram import policies
from scripts.localcloud.rewinding import Rewindable
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
    TOKEN_INVALID = "security token missing or wrong"  # noqa: S105  (a reason, no secret)
    TOKEN_EXPIRED = "security token expired"  # noqa: S105  (a reason, no secret)


class EntityError(Exception):
    """What is, or is not, there: an `entity` in RAM's words (`Role.Policy`) and its name."""

    def __init__(self, entity: str, name: str) -> None:
        super().__init__(entity, name)
        self.entity = entity
        self.name = name


class NoSuchEntityError(EntityError, KeyError):
    """No such `Role`, `Policy`, `Policy.Version`; `Role.Policy`: the role has no such policy."""


class EntityExistsError(EntityError):
    """There is one already."""


class EntityInUseError(EntityError):
    """It cannot be deleted yet: `Role.Policy`, a role with policies; `Policy.Role`, the reverse;
    `Policy.Version`, a policy with further versions.
    """


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
    max_session: int = 3600


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

    def __post_init__(self) -> None:
        self.versions.setdefault(self.default_version, self.document)


class RamState(Rewindable):
    """The account's roles and policies, and every key that it has issued.

    Its methods take and return values; they raise NoSuchEntityError (a KeyError) for what is not
    there, EntityExistsError for what is there already and CredentialsRefusedError for keys.
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

    def role(self, name: str) -> Role:
        """The role of that name."""
        with self.lock:
            if name not in self.roles:
                raise NoSuchEntityError("Role", name)
            return self.roles[name]

    def create_role(
        self,
        name: str,
        trust: policies.Document,
        *,
        description: str = "",
        max_session: int = 3600,
    ) -> Role:
        """A new role with no policies."""
        with self.lock:
            if self.role_by_arn(self.arn(name)):
                raise EntityExistsError("Role", name)
            role_id = f"3{secrets.randbelow(10**17):017}"
            now = self._core.clock.now()
            role = Role(name, trust, description, [], now, role_id, max_session)
            self.roles[name] = role
            self._core.spreading.begin(self.arn(name))
            return role

    def update_role(
        self, name: str, trust: policies.Document, *, description: str, max_session: int
    ) -> Role:
        """The role with everything but its name and its policies replaced."""
        with self.lock:
            role = self.role(name)
            role.trust, role.description, role.max_session = trust, description, max_session
            return role

    def delete_role(self, name: str) -> None:
        """Forget a role; raises EntityInUseError while it has policies."""
        with self.lock:
            if self.role(name).attached:
                raise EntityInUseError("Role.Policy", name)
            del self.roles[name]

    def policy(self, kind: str, name: str) -> Policy:
        """The policy of that kind (`System` or `Custom`) and name."""
        with self.lock:
            if (kind, name) not in self.policies:
                raise NoSuchEntityError("Policy", name)
            return self.policies[kind, name]

    def create_policy(
        self, name: str, document: policies.Document, *, description: str = ""
    ) -> Policy:
        """A new custom policy; its name must not be a system policy's either."""
        with self.lock:
            if ("Custom", name) in self.policies or ("System", name) in self.policies:
                raise EntityExistsError("Policy", name)
            policy = Policy(name, "Custom", document, description, self._core.clock.now())
            self.policies["Custom", name] = policy
            return policy

    def create_policy_version(
        self, name: str, document: policies.Document, *, default: bool
    ) -> str:
        """A further version of a custom policy, in force if `default`; answers its id (`v2`)."""
        with self.lock:
            policy = self.policy("Custom", name)
            version = f"v{len(policy.versions) + 1}"
            policy.versions[version] = document
            if default:
                policy.default_version, policy.document = version, document
            return version

    def delete_policy(self, name: str, *, with_versions: bool = True) -> None:
        """Forget a custom policy with its versions.

        Raises EntityInUseError while a role has it, or if only its one version may be forgotten.
        """
        with self.lock:
            policy = self.policy("Custom", name)
            if self.attachments(policy):
                raise EntityInUseError("Policy.Role", name)
            if len(policy.versions) > 1 and not with_versions:
                raise EntityInUseError("Policy.Version", name)
            del self.policies["Custom", name]

    def attachments(self, policy: Policy) -> int:
        """How many roles have the policy."""
        with self.lock:
            return sum((policy.kind, policy.name) in r.attached for r in self.roles.values())

    def attach(self, role_name: str, kind: str, policy_name: str) -> None:
        """Give a role a policy."""
        with self.lock:
            role, policy = self.role(role_name), self.policy(kind, policy_name)
            if (policy.kind, policy.name) in role.attached:
                raise EntityExistsError("Role.Policy", policy_name)
            role.attached.append((policy.kind, policy.name))

    def detach(self, role_name: str, kind: str, policy_name: str) -> None:
        """Take a policy from a role."""
        with self.lock:
            role = self.role(role_name)
            if (kind, policy_name) not in role.attached:
                raise NoSuchEntityError("Role.Policy", policy_name)
            role.attached.remove((kind, policy_name))

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
        return policies.evaluate(self._documents(principal), action, resource)

    def forbidden(self, principal: Principal, action: str, resource: str) -> bool:
        """Whether that is for a Deny, which no Allow makes up for."""
        return policies.forbid(self._documents(principal), action, resource)

    def assume(self, role_name: str, session: str, *, lifetime: float = 3600) -> Credentials:
        """Temporary credentials of a role, for `lifetime` seconds; KeyError if there is no such.

        Whether the caller may assume it (its trust policy) is for the caller's side to check.
        """
        role = self.role(role_name)
        arn = f"acs:ram::{self._core.account_id}:assumed-role/{role.name.lower()}/{session}"
        return self._issue(Principal(self._core.account_id, arn, role.name), lifetime=lifetime)

    def revoke(self, access_key_id: str) -> None:
        """Forget a key: whoever uses it from now on is unknown."""
        with self.lock:
            self._issued.pop(access_key_id, None)

    def _documents(self, principal: Principal) -> list[policies.Document]:
        with self.lock:
            role = self.roles.get(principal.role)
            attached = role.attached if role else []
            return [self.policies[key].document for key in attached if key in self.policies]

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
