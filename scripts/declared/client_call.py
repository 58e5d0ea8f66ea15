"""How the Serverless Devs client was called, where it runs a verb as an action of s.yaml.

It hands each action its command line as `serverless_devs_temp_argv`, a JSON list without the `s`
(its sources: `src/command/custom/v1`). An action runs in the folder of the file that is deployed.
What a deploy could be told that leads elsewhere is followed, or refused.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from scripts.errors import UsageError

ARGV = "serverless_devs_temp_argv"

_TEMPLATE, _ACCESS = ("-t", "--template"), ("-a", "--access")
# These leave alone what is deployed, and where; the first take a value.
_HARMLESS_WITH = {"-o", "--output", "--output-format", "--type"}
_HARMLESS = {"-y", "--yes", "--assume-yes", "--use-local", "--use-remote", "--debug"}
# The service of s.yaml, and the parts that a deploy can be limited to.
_WORDS = {"deploy", "repair", "all", "service", "function", "trigger"}


class ClientCall(NamedTuple):
    """What it was told: the file that it deploys and the alias of its keys; empty if nothing."""

    template: str = ""
    access: str = ""


def read(environ: Mapping[str, str]) -> ClientCall:
    """How the client was called; all is empty where no client runs this.

    Raises UsageError where it was told to deploy what cannot be looked at here.
    """
    if not environ.get(ARGV):
        return ClientCall()
    words = _words(environ[ARGV])
    told: dict[str, str] = {}
    at = 0
    while at < len(words):
        name, given, value = words[at].partition("=")
        at += 1
        if name in (*_TEMPLATE, *_ACCESS, *_HARMLESS_WITH):
            if not given:
                value = words[at] if at < len(words) else ""
                at += 1
            _note(told, name, value)
        elif words[at - 1] not in _HARMLESS | _WORDS and "deploy" in words:
            raise UsageError(
                f"the client was told {name}, and whether it then deploys what is looked at here "
                "is not known: leave that out; the region, names and account are those of s.yaml, "
                "or of the file given by --template"
            )
    return ClientCall(_of(told, _TEMPLATE), _of(told, _ACCESS))


def followed(environ: Mapping[str, str], default: Path) -> Path:
    """The file that the client deploys, or `default` where no client says otherwise.

    Raises UsageError as `read`, and where the client would take another one instead.
    """
    template = read(environ).template
    if not template:
        return default
    path = Path.cwd() / Path(template).name  # an action's folder is that of the file
    if not path.is_file():
        raise UsageError(
            f"the client was told to deploy {template}, and there is no {path}: it would take "
            "s.yaml instead; name a file that is there, beside s.yaml"
        )
    return path


def _words(text: str) -> Sequence[str]:
    try:
        words = json.loads(text)
    except ValueError:
        words = None
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise UsageError(
            f"{ARGV}, by which the client tells how it was called, cannot be read: what it "
            "deploys is not known; unset it if you did not run this by the client"
        )
    return words


def _note(told: dict[str, str], name: str, value: str) -> None:
    """Remember a value. Of one given twice, or of none, the client makes something else."""
    both = next((pair for pair in (_TEMPLATE, _ACCESS) if name in pair), (name,))
    if not value or value.startswith("-") or told.keys() & set(both):
        raise UsageError(f"the client was told {name} without a value, or twice: say it once")
    told[name] = value


def _of(told: Mapping[str, str], names: Sequence[str]) -> str:
    return next((told[name] for name in names if name in told), "")
