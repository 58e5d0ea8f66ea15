"""What completes verbs and options in a shell: one script for each, with all that is to be known.

No verb runs while somebody presses a key.
"""

from collections.abc import Callable, Iterator, Mapping

from scripts.cli import COMMAND
from scripts.cli.options import Option, told
from scripts.context import Check, Verb
from scripts.errors import UsageError

Verbs = Mapping[str, tuple[str, Verb | Check]]


def of(shell: str, verbs: Verbs) -> str:
    """The script for a shell, from each verb and what it does in a line.

    Raises UsageError for another shell.
    """
    if shell not in SHELLS:
        raise UsageError(f"say for which shell: `{COMMAND} completion {'|'.join(SHELLS)}`")
    return "\n".join([*SHELLS[shell](verbs), ""])


def _bash(verbs: Verbs) -> Iterator[str]:
    """Where nothing is known to complete a word by, files do."""
    yield "_resource_repair() {"
    yield "  local words="
    yield '  case "$COMP_CWORD ${COMP_WORDS[1]} ${COMP_WORDS[COMP_CWORD-1]}" in'
    yield f"    '1 '*) words='{' '.join(_all(verbs))}' ;;"
    yield "    *' completion '*) words='bash zsh fish' ;;"
    for name, options in _options(verbs):
        for each in options:
            for option in each.names if each.value else ():
                yield f"    *' {name} {option}') words='{' '.join(each.choices)}' ;;"
        names = " ".join(option for each in options for option in each.names)
        yield f"    *' {name} '*) words='{names} --help' ;;"
    yield "  esac"
    yield '  COMPREPLY=($(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}"))'
    yield "}"
    yield f"complete -o default -F _resource_repair {COMMAND}"


def _zsh(verbs: Verbs) -> Iterator[str]:
    yield "_resource_repair() {"
    yield "  if (( CURRENT == 2 )); then"
    yield "    local -a verbs=("
    yield from (f"      {_quoted(f'{name}:{does}')}" for name, does in _all(verbs).items())
    yield "    )"
    yield "    _describe verb verbs"
    yield "    return"
    yield "  fi"
    yield "  local verb=$words[2]"
    yield "  shift words; (( CURRENT-- ))"
    yield "  case $verb in"
    yield "    completion) _arguments '1:shell:(bash zsh fish)' ;;"
    for name, options in _options(verbs):
        told_so = " ".join(_quoted(line) for each in options for line in _zsh_option(each))
        yield f"    {name}) _arguments {told_so} '--help[show what it does]' ;;"
    yield "  esac"
    yield "}"
    yield f"compdef _resource_repair {COMMAND}"


def _zsh_option(option: Option) -> Iterator[str]:
    does = "".join(f"\\{each}" if each in "[]:\\" else each for each in option.does)
    action = f"({' '.join(option.choices)})" if option.choices else "_files"
    value = f":{option.value}:{action if option.choices or option.is_file else ' '}"
    if option.by_place:
        yield f"1{value}"
    for name in option.names:
        yield f"{'*' if option.repeated else ''}{name}[{does}]{value if option.value else ''}"


def _fish(verbs: Verbs) -> Iterator[str]:
    for name, does in _all(verbs).items():
        yield f"complete -c {COMMAND} -n __fish_use_subcommand -f -a {name} -d {_quoted(does)}"
    yield (
        f"complete -c {COMMAND} -n '__fish_seen_subcommand_from completion' -f -a 'bash zsh fish'"
    )
    for name, options in _options(verbs):
        for each in options:
            for option in each.names:
                flag = f"-l {option[2:]}" if option.startswith("--") else f"-s {option[1:]}"
                wants = "" if not each.value else " -r -F" if each.is_file else " -x"
                choices = f" -a '{' '.join(each.choices)}'" if each.choices else ""
                yield (
                    f"complete -c {COMMAND} -n '__fish_seen_subcommand_from {name}' "
                    f"{flag}{wants}{choices} -d {_quoted(each.does)}"
                )


def _all(verbs: Verbs) -> dict[str, str]:
    return {name: does for name, (does, _) in verbs.items()} | {"completion": "complete words"}


def _options(verbs: Verbs) -> Iterator[tuple[str, list[Option]]]:
    for name, (_, verb) in verbs.items():
        yield name, told(verb.options)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


SHELLS: Mapping[str, Callable[[Verbs], Iterator[str]]] = {"bash": _bash, "zsh": _zsh, "fish": _fish}
