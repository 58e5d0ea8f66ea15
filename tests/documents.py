"""The documents: which there are, and what they have in fenced blocks."""

import re
import subprocess
from typing import NamedTuple

from scripts import ROOT

_BLOCK = re.compile(r"(?:<!-- on: (\w+) -->\n)?```(\w*)\n(.*?)```", re.DOTALL)
_COMMENT = re.compile(r"(^| +)#.*", re.MULTILINE)


class Sample(NamedTuple):
    """A command as it is typed, and what stands below it; None where nothing is shown of it."""

    command: str
    shown: str | None


class Block(NamedTuple):
    """A fenced block: where it stands, of what language, and on what account it is run."""

    place: str
    language: str
    on: str
    text: str

    @property
    def samples(self) -> tuple[Sample, ...]:
        """What is typed in it, in order."""
        if self.language == "sh":
            lines = _COMMENT.sub("", self.text).splitlines()
            return tuple(Sample(line, None) for line in lines if line)
        if self.language != "console":
            return ()
        first, *parts = re.split(r"^\$ (.*)\n", self.text, flags=re.MULTILINE)
        assert not first, f"{self.place} does not begin with a command"
        typed = (_COMMENT.sub("", each) for each in parts[::2])
        return tuple(map(Sample, typed, parts[1::2]))

    @property
    def commands(self) -> tuple[str, ...]:
        """The same, without what is shown."""
        return tuple(each.command for each in self.samples)


def names() -> list[str]:
    """Every Markdown file of the project."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"]
    said = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True)
    return said.stdout.split()


def text_of(name: str) -> str:
    """What is in one."""
    return (ROOT / name).read_text("utf-8")


def blocks(name: str) -> list[Block]:
    """Those of a document, in order."""
    text = text_of(name)
    return [
        Block(f"{name}:{text[: each.start()].count(chr(10)) + 1}", each[2], each[1] or "", each[3])
        for each in _BLOCK.finditer(text)
    ]


def block(name: str, begins: str) -> Block:
    """The one of a document that begins so."""
    (found,) = (each for each in blocks(name) if each.text.startswith(begins))
    return found


def prose(name: str) -> str:
    """A document in one line, without its blocks."""
    return re.sub(r"```.*?```", "", text_of(name), flags=re.DOTALL).replace("\n", " ")


def cells(text: str, beginning: str) -> list[list[str]]:
    """The rows of the table whose first row begins so, cell by cell; that row and its line not."""
    table = text[text.index(f"\n| {beginning} |") + 1 :].split("\n\n", 1)[0]
    return [
        [cell.strip() for cell in row.strip("|").split(" | ")] for row in table.splitlines()[2:]
    ]
