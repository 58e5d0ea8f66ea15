"""How much RAM takes: pages "Limits", "CreatePolicyVersion" and "Error messages"."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from alibabacloud_ram20150501 import models
from alibabacloud_ram20150501.client import Client
from darabonba.exceptions import DaraException

from scripts.localcloud import LocalCloud
from scripts.localcloud.ram import policies
from scripts.localcloud.ram.state import Policy

TRUST = json.dumps(policies.trust("fc.aliyuncs.com"))
POLICY = json.dumps(policies.document(policies.allow("oss:GetBucketAcl")))
ROTATE = "DeleteOldestNonDefaultVersionWhenLimitExceeded"


@pytest.fixture(scope="module")
def cloud() -> Iterator[LocalCloud]:
    """One cloud for all tests."""
    with LocalCloud() as running:
        yield running


@pytest.fixture
def ram(cloud: LocalCloud) -> Iterator[Client]:
    """The account's own client; a role and a policy are there, and nothing else."""
    before = cloud.snapshot()
    found: Client = cloud.clients.ram
    found.create_role(
        models.CreateRoleRequest(role_name="repairer", assume_role_policy_document=TRUST)
    )
    found.create_policy(models.CreatePolicyRequest(policy_name="repair", policy_document=POLICY))
    yield found
    cloud.rollback(before)


def refused(call: Any, request: Any) -> tuple[int, str]:
    """Status and code of a refusal."""
    with pytest.raises(DaraException) as caught:
        call(request)
    return caught.value.status_code, caught.value.code


def versions(ram: Client) -> dict[str, bool]:
    """The policy's versions, and which is in force."""
    request = models.ListPolicyVersionsRequest(policy_name="repair", policy_type="Custom")
    listed = ram.list_policy_versions(request).body.policy_versions.policy_version
    return {each.version_id: each.is_default_version for each in listed}


def another(ram: Client, **more: object) -> str:
    """The id of one more version."""
    request = models.CreatePolicyVersionRequest(
        policy_name="repair", policy_document=POLICY, **more
    )
    return str(ram.create_policy_version(request).body.policy_version.version_id)


@pytest.mark.fidelity(12)
def test_a_policy_has_at_most_five_versions(ram: Client) -> None:
    """The sixth is refused; a version that is not in force can be deleted, and no id comes back."""
    for number in range(2, 6):
        assert another(ram) == f"v{number}"
    request = models.CreatePolicyVersionRequest(policy_name="repair", policy_document=POLICY)
    assert refused(ram.create_policy_version, request) == (409, "LimitExceeded.Policy.Version")
    first = models.DeletePolicyVersionRequest(policy_name="repair", version_id="v1")
    assert refused(ram.delete_policy_version, first) == (
        409,
        "DeleteConflict.Policy.Version.Default",
    )
    ram.set_default_policy_version(
        models.SetDefaultPolicyVersionRequest(policy_name="repair", version_id="v3")
    )
    ram.delete_policy_version(first)
    assert another(ram) == "v6"
    assert versions(ram) == {"v2": False, "v3": True, "v4": False, "v5": False, "v6": False}


@pytest.mark.fidelity(12)
def test_to_rotate_makes_room_for_a_version(ram: Client) -> None:
    """RotateStrategy forgets the oldest version that is not in force."""
    for _ in range(4):
        another(ram)
    assert another(ram, rotate_strategy=ROTATE, set_as_default=True) == "v6"
    assert versions(ram) == {"v1": False, "v3": False, "v4": False, "v5": False, "v6": True}


@pytest.mark.fidelity(12)
@pytest.mark.parametrize(("kind", "most"), [("Custom", 5), ("System", 20)])
def test_a_role_has_so_many_policies_of_a_kind(
    cloud: LocalCloud, ram: Client, kind: str, most: int
) -> None:
    """One more is refused, and one of the other kind is not."""
    names = [f"policy-{number}" for number in range(most + 1)]
    for name in names:
        cloud.ram.policies[kind, name] = Policy(name, kind, json.loads(POLICY))

    def attachment(name: str, kind: str) -> models.AttachPolicyToRoleRequest:
        return models.AttachPolicyToRoleRequest(
            policy_name=name, policy_type=kind, role_name="repairer"
        )

    for name in names[:-1]:
        ram.attach_policy_to_role(attachment(name, kind))
    assert refused(ram.attach_policy_to_role, attachment(names[-1], kind)) == (
        409,
        "LimitExceeded.Role.Policy",
    )
    other = ("AliyunOSSFullAccess", "System") if kind == "Custom" else ("repair", "Custom")
    assert ram.attach_policy_to_role(attachment(*other)).status_code == 200


TOO_LONG: dict[str, tuple[str, Any, str]] = {
    "a role's description": (
        "create_role",
        models.CreateRoleRequest(
            role_name="other", assume_role_policy_document=TRUST, description="a" * 1025
        ),
        "Description",
    ),
    "a role's new description": (
        "update_role",
        models.UpdateRoleRequest(role_name="repairer", new_description="a" * 1025),
        "NewDescription",
    ),
    "a role's name": (
        "create_role",
        models.CreateRoleRequest(role_name="a" * 65, assume_role_policy_document=TRUST),
        "RoleName",
    ),
    "a policy's name": (
        "create_policy",
        models.CreatePolicyRequest(policy_name="a" * 129, policy_document=POLICY),
        "PolicyName",
    ),
    "a policy's description": (
        "create_policy",
        models.CreatePolicyRequest(
            policy_name="other", policy_document=POLICY, description="a" * 1025
        ),
        "Description",
    ),
    "a policy": (
        "create_policy",
        models.CreatePolicyRequest(policy_name="other", policy_document=POLICY.ljust(6145)),
        "PolicyDocument",
    ),
    "a version": (
        "create_policy_version",
        models.CreatePolicyVersionRequest(policy_name="repair", policy_document=POLICY.ljust(6145)),
        "PolicyDocument",
    ),
}


@pytest.mark.fidelity(12)
@pytest.mark.parametrize("what", TOO_LONG)
def test_what_is_too_long_is_refused(cloud: LocalCloud, ram: Client, what: str) -> None:
    """The code names the parameter, and nothing comes of the call."""
    call, request, parameter = TOO_LONG[what]
    assert refused(getattr(ram, call), request) == (400, f"InvalidParameter.{parameter}.Length")
    assert set(cloud.ram.roles) == {"repairer"}
    assert [name for kind, name in cloud.ram.policies if kind == "Custom"] == ["repair"]
    assert versions(ram) == {"v1": True}


@pytest.mark.fidelity(12)
def test_what_is_as_long_as_may_be_is_taken(ram: Client) -> None:
    """The very lengths of the pages."""
    ram.create_role(
        models.CreateRoleRequest(
            role_name="a" * 64, assume_role_policy_document=TRUST, description="a" * 1024
        )
    )
    ram.create_policy(
        models.CreatePolicyRequest(policy_name="a" * 128, policy_document=POLICY.ljust(6144))
    )


def test_a_policy_of_no_known_type_is_refused(ram: Client) -> None:
    """PolicyType is System or Custom."""
    request = models.GetPolicyRequest(policy_name="repair", policy_type="Own")
    assert refused(ram.get_policy, request) == (400, "InvalidParameter.PolicyType")
