"""The log: whether audit lines are written, kept, and found."""

from collections.abc import Iterator

from scripts.account.audit_index import GET_INDEX
from scripts.account.inventory import LogIndex, LogProject, LogStore, Surrounding
from scripts.account.permission import Permission
from scripts.account.service import READ_SERVICE
from scripts.decide.chain.facts import LOG_CONFIG, Chain
from scripts.decide.chain.model import (
    PROVISION,
    Link,
    Remark,
    changing,
    fault,
    sound,
    undeployed,
    unlike,
)
from scripts.declared import Logs

_PROJECTS = "acs:log:{region}:{account}:project/*"


def _examine(chain: Chain) -> Iterator[Remark]:
    logs = chain.spec.service.logs
    if logs is None:
        yield fault(
            "s.yaml declares no logs: what the function did is written nowhere",
            "declare logConfig, with a project and a logstore, in s.yaml",
        )
        return
    wrong = [*_about_service(chain, logs), *_about_store(chain, logs)]
    yield from wrong or [sound(f"they go to {logs.project}/{logs.logstore}, which has an index")]


def _about_service(chain: Chain, logs: Logs) -> Iterator[Remark]:
    live = chain.service
    if live is None:
        return
    place = (live["logConfig.project"], live["logConfig.logstore"])
    if not all(place):
        yield undeployed(f"logs are off in {chain.spec.service.name}")
    elif place != (logs.project, logs.logstore):
        yield undeployed(
            f"{chain.spec.service.name} logs to {'/'.join(place)}, "
            f"and not to {logs.project}/{logs.logstore}"
        )
    else:
        differences = chain.service_differences(live)
        ours = [each for each in differences if each.field.startswith(LOG_CONFIG)]
        yield from unlike(chain.spec.service.name, ours)


def _about_store(chain: Chain, logs: Logs) -> Iterator[Remark]:
    """What provision would change, up to what is missing: each stands on the one before."""
    resources: tuple[Surrounding, ...] = (
        LogProject(logs, chain.clients),
        LogStore(logs, chain.spec.log_retention, chain.clients),
        LogIndex(logs, chain.clients),
    )
    for resource in resources:
        live = resource.live()
        if live is None:
            yield fault(f"there is no {resource.kind} {resource.name}", PROVISION)
            return
        kept_longer = int(live.get("ttl", 0)) > chain.spec.log_retention
        yield from changing(resource, live, harmless=["ttl"] if kept_longer else ())


LOGS = Link(
    "logs",
    (
        *READ_SERVICE,
        Permission("log:GetProject", _PROJECTS),
        Permission("log:GetLogStore", _PROJECTS),
        Permission("log:ListTagResources", _PROJECTS),
        GET_INDEX,
    ),
    _examine,
)
