"""RAM over HTTP, as its SDK and the Serverless Devs client use it."""

import json
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from alibabacloud_ram20150501 import models
from alibabacloud_ram20150501.client import Client
from darabonba.exceptions import DaraException

from scripts.localcloud.clock import Clock
from scripts.localcloud.faults import Faults
from scripts.localcloud.http import Listener
from scripts.localcloud.journal import Journal
from scripts.localcloud.ram import policies
from scripts.localcloud.ram.api import RamService
from scripts.localcloud.ram.state import Credentials, RamState
from scripts.localcloud.service import Core
from tests.contract.rpc import signing

ACCOUNT = "1208863178610000"
FC_TRUST = json.dumps(policies.trust("fc.aliyuncs.com"))
REPAIR = json.dumps(
    policies.document(policies.allow(["oss:PutBucketAcl"], f"acs:oss:*:{ACCOUNT}:*"))
)


class Rig(NamedTuple):
    """RAM that listens."""

    state: RamState
    endpoint: str

    def client(self, credentials: Credentials) -> Client:
        """The SDK's client with these credentials."""
        return Client(signing(self.endpoint, credentials))


@pytest.fixture
def rig() -> Iterator[Rig]:
    """An account with no roles."""
    core = Core(ACCOUNT, "cn-shanghai", Clock(), Journal(), Faults())
    state = RamState(core)
    listener = Listener(RamService(core, state))
    listener.start()
    yield Rig(state, f"127.0.0.1:{listener.port}")
    listener.stop()


@pytest.fixture
def ram(rig: Rig) -> Client:
    """The account's own client."""
    return rig.client(rig.state.root)


def role(name: str = "repairer", **more: object) -> models.CreateRoleRequest:
    """A role for a function."""
    fields = {"role_name": name, "assume_role_policy_document": FC_TRUST, **more}
    return models.CreateRoleRequest(**fields)


def attachment(policy: str, kind: str, name: str = "repairer") -> dict[str, str]:
    """Which policy on which role."""
    return {"policy_name": policy, "policy_type": kind, "role_name": name}


def test_a_role_lives_as_it_was_written(ram: Client) -> None:
    """A role is created, read, changed, listed and deleted with everything that was said of it."""
    made = ram.create_role(role("Repair-Role", description="closes buckets")).body.role
    assert made.arn == f"acs:ram::{ACCOUNT}:role/repair-role"

    ram.update_role(
        models.UpdateRoleRequest(
            role_name="Repair-Role",
            new_assume_role_policy_document=json.dumps(policies.trust("mns.aliyuncs.com")),
            new_max_session_duration=7200,
        )
    )
    read = ram.get_role(models.GetRoleRequest(role_name="Repair-Role")).body.role
    assert (read.role_id, read.create_date) == (made.role_id, made.create_date)
    assert (read.description, read.max_session_duration) == ("closes buckets", 7200)
    assert json.loads(read.assume_role_policy_document) == policies.trust("mns.aliyuncs.com")

    listed = ram.list_roles(models.ListRolesRequest()).body
    assert [r.role_name for r in listed.roles.role] == ["Repair-Role"]
    ram.delete_role(models.DeleteRoleRequest(role_name="Repair-Role"))
    assert not ram.list_roles(models.ListRolesRequest()).body.roles.role


def test_tags_are_listed(ram: Client) -> None:
    """What CreateRole and CreatePolicy were told is what ListRoles and ListPolicies tell."""
    tag = models.CreateRoleRequestTag(key="managed-by", value="somebody")
    ram.create_role(role(tag=[tag]))
    marked = models.CreatePolicyRequestTag(key="managed-by", value="somebody")
    ram.create_policy(
        models.CreatePolicyRequest(policy_name="repair", policy_document=REPAIR, tag=[marked])
    )
    (made,) = ram.list_roles(models.ListRolesRequest()).body.roles.role
    custom = ram.list_policies(models.ListPoliciesRequest(policy_type="Custom")).body
    for listed in (made, *custom.policies.policy):
        assert [(each.tag_key, each.tag_value) for each in listed.tags.tag] == [
            ("managed-by", "somebody")
        ]


def test_an_attached_policy_is_a_permission_until_it_is_detached(rig: Rig, ram: Client) -> None:
    """What policies say over the wire is what RAM then allows, version by version."""
    ram.create_role(role())
    ram.create_policy(models.CreatePolicyRequest(policy_name="repair", policy_document=REPAIR))
    mine = attachment("repair", "Custom")
    key = rig.state.assume("repairer", "now")
    session = rig.state.authenticate(key.access_key_id, key.security_token)

    def may() -> list[bool]:
        arn = f"acs:oss:*:{ACCOUNT}:config-snapshot"
        actions = ("oss:PutBucketAcl", "oss:GetBucketInfo")
        return [rig.state.authorized(session, action, arn) for action in actions]

    assert may() == [False, False]
    ram.attach_policy_to_role(models.AttachPolicyToRoleRequest(**mine))
    assert may() == [True, False]
    both = policies.document(policies.allow("oss:*"))
    for default in (False, True):
        version = ram.create_policy_version(
            models.CreatePolicyVersionRequest(
                policy_name="repair", policy_document=json.dumps(both), set_as_default=default
            )
        ).body.policy_version
        assert (version.is_default_version, may()) == (default, [True, default])
    ram.detach_policy_from_role(models.DetachPolicyFromRoleRequest(**mine))
    assert may() == [False, False]


def test_a_policy_is_told_with_its_document_and_versions(ram: Client) -> None:
    """GetPolicy, ListPolicyVersions and ListPoliciesForRole agree on what is in force."""
    ram.create_role(role())
    ram.create_policy(models.CreatePolicyRequest(policy_name="repair", policy_document=REPAIR))
    ram.attach_policy_to_role(
        models.AttachPolicyToRoleRequest(**attachment("AliyunOSSFullAccess", "System"))
    )
    ram.attach_policy_to_role(models.AttachPolicyToRoleRequest(**attachment("repair", "Custom")))

    which = {"policy_name": "repair", "policy_type": "Custom"}
    got = ram.get_policy(models.GetPolicyRequest(**which)).body
    assert json.loads(got.default_policy_version.policy_document) == json.loads(REPAIR)
    assert (got.policy.default_version, got.policy.attachment_count) == ("v1", 1)
    versions = ram.list_policy_versions(models.ListPolicyVersionsRequest(**which)).body
    assert [v.version_id for v in versions.policy_versions.policy_version] == ["v1"]
    v1 = ram.get_policy_version(models.GetPolicyVersionRequest(version_id="v1", **which)).body
    assert v1.policy_version.is_default_version

    held = ram.list_policies_for_role(models.ListPoliciesForRoleRequest(role_name="repairer")).body
    assert [(p.policy_type, p.policy_name) for p in held.policies.policy] == [
        ("System", "AliyunOSSFullAccess"),
        ("Custom", "repair"),
    ]
    custom = ram.list_policies(models.ListPoliciesRequest(policy_type="Custom")).body
    assert [p.policy_name for p in custom.policies.policy] == ["repair"]


def test_a_long_list_is_read_page_by_page(ram: Client) -> None:
    """Following Marker gives every role once, and the last page says that it is the last."""
    names = [f"role-{n}" for n in range(5)]
    for name in names:
        ram.create_role(role(name))
    seen, marker = [], None
    while True:
        page = ram.list_roles(models.ListRolesRequest(max_items=2, marker=marker)).body
        seen += [r.role_name for r in page.roles.role]
        marker = page.marker
        if not page.is_truncated:
            break
    assert seen == names


REFUSED = {
    "get missing role": (
        "get_role",
        models.GetRoleRequest(role_name="nobody"),
        404,
        "EntityNotExist.Role",
    ),
    "get missing policy": (
        "get_policy",
        models.GetPolicyRequest(policy_name="nothing", policy_type="System"),
        404,
        "EntityNotExist.Policy",
    ),
    "get missing version": (
        "get_policy_version",
        models.GetPolicyVersionRequest(
            policy_name="AliyunOSSFullAccess", policy_type="System", version_id="v9"
        ),
        404,
        "EntityNotExist.Policy.Version",
    ),
    "create role twice": ("create_role", role(), 409, "EntityAlreadyExists.Role"),
    "create its like": ("create_role", role("REPAIRER"), 409, "EntityAlreadyExists.Role"),
    "attach twice": (
        "attach_policy_to_role",
        models.AttachPolicyToRoleRequest(**attachment("repair", "Custom")),
        409,
        "EntityAlreadyExists.Role.Policy",
    ),
    "attach missing policy": (
        "attach_policy_to_role",
        models.AttachPolicyToRoleRequest(**attachment("repair", "System")),
        404,
        "EntityNotExist.Policy",
    ),
    "attach to missing role": (
        "attach_policy_to_role",
        models.AttachPolicyToRoleRequest(**attachment("repair", "Custom", "nobody")),
        404,
        "EntityNotExist.Role",
    ),
    "detach what is not attached": (
        "detach_policy_from_role",
        models.DetachPolicyFromRoleRequest(**attachment("AliyunOSSFullAccess", "System")),
        404,
        "EntityNotExist.Role.Policy",
    ),
    "delete a role in use": (
        "delete_role",
        models.DeleteRoleRequest(role_name="repairer"),
        409,
        "DeleteConflict.Role.Policy",
    ),
    "delete a policy in use": (
        "delete_policy",
        models.DeletePolicyRequest(policy_name="repair"),
        409,
        "DeleteConflict.Policy.Role",
    ),
    "create a system policy": (
        "create_policy",
        models.CreatePolicyRequest(policy_name="AliyunOSSFullAccess", policy_document=REPAIR),
        409,
        "EntityAlreadyExists.Policy",
    ),
    "malformed policy": (
        "create_policy",
        models.CreatePolicyRequest(policy_name="odd", policy_document=FC_TRUST),
        400,
        "MalformedPolicyDocument",
    ),
    "malformed trust": (
        "create_role",
        role("odd", assume_role_policy_document=REPAIR),
        400,
        "MalformedPolicyDocument",
    ),
    "odd name": ("create_role", role("a/b"), 400, "InvalidParameter.RoleName.InvalidChars"),
    "no name": ("get_role", models.GetRoleRequest(), 400, "MissingRoleName"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_is_refused_and_changes_nothing(rig: Rig, ram: Client, what: str) -> None:
    """Each refusal has its documented status and code, and leaves role and policy as they were."""
    ram.create_role(role())
    ram.create_policy(models.CreatePolicyRequest(policy_name="repair", policy_document=REPAIR))
    ram.attach_policy_to_role(models.AttachPolicyToRoleRequest(**attachment("repair", "Custom")))
    call, request, status, code = REFUSED[what]
    with pytest.raises(DaraException) as refused:
        getattr(ram, call)(request)
    assert (refused.value.status_code, refused.value.code) == (status, code)
    assert rig.state.role("repairer").attached == [("Custom", "repair")]
    assert set(rig.state.roles) == {"repairer"}


def test_ram_guards_itself(rig: Rig, ram: Client) -> None:
    """A role may do in RAM what its policies say, on the roles they name, and nothing else."""
    ram.create_role(role())
    own = policies.document(policies.allow("ram:Get*", f"acs:ram:*:{ACCOUNT}:role/repairer"))
    ram.create_policy(
        models.CreatePolicyRequest(policy_name="look", policy_document=json.dumps(own))
    )
    ram.attach_policy_to_role(models.AttachPolicyToRoleRequest(**attachment("look", "Custom")))
    session = rig.client(rig.state.assume("repairer", "now"))
    assert session.get_role(models.GetRoleRequest(role_name="repairer")).body.role
    for call, request in (
        (session.get_role, models.GetRoleRequest(role_name="other")),
        (session.delete_role, models.DeleteRoleRequest(role_name="repairer")),
    ):
        with pytest.raises(DaraException, match=r"ram:(GetRole|DeleteRole)") as refused:
            call(request)
        assert (refused.value.status_code, refused.value.code) == (403, "NoPermission")


ROLE_ARN = f"acs:ram:*:{ACCOUNT}:role/*"
CUSTOM_ARN, SYSTEM_ARN = f"acs:ram:*:{ACCOUNT}:policy/*", "acs:ram:*:system:policy/*"
MAY_ATTACH = {
    "role and policy": ((ROLE_ARN, CUSTOM_ARN), True),
    "anything": (("*",), True),
    "the role alone": ((ROLE_ARN,), False),
    "the policy alone": ((CUSTOM_ARN,), False),
    "a policy of the account's for a system policy": ((ROLE_ARN, CUSTOM_ARN), False),
    "the system policy": ((ROLE_ARN, SYSTEM_ARN), True),
}


@pytest.mark.fidelity(13)
@pytest.mark.parametrize("on", MAY_ATTACH)
def test_to_attach_takes_the_role_and_the_policy(rig: Rig, ram: Client, on: str) -> None:
    """Page "AttachPolicyToRole": both are asked for, a system policy as nobody's account's."""
    resources, allowed = MAY_ATTACH[on]
    ram.create_role(role())
    ram.create_policy(models.CreatePolicyRequest(policy_name="repair", policy_document=REPAIR))
    may = policies.document(policies.allow("ram:AttachPolicyToRole", list(resources)))
    rig.state.create_role("operator", policies.trust("ecs.aliyuncs.com"))
    rig.state.create_policy("attach", may)
    rig.state.attach("operator", "Custom", "attach")
    session = rig.client(rig.state.assume("operator", "now"))
    which = ("AliyunOSSFullAccess", "System") if "system" in on else ("repair", "Custom")
    request = models.AttachPolicyToRoleRequest(**attachment(*which))
    if allowed:
        session.attach_policy_to_role(request)
    else:
        with pytest.raises(DaraException, match="Action: ram:AttachPolicyToRole"):
            session.attach_policy_to_role(request)
    assert bool(rig.state.role("repairer").attached) is allowed


def test_to_make_a_role_takes_all_roles(rig: Rig) -> None:
    """The refusal that users report is on all of them: a grant on the one to be made is none."""
    key = {}
    ours = f"acs:ram:*:{ACCOUNT}:role/repairer"
    for name, on in {"narrow": ours, "wide": ROLE_ARN}.items():
        rig.state.create_role(name, policies.trust("ecs.aliyuncs.com"))
        rig.state.create_policy(name, policies.document(policies.allow("ram:CreateRole", on)))
        rig.state.attach(name, "Custom", name)
        key[name] = rig.state.assume(name, "now")
    with pytest.raises(DaraException, match="Action: ram:CreateRole"):
        rig.client(key["narrow"]).create_role(role())
    assert rig.client(key["wide"]).create_role(role()).body.role
