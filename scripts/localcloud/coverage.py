"""What the local cloud covers, as a table: COVERAGE.md beside this, or printed.

It is made of the rows by which the services work, so that it cannot say anything else.

    python -m scripts.localcloud.coverage           # print it
    python -m scripts.localcloud.coverage --write   # write COVERAGE.md
    python -m scripts.localcloud.coverage --check   # exit code 1 if COVERAGE.md says something else
"""

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from . import cloud  # the services are known once they are imported
from .service import Service
from .table import Row

_HEAD = (
    "operation",
    "RAM action",
    "RAM resource",
    "and",
    "page",
    "edition",
    "other pages",
    "guesses",
)
_ALL = "`*` (all resources)"


_TITLE = """# What the local cloud covers

Each operation with what RAM is asked for, the page that it is made after, with the date of its
edition, and what no page tells. What is not here is refused by name. Written by coverage.py from
the tables by which the services work.

"""

PAGE = Path(__file__).with_name("COVERAGE.md")


def main(arguments: Sequence[str], page: Path = PAGE) -> int:
    """Print, write or check the table; returns the exit code."""
    options = argparse.ArgumentParser(description="What the local cloud covers, as a table.")
    options.add_argument("--write", action="store_true", help=f"write {page.name}")
    options.add_argument("--check", action="store_true", help=f"say if {page.name} is another")
    chosen = options.parse_args(arguments)
    told = _TITLE + markdown()
    if chosen.check and page.read_text("utf-8") != told:
        print(f"{page.name} is not what the services' tables declare: use --write")
        return 1
    if chosen.write:
        page.write_text(told, "utf-8")
    elif not chosen.check:
        print(markdown(), end="")
    return 0


class Covered(NamedTuple):
    """An operation of a service."""

    service: str
    row: Row

    @property
    def action(self) -> str:
        """What RAM calls it; empty if it takes no permission."""
        return f"{self.service}:{self.row.action or self.row.name}" if self.row.resources else ""

    @property
    def asked(self) -> tuple[tuple[str, str], ...]:
        """All that RAM is asked for: each action with a resource."""
        return (*((self.action, each) for each in self.row.resources), *self.row.also)


def covered() -> list[Covered]:
    """Every operation of every service that has a table, by service, in the tables' order."""
    services = [each for each in set(_below(Service.__subclasses__())) if each.table]
    services.sort(key=lambda each: (each.name, each.__name__))
    return [Covered(each.name, row) for each in services for row in each.table]


def markdown() -> str:
    """The table in Markdown; what two versions of an API have alike stands there once."""
    told = dict.fromkeys(map(_told, covered()))
    lines = [_line(_HEAD), _line(["---"] * len(_HEAD)), *told]
    return "\n".join(lines) + "\n"


def _told(operation: Covered) -> str:
    row = operation.row
    return _line(
        [
            f"{operation.service}:{row.name}",
            f"`{operation.action}`" if operation.action else "none",
            "<br>".join(map(_resource, row.resources)),
            "<br>".join(f"`{action}` on {_resource(on)}" for action, on in row.also),
            row.page,
            row.read_on or "-",
            "<br>".join(f"{_resource(form)}: {page}" for form, page in row.elsewhere),
            "; ".join(row.guesses),
        ]
    )


def _below(kinds: Iterable[type[Service]]) -> Iterator[type[Service]]:
    """Those of them, and what is made of them, that are services of this cloud."""
    for each in kinds:
        if each.__module__.startswith(f"{cloud.__package__}."):
            yield each
            yield from _below(each.__subclasses__())


def _resource(pattern: str) -> str:
    return _ALL if pattern == "*" else f"`{pattern}`"


def _line(cells: list[str] | tuple[str, ...]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
