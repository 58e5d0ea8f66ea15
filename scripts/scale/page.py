"""docs/scale.md: its tables are the program's, the words around them are not."""

from pathlib import Path

from scripts import ROOT
from scripts.errors import Problem
from scripts.scale.inputs import Inputs
from scripts.scale.tables import TABLES, Table

PAGE = ROOT / "docs" / "scale.md"


def written(text: str, given: Inputs) -> str:
    """The page with all its tables as the program has them now.

    Raises Problem where the page lacks the place of one.
    """
    for name, table in TABLES.items():
        begin, end = f"<!-- {name}: written by `make scale` -->\n", f"<!-- end of {name} -->\n"
        before, began, rest = text.partition(begin)
        _, ended, after = rest.partition(end)
        if not (began and ended):
            raise Problem(f"{PAGE.name} has no place for the table “{name}”: write {begin}{end}")
        text = f"{before}{begin}\n{_markdown(table(given))}\n\n{end}{after}"
    return text


def write(given: Inputs, page: Path = PAGE) -> bool:
    """Write the tables into the page; whether that changed it."""
    text = page.read_text("utf-8")
    wanted = written(text, given)
    if wanted != text:
        page.write_text(wanted, "utf-8")
    return wanted != text


def _markdown(table: Table) -> str:
    titles, rows = table
    return "\n".join(f"| {' | '.join(line)} |" for line in (titles, ["---"] * len(titles), *rows))
