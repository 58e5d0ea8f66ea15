"""STS over HTTP: who somebody is, and who may become a role."""

import datetime
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from alibabacloud_sts20150401 import models
from alibabacloud_sts20150401.client import Client
from darabonba.exceptions import DaraException

from scripts.localcloud.clock import Clock
from scripts.localcloud.faults import Faults
from scripts.localcloud.http import Listener
from scripts.localcloud.journal import Journal
from scripts.localcloud.ram import policies
from scripts.localcloud.ram.state import Credentials, RamState
from scripts.localcloud.service import Core
from scripts.localcloud.sts.api import StsService
from tests.contract.rpc import signing

ACCOUNT = "1208863178610000"
ROOT = f"acs:ram::{ACCOUNT}:root"
DEPLOYER = f"acs:ram::{ACCOUNT}:role/deployer"


class Rig(NamedTuple):
    """STS that listens, and the states behind it."""

    clock: Clock
    state: RamState
    endpoint: str

    def client(self, key: Credentials) -> Client:
        """The SDK's client with these credentials."""
        return Client(signing(self.endpoint, key))


@pytest.fixture
def rig() -> Iterator[Rig]:
    """An account with a role that its own identities may assume."""
    core = Core(ACCOUNT, "cn-shanghai", Clock(), Journal(), Faults())
    state = RamState(core)
    state.create_role("deployer", trusting(RAM=[ROOT]))
    listener = Listener(StsService(core, state))
    listener.start()
    yield Rig(core.clock, state, f"127.0.0.1:{listener.port}")
    listener.stop()


@pytest.fixture
def sts(rig: Rig) -> Client:
    """The account's own client."""
    return rig.client(rig.state.root)


@pytest.fixture
def alice(rig: Rig) -> Client:
    """The client of a user who may assume whatever role trusts her."""
    rig.state.create_user("alice")
    rig.state.attach_to(rig.state.user("alice"), "System", "AliyunSTSAssumeRoleAccess")
    return rig.client(rig.state.create_key("alice"))


def trusting(effect: str = "Allow", **principal: list[str]) -> policies.Document:
    """A trust policy of one statement."""
    return policies.document({"Effect": effect, "Action": "sts:AssumeRole", "Principal": principal})


def assume(arn: str = DEPLOYER, session: str = "ci-run-7", **more: object) -> object:
    """A request for a session of a role."""
    return models.AssumeRoleRequest(role_arn=arn, role_session_name=session, **more)


def test_the_account_knows_itself(sts: Client) -> None:
    """GetCallerIdentity of the account's own key names the account."""
    me = sts.get_caller_identity().body
    assert (me.identity_type, me.account_id, me.arn) == ("Account", ACCOUNT, ROOT)


def test_a_user_knows_itself(rig: Rig, alice: Client) -> None:
    """GetCallerIdentity of a user's key names the user, and takes no permission."""
    rig.state.detach_from(rig.state.user("alice"), "System", "AliyunSTSAssumeRoleAccess")
    me = alice.get_caller_identity().body
    known_as = rig.state.user("alice").user_id
    assert (me.identity_type, me.account_id, me.arn, me.user_id, me.principal_id) == (
        "RAMUser",
        ACCOUNT,
        f"acs:ram::{ACCOUNT}:user/alice",
        known_as,
        known_as,
    )


@pytest.mark.fidelity(15)
def test_the_account_itself_may_not_assume_a_role(sts: Client) -> None:
    """FAQ about RAM roles: only users and roles may, though the role trusts the account."""
    with pytest.raises(DaraException, match="may not be assumed by root accounts") as refused:
        sts.assume_role(assume())
    assert (refused.value.status_code, refused.value.code) == (403, "NoPermission")


def test_assumed_credentials_work_until_they_expire(rig: Rig, alice: Client) -> None:
    """AssumeRole answers a key that is the role, with no permission needed to ask, for its time."""
    body = alice.assume_role(assume(duration_seconds=900)).body
    key = body.credentials
    session = rig.client(key)
    me = session.get_caller_identity().body
    assert (me.identity_type, me.arn) == (
        "AssumedRoleUser",
        f"acs:ram::{ACCOUNT}:assumed-role/deployer/ci-run-7",
    )
    assert (me.principal_id, me.arn) == (
        body.assumed_role_user.assumed_role_id,
        body.assumed_role_user.arn,
    )
    expiration = datetime.datetime.strptime(key.expiration, "%Y-%m-%dT%H:%M:%S%z")
    left = expiration.timestamp() - rig.clock.now()
    assert 800 < left <= 900

    rig.clock.advance(901)
    with pytest.raises(DaraException) as refused:
        session.get_caller_identity()
    assert refused.value.code == "InvalidSecurityToken.Expired"
    assert alice.get_caller_identity().body.account_id == ACCOUNT


@pytest.mark.parametrize(
    ("trust", "granted"),
    [
        (trusting(RAM=[ROOT]), True),
        (trusting(RAM=[DEPLOYER]), True),
        (trusting(RAM=["acs:ram::1:root"]), False),
        (trusting(RAM=[f"acs:ram::{ACCOUNT}:role/other"]), False),
        (trusting(Service=["fc.aliyuncs.com"]), False),
        (policies.document(*trusting(RAM=[ROOT])["Statement"],
                           *trusting("Deny", RAM=[ROOT])["Statement"]), False),
    ],
)  # fmt: skip
def test_a_role_is_assumed_only_by_whom_it_trusts(
    rig: Rig, alice: Client, trust: policies.Document, granted: bool
) -> None:
    """A role with every permission becomes another role only if that one's trust names it."""
    rig.state.create_role("repairer", trust)
    rig.state.attach("deployer", "System", "AdministratorAccess")
    key = alice.assume_role(assume()).body.credentials
    deployer = rig.client(key)
    wanted = assume(f"acs:ram::{ACCOUNT}:role/repairer")
    if granted:
        assert deployer.assume_role(wanted).body.credentials.security_token
        return
    with pytest.raises(DaraException) as refused:
        deployer.assume_role(wanted)
    assert (refused.value.status_code, refused.value.code) == (403, "NoPermission")


def test_a_trusted_role_still_needs_the_permission(rig: Rig, alice: Client) -> None:
    """Trust alone is not enough for a role: RAM must allow it sts:AssumeRole."""
    rig.state.create_role("repairer", trusting(RAM=[ROOT]))
    key = alice.assume_role(assume()).body.credentials
    deployer = rig.client(key)
    with pytest.raises(DaraException, match="sts:AssumeRole") as refused:
        deployer.assume_role(assume(f"acs:ram::{ACCOUNT}:role/repairer"))
    assert (refused.value.status_code, refused.value.code) == (403, "NoPermission")


@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [
        (assume(f"acs:ram::{ACCOUNT}:role/nobody"), 404, "EntityNotExist.Role"),
        (assume("deployer"), 400, "InvalidParameter.RoleArn"),
        (assume(session="a b"), 400, "InvalidParameter.RoleSessionName"),
        (assume(duration_seconds=899), 400, "InvalidParameter.DurationSeconds"),
        (assume(duration_seconds=3601), 400, "InvalidParameter.DurationSeconds"),
        (assume(policy="{}"), 501, "NotImplemented"),
    ],
)
def test_an_impossible_session_is_refused(
    alice: Client, request_: object, status: int, code: str
) -> None:
    """A wrong ARN, session name or duration is told by its code; no credentials are issued."""
    with pytest.raises(DaraException) as refused:
        alice.assume_role(request_)
    assert (refused.value.status_code, refused.value.code) == (status, code)
