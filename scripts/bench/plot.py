"""The plot: what takes how long, as an SVG that needs nothing else and can be read on any page.

Shown as an image it sees only the reader's preference between light and dark, not the page's own
background: hence it brings a background for each.
"""

from collections.abc import Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape

from scripts.bench import plan, targets
from scripts.bench.figures import Spread, spread, wall
from scripts.bench.measure import Results
from scripts.bench.plan import FAR, NEAR, State

_WIDTH = 720
_LEFT, _RIGHT = 236, 118  # room for names, and for figures
_BAR, _STEP = 18, 26
_TITLE, _GAP = 30, 20

_NOTES = (
    "Medians, with a line from quartile to quartile. Shorter is better.",
    "The tutorial's way is one request for a bucket, in the clear; all others make four, over TLS.",
)
_STYLE = """\
.ground { fill: #ffffff; }
text { fill: #1f2328; font: 13px -apple-system, "Segoe UI", "Noto Sans", Helvetica, sans-serif; }
.title { font-weight: 600; }
.small { fill: #59636e; font-size: 12px; }
.bar { fill: #afb8c1; }
.ours { fill: #0969da; }
.spread { stroke: #1f2328; stroke-width: 1.5; fill: none; }
@media (prefers-color-scheme: dark) {
  .ground { fill: #0d1117; }
  text { fill: #e6edf3; }
  .small { fill: #9198a1; }
  .bar { fill: #57606a; }
  .ours { fill: #4493f8; }
  .spread { stroke: #e6edf3; }
}
"""


class Bar(NamedTuple):
    """A bar: how many seconds what takes."""

    name: str
    seconds: Spread
    ours: bool


class Panel(NamedTuple):
    """Bars that are compared with each other, on a scale of their own."""

    title: str
    bars: list[Bar]


def panels(results: Results) -> list[Panel]:
    """What the plot shows of a run: the scenes that were run, of those that matter most."""
    wanted = (
        (
            "One finding, cold, 2 ms a round trip: from the start of the process to its exit",
            (State.COLD, 1, NEAR),
        ),
        ("60 findings, warm, 2 ms a round trip", (State.WARM, 60, NEAR)),
        ("60 findings, warm, 20 ms a round trip", (State.WARM, 60, FAR)),
        ("1000 findings, warm, 20 ms a round trip", (State.WARM, 1000, FAR)),
    )
    return [
        Panel(title, _bars(results, plan.key(*scene)))
        for title, scene in wanted
        if plan.key(*scene) in results
    ]


def draw(shown: Sequence[Panel]) -> str:
    """The SVG."""
    parts: list[str] = []
    top = _GAP
    for panel in shown:
        parts += _draw_panel(panel, top)
        top += _TITLE + _STEP * len(panel.bars) + _GAP
    label = "; ".join(_told(panel) for panel in shown)
    for note in _NOTES:
        parts.append(f'<text class="small" x="16" y="{top + 4}">{note}</text>')
        top += _GAP
    height = top
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" '
            f'viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{_quoted(label)}">',
            f"<style>\n{_STYLE}</style>",
            f'<rect class="ground" width="{_WIDTH}" height="{height}" rx="6"/>',
            *parts,
            "</svg>\n",
        ]
    )


def _bars(results: Results, key: str) -> list[Bar]:
    samples = results[key]
    floor = targets.best_floor(samples, wall)
    order = (plan.TUTORIAL_SOURCE, plan.TUTORIAL, plan.HONEST, plan.PRODUCT, floor)
    return [
        Bar(
            "the floor" if name == floor else plan.TITLES[name],
            spread([sample.wall for sample in samples[name]]),
            name == plan.PRODUCT,
        )
        for name in order
        if name is not None and samples.get(name)
    ]


def _draw_panel(panel: Panel, top: int) -> list[str]:
    longest = max(bar.seconds.high for bar in panel.bars)
    scale = (_WIDTH - _LEFT - _RIGHT) / longest
    parts = [f'<text class="title" x="16" y="{top + 14}">{escape(panel.title)}</text>']
    for place, bar in enumerate(panel.bars):
        y = top + _TITLE + _STEP * place
        low, median, high = (_LEFT + each * scale for each in bar.seconds[:3])
        middle, kind = y + _BAR / 2, "bar ours" if bar.ours else "bar"
        parts += [
            f'<text x="{_LEFT - 10}" y="{y + 13}" text-anchor="end">{escape(bar.name)}</text>',
            f'<rect class="{kind}" x="{_LEFT}" y="{y}" width="{median - _LEFT:.1f}" '
            f'height="{_BAR}" rx="2"/>',
            f'<path class="spread" d="M{low:.1f} {middle:g}H{high:.1f}"/>',
            f'<text x="{high + 8:.1f}" y="{y + 13}">{_time(bar.seconds.median)}</text>',
        ]
    return parts


def _told(panel: Panel) -> str:
    bars = ", ".join(f"{bar.name} {_time(bar.seconds.median)}" for bar in panel.bars)
    return f"{panel.title}: {bars}"


def _time(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"


def _quoted(text: str) -> str:
    return escape(text, {'"': "&quot;"})
