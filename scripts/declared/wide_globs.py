"""Globs that are too wide for a new exemption; one that holds already goes on until it ends.

The build cannot know which entries are new, so it only warns. A deploy does: new is what the live
code does not give for as much and as long (`deploy_conflicts.too_wide`).
"""

import re
from datetime import date

from resource_repair.exemptions import Exemption, Exemptions
from resource_repair.openness import PUBLIC_READ

# A hyphen is one of them as well: so many in a row, whichever, are in few names by chance.
FEWEST_IN_A_ROW = 6
_WILD = re.compile(r"[*?]+")


def why_too_wide(entry: Exemption) -> str:
    """Why it would be refused if it were new; empty if it would not. An exact name never is."""
    literals = _WILD.split(entry.bucket)
    if len(literals) == 1:
        return ""
    if entry.allow != PUBLIC_READ:
        return f"a glob allows {PUBLIC_READ} alone"
    if max(map(len, literals)) < FEWEST_IN_A_ROW:
        return f"a glob has at least {FEWEST_IN_A_ROW} literal characters in a row"
    return ""


def warnings(held: Exemptions, today: date) -> list[str]:
    """A line for each that holds and would be refused if it were new."""
    return [
        f"{each.bucket} would be refused as a new entry: {why}; it goes on until {each.expires} "
        f"({each.owner})"
        for each in held.entries
        if today <= each.expires and (why := why_too_wide(each))
    ]
