"""Refuses a deploy that would go wrong in silence: `make check-deploy`.

`s deploy` runs it first. The CLI would deploy an unset variable as the literal text
`${env(PREPARE_RULE_ID)}`, and the function would then keep every finding as misconfigured; and it
would send code and signatures over plain http if nothing tells it otherwise. Exit code 0, or 2 with
a line on stderr.
"""

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from scripts import ROOT
from scripts.declared import dotenv
from scripts.errors import UsageError

RULE_ID = "PREPARE_RULE_ID"
ENDPOINT, SWITCH = "s_default_fc_endpoint", "s_default_enable_fc_endpoint"
_LOOPBACK = {"127.0.0.1", "localhost"}
_ID = re.compile(r"cr-[A-Za-z0-9]+(-[A-Za-z0-9]+)*")
_WHERE = (
    "it stands in the Cloud Config console, on the rule's page, and looks like cr-b9046457e0d9..."
)


def problem(value: str, told: str = RULE_ID) -> str:
    """What is wrong with this list of rule ids, separated by commas, in a line; "" if nothing.

    `told` is how it is named, such as the `dotenv.place` at which it is set.
    """
    if not value.strip():
        return f"{RULE_ID} is not set: put the id of the Cloud Config rule in .env; {_WHERE}"
    if "${" in value:
        return f"{told} is the unresolved text {value!r}: set it to the rule's id; {_WHERE}"
    for part in value.split(","):
        if not _ID.fullmatch(part.strip()):
            return (
                f"{told} has {part.strip()!r}, which is no rule id (a rule's name, perhaps?): "
                f"set it to the id; {_WHERE}"
            )
    return ""


def endpoint_problem(environ: Mapping[str, str]) -> str:
    """Why the CLI would not talk https to Function Compute, in a line; "" if it would."""
    endpoint = environ.get(ENDPOINT, "")
    parts = urlsplit(endpoint)
    safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    if safe and "<" not in endpoint and environ.get(SWITCH) == "true":
        return ""
    return (
        f"the client would talk plain http to Function Compute: set {SWITCH}=true and "
        f"{ENDPOINT}=https://<account id>.<region>.fc.aliyuncs.com in .env, with your account's id"
    )


def main(env_file: Path, environ: Mapping[str, str]) -> int:
    """Check the environment, and `env_file` for what the environment lacks; gives the exit code."""
    try:
        settings = dotenv.environment(env_file, environ)
        value = settings.get(RULE_ID, "")
        told = str(dotenv.place(env_file, RULE_ID, value))
        line = problem(value, told) or endpoint_problem(settings)
    except UsageError as error:
        line = str(error)
    if line:
        print(line, file=sys.stderr)
    return 2 if line else 0


if __name__ == "__main__":
    sys.exit(main(ROOT / ".env", os.environ))
