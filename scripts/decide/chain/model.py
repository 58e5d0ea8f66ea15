"""What is said of a link of the chain, and what a link is."""

import enum
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from scripts.account.resource import Difference
from scripts.decide.chain.facts import Answer, Facts, Seen, T
from scripts.errors import CloudError, Problem

# The commands that mend most of what can be wrong.
PROVISION = "resource-repair provision"
APPLY = "resource-repair apply"
PAUSE = "resource-repair pause"
RESUME = "resource-repair resume"

_NOTHING: Mapping[str, str] = MappingProxyType({})


class Standing(str, enum.Enum):
    """How a link stands."""

    SOUND = "sound"
    NOT_YET = (
        "not yet"  # not sound, and no reason not to deploy: that brings it, or is needed first
    )
    NOTE = "note"  # not there, and no finding is lost by that
    DIFFERS = "differs"  # findings pass, and provision would change something all the same
    FAULT = "fault"
    UNSEEN = "not seen"  # a call was refused, or its answer does not tell: nobody knows


class Remark(NamedTuple):
    """What the examination of a link says; `mend` is the command that mends it.

    Before a deploy a fault that is no reason to stop it (`deploy_goes_on`) is not one yet, and what
    it would undo, or may not bring (`deploy_stops`), is one.
    """

    standing: Standing
    what: str
    mend: str = ""
    deploy_goes_on: bool = False
    deploy_stops: bool = False


class Link(NamedTuple):
    """A link: its name, which facts it looks at, and the look.

    `examine` yields what is wrong and, if nothing is, what is there. It raises what the reading of
    a fact did.
    """

    name: str
    looks_at: tuple[str, ...]
    examine: Callable[[Facts], Iterator[Remark]]


@dataclass(frozen=True)
class Diagnosis:
    """A remark on a link; `stops` says that a deploy, and apply, stop as long as this is so."""

    link: str
    standing: Standing
    what: str
    mend: str
    stops: bool = False


def sound(what: str) -> Remark:
    """All is well."""
    return Remark(Standing.SOUND, what)


def note(what: str, mend: str) -> Remark:
    """It is not there, and no finding is lost by that."""
    return Remark(Standing.NOTE, what, mend)


def fault(what: str, mend: str) -> Remark:
    """A finding, or the record of it, is lost here."""
    return Remark(Standing.FAULT, what, mend)


def changing(
    seen: Seen,
    told: Mapping[str, str] = _NOTHING,
    harmless: Collection[str] = (),
) -> Iterator[Remark]:
    """What provision would change in something that is there, field by field.

    `told` says in words what is wrong where a field differs; by those of `harmless` nothing is
    lost.
    """
    for each in seen.differences:
        words = f" {told[each.field]}: it" if each.field in told else ""
        what = (
            f"the {seen.kind} {seen.name}{words} has {each.field} {each.live or 'off'}, "
            f"and provision makes that {each.declared or 'nothing'}"
        )
        standing = Standing.DIFFERS if each.field in harmless else Standing.FAULT
        yield Remark(standing, what, PROVISION)


def in_the_way(seen: Seen) -> Iterator[Remark]:
    """Why provision would refuse to make or change something."""
    if seen.obstacle:
        what, _, mend = seen.obstacle.partition(": ")
        yield fault(what, mend)


def undeployed(what: str) -> Remark:
    """A fault of what is live, which the next deploy puts right, and apply at once."""
    return Remark(Standing.FAULT, what, APPLY, deploy_goes_on=True)


def unseen(answer: Answer[T], what: str) -> Iterator[Remark]:
    """That something is not known, where what it stands on is told by a link of its own.

    Nothing where it is, or where a call for it failed, which is told as the permission it takes.
    """
    if isinstance(answer, Problem) and not isinstance(answer, CloudError):
        told = f"{what} is not known: {answer}"
        yield Remark(Standing.UNSEEN, told, deploy_goes_on=True)


def unlike(what: str, differences: Iterable[Difference]) -> Iterator[Remark]:
    """Where something that a deploy makes is not as declared: apply brings all of it back."""
    for each in differences:
        told = (
            f"{what} has {each.field} {each.live or 'empty'}, and s.yaml says "
            f"{each.declared or 'nothing'}"
        )
        yield undeployed(told)


def stopping(what: str, mend: str) -> Remark:
    """All is well as it is live; what a deploy would make of it is not."""
    return Remark(Standing.SOUND, what, mend, deploy_stops=True)
