"""From the words of a command line to a verb's options; what cannot be meant is told in a line."""

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args, get_origin, get_type_hints

from cyclopts import App, CycloptsError, Parameter
from cyclopts import exceptions as raised

from scripts.cli import COMMAND
from scripts.context import Acting, Check, Options, Verb
from scripts.errors import UsageError

_STDIN = "-"
_IN_PLACE = "\0-"  # no word can have it; a hyphen alone would be taken for an option
_VARIABLE = re.compile(r"([A-Z_]+)=(.*)", re.DOTALL)


class Option(NamedTuple):
    """What help and completion tell of an option; without `names` it is told by its place."""

    names: tuple[str, ...]
    value: str
    does: str
    choices: tuple[str, ...]
    repeated: bool
    is_file: bool

    @property
    def by_place(self) -> bool:
        """Whether it is a word of its own."""
        return not self.names


def told(options: type[Options]) -> list[Option]:
    """What a verb takes: its own first, then what others take too."""
    hints = get_type_hints(options, include_extras=True)
    common = {each.name for each in fields(Acting)}
    own = [each for each in fields(options) if each.name not in common]
    shared = [each for each in fields(options) if each.name in common]
    return [_told(each.name, hints[each.name], by_place=not each.kw_only) for each in own + shared]


def _told(name: str, hint: Any, *, by_place: bool) -> Option:
    kind, parameter, *called = get_args(hint)
    choices = tuple(each for one in (kind, *get_args(kind)) for each in _choices(one))
    value = "" if kind is bool else "|".join(choices) or (called[0] if called else "FILE")
    names = parameter.name or (f"--{name.replace('_', '-')}",)
    return Option(
        () if by_place else names,
        name.upper() if by_place else value,
        str(parameter.help),
        choices,
        get_origin(kind) is tuple,
        kind is Path,
    )


def _choices(kind: Any) -> tuple[str, ...]:
    return get_args(kind) if get_origin(kind) is Literal else ()


def parsed(verb: Verb | Check, words: Sequence[str]) -> Any:
    """The options of a verb; raises UsageError for words that it does not understand."""
    app = App(
        name=verb.name,
        help_flags=(),
        version_flags=(),
        default_parameter=Parameter(negative=()),
    )
    app.default(verb.options)
    try:
        _, bound, _ = app.parse_args(
            [_IN_PLACE if word == _STDIN else word for word in words],
            exit_on_error=False,
            print_error=False,
        )
    except CycloptsError as error:
        known = told(verb.options)
        raise UsageError(f"{_wrong(error, known)}; see `{COMMAND} {verb.name} --help`") from None
    options = verb.options(*bound.args, **bound.kwargs)
    return replace(options, **dict(_in_place(options)))


def _in_place(options: Options) -> Iterator[tuple[str, Any]]:
    """Hyphens, where they stand for stdin or for nothing."""
    for each in fields(options):
        value = getattr(options, each.name)
        if isinstance(value, str | Path) and str(value) == _IN_PLACE:
            yield each.name, type(value)(_STDIN)


def _wrong(error: CycloptsError, known: Sequence[Option]) -> str:
    """What is wrong with the words, in ours."""
    if isinstance(error, raised.UnknownOptionError):
        return _unknown(error.token.keyword or error.token.value, known)
    if isinstance(error, raised.UnusedCliTokensError):
        return _too_many((error.unused_tokens or [""])[0], known)
    if isinstance(error, raised.MissingArgumentError):
        return _missing(error, known)
    if isinstance(error, raised.CoercionError):
        return _no_value(error, known)
    if isinstance(error, raised.RepeatArgumentError):
        return f"{error.token.keyword} is said twice: say it once"
    return str(error)


def _unknown(word: str, known: Sequence[Option]) -> str:
    word = word.replace(_IN_PLACE, _STDIN)
    names = [name for each in known for name in each.names]
    return f"there is no option {word}{_perhaps(word.partition('=')[0].lower(), names)}"


def _perhaps(word: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(word.replace("_", "-"), list(known), n=1)
    return f", perhaps {near[0]}" if near else ""


def _too_many(word: str, known: Sequence[Option]) -> str:
    names = {name for each in known for name in each.names}
    said = word.replace(_IN_PLACE, _STDIN)
    if (made := _VARIABLE.fullmatch(said)) and (name := f"--{made[1].lower()}") in names:
        return f"{said!r} is of make: say {name} and what it is to be"
    return f"{said!r} is a word too many{_perhaps(f'--{said}', names)}: options begin with --"


def _missing(error: raised.MissingArgumentError, known: Sequence[Option]) -> str:
    by_place = next((each for each in known if each.by_place), None)
    if error.keyword or by_place is None:
        name = error.keyword or (error.argument.name if error.argument else "an option")
        return f"{name} wants a value after it"
    return f"{by_place.value} is missing: {by_place.does}"


def _no_value(error: raised.CoercionError, known: Sequence[Option]) -> str:
    token = error.token
    name = (token and token.keyword) or (error.argument.name if error.argument else "an option")
    value = (token.value if token else "").replace(_IN_PLACE, _STDIN) or "''"
    option = next((each for each in known if name in each.names), None)
    if option and option.choices:
        perhaps = _perhaps(value, option.choices)
        return f"{name} {value}: say {' or '.join(option.choices)}{perhaps}"
    kind = error.argument.hint if error.argument else None
    what = "whole number" if kind is int else "number" if kind is float else "such value"
    return f"{name} {value} is no {what}"
