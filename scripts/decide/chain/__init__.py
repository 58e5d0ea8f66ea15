"""Walks the chain from the rule to the buckets, link by link, and says where a finding is lost."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace

from scripts.account.compute.port import not_to_be_had
from scripts.account.permission import Permission, missing_permissions
from scripts.decide.chain.account import CREDENTIALS
from scripts.decide.chain.alerts import ALERTS
from scripts.decide.chain.beside import BESIDE
from scripts.decide.chain.buckets import BUCKETS
from scripts.decide.chain.channel import CHANNEL
from scripts.decide.chain.due import DUE
from scripts.decide.chain.exemptions import EXEMPTIONS
from scripts.decide.chain.facts import Facts
from scripts.decide.chain.function import FUNCTION
from scripts.decide.chain.logs import LOGS
from scripts.decide.chain.model import APPLY, Diagnosis, Link, Remark, Standing, fault
from scripts.decide.chain.queue import FAILURE_QUEUE
from scripts.decide.chain.remediations import FURTHER
from scripts.decide.chain.rule import CLOUD_CONFIG, RULE
from scripts.decide.chain.service import SERVICE, SERVICE_ROLE
from scripts.decide.chain.told import TOLD
from scripts.decide.chain.topic import SUBSCRIPTION, TOPIC
from scripts.decide.chain.trigger import TRIGGER, TRIGGER_ROLE
from scripts.declared import Spec
from scripts.errors import CloudError, Problem

__all__ = ["LINKS", "Diagnosis", "Facts", "Standing", "examine", "in_order"]

LINKS = (
    CREDENTIALS,
    CLOUD_CONFIG,
    RULE,
    BESIDE,
    CHANNEL,
    TOPIC,
    SUBSCRIPTION,
    TRIGGER,
    TRIGGER_ROLE,
    SERVICE,
    SERVICE_ROLE,
    FUNCTION,
    EXEMPTIONS,
    FAILURE_QUEUE,
    LOGS,
    ALERTS,
    BUCKETS,
    FURTHER,
    DUE,
    TOLD,
)


def examine(
    link: Link, facts: Facts, permissions: Sequence[Permission] = (), *, before_deploy: bool
) -> Iterator[Diagnosis]:
    """What there is to say of a link, by what it looks at; that it cannot be seen, if it is so.

    `permissions` are what reading that takes: one that is missing is told as its statement.

    With `before_deploy` what that deploy puts right is no fault, and what it would undo is one.
    """
    for remark in _remarks(link, facts, permissions):
        standing = _before_deploy(remark) if before_deploy else remark.standing
        yield Diagnosis(link.name, standing, remark.what, remark.mend, remark.deploy_stops)


def in_order(found: Sequence[Diagnosis]) -> list[Diagnosis]:
    """The same, with what is to be done before apply, where it stops, named before it.

    What an earlier link says in the same words, as it stands in the way of both, is told there.
    """
    found = list(_told_once(found))
    first = ", then ".join(dict.fromkeys(each.mend for each in found if each.stops))
    return [
        replace(each, mend=f"{first}, then {each.mend}") if first and APPLY in each.mend else each
        for each in found
    ]


def _told_once(found: Sequence[Diagnosis]) -> Iterator[Diagnosis]:
    said: dict[str, str] = {}
    for each in found:
        words = f"{each.what}: {each.mend}".removesuffix(": ")
        first = next((link for known, link in said.items() if known in words), each.link)
        if first != each.link:
            yield replace(each, what=f"not known either: see {first}", mend="")
            continue
        if each.standing in (Standing.FAULT, Standing.UNSEEN):
            said[words] = each.link
        yield each


def _before_deploy(remark: Remark) -> Standing:
    if remark.deploy_stops:
        return Standing.FAULT
    later = remark.deploy_goes_on or remark.standing is Standing.NOTE
    return Standing.NOT_YET if later else remark.standing


def _remarks(link: Link, facts: Facts, permissions: Sequence[Permission]) -> list[Remark]:
    try:
        return list(link.examine(facts))
    except CloudError as error:
        return [_unseen(error, facts.spec, permissions)]
    except Problem as problem:
        what, _, mend = str(problem).partition(": ")
        return [fault(what, mend)]


def _unseen(error: CloudError, spec: Spec, permissions: Sequence[Permission]) -> Remark:
    if not error.lacks_statement or not_to_be_had(error):
        return Remark(Standing.UNSEEN, f"cannot see this link: {error}")
    statements = (
        json.dumps(permission.statement(spec.account_id, spec.region))
        for permission in missing_permissions(permissions, error.refused)
    )
    return Remark(
        Standing.UNSEEN,
        f"cannot see this link: {' and '.join(error.refused)} on {error.subject} was refused",
        f"add to a policy of whoever these credentials are: {', '.join(statements)}",
    )
