"""What was just made or changed is not seen by others at once: so many of their looks miss it."""

import json
from collections.abc import Callable

import oss2
import pytest
from alibabacloud_config20200907 import models as config
from alibabacloud_fc_open20210406 import models as fc
from alibabacloud_mns_open20220119 import models as mns
from alibabacloud_ram20150501 import models as ram
from alibabacloud_sls20201230 import models as sls
from Tea.exceptions import TeaException

from scripts.account.clients import Clients
from scripts.localcloud import LocalCloud
from scripts.localcloud.ram import policies
from tests.account import FUNCTION, SERVICE, Account
from tests.contract.log_helpers import until_seen

TRUST = json.dumps(policies.trust("fc.aliyuncs.com"))
PROJECT, STORE, ROLE, TOPIC = "just-made-logs", "audit", "just-made", "JustMade"


def _role(clients: Clients) -> str:
    request = ram.CreateRoleRequest(role_name=ROLE, assume_role_policy_document=TRUST)
    return str(clients.ram.create_role(request).body.role.arn)


def _project(clients: Clients) -> None:
    clients.log.create_project(sls.CreateProjectRequest(project_name=PROJECT, description=""))
    until_seen(lambda: clients.log.get_project(PROJECT, sls.GetProjectRequest()))


def _store(clients: Clients) -> None:
    request = sls.CreateLogStoreRequest(logstore_name=STORE, ttl=7, shard_count=1)
    clients.log.create_log_store(PROJECT, request)
    until_seen(lambda: clients.log.get_log_store(PROJECT, STORE))


def _topic(clients: Clients) -> str:
    clients.mns.create_topic(mns.CreateTopicRequest(topic_name=TOPIC))
    return f"acs:mns:{clients.region}:{clients.account_id}:/topics/{TOPIC}"


def _service(clients: Clients, **fields: object) -> object:
    return clients.fc.create_service(fc.CreateServiceRequest(service_name="a", **fields))


def _channel(clients: Clients, topic: str) -> object:
    request = config.CreateConfigDeliveryChannelRequest(
        delivery_channel_type="MNS",
        delivery_channel_target_arn=topic,
        non_compliant_notification=True,
    )
    return clients.config.create_config_delivery_channel(request)


def _index(clients: Clients) -> object:
    line = sls.IndexLine(token=[" "], case_sensitive=False, chn=False)
    return clients.log.create_index(
        PROJECT, STORE, sls.CreateIndexRequest(body=sls.Index(line=line))
    )


def refused(call: Callable[[], object]) -> list[str]:
    """What an operation was refused with, in order, before it went well."""
    told: list[str] = []
    while len(told) < 9:
        try:
            call()
        except TeaException as error:
            data = error.data or {}
            told.append(str(data.get("ErrorCode") or data.get("Code") or error.code))
        except oss2.exceptions.OssError as error:
            told.append(f"{error.code} {error.message}")
        else:
            break
    return told


@pytest.fixture
def clients(account: Account) -> Clients:
    """The clients of an account with nothing on it."""
    return account.clients


@pytest.mark.fidelity(21)
def test_function_compute_does_not_know_a_new_role_yet(clients: Clients) -> None:
    """CreateService is refused for it as for a permission, and then goes well."""
    role = _role(clients)
    assert refused(lambda: _service(clients, role=role)) == ["AccessDenied"] * 2


@pytest.mark.fidelity(21)
def test_nor_the_role_of_a_new_trigger(deployed: Account) -> None:
    """CreateTrigger is refused in the same way."""
    request = fc.CreateTriggerRequest(
        trigger_name="another",
        trigger_type="mns_topic",
        trigger_config="{}",
        invocation_role=_role(deployed.clients),
        source_arn=deployed.topic_arn,
    )
    create = deployed.clients.fc.create_trigger
    told = refused(lambda: create(SERVICE, FUNCTION, request))
    assert told == ["AccessDenied"] * 2


@pytest.mark.fidelity(22)
def test_log_service_does_not_find_a_new_project_yet(clients: Clients) -> None:
    """Neither Function Compute nor who asks for an index of a store in it."""
    _project(clients)
    _store(clients)
    logs = fc.LogConfig(project=PROJECT, logstore=STORE)
    assert refused(lambda: _service(clients, log_config=logs)) == ["InvalidArgument"] * 4


@pytest.mark.fidelity(22)
def test_nor_a_new_store(clients: Clients) -> None:
    """An index is refused for the project first, and then for the store."""
    _project(clients)
    _store(clients)
    expected = ["ProjectNotExist"] * 2 + ["LogStoreNotExist"] * 2
    assert refused(lambda: _index(clients)) == expected


def test_cloud_config_does_not_reach_a_new_topic_yet(clients: Clients) -> None:
    """A channel to it is refused as one to a topic that is not there."""
    topic = _topic(clients)
    told = refused(lambda: _channel(clients, topic))
    assert told == ["DeliveryChannelMnsUnreachable"] * 2


@pytest.mark.fidelity(7)
def test_block_public_access_still_refuses_when_it_was_just_lifted(
    clients: Clients, cloud: LocalCloud
) -> None:
    """Of the bucket, or of the account; a private ACL is never refused."""
    bucket = clients.bucket("a-bucket")
    cloud.oss.create("a-bucket")
    bucket.put_bucket_public_access_block(True)
    bucket.put_bucket_public_access_block(False)
    bucket.put_bucket_acl("private")
    told = ["AccessDenied Put public bucket acl is not allowed"] * 2
    assert refused(lambda: bucket.put_bucket_acl("public-read")) == told
    service = oss2.Service(bucket.auth, bucket.endpoint, region=clients.region)
    service.put_public_access_block(True)
    service.put_public_access_block(False)
    assert refused(lambda: bucket.put_bucket_acl("public-read-write")) == told


def test_looks_are_counted_anew_after_a_rollback(clients: Clients, cloud: LocalCloud) -> None:
    """A snapshot remembers how many looks are left, and how many there are to be."""
    role = _role(clients)
    before = cloud.snapshot()
    assert len(refused(lambda: _service(clients, role=role))) == 2
    cloud.spreading.looks = 5
    cloud.rollback(before)
    assert len(refused(lambda: _service(clients, role=role))) == 2
    assert cloud.spreading.looks == 2


def test_what_is_put_straight_into_a_state_was_always_there(
    clients: Clients, cloud: LocalCloud
) -> None:
    """Whoever sets up an account by hand need not wait, also under a name that just went."""
    _role(clients)
    _project(clients)
    _store(clients)
    topic = _topic(clients)
    cloud.ram.delete_role(ROLE)
    cloud.log.delete_project(PROJECT)
    cloud.mns.delete_topic(TOPIC)
    role = cloud.ram.arn(cloud.ram.create_role(ROLE, policies.trust("fc.aliyuncs.com")).name)
    cloud.log.create_project(PROJECT)
    cloud.log.create_store(PROJECT, STORE, {"ttl": 7, "shardCount": 1})
    cloud.mns.create_topic(TOPIC)
    logs = fc.LogConfig(project=PROJECT, logstore=STORE)
    assert refused(lambda: _service(clients, role=role, log_config=logs)) == []
    assert refused(lambda: _index(clients)) == []
    assert refused(lambda: _channel(clients, topic)) == []


def test_what_was_made_is_seen_when_minutes_have_passed(
    clients: Clients, cloud: LocalCloud
) -> None:
    """By order, as no clock decides it."""
    role = _role(clients)
    cloud.spreading.end()  # the very thing that is tried
    assert refused(lambda: _service(clients, role=role)) == []
