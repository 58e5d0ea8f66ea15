"""Walks the chain from the rule to the buckets, link by link, and says where a finding is lost."""

import json
from collections.abc import Iterator

from scripts.clients import CloudError
from scripts.doctor.account import CREDENTIALS
from scripts.doctor.alerts import ALERTS
from scripts.doctor.buckets import BUCKETS
from scripts.doctor.chain import Chain
from scripts.doctor.channel import CHANNEL
from scripts.doctor.exemptions import EXEMPTIONS
from scripts.doctor.function import FUNCTION
from scripts.doctor.logs import LOGS
from scripts.doctor.model import Diagnosis, Link, Remark, Standing, fault
from scripts.doctor.queue import FAILURE_QUEUE
from scripts.doctor.rule import CLOUD_CONFIG, RULE
from scripts.doctor.service import SERVICE, SERVICE_ROLE, not_to_be_had
from scripts.doctor.topic import SUBSCRIPTION, TOPIC
from scripts.doctor.trigger import TRIGGER, TRIGGER_ROLE
from scripts.errors import Problem
from scripts.retrying import patiently
from scripts.spec import Spec
from scripts.verb import Permission

__all__ = ["LINKS", "Chain", "Diagnosis", "Standing", "examine"]

LINKS = (
    CREDENTIALS,
    CLOUD_CONFIG,
    RULE,
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
)


def examine(chain: Chain, *, before_deploy: bool) -> Iterator[Diagnosis]:
    """What there is to say of each link, in order; a link that cannot be seen is said to be so.

    With `before_deploy` what that deploy puts right is no fault, and what it would undo is one.
    """
    for link in LINKS:
        for remark in _remarks(link, chain):
            standing = _before_deploy(remark) if before_deploy else remark.standing
            yield Diagnosis(link.name, standing, remark.what, remark.mend)


def _before_deploy(remark: Remark) -> Standing:
    if remark.deploy_stops:
        return Standing.FAULT
    return Standing.NOT_YET if remark.deploy_goes_on else remark.standing


def _remarks(link: Link, chain: Chain) -> list[Remark]:
    try:
        return patiently(lambda: list(link.examine(chain)))
    except CloudError as error:
        return [_unseen(link, error, chain.spec)]
    except Problem as problem:
        what, _, mend = str(problem).partition(": ")
        return [fault(what, mend)]


def _unseen(link: Link, error: CloudError, spec: Spec) -> Remark:
    if not error.denied or not_to_be_had(error):
        return Remark(Standing.UNSEEN, f"cannot see this link: {error}")
    declared = {each.action: each for each in link.permissions}
    permission = declared.get(error.operation, Permission(error.operation))
    statement = json.dumps(permission.statement(spec.account_id, spec.region))
    return Remark(
        Standing.UNSEEN,
        f"cannot see this link: {error.operation} on {error.subject} was refused",
        f"add to a policy of whoever these credentials are: {statement}",
    )
