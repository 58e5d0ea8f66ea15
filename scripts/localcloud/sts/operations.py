"""What STS's operations do, each by its row's name."""

import re

from ..pop import Answer, Call
from ..ram import policies
from ..ram.operations import timestamp
from ..ram.state import NoSuchEntityError, RamState, Role
from ..service import ApiError

_ROLE_ARN = re.compile(r"acs:ram::(\d+):role/([A-Za-z0-9.-]{1,64})", re.IGNORECASE)
_SESSION_NAME = re.compile(r"[A-Za-z0-9.@_-]{2,64}")


class StsCall(Call):
    """A call with STS's own codes for bad parameters. Page "STS: common errors"."""

    def invalid(self, name: str, why: str) -> ApiError:
        """`InvalidParameter.<Name>`."""
        return ApiError(400, f"InvalidParameter.{name}", f"The parameter {name}: {why}.")


class Operations:
    """A method for each row, over RAM's state."""

    def __init__(self, ram: RamState) -> None:
        self._ram = ram

    def get_caller_identity(self, call: Call) -> Answer:
        """Page "GetCallerIdentity": account, user or session of a role."""
        account, arn, role, user = call.principal
        if role:
            role_id = self._role_id(role)
            session = arn.rpartition("/")[2]
            who = {
                "IdentityType": "AssumedRoleUser",
                "PrincipalId": f"{role_id}:{session}",
                "RoleId": role_id,
            }
        else:
            known_as = self._ram.user(user).user_id if user else account
            kind = "RAMUser" if user else "Account"
            who = {"IdentityType": kind, "PrincipalId": known_as, "UserId": known_as}
        return {"AccountId": account, "Arn": arn, **who}

    def assume_role(self, call: Call) -> Answer:
        """Pages "AssumeRole" and "FAQ about RAM roles and STS tokens"."""
        caller = call.principal
        if caller.is_account:
            raise ApiError(403, "NoPermission", "Roles may not be assumed by root accounts.")
        role = self._role(call)
        session = call.text("RoleSessionName")
        if not _SESSION_NAME.fullmatch(session):
            raise call.invalid("RoleSessionName", f"it must match {_SESSION_NAME.pattern}")
        lifetime = call.number("DurationSeconds", 3600, low=900, high=role.max_session)
        own_arn = self._ram.arn(caller.role) if caller.role else caller.arn
        if not policies.trusts_account(role.trust, caller.account_id, own_arn):
            raise ApiError(
                403,
                "NoPermission",
                f"The role {self._ram.arn(role.name)} does not trust you: no sts:AssumeRole.",
            )
        issued = self._ram.assume(role.name, session, lifetime=lifetime)
        user = self._ram.authenticate(issued.access_key_id, issued.security_token)
        return {
            "AssumedRoleUser": {"Arn": user.arn, "AssumedRoleId": f"{role.role_id}:{session}"},
            "Credentials": {
                "AccessKeyId": issued.access_key_id,
                "AccessKeySecret": issued.access_key_secret,
                "SecurityToken": issued.security_token,
                "Expiration": timestamp(issued.expires_at or 0),
            },
        }

    def _role(self, call: Call) -> Role:
        arn = call.text("RoleArn")
        if not _ROLE_ARN.fullmatch(arn):
            raise call.invalid("RoleArn", "it is malformed")
        role = self._ram.role_by_arn(arn)
        if role is None:
            raise ApiError(404, "EntityNotExist.Role", f"The role does not exist: {arn}.")
        return role

    def _role_id(self, role_name: str) -> str:
        try:
            return self._ram.role(role_name).role_id
        except NoSuchEntityError:
            return ""
