"""The operator's clients at work while everything is logged that can be."""

import http.client
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from alibabacloud_config20200907 import models as config_models
from alibabacloud_fc_open20210406 import models as fc_models
from mns.topic import TopicMeta

from scripts.account.clients import Clients, Endpoints, fixed_credentials
from scripts.localcloud import LocalCloud
from scripts.localcloud.ram import policies
from tests.contract.test_oss_logging import Told


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Every logger at DEBUG, http.client's debug level and the SDKs' own switch: what is said."""
    handler = Told()
    monkeypatch.setenv("DEBUG", "sdk")
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 1)
    every = [logging.getLogger(name) for name in (None, *logging.Logger.manager.loggerDict)]
    for each in every:
        monkeypatch.setattr(each, "level", logging.DEBUG)
        monkeypatch.setattr(each, "disabled", False)
        monkeypatch.setattr(each, "handlers", [*each.handlers, handler])
    logging.Logger.manager._clear_cache()  # type: ignore[attr-defined]
    yield handler.lines
    logging.Logger.manager._clear_cache()  # type: ignore[attr-defined]


def test_no_credential_of_an_operator_is_logged(
    told: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    """Whatever is set, no client of the verbs writes the token, the secret or a signature."""
    with LocalCloud() as cloud:
        everything = policies.document(policies.allow("*", "*"))
        cloud.ram.create_role("operator", policies.trust("ecs.aliyuncs.com"))
        cloud.ram.create_policy("everything", everything)
        cloud.ram.attach("operator", "Custom", "everything")
        held = cloud.ram.assume("operator", "test")
        pair = (held.access_key_id, held.access_key_secret, held.security_token)
        clients = Clients(
            cloud.region,
            credentials=fixed_credentials(*pair),
            endpoints=Endpoints(**cloud.endpoints._asdict()),
        )
        _use(clients)
        sent = [str(entry) for entry in cloud.journal.entries()]
    written = "".join([*told, *capfd.readouterr()])
    assert sent
    for secret in pair[1:]:
        assert secret not in written
    assert "Signature" not in written
    assert "string to sign" not in written


def _use(clients: Clients) -> None:
    bucket = clients.bucket("a-bucket")
    topic = clients.topic("a-topic")
    calls: list[Any] = [
        bucket.create_bucket,
        bucket.get_bucket_info,
        clients.sts.get_caller_identity,
        lambda: clients.fc.list_services(fc_models.ListServicesRequest()),
        lambda: clients.config.list_config_rules(config_models.ListConfigRulesRequest()),
        lambda: topic.create(TopicMeta()),
        topic.get_attributes,
    ]
    for call in calls:
        call()
    topic.mns_client.close_connection()
