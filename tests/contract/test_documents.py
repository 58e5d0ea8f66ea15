"""The commands in the documents print what the documents show: each block is run, and compared."""

import re
import shlex
import sys
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import NamedTuple

import pytest

from scripts import ROOT, cli
from scripts.cli import options
from tests.account import Account, Moments
from tests.contract import spoil
from tests.e2e import cases
from tests.parts import Terminal

# What a block says that its account is like: `<!-- on: NAME -->`, a function of either module.
SET_UPS = (spoil, cases)
DOCUMENTS = ("operations.md", "troubleshooting.md", "operations.zh-CN.md")
PAGES = (
    *("alerts", "bundle", "commands", "deploying", "exemptions", "function-compute-3"),
    *("outcomes", "permissions", "probe", "remediations", "settings"),
)
TELLING = (
    *(f"docs/{name}" for name in DOCUMENTS),
    "README.zh-CN.md",
    *(f"docs/{name}.md" for name in PAGES),
    *("README.md", "SECURITY.md", "CHANGELOG.md"),
)

_BLOCK = re.compile(r"(?:<!-- on: (\w+) -->\n)?```console\n(.*?)```", re.DOTALL)
_LEFT_OUT = "…"  # a line of its own: as many lines as there are
_QUESTION, _YES = "? [y/N] ", "y"
# What is another each time, and what it is called instead.
_VARIES = (
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(Z| UTC)?"), "(time)"),
    (re.compile(r"\d{4}-\d\d-\d\d"), "(day)"),
    (re.compile(r"\bcr-[0-9a-f]{8,}"), "(rule id)"),
    (re.compile(r"\b[0-9A-Fa-f]{8,}(-[0-9A-Fa-f]+)*\b"), "(id)"),
    (re.compile(r"\b(\d+ d )?\d+ (h|min|s)\b"), "(span)"),
    (re.compile(r"(\b|-)\d+\.\d\b"), "(seconds)"),
    (re.compile(r" {2,}"), "  "),  # the width of a column
)
# How often there is such a line depends on the machine.
_WAITING = re.compile(r" +\d+\.\d s  waiting for|.*; trying again in \d")


class Sample(NamedTuple):
    """A command as it is typed, and what stands below it."""

    command: str
    shown: str


class Block(NamedTuple):
    """Samples that are run one after another, on an account that `on` has made."""

    place: str
    on: str
    samples: tuple[Sample, ...]


def blocks(document: str, text: str) -> list[Block]:
    """Those of a document; each must say on what it is run."""
    found = []
    for each in _BLOCK.finditer(text):
        place = f"{document}:{text[: each.start()].count(chr(10)) + 1}"
        assert each[1], f"{place} does not say on what it is run"
        first, *parts = re.split(r"^\$ (.*)\n", each[2], flags=re.MULTILINE)
        assert not first, f"{place} does not begin with a command"
        samples = map(Sample, parts[::2], parts[1::2])
        found.append(Block(place, each[1], tuple(samples)))
    return found


def masked(text: str) -> str:
    """The text without what is another each time."""
    lines = [each.rstrip() for each in text.splitlines()]
    text = "".join(f"{each}\n" for each in lines if each and not _WAITING.match(each))
    for pattern, name in _VARIES:
        text = pattern.sub(name, text)
    return text


def agrees(shown: str, printed: str) -> bool:
    """Whether that was printed which is shown; `…` in a line of its own stands for any lines."""
    parts = re.split(rf"^{_LEFT_OUT}\n", masked(shown), flags=re.MULTILINE)
    pattern = "(?:.*\n)*?".join(map(re.escape, parts))
    return re.fullmatch(pattern, masked(printed)) is not None


def set_up(name: str) -> Callable[[Account], object]:
    """The function of that name."""
    found: Callable[[Account], object] = next(
        getattr(module, name) for module in SET_UPS if hasattr(module, name)
    )
    return found


def printed(account: Account, command: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """What the command prints, to both streams; a question is answered by yes."""
    in_time = re.sub(r"\d{4}-\d\d-\d\d", cases.IN_A_MONTH, command)  # whenever this is run
    program, verb, *arguments = shlex.split(in_time)
    assert program == "resource-repair"
    both = StringIO()
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stdin", Terminal(f"{_YES}\n"))
        patched.setattr(sys, "stdout", both)
        patched.setattr(sys, "stderr", both)
        account.run(verb, *arguments)
    return both.getvalue().replace(_QUESTION, f"{_QUESTION}{_YES}\n")


def typed(text: str) -> list[str]:
    """The commands in a text, samples aside, with something for each placeholder."""
    found = re.findall(r"^(resource-repair .+)", text, flags=re.MULTILINE)  # in blocks of sh
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL).replace("\n", " ")
    found += re.findall(r"`(resource-repair [^`]+)`", prose)
    return [re.sub(r"\b(NAME|TEAM|WHY)\b", "a-name", each) for each in found]


def all_blocks() -> list[Block]:
    """Those of all documents."""
    return [
        block
        for name in DOCUMENTS
        for block in blocks(name, (ROOT / "docs" / name).read_text("utf-8"))
    ]


@pytest.mark.parametrize("document", TELLING)
def test_what_a_document_says_to_type_is_understood(document: str) -> None:
    """Each command has a verb, and takes the options that it is given."""
    commands = typed((ROOT / document).read_text("utf-8"))
    assert commands
    for command in commands:
        _, name, *words = shlex.split(command, comments=True)
        verb = cli.load(name)
        if words:  # else it is named, and its options are told elsewhere
            options.parsed(verb, words).check()


@pytest.mark.parametrize(
    "wrong",
    [
        "1  open\n2  exempt\n",  # another word
        "1  open\n",  # a line less
        "1  open\n2  private\n3  gone\n",  # a line more
        "…\n1  open\n",  # what is left out is before it alone
        "2  private\n…\n1  open\n",  # another order
    ],
)
def test_what_was_not_printed_is_noticed(wrong: str) -> None:
    """Times and ids may be others, lines may be left out where that is said, and nothing else."""
    said = "1    open\n   0.1 s  waiting for: it\n2    private\n"
    assert agrees("1  open\n2  private\n", said)
    assert agrees("…\n2  private\n", said)
    assert agrees("1  open\n…\n", said)
    assert not agrees(wrong, said)


@pytest.mark.parametrize("some", ["24223597-0411-42d5-b845-1ee97f37f9f2", "24223597-0411-4F00"])
def test_an_id_is_another_each_time_whatever_it_begins_with(some: str) -> None:
    """Its first digits may all be decimal, of capitals and of small letters."""
    assert masked(f"request {some}") == "request (id)\n"


@pytest.mark.parametrize("block", all_blocks(), ids=lambda block: block.place)
def test_a_document_shows_what_is_printed(
    block: Block, moments: Moments, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the account that its block names, each command prints what stands below it."""
    account = cases.begin(moments, tmp_path, set_up(block.on))
    for sample in block.samples:
        account.rest()  # between two commands people read
        account.cloud.settle()
        account.cloud.clock.advance(2)  # by then the log is searched
        said = printed(account, sample.command, monkeypatch)
        assert agrees(sample.shown, said), f"$ {sample.command}\n{said}"
