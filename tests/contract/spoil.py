"""What the doctor says of an account, and ways to spoil one that a test can name."""

import json
from collections.abc import Callable
from dataclasses import replace

from alibabacloud_fc_open20210406 import models as fc
from alibabacloud_mns_open20220119 import models as mns
from alibabacloud_sls20201230 import models as log

from scripts.account.clients import Clients
from scripts.account.compute import compute
from scripts.decide.chain import Diagnosis, Standing
from scripts.declared import Spec
from scripts.flows.facts import Survey, examined
from scripts.localcloud import Drop
from scripts.localcloud.config.channels import Channel
from scripts.localcloud.ram import policies
from tests.account import FUNCTION, QUEUE, ROLE, RULE, SERVICE, TOPIC, Account

OTHER_TOPIC = "another-topic"
FUNCTION_ROLE = "resource-repair-role"
MANAGED = "oss-bucket-public-read-prohibited"
STORE = "audit"
Plant = Callable[[Account], object]


def provisioned(account: Account) -> None:
    """Everything around the function is there; nobody is named to be woken."""
    assert account.run("provision", "--yes") == 0
    account.rest()


def mend(account: Account) -> None:
    """Everything around the function is as it should be, and alerts have somebody to wake."""
    assert account.run("provision", "--yes", ALERT_EMAIL="on-call@example.com") == 0
    account.rest()


def sound(account: Account) -> None:
    """All is provisioned and deployed."""
    mend(account)
    account.deploy()


def look(
    account: Account,
    spec: Spec | None = None,
    *,
    clients: Clients | None = None,
    before_deploy: bool = False,
    **settings: str,
) -> list[Diagnosis]:
    """What the doctor says of everything that is not sound."""
    declared, seen = spec or account.spec, clients or account.clients
    survey = Survey(declared, seen, settings, account.exemptions)
    found = examined(survey, before_deploy=before_deploy)
    return [each for each in found if each.standing is not Standing.SOUND]


# Around the function


def channel(**changed: object) -> Plant:
    """The delivery channel becomes another."""
    return lambda account: account.change_channel(**changed)


def unknown_filters(condition: str) -> Plant:
    """The delivery channel is somebody else's, with filters that no page tells."""

    def plant(account: Account) -> None:
        (now,) = account.cloud.config.channels()
        theirs = replace(now, name="theirs", description="theirs", condition=condition)
        account.cloud.config.keep_channel(theirs)

    return plant


def answer_lost(account: Account) -> None:
    """The delivery channel will be made, and nobody told of it: it is found at the next try."""
    account.cloud.faults.add("config:CreateConfigDeliveryChannel", Drop())


def overtaken(account: Account) -> None:
    """Another run will make the delivery channel in the same moment: there are two then."""
    config = account.cloud.config
    create = config.create_channel

    def create_too(channel: Channel) -> Channel:
        made = create(channel)  # refused as long as the topic is too new
        del config.create_channel  # once
        create(channel)
        return made

    config.create_channel = create_too  # type: ignore[method-assign]


def no_channel(account: Account) -> None:
    """The delivery channel goes."""
    for each in account.cloud.config.channels():
        account.cloud.config.delete_channel(each.id)


def inactive_rule(account: Account) -> None:
    """The rule is switched off."""
    account.cloud.config.switch_rule(account.rule_id, active=False)


def no_topic(account: Account) -> None:
    """The topic goes, with its subscriptions."""
    account.cloud.mns.delete_topic(TOPIC)


def no_subscription(account: Account) -> None:
    """The trigger's subscription goes, as somebody can have it in the console."""
    for name in account.cloud.mns.topic(TOPIC).subscriptions:
        account.cloud.mns.unsubscribe(TOPIC, name)


def trust(role_name: str, service: str) -> Plant:
    """A role is trusted by another service than it should be."""

    def plant(account: Account) -> None:
        account.cloud.ram.role(role_name).trust = policies.trust(service)

    return plant


def foreign_trigger_role(account: Account) -> None:
    """The trigger's role is somebody else's, and trusts Function Compute."""
    no_trigger_role(account)
    account.cloud.ram.create_role(ROLE, policies.trust("fc.aliyuncs.com"))


def no_trigger_role(account: Account) -> None:
    """The trigger's role goes."""
    for policy in list(account.cloud.ram.role(ROLE).attached):
        account.cloud.ram.detach(ROLE, *policy)
    account.cloud.ram.delete_role(ROLE)


def detached(role_name: str, policy: str) -> Plant:
    """A role loses a policy of Alibaba Cloud's."""
    return lambda account: account.cloud.ram.detach(role_name, "System", policy)


def short_retention(account: Account) -> None:
    """The failure queue keeps messages as long as it does by default."""
    request = mns.SetQueueAttributesRequest(queue_name=QUEUE, message_retention_period=345600)
    account.clients.mns.set_queue_attributes(request)


def small_queue_messages(account: Account) -> None:
    """The failure queue takes small messages alone."""
    request = mns.SetQueueAttributesRequest(queue_name=QUEUE, maximum_message_size=2048)
    account.clients.mns.set_queue_attributes(request)


def small_topic_messages(account: Account) -> None:
    """The topic takes small messages alone."""
    request = mns.SetTopicAttributesRequest(topic_name=TOPIC, max_message_size=2048)
    account.clients.mns.set_topic_attributes(request)


def no_queue(account: Account) -> None:
    """The failure queue goes."""
    account.cloud.mns.delete_queue(QUEUE)


def waiting(days: int, messages: int) -> Plant:
    """Messages came into the failure queue some days ago."""

    def plant(account: Account) -> None:
        account.cloud.clock.advance(-days * 86400)
        for _ in range(messages):
            account.cloud.mns.send(QUEUE, '{"requestPayload":"{}"}')
        account.cloud.clock.advance(days * 86400)

    return plant


def no_index(account: Account) -> None:
    """The log store's index goes."""
    account.clients.log.delete_index(account.log_project, STORE)


def adopted_store(account: Account) -> None:
    """The log store was there before, and keeps logs for longer than is declared."""
    state, project = account.cloud.log, account.log_project
    state.delete_project(project)
    state.create_project(project, "somebody's")
    days = account.spec.log_retention + 1
    state.create_store(project, STORE, {"ttl": days, "shardCount": 1})
    mend(account)


def no_full_text(account: Account) -> None:
    """The log store has an index of fields alone."""
    _keep_of_the_index(account, "keys")


def no_fields(account: Account) -> None:
    """The index is of whole logs alone: nothing can be counted by."""
    _keep_of_the_index(account, "line")


def _keep_of_the_index(account: Account, part: str) -> None:
    sdk, place = account.clients.log, (account.log_project, STORE)
    kept = getattr(sdk.get_index(*place).body, part)
    sdk.update_index(*place, log.UpdateIndexRequest(body=log.Index(**{part: kept})))


def no_store(account: Account) -> None:
    """The log store goes."""
    account.clients.log.delete_log_store(account.log_project, STORE)


# The function and what it belongs to


def no_trigger(account: Account) -> None:
    """The trigger goes."""
    compute(account.spec, account.clients).delete_trigger(account.spec.trigger.name)


def trigger(*, role: str | None) -> Plant:
    """The trigger is made with another role."""

    def plant(account: Account) -> None:
        declared = account.spec.trigger
        no_trigger(account)
        config = {"notifyContentFormat": "STREAM", "notifyStrategy": declared.strategy}
        request = fc.CreateTriggerRequest(
            trigger_name=declared.name,
            trigger_type="mns_topic",
            trigger_config=json.dumps(config),
            invocation_role=role,
            source_arn=declared.source_arn,
        )
        account.clients.fc.create_trigger(SERVICE, FUNCTION, request)

    return plant


def undeclared_policy(account: Account) -> None:
    """The role is given more than s.yaml says."""
    account.cloud.ram.attach(FUNCTION_ROLE, "System", "AdministratorAccess")


def another_trigger(account: Account) -> None:
    """Somebody lets the function take the messages of another topic too."""
    spec = account.spec
    account.cloud.mns.create_topic(OTHER_TOPIC)
    request = fc.CreateTriggerRequest(
        trigger_name="another",
        trigger_type="mns_topic",
        trigger_config='{"notifyContentFormat": "STREAM", "notifyStrategy": "BACKOFF_RETRY"}',
        invocation_role=spec.trigger.role_arn,
        source_arn=spec.trigger.source_arn.replace(spec.trigger.topic, OTHER_TOPIC),
    )
    account.clients.fc.create_trigger(SERVICE, FUNCTION, request)


def service(*, role: str = "", logs: bool = True) -> Plant:
    """The service gets another role of the account, or loses its logs."""

    def plant(account: Account) -> None:
        arn = account.cloud.ram.arn(role) if role else None
        off = fc.LogConfig(project="", logstore="")
        request = fc.UpdateServiceRequest(role=arn, log_config=None if logs else off)
        account.clients.fc.update_service(SERVICE, request)

    return plant


def function(**changed: object) -> Plant:
    """The function is changed by hand."""
    return lambda account: account.update(**changed)


def variable(name: str, value: str) -> Plant:
    """One of the function's environment variables is changed by hand."""

    def plant(account: Account) -> None:
        variables = {**account.spec.function.environment, name: value}
        account.update(environment_variables=variables)

    return plant


def no_destination(account: Account) -> None:
    """The function's asynchronous configuration goes."""
    compute(account.spec, account.clients).delete_async()


# An account that others were at work on before


def filled_by_others(account: Account) -> None:
    """Everything is there already, by hands other than provision's, and some of it lacks a bit."""
    cloud, project = account.cloud, account.log_project
    cloud.mns.create_topic(TOPIC)
    cloud.mns.create_queue(QUEUE)
    trusted = policies.document(
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Service": ["fc.aliyuncs.com", "mns.aliyuncs.com"]},
        }
    )
    cloud.ram.create_role(ROLE, trusted, description="theirs")
    cloud.ram.attach(ROLE, "System", "AliyunOSSReadOnlyAccess")
    cloud.log.create_project(project, "theirs")
    cloud.log.create_store(project, STORE, {"ttl": 3650, "shardCount": 2})
    index = log.Index(keys={"message": log.IndexKey(type="text", token=[","])})
    account.clients.log.create_index(project, STORE, log.CreateIndexRequest(body=index))
    cloud.config.create_rule(RULE, MANAGED, risk_level=3)
    condition = [
        {"filterType": "RuleRiskLevel", "value": "1"},
        {"filterType": "ResourceType", "values": ["ACS::ECS::Instance"]},
    ]
    cloud.config.create_channel(
        Channel(
            account.topic_arn,
            name="theirs",
            description="theirs",
            condition=json.dumps(condition),
            active=False,
        )
    )


def reopened_unseen(account: Account) -> None:
    """A bucket `reopened` that a sweep closed, and that is open again, unseen by Cloud Config."""
    cloud = account.cloud
    account.plant(reopened="public-read")
    key = account.rule_id, "reopened"
    found = cloud.config._results[key]
    cloud.config._results[key] = replace(found, evaluated_at=found.evaluated_at - 3600)
    noticing = cloud.oss.on_change[:]
    cloud.oss.on_change.clear()
    assert account.run("sweep", "--yes") == 0
    assert account.acls()["reopened"] == "private"
    cloud.oss.set_acl("reopened", "public-read")
    cloud.oss.on_change.extend(noticing)
