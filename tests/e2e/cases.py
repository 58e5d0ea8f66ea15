"""Each verb in the situations that, together, make it do all that it can do."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from typing import NamedTuple

from alibabacloud_fc_open20210406 import models as fc

from resource_repair.exemptions import Exemption, Exemptions
from scripts import ROOT
from scripts.account.mark import TAG_KEY
from scripts.account.package import exemptions_in, with_exemptions
from scripts.localcloud import Drop, Fail
from scripts.localcloud.config.channels import Channel
from scripts.localcloud.log.index import Index
from scripts.localcloud.mns.queue import QueueAttributes
from scripts.localcloud.mns.state import TopicAttributes
from scripts.localcloud.ram import policies
from tests.contract import apply_helpers
from tests.contract.provision_rig import QUEUE, ROLE, TOPIC
from tests.e2e.operator_rig import Operator
from tests.e2e.scene import PUBLIC_POLICY

ALERT = "resource-repair-unsettled"
TAG = "public-until"
EVENT = str(ROOT / "events" / "ignored_other_rule.json")
LEFTOVER = "resource-repair-proof-0123456789abcdef"
IN_A_MONTH = (datetime.now(timezone.utc) + timedelta(days=30)).date().isoformat()
UNDO = ("--bucket", "site", "--reason", "the site", "--owner", "web", "--expires", IN_A_MONTH)


class Case(NamedTuple):
    """A verb, what is there when it is run, what it is told besides, and its exit code."""

    verb: str
    given: Callable[[Operator], object]
    arguments: tuple[str, ...] = ()
    ends: int = 0

    def run(self, operator: Operator) -> int:
        """The exit code."""
        return operator.run(self.verb, *self.arguments)


def nothing(_: Operator) -> None:
    """An account without anything of ours."""


def provisioned(operator: Operator) -> None:
    """Everything around the function."""
    assert operator.run("provision", "--yes") == 0
    operator.rest()


def deployed(operator: Operator) -> None:
    """The function too."""
    provisioned(operator)
    assert operator.run("apply", "--yes") == 0


def drifted(operator: Operator) -> None:
    """Everything around the function is there, and nothing of it as it should be."""
    provisioned(operator)
    cloud, project = operator.cloud, operator.account.project
    (rule,), (channel,) = cloud.config.rules(), cloud.config.channels()
    cloud.mns.set_topic(TOPIC, TopicAttributes(maximum_message_size=2048))
    cloud.mns.set_queue(QUEUE, QueueAttributes(message_retention_period=345600))
    cloud.ram.role(ROLE).trust = policies.trust("ecs.aliyuncs.com")
    cloud.ram.detach(ROLE, "System", "AliyunMNSNotificationRolePolicy")
    cloud.log.update_store(project, "audit", {"ttl": 7})
    fields = {"keys": {"outcome": {"type": "text", "token": [","]}}}
    cloud.log.update_index(project, "audit", Index.parse(fields))
    cloud.config.switch_rule(rule.id, active=False)
    cloud.config.update_channel(replace(channel, active=False))


def answer_lost(operator: Operator) -> None:
    """The delivery channel will be made, and nobody told of it: it is found at the next try."""
    operator.cloud.faults.add("config:CreateConfigDeliveryChannel", Drop())


def overtaken(operator: Operator) -> None:
    """Another run will make the delivery channel in the same moment: there are two then."""
    config = operator.cloud.config
    create = config.create_channel

    def create_too(channel: Channel) -> Channel:
        config.create_channel = create  # type: ignore[method-assign]  # once
        create(channel)
        return create(channel)

    config.create_channel = create_too  # type: ignore[method-assign]


def log_project_of_another(operator: Operator) -> None:
    """Names of log projects are global: this one is another account's."""
    operator.cloud.log.create_project(operator.account.project, owner="9999999999999999")


def log_project_without_store(operator: Operator) -> None:
    """Somebody made the log project, and nothing in it."""
    operator.cloud.log.create_project(operator.account.project)


def log_kept_for_longer(operator: Operator) -> None:
    """Somebody made the log project and a store, which keeps logs for ten years."""
    log_project_without_store(operator)
    operator.cloud.log.create_store(
        operator.account.project, "audit", {"ttl": 3650, "shardCount": 1}
    )


def somebody_to_be_woken(operator: Operator) -> None:
    """.env names somebody."""
    operator.account.env.write_text("ALERT_EMAIL=on-call@example.com\n", "utf-8")


def woken(operator: Operator) -> None:
    """Everything, and alerts that go to somebody."""
    somebody_to_be_woken(operator)
    deployed(operator)


def alerts_off(operator: Operator) -> None:
    """Alerts are there, one of them off, and go to somebody else."""
    woken(operator)
    operator.cloud.log.alerts.switch(operator.account.project, ALERT, "DISABLED")
    operator.account.env.write_text("ALERT_EMAIL=other@example.com\n", "utf-8")


def undeclared(operator: Operator) -> None:
    """Somebody gave service, function and role by hand what s.yaml does not have."""
    deployed(operator)
    spec, api = operator.account.spec(), operator.account.clients().fc
    place = (spec.service.name, spec.function.name)
    operator.cloud.ram.attach(spec.service.role.name, "System", "AdministratorAccess")
    api.create_vpc_binding(place[0], fc.CreateVpcBindingRequest(vpc_id="vpc-1"))
    config = fc.PutFunctionAsyncInvokeConfigRequest(max_async_retry_attempts=1, qualifier="7")
    api.put_function_async_invoke_config(*place, config)


def deployed_otherwise(operator: Operator) -> None:
    """The function, its service, role, policy and trigger are there, from another s.yaml."""
    path = operator.account.path
    right = path.read_text("utf-8")
    for old, new in (
        ("description: Closes OSS", "description: Closed OSS"),
        ("timeout: 60", "timeout: 61"),
        ("retries: 3", "retries: 2"),
        ("Action: [log:PostLogStoreLogs]", "Action: [log:Nothing]"),
        ("notifyContentFormat: STREAM", "notifyContentFormat: JSON"),
    ):
        apply_helpers.edit(path, old, new)
    deployed(operator)
    path.write_text(right, "utf-8")
    role = operator.cloud.ram.role("resource-repair-role")
    role.trust = policies.trust("ecs.aliyuncs.com")


def built_anew(operator: Operator) -> None:
    """The function runs other code than is built here, which exempts one bucket more."""
    deployed(operator)
    code = operator.folder / "build" / "function.zip"
    package = code.read_bytes()
    another = Exemption("config-assets", "the site", "web", date.fromisoformat(IN_A_MONTH))
    held = exemptions_in(package, "it").entries
    code.write_bytes(with_exemptions(package, Exemptions((*held, another))))


def asynchronous_no_more(operator: Operator) -> None:
    """s.yaml had an asynchronous configuration, and has none."""
    deployed(operator)
    path = operator.account.path
    before, _, after = path.read_text("utf-8").partition("        asyncConfiguration:")
    path.write_text(before + after[after.index("\n      triggers:") :], "utf-8")


def log_project_of_somebody(operator: Operator) -> None:
    """Only the store in it is ours."""
    log_project_without_store(operator)
    deployed(operator)


def failure_waiting(operator: Operator) -> None:
    """A message is in the failure queue."""
    deployed(operator)
    operator.cloud.mns.send(QUEUE, "{}")


def proof_left(operator: Operator) -> None:
    """A proof of the loop was killed, two hours ago."""
    deployed(operator)
    operator.cloud.oss.create(LEFTOVER)
    operator.cloud.oss.set_tags(LEFTOVER, {TAG_KEY: "resource-repair-proof"})
    operator.rest()
    age(operator, LEFTOVER)


def age(operator: Operator, bucket: str) -> None:
    """Let a bucket have been made two hours ago."""
    buckets = operator.cloud.oss._buckets
    made = buckets[bucket].created_at - 2 * 3600
    buckets[bucket] = replace(buckets[bucket], created_at=made)


def logs_kept_for_longer_by_somebody(operator: Operator) -> None:
    """Somebody's log project keeps the logs of the function for ten years."""
    log_kept_for_longer(operator)
    deployed(operator)


def open_since_before(operator: Operator) -> None:
    """A bucket is open since before anybody acted on it."""
    operator.cloud.oss.create("old", acl="public-read")
    deployed(operator)


def open_where_tags_exempt(operator: Operator) -> None:
    """The same, where a tag may exempt a bucket: this one has none."""
    apply_helpers.edit(operator.account.path, "exemptTag: none", f"exemptTag: {TAG}")
    open_since_before(operator)


def yet_to_be_deployed_where_tags_exempt(operator: Operator) -> None:
    """Likewise, and there is no function yet."""
    apply_helpers.edit(operator.account.path, "exemptTag: none", f"exemptTag: {TAG}")
    operator.cloud.oss.create("old", acl="public-read")
    provisioned(operator)


def finding_given_up(operator: Operator) -> None:
    """A finding is in the failure queue, and what was in the way of its repair no longer is."""
    deployed(operator)
    operator.cloud.faults.add("oss:PutBucketAcl", Fail(403, "AccessDenied"), times=100)
    operator.cloud.oss.create("opened", acl="public-read")
    operator.rest()
    operator.cloud.faults.clear()


def open_by_policy(operator: Operator) -> None:
    """Everything around the function, and a bucket whose policy alone is public."""
    operator.cloud.config.rule_tests = "acl_and_policy"
    operator.cloud.oss.create("config-policy")
    operator.cloud.oss.set_policy("config-policy", PUBLIC_POLICY)
    provisioned(operator)


def deployed_by_policy(operator: Operator) -> None:
    """The function too."""
    open_by_policy(operator)
    assert operator.run("apply", "--yes") == 0


def paused(operator: Operator) -> None:
    """The function is paused."""
    deployed(operator)
    assert operator.run("pause") == 0


def paused_where_tags_exempt(operator: Operator) -> None:
    """Likewise, with a bucket that is open and has no such tag."""
    open_where_tags_exempt(operator)
    assert operator.run("pause") == 0


def paused_by_policy(operator: Operator) -> None:
    """Likewise, with a bucket whose policy alone is public."""
    deployed_by_policy(operator)
    assert operator.run("pause") == 0


def repaired(operator: Operator) -> None:
    """A bucket was closed, and its site is down."""
    deployed(operator)
    operator.cloud.oss.create("site", acl="public-read")
    operator.rest()
    assert operator.cloud.oss.bucket("site").acl == "private"


CASES = (
    Case("provision", nothing, ("--yes",)),
    Case("provision", drifted, ("--yes",)),
    Case("provision", answer_lost, ("--yes",)),
    Case("provision", overtaken, ("--yes",)),
    Case("provision", log_project_of_another, ("--yes",), ends=1),
    Case("provision", log_project_without_store, ("--yes",)),
    Case("provision", log_kept_for_longer, ("--yes",)),
    Case("provision", somebody_to_be_woken, ("--yes",)),
    Case("provision", alerts_off, ("--yes",)),
    Case("apply", provisioned, ("--yes",)),
    Case("apply", deployed_otherwise, ("--yes",)),
    Case("apply", built_anew, ("--yes",)),
    Case("apply", undeclared, ("--yes",)),
    Case("apply", asynchronous_no_more, ("--yes",)),
    Case("apply", open_by_policy, ("--yes",)),
    Case("apply", yet_to_be_deployed_where_tags_exempt, ("--yes",)),
    Case("doctor", deployed),
    Case("doctor", failure_waiting, ends=1),
    Case("doctor", woken),
    Case("doctor", logs_kept_for_longer_by_somebody),
    Case("doctor", deployed_by_policy),
    Case("doctor", open_where_tags_exempt),
    Case("verify", deployed),
    Case("verify", built_anew, ends=1),
    Case("verify", proof_left, ("--loop",)),
    Case("evaluate", open_since_before, ("--expect", "1")),
    Case("evaluate", deployed_by_policy, ("--expect", "0", "--yes"), ends=1),
    Case("evaluate", open_where_tags_exempt, ("--expect", "1")),
    Case("sweep", open_since_before, ("--yes",)),
    Case("sweep", open_where_tags_exempt, ("--due", "--grace", "0", "--yes")),
    Case("redrive", finding_given_up, ("--yes",)),
    Case("redrive", finding_given_up, ("--yes", "--to", "topic", "--timeout", "10")),
    Case("status", open_since_before),
    Case("status", open_since_before, ("--bucket", "old")),
    Case("status", open_where_tags_exempt),
    Case("publish", deployed, (EVENT,)),
    Case("invoke", deployed, (EVENT,)),
    Case("audit", deployed),
    Case("report", open_since_before),
    Case("report", open_where_tags_exempt),
    Case("test-alert", woken),
    Case("pause", deployed, ("--reason", "the site moves")),
    Case("resume", paused, ("--yes",)),
    Case("resume", paused_where_tags_exempt, ("--yes",)),
    Case("resume", paused_by_policy, ("--yes",)),
    Case("undo", repaired, (*UNDO, "--watch", "0", "--yes")),
    Case("remove", deployed, ("--yes", "--roles")),
    Case("remove", woken, ("--yes", "--roles")),
    Case("remove", log_project_of_somebody, ("--yes",)),
    Case("remove", failure_waiting, ("--yes",), ends=1),
)
