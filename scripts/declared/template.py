"""Which file says what is deployed, where no option names one."""

from collections.abc import Mapping
from pathlib import Path

from scripts.declared import client_call, dotenv
from scripts.declared.document import PATH

VARIABLE = "TEMPLATE"  # of the shell, or of the .env beside s.yaml


def chosen(environ: Mapping[str, str]) -> tuple[Path, str]:
    """The file, and what names it if it is not s.yaml: the client that runs this, or TEMPLATE.

    A client that deploys s.yaml deploys it whatever the variable says. A name alone is of the
    project's folder. Raises UsageError as `client_call.followed` and `dotenv.environment`.
    """
    if environ.get(client_call.ARGV):
        path, why = client_call.followed(environ, PATH), "the Serverless Devs client deploys"
    else:
        named = dotenv.environment(PATH.parent / ".env", environ).get(VARIABLE, "")
        path, why = PATH.parent / (named or PATH.name), f"{VARIABLE} names"
    return path, "" if path == PATH else why
