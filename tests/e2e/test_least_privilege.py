"""The closed loop under a role that may do no more than the function needs."""

import fnmatch
from datetime import datetime, timedelta, timezone

from alibabacloud_fc_open20210406 import models

from scripts.declared import Policy
from scripts.localcloud import Fail
from tests.account import ROLE, SERVICE, Account
from tests.parts import asked, edit, least_privilege, told

TAG = "public-until"
DENIED = Fail(403, "AccessDenied")


def policy(account: Account) -> Policy:
    """The one policy of the function's role."""
    (found,) = account.spec.service.role.policies
    return found


def outcomes(account: Account) -> dict[str, str]:
    """The last outcome about each bucket."""
    return {str(line.bucket): line.outcome for line in account.audit()}


def everything_happens(account: Account) -> None:
    """Each kind of finding, one at least: all that a function can come to call."""
    oss, tomorrow = account.cloud.oss, datetime.now(timezone.utc) + timedelta(days=1)
    account.plant(**dict.fromkeys(("tagged", "policy", "blocked", "refused"), "private"))
    account.tag(TAG, tagged=tomorrow.date().isoformat())
    account.open_by_policy("policy", "blocked")
    account.cloud.faults.add("oss:GetBucketInfo", Fail(503, "ServiceUnavailable"), subject="policy")
    account.cloud.faults.add("oss:PutBucketAcl", DENIED, subject="refused", times=4)
    oss.create("config-open", acl="public-read")
    oss.create("config-far", region="cn-beijing", acl="public-read-write")
    for name in ("tagged", "policy", "refused"):
        oss.set_acl(name, "public-read")
    account.rest()
    oss.set_acl("blocked", "public-read")
    oss.block_account(account.cloud.account_id, blocked=True)
    account.rest()


def test_its_policy_is_what_the_function_was_seen_to_call(least: Account) -> None:
    """Each action that it allows is called, each that is called it allows, and on no more."""
    edit(least.path, "exemptTag: none", f"exemptTag: {TAG}")
    assert least.run("provision", "--yes") == 0  # to read tags
    least.deploy()
    with asked(least.cloud, least.spec.service.role.name) as seen:
        everything_happens(least)

    assert outcomes(least) == {
        "config-open": "repaired",
        "config-far": "repaired",
        "tagged": "exempt",
        "policy": "exposed",
        "refused": "denied",
        "blocked": "blocked",
    }
    assert len(least.cloud.mns.messages(str(least.spec.failure_queue))) == 1
    allowed = {
        (action, statement["Resource"])
        for statement in policy(least).statements
        for action in statement["Action"]
    }
    used = {
        (action, on)
        for action, resource in seen
        for _, on in allowed
        if fnmatch.fnmatch(resource, on)
    }
    assert used == allowed
    assert {action for action, _ in seen} == {action for action, _ in allowed}


def test_no_wildcard_stands_in_it(least: Account) -> None:
    """No action has one, and no resource is all there is, nor of another account."""
    for statement in policy(least).statements:
        assert not [action for action in statement["Action"] if "*" in action]
        assert f":{least.cloud.account_id}:" in statement["Resource"]
    role = least.cloud.ram.role(least.spec.service.role.name)
    assert role.attached == [("Custom", policy(least).name)]
    assert [each["Principal"] for each in role.trust["Statement"]] == [
        {"Service": ["fc.aliyuncs.com"]}
    ]


def test_the_verbs_agree(least: Account) -> None:
    """Nothing is to be done or found, and a deploy leaves the role alone."""
    assert told(least.plan()) == {}
    for verb in ("provision", "doctor", "verify"):
        assert least.run(verb) == 0, verb
    assert not [step for step in least.plan().steps if step.kind in ("role", "policy")]


def test_it_is_switched_on_and_off(product: Account) -> None:
    """From one role to the other and back the loop closes; the role that is left stays."""
    before = product.spec.service.role.name

    def closes(name: str) -> bool:
        product.cloud.oss.create(name, acl="public-read")
        product.rest()
        return product.cloud.oss.bucket(name).acl == "private"

    def runs_as() -> str:
        found = product.clients.fc.get_service(SERVICE, models.GetServiceRequest()).body
        return str(found.role)

    least_privilege(product.path)
    least = product.spec.service.role.name
    assert product.run("doctor") == 1
    assert product.run("apply", "--yes") == 1  # there is no such role yet
    assert runs_as().endswith(before)
    assert product.run("provision", "--yes") == 0
    assert product.run("apply", "--yes") == 0
    assert runs_as().endswith(least)
    assert closes("config-one")
    assert product.run("doctor") == 0

    edit(product.path, "role: *leastPrivilege", "role: *fullAccess")
    assert product.run("apply", "--yes") == 0
    assert runs_as().endswith(before)
    assert closes("config-two")
    assert set(product.cloud.ram.roles) == {ROLE, before, least}
