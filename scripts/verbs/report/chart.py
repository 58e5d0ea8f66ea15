"""The bars of repairs over time, as numbers that the template draws."""

from collections.abc import Sequence
from typing import NamedTuple

from scripts.decide.posture import Period

WIDTH, HEIGHT = 640, 160  # of the drawing, in its own units
_GAP = 0.2  # of a bar's place


class Bar(NamedTuple):
    """A piece of a bar: what it counts, how many, and where it stands."""

    kind: str
    lines: int
    x: float
    y: float
    width: float
    height: float


class Chart(NamedTuple):
    """All pieces, and what the top of the drawing stands for."""

    bars: tuple[Bar, ...]
    top: int


def chart(periods: Sequence[Period]) -> Chart:
    """Stacked bars, one for each period, the tallest of which reaches the top."""
    top = max((each.repaired + each.would_repair + each.unsettled for each in periods), default=0)
    place = WIDTH / max(1, len(periods))
    bars = []
    for n, period in enumerate(periods):
        y = float(HEIGHT)
        for kind in ("repaired", "would_repair", "unsettled"):
            count = getattr(period, kind)
            height = HEIGHT * count / max(1, top)
            y -= height
            if count:
                x, width = place * (n + _GAP / 2), place * (1 - _GAP)
                bars.append(Bar(kind, count, *(round(v, 2) for v in (x, y, width, height))))
    return Chart(tuple(bars), top)
