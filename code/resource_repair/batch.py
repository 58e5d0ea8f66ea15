"""Repairs the findings of one message, several at once; one's trouble never stops the others."""

import logging
import traceback
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Callable, Dict, Iterator, List, Sequence

from resource_repair.remediations import Remediation, Repair, remediation_for
from resource_repair.settings import Settings
from resource_repair.timing import Deadline
from resource_repair.values import BUCKET, FAILED, Finding, Invocation, Outcome, outcome_of

MAX_THREADS = 8

logger = logging.getLogger("resource_repair")


def repair_all(
    findings: Sequence[Finding], settings: Settings, invocation: Invocation, deadline: Deadline
) -> Iterator[Outcome]:
    """The outcome of each finding, as it comes; not in order."""
    repairs: Dict[str, Repair] = {}
    tasks: List[Callable[[], Outcome]] = []
    for finding in findings:
        kind = finding.resource_type or BUCKET
        remediation = remediation_for(kind)
        if remediation and kind not in repairs:
            repairs[kind] = _prepared(remediation, settings, invocation, deadline)
        tasks.append(_guarded(repairs[kind], finding))
    if len(tasks) <= 1:  # the usual message: no thread for it
        yield from (task() for task in tasks)
        return
    with ThreadPoolExecutor(max_workers=min(MAX_THREADS, len(tasks))) as pool:
        for done in as_completed([pool.submit(task) for task in tasks]):
            yield done.result()


def _prepared(
    remediation: Remediation, settings: Settings, invocation: Invocation, deadline: Deadline
) -> Repair:
    try:
        return remediation.prepare(settings, invocation, deadline)
    except Exception as error:
        reason = _explain(error)
        return lambda finding: outcome_of(finding, FAILED, reason)


def _guarded(repair: Repair, finding: Finding) -> Callable[[], Outcome]:
    def run() -> Outcome:
        try:
            return repair(finding)
        except Exception as error:
            return outcome_of(finding, FAILED, _explain(error))

    return run


def _explain(error: Exception) -> str:
    """Log where an unforeseen error came from, but not its text, which may quote a credential."""
    where = "".join(traceback.format_tb(error.__traceback__))
    logger.error("%s\n%s", type(error).__name__, where)
    return f"internal_error: {type(error).__name__}; the log says where"
