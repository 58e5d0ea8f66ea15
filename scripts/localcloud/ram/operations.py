"""What RAM's operations do, each by its row's name."""

# ruff: noqa: D102  (what each does is on its page)

import datetime
import json
import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from ..pop import Answer, Call
from ..service import ApiError
from . import policies
from .state import NoSuchEntityError, Policy, RamState, Role, User

# Pages "CreateRole", "CreatePolicy" and "CreateUser".
_ROLE_NAME = re.compile(r"[A-Za-z0-9.-]+")
_POLICY_NAME = re.compile(r"[A-Za-z0-9-]+")
_USER_NAME = re.compile(r"[A-Za-z0-9._-]+")
_LONGEST_NAME, _LONGEST_POLICY_NAME, _LONGEST_COMMENT = 64, 128, 128
_LONGEST_DESCRIPTION = 1024
_LONGEST_DOCUMENT = 6144  # bytes
_LONGEST_SESSION = 43200
_ROTATE = {"None": False, "DeleteOldestNonDefaultVersionWhenLimitExceeded": True}
_STATUSES = {"Active": True, "Inactive": False}

Item = TypeVar("Item")


class Operations:
    """A method for each row, over the state."""

    def __init__(self, state: RamState) -> None:
        self._state = state

    def create_role(self, call: Call) -> Answer:
        role = self._state.create_role(
            _named(call, "RoleName", _ROLE_NAME),
            _document(call, "AssumeRolePolicyDocument", policies.parse_trust),
            description=_short(call, "Description", _LONGEST_DESCRIPTION),
            max_session=_session(call, "MaxSessionDuration", 3600),
            tags=_tags(call),
        )
        self._state.begin_to_spread(role)
        return {"Role": self._described(role)}

    def get_role(self, call: Call) -> Answer:
        return {"Role": self._described(self._role(call))}

    def update_role(self, call: Call) -> Answer:
        role = self._role(call)
        trust = role.trust
        if "NewAssumeRolePolicyDocument" in call.params:
            trust = _document(call, "NewAssumeRolePolicyDocument", policies.parse_trust)
        role = self._state.update_role(
            role.name,
            trust,
            description=_short(call, "NewDescription", _LONGEST_DESCRIPTION, role.description),
            max_session=_session(call, "NewMaxSessionDuration", role.max_session),
        )
        return {"Role": self._described(role)}

    def delete_role(self, call: Call) -> Answer:
        self._state.delete_role(call.text("RoleName"))
        return {}

    def list_roles(self, call: Call) -> Answer:
        with self._state.lock:
            roles = [
                self._described(role) | {"Tags": {"Tag": _described_tags(role.tags)}}
                for role in self._state.roles.values()
            ]
        page, marker = _paged(roles, call)
        return {"Roles": {"Role": page}, **marker}

    def attach_policy_to_role(self, call: Call) -> Answer:
        self._state.attach_to(self._role(call), _kind(call), call.text("PolicyName"))
        return {}

    def detach_policy_from_role(self, call: Call) -> Answer:
        self._state.detach_from(self._role(call), _kind(call), call.text("PolicyName"))
        return {}

    def list_policies_for_role(self, call: Call) -> Answer:
        return self._attached(self._role(call))

    def create_policy(self, call: Call) -> Answer:
        policy = self._state.create_policy(
            _named(call, "PolicyName", _POLICY_NAME, _LONGEST_POLICY_NAME),
            _document(call, "PolicyDocument", policies.parse),
            description=_short(call, "Description", _LONGEST_DESCRIPTION),
            tags=_tags(call),
        )
        return {"Policy": _summary(policy)}

    def get_policy(self, call: Call) -> Answer:
        policy = self._policy(call)
        return {
            "Policy": _summary(policy) | {"AttachmentCount": len(self._state.holders(policy))},
            "DefaultPolicyVersion": _version(policy, policy.default_version),
        }

    def delete_policy(self, call: Call) -> Answer:
        """Page "DeletePolicy": its further versions are deleted only if that is asked for."""
        with_versions = call.flag("CascadingDelete", default=False)
        self._state.delete_policy(call.text("PolicyName"), with_versions=with_versions)
        return {}

    def list_policies(self, call: Call) -> Answer:
        wanted = _kind(call, "")
        with self._state.lock:
            listed = [p for p in self._state.policies.values() if wanted in ("", p.kind)]
        told = [_summary(p) | {"Tags": {"Tag": _described_tags(p.tags)}} for p in listed]
        page, marker = _paged(told, call)
        return {"Policies": {"Policy": page}, **marker}

    def create_policy_version(self, call: Call) -> Answer:
        name = call.text("PolicyName")
        version = self._state.create_policy_version(
            name,
            _document(call, "PolicyDocument", policies.parse),
            default=call.flag("SetAsDefault", False),
            rotate=_one_of(call, "RotateStrategy", _ROTATE, "None"),
        )
        return {"PolicyVersion": _version(self._state.policy("Custom", name), version)}

    def get_policy_version(self, call: Call) -> Answer:
        return {"PolicyVersion": _version(self._policy(call), call.text("VersionId"))}

    def list_policy_versions(self, call: Call) -> Answer:
        policy = self._policy(call)
        versions = [_version(policy, version) for version in list(policy.versions)]
        return {"PolicyVersions": {"PolicyVersion": versions}}

    def set_default_policy_version(self, call: Call) -> Answer:
        self._state.set_default_version(call.text("PolicyName"), call.text("VersionId"))
        return {}

    def delete_policy_version(self, call: Call) -> Answer:
        self._state.delete_policy_version(call.text("PolicyName"), call.text("VersionId"))
        return {}

    def list_entities_for_policy(self, call: Call) -> Answer:
        holders = self._state.holders(self._policy(call))
        return {
            "Roles": {"Role": [self._described(h) for h in holders if isinstance(h, Role)]},
            "Users": {"User": [_described_user(h) for h in holders if isinstance(h, User)]},
            "Groups": {"Group": []},
        }

    def create_user(self, call: Call) -> Answer:
        user = self._state.create_user(
            _named(call, "UserName", _USER_NAME),
            display_name=_short(call, "DisplayName", _LONGEST_COMMENT),
            comments=_short(call, "Comments", _LONGEST_COMMENT),
            email=call.text("Email", ""),
            mobile_phone=call.text("MobilePhone", ""),
        )
        return {"User": _described_user(user)}

    def get_user(self, call: Call) -> Answer:
        return {"User": _described_user(self._user(call))}

    def delete_user(self, call: Call) -> Answer:
        self._state.delete_user(call.text("UserName"))
        return {}

    def list_users(self, call: Call) -> Answer:
        with self._state.lock:
            users = [_described_user(user) for user in self._state.users.values()]
        page, marker = _paged(users, call)
        return {"Users": {"User": page}, **marker}

    def create_access_key(self, call: Call) -> Answer:
        """The one answer that tells the secret."""
        user = self._user(call)
        issued = self._state.create_key(user.name)
        told = self._key(user, issued.access_key_id)
        return {"AccessKey": {**told, "AccessKeySecret": issued.access_key_secret}}

    def list_access_keys(self, call: Call) -> Answer:
        user = self._user(call)
        return {"AccessKeys": {"AccessKey": [self._key(user, each) for each in list(user.keys)]}}

    def update_access_key(self, call: Call) -> Answer:
        key = self._state.key(self._user(call).name, call.text("UserAccessKeyId"))
        key.active = _one_of(call, "Status", _STATUSES)
        return {}

    def delete_access_key(self, call: Call) -> Answer:
        self._state.delete_key(self._user(call).name, call.text("UserAccessKeyId"))
        return {}

    def attach_policy_to_user(self, call: Call) -> Answer:
        self._state.attach_to(self._user(call), _kind(call), call.text("PolicyName"))
        return {}

    def detach_policy_from_user(self, call: Call) -> Answer:
        self._state.detach_from(self._user(call), _kind(call), call.text("PolicyName"))
        return {}

    def list_policies_for_user(self, call: Call) -> Answer:
        return self._attached(self._user(call))

    def _role(self, call: Call) -> Role:
        return self._state.role(call.text("RoleName"))

    def _user(self, call: Call) -> User:
        """The user that is named; a user who names none is meant itself. Page "GetUser"."""
        return self._state.user(call.text("UserName", call.principal.user or None))

    def _policy(self, call: Call) -> Policy:
        return self._state.policy(_kind(call), call.text("PolicyName"))

    def _attached(self, holder: Role | User) -> Answer:
        with self._state.lock:
            held = [_summary(self._state.policy(kind, name)) for kind, name in holder.attached]
        return {"Policies": {"Policy": held}}

    def _described(self, role: Role) -> dict[str, Any]:
        return {
            "RoleId": role.role_id,
            "RoleName": role.name,
            "Arn": self._state.arn(role.name),
            "Description": role.description,
            "AssumeRolePolicyDocument": json.dumps(role.trust),
            "MaxSessionDuration": role.max_session,
            "CreateDate": timestamp(role.created_at),
        }

    def _key(self, user: User, access_key_id: str) -> dict[str, Any]:
        key = self._state.key(user.name, access_key_id)
        return {
            "AccessKeyId": key.access_key_id,
            "Status": "Active" if key.active else "Inactive",
            "CreateDate": timestamp(key.created_at),
        }


def timestamp(seconds: float) -> str:
    """Seconds since the epoch as RAM and STS write them: `2015-01-23T12:33:18Z`."""
    moment = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _described_user(user: User) -> dict[str, Any]:
    return {
        "UserId": user.user_id,
        "UserName": user.name,
        "DisplayName": user.display_name,
        "Comments": user.comments,
        "Email": user.email,
        "MobilePhone": user.mobile_phone,
        "CreateDate": timestamp(user.created_at),
    }


def _summary(policy: Policy) -> dict[str, Any]:
    return {
        "PolicyName": policy.name,
        "PolicyType": policy.kind,
        "Description": policy.description,
        "DefaultVersion": policy.default_version,
        "CreateDate": timestamp(policy.created_at),
    }


def _version(policy: Policy, version: str) -> dict[str, Any]:
    if version not in policy.versions:
        raise NoSuchEntityError("Policy.Version", version)
    return {
        "VersionId": version,
        "IsDefaultVersion": version == policy.default_version,
        "PolicyDocument": json.dumps(policy.versions[version]),
        "CreateDate": timestamp(policy.created_at),
    }


def _tags(call: Call) -> dict[str, str]:
    """A list of `Key` and `Value` in JSON, as the SDK sends it."""
    try:
        return {tag["Key"]: tag["Value"] for tag in call.parsed("Tag", "[]")}
    except (KeyError, TypeError):
        raise call.invalid("Tag", "must be a JSON list of objects with Key and Value") from None


def _described_tags(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"TagKey": key, "TagValue": value} for key, value in tags.items()]


def _paged(items: Sequence[Item], call: Call) -> tuple[Sequence[Item], dict[str, Any]]:
    """The page that `Marker` and `MaxItems` ask for, and where the next one starts."""
    start = call.number("Marker", 0, low=0, high=len(items))
    end = start + call.number("MaxItems", 100, low=1, high=1000)
    if end < len(items):
        return items[start:end], {"IsTruncated": True, "Marker": str(end)}
    return items[start:], {"IsTruncated": False}


def _named(
    call: Call, parameter: str, pattern: re.Pattern[str], longest: int = _LONGEST_NAME
) -> str:
    name = _short(call, parameter, longest, None)
    if not pattern.fullmatch(name):
        raise ApiError(
            400,
            f"InvalidParameter.{parameter}.InvalidChars",
            f"{name!r} is no valid {parameter}: it must match {pattern.pattern}.",
        )
    return name


def _short(call: Call, parameter: str, longest: int, default: str | None = "") -> str:
    text = call.text(parameter, default)
    if len(text) > longest:
        raise _too_long(parameter, f"{longest} characters")
    return text


def _too_long(parameter: str, longest: str) -> ApiError:
    message = f'The parameter - "{parameter}" beyond the length limit: {longest}.'
    return ApiError(400, f"InvalidParameter.{parameter}.Length", message)


def _session(call: Call, parameter: str, default: int) -> int:
    return call.number(parameter, default, low=3600, high=_LONGEST_SESSION)


def _kind(call: Call, default: str | None = None) -> str:
    kind = call.text("PolicyType", default)
    if kind not in ("System", "Custom", default):
        raise ApiError(400, "InvalidParameter.PolicyType", f"PolicyType is incorrect: {kind!r}.")
    return kind


def _one_of(call: Call, parameter: str, known: dict[str, bool], default: str | None = None) -> bool:
    text = call.text(parameter, default)
    if text not in known:
        raise call.invalid(parameter, f"must be one of {', '.join(known)}")
    return known[text]


def _document(
    call: Call, parameter: str, parse: Callable[[str], policies.Document]
) -> policies.Document:
    text = call.text(parameter)
    if len(text.encode()) > _LONGEST_DOCUMENT:
        raise _too_long(parameter, f"{_LONGEST_DOCUMENT} bytes")
    try:
        return parse(text)
    except ValueError as error:
        raise ApiError(400, "MalformedPolicyDocument", f"{parameter}: {error}.") from error
