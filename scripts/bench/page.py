"""Writes docs/benchmark.md, its plot, and the README's part: every figure in them is of one run."""

import textwrap
from collections.abc import Sequence
from pathlib import Path

from scripts import ROOT
from scripts.bench import plot, report
from scripts.bench.loop import TIME_SCALE
from scripts.bench.report import Run, Table
from scripts.errors import Problem

README = ROOT / "README.md"
DOCS = ROOT / "docs"
_TEMPLATE = Path(__file__).with_name("page.md")

_BEGIN = "<!-- what the benchmark measured: written by `make bench` -->\n"
_END = "<!-- end of what the benchmark measured -->\n"


def write(run: Run, docs: Path = DOCS, readme: Path = README) -> None:
    """Write all three. Raises Problem where the README has no place for its part."""
    text = readme.read_text("utf-8")
    before, begin, rest = text.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not (begin and end):
        raise Problem(f"{readme.name} has no place for what the benchmark measured")
    (docs / "benchmark.md").write_text(page(run), "utf-8")
    (docs / "benchmark.svg").write_text(plot.draw(plot.panels(run.results)), "utf-8")
    part = "\n".join(_item(line) for line in report.headlines(run))
    readme.write_text(f"{before}{_BEGIN}\n{part}\n\n{_END}{after}", "utf-8")


def page(run: Run) -> str:
    """docs/benchmark.md."""
    title, variant, share = report.busiest(run)
    machine = run.machine._asdict()
    return _TEMPLATE.read_text("utf-8").format(
        targets=_markdown(report.target_table(run)).replace("| missed |", "| **missed** |"),
        scenes="\n\n".join(
            f"### {scene.title[0].upper()}{scene.title[1:]}\n\n"
            f"{_rounds(scene.rounds, scene.repeat)}\n\n{_markdown(report.scene_table(run, scene))}"
            for scene in run.scenes
        ),
        scale=TIME_SCALE,
        loop=_markdown(report.loop_table(run.loop)),
        trips="; ".join(
            f"{asked * 1000:.0f} ms asked for, {report.around(trip.times(1000), '{:.2f}')} ms taken"
            for asked, trip in run.trips.items()
        ),
        busiest=title,
        variant=variant,
        share=share,
        seconds=run.seconds,
        **machine,
    )


def _item(text: str) -> str:
    return textwrap.fill(f"- {text}", width=100, subsequent_indent="  ")


def _rounds(rounds: int, repeat: int) -> str:
    each = f", each the mean of {repeat} messages" if repeat > 1 else ""
    return f"{rounds} rounds{each}."


def _markdown(table: Table) -> str:
    headings, rows = table
    rule = ["---"] * len(headings)
    return "\n".join(_line(cells) for cells in (headings, rule, *rows))


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
