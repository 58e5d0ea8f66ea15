"""What each operation of MNS takes of RAM: its table's resources, each of them, and no more."""

import email.utils
import http.client
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urlsplit

import pytest
from darabonba.exceptions import DaraException
from mns.account import Account

from scripts.localcloud import LocalCloud
from scripts.localcloud.mns import api
from scripts.localcloud.ram import policies
from scripts.localcloud.ram.state import Credentials, Policy, Role
from scripts.localcloud.table import Row
from tests.contract import rpc

NAMES = {"topic": "findings", "queue": "inbox", "subscription": "mine"}
PARAMETERS = {"TopicName": "findings", "QueueName": "inbox", "SubscriptionName": "mine"}


@pytest.fixture(scope="module")
def cloud() -> Iterator[LocalCloud]:
    """A cloud in which there is nothing: what is allowed is refused for another reason."""
    with LocalCloud() as running:
        yield running


def may(cloud: LocalCloud, row: Row, resources: list[str]) -> Credentials:
    """Credentials of a role that may do what a row says, on these resources."""
    action = f"mns:{row.action or row.name}"
    policy = policies.document(policies.allow(action, resources or ["acs:mns:*:*:/none"]))
    cloud.ram.policies["Custom", "one"] = Policy("one", "Custom", policy)
    trust = policies.trust("ecs.aliyuncs.com")
    cloud.ram.roles["one"] = Role("one", trust, attached=[("Custom", "one")])
    return cloud.ram.assume("one", "test")


def resources_of(cloud: LocalCloud, row: Row) -> list[str]:
    """The ARNs of a row, for the names of these tests."""
    here = {"region": cloud.region, "account": cloud.account_id}
    return [each.format_map({**here, **NAMES, **PARAMETERS}) for each in row.resources]


@pytest.mark.parametrize("row", api.TABLE, ids=lambda row: row.name)
def test_an_operation_takes_its_resources_and_no_more(cloud: LocalCloud, row: Row) -> None:
    """With just these it is not refused by RAM; without one of them it is."""
    needed = resources_of(cloud, row)
    assert ask(cloud, row, may(cloud, row, needed)) != "AccessDenied"
    for each in needed:
        without = [other for other in needed if other != each]
        assert ask(cloud, row, may(cloud, row, without)) == "AccessDenied"


@pytest.mark.parametrize("row", api.MANAGEMENT_TABLE, ids=lambda row: row.name)
def test_a_management_call_takes_its_resource_and_no_more(cloud: LocalCloud, row: Row) -> None:
    """With just this it is not refused by RAM; without it, it is, and so on all queues and topics
    where the page knows no resource."""
    needed = resources_of(cloud, row)
    assert call(cloud, row, may(cloud, row, needed)) != "AccessDenied"
    kinds = ("/queues*", "/topics*") if needed == ["*"] else ("/none",)
    others = [f"acs:mns:{cloud.region}:{cloud.account_id}:{kind}" for kind in kinds]
    assert call(cloud, row, may(cloud, row, others)) == "AccessDenied"


def ask(cloud: LocalCloud, row: Row, key: Credentials) -> str:
    """The error code of the answer to the operation's request, signed with this key."""
    flags = [flag for flag in row.flags if not flag.startswith("<")]
    body = "".join(flag.replace(">", "/>") for flag in row.flags if flag.startswith("<"))
    path = row.path.format_map(NAMES) + "".join(f"?{flag}=true" for flag in flags)
    headers = {"x-mns-version": "2015-06-06", "date": email.utils.formatdate(usegmt=True)}
    client = Account(cloud.endpoints.mns, key.access_key_id, key.access_key_secret).mns_client
    signed = client.credentials_provider.get_credentials()
    headers["Authorization"] = client.get_signature(row.method, headers, path, signed)
    headers["security-token"] = key.security_token
    with closing(http.client.HTTPConnection(urlsplit(cloud.endpoints.mns).netloc)) as connection:
        connection.request(row.method, path, body, headers)
        answer = connection.getresponse().read().decode()
    return answer.partition("<Code>")[2].partition("</Code>")[0]


def call(cloud: LocalCloud, row: Row, key: Credentials) -> str:
    """The error code of the answer to a management call."""
    query = {name: value for name, value in PARAMETERS.items() if name in row.fields}
    try:
        rpc.call(cloud.endpoints.mns, key, row.name, "2022-01-19", query)
    except DaraException as refused:
        return str(refused.code)
    return ""
