"""The wire of RAM (2015-05-01: roles, policies, which role has which) and STS (2015-04-01)."""

import datetime
import json
import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from scripts.localcloud.http import Request, Response
from scripts.localcloud.pop import Action, Answer, Call, PopService, invalid
from scripts.localcloud.ram import policies
from scripts.localcloud.ram.state import (
    EntityError,
    EntityExistsError,
    EntityInUseError,
    NoSuchEntityError,
    Policy,
    RamState,
    Role,
)
from scripts.localcloud.service import ApiError, Core
from scripts.localcloud.table import Match

# Pages "CreateRole" and "CreatePolicy".
_ROLE_NAME = re.compile(r"[A-Za-z0-9.-]{1,64}")
_POLICY_NAME = re.compile(r"[A-Za-z0-9-]{1,128}")

_ROLE_ARN = re.compile(r"acs:ram::(\d+):role/([A-Za-z0-9.-]{1,64})", re.IGNORECASE)
_SESSION_NAME = re.compile(r"[A-Za-z0-9.@_-]{2,64}")

_ANY_ROLE = "acs:ram:*:{account}:role/*"
# Guessed, but for AttachPolicyToRole: that Alibaba Cloud's own policies are not the account's.
_POLICY = "acs:ram:*:{owner}:policy/{PolicyName}"

_REFUSALS = {
    NoSuchEntityError: (404, "EntityNotExist", "There is no such"),
    EntityExistsError: (409, "EntityAlreadyExists", "There already is the"),
    EntityInUseError: (409, "DeleteConflict", "Detach or delete first the"),
}

Item = TypeVar("Item")


class RamService(PopService):
    """RAM as `alibabacloud_ram20150501` and the Serverless Devs client call it."""

    name = "ram"

    def __init__(self, core: Core, state: RamState) -> None:
        super().__init__(core, state)

    def actions(self) -> dict[str, Action]:
        """Each action with what it is done to."""
        return {
            # As users report its refusal; the page has the role itself.
            "CreateRole": Action(self._create_role, "RoleName", _ANY_ROLE),
            "GetRole": _on_role(self._get_role),
            "UpdateRole": _on_role(self._update_role),
            "DeleteRole": _on_role(self._delete_role),
            "ListRoles": Action(self._list_roles, resource=_ANY_ROLE),
            "CreatePolicy": _on_policy(self._create_policy),
            "GetPolicy": _on_policy(self._get_policy),
            "DeletePolicy": _on_policy(self._delete_policy),
            "ListPolicies": Action(self._list_policies, resource="acs:ram:*:{account}:policy/*"),
            "CreatePolicyVersion": _on_policy(self._create_policy_version),
            "GetPolicyVersion": _on_policy(self._get_policy_version),
            "ListPolicyVersions": _on_policy(self._list_policy_versions),
            "AttachPolicyToRole": _on_role(self._attach, _POLICY),
            "DetachPolicyFromRole": _on_role(self._detach, _POLICY),
            "ListPoliciesForRole": _on_role(self._list_policies_for_role),
        }

    def perform(self, operation: Match, request: Request) -> Response:
        """As every RPC-style service, with the state's refusals in RAM's codes."""
        try:
            return super().perform(operation, request)
        except EntityError as error:
            raise _refusal(error) from error

    def known(self, call: Call) -> dict[str, str]:
        """Whose a policy is, too: page "AttachPolicyToRole"."""
        system = call.params.get("PolicyType") == "System"
        return {**super().known(call), "owner": "system" if system else self.core.account_id}

    def _create_role(self, call: Call) -> Answer:
        name = _named(call, "RoleName", _ROLE_NAME)
        role = self.ram.create_role(
            name,
            _document(call, "AssumeRolePolicyDocument", policies.parse_trust),
            description=call.text("Description", ""),
            max_session=call.number("MaxSessionDuration", 3600, low=3600, high=43200),
        )
        return {"Role": self._described(role)}

    def _get_role(self, call: Call) -> Answer:
        return {"Role": self._described(self.ram.role(call.text("RoleName")))}

    def _update_role(self, call: Call) -> Answer:
        role = self.ram.role(call.text("RoleName"))
        trust = role.trust
        if "NewAssumeRolePolicyDocument" in call.params:
            trust = _document(call, "NewAssumeRolePolicyDocument", policies.parse_trust)
        role = self.ram.update_role(
            role.name,
            trust,
            description=call.text("NewDescription", role.description),
            max_session=call.number(
                "NewMaxSessionDuration", role.max_session, low=3600, high=43200
            ),
        )
        return {"Role": self._described(role)}

    def _delete_role(self, call: Call) -> Answer:
        self.ram.delete_role(call.text("RoleName"))
        return {}

    def _list_roles(self, call: Call) -> Answer:
        with self.ram.lock:
            roles = [self._described(role) for role in self.ram.roles.values()]
        page, marker = _paged(roles, call)
        return {"Roles": {"Role": page}, **marker}

    def _create_policy(self, call: Call) -> Answer:
        policy = self.ram.create_policy(
            _named(call, "PolicyName", _POLICY_NAME),
            _document(call, "PolicyDocument", policies.parse),
            description=call.text("Description", ""),
        )
        return {"Policy": _summary(policy)}

    def _get_policy(self, call: Call) -> Answer:
        policy = self._policy(call)
        return {
            "Policy": _summary(policy) | {"AttachmentCount": self.ram.attachments(policy)},
            "DefaultPolicyVersion": _version(policy, policy.default_version),
        }

    def _delete_policy(self, call: Call) -> Answer:
        """Page "DeletePolicy": its further versions are deleted only if that is asked for."""
        with_versions = call.flag("CascadingDelete", default=False)
        self.ram.delete_policy(call.text("PolicyName"), with_versions=with_versions)
        return {}

    def _list_policies(self, call: Call) -> Answer:
        wanted = call.text("PolicyType", "")
        with self.ram.lock:
            listed = [p for p in self.ram.policies.values() if wanted in ("", p.kind)]
        page, marker = _paged([_summary(policy) for policy in listed], call)
        return {"Policies": {"Policy": page}, **marker}

    def _create_policy_version(self, call: Call) -> Answer:
        name = call.text("PolicyName")
        version = self.ram.create_policy_version(
            name,
            _document(call, "PolicyDocument", policies.parse),
            default=call.flag("SetAsDefault", False),
        )
        return {"PolicyVersion": _version(self.ram.policy("Custom", name), version)}

    def _get_policy_version(self, call: Call) -> Answer:
        return {"PolicyVersion": _version(self._policy(call), call.text("VersionId"))}

    def _list_policy_versions(self, call: Call) -> Answer:
        policy = self._policy(call)
        versions = [_version(policy, version) for version in list(policy.versions)]
        return {"PolicyVersions": {"PolicyVersion": versions}}

    def _attach(self, call: Call) -> Answer:
        self.ram.attach(call.text("RoleName"), call.text("PolicyType"), call.text("PolicyName"))
        return {}

    def _detach(self, call: Call) -> Answer:
        self.ram.detach(call.text("RoleName"), call.text("PolicyType"), call.text("PolicyName"))
        return {}

    def _list_policies_for_role(self, call: Call) -> Answer:
        with self.ram.lock:
            attached = self.ram.role(call.text("RoleName")).attached
            summaries = [_summary(self.ram.policy(kind, name)) for kind, name in attached]
        return {"Policies": {"Policy": summaries}}

    def _policy(self, call: Call) -> Policy:
        return self.ram.policy(call.text("PolicyType"), call.text("PolicyName"))

    def _described(self, role: Role) -> dict[str, Any]:
        return {
            "RoleId": role.role_id,
            "RoleName": role.name,
            "Arn": self.ram.arn(role.name),
            "Description": role.description,
            "AssumeRolePolicyDocument": json.dumps(role.trust),
            "MaxSessionDuration": role.max_session,
            "CreateDate": _timestamp(role.created_at),
        }


class StsService(PopService):
    """STS (2015-04-01) as `alibabacloud_sts20150401` calls it."""

    name = "sts"

    def __init__(self, core: Core, state: RamState) -> None:
        super().__init__(core, state)

    def actions(self) -> dict[str, Action]:
        """Everyone may ask who they are; to assume a role takes its trust too."""
        return {
            "GetCallerIdentity": Action(self._get_caller_identity, authorize=False),
            "AssumeRole": Action(self._assume_role, subject="RoleArn", resource="{RoleArn}"),
        }

    def _get_caller_identity(self, call: Call) -> Answer:
        account, arn, role_name = call.principal
        if not role_name:
            who = {"IdentityType": "Account", "PrincipalId": account, "UserId": account}
        else:
            role_id = self._role_id(role_name)
            session = arn.rpartition("/")[2]
            who = {
                "IdentityType": "AssumedRoleUser",
                "PrincipalId": f"{role_id}:{session}",
                "RoleId": role_id,
            }
        return {"AccountId": account, "Arn": arn, **who}

    def _assume_role(self, call: Call) -> Answer:
        """Page "AssumeRole". Not as there: the account itself may assume a role that trusts it."""
        role = self._role(call)
        session = _named(call, "RoleSessionName", _SESSION_NAME)
        lifetime = call.number("DurationSeconds", 3600, low=900, high=role.max_session)
        if "Policy" in call.params:
            raise invalid("Policy", "the local cloud knows no session policies")
        caller = call.principal
        own_arn = self.ram.arn(caller.role) if caller.role else caller.arn
        if not policies.trusts_account(role.trust, caller.account_id, own_arn):
            raise ApiError(
                403,
                "NoPermission",
                f"The role {self.ram.arn(role.name)} does not trust you: no sts:AssumeRole.",
            )
        issued = self.ram.assume(role.name, session, lifetime=lifetime)
        user = self.ram.authenticate(issued.access_key_id, issued.security_token)
        return {
            "AssumedRoleUser": {"Arn": user.arn, "AssumedRoleId": f"{role.role_id}:{session}"},
            "Credentials": {
                "AccessKeyId": issued.access_key_id,
                "AccessKeySecret": issued.access_key_secret,
                "SecurityToken": issued.security_token,
                "Expiration": _timestamp(issued.expires_at or 0),
            },
        }

    def _role(self, call: Call) -> Role:
        arn = call.text("RoleArn")
        if not _ROLE_ARN.fullmatch(arn):
            raise ApiError(400, "InvalidParameter.RoleArn", "The parameter RoleArn is malformed.")
        role = self.ram.role_by_arn(arn)
        if role is None:
            raise ApiError(404, "EntityNotExist.Role", f"The role does not exist: {arn}.")
        return role

    def _role_id(self, role_name: str) -> str:
        try:
            return self.ram.role(role_name).role_id
        except NoSuchEntityError:
            return ""


def _on_role(perform: Callable[[Call], Answer], *further: str) -> Action:
    return Action(perform, "RoleName", "acs:ram:*:{account}:role/{RoleName}", further=further)


def _on_policy(perform: Callable[[Call], Answer]) -> Action:
    return Action(perform, "PolicyName", _POLICY)


def _timestamp(seconds: float) -> str:
    """Seconds since the epoch as RAM and STS write them: `2015-01-23T12:33:18Z`."""
    moment = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _summary(policy: Policy) -> dict[str, Any]:
    return {
        "PolicyName": policy.name,
        "PolicyType": policy.kind,
        "Description": policy.description,
        "DefaultVersion": policy.default_version,
        "CreateDate": _timestamp(policy.created_at),
    }


def _version(policy: Policy, version: str) -> dict[str, Any]:
    if version not in policy.versions:
        raise NoSuchEntityError("Policy.Version", version)
    return {
        "VersionId": version,
        "IsDefaultVersion": version == policy.default_version,
        "PolicyDocument": json.dumps(policy.versions[version]),
        "CreateDate": _timestamp(policy.created_at),
    }


def _paged(items: Sequence[Item], call: Call) -> tuple[Sequence[Item], dict[str, Any]]:
    """The page that `Marker` and `MaxItems` ask for, and where the next one starts."""
    start = call.number("Marker", 0, low=0, high=len(items))
    end = start + call.number("MaxItems", 100, low=1, high=1000)
    if end < len(items):
        return items[start:end], {"IsTruncated": True, "Marker": str(end)}
    return items[start:], {"IsTruncated": False}


def _named(call: Call, parameter: str, pattern: re.Pattern[str]) -> str:
    name = call.text(parameter)
    if not pattern.fullmatch(name):
        raise ApiError(
            400,
            f"InvalidParameter.{parameter}.InvalidChars",
            f"{name!r} is no valid {parameter}: it must match {pattern.pattern}.",
        )
    return name


def _document(
    call: Call, parameter: str, parse: Callable[[str], policies.Document]
) -> policies.Document:
    try:
        return parse(call.text(parameter))
    except ValueError as error:
        raise ApiError(400, "MalformedPolicyDocument", f"{parameter}: {error}.") from error


def _refusal(error: EntityError) -> ApiError:
    status, code, message = _REFUSALS[type(error)]
    return ApiError(status, f"{code}.{error.entity}", f"{message} {error.entity}: {error.name}.")
