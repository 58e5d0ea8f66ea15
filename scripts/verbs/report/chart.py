"""The bars of findings over time, and their two axes, as numbers that the template draws."""

from collections.abc import Sequence
from typing import NamedTuple

from scripts.decide.posture import Period

WIDE, NARROW = 640, 290  # for a desk and for a phone, in the drawing's own units
HEIGHT = 160
_GAP = 0.2  # of a bar's place
_LABEL = 100  # of width, for a date
_LINES = 4  # across the drawing, at most


class Bar(NamedTuple):
    """A piece of a bar: what it counts, how many, in which period, and where it stands."""

    kind: str
    findings: int
    period: Period
    x: float
    y: float
    width: float
    height: float


class Tick(NamedTuple):
    """What stands at an axis, and how far along it."""

    text: str
    place: float


class Chart(NamedTuple):
    """All pieces, the dates below and the counts beside, and what the top stands for."""

    width: int
    bars: tuple[Bar, ...]
    dates: tuple[Tick, ...]
    counts: tuple[Tick, ...]
    top: int


def chart(periods: Sequence[Period], width: int = WIDE) -> Chart:
    """Stacked bars, one for each period; the top is the first whole step from the tallest on."""
    step = _step(max(map(_total, periods), default=0))
    top = max(1, -(-max(map(_total, periods), default=0) // step)) * step
    place = width / max(1, len(periods))
    bars = []
    for n, period in enumerate(periods):
        y = float(HEIGHT)
        for kind in ("repaired", "would_repair", "unsettled"):
            count = getattr(period, kind)
            height = HEIGHT * count / top
            y -= height
            if count:
                box = (place * (n + _GAP / 2), y, place * (1 - _GAP), height)
                bars.append(Bar(kind, count, period, *(round(v, 2) for v in box)))
    each = max(1, -(-_LABEL // place)) if periods else 1
    dates = [
        Tick(period.begins.isoformat(), round(place * (n + 0.5), 2))
        for n, period in enumerate(periods)
        if n % each == 0
    ]
    counts = [Tick(str(n), round(HEIGHT * (1 - n / top), 2)) for n in range(0, top + 1, step)]
    return Chart(width, tuple(bars), tuple(dates), tuple(counts), top)


def _total(period: Period) -> int:
    return period.repaired + period.would_repair + period.unsettled


def _step(tallest: int) -> int:
    """The least of 1, 2, 5, 10, 20, 50, … that takes no more than some lines to the tallest."""
    step = 1
    while step * _LINES < tallest:
        step = step * 5 // 2 if str(step).startswith("2") else step * 2
    return step
