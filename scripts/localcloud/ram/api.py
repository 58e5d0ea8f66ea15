"""RAM on the wire (2015-05-01): roles, users, policies, and which of them has which."""

from ..http import Request, Response
from ..pop import Call, PopService, rpc
from ..service import ApiError, Core
from ..table import Match, Row
from .operations import Operations
from .state import (
    EntityError,
    EntityExistsError,
    EntityInUseError,
    LimitExceededError,
    NoSuchEntityError,
    RamState,
)

# Whose a policy is, `known` tells.
_ARNS = {
    "Role": "acs:ram:*:{account}:role/{RoleName}",
    "User": "acs:ram:*:{account}:user/{UserName}",
    "Policy": "acs:ram:*:{owner}:policy/{PolicyName}",
}
_NOT_SEEN = "its page's own table of authorization was not seen"
_SYSTEM = "a system policy is nobody's account's, as on page AttachPolicyToRole"

# Page "Error messages".
_REFUSALS = {
    NoSuchEntityError: (404, "EntityNotExist", "There is no such"),
    EntityExistsError: (409, "EntityAlreadyExists", "There already is the"),
    EntityInUseError: (409, "DeleteConflict", "Detach or delete first the"),
    LimitExceededError: (409, "LimitExceeded", "There are as many as there may be of"),
}


def _on(what: str, name: str, fields: str = "", *guesses: str, read_on: str = "") -> Row:
    """An action on a `Role`, a `User` or a `Policy`; on the policy too that it gives or takes.

    Without a PolicyType the policy is one of the account's own.
    """
    subject = f"{what}Name"
    fields = f"{subject} {fields}"
    own = _ARNS["Policy"].replace("{owner}", "{account}")
    policy = _ARNS["Policy"] if "PolicyType" in fields else own
    first = policy if what == "Policy" else _ARNS[what]
    resources = dict.fromkeys((first, *([policy] if "PolicyName" in fields else [])))
    return rpc(
        name,
        fields,
        subject=subject,
        resources=tuple(resources),
        read_on=read_on,
        guesses=guesses,
    )


def _on_all(what: str, name: str, fields: str, *guesses: str, read_on: str = "") -> Row:
    """An action on all roles, users or policies of the account."""
    arn = f"acs:ram:*:{{account}}:{what}/*"
    subject = "" if name.startswith("List") else f"{what.capitalize()}Name"
    return rpc(name, fields, subject=subject, resources=(arn,), read_on=read_on, guesses=guesses)


class RamService(PopService):
    """RAM as `alibabacloud_ram20150501` and the Serverless Devs client call it."""

    name = "ram"
    version = "2015-05-01"
    table = (
        _on_all(
            "role",
            "CreateRole",
            "RoleName AssumeRolePolicyDocument Description MaxSessionDuration Tag",
            "on all roles, as users report its refusal; the page has the role itself",
        ),
        _on("Role", "GetRole"),
        _on(
            "Role",
            "UpdateRole",
            "NewAssumeRolePolicyDocument NewDescription NewMaxSessionDuration",
            read_on="2025-12-21",
        ),
        _on("Role", "DeleteRole", read_on="2025-12-21"),
        _on_all("role", "ListRoles", "Marker MaxItems", _NOT_SEEN),
        _on(
            "Role",
            "AttachPolicyToRole",
            "PolicyName PolicyType",
            "5 policies of the account's own still are the most, where page Limits of 2025-12-16"
            " has 10",
            read_on="2025-07-31",
        ),
        _on("Role", "DetachPolicyFromRole", "PolicyName PolicyType", read_on="2025-07-31"),
        _on("Role", "ListPoliciesForRole", read_on="2026-03-02"),
        _on("Policy", "CreatePolicy", "PolicyDocument Description Tag"),
        _on("Policy", "GetPolicy", "PolicyType", read_on="2025-12-21"),
        _on("Policy", "DeletePolicy", "CascadingDelete", read_on="2025-12-21"),
        _on_all("policy", "ListPolicies", "PolicyType Marker MaxItems", _NOT_SEEN),
        _on(
            "Policy",
            "CreatePolicyVersion",
            "PolicyDocument SetAsDefault RotateStrategy",
            read_on="2026-01-28",
        ),
        _on("Policy", "GetPolicyVersion", "PolicyType VersionId", read_on="2026-01-28"),
        _on("Policy", "ListPolicyVersions", "PolicyType"),
        _on("Policy", "SetDefaultPolicyVersion", "VersionId", _NOT_SEEN),
        _on("Policy", "DeletePolicyVersion", "VersionId", _NOT_SEEN),
        _on("Policy", "ListEntitiesForPolicy", "PolicyType", _NOT_SEEN, _SYSTEM),
        _on_all(
            "user",
            "CreateUser",
            "UserName DisplayName Comments Email MobilePhone",
            read_on="2026-01-13",
        ),
        _on("User", "GetUser"),
        _on("User", "DeleteUser", "", _NOT_SEEN),
        _on_all("user", "ListUsers", "Marker MaxItems", _NOT_SEEN),
        _on("User", "CreateAccessKey", read_on="2026-08-20"),
        _on("User", "ListAccessKeys", "", _NOT_SEEN),
        _on("User", "UpdateAccessKey", "UserAccessKeyId Status", _NOT_SEEN),
        _on("User", "DeleteAccessKey", "UserAccessKeyId", _NOT_SEEN),
        _on("User", "AttachPolicyToUser", "PolicyName PolicyType", read_on="2026-01-28"),
        _on("User", "DetachPolicyFromUser", "PolicyName PolicyType", _NOT_SEEN),
        _on("User", "ListPoliciesForUser", read_on="2026-01-28"),
    )

    def __init__(self, core: Core, state: RamState) -> None:
        super().__init__(core, state, Operations(state))

    def perform(self, operation: Match, request: Request) -> Response:
        """As every RPC-style service, with the state's refusals in RAM's codes."""
        try:
            return super().perform(operation, request)
        except EntityError as error:
            status, code, message = _REFUSALS[type(error)]
            said = f"{message} {error.entity}: {error.name}."
            raise ApiError(status, f"{code}.{error.entity}", said) from error

    def known(self, call: Call) -> dict[str, str]:
        """Whose a policy is, too, and who is meant by a user that names nobody."""
        system = call.params.get("PolicyType") == "System"
        return {
            **super().known(call),
            "owner": "system" if system else self.core.account_id,
            "UserName": call.params.get("UserName") or call.principal.user,
        }
