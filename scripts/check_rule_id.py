"""Refuses to deploy without the id of a Cloud Config rule: `python3 -m scripts.check_rule_id`.

`s deploy` runs it first, since the CLI would deploy an unset variable as the literal text
`${env(PREPARE_RULE_ID)}` and the function would then ignore every finding. Standard library only:
it must say its one line on any machine that has Python. Exit code 0, or 2 with the line on stderr.
"""

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from scripts import ROOT, dotenv

VARIABLE = "PREPARE_RULE_ID"
_ID = re.compile(r"cr-[A-Za-z0-9]+(-[A-Za-z0-9]+)*")
_WHERE = (
    "it stands in the Cloud Config console, on the rule's page, and looks like cr-b9046457e0d9..."
)


def problem(value: str) -> str:
    """What is wrong with this list of rule ids, separated by commas, in a line; "" if nothing."""
    if not value.strip():
        return f"{VARIABLE} is not set: put the id of the Cloud Config rule in .env; {_WHERE}"
    if "${" in value:
        return f"{VARIABLE} is the unresolved text {value!r}: set it to the rule's id; {_WHERE}"
    for part in value.split(","):
        if not _ID.fullmatch(part.strip()):
            return (
                f"{VARIABLE} has {part.strip()!r}, which is no rule id (a rule's name, perhaps?): "
                f"set it to the id; {_WHERE}"
            )
    return ""


def main(env_file: Path, environ: Mapping[str, str]) -> int:
    """Check the environment, and `env_file` for what the environment lacks; gives the exit code."""
    line = problem(dotenv.environment(env_file, environ).get(VARIABLE, ""))
    if line:
        print(line, file=sys.stderr)
    return 2 if line else 0


if __name__ == "__main__":
    sys.exit(main(ROOT / ".env", os.environ))
