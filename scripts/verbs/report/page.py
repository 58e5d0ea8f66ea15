"""Writes the page: one HTML file that needs nothing but itself.

Whatever it quotes is escaped twice over: as text of HTML, and what a bucket's name could hide or
turn round (controls, bidi overrides) as its escape. A Content-Security-Policy of the page's own
forbids scripts and every outside resource.
"""

import functools
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import jinja2

from scripts.decide.brake import Brake
from scripts.decide.posture import STANDINGS, Posture, Verdict, called
from scripts.decide.view import ACCOUNT, BUCKET, NOBODY, Unread
from scripts.flows.further import Further
from scripts.outlet import visible
from scripts.verbs.report import chart
from scripts.words import few

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_BLOCKED = {ACCOUNT: "on for the account", BUCKET: "on", NOBODY: "off"}
_NAMED = 5  # buckets that an exemption covers; the rest is counted


class Subject(NamedTuple):
    """Whose posture it is, when, and how far back it looks.

    `function` says what that does now, `brake` why it closes nothing, if so.
    """

    account_id: str
    region: str
    rule_name: str
    function: str
    since: datetime
    now: datetime
    not_read: tuple[str, ...] = ()
    brake: Brake | None = None


def render(
    subject: Subject, posture: Posture, verdict: Verdict, further: Sequence[Further] = ()
) -> str:
    """The page's HTML."""
    widths = {"wide": chart.WIDE, "narrow": chart.NARROW}
    return _template().render(
        subject=subject,
        posture=posture,
        verdict=verdict,
        further=further,
        standings=STANDINGS,
        charts={name: chart.chart(posture.periods, width) for name, width in widths.items()},
        height=chart.HEIGHT,
    )


@functools.cache
def _template() -> jinja2.Template:
    """The page's template: compiling it takes longer than filling it."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_plain,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "called": called,
        "told": _told,
        "blocked": _blocked,
        "took": took,
        "moment": _moment,
        "named": _named,
    }
    return environment.get_template("page.html")


def took(seconds: float) -> str:
    """A duration as people say it: `7 s`, `12 min`, `3 h`, `2 d`.

    What is less than a second is said so: audit lines tell whole seconds, and nothing takes none.
    """
    if seconds < 1:
        return "under a second"
    for unit, name in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min")):
        if seconds >= 2 * unit:
            return f"{seconds / unit:.0f} {name}"
    return f"{seconds:.0f} s"


def _plain(value: object) -> object:
    """What is put into the page; markup is the template's own, and is text already escaped."""
    return visible(value) if type(value) is str else value


def _told(value: object) -> str:
    if isinstance(value, Unread):
        return "not read"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def _named(names: tuple[str, ...]) -> str:
    return few(names, _NAMED)


def _blocked(value: object) -> str:
    return _BLOCKED.get(value, "") if isinstance(value, str) else _told(value)


def _moment(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC")
