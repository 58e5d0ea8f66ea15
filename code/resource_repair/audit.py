"""The audit trail: one line of JSON on stdout for each finding.

A line printed to stdout reaches the log store as it is; one through the runtime's logger would get
a prefix, and would no longer be JSON.
"""

import json
import sys
from typing import Any, Optional, TextIO

from resource_repair.values import Outcome

# As JSON: a log line may have 32 KB, and a hostile message may name a bucket as long as itself.
_LONGEST_TEXT = 1500
_LONGEST_CHARACTER = 12  # an emoji, in ASCII


def record(outcome: Outcome, mode: str, request_id: str, stream: Optional[TextIO] = None) -> None:
    """Write the outcome's line. `request_id` is the invocation's."""
    line = {
        "event": "resource_repair",
        "outcome": outcome.outcome,
        "reason": _short(outcome.reason),
        "bucket": _short(outcome.bucket),
        "region": _short(outcome.region),
        "rule_id": _short(outcome.rule_id),
        "rule_name": _short(outcome.rule_name),
        "account_id": _short(outcome.account_id),
        "acl_before": _short(outcome.acl_before),
        "acl_after": _short(outcome.acl_after),
        "public_by_policy": outcome.public_by_policy,
        "mode": mode,
        "request_id": request_id,
        "oss_request_id": outcome.oss_request_id,
        "duration_ms": outcome.duration_ms,
        "reported_at": outcome.reported_at,
        "remediation": outcome.remediation,
        "before": _short(outcome.before),
        "after": _short(outcome.after),
    }
    out = stream or sys.stdout
    out.write(_json(line) + "\n")
    out.flush()


def fits(text: str) -> bool:
    """Whether a line has room for all of it."""
    surely = len(text) * _LONGEST_CHARACTER + len('""') <= _LONGEST_TEXT  # as nearly always
    return surely or len(_json(text)) <= _LONGEST_TEXT


def _json(value: Any) -> str:
    """In ASCII that is printed: no character of a message can end the line, or hide in it."""
    return json.dumps(value)


def _short(value: Any) -> Any:
    if isinstance(value, str):
        while not fits(value):
            value = value[: len(value) // 2]
    return value
