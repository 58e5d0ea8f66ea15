"""What a deploy changes for the buckets: which it newly closes, and which it newly leaves open.

Newly is beside what is live: its settings and its exemptions. What Cloud Config finds now is what
both are asked about; a bucket that is closed today may be opened tomorrow, and is none of these.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from resource_repair.exemptions import Exemptions
from resource_repair.remediations import ACL
from resource_repair.settings import Settings
from resource_repair.values import ENFORCE
from scripts.account.findings import Result
from scripts.account.live_exemptions import allows
from scripts.decide.prospect import Prospect

EXPECT_CLOSE, EXPECT_LEAVE_OPEN = "EXPECT_CLOSE", "EXPECT_LEAVE_OPEN"
"""The settings that give the two numbers."""


def expect(remediation: str) -> str:
    """The setting that gives the number of buckets that a further remediation newly changes."""
    return f"EXPECT_{remediation.upper().replace('-', '_')}"


_UNASKED = 20  # so many that nobody exempts may be closed without their number being given


class Effect(NamedTuple):
    """What is otherwise after it.

    `closes` is left alone by what is live, and closed by what is deployed; `on_purpose` are those
    of them that the live function exempts. `leaves` is closed by what is live, and not by what is
    deployed.
    """

    closes: tuple[Result, ...] = ()
    on_purpose: tuple[Result, ...] = ()
    leaves: tuple[Result, ...] = ()


def enforces(read: Settings, remediation: str = ACL) -> bool:
    """Whether a function that reads these settings does it: a misconfigured one does nothing."""
    on = any(each.remediation == remediation for each in read.assigned)
    return on and not read.problems and read.mode_of(remediation) == ENFORCE


def effect(live: Settings | None, held: Prospect, ours: Settings, found: Prospect) -> Effect:
    """Compare what the live function makes of the findings (`held`) with what ours will.

    `live` is None where nothing is deployed, or what is closes nothing for another reason.
    """
    before = _names(held.to_close) if live and enforces(live) else set[str]()
    after = _names(found.to_close) if enforces(ours) else set[str]()
    exempt = _names(held.exempt)
    closes = tuple(each for each in found.to_close if each.bucket in after - before)
    return Effect(
        closes,
        tuple(each for each in closes if each.bucket in exempt),
        tuple(each for each in held.to_close if each.bucket in before - after),
    )


def closing_wants(changed: Effect, live: Exemptions, settings: Mapping[str, str]) -> bool:
    """Whether the number of those that it closes must be given, and was not.

    It must where they are more than 20, or one is open on purpose: exempt by what is live. What a
    live exemption names in full is dropped by its name, in EXPECT_DROP, and not asked for twice.
    """
    asks = len(changed.closes) > _UNASKED or _unnamed(changed.on_purpose, live)
    return asks and settings.get(EXPECT_CLOSE, "") != str(len(changed.closes))


def leaving_wants(changed: Effect, ours: Exemptions, settings: Mapping[str, str]) -> bool:
    """Whether the number of those that it leaves open must be given, and was not.

    It must where the exemptions do not name one of them in full, as by a glob, a tag, or another
    rule: that it is left open was then looked at by nobody.
    """
    asks = _unnamed(changed.leaves, ours)
    return asks and settings.get(EXPECT_LEAVE_OPEN, "") != str(len(changed.leaves))


def _unnamed(results: Iterable[Result], exemptions: Exemptions) -> bool:
    """Whether there is one that no exemption, which allows as much, names in full."""
    return not all(
        any(
            entry.is_from(ACL) and entry.bucket == each.bucket and allows(entry, each.acl)
            for entry in exemptions.entries
        )
        for each in results
    )


def _names(results: tuple[Result, ...]) -> set[str]:
    return {each.bucket for each in results}
