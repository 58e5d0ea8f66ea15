"""README's three commands are those of docs/deploying.md, whose sample is what they print."""

import re
import sys
from pathlib import Path

import pytest

from scripts import ROOT
from tests.account import Moments
from tests.parts import Terminal

QUESTION = "Do this? [y/N] y"  # on stderr, and the answer is typed
WAITING = re.compile(r" +\d+\.\d s  waiting for: ")  # how often depends on the machine

# What is waited for is told on stderr.
SPREADING = re.compile(r"\w+:\w+ on .*, since .* was just made; trying again in .*\n")


def told(lines: list[str]) -> list[str]:
    """The lines without what is another each time: the proof's bucket, and how long it took."""
    some = [line for line in lines if not WAITING.match(line) and line not in (QUESTION, "")]
    bucket = re.compile(r"resource-repair-proof-[0-9a-f]{16}")
    return [re.sub(r"\d+\.\d\b", "0.0", bucket.sub("a bucket", line)) for line in some]


def sample() -> dict[str, list[str]]:
    """What docs/deploying.md has below each command of the sample."""
    page = (ROOT / "docs" / "deploying.md").read_text("utf-8")
    section = page[page.index("## On your account") :]
    block = section.split("```console\n", 1)[1].split("```", 1)[0]
    commands = re.split(r"^\$ (.*)\n", block, flags=re.MULTILINE)[1:]
    return dict(zip(commands[::2], map(str.splitlines, commands[1::2]), strict=True))


def test_the_commands_are_those_of_the_sample() -> None:
    """Who goes by README types what was tried."""
    readme = (ROOT / "README.md").read_text("utf-8")
    block = readme.partition("Three commands, each safe to repeat:")[2].split("```")[1]
    typed = [line.partition("#")[0].rstrip() for line in block.removeprefix("sh\n").splitlines()]
    assert typed == list(sample())


def test_the_sample_is_what_the_verbs_print(
    tmp_path: Path,
    moments: Moments,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """On a fresh local cloud each command prints what stands below it, whole and in order."""
    shown = sample()
    assert list(shown) == [
        "resource-repair provision",
        "s deploy -y --use-local",
        "resource-repair verify --loop",
    ]
    account = moments.nothing(tmp_path, bundle=True)
    monkeypatch.setattr(sys, "stdin", Terminal("y\n"))
    assert account.run("provision") == 0
    provisioned = capsys.readouterr()
    assert account.run("apply", "--yes") == 0  # what the client prints is its own
    capsys.readouterr()
    assert account.run("verify", "--loop") == 0
    verified = capsys.readouterr()

    assert told(provisioned.out.splitlines()) == told(shown["resource-repair provision"])
    assert SPREADING.sub("", provisioned.err) == QUESTION.removesuffix("y")
    assert QUESTION in shown["resource-repair provision"]
    assert told(verified.out.splitlines()) == told(shown["resource-repair verify --loop"])
