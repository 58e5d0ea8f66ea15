"""How the further remediations stand that are on: what their rules find, and what wants a person.

It is by what `sweep --due` goes by, and by the last audit line of each, as of the ACL's own.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from resource_repair.settings import Assignment
from resource_repair.values import ENFORCE
from scripts.account import buckets, findings
from scripts.account.audit_trail import AuditLine
from scripts.account.clients import Clients
from scripts.account.deployed_function import DeployedFunction
from scripts.account.live_exemptions import LiveExemptions
from scripts.decide import attention
from scripts.decide.candidates import Candidate
from scripts.decide.due import due, last_lines, overlooked
from scripts.decide.view import Unread
from scripts.declared import Spec
from scripts.flows.bucket_view import ViewReader
from scripts.flows.candidates import CandidateReader

PERMISSIONS = (findings.LIST_OF_RULE, buckets.GET_INFO, buckets.GET_TAGS, buckets.GET_POLICY)

SWEEP = "resource-repair sweep --due"


class Wanting(NamedTuple):
    """A bucket that wants a person, why, what mends that, and as what it was told, if it was."""

    bucket: str
    why: str
    mend: str
    told: str = ""


class Further(NamedTuple):
    """A further remediation that is on. `found` is how many buckets its rules find non-compliant.

    That, and what is wanting, is empty where it could not be read.
    """

    remediation: str
    mode: str
    found: int | None
    wanting: tuple[Wanting, ...]


class Left(NamedTuple):
    """What a remediation's rules find, and what is due of it, and why."""

    found: int
    due: tuple[tuple[Candidate, str], ...]


def left(
    spec: Spec,
    clients: Clients,
    given: Assignment,
    exempting: LiveExemptions,
    lines: Sequence[AuditLine],
    now: datetime,
    grace: timedelta,
    bucket: str = "",
) -> Left:
    """What a further remediation has left as it was found, of all buckets or of one.

    Of one that only reports nothing is due. Raises CloudError.
    """
    results = findings.read(spec, clients, sorted(given.rule_ids))
    found = [
        each
        for each in results
        if each.compliance == findings.NON_COMPLIANT and bucket in ("", each.bucket)
    ]
    if given.mode != ENFORCE:
        return Left(len(found), ())
    reader = CandidateReader(clients, given.mode, exempting)
    candidates = reader.further(given, found)
    for failure in reader.failures.values():
        raise failure
    last = last_lines(lines, given.remediation)
    told = []
    for each in candidates:
        asked = (each, last.get(each.bucket), given.mode, now, grace)
        if why := due(*asked) or overlooked(*asked):
            told.append((each, why))
    return Left(len(found), tuple(told))


def standings(
    reader: ViewReader,
    spec: Spec,
    clients: Clients,
    now: datetime,
    grace: timedelta,
    bucket: str = "",
) -> tuple[Further, ...]:
    """All that are on, for people; of one bucket, if it is named. What fails is in the reader's."""
    on = reader.live.settings.others if isinstance(reader.live, DeployedFunction) else None
    lines = reader.lines_of(bucket) if on else []
    known = [] if isinstance(lines, Unread) else lines
    told = []
    for given in on or ():
        asked = (spec, clients, given, reader.exempting, known, now, grace, bucket)
        seen = reader.attempt(lambda asked=asked: left(*asked))  # type: ignore[misc]
        overdue = () if isinstance(seen, Unread) or isinstance(lines, Unread) else seen.due
        wanting = [Wanting(each.bucket, why, SWEEP) for each, why in overdue]
        of_it = attention.told_last(known, given.remediation)
        needs = attention.needs(map(reader.of_line, of_it), reader.brake, now.date())
        wanting += [
            Wanting(each.view.bucket, each.why, each.mend, each.told) for each in needs if each.told
        ]
        found = None if isinstance(seen, Unread) else seen.found
        told.append(Further(given.remediation, given.mode, found, tuple(wanting)))
    return tuple(told)
