"""The log: whether audit lines are written, kept, and found."""

from collections.abc import Iterator

from scripts.decide.chain.facts import LOG_CONFIG, Facts, known
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


def _examine(facts: Facts) -> Iterator[Remark]:
    logs = facts.spec.service.logs
    if logs is None:
        yield fault(
            "s.yaml declares no logs: what the function did is written nowhere",
            "declare logConfig, with a project and a logstore, in s.yaml",
        )
        return
    wrong = [*_about_service(facts, logs), *_about_store(facts)]
    yield from wrong or [sound(f"they go to {logs.project}/{logs.logstore}, which has an index")]


def _about_service(facts: Facts, logs: Logs) -> Iterator[Remark]:
    service = known(facts.service)
    live = service.live
    if live is None:
        return
    place = (live["logConfig.project"], live["logConfig.logstore"])
    if not all(place):
        yield undeployed(f"logs are off in {service.name}")
    elif place != (logs.project, logs.logstore):
        yield undeployed(
            f"{service.name} logs to {'/'.join(place)}, and not to {logs.project}/{logs.logstore}"
        )
    else:
        ours = [each for each in service.differences if each.field.startswith(LOG_CONFIG)]
        yield from unlike(service.name, ours)


def _about_store(facts: Facts) -> Iterator[Remark]:
    """What provision would change, up to what is missing: each stands on the one before."""
    for seen in known(facts.log_store):
        if seen.live is None:
            yield fault(f"there is no {seen.kind} {seen.name}", PROVISION)
            return
        kept_longer = int(seen.live.get("ttl", 0)) > facts.spec.log_retention
        yield from changing(seen, harmless=["ttl"] if kept_longer else ())


LOGS = Link("logs", ("service", "log_store"), _examine)
