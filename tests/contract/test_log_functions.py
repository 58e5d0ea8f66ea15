"""What functions print, in the log store that their service names."""

from collections.abc import Iterator

import pytest
from alibabacloud_fc_open20210406 import models

from scripts.account.clients import calling
from scripts.errors import CloudError
from scripts.localcloud import LocalCloud
from scripts.localcloud.log.index import Index
from scripts.localcloud.log.state import Search
from scripts.localcloud.ram import policies
from tests.contract.fc_helpers import FUNCTION, SERVICE, FcCloud, deploy
from tests.contract.log_helpers import PROJECT, STORE, WHOLE
from tests.parts import clients

SOURCE = """
    import logging

    def handler(event, context):
        print('{"a": "line"}')
        print("two\\n\\nlines")
        logging.getLogger().info("logged")
"""
CONFIG = {"project": PROJECT, "logstore": STORE}
ALL = policies.allow("log:PostLogStoreLogs")
ELSEWHERE = policies.allow("log:PostLogStoreLogs", f"acs:log:*:*:project/{PROJECT}/logstore/other")


@pytest.fixture
def cloud() -> Iterator[FcCloud]:
    """A cloud with a log store, where logs are found at once."""
    with FcCloud(time_scale=0) as running:
        running.log.create_project(PROJECT)
        running.log.create_store(PROJECT, STORE, {"ttl": 1, "shardCount": 1})
        running.log.create_index(PROJECT, STORE, Index.parse(WHOLE))
        yield running


def invoke(cloud: FcCloud, config: dict[str, str], *allowed: policies.Document) -> None:
    """Run the function once; its service's role may do what is allowed."""
    cloud.ram.create_role("writer", policies.trust("fc.aliyuncs.com"))
    if allowed:
        cloud.ram.create_policy("write", policies.document(*allowed))
        cloud.ram.attach("writer", "Custom", "write")
    deploy(cloud, SOURCE, role=cloud.ram.arn("writer"))
    cloud.fc.resources.update_service(SERVICE, {"logConfig": config})
    assert cloud.fc.invoke(SERVICE, FUNCTION, b"").error_type == ""


def test_each_printed_line_is_a_log(cloud: FcCloud) -> None:
    """A printed line is a message as it is, with the names of its service and function."""
    invoke(cloud, CONFIG, ALL)
    logs = cloud.log.search(PROJECT, STORE, Search("*", 0, 2**33)).logs
    messages = [log.fields["message"] for log in logs]
    assert messages[0].startswith("FC Invoke Start RequestId: ")
    assert messages[1:4] == ['{"a": "line"}', "two", "lines"]
    assert messages[4].endswith("[INFO] logged")
    assert len(messages) == 6
    for log in logs:
        assert log.topic == SERVICE
        assert {**log.fields, "message": ""} == {
            "serviceName": SERVICE,
            "functionName": FUNCTION,
            "qualifier": "LATEST",
            "versionId": "",
            "message": "",
        }


@pytest.mark.parametrize(
    ("config", "allowed"),
    [
        ({}, ALL),
        ({**CONFIG, "project": "other-logs"}, ALL),
        ({**CONFIG, "logstore": "other"}, ALL),
        (CONFIG, ELSEWHERE),
        (CONFIG, None),
    ],
)
def test_where_it_cannot_be_written_nothing_is_said(
    cloud: FcCloud, config: dict[str, str], allowed: policies.Document | None
) -> None:
    """Without a store that is there and that the role may write to, the function runs all the same.

    What it printed is known to the cloud alone.
    """
    invoke(cloud, config, *([allowed] if allowed else []))
    assert cloud.log.search(PROJECT, STORE, Search("*", 0, 2**33)).logs == ()
    assert '{"a": "line"}\n' in cloud.fc.logs(SERVICE, FUNCTION)


@pytest.fixture(scope="module")
def whole() -> Iterator[LocalCloud]:
    """A cloud with all services, a log store, and a project of another account."""
    with LocalCloud() as running:
        running.log.create_project(PROJECT)
        running.log.create_store(PROJECT, STORE, {"ttl": 1, "shardCount": 1})
        running.log.create_project("their-logs", owner="9999999999999999")
        yield running


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({**CONFIG, "project": "other-logs"}, "project 'other-logs' does not exist"),
        ({**CONFIG, "project": "their-logs"}, "project 'their-logs' does not exist"),
        ({**CONFIG, "logstore": "other"}, "logstore 'other' does not exist"),
    ],
)
def test_a_service_cannot_log_to_what_is_not_there(
    whole: LocalCloud, config: dict[str, str], says: str
) -> None:
    """Without its project and store a service is neither made nor changed, and it is said why."""
    fc, logs = clients(whole).fc, models.LogConfig(**config)
    with pytest.raises(CloudError, match=says) as refused, calling("fc:CreateService", SERVICE):
        fc.create_service(models.CreateServiceRequest(service_name=SERVICE, log_config=logs))
    assert (refused.value.status, refused.value.code) == (400, "InvalidArgument")
    assert whole.fc.resources.services() == []

    fc.create_service(models.CreateServiceRequest(service_name=SERVICE))
    with pytest.raises(CloudError, match=says), calling("fc:UpdateService", SERVICE):
        fc.update_service(SERVICE, models.UpdateServiceRequest(log_config=logs))
    assert whole.fc.resources.service(SERVICE).settings["logConfig"]["project"] == ""
    whole.fc.resources.delete_service(SERVICE)
