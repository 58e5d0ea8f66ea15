"""Situations that a verb meets: each brings an account there that has all deployed, or nothing."""

from dataclasses import replace
from datetime import date, datetime, timedelta, timezone

from alibabacloud_fc_open20210406 import models as fc

from resource_repair.exemptions import Exemption, Exemptions
from scripts import ROOT
from scripts.account.mark import TAG_KEY
from scripts.account.package import exemptions_in, with_exemptions
from scripts.declared.rule_ids import variable
from scripts.localcloud import Fail
from scripts.localcloud.log.index import Index
from scripts.localcloud.mns.queue import QueueAttributes
from scripts.localcloud.mns.state import TopicAttributes
from scripts.localcloud.ram import policies
from tests.account import FUNCTION, QUEUE, ROLE, SERVICE, TOPIC, Account
from tests.contract.spoil import provisioned
from tests.parts import age, derive, edit, least_privilege, public_policy, remediate

ALERT = "resource-repair-unsettled"
TAG = "public-until"
EVENT = str(ROOT / "events" / "ignored_other_rule.json")
LEFTOVER = "resource-repair-proof-0123456789abcdef"
IN_A_MONTH = (datetime.now(timezone.utc) + timedelta(days=30)).date().isoformat()
_OF_ENCRYPTION = ("--remediation", "encryption")
UNDO = ("--bucket", "site", "--reason", "the site", "--owner", "web", "--expires", IN_A_MONTH)


def nothing(_: Account) -> None:
    """An account without anything of ours."""


def deployed(_: Account) -> None:
    """The function too."""


def deploy(account: Account) -> None:
    """Make everything, or mend it."""
    provisioned(account)
    assert account.run("apply", "--yes") == 0


def drifted(account: Account) -> None:
    """Everything around the function is there, and nothing of it as it should be."""
    provisioned(account)
    cloud, project = account.cloud, account.log_project
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


def under_least(account: Account) -> None:
    """s.yaml takes the role of least privilege, and nothing is there."""
    least_privilege(account.path)


def least_drifted(account: Account) -> None:
    """That role is there, and is trusted by others, may do more, and what it may is not that."""
    under_least(account)
    provisioned(account)
    ram, name = account.cloud.ram, account.spec.service.role.name
    ram.role(name).trust = policies.trust("ecs.aliyuncs.com")
    ram.attach(name, "System", "AdministratorAccess")
    ram.create_policy_version(name, policies.document(policies.allow("oss:*")), default=True)


def deployed_under_least(account: Account) -> None:
    """The function runs under that role."""
    under_least(account)
    deploy(account)


def log_project_of_another(account: Account) -> None:
    """Names of log projects are global: this one is another account's."""
    account.cloud.log.create_project(account.log_project, owner="9999999999999999")


def log_project_without_store(account: Account) -> None:
    """Somebody made the log project, and nothing in it."""
    account.cloud.log.create_project(account.log_project)


def log_kept_for_longer(account: Account) -> None:
    """Somebody made the log project and a store, which keeps logs for ten years."""
    log_project_without_store(account)
    account.cloud.log.create_store(account.log_project, "audit", {"ttl": 3650, "shardCount": 1})


def somebody_to_be_woken(account: Account) -> None:
    """.env names somebody."""
    account.env.write_text("ALERT_EMAIL=on-call@example.com\n", "utf-8")


def woken(account: Account) -> None:
    """Everything, and alerts that go to somebody."""
    somebody_to_be_woken(account)
    provisioned(account)


def alerts_off(account: Account) -> None:
    """Alerts are there, one of them off, and go to somebody else."""
    woken(account)
    account.cloud.log.alerts.switch(account.log_project, ALERT, "DISABLED")
    account.env.write_text("ALERT_EMAIL=other@example.com\n", "utf-8")


def undeclared(account: Account) -> None:
    """Somebody gave service, function and role by hand what s.yaml does not have."""
    api = account.clients.fc
    account.cloud.ram.attach(account.spec.service.role.name, "System", "AdministratorAccess")
    api.create_vpc_binding(SERVICE, fc.CreateVpcBindingRequest(vpc_id="vpc-1"))
    config = fc.PutFunctionAsyncInvokeConfigRequest(max_async_retry_attempts=1, qualifier="7")
    api.put_function_async_invoke_config(SERVICE, FUNCTION, config)


def deployed_otherwise(account: Account) -> None:
    """The function, its service, role, policy and trigger are there, from another s.yaml."""
    path = account.path
    right = path.read_text("utf-8")
    for old, new in (
        ("description: Closes OSS", "description: Closed OSS"),
        ("timeout: 60", "timeout: 61"),
        ("retries: 3", "retries: 2"),
        ("Action: [log:PostLogStoreLogs]", "Action: [log:Nothing]"),
        ("notifyContentFormat: STREAM", "notifyContentFormat: JSON"),
    ):
        edit(path, old, new)
    deploy(account)
    path.write_text(right, "utf-8")
    role = account.cloud.ram.role("resource-repair-role")
    role.trust = policies.trust("ecs.aliyuncs.com")


def built_anew(account: Account) -> None:
    """The function runs other code than is built here, which exempts one bucket more."""
    code = account.folder / "build" / "function.zip"
    package = code.read_bytes()
    another = Exemption("config-assets", "the site", "web", date.fromisoformat(IN_A_MONTH))
    held = exemptions_in(package, "it").entries
    code.write_bytes(with_exemptions(package, Exemptions((*held, another))))


def asynchronous_no_more(account: Account) -> None:
    """s.yaml had an asynchronous configuration, and has none."""
    _, _, after = (account.folder / "s.yaml").read_text("utf-8").partition("asyncConfiguration:")
    declared = after[: after.index("\n      triggers:")]
    edit(account.path, f"        asyncConfiguration:{declared}", "")


def log_project_of_somebody(account: Account) -> None:
    """Only the store in it is ours."""
    log_project_without_store(account)
    deploy(account)


def failure_waiting(account: Account) -> None:
    """A message is in the failure queue."""
    account.cloud.mns.send(QUEUE, "{}")


def proof_left(account: Account) -> None:
    """A proof of the loop was killed, two hours ago."""
    account.cloud.oss.create(LEFTOVER)
    account.cloud.oss.set_tags(LEFTOVER, {TAG_KEY: "resource-repair-proof"})
    account.rest()
    age(account.cloud, LEFTOVER)


def logs_kept_for_longer_by_somebody(account: Account) -> None:
    """Somebody's log project keeps the logs of the function for ten years."""
    log_kept_for_longer(account)
    deploy(account)


def open_since_before(account: Account) -> None:
    """A bucket is open since before anybody acted on it."""
    account.plant(old="public-read")


def open_where_tags_exempt(account: Account) -> None:
    """The same, where a tag may exempt a bucket: this one has none."""
    edit(account.path, "exemptTag: none", f"exemptTag: {TAG}")
    open_since_before(account)
    assert account.run("apply", "--yes") == 0


def yet_to_be_deployed_where_tags_exempt(account: Account) -> None:
    """Likewise, and there is no function yet."""
    edit(account.path, "exemptTag: none", f"exemptTag: {TAG}")
    account.cloud.oss.create("old", acl="public-read")
    provisioned(account)


def finding_given_up(account: Account) -> None:
    """A finding is in the failure queue, and what was in the way of its repair no longer is."""
    account.cloud.faults.add("oss:PutBucketAcl", Fail(403, "AccessDenied"), times=100)
    account.cloud.oss.create("opened", acl="public-read")
    account.rest()
    account.cloud.faults.clear()


def senseless_message(account: Account) -> None:
    """A message that can never be settled is in the failure queue."""
    account.cloud.mns.send(QUEUE, "senseless")


def open_by_policy(account: Account) -> None:
    """Everything around the function, and a bucket whose policy alone is public."""
    account.cloud.config.rule_tests = "acl_and_policy"
    account.cloud.oss.create("config-policy")
    account.cloud.oss.set_policy("config-policy", public_policy("config-policy"))
    provisioned(account)


def deployed_by_policy(account: Account) -> None:
    """The function too."""
    account.cloud.config.rule_tests = "acl_and_policy"
    account.plant(config_policy="private")
    account.open_by_policy("config-policy")


def told_of_a_policy(account: Account) -> None:
    """A bucket was closed by its ACL, and is public by its policy."""
    account.plant(leaky="private")
    account.open_by_policy("leaky")
    account.cloud.oss.set_acl("leaky", "public-read")
    account.rest()
    account.cloud.settle()


def paused(account: Account) -> None:
    """The function is paused."""
    assert account.run("pause") == 0


def paused_where_tags_exempt(account: Account) -> None:
    """Likewise, with a bucket that is open and has no such tag."""
    open_where_tags_exempt(account)
    assert account.run("pause") == 0


def paused_by_policy(account: Account) -> None:
    """Likewise, with a bucket whose policy alone is public."""
    deployed_by_policy(account)
    assert account.run("pause") == 0


def of_two_sites(account: Account) -> None:
    """Both endpoints of Cloud Config are there to be asked, and one serves the account."""
    address = account.cloud.endpoints.config.removeprefix("http://")
    account.shell["RESOURCE_REPAIR_CONFIG_ENDPOINT"] = f"http://{{region}}.{address}"
    account.cloud.config.site = "cn-shanghai"


def repaired(account: Account) -> None:
    """A bucket was closed, and its site is down."""
    account.cloud.oss.create("site", acl="public-read")
    account.rest()
    assert account.cloud.oss.bucket("site").acl == "private"


def with_policies(account: Account) -> None:
    """Policies are mended too, and a bucket whose policy lets everybody in is there."""
    least_privilege(account.path)
    remediate(account.path, "policy:${env(POLICY_RULE_ID)}:enforce")
    provisioned(account)
    assert account.run("apply", "--yes") == 0
    account.plant(site="private")
    account.open_by_policy("site")
    account.cloud.settle()


def yet_to_be_deployed_with_policies(account: Account) -> None:
    """The same, before policies are mended: their number is given."""
    least_privilege(account.path)
    account.plant(site="private")
    account.open_by_policy("site")
    remediate(account.path, "policy:${env(POLICY_RULE_ID)}:enforce")
    provisioned(account)
    account.shell["EXPECT_POLICY"] = "1"


def repaired_by_others(account: Account) -> None:
    """A policy was mended, and a bucket is encrypted; their owners want that undone."""
    least_privilege(account.path)
    told = (f"{name}:${{env({variable(name)})}}:enforce" for name in ("encryption", "policy"))
    remediate(account.path, ";".join(told))
    provisioned(account)
    assert account.run("apply", "--yes") == 0
    with account.unnoticed():
        account.cloud.oss.create("site")
        account.cloud.oss.set_policy("site", public_policy("site"))
    account.cloud.settle()
    assert account.run("sweep", "--yes") == 0
    account.cloud.clock.advance(2)


def moved(account: Account) -> None:
    """It is on the other generation too, from which it was moved."""
    derive(account.folder / "s.yaml")
    other = str(account.folder / account.generation.other.template)
    for verb in ("provision", "apply"):
        assert account.run(verb, "--yes", "--spec", other) == 0
