"""The .env beside s.yaml, as the Serverless Devs CLI reads it: what the shell has set wins."""

import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from scripts.declared.errors import Place
from scripts.declared.files import writing
from scripts.errors import UsageError

_LINE = re.compile(r"\s*(?:export\s+)?([\w.-]+)(?:\s*=\s*|:\s+)(.*?)\s*")
_MARK = "\ufeff"  # with which some editors begin a file
_QUOTED = re.compile(r"""(['"`])(.*)\1\s*(?:#.*)?""")


def environment(path: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """`environ` over what the file at `path` sets; a file that is not there sets nothing.

    Raises UsageError where something is there that cannot be read as text.
    """
    return {name: value for _, name, value in _assignments(path)} | dict(environ)


def place(path: Path, name: str, value: str) -> Place:
    """Where the variable got its value: in the last line that sets it in the file at `path`.

    If that is another value, it is from the shell. Raises as `environment`.
    """
    for line, each, set_to in reversed(list(_assignments(path))):
        if each == name:
            return Place(name, path.name, line) if set_to == value else Place(name)
    return Place(name)


def emptied(path: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """What the file sets, and an empty variable of `environ` takes away: by name, told in a line.

    Raises as `environment`.
    """
    return {
        name: f"{name} is empty in the shell, which wins over {path.name}: unset it there"
        for name, value in environment(path, {}).items()
        if value and environ.get(name) == ""
    }


def unread(path: Path) -> list[str]:
    """Of each line that sets nothing and is no comment, that it does: none is quoted."""
    return [
        f"{path.name}, line {line} sets nothing: write NAME=value, or put a # before it"
        for line, text in enumerate(_text(path).splitlines(), 1)
        if text.strip() and not text.lstrip().startswith("#") and not _LINE.fullmatch(text)
    ]


def assign(path: Path, values: Mapping[str, str]) -> None:
    """Set variables in the file at `path`, which is made if need be; its other lines stay.

    It is for its owner's eyes alone, and is never there by half. A link stays one. Raises as
    `environment`, and Problem where it cannot be written.
    """
    text = _text(path)
    for name, value in values.items():
        text = _assigned(text, name, value)
    with writing(path):
        _replace(path.resolve(), text.encode())


def _assignments(path: Path) -> Iterator[tuple[int, str, str]]:
    """Line, name and value of each."""
    for line, text in enumerate(_text(path).splitlines(), 1):
        found = None if text.lstrip().startswith("#") else _LINE.fullmatch(text)
        if found:
            yield line, found[1], _value(found[2])


def _text(path: Path) -> str:
    """What the file says, to the letter; what is wrong with it is told without quoting it."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read ({error.strerror}): make it a file of yours, or take it away"
        ) from None
    try:
        return content.decode().removeprefix(_MARK)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UsageError(
            f"{path} is no text in UTF-8, in line {line}: save it as that, or take it away"
        ) from None


def _replace(path: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.")  # mode 0600
    scratch = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)


def _assigned(text: str, name: str, value: str) -> str:
    """The text with a variable set where it is set last, which is what counts, or at its end."""
    lines = text.splitlines(keepends=True)
    for place in reversed(range(len(lines))):
        line = lines[place].splitlines()[0]
        found = None if line.lstrip().startswith("#") else _LINE.fullmatch(line)
        if found and found[1] == name:
            ending = lines[place][len(line) :]
            lines[place] = f"{line[: found.start(1)]}{name}={value}{ending}"
            return "".join(lines)
    separated = text if text.endswith("\n") or not text else f"{text}\n"
    return f"{separated}{name}={value}\n"


def _value(text: str) -> str:
    quoted = _QUOTED.fullmatch(text)
    return quoted[2] if quoted else text.partition("#")[0].rstrip()
