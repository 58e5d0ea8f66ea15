"""Which file says what is deployed, where no option names one."""

from collections.abc import Mapping
from pathlib import Path

from scripts.declared import client_call, dotenv
from scripts.declared.document import PATH
from scripts.errors import UsageError

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


def deployed(named: Path, environ: Mapping[str, str]) -> Path:
    """The file that is about to be deployed, where an option names `named`; PATH is none.

    Raises UsageError as `chosen`, and where the client deploys another one.
    """
    path, _ = chosen(environ)
    if named is PATH:
        return path
    if environ.get(client_call.ARGV) and path.resolve() != named.resolve():
        raise UsageError(f"the client deploys {path}, and this was told to look at {named}")
    return named
