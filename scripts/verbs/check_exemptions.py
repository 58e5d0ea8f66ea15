"""Check `code/exemptions.yaml`, and give notice of what has expired or soon will, or is too wide.

Exit code 0 also with a notice (the calendar fails no build), 1 when the file is wrong.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from scripts import CODE, context
from scripts.context import Check, Ended
from scripts.declared import wide_globs
from scripts.declared.exemptions import reviewed_exemptions
from scripts.terminal import Console, Exit
from scripts.words import count

SOON = timedelta(days=30)


@dataclass(frozen=True, kw_only=True)
class Options(context.Options):
    """What it takes."""

    exemptions: Annotated[Path, Parameter(help="default: the project's")] = CODE / "exemptions.yaml"


@dataclass(frozen=True)
class Report:
    """A line for each exemption that somebody should look at."""

    notices: tuple[str, ...]


def _check(console: Console, options: Options, _: Mapping[str, str]) -> Ended:
    lines = notices(options.exemptions, datetime.now(timezone.utc).date())
    for line in lines:
        console.say(f"exemptions: {line}")
    return Ended(Exit.DONE, Report(tuple(lines)))


def notices(path: Path, today: date) -> list[str]:
    """A line for each exemption that has expired or expires soon, or is too wide for a new one.

    Raises Problem.
    """
    held = reviewed_exemptions(path, today)
    lines = wide_globs.warnings(held, today)
    for entry in held.entries:
        left = (entry.expires - today).days
        if left < 0:
            lines.append(f"{entry.bucket} expired on {entry.expires}: remove it ({entry.owner})")
        elif left <= SOON.days:
            lines.append(
                f"{entry.bucket} expires on {entry.expires}, in {count(left, 'day')} "
                f"({entry.owner})"
            )
    return lines


VERB = Check("check-exemptions", __doc__ or "", Options, _check)
