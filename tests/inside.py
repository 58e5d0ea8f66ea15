"""What is in an account on a local cloud, to be compared."""

from collections.abc import Iterator
from typing import Any

from alibabacloud_fc20230330 import models as alone
from alibabacloud_fc_open20210406 import models

from scripts.account.clients import Clients
from scripts.localcloud import LocalCloud


def functions(clients: Clients) -> list[str]:
    """All services and their functions, and those that stand alone."""
    found = []
    for service in clients.fc.list_services(models.ListServicesRequest()).body.services:
        name = service.service_name
        listed = clients.fc.list_functions(name, models.ListFunctionsRequest()).body
        found += [name, *(f"{name}/{each.function_name}" for each in listed.functions)]
    request = alone.ListFunctionsRequest(fc_version="v3")
    return found + [
        each.function_name for each in clients.fc3.list_functions(request).body.functions
    ]


def state(cloud: LocalCloud) -> dict[str, Any]:
    """Most of what is in the account, without ids and times, to be compared."""
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
            rule.name: (rule.source, rule.active, dict(rule.tags)) for rule in cloud.config.rules()
        },
        "channels": [{**vars(each), "id": ""} for each in cloud.config.channels()],
        "logs": dict(_logs(cloud)),
    }


def _logs(cloud: LocalCloud) -> Iterator[tuple[str, Any]]:
    log = cloud.log
    for each in log.projects():
        yield each.name, each.description
        for name in log.stores(each.name):
            store = log.store(each.name, name)
            index = store.index and store.index.settings
            yield f"{each.name}/{name}", (store.settings["ttl"], index, dict(store.tags))
