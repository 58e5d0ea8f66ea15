"""What a service knows: a row an operation, found once for each request.

A row says where the operation is asked for, what it takes, what RAM must allow, and on which page
all of this stands. What a request names besides is refused by that name, and never passed over:
a client that relies on it would work here, and not there.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple


@dataclass(frozen=True)
class Row:
    """An operation as its page has it.

    `path` has names in braces where a request has names of resources: `/topics/{topic}/messages`.
    `flags` are names in the query, alone or with their values, that make it this operation and no
    other (`?acl`, `?action=enable`), `query` what it may have besides, `headers` those of the
    service's own that it takes, in lower case (one that ends in `*` is all that begin so), and
    `fields` the names in its body. `resources` are the ARNs that RAM is asked for, each of them,
    with `{account}`, `{region}` and what the path and the query name; `*` is "All Resource".
    `action` is RAM's name for it, where that differs, and `also` are further actions, each with its
    resource, that RAM is asked for with it (one with a name that a request does not have is not
    asked for: the role that it would pass on). `elsewhere` are resources that other pages name in
    place of `resources`, each with its page. `page` is the title of the operation's page, and
    `read_on` the date of its edition; `guesses` are what no page tells, and how it is done here.
    """

    name: str
    method: str
    path: str
    page: str
    read_on: str = ""
    flags: frozenset[str] = frozenset()
    query: frozenset[str] = frozenset()
    headers: frozenset[str] = frozenset()
    fields: frozenset[str] = frozenset()
    resources: tuple[str, ...] = ("*",)
    action: str = ""
    guesses: tuple[str, ...] = ()
    also: tuple[tuple[str, str], ...] = ()
    elsewhere: tuple[tuple[str, str], ...] = ()
    parts: tuple[str, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", tuple(part for part in self.path.split("/") if part))

    def names(self, segments: Sequence[str]) -> dict[str, str] | None:
        """What stands in a path for the names in braces; None if it is another path."""
        if len(segments) != len(self.parts):
            return None
        found = {}
        for part, given in zip(self.parts, segments, strict=True):
            if part.startswith("{"):
                found[part[1:-1]] = given
            elif part != given:
                return None
        return found


class Match(NamedTuple):
    """The row that a request asks for, and what it names.

    `subject` is how journal and faults name what the operation is done to.
    """

    row: Row
    names: Mapping[str, str]
    subject: str = ""

    @property
    def name(self) -> str:
        """The operation's."""
        return self.row.name


def words(text: str) -> frozenset[str]:
    """The words of a text: how rows are written with little noise."""
    return frozenset(text.split())


def find(
    table: Sequence[Row], method: str, segments: Sequence[str], query: Collection[str]
) -> Match | None:
    """The row for a request: of those of its method and path the one with most flags that it has.

    None if there is none.
    """
    best: Match | None = None
    for row in table:
        if row.method != method or not row.flags <= set(query):
            continue
        if best is not None and len(row.flags) <= len(best.row.flags):
            continue
        names = row.names(segments)
        if names is not None:
            best = Match(row, names, "/".join(names.values()))
    return best


def unknown(given: Collection[str], known: Collection[str]) -> str:
    """The names that are given and not known, in alphabetical order; empty if there is none.

    A known name that ends in `*` stands for all that begin as it does.
    """
    beginnings = tuple(name[:-1] for name in known if name.endswith("*")) or ("\n",)
    names = set(given) - set(known)
    return ", ".join(sorted(name for name in names if not name.startswith(beginnings)))
