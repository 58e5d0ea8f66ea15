"""The account's roles, users, policies and keys."""

import datetime
import secrets
import threading

from ...rewinding import Rewindable
from ...service import Core
from .. import policies
from .entities import (
    AccessKey,
    Credentials,
    CredentialsRefusedError,
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

# Page "Limits".
_MOST_VERSIONS = 5
_MOST_KEYS = 2


class RamState(Rewindable):
    """The account's roles, users and policies, and every key that it has issued.

    Its methods take and return values; they raise NoSuchEntityError (a KeyError) for what is not
    there, EntityExistsError for what is there already, LimitExceededError for what is too much and
    CredentialsRefusedError for keys. `key` is the account's own, else one is made. `most_attached`
    is how many policies of a kind a role or a user may have.
    """

    def __init__(self, core: Core, key: Credentials | None = None) -> None:
        self._core = core
        self.lock = threading.RLock()
        # Page "Error messages", where page "Limits" of 2025-12-16 has 10 of the account's own.
        self.most_attached = {"Custom": 5, "System": 20}
        self.roles: dict[str, Role] = {}
        self.users: dict[str, User] = {}
        self.policies: dict[tuple[str, str], Policy] = {
            ("System", name): Policy(name, "System", document)
            for name, document in policies.SYSTEM_POLICIES.items()
        }
        self._issued: dict[str, tuple[Credentials, Principal]] = {}
        self._lent: dict[str, policies.Document] = {}  # by the ARN of who holds the key
        owner = Principal(core.account_id, f"acs:ram::{core.account_id}:root")
        self.root = self._keep(key, owner) if key else self._issue(owner, lifetime=None)

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
        tags: dict[str, str] | None = None,
    ) -> Role:
        """A new role with no policies."""
        with self.lock:
            if self.role_by_arn(self.arn(name)):
                raise EntityExistsError("Role", name)
            now = self._core.clock.now()
            known_as = f"3{_digits()}"
            role = Role(name, trust, description, [], now, known_as, max_session, tags or {})
            self.roles[name] = role
            return role

    def begin_to_spread(self, role: Role) -> None:
        """A role was made just now, by an operation."""
        self._core.spreading.begin(self.arn(role.name))

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
            self._core.spreading.forget(self.arn(name))

    def policy(self, kind: str, name: str) -> Policy:
        """The policy of that kind (`System` or `Custom`) and name."""
        with self.lock:
            if (kind, name) not in self.policies:
                raise NoSuchEntityError("Policy", name)
            return self.policies[kind, name]

    def create_policy(
        self,
        name: str,
        document: policies.Document,
        *,
        description: str = "",
        tags: dict[str, str] | None = None,
    ) -> Policy:
        """A new custom policy; its name must not be a system policy's either."""
        with self.lock:
            if ("Custom", name) in self.policies or ("System", name) in self.policies:
                raise EntityExistsError("Policy", name)
            policy = Policy(name, "Custom", document, description, self._core.clock.now())
            policy.tags = tags or {}
            self.policies["Custom", name] = policy
            return policy

    def create_policy_version(
        self, name: str, document: policies.Document, *, default: bool, rotate: bool = True
    ) -> str:
        """A further version of a custom policy, in force if `default`; answers its id (`v2`).

        There are at most five: to `rotate` is to forget the oldest that is not in force.
        """
        with self.lock:
            policy = self.policy("Custom", name)
            if len(policy.versions) >= _MOST_VERSIONS:
                if not rotate:
                    raise LimitExceededError("Policy.Version", name)
                del policy.versions[next(v for v in policy.versions if v != policy.default_version)]
            policy.last_version += 1
            version = f"v{policy.last_version}"
            policy.versions[version] = document
            if default:
                self.set_default_version(name, version)
            return version

    def set_default_version(self, name: str, version: str) -> None:
        """Put a version of a custom policy in force."""
        with self.lock:
            policy = self.policy("Custom", name)
            if version not in policy.versions:
                raise NoSuchEntityError("Policy.Version", version)
            policy.default_version, policy.document = version, policy.versions[version]

    def delete_policy_version(self, name: str, version: str) -> None:
        """Forget a version of a custom policy that is not in force."""
        with self.lock:
            policy = self.policy("Custom", name)
            if version not in policy.versions:
                raise NoSuchEntityError("Policy.Version", version)
            if version == policy.default_version:
                raise EntityInUseError("Policy.Version.Default", version)
            del policy.versions[version]

    def delete_policy(self, name: str, *, with_versions: bool = True) -> None:
        """Forget a custom policy with its versions.

        Raises EntityInUseError while a role or a user has it, or if only its one version may be
        forgotten.
        """
        with self.lock:
            policy = self.policy("Custom", name)
            for holder in self.holders(policy):
                raise EntityInUseError(f"Policy.{type(holder).__name__}", name)
            if len(policy.versions) > 1 and not with_versions:
                raise EntityInUseError("Policy.Version", name)
            del self.policies["Custom", name]

    def holders(self, policy: Policy) -> list[Role | User]:
        """The roles and the users that have the policy."""
        with self.lock:
            everybody: list[Role | User] = [*self.roles.values(), *self.users.values()]
            return [each for each in everybody if (policy.kind, policy.name) in each.attached]

    def attach(self, role_name: str, kind: str, policy_name: str) -> None:
        """Give a role a policy."""
        with self.lock:
            self.attach_to(self.role(role_name), kind, policy_name)

    def attach_to(self, holder: Role | User, kind: str, policy_name: str) -> None:
        """Give a role or a user a policy."""
        with self.lock:
            policy, entity = self.policy(kind, policy_name), f"{type(holder).__name__}.Policy"
            if (policy.kind, policy.name) in holder.attached:
                raise EntityExistsError(entity, policy_name)
            if [k for k, _ in holder.attached].count(kind) >= self.most_attached[kind]:
                raise LimitExceededError(entity, holder.name)
            holder.attached.append((policy.kind, policy.name))

    def detach(self, role_name: str, kind: str, policy_name: str) -> None:
        """Take a policy from a role."""
        with self.lock:
            self.detach_from(self.role(role_name), kind, policy_name)

    def detach_from(self, holder: Role | User, kind: str, policy_name: str) -> None:
        """Take a policy from a role or a user."""
        with self.lock:
            if (kind, policy_name) not in holder.attached:
                raise NoSuchEntityError(f"{type(holder).__name__}.Policy", policy_name)
            holder.attached.remove((kind, policy_name))

    def user(self, name: str) -> User:
        """The user of that name."""
        with self.lock:
            if name not in self.users:
                raise NoSuchEntityError("User", name)
            return self.users[name]

    def create_user(
        self,
        name: str,
        *,
        display_name: str = "",
        comments: str = "",
        email: str = "",
        mobile_phone: str = "",
    ) -> User:
        """A new user with no policies and no key."""
        with self.lock:
            if name in self.users:
                raise EntityExistsError("User", name)
            now, known_as = self._core.clock.now(), f"2{_digits()}"
            user = User(name, known_as, now, display_name, comments, email, mobile_phone)
            self.users[name] = user
            return user

    def delete_user(self, name: str) -> None:
        """Forget a user; raises EntityInUseError while it has keys or policies."""
        with self.lock:
            user = self.user(name)
            for entity, left in (("User.AccessKey", user.keys), ("User.Policy", user.attached)):
                if left:
                    raise EntityInUseError(entity, name)
            del self.users[name]

    def create_key(self, user_name: str) -> Credentials:
        """A new key of a user, which has at most two."""
        with self.lock:
            user = self.user(user_name)
            if len(user.keys) >= _MOST_KEYS:
                raise LimitExceededError("User.AccessKey", user_name)
            arn = f"acs:ram::{self._core.account_id}:user/{user.name}"
            issued = self._issue(
                Principal(self._core.account_id, arn, user=user.name), lifetime=None
            )
            key = AccessKey(issued.access_key_id, self._core.clock.now())
            user.keys[key.access_key_id] = key
            return issued

    def key(self, user_name: str, access_key_id: str) -> AccessKey:
        """A user's key."""
        with self.lock:
            keys = self.user(user_name).keys
            if access_key_id not in keys:
                raise NoSuchEntityError("User.AccessKey", access_key_id)
            return keys[access_key_id]

    def delete_key(self, user_name: str, access_key_id: str) -> None:
        """Forget a user's key."""
        with self.lock:
            self.revoke(self.key(user_name, access_key_id).access_key_id)
            del self.user(user_name).keys[access_key_id]

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
        """Whether RAM lets `principal` do `action` (`oss:PutBucketAcl`) on a resource's ARN.

        A condition that cannot be evaluated here allows nothing, and is put down in the journal.
        """
        if principal.is_account:
            return True
        documents, context = self._documents(principal), self._context(principal)
        for condition in policies.unclear(documents, action, resource, context):
            self._core.journal.record(
                "ram", "unknown_condition", action, condition=condition, principal=principal.arn
            )
        return policies.evaluate(documents, action, resource, context)

    def forbidden(self, principal: Principal, action: str, resource: str) -> bool:
        """Whether that is for a Deny, which no Allow makes up for."""
        context = self._context(principal)
        return policies.forbid(self._documents(principal), action, resource, context)

    def denial(self, principal: Principal, action: str, resource: str) -> dict[str, str]:
        """The AccessDeniedDetail of a refusal.

        Page "How do I troubleshoot an access denied error?". There is no EncodedDiagnosticMessage.
        """
        user = self.users.get(principal.user)
        session = ":".join(principal.arn.split("/")[1:])
        explicit = self.forbidden(principal, action, resource)
        return {
            "AuthAction": action,
            "AuthPrincipalDisplayName": user.user_id if user else session,
            "AuthPrincipalOwnerId": principal.account_id,
            "AuthPrincipalType": "SubUser" if principal.user else "AssumedRoleUser",
            "NoPermissionType": "ExplicitDeny" if explicit else "ImplicitDeny",
            "PolicyType": "AccountLevelIdentityBasedPolicy",
        }

    def assume(self, role_name: str, session: str, *, lifetime: float = 3600) -> Credentials:
        """Temporary credentials of a role, for `lifetime` seconds; KeyError if there is no such.

        Whether the caller may assume it (its trust policy) is for the caller's side to check.
        """
        role = self.role(role_name)
        arn = f"acs:ram::{self._core.account_id}:assumed-role/{role.name.lower()}/{session}"
        return self._issue(Principal(self._core.account_id, arn, role.name), lifetime=lifetime)

    def lend(self, account_id: str, may: policies.Document, *, lifetime: float) -> Credentials:
        """Temporary credentials of another account's, for what a policy allows and no more."""
        session = secrets.token_hex(8)
        arn = f"acs:ram::{account_id}:assumed-role/lent/{session}"
        with self.lock:
            self._lent[arn] = may
        return self._issue(Principal(account_id, arn, f"lent/{session}"), lifetime=lifetime)

    def revoke(self, access_key_id: str) -> None:
        """Forget a key: whoever uses it from now on is unknown."""
        with self.lock:
            self._issued.pop(access_key_id, None)

    def _documents(self, principal: Principal) -> list[policies.Document]:
        with self.lock:
            if principal.arn in self._lent:
                return [self._lent[principal.arn]]
            holder = self.roles.get(principal.role) or self.users.get(principal.user)
            attached = holder.attached if holder else []
            return [self.policies[key].document for key in attached if key in self.policies]

    def _context(self, principal: Principal) -> dict[str, str]:
        """What conditions are about. All callers are on this machine, and none has TLS."""
        now = datetime.datetime.fromtimestamp(self._core.clock.now(), datetime.timezone.utc)
        return {
            "acs:CurrentTime": now.isoformat(),
            "acs:PrincipalARN": principal.arn,
            "acs:SecureTransport": "false",
            "acs:SourceIp": "127.0.0.1",
        }

    def _known(self, access_key_id: str) -> tuple[Credentials, Principal]:
        with self.lock:
            if access_key_id not in self._issued:
                raise CredentialsRefusedError(Refusal.UNKNOWN_KEY)
            credentials, principal = self._issued[access_key_id]
            if principal.user and not self.key(principal.user, access_key_id).active:
                raise CredentialsRefusedError(Refusal.UNKNOWN_KEY, disabled=True)
            return credentials, principal

    def _issue(self, principal: Principal, lifetime: float | None) -> Credentials:
        temporary = lifetime is not None
        credentials = Credentials(
            access_key_id=("STS.N" if temporary else "LTAI5t") + secrets.token_hex(9),
            access_key_secret=secrets.token_hex(15),
            security_token="CAIS" + secrets.token_hex(64) if temporary else "",
            expires_at=self._core.clock.now() + lifetime if lifetime is not None else None,
        )
        return self._keep(credentials, principal)

    def _keep(self, credentials: Credentials, principal: Principal) -> Credentials:
        with self.lock:
            self._issued[credentials.access_key_id] = (credentials, principal)
        return credentials


def _digits() -> str:
    """What an id has after its first digit."""
    return f"{secrets.randbelow(10**17):017}"
