"""RAM users: keys and policies of their own, so that a restricted person can be tried."""

from collections.abc import Iterator
from typing import Any

import oss2
import pytest
from alibabacloud_ram20150501 import models
from alibabacloud_ram20150501.client import Client
from darabonba.exceptions import DaraException

from scripts.localcloud import LocalCloud
from scripts.localcloud.ram import policies
from tests.ram_user import attachment, client, user_who_may

READ = policies.document(policies.allow("oss:GetBucketAcl"))


@pytest.fixture
def cloud() -> Iterator[LocalCloud]:
    """A cloud with a bucket."""
    with LocalCloud() as running:
        running.oss.create("config-snapshot", acl="private")
        yield running


@pytest.fixture
def ram(cloud: LocalCloud) -> Client:
    """The account's own client of RAM."""
    return client(cloud, cloud.credentials)


def bucket(cloud: LocalCloud, key: Any) -> oss2.Bucket:
    """The bucket as somebody with that key uses it."""
    auth = oss2.AuthV4(key.access_key_id, key.access_key_secret)
    return oss2.Bucket(auth, cloud.endpoints.oss, "config-snapshot", region="cn-shanghai")


def refusal(caught: pytest.ExceptionInfo[DaraException]) -> tuple[int, str]:
    """Status and code."""
    return caught.value.status_code, caught.value.code


@pytest.mark.fidelity(16)
def test_a_user_may_do_what_its_policies_say_and_nothing_else(
    cloud: LocalCloud, ram: Client
) -> None:
    """With a user's key GetBucketAcl is allowed, PutBucketAcl is not, nor is RAM itself."""
    key = user_who_may(ram, "reader", READ)
    reader = bucket(cloud, key)
    assert reader.get_bucket_acl().acl == "private"
    with pytest.raises(oss2.exceptions.AccessDenied):
        reader.put_bucket_acl("public-read")
    with pytest.raises(DaraException, match="ram:ListUsers") as refused:
        client(cloud, key).list_users(models.ListUsersRequest())
    assert refusal(refused) == (403, "NoPermission")


@pytest.mark.fidelity(16)
def test_what_is_taken_from_a_user_is_no_permission_any_more(
    cloud: LocalCloud, ram: Client
) -> None:
    """A policy counts while it is attached, and a key while it is there and active."""
    key = user_who_may(ram, "reader", READ)
    reader = bucket(cloud, key)
    named = {"user_name": "reader", "user_access_key_id": key.access_key_id}
    for status in ("Inactive", "Active"):
        ram.update_access_key(models.UpdateAccessKeyRequest(status=status, **named))
        listed = ram.list_access_keys(models.ListAccessKeysRequest(user_name="reader")).body
        assert [each.status for each in listed.access_keys.access_key] == [status]
        if status == "Inactive":
            with pytest.raises(oss2.exceptions.ServerError):
                reader.get_bucket_acl()
            with pytest.raises(DaraException) as refused:
                client(cloud, key).get_user(models.GetUserRequest())
            assert refusal(refused) == (403, "InvalidAccessKeyId.Inactive")
    assert reader.get_bucket_acl().acl == "private"

    held = {"policy_name": "reader-0", "policy_type": "Custom", "user_name": "reader"}
    ram.detach_policy_from_user(models.DetachPolicyFromUserRequest(**held))
    with pytest.raises(oss2.exceptions.AccessDenied):
        reader.get_bucket_acl()
    ram.delete_access_key(models.DeleteAccessKeyRequest(**named))
    with pytest.raises(DaraException) as refused:
        client(cloud, key).get_user(models.GetUserRequest())
    assert refusal(refused) == (404, "InvalidAccessKeyId.NotFound")


def test_a_user_lives_as_it_was_written(ram: Client) -> None:
    """A user is created, read and listed with everything that was said of it, and deleted."""
    told = {"display_name": "Alice A.", "comments": "on call", "email": "alice@example.com"}
    made = ram.create_user(models.CreateUserRequest(user_name="alice", **told)).body.user
    read = ram.get_user(models.GetUserRequest(user_name="alice")).body.user
    assert (read.user_id, read.create_date) == (made.user_id, made.create_date)
    assert {name: getattr(read, name) for name in told} == told
    listed = ram.list_users(models.ListUsersRequest()).body.users.user
    assert [each.user_name for each in listed] == ["alice"]

    ram.attach_policy_to_user(attachment("AliyunOSSReadOnlyAccess", "System", "alice"))
    held = ram.list_policies_for_user(models.ListPoliciesForUserRequest(user_name="alice")).body
    assert [p.policy_name for p in held.policies.policy] == ["AliyunOSSReadOnlyAccess"]
    whose = models.ListEntitiesForPolicyRequest(
        policy_name="AliyunOSSReadOnlyAccess", policy_type="System"
    )
    users = ram.list_entities_for_policy(whose).body.users.user
    assert [each.user_name for each in users] == ["alice"]
    with pytest.raises(DaraException) as refused:
        ram.delete_user(models.DeleteUserRequest(user_name="alice"))
    assert refusal(refused) == (409, "DeleteConflict.User.Policy")


def test_a_user_is_told_its_own_keys_without_being_named(cloud: LocalCloud, ram: Client) -> None:
    """Page "GetUser": who names nobody is meant itself, and needs the permission on itself."""
    account = cloud.account_id
    own = policies.allow(["ram:GetUser"], f"acs:ram:*:{account}:user/alice")
    key = user_who_may(ram, "alice", policies.document(own))
    user_who_may(ram, "bob")
    alice = client(cloud, key)
    assert alice.get_user(models.GetUserRequest()).body.user.user_name == "alice"
    with pytest.raises(DaraException, match="user/bob"):
        alice.get_user(models.GetUserRequest(user_name="bob"))


DENY = {"Effect": "Deny", "Action": "ram:GetRole", "Resource": "*"}


@pytest.mark.parametrize(
    ("document", "told"),
    [
        (READ, "ImplicitDeny"),
        (policies.document(policies.allow("ram:*"), DENY), "ExplicitDeny"),
    ],
)
def test_a_refusal_tells_who_lacks_which_permission_and_why(
    cloud: LocalCloud, ram: Client, document: policies.Document, told: str
) -> None:
    """AccessDeniedDetail, of a user and of a role: a Deny is told apart from silence."""
    key = user_who_may(ram, "alice", document)
    cloud.ram.create_role("operator", policies.trust("ecs.aliyuncs.com"))
    cloud.ram.attach("operator", "Custom", "alice-0")
    session = cloud.ram.assume("operator", "shift")
    whoever = {
        "SubUser": (client(cloud, key), cloud.ram.user("alice").user_id),
        "AssumedRoleUser": (client(cloud, session), "operator:shift"),
    }
    for kind, (caller, known_as) in whoever.items():
        with pytest.raises(DaraException) as refused:
            caller.get_role(models.GetRoleRequest(role_name="operator"))
        assert refused.value.data["AccessDeniedDetail"] == {
            "AuthAction": "ram:GetRole",
            "AuthPrincipalDisplayName": known_as,
            "AuthPrincipalOwnerId": cloud.account_id,
            "AuthPrincipalType": kind,
            "NoPermissionType": told,
            "PolicyType": "AccountLevelIdentityBasedPolicy",
        }


REFUSED: dict[str, tuple[str, Any, int, str]] = {
    "no such user": (
        "get_user",
        models.GetUserRequest(user_name="bob"),
        404,
        "EntityNotExist.User",
    ),
    "a user twice": (
        "create_user",
        models.CreateUserRequest(user_name="alice"),
        409,
        "EntityAlreadyExists.User",
    ),
    "an odd name": (
        "create_user",
        models.CreateUserRequest(user_name="a/b"),
        400,
        "InvalidParameter.UserName.InvalidChars",
    ),
    "a long name": (
        "create_user",
        models.CreateUserRequest(user_name="a" * 65),
        400,
        "InvalidParameter.UserName.Length",
    ),
    "a long comment": (
        "create_user",
        models.CreateUserRequest(user_name="bob", comments="a" * 129),
        400,
        "InvalidParameter.Comments.Length",
    ),
    "a policy twice": (
        "attach_policy_to_user",
        attachment("alice-0", "Custom", "alice"),
        409,
        "EntityAlreadyExists.User.Policy",
    ),
    "a policy in use": (
        "delete_policy",
        models.DeletePolicyRequest(policy_name="alice-0"),
        409,
        "DeleteConflict.Policy.User",
    ),
    "a user with a key": (
        "delete_user",
        models.DeleteUserRequest(user_name="alice"),
        409,
        "DeleteConflict.User.AccessKey",
    ),
    "a missing key": (
        "delete_access_key",
        models.DeleteAccessKeyRequest(user_name="alice", user_access_key_id="LTAI"),
        404,
        "EntityNotExist.User.AccessKey",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_is_refused_with_its_code(ram: Client, what: str) -> None:
    """Page "Error messages"."""
    user_who_may(ram, "alice", READ)
    call, request, status, code = REFUSED[what]
    with pytest.raises(DaraException) as refused:
        getattr(ram, call)(request)
    assert refusal(refused) == (status, code)


def test_a_user_has_at_most_two_keys(ram: Client) -> None:
    """Page "Limits"; a third one fits once one of them is deleted."""
    first = user_who_may(ram, "alice")
    request = models.CreateAccessKeyRequest(user_name="alice")
    ram.create_access_key(request)
    with pytest.raises(DaraException) as refused:
        ram.create_access_key(request)
    assert refusal(refused) == (409, "LimitExceeded.User.AccessKey")
    ram.delete_access_key(
        models.DeleteAccessKeyRequest(user_name="alice", user_access_key_id=first.access_key_id)
    )
    assert ram.create_access_key(request).body.access_key.status == "Active"


def test_users_and_their_keys_go_back(cloud: LocalCloud, ram: Client) -> None:
    """A rollback forgets a user made since, and has an older one's key as it was."""
    key = user_who_may(ram, "alice", READ)
    snapshot = cloud.snapshot()
    user_who_may(ram, "bob")
    ram.update_access_key(
        models.UpdateAccessKeyRequest(
            user_name="alice", user_access_key_id=key.access_key_id, status="Inactive"
        )
    )
    cloud.rollback(snapshot)
    assert list(cloud.ram.users) == ["alice"]
    assert bucket(cloud, key).get_bucket_acl().acl == "private"
