"""Who may call Function Compute: both signatures, temporary keys, and what RAM allows."""

import json
from collections.abc import Callable, Iterator

import pytest
from alibabacloud_fc_open20210406 import models

from scripts.localcloud.ram import policies
from scripts.localcloud.ram.state import Credentials
from tests.contract.fc_helpers import (
    FUNCTION,
    SERVICE,
    FcCloud,
    Signed,
    client,
    deploy,
    signed,
)

OLD_DATE = "Mon, 01 Jan 2024 00:00:00 GMT"


@pytest.fixture
def cloud() -> Iterator[FcCloud]:
    """An empty cloud."""
    with FcCloud(serve=True) as running:
        yield running


def test_ram_decides_who_may_do_what(cloud: FcCloud) -> None:
    """A role does what its policies allow; else 403, and the message names the action."""
    deploy(cloud)
    key = somebody(cloud, policies.allow("fc:GetService"))
    fc = client(cloud, key)

    assert fc.get_service(SERVICE, models.GetServiceRequest()).body.service_name == SERVICE
    path = f"/2016-08-15/services/{SERVICE}/functions/{FUNCTION}"
    denied = signed(key, "GET", path).send(cloud.endpoint)
    assert (denied.status, denied.code) == (403, "AccessDenied")
    assert b"'fc:GetFunction'" in denied.body


def somebody(cloud: FcCloud, *statements: policies.Document) -> Credentials:
    """The key of a role of these statements."""
    name = f"somebody-{len(cloud.ram.roles)}"
    cloud.ram.create_role(name, policies.trust("ecs.aliyuncs.com"))
    cloud.ram.create_policy(name, policies.document(*statements))
    cloud.ram.attach(name, "Custom", name)
    return cloud.ram.assume(name, "test")


SERVICES, OF_SERVICE = "services/*", f"services/{SERVICE}"
OF_FUNCTION = f"{OF_SERVICE}/functions/{FUNCTION}"
# Operation, method, path; a grant that is too narrow by the strictest page, and one that is not.
FORMS = [
    ("GetService", "GET", OF_SERVICE, "acs:fc:*:*:*", "*"),
    ("GetFunction", "GET", OF_FUNCTION, "acs:fc:*:*:*", "*"),
    ("GetFunctionCode", "GET", f"{OF_FUNCTION}/code", "acs:fc:*:*:*", "*"),
    ("ListTriggers", "GET", f"{OF_FUNCTION}/triggers", "acs:fc:*:*:*", "*"),
    ("ListServices", "GET", "services", f"acs:fc:*:*:{OF_SERVICE}", f"acs:fc:*:*:{SERVICES}"),
    ("ListFunctions", "GET", f"{OF_SERVICE}/functions", "acs:fc:*:*:*", "*"),
    ("ListVpcBindings", "GET", f"{OF_SERVICE}/bindings", "acs:fc:*:*:*", "*"),
    ("ListAliases", "GET", f"{OF_SERVICE}/aliases", "acs:fc:*:*:*", "*"),
    ("DeleteFunction", "DELETE", OF_FUNCTION, "acs:fc:*:*:*", "*"),
    (
        "InvokeFunction",
        "POST",
        f"{OF_FUNCTION}/invocations",
        f"acs:fc:*:*:{OF_FUNCTION}",
        f"acs:fc:*:*:{SERVICES}",
    ),
]


@pytest.mark.parametrize(
    ("operation", "method", "path", "narrow", "wide"), FORMS, ids=[each[0] for each in FORMS]
)
def test_a_grant_on_less_than_the_page_names_is_none(
    cloud: FcCloud, operation: str, method: str, path: str, narrow: str, wide: str
) -> None:
    """Where pages differ, the stricter counts: "All Resource" is not met by any ARN."""
    deploy(cloud)
    action = f"fc:{operation}"

    def status(on: str) -> int:
        key = somebody(cloud, policies.allow(action, on))
        return signed(key, method, f"/2016-08-15/{path}").send(cloud.endpoint).status

    assert status(narrow) == 403
    assert status(wide) in (200, 204)


@pytest.mark.parametrize("missing", ["mns:Subscribe", "mns:Unsubscribe", "ram:PassRole"])
def test_a_trigger_takes_more_than_its_own_action(cloud: FcCloud, missing: str) -> None:
    """Who makes one of a topic must be let subscribe, and pass the role: the message says which."""
    deploy(cloud)
    deny = {"Effect": "Deny", "Action": missing, "Resource": "*"}
    key = somebody(cloud, policies.allow("*"), deny)
    body = json.dumps({"triggerType": "mns_topic", "invocationRole": "acs:ram::1:role/any"})
    path = f"/2016-08-15/{OF_FUNCTION}/triggers"
    denied = signed(key, "POST", path, body=body.encode()).send(cloud.endpoint)
    assert (denied.status, denied.code) == (403, "AccessDenied")
    assert f"'{missing}'".encode() in denied.body


def test_a_wrong_secret_is_refused_on_the_newer_version(cloud: FcCloud) -> None:
    """An ACS3 signature is verified."""
    wrong = cloud.ram.root._replace(access_key_secret="guessed")

    with pytest.raises(Exception, match="SignatureDoesNotMatch"):
        client(cloud, wrong).get_service("any", models.GetServiceRequest())


def _nothing(_: Signed) -> None:
    pass


def _other_method(request: Signed) -> None:
    request.method = "DELETE"


def _other_path(request: Signed) -> None:
    request.path = request.path.replace(SERVICE, "another")


def _other_header(request: Signed) -> None:
    request.headers["x-fc-account-id"] = "1"


def _other_date(request: Signed) -> None:
    request.headers["date"] = OLD_DATE


def _unsigned(request: Signed) -> None:
    del request.headers["authorization"]


@pytest.mark.parametrize(
    ("tamper", "status", "code"),
    [
        (_nothing, 200, ""),
        (_other_method, 403, "SignatureNotMatch"),
        (_other_path, 403, "SignatureNotMatch"),
        (_other_header, 403, "SignatureNotMatch"),
        (_other_date, 403, "SignatureNotMatch"),
        (_unsigned, 400, "MissingRequiredHeader"),
    ],
)
def test_the_older_version_verifies_all_that_is_signed(
    cloud: FcCloud, tamper: Callable[[Signed], None], status: int, code: str
) -> None:
    """A request of 2016-08-15 is served as it was signed, and refused when a part is another."""
    deploy(cloud)
    path = f"/2016-08-15/services/{SERVICE}"
    request = signed(cloud.ram.root, "GET", path, headers={"X-Fc-Account-Id": "1208863178610000"})

    tamper(request)
    answer = request.send(cloud.endpoint)

    assert (answer.status, answer.code) == (status, code)


def test_the_older_version_refuses_what_was_signed_long_ago(cloud: FcCloud) -> None:
    """A good signature of another day is not honoured."""
    request = signed(cloud.ram.root, "GET", "/2016-08-15/services", headers={"Date": OLD_DATE})

    answer = request.send(cloud.endpoint)

    assert (answer.status, answer.code) == (403, "RequestTimeTooSkewed")


def _unknown(key: Credentials) -> Credentials:
    return key._replace(access_key_id="LTAI5tnobody")


def _without_token(key: Credentials) -> Credentials:
    return key._replace(security_token="")


@pytest.mark.parametrize(
    ("change", "later", "status", "code"),
    [
        (lambda key: key, 0, 200, ""),
        (_unknown, 0, 403, "InvalidAccessKeyID"),
        (_without_token, 0, 403, "InvalidSecurityToken"),
        (lambda key: key, 3601, 403, "SecurityTokenExpired"),
    ],
)
def test_the_older_version_takes_temporary_keys_while_they_last(
    cloud: FcCloud,
    change: Callable[[Credentials], Credentials],
    later: float,
    status: int,
    code: str,
) -> None:
    """A key with its token is honoured until its end; a foreign or half one never."""
    cloud.ram.create_role("deployer", policies.trust("ecs.aliyuncs.com"))
    cloud.ram.attach("deployer", "System", "AliyunFCFullAccess")
    key = change(cloud.ram.assume("deployer", "test", lifetime=3600))

    cloud.clock.advance(later)
    answer = signed(key, "GET", "/2016-08-15/services").send(cloud.endpoint)

    assert (answer.status, answer.code) == (status, code)
