"""Tables at terminals that have no room for them as they are."""

import re

import pytest

from scripts.terminal import Console
from tests.parts import Terminal

WHY = "public by its policy alone, which no rule sees and no sweep closes"
DO = "see to its policy, or resource-repair sweep --bucket logs-shared then"


@pytest.mark.parametrize(
    ("columns", "lines"),
    [
        (
            60,
            [
                "bucket       why",
                "             -> what you do",
                "logs-shared  public by its policy alone, which no rule sees",
                "             and no sweep closes",
                "             -> see to its policy, or",
                "             resource-repair sweep --bucket logs-shared then",
            ],
        ),
        (
            100,
            [
                "bucket       why                                        what you do",
                "logs-shared  public by its policy alone, which no rule  see to its policy, or",
                "             sees and no sweep closes                   "
                "resource-repair sweep --bucket logs-shared",
                "                                                        then",
            ],
        ),
        (20, [f"bucket       {'why':{len(WHY)}}  what you do", f"logs-shared  {WHY}  {DO}"]),
    ],
)
def test_a_table_wraps_at_a_narrow_terminal_and_keeps_commands_whole(
    monkeypatch: pytest.MonkeyPatch, columns: int, lines: list[str]
) -> None:
    """Beside one another or one under the other; nothing is cut, whatever the room."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", str(columns))
    out = Terminal()
    Console(out=out).table(("bucket", "why", "what you do"), [("logs-shared", WHY, DO)])
    assert re.sub("\x1b.*?m", "", out.getvalue()).splitlines() == lines
