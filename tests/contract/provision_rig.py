"""A cloud that provision fills and remove empties, and what is in it, to be compared."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from alibabacloud_fc_open20210406 import models
from alibabacloud_sls20201230 import models as sls

from scripts import cli
from scripts.account import deploy_plan
from scripts.account.clients import Clients, fixed_credentials
from scripts.account.permission import Permission
from scripts.declared import Spec, load
from scripts.declared.dotenv import environment
from scripts.declared.rule_ids import RULE_ID
from scripts.localcloud.cloud import LocalCloud
from scripts.localcloud.config.channels import Channel
from scripts.localcloud.journal import Entry
from scripts.localcloud.ram import policies
from scripts.localcloud.ram.state import Credentials
from tests.contract import apply_helpers

TOPIC = "MNSTestConfig"
QUEUE = "resource-repair-failed"
RULE = "test-oss-bucket-public-read-prohibited"
MANAGED = "oss-bucket-public-read-prohibited"
ROLE = "AliyunMNSNotificationRole"
MARK = "made-by resource-repair-provision"
TAG = {"made-by": "resource-repair-provision"}

SERVICE, FUNCTION = "resource_repair", "oss_repair_acl_trigger"
FUNCTION_ROLE = "resource-repair-role"
MNS_POLICY = "AliyunFcGeneratedMNSPolicy-cn-shanghai-resource-repair"


class Account:
    """A project on a cloud, run as its operator runs it."""

    def __init__(self, cloud: LocalCloud, folder: Path) -> None:
        self.cloud = cloud
        self.path = apply_helpers.project(folder)
        self.env = folder / ".env"
        self.project = f"resource-repair-{cloud.account_id}"
        self.topic_arn = f"acs:mns:{cloud.region}:{cloud.account_id}:/topics/{TOPIC}"
        self._start = len(cloud.journal.entries())

    def provision(self, *arguments: str, **changed: Any) -> int:
        """The exit code of provision."""
        return self._run("provision", *arguments, **changed)

    def remove(self, *arguments: str, **changed: Any) -> int:
        """The exit code of remove."""
        return self._run("remove", *arguments, **changed)

    def _run(
        self,
        verb: str,
        *arguments: str,
        key: Credentials | None = None,
        **shell: str,
    ) -> int:
        held = key or self.cloud.credentials
        endpoints = {
            f"RESOURCE_REPAIR_{service.upper()}_ENDPOINT": url
            for service, url in self.cloud.endpoints._asdict().items()
        }
        credentials = fixed_credentials(
            held.access_key_id, held.access_key_secret, held.security_token
        )
        environ = {**endpoints, **shell}
        return cli.run(
            verb,
            "--spec",
            str(self.path),
            *arguments,
            environ=environ,
            credentials=credentials,
        )

    def clients(self) -> Clients:
        """The SDK clients of the account's owner."""
        return apply_helpers.clients(self.cloud)

    def spec(self) -> Spec:
        """The spec, with the rule's id from .env."""
        return load(self.path, environment(self.env, {RULE_ID: "cr-1"}), self.cloud.account_id)

    def deploy(self) -> None:
        """Put the function on the account."""
        deploy_plan.apply(deploy_plan.plan(self.spec(), self.clients()))

    def key_of(self, permissions: tuple[Permission, ...]) -> Credentials:
        """The key of somebody who has these permissions alone."""
        ram, where = self.cloud.ram, (self.cloud.account_id, self.cloud.region)
        statements = [dict(permission.statement(*where)) for permission in permissions]
        ram.create_policy("operator", policies.document(*statements))
        ram.create_role("operator", policies.trust("ecs.aliyuncs.com"))
        ram.attach("operator", "Custom", "operator")
        return ram.assume("operator", "shift")

    def writes(self) -> list[str]:
        """The operations since the start that changed something, or tried to, in order."""
        return [entry.action for entry in self._requests() if _writes(entry)]

    def _requests(self) -> Iterator[Entry]:
        entries = self.cloud.journal.entries()[self._start :]
        return (entry for entry in entries if "request" in entry.details)

    def functions(self) -> list[str]:
        """All services and their functions."""
        fc = self.clients().fc
        found = []
        for service in fc.list_services(models.ListServicesRequest()).body.services:
            name = service.service_name
            listed = fc.list_functions(name, models.ListFunctionsRequest()).body.functions
            found += [name, *(f"{name}/{function.function_name}" for function in listed)]
        return found

    def state(self) -> dict[str, Any]:
        """What is in the account, without ids and times; as deep as the verbs go."""
        cloud = self.cloud
        return {
            "topics": {
                name: (cloud.mns.topic(name).attributes, dict(cloud.mns.topic(name).tags))
                for name in cloud.mns.topics()
            },
            "queues": {
                name: (cloud.mns.queue(name)[0].attributes, dict(cloud.mns.queue(name)[0].tags))
                for name in cloud.mns.queues()
            },
            "roles": {
                role.name: (role.trust, role.description, sorted(role.attached))
                for role in cloud.ram.roles.values()
            },
            "policies": {
                name: policy.document
                for (kind, name), policy in cloud.ram.policies.items()
                if kind == "Custom"
            },
            "rules": {
                rule.name: (rule.source, rule.active, dict(rule.tags))
                for rule in cloud.config.rules()
            },
            "channels": [_without_id(channel) for channel in cloud.config.channels()],
            "logs": dict(self._logs()),
            "functions": self.functions(),
        }

    def _logs(self) -> Iterator[tuple[str, Any]]:
        log = self.cloud.log
        for project in log.projects():
            yield project.name, project.description
            for name in log.stores(project.name):
                store = log.store(project.name, name)
                index = store.index and store.index.settings
                yield f"{project.name}/{name}", (store.settings["ttl"], index, dict(store.tags))


def fill_by_others(held: Account) -> None:
    """Everything is there already, by hands other than provision's, and some of it lacks a bit."""
    cloud = held.cloud
    cloud.mns.create_topic(TOPIC)
    cloud.mns.create_queue(QUEUE)
    trust = policies.document(
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Service": ["fc.aliyuncs.com", "mns.aliyuncs.com"]},
        }
    )
    cloud.ram.create_role(ROLE, trust, description="theirs")
    cloud.ram.attach(ROLE, "System", "AliyunOSSReadOnlyAccess")
    cloud.log.create_project(held.project, "theirs")
    store = {"logstoreName": "audit", "ttl": 3650, "shardCount": 2}
    cloud.log.create_store(held.project, "audit", store)
    key = {"message": {"type": "text", "token": [","]}}
    held.clients().log.create_index(held.project, "audit", _index(key))
    cloud.config.create_rule(RULE, MANAGED, risk_level=3)
    condition = [
        {"filterType": "RuleRiskLevel", "value": "1"},
        {"filterType": "ResourceType", "values": ["ACS::ECS::Instance"]},
    ]
    cloud.config.create_channel(
        Channel(
            held.topic_arn,
            name="theirs",
            description="theirs",
            condition=json.dumps(condition),
            active=False,
        )
    )


def _index(keys: dict[str, Any]) -> Any:
    wanted = {name: sls.IndexKey(**settings) for name, settings in keys.items()}
    return sls.CreateIndexRequest(body=sls.Index(keys=wanted))


def sampled(items: Iterable[str], *sample: str) -> list[Any]:
    """All as parameters; those that are not in the sample are run by `make test-all` alone."""
    return [
        pytest.param(each, marks=() if each in sample else pytest.mark.bad_days) for each in items
    ]


def settings(held: Account) -> Mapping[str, str]:
    """What .env says."""
    return environment(held.env, {})


def _writes(entry: Entry) -> bool:
    return not entry.action.startswith(("Get", "List", "Peek", "Download"))


def _without_id(channel: Channel) -> Mapping[str, Any]:
    return {name: value for name, value in vars(channel).items() if name != "id"}
