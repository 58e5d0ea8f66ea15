"""Checks `code/exemptions.yaml`, and gives notice of what has expired or soon will, or is too wide.

    python -m scripts.verbs.check_exemptions

Exit code 0 also with a notice (the calendar fails no build), 1 when the file is wrong.
"""

import sys
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

from scripts import CODE
from scripts.declared import wide_globs
from scripts.declared.exemptions import reviewed_exemptions
from scripts.errors import Problem

SOON = timedelta(days=30)


def main() -> int:
    """Check the file and print the notices."""
    try:
        lines = notices(CODE / "exemptions.yaml", datetime.now(timezone.utc).date())
    except Problem as error:
        print(f"exemptions: {error}", file=sys.stderr)
        return 1
    for line in lines:
        print(f"exemptions: {line}")
    return 0


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
                f"{entry.bucket} expires on {entry.expires}, in {left} days ({entry.owner})"
            )
    return lines


if __name__ == "__main__":
    sys.exit(main())
