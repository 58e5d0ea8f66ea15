"""Write the posture page: open buckets, exemptions by their end, repairs, repeat offenders.

Of each further remediation that is on it has what that found, and what of it wants a person.

One HTML file that needs nothing but itself, from what `status` and `audit` read. Exemptions are
those deployed. What may not be read is named on the page and here (exit code 1). A page that is
there already stays whole until the new one takes its place.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from scripts import CODE, ROOT
from scripts.account.deployed_function import DeployedFunction
from scripts.account.permission import union
from scripts.context import Context, Ended, Looking, Verb, moment, show_unread, time
from scripts.decide.posture import STANDINGS, Fixes, Posture, called, posture, verdict
from scripts.decide.view import Unread
from scripts.declared import files
from scripts.declared.exemptions import reviewed_exemptions
from scripts.errors import UsageError
from scripts.flows import bucket_view, further, left_open
from scripts.flows.bucket_view import ViewReader
from scripts.flows.further import Further
from scripts.terminal import Exit
from scripts.verbs.report.page import Subject, render

_OUTPUT = ROOT / "build" / "report.html"


@dataclass(frozen=True, kw_only=True)
class Options(Looking):
    """What it takes."""

    since: Annotated[
        str, Parameter(help="90d, 24h or an ISO time; default: 90d", converter=time), "TIME"
    ] = "90d"
    output: Annotated[Path, Parameter(help="default: build/report.html")] = _OUTPUT
    exemptions: Annotated[
        Path, Parameter(help="shown where the deployed ones cannot be read; default: the project's")
    ] = CODE / "exemptions.yaml"
    dry_run: Annotated[bool, Parameter(help="read all, and write no page")] = False


@dataclass(frozen=True)
class Report:
    """Where the page is (None: it was not written), and what it begins with.

    `closed_findings` is of how many findings the function closed a bucket; None if it was not read.
    """

    output: Path | None
    verdict: str
    buckets: Mapping[str, int]
    closed_findings: int | None
    time_to_fix: Fixes | None
    not_read: tuple[str, ...]
    further: tuple[Further, ...]


def _report(context: Context) -> Ended:
    console, options = context.console, context.options
    now = datetime.now(timezone.utc)
    since = moment(options.since, now)
    if since >= now:
        raise UsageError("--since is not in the past: say how long ago, such as 90d")
    reviewed = reviewed_exemptions(options.exemptions, now.date())
    reader = ViewReader(context.spec, context.clients, reviewed, since, now)
    shown = posture(reader.all(), reader.exemptions, reader.lines, since, now)
    spec = context.spec
    on = further.standings(reader, spec, context.clients, now, left_open.GRACE)
    not_read = tuple(map(str, reader.failures.values()))
    brake = reader.brake
    told = verdict(shown, brake, whole=not not_read)
    where = (spec.account_id, spec.region, spec.rule_name)
    subject = Subject(*where, _does(reader.live), since, now, not_read, brake)
    page = render(subject, shown, told, on)
    show_unread(context, VERB, reader.failures.values())
    console.say(told.text)
    if console.dry_run:
        console.say(f"would write {options.output}")
    else:
        _write(options.output, page)
        console.say(f"wrote {options.output}: {_summary(shown)}")
    report = Report(
        output=None if console.dry_run else options.output,
        verdict=told.text,
        buckets={standing: shown.count(standing) for standing in STANDINGS},
        closed_findings=shown.closed if shown.lines_read else None,
        time_to_fix=shown.fixes,
        not_read=not_read,
        further=on,
    )
    return Ended(Exit.PROBLEM if not_read else Exit.DONE, report)


def _does(live: DeployedFunction | Unread | None) -> str:
    """What the function does now."""
    if live is None:
        return "is not deployed"
    if isinstance(live, Unread):
        return "could not be looked at"
    return f"is {live.pause}" if live.pause else f"runs in mode {live.mode}"


def _write(path: Path, page: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        files.replace(path, page)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}; name another one") from None


def _summary(shown: Posture) -> str:
    counts = ((shown.count(standing), called(standing)) for standing in STANDINGS)
    return ", ".join(f"{count} {told}" for count, told in counts if count) or "no bucket"


VERB = Verb(
    "report",
    __doc__ or "",
    union(bucket_view.PERMISSIONS, further.PERMISSIONS),
    Options,
    _report,
)
