"""The SDK of MNS's XML interface (aliyun-mns-sdk), connected to a local cloud."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from mns.account import Account
from mns.mns_exception import MNSServerException

from scripts.localcloud import LocalCloud
from scripts.localcloud.ram import policies
from scripts.localcloud.ram.state import Credentials, Policy, Role

TOPIC, QUEUE = "MNSTestConfig", "repair-failures"


@pytest.fixture(scope="module")
def cloud() -> Iterator[LocalCloud]:
    """A cloud; each test makes its own topics and queues in it, and removes them."""
    with LocalCloud() as running:
        yield running


@pytest.fixture
def account(cloud: LocalCloud) -> Iterator[Account]:
    """The SDK with the account's own key, and a topic and a queue in the cloud."""
    cloud.mns.create_topic(TOPIC)
    cloud.mns.create_queue(QUEUE)
    with connected(cloud, cloud.credentials) as client:
        yield client
    for topic in cloud.mns.topics():
        cloud.mns.delete_topic(topic)
    for queue in cloud.mns.queues():
        cloud.mns.delete_queue(queue)


@contextmanager
def connected(cloud: LocalCloud, credentials: Credentials) -> Iterator[Account]:
    """The SDK's client for these credentials."""
    client = Account(
        cloud.endpoints.mns,
        credentials.access_key_id,
        credentials.access_key_secret,
        credentials.security_token,
    )
    try:
        yield client
    finally:
        client.mns_client.close_connection()


def grant(cloud: LocalCloud, *actions: str, on: str = "*") -> Credentials:
    """Temporary credentials of a role that may do `actions`."""
    document = policies.document(policies.allow(list(actions), on))
    cloud.ram.policies["Custom", "mns"] = Policy("mns", "Custom", document)
    cloud.ram.roles["sender"] = Role(
        "sender", policies.trust("fc.aliyuncs.com"), attached=[("Custom", "mns")]
    )
    return cloud.ram.assume("sender", "test", lifetime=900)


def code_of(call: Callable[[], object]) -> str:
    """The error code that the SDK raises."""
    with pytest.raises(MNSServerException) as refused:
        call()
    return str(refused.value.type)
