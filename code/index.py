"""The function's entry point: read, judge, repair, record, settle.

Permissions of its role: those that `resource_repair.remediations` lists.
"""

import logging
from typing import Any, Union

from resource_repair import audit, batch, judge, notification, settings, settle
from resource_repair.timing import Clock, Deadline
from resource_repair.values import Finding


def handler(event: Union[bytes, str], context: Any) -> str:
    """Mend what the event finds.

    `event` is an MNS message in any of its envelopes, or Cloud Config's own list; `context` is
    Function Compute's. Returns 'success', or 'fail' for a message that is nobody's; raises
    UnsettledFindingsError when Function Compute must retry and keep the message.
    """
    environ = settings.environment()
    invocation = settings.invocation(context, environ)
    deadline = Deadline(Clock(), invocation.timeout)
    config = settings.load(environ)
    logging.getLogger("resource_repair").setLevel(config.log_level)

    outcomes = []
    verdicts = judge.judge(notification.read(event), config, invocation)
    findings = [verdict for verdict in verdicts if isinstance(verdict, Finding)]
    decided = [verdict for verdict in verdicts if not isinstance(verdict, Finding)]
    for group in (decided, batch.repair_all(findings, config, invocation, deadline)):
        for outcome in group:
            mode = config.mode_of(outcome.remediation)
            audit.record(outcome, mode, invocation.request_id)
            outcomes.append(outcome)
    return settle.settle(outcomes)
