"""What is wrong with a spec, where it was edited, and what to do about it."""

from typing import NamedTuple

from scripts.errors import UsageError


class Place(NamedTuple):
    """Where a value can be edited: a key's path in a line of s.yaml, or a variable's name.

    A variable is in a line of .env, or in the shell, which is no file.
    """

    path: str
    file: str = ""
    line: int = 0

    @property
    def where(self) -> str:
        """The file and the line, or the shell."""
        return f"{self.file}, line {self.line}" if self.file else "the shell"

    def __str__(self) -> str:
        if not self.file:
            return f"{self.path}, from the shell,"
        return f"{self.where}: {self.path or 'the document'}"


class SpecError(UsageError):
    """A spec that cannot be used: `at` is the path of what is to be edited (`vars.mode`)."""

    def __init__(self, place: Place, problem: str, remedy: str) -> None:
        said = f"{place} {problem}: {remedy}"  # and a name may be any text
        super().__init__("".join(c if c.isprintable() else ascii(c)[1:-1] for c in said))
        self.at = place.path
