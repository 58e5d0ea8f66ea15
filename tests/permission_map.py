"""The verbs' permissions as a reader copies them, and what the pages name for each.

The local cloud's rows (what RAM is asked for, on which page that stands) and what the verbs declare
are written apart. Here they are compared, and told in docs/permissions.md.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from scripts.declared import Generation
from scripts.docs.permissions import PAGE
from scripts.localcloud import coverage

Statements = Mapping[str, tuple[str, ...]]
"""Actions by the resource that they are allowed on, in the page's order."""

LONGEST = 6144  # of a policy: page "Limits" of RAM
_BEGIN = "<!-- the map: written by `make permissions` -->\n"
_END = "<!-- end of the map -->\n"
_HEAD, _HEAD_ALONE = "| verb | may | on |", "| verb on 3.0 | may | on |"
# Names of ours: no other bucket is meant.
OURS = ("resource-repair-proof-*", "resource-repair-probe-*")
_ROLES = "acs:ram:*:{account}:role/*"
_PASSED = {"{role}", "{invocationRole}"}  # a role's ARN, whatever it is


def told(generation: Generation = Generation.FC2) -> dict[str, Statements]:
    """What the page says that each verb may, by the verb."""
    first = _table(_HEAD)
    return first if generation is Generation.FC2 else {**first, **_table(_HEAD_ALONE)}


def _table(head: str) -> dict[str, Statements]:
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    verb = ""
    for line in PAGE.read_text("utf-8").split(head, 1)[1].splitlines()[2:]:
        if not line.startswith("|"):
            return dict(found)
        first, actions, resource = (re.findall("`([^`]+)`", cell) for cell in line.split("|")[1:4])
        verb = first[0] if first else verb
        found.setdefault(verb, {})[resource[0]] = tuple(actions)
    return dict(found)


def document(account_id: str, region: str, *some: Statements) -> str:
    """A policy of these statements, as somebody writes it by the table."""
    merged: dict[str, dict[str, None]] = {}
    for statements in some:
        for resource, actions in statements.items():
            merged.setdefault(resource, {}).update(dict.fromkeys(actions))
    statement = [
        {
            "Effect": "Allow",
            "Action": list(actions),
            "Resource": resource.replace("{account}", account_id).replace("{region}", region),
        }
        for resource, actions in merged.items()
    ]
    return json.dumps({"Version": "1", "Statement": statement})


def without(statements: Statements, action: str) -> Statements:
    """All but one action."""
    left = {on: tuple(one for one in may if one != action) for on, may in statements.items()}
    return {on: actions for on, actions in left.items() if actions}


class Form(NamedTuple):
    """A resource that a page names for an action; `asked` if the local cloud asks for it."""

    resource: str
    page: str
    asked: bool


def forms() -> dict[str, list[Form]]:
    """What pages name, by the action."""
    found: dict[str, list[Form]] = {}
    for each in coverage.covered():
        page = f"{each.row.page}, {each.row.read_on}" if each.row.read_on else each.row.page
        named = [(each.action, Form(on, page, asked=True)) for on in each.row.resources]
        with_it = f"with {each.row.page}"
        named += [(action, Form(on, with_it, asked=True)) for action, on in each.row.also]
        named += [(each.action, Form(on, where, asked=False)) for on, where in each.row.elsewhere]
        for action, form in named:
            known = found.setdefault(action, [])
            if form not in known:
                known.append(form)
    return found


def covers(granted: str, form: str) -> bool:
    """Whether who may on `granted` may on whatever a page's form stands for."""
    if granted == "*" or form in _PASSED:
        return granted in {"*", _ROLES}
    if form == "*":
        return False
    pattern = re.escape(granted).replace(r"\*", ".*")
    return re.fullmatch(pattern, _anything(form).replace("{owner}", "system")) is not None


def narrowest(named: Sequence[Form]) -> set[str]:
    """The forms of a statement that is no wider than pages ask for.

    A name becomes `*`, and so does all that comes after a name: one statement then has the actions
    on a thing and on what is in it.
    """
    if any(form.resource == "*" or "{owner}" in form.resource for form in named):
        return {"*"}
    short = {_anything(form.resource) for form in named if form.resource not in _PASSED}
    cut = {re.sub(r"([:/]\w+/)\*.*", r"\1*", each) for each in short}
    return short | cut or {_ROLES}


def _anything(form: str) -> str:
    return re.sub(r"\{(?!account|region|owner)\w+\}", "*", form)


def granted() -> dict[str, dict[str, list[str]]]:
    """Who may, by action and by the resource that the page names for it."""
    found: dict[str, dict[str, list[str]]] = {}
    known = [*told().items(), *told(Generation.FC3).items()]
    for verb, statements in known:
        for resource, actions in statements.items():
            for action in actions:
                found.setdefault(action, {}).setdefault(resource, []).append(verb)
    return dict(sorted(found.items()))


class Tried(NamedTuple):
    """How many statements and actions of a verb were tried, in how many situations."""

    statements: int
    actions: int
    situations: int


def tried(generation: Generation = Generation.FC2) -> dict[str, Tried]:
    """What the page says of each verb: that all suffice, and each is needed."""
    where = " on 3.0" if generation is Generation.FC3 else ""
    rows = re.findall(
        rf"^\| `([^`]+)`{where} \| (\d+) \| (\d+) \| (\d+) \| yes \| each \|$",
        PAGE.read_text("utf-8"),
        flags=re.MULTILINE,
    )
    return {verb: Tried(*map(int, numbers)) for verb, *numbers in rows}


def page_of_map() -> Iterator[str]:
    """The lines of the map, in Markdown."""
    yield "| action | the verbs may on | pages say |"
    yield "| --- | --- | --- |"
    known = forms()
    for action, resources in granted().items():
        found: dict[str, list[str]] = {}
        for form in known.get(action, []):
            on = form.resource if form.resource in _PASSED else _anything(form.resource)
            found.setdefault(on, []).append(form.page)
        cells = [
            f"`{action}`",
            "<br>".join(f"`{each}`" for each in resources),
            "<br>".join(f"`{on}`: {'; '.join(dict.fromkeys(found[on]))}" for on in found),
        ]
        yield f"| {' | '.join(cells)} |"


def written(page: str) -> str:
    """The page with the map as it is now."""
    before, _, rest = page.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    return f"{before}{_BEGIN}\n" + "\n".join(page_of_map()) + f"\n\n{_END}{after}"


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text("utf-8")), "utf-8")
