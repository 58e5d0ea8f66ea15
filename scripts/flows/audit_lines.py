"""What audit lines leave to do, and how they are shown to people."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from resource_repair import values
from scripts.account.audit_trail import AuditLine
from scripts.terminal import Console

_WIDE = 100  # characters


def for_a_person(lines: Iterable[AuditLine]) -> list[str]:
    """What no retry cures, and somebody must see to: a sentence for each such line."""
    return [_sentence(line) for line in lines if line.outcome in values.TOLD]


def tell_person(console: Console, lines: Iterable[AuditLine]) -> bool:
    """Say that to people; gives whether there was any."""
    told = for_a_person(lines)
    for each in told:
        console.say(f"a person must see to {each}", "red")
    return bool(told)


def left_open(lines: Iterable[AuditLine], rule_ids: Collection[str]) -> str:
    """Which buckets the function left as they were though it is to close them; empty if none.

    That is settled, and no reason to forget them: it was changed after it was looked at, and only
    reports by now, or acts on other rules than `rule_ids`.
    """
    told = [
        _sentence(line)
        for line in lines
        if line.outcome == values.WOULD_REPAIR
        or (_of_another_rule(line) and line.rule_id in rule_ids)
    ]
    return "; ".join(told)


def show(console: Console, lines: Sequence[AuditLine]) -> None:
    """The audit lines as a table; nothing if there are none."""
    if lines:
        rows = [(line.outcome, line.bucket, line.acl, line.reason) for line in lines]
        console.table(("outcome", "bucket", "ACL", "reason"), rows)


def cut(reason: str) -> str:
    """A reason, no longer than people read in a table."""
    return reason if len(reason) <= _WIDE else f"{reason[:_WIDE]}…"


def at(moment: datetime) -> str:
    """A time in UTC, to the second."""
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC")


def _sentence(line: AuditLine) -> str:
    return f"{line.bucket}: {line.outcome}, {line.reason}"


def _of_another_rule(line: AuditLine) -> bool:
    return line.outcome == values.IGNORED and line.reason.startswith("other_rule:")
