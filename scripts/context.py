"""What a verb works with, and what it says of itself.

A verb's module ends with a `VERB`: name, permissions, options, and the function that does the work,
which gets a `Context` and returns an exit code with a report. `scripts.cli` makes the one, and
tells the other.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from cyclopts import Parameter

from scripts.account.clients import Clients
from scripts.account.permission import OF_SERVICES, Permission, missing_permissions
from scripts.declared import PATH, Generation, Spec
from scripts.errors import CloudError, Problem, UsageError
from scripts.terminal import Console, Exit


@dataclass(frozen=True, kw_only=True)
class Options:
    """What every verb takes. Beside the `Parameter` stands what help calls the value."""

    json: Annotated[bool, Parameter(help="answer with one JSON document")] = False

    def check(self) -> None:
        """Raise UsageError for what is wrong whatever any account says: nobody is asked then."""


@dataclass(frozen=True, kw_only=True)
class Reading(Options):
    """What a verb takes that reads what is declared."""

    # Named by nobody it is PATH itself: the client's own word, or TEMPLATE, counts then.
    spec: Annotated[
        Path,
        Parameter(
            name=("--spec", "--template", "-t"),
            help="what is declared: s.fc3.yaml is for Function Compute 3.0; "
            "default: TEMPLATE, else the project's s.yaml",
        ),
    ] = PATH


@dataclass(frozen=True, kw_only=True)
class Looking(Reading):
    """What a verb takes that looks at an account."""


@dataclass(frozen=True, kw_only=True)
class Acting(Looking):
    """What a verb takes that changes something."""

    yes: Annotated[bool, Parameter(name=("--yes", "-y"), help="do not ask, go ahead")] = False
    dry_run: Annotated[bool, Parameter(help="show what would be done, and stop")] = False


class Context(NamedTuple):
    """What a verb works with."""

    console: Console
    options: Any
    spec: Spec
    clients: Clients
    environ: Mapping[str, str]

    def act(self) -> None:
        """The end of looking around: from now on each read is a request of its own."""
        self.clients.memory.act()


class Ended(NamedTuple):
    """How a verb ended, and its report: a frozen dataclass, told as `terminal.plain` has it."""

    exit: Exit
    report: object


@dataclass(frozen=True)
class Verb:
    """What a verb says of itself; `name` is its module's too, with _ for -.

    `permissions` are what it takes with Function Compute 2.0, and on 3.0 as `needs` tells. With
    `rule_id_known` false it also runs before there is a PREPARE_RULE_ID, which then is empty.
    """

    name: str
    does: str
    permissions: tuple[Permission, ...]
    options: type[Looking]
    work: Callable[[Context], Ended]
    rule_id_known: bool = True
    on_fc3: tuple[Permission, ...] | None = None

    def needs(self, generation: Generation) -> tuple[Permission, ...]:
        """What it takes with that Function Compute: by default the same, but for services."""
        if generation is Generation.FC2:
            return self.permissions
        if self.on_fc3 is not None:
            return self.on_fc3
        return tuple(each for each in self.permissions if each.action not in OF_SERVICES)


@dataclass(frozen=True)
class Check:
    """A verb that asks no account: what it says of itself."""

    name: str
    does: str
    options: type[Options]
    work: Callable[[Console, Any, Mapping[str, str]], Ended]


LONGEST = 24 * 60 * 60  # seconds that somebody may mean to wait

_WHOLE = re.compile(r"-?[0-9]{1,15}")  # which int and float take more forms for, such as 1_0
_NUMBER = re.compile(r"-?(?:[0-9]{1,15}(?:\.[0-9]{0,15})?|\.[0-9]{1,15})")


def whole(least: int, most: int) -> Callable[[object, Any], int]:
    """Makes a whole number within bounds of a word; raises ValueError, which says what may be."""

    def converted(_: object, tokens: Any) -> int:
        return int(_checked(tokens[0].value, _WHOLE, "whole number", least, most))

    return converted


def finite(least: float, most: float) -> Callable[[object, Any], float]:
    """The same of any number."""

    def converted(_: object, tokens: Any) -> float:
        return float(_checked(tokens[0].value, _NUMBER, "number", least, most))

    return converted


def _checked(word: str, form: re.Pattern[str], what: str, least: float, most: float) -> str:
    if not form.fullmatch(word):
        raise ValueError(f" is no {what}: say one from {least} to {most}")
    if not least <= float(word) <= most:
        raise ValueError(f": say a {what} from {least} to {most}")
    return word


def show_unread(context: Context, verb: Verb, failures: Iterable[Problem]) -> None:
    """Say what could not be read, and which statements of a RAM policy would let it be."""
    refused: list[str] = []
    for failure in failures:
        context.console.fail(str(failure))
        if isinstance(failure, CloudError) and failure.lacks_statement:
            refused += failure.refused
    if missing := missing_permissions(verb.needs(context.spec.generation), refused):
        _show_statements(context.console, missing, context.spec)


def show_remedy(console: Console, verb: Verb, error: CloudError, spec: Spec) -> None:
    """Say which statements let a refused call through: for the actions that the service named."""
    needed = verb.needs(spec.generation)
    _show_statements(console, missing_permissions(needed, error.refused), spec)


def _show_statements(console: Console, missing: Iterable[Permission], spec: Spec) -> None:
    """Say what a RAM policy lacks: a statement, as it stands there, for each permission."""
    console.say("to be added to a policy of whoever these credentials are:")
    for permission in missing:
        console.say(f"  {json.dumps(permission.statement(spec.account_id, spec.region))}")


def time(_: object, tokens: Any) -> str:
    """A word that is a `moment`; raises ValueError for another one."""
    word = str(tokens[0].value)
    try:
        moment(word, datetime.now(timezone.utc))
    except UsageError as error:
        raise ValueError(f": {error}") from None
    return word


_AGO = re.compile(r"([0-9]{1,6})([mhdw])")


_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def moment(text: str, now: datetime) -> datetime:
    """The time that `24h` (ago; m, h, d, w) or an ISO 8601 time means; raises UsageError."""
    ago = _AGO.fullmatch(text)
    try:
        if ago:
            return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        given = datetime.fromisoformat(re.sub("[Zz]$", "+00:00", text))
    except (ValueError, OverflowError):
        raise UsageError(
            f"{text!r} is no time: say how long ago (90m, 24h, 7d), or 2026-01-31T12:00Z"
        ) from None
    return given if given.tzinfo else given.replace(tzinfo=timezone.utc)
