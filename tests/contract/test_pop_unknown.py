"""What an RPC-style service of the local cloud does not know, it refuses by name."""

from collections.abc import Iterator
from typing import Any

import pytest
from darabonba.exceptions import DaraException

from scripts.localcloud import LocalCloud
from tests.contract import rpc

VERSIONS = {
    "ram": "2015-05-01",
    "sts": "2015-04-01",
    "mns": "2022-01-19",
    "config": "2020-09-07",
}
CALLS = {
    "ram": "ListRoles",
    "sts": "GetCallerIdentity",
    "mns": "ListQueue",
    "config": "ListConfigRules",
}
SIGNATURES = ("ACS3-HMAC-SHA256", "v2")


@pytest.fixture(scope="module")
def cloud() -> Iterator[LocalCloud]:
    """A cloud with nothing in it."""
    with LocalCloud() as running:
        yield running


def call(cloud: LocalCloud, service: str, algorithm: str = SIGNATURES[0], **changed: Any) -> Any:
    """The service's call that takes nothing, with what is `changed`, as every SDK makes it."""
    said = {"action": CALLS[service], "version": VERSIONS[service], **changed}
    endpoint = getattr(cloud.endpoints, service)
    return rpc.call(endpoint, cloud.credentials, algorithm=algorithm, **said)


UNKNOWN: dict[str, tuple[dict[str, Any], int, str]] = {
    "a parameter": ({"query": {"Wanted": "all"}}, 501, "Wanted"),
    "a parameter in the form": ({"body": {"Wanted": "all"}}, 501, "Wanted"),
    "a list": ({"query": {"Wanted.2.Key": "all"}}, 501, "Wanted.1.Key"),
    "a header's name": ({"query": {"x-acs-date": "now"}}, 501, "x-acs-date"),
    "a version": ({"version": "2014-01-01"}, 400, "2014-01-01"),
    "an action": ({"action": "ListWonders"}, 404, "ListWonders"),
}


@pytest.mark.fidelity(35)
@pytest.mark.parametrize("algorithm", SIGNATURES)
@pytest.mark.parametrize("service", CALLS)
@pytest.mark.parametrize("what", UNKNOWN)
def test_what_is_unknown_is_refused_by_name(
    cloud: LocalCloud, service: str, algorithm: str, what: str
) -> None:
    """An unknown parameter, version or action is an error that names it, and in the journal."""
    assert call(cloud, service, algorithm)
    changed, status, named = UNKNOWN[what]
    with pytest.raises(DaraException) as refused:
        call(cloud, service, algorithm, **changed)
    assert refused.value.status_code == status
    assert named in str(refused.value)
    last = cloud.journal.entries(service)[-1]
    assert last.details["status"] == status
    assert named in last.details["message"]


@pytest.mark.parametrize("service", CALLS)
def test_an_own_header_that_is_unknown_is_refused_by_name(cloud: LocalCloud, service: str) -> None:
    """A header of the signature's family that means nothing here is not passed over."""
    with pytest.raises(DaraException, match="x-acs-wanted") as refused:
        call(cloud, service, headers={"x-acs-wanted": "all"})
    assert (refused.value.status_code, refused.value.code) == (501, "NotImplemented")


@pytest.mark.parametrize("service", CALLS)
def test_a_body_that_is_no_form_is_refused(cloud: LocalCloud, service: str) -> None:
    """Parameters in JSON would not be read: that is said."""
    with pytest.raises(DaraException, match="no form") as refused:
        call(cloud, service, body_type="json", body={"Wanted": "all"})
    assert refused.value.status_code == 501


DEEP = '{"a":' * 2000
OF_A_ROLE = {"RoleName": "a", "AssumeRolePolicyDocument": "{}"}


@pytest.mark.parametrize(
    ("service", "action", "query"),
    [
        ("ram", "CreateRole", {**OF_A_ROLE, "Tag": DEEP}),
        ("ram", "CreateRole", {**OF_A_ROLE, "AssumeRolePolicyDocument": DEEP}),
        ("config", "ListConfigRules", {"Tag": DEEP}),
    ],
)
def test_json_that_is_too_deep_is_the_client_s_fault(
    cloud: LocalCloud, service: str, action: str, query: dict[str, str]
) -> None:
    """400, as for JSON that is none; not an error of the service."""
    with pytest.raises(DaraException) as refused:
        call(cloud, service, action=action, query={}, body=query)
    assert refused.value.status_code == 400
