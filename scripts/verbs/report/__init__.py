"""Write the posture page: open buckets, exemptions by their end, repairs, repeat offenders.

One HTML file that needs nothing but itself, from what `status` and `audit` read. Exemptions are
those deployed. What may not be read is named on the page and here (exit code 1).
"""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path

from scripts import CODE, ROOT
from scripts.account.clients import Credentials
from scripts.account.function import Live
from scripts.context import Situation, Verb, moment, show_unread, start
from scripts.decide.posture import STANDINGS, Posture, posture
from scripts.decide.view import Unread
from scripts.declared.exemptions import reviewed_exemptions
from scripts.errors import UsageError
from scripts.flows import bucket_view
from scripts.flows.bucket_view import Reader
from scripts.terminal import Exit
from scripts.verbs.report.page import Subject, render

VERB = Verb("report", __doc__ or "", bucket_view.PERMISSIONS)

_OUTPUT = ROOT / "build" / "report.html"


def main(
    arguments: Sequence[str], environ: Mapping[str, str], credentials: Credentials | None = None
) -> int:
    """Write the page; gives the exit code, 1 where something could not be read."""
    return start(VERB, _report, arguments, environ, credentials, add_options=_add_options)


def _add_options(options: argparse.ArgumentParser) -> None:
    options.add_argument(
        "--since", default="90d", metavar="TIME", help="90d, 24h or an ISO time; default: 90d"
    )
    options.add_argument("--output", type=Path, default=_OUTPUT, help="default: build/report.html")
    options.add_argument(
        "--exemptions",
        type=Path,
        default=CODE / "exemptions.yaml",
        help="shown where the deployed ones cannot be read; default: the project's",
    )


def _report(situation: Situation) -> Exit:
    console, options = situation.console, situation.options
    now = datetime.now(timezone.utc)
    since = moment(options.since, now)
    if since >= now:
        raise UsageError("--since is not in the past: say how long ago, such as 90d")
    reviewed = reviewed_exemptions(options.exemptions, now.date())
    reader = Reader(situation.spec, situation.clients, reviewed, since, now)
    lines = [] if isinstance(reader.lines, Unread) else reader.lines
    shown = posture(reader.all(), reader.exemptions, lines, since, now)
    spec, not_read = situation.spec, tuple(map(str, reader.failures.values()))
    where = (spec.account_id, spec.region, spec.rule_name)
    page = render(Subject(*where, _does(reader.live), since, now, not_read), shown)
    show_unread(situation, VERB, reader.failures.values())
    if console.dry_run:
        console.say(f"would write {options.output}")
    else:
        _write(options.output, page)
        console.say(f"wrote {options.output}: {_summary(shown)}")
    console.answer(_document(situation, shown, not_read))
    return Exit.PROBLEM if not_read else Exit.DONE


def _does(live: Live | Unread | None) -> str:
    """What the function does now."""
    if live is None:
        return "is not deployed"
    if isinstance(live, Unread):
        return "could not be looked at"
    return f"is {live.pause}" if live.pause else f"runs in mode {live.mode}"


def _write(path: Path, page: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}; name another one") from None


def _summary(shown: Posture) -> str:
    counts = ((shown.count(standing), standing) for standing in STANDINGS)
    return ", ".join(f"{count} {standing}" for count, standing in counts if count) or "no bucket"


def _document(situation: Situation, shown: Posture, not_read: Sequence[str]) -> dict[str, object]:
    return {
        "account_id": situation.spec.account_id,
        "region": situation.spec.region,
        "output": None if situation.console.dry_run else str(situation.options.output),
        "buckets": {standing: shown.count(standing) for standing in STANDINGS},
        "time_to_fix": shown.fixes._asdict() if shown.fixes else None,
        "not_read": list(not_read),
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
