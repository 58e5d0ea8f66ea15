"""What the documents tell to type is so: each block is run, and what it shows is compared."""

import inspect
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterable
from datetime import date
from io import StringIO
from operator import attrgetter
from pathlib import Path
from threading import Event

import pytest

from scripts import ROOT, cli, localcloud
from scripts.cli import options
from scripts.declared import Generation
from scripts.declared.exemptions import reviewed_exemptions
from scripts.docs import permissions
from scripts.localcloud import LocalCloud
from scripts.localcloud.faults import Faults
from tests.account import Account, Moments
from tests.contract import spoil
from tests.documents import Block, blocks, names, prose, text_of
from tests.e2e import cases, givens
from tests.parts import Terminal

# What a block says that its account is like: `<!-- on: NAME -->`, a function of either module.
SET_UPS = (spoil, givens)
# What is not run here, by how it begins, and who runs it or why nobody does.
NOT_HERE = {
    "ln -s ": "tests/contract/test_command_process.py runs it",
    'eval "$(resource-repair completion bash)"': "the same",
    "npm install ": "needs npm; tests/unit/test_docs.py compares it with the workflow's lock",
    "s set ": "needs the client",
    "s config ": "needs the client, and keys",
    "pip install ": "tests/contract/test_stranger.py does it without an index",
    "alicloud-local ": "tests/contract/test_stranger.py runs it",
    ". ./cloud.env": "the same",
    "curl ": "the same",
    "make bundle": "tests/contract/test_cloud_by_hand.py runs it",
    "make cloud ": "the same",
    ". build/cloud.env": "the same",
    "scripts/resource-repair ": "the same",
    "import oss2\n": "tests/contract/test_stranger.py runs it",
    "      somebody opens a bucket": "a picture",
    " ON ALIBABA CLOUD": "a picture",
}

POLICY = ".venv/bin/python -m scripts.docs.permissions --policy "
MADE = Generation.FC3.template
NOT_WAITED = {"undo": ("--watch", "0")}  # or it looks for a minute whether the bucket stays open

DAY = re.compile(r"\d{4}-\d\d-\d\d")

_LEFT_OUT = "…"  # a line of its own: as many lines as there are
_QUESTION, _YES = "? [y/N] ", "y"
# What is another each time, and what it is called instead.
_VARIES = (
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(Z| UTC)?"), "(time)"),
    (DAY, "(day)"),
    (re.compile(r"\bcr-[0-9a-f]{8,}"), "(rule id)"),
    (re.compile(r"\b[0-9A-Fa-f]{8,}(-[0-9A-Fa-f]+)*\b"), "(id)"),
    (re.compile(r"(\b|-)\d+\.\d\b"), "(seconds)"),
    (re.compile(r"\b(\d+ d )?\d+ (h|min|s)\b"), "(span)"),
    (re.compile(r" {2,}"), "  "),  # the width of a column
)
# How often there is such a line depends on the machine.
_WAITING = re.compile(r" +\d+\.\d s  waiting for|.*; trying again in \d")


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


def printed(account: Account, command: str, monkeypatch: pytest.MonkeyPatch) -> tuple[int, str]:
    """The exit code, and what comes to both streams; a question is answered by yes."""
    in_time = DAY.sub(givens.IN_A_MONTH, command)  # whenever this is run
    program, verb, *words = shlex.split(in_time)
    if program == "s":  # what the client asks for is recorded, and this asks for the same
        verb, words = "apply", ["--yes"]
    words = [{"-t": "--spec", MADE: str(account.folder / MADE)}.get(each, each) for each in words]
    both = StringIO()
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stdin", Terminal(f"{_YES}\n"))
        patched.setattr(sys, "stdout", both)
        patched.setattr(sys, "stderr", both)
        code = account.run(verb, *words, *NOT_WAITED.get(verb, ()))
    return code, both.getvalue().replace(_QUESTION, f"{_QUESTION}{_YES}\n")


def is_of(words: Iterable[str], command: str) -> bool:
    """Whether it begins with any of these."""
    return command.startswith(tuple(words))


def typed(document: str) -> list[str]:
    """The commands of verbs in a document, samples aside, with something for each placeholder."""
    found = [each for block in blocks(document) for each in block.commands]
    found = [each for each in found if each.startswith("resource-repair ")]
    found += re.findall(r"`(resource-repair [^`]+)`", prose(document))
    return [re.sub(r"\b(NAME|TEAM|WHY)\b", "a-name", each) for each in found]


ALL = [block for name in names() for block in blocks(name)]
# What pages tell to type alike is run once: where its output is shown, if it is.
SHOWN = {block.commands for block in ALL if block.on and block.language == "console"}
RUN = [
    block
    for block in ALL
    if block.on and (block.language == "console" or block.commands not in SHOWN)
]
MADE_BY_MAKE = sorted(
    {
        each
        for block in ALL
        for each in block.commands
        if is_of(["make"], each) and not is_of(NOT_HERE, each)
    }
)
YAML = [block for block in ALL if block.language == "yaml"]
PYTHON = [block for block in ALL if block.language == "python" and not is_of(NOT_HERE, block.text)]


def test_each_block_is_run_or_it_is_said_why_not() -> None:
    """None is merely shown, and what is said not to be run here is there."""
    told = set()
    for block in ALL:
        if block.on or block in (*PYTHON, *YAML):
            continue
        for each in block.commands or [block.text]:
            here = each in MADE_BY_MAKE or is_of([POLICY], each)
            assert here or is_of(NOT_HERE, each), f"nothing runs {block.place}: {each}"
            told |= {begins for begins in NOT_HERE if each.startswith(begins)}
    assert told == set(NOT_HERE)


@pytest.mark.parametrize("block", RUN, ids=lambda block: block.place)
def test_a_document_shows_what_is_printed(
    block: Block, moments: Moments, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the account that its block names, each command prints what stands below it.

    Where nothing is shown, it ends well.
    """
    account = cases.begin(moments, tmp_path, set_up(block.on))
    for sample in block.samples:
        account.rest()  # between two commands people read
        account.cloud.settle()
        account.cloud.clock.advance(2)  # by then the log is searched
        code, said = printed(account, sample.command, monkeypatch)
        if sample.shown and sample.shown.strip():
            assert agrees(sample.shown, said), f"$ {sample.command}\n{said}"
        else:
            assert code == 0, f"$ {sample.command}\n{said}"


@pytest.mark.parametrize("block", PYTHON, ids=lambda block: block.place)
def test_the_python_of_a_document_runs(
    block: Block, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what the local cloud exports, and a cloud."""
    monkeypatch.setattr(Faults, "add", inspect.unwrap(Faults.add))  # which need not be met
    known = {**vars(localcloud), "cloud": account.cloud, "event": Event()}
    exec(block.text, known)  # noqa: S102
    account.cloud.faults.clear()


@pytest.mark.parametrize("block", YAML, ids=lambda block: block.place)
def test_the_exemptions_of_a_document_are_built(block: Block, tmp_path: Path) -> None:
    """As they stand there, but for the last day."""
    path = tmp_path / "exemptions.yaml"
    path.write_text(DAY.sub(givens.IN_A_MONTH, block.text), "utf-8")
    assert reviewed_exemptions(path, date.today()).entries  # noqa: DTZ011


def test_each_switch_of_the_local_cloud_is_there(cloud: LocalCloud) -> None:
    """What its page has in the table can be set, called, or given to it when it is made."""
    page = text_of("docs/local-cloud.md")
    given = inspect.signature(LocalCloud).parameters
    assert [each for each in re.findall(r"`LocalCloud\((\w+)=", page) if each not in given] == []
    for name in re.findall(r"`cloud\.([\w.]+)", page):
        attrgetter(name)(cloud)


@pytest.mark.parametrize("command", MADE_BY_MAKE)
def test_what_is_to_be_made_make_understands(command: str) -> None:
    """It knows how; what comes of it takes minutes, or is what runs this."""
    environ = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
    dry = ["make", "--dry-run", *shlex.split(command)[1:]]
    done = subprocess.run(dry, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_policy_that_permissions_prints_is_taken(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command prints one that RAM knows."""
    (block,) = (each for each in ALL if is_of([POLICY], each.text))
    words = shlex.split(block.text)[3:]
    assert permissions.main(words) == 0
    account.cloud.ram.create_policy("operator", capsys.readouterr().out)


@pytest.mark.parametrize("document", [name for name in names() if typed(name)])
def test_what_a_document_says_to_type_is_understood(document: str) -> None:
    """Each command has a verb, and takes the options that it is given."""
    for command in typed(document):
        _, name, *words = shlex.split(command, comments=True)
        if name.startswith("--"):
            assert cli.run(name) == 0
            continue
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
    assert agrees("closed 1.4 s after\n", "closed 0.7 s after\n")
    assert not agrees(wrong, said)


@pytest.mark.parametrize("some", ["24223597-0411-42d5-b845-1ee97f37f9f2", "24223597-0411-4F00"])
def test_an_id_is_another_each_time_whatever_it_begins_with(some: str) -> None:
    """Its first digits may all be decimal, of capitals and of small letters."""
    assert masked(f"request {some}") == "request (id)\n"
