"""Walk the chain rule, channel, topic, trigger, function, bucket, and find where it is broken.

Says of each link whether a finding would be lost there, and the command that mends it. Exit code 0
if the chain is sound, 1 if not. Whatever `verify` finds is told too; the code is compared where one
is built here.

`s deploy` runs it first (--before-deploy), where what that deploy makes or mends is no fault, and
stops on any other. It tells which buckets that deploy newly closes, and which it newly leaves open,
beside what is live. If it would close more than 20, or one that is exempt by what is live, their
number must be given as EXPECT_CLOSE in the environment; likewise EXPECT_LEAVE_OPEN, if it would
leave one open that the exemptions do not name in full. It stops too where it would end a pause, or
drop an exemption that is live and was not named in EXPECT_DROP.
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from scripts import CODE
from scripts.bundling import fresh
from scripts.context import Context, Ended, Looking, Verb
from scripts.decide.chain import LINKS, Diagnosis, Standing, in_order
from scripts.declared import dotenv
from scripts.flows.facts import Survey, examined, permissions_of
from scripts.terminal import Console, Exit

_WIDEST = (72, 72, 72, sys.maxsize)  # a command is kept whole, to be copied
_BROKEN = (Standing.FAULT, Standing.UNSEEN)


@dataclass(frozen=True, kw_only=True)
class Options(Looking):
    """What it takes."""

    before_deploy: Annotated[bool, Parameter(help="what this deploy puts right is no fault")] = (
        False
    )
    exemptions: Annotated[Path, Parameter(help="default: the project's")] = CODE / "exemptions.yaml"


@dataclass(frozen=True)
class LinkReport:
    """What is said of one link of the chain."""

    link: str
    state: Standing
    what: str
    mend: str


@dataclass(frozen=True)
class Report:
    """Whether the chain is sound, and what is said of each link."""

    sound: bool
    links: tuple[LinkReport, ...]


def _doctor(context: Context) -> Ended:
    options, spec = context.options, context.spec
    code = spec.function.code  # compared where there is any; a deploy builds it for itself
    if code.is_file() and not options.before_deploy and (told := fresh.build(spec.function)):
        context.console.say(told)
    settings = dotenv.environment(options.spec.parent / ".env", context.environ)
    survey = Survey(spec, context.clients, settings, options.exemptions)
    found: list[Diagnosis] = []
    for each in examined(survey, before_deploy=options.before_deploy):
        if each.link not in {earlier.link for earlier in found}:
            context.console.say(f"{each.link}: {each.standing.value}")
        found.append(each)
    found = in_order(found)
    _show(context.console, found)
    links = tuple(LinkReport(each.link, each.standing, each.what, each.mend) for each in found)
    sound = not _broken(found)
    return Ended(Exit.DONE if sound else Exit.PROBLEM, Report(sound, links))


def _show(console: Console, found: list[Diagnosis]) -> None:
    rows = [(each.link, each.standing.value, each.what, each.mend) for each in found]
    console.table(("link", "state", "what", "mend"), rows, piped=_WIDEST)
    if broken := _broken(found):
        links = ", ".join(dict.fromkeys(each.link for each in broken))
        console.say(f"findings may be lost, or what was set live undone: see {links}", "red")
    else:
        console.say("the chain is sound", "green")


def _broken(found: list[Diagnosis]) -> list[Diagnosis]:
    return [each for each in found if each.standing in _BROKEN]


VERB = Verb(
    "doctor",
    __doc__ or "",
    permissions_of(*LINKS),
    Options,
    _doctor,
    rule_id_known=False,
)
