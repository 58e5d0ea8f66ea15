"""From the words of a command line to a verb's options; what cannot be meant is told in a line."""

import difflib
import re
import shlex
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
_SWITCHED = ("true", "false")  # what may stand after `--json=`
_IN_PLACE = "\0-"  # no word can have it; a hyphen alone would be taken for an option
_VARIABLE = re.compile(r"([A-Za-z_-]+)=(.*)", re.DOTALL)


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
    known = told(verb.options)
    try:
        prepared = list(_prepared(words, known))
        _, bound, _ = app.parse_args(prepared, exit_on_error=False, print_error=False)
    except CycloptsError as error:
        raise _see(verb, _wrong(error, known)) from None
    except UsageError as error:
        raise _see(verb, str(error)) from None
    options = verb.options(*bound.args, **bound.kwargs)
    return replace(options, **dict(_in_place(options)))


def _see(verb: Verb | Check, what: str) -> UsageError:
    return UsageError(f"{what}; see `{COMMAND} {verb.name} --help`")


def _prepared(words: Sequence[str], known: Sequence[Option]) -> Iterator[str]:
    """The words for the parser; raises UsageError for those that it takes, and nobody means."""
    options = {name: each for each in known for name in each.names}
    left = list(words)
    while left and left[0] != "--":
        word = left.pop(0)
        name, joined, value = word.partition("=")
        option = options.get(name)
        if option is None:
            yield _of_no_option(word, known)
        elif not option.value:
            if joined and value not in _SWITCHED:
                raise UsageError(f"{word}: {name} takes no value: say it alone, or leave it out")
            yield word
        elif joined or not left or left[0].startswith("--"):  # or the value is missing
            yield f"{name}={_meant(name, value, option)}" if joined else word
        else:
            yield f"{name}={_meant(name, left.pop(0), option)}"
    yield from (_IN_PLACE if word == _STDIN else word for word in left)


def _of_no_option(word: str, known: Sequence[Option]) -> str:
    """A word that has its place, a hyphen alone among them."""
    if word == _STDIN:
        return _IN_PLACE
    if word.startswith("-"):
        raise UsageError(_unknown(word, known))
    if not word:
        raise UsageError("'' is an empty word: say what is meant, or leave it out")
    return word


def _meant(name: str, value: str, option: Option) -> str:
    """A value that says something; an empty one is often a variable that is not set."""
    if value in ("", _STDIN):
        raise UsageError(
            f"{name} {value or repr(value)} says nothing: say {option.value} ({option.does})"
        )
    return value


def _in_place(options: Options) -> Iterator[tuple[str, Any]]:
    """Hyphens, where they stand for stdin or for nothing."""
    for each in fields(options):
        value = getattr(options, each.name)
        if isinstance(value, str | Path) and str(value) == _IN_PLACE:
            yield each.name, type(value)(_STDIN)


def _wrong(error: CycloptsError, known: Sequence[Option]) -> str:
    """What is wrong with the words, in ours."""
    if isinstance(error, raised.UnknownOptionError):  # before -- it would have been seen
        word = error.token.keyword or error.token.value
        return f"{word!r} is a word too many: options stand before --"
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
    given = word.partition("=")[0]
    for each in known:
        if each.by_place and given == f"--{each.value.lower()}":
            return f"there is no option {given}: {each.value} is a word of its own, without a name"
    names = [name for each in known for name in each.names]
    return f"there is no option {given}{_perhaps(given.lower(), names)}"


def _perhaps(word: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(word.replace("_", "-"), list(known), n=1)
    return f", perhaps {near[0]}" if near else ""


def _too_many(word: str, known: Sequence[Option]) -> str:
    options = {name: each for each in known for name in each.names}
    said = word.replace(_IN_PLACE, _STDIN)
    made = _VARIABLE.fullmatch(said)
    name = f"--{made[1].lower().replace('_', '-')}" if made else ""
    if made and (option := options.get(name)):
        value = (made[2] and shlex.quote(made[2])) or option.value if option.value else ""
        return f"{said!r} is of make: {f'{name} {value}'.strip()} is perhaps meant"
    return f"{said!r} is a word too many{_perhaps(f'--{said}', options)}: options begin with --"


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
    return f"{name} {value}{error.msg or ' is no such value'}"
