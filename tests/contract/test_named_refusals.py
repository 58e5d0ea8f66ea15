"""The action that a service names when it refuses a call is the one that an operator is told."""

import json
from collections.abc import Callable

import pytest
from alibabacloud_config20200907 import models as config
from alibabacloud_fc_open20210406 import models as fc
from alibabacloud_mns_open20220119 import models as mns
from alibabacloud_ram20150501 import models as ram
from mns.topic import TopicMessage

from scripts.account import buckets
from scripts.account.clients import Clients, calling
from scripts.errors import CloudError
from scripts.localcloud.ram import policies
from tests.account import Account
from tests.contract.log_helpers import PROJECT, make_store
from tests.parts import clients as clients_of

ROLE = "operator"


def in_words(call: Callable[[Clients], object]) -> Callable[[Clients], object]:
    """The call, as one of an operation whose name is another than what is refused."""

    def perform(clients: Clients) -> object:
        with calling("any:Operation", "something"):
            return call(clients)

    return perform


def publish(clients: Clients) -> None:
    """Send a message to a topic, by the XML interface."""
    topic = clients.topic("any")
    try:
        topic.publish_message(TopicMessage("x"))
    finally:
        topic.mns_client.close_connection()


def open_nothing(clients: Clients) -> None:
    """Set the ACL of a bucket that is not there, which would make it."""
    buckets.Bucket(clients, "no-such-bucket").ask(
        buckets.PUT_ACL, lambda bucket: bucket.put_bucket_acl("private")
    )


def make_service(clients: Clients) -> object:
    """A service with a role."""
    request = fc.CreateServiceRequest(service_name="any", role="acs:ram::1:role/any")
    return clients.fc.create_service(request)


def make_trigger(clients: Clients) -> object:
    """A trigger of a topic."""
    request = fc.CreateTriggerRequest(
        trigger_name="any", trigger_type="mns_topic", trigger_config=json.dumps({})
    )
    return clients.fc.create_trigger("any", "any", request)


CALLS: dict[str, Callable[[Clients], object]] = {
    "ram:PassRole": in_words(make_service),
    "mns:Unsubscribe": in_words(make_trigger),
    "ram:GetRole": in_words(lambda at: at.ram.get_role(ram.GetRoleRequest(role_name="any"))),
    "mns:ListQueue": in_words(lambda at: at.mns.list_queue(mns.ListQueueRequest())),
    "mns:PublishMessage": in_words(publish),
    "config:ListConfigRules": in_words(
        lambda at: at.config.list_config_rules(config.ListConfigRulesRequest())
    ),
    "log:GetJob": in_words(lambda at: at.log.get_alert(PROJECT, "any")),
    "oss:PutBucket": open_nothing,
}


@pytest.mark.parametrize("action", CALLS)
def test_what_a_service_names_is_what_is_told(account: Account, action: str) -> None:
    """Whatever the operation was: the advice is to allow the very action that was refused."""
    cloud = account.cloud
    cloud.oss.put_acl_needs_put_bucket = True
    make_store(cloud)
    deny = {"Effect": "Deny", "Action": action, "Resource": "*"}
    cloud.ram.create_role(ROLE, policies.trust("ecs.aliyuncs.com"))
    cloud.ram.create_policy(ROLE, policies.document(policies.allow("*"), deny))
    cloud.ram.attach(ROLE, "Custom", ROLE)
    clients = clients_of(cloud, cloud.ram.assume(ROLE, "session"))
    with pytest.raises(CloudError) as caught:
        CALLS[action](clients)
    assert caught.value.denied
    assert caught.value.refused == (action,)
    # Those who tell that it is for a Deny: to allow it is no help then.
    tells = action.partition(":")[0] in ("ram", "config", "oss") or action == "mns:ListQueue"
    tells = tells and action != "ram:PassRole"
    says = f"denies {action}" if tells else f"allow {action} to whoever these credentials are"
    assert says in str(caught.value)
    assert caught.value.unmendable is tells
