"""What the benchmark makes of samples: medians, ratios, verdicts, tables and the plot."""

import itertools
import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from scripts.bench import page, plan, plot, report, targets
from scripts.bench.figures import Sample, Spread, cpu, ratio, spread, wall
from scripts.bench.loop import LoopTimes, Turn
from scripts.bench.machine import describe
from scripts.bench.measure import Results
from scripts.bench.plan import FAR, HONEST, NEAR, PRODUCT, TUTORIAL, State
from scripts.bench.report import Run
from scripts.errors import Problem

SVG = "{http://www.w3.org/2000/svg}"
NEAR_60 = plan.key(State.WARM, 60, NEAR)


def sample(seconds: float, cpu: float = 1, **fields: float) -> Sample:
    """A sample of one finding, closed with four requests on one connection."""
    counted = Sample(seconds, cpu, 3e7, 1, 4, seconds / 10, oss2=False)
    return counted._replace(**fields)  # type: ignore[arg-type]


def full_run(product: float = 1.0) -> Run:
    """A run of all scenes in which everything takes as long, the product `product` seconds."""
    results: Results = {}
    for scene in plan.FULL:
        count = 0 if scene.state is State.OTHERS else scene.findings
        results[scene.key] = {
            variant: [
                sample(
                    product if variant == PRODUCT else 2.0 + each,
                    connections=count,
                    requests=4 * count,
                )
                for each in range(scene.rounds)
            ]
            for variant in scene.variants
        }
    third = Spread(0.1, 0.2, 0.3, 3)
    times = LoopTimes(Turn(1.0, 2.0), third, third)
    return Run(describe(), plan.FULL, results, times, {NEAR: third, FAR: third}, 300.0)


def test_a_spread_is_median_and_quartiles() -> None:
    """Of 1 to 5 in any order: 2, 3 and 4; of one value, that value thrice."""
    for values in itertools.permutations([1.0, 2.0, 3.0, 4.0, 5.0]):
        assert spread(values) == (2, 3, 4, 5)
    assert spread([7.0]) == (7, 7, 7, 1)
    assert spread([1.0, 2.0]).times(10) == (12.5, 15, 17.5, 2)


def test_a_ratio_is_of_pairs() -> None:
    """A machine that gets ten times slower for all changes no ratio, though it does medians."""
    ours = [sample(seconds) for seconds in (1.0, 10.0, 100.0)]
    theirs = [sample(seconds) for seconds in (2.0, 20.0, 200.0)]
    assert ratio(theirs, ours, wall) == (2, 2, 2, 3)
    with pytest.raises(ValueError, match="longer"):
        ratio(theirs[:2], ours, wall)


def test_the_best_floor_is_by_what_is_compared() -> None:
    """Each measure is held to the number of threads that serves it best."""
    samples = {
        "floor-8": [sample(3.0, cpu=1.0)],
        "floor-32": [sample(1.0, cpu=3.0)],
        PRODUCT: [sample(2.0, cpu=2.0)],
    }
    assert targets.best_floor(samples, wall) == "floor-32"
    assert targets.best_floor(samples, cpu) == "floor-8"
    assert targets.over_floor({"scene": samples}, "scene", wall) == (2, 2, 2, 1)
    assert targets.best_floor({PRODUCT: samples[PRODUCT]}, wall) is None


def judged(results: Results) -> dict[str, bool | None]:
    """The verdict on each target."""
    return {each.target: each.met for each in targets.judge(results)}


@pytest.mark.parametrize(("seconds", "met"), [(1.0, True), (0.126, True), (8.01, False)])
def test_a_median_decides(seconds: float, met: bool) -> None:
    """Sixty buckets are to be closed eight times as fast, whatever a single round says."""
    ours, theirs = [sample(seconds)] * 3, [sample(64.0), sample(1.0), sample(64.0)]
    verdicts = judged({NEAR_60: {PRODUCT: ours, HONEST: theirs}})
    [verdict] = [met for what, met in verdicts.items() if what.startswith("60 buckets at 2 ms")]
    assert verdict is met


@pytest.mark.parametrize(
    ("fields", "missed"),
    [
        ({}, set()),
        ({"requests": 241}, {"requests of a fix"}),
        ({"connections": 61}, {"connections of a fix"}),
        ({"connections": 59}, {"connections of a fix"}),
    ],
)
def test_what_is_counted_decides_each_time(fields: dict[str, float], missed: set[str]) -> None:
    """One message with one connection or request too many, among many, misses the target."""
    good = sample(1.0, requests=240, connections=60)
    results = {NEAR_60: {PRODUCT: [good] * 9 + [good._replace(**fields)]}}  # type: ignore[arg-type]
    assert {what for what, met in judged(results).items() if met is False} == missed


def test_an_import_for_others_is_noticed() -> None:
    """Importing oss2 for a message that is not ours misses its target; a millisecond does, too."""
    lazy, eager = sample(1.0, cpu=0.0005), sample(1.0, cpu=0.0015)._replace(oss2=True)
    assert judged({plan.OTHERS.key: {PRODUCT: [lazy]}})["oss2 imported because of it"] is True
    verdicts = judged({plan.OTHERS.key: {PRODUCT: [eager]}})
    assert verdicts["oss2 imported because of it"] is False
    assert verdicts["CPU of a message of another rule, warm"] is False


def test_what_was_not_run_is_not_judged() -> None:
    """Without samples there is no verdict, good or bad."""
    assert set(judged({}).values()) == {None}


def test_the_full_run_judges_everything() -> None:
    """Each target has its scene in the full plan, and no scene is there twice."""
    assert None not in judged(full_run().results).values()
    for scenes in (plan.FULL, plan.QUICK):
        assert len({scene.key for scene in scenes}) == len(scenes)


def test_the_plot_stands_alone_and_has_both_schemes() -> None:
    """Well-formed, nothing from outside, a bar a variant inside it, and colours for dark pages."""
    svg = plot.draw(plot.panels(full_run().results))
    root = ElementTree.fromstring(svg)  # noqa: S314  (our own)
    style = root.findtext(f"{SVG}style") or ""
    light, dark = style.split("@media (prefers-color-scheme: dark)")
    for rule in (".ground", "text", ".bar", ".ours", ".spread"):
        colours = [
            re.search(rf"^ *{re.escape(rule)} {{[^#]*(#\w+)", part, re.M) for part in (light, dark)
        ]
        assert len({found and found[1] for found in (*colours, None)}) == 3, rule
    assert not re.search(r"url\(|@import|href|<script|<image", svg)
    bars = root.findall(f"{SVG}rect[@height='18']")
    shown = [bar for panel in plot.panels(full_run().results) for bar in panel.bars]
    assert len(bars) == len(shown) > 8
    width = float(root.get("width", 0))
    assert all(float(bar.get("x", 0)) + float(bar.get("width", 0)) < width for bar in bars)
    texts = [text.text for text in root.findall(f"{SVG}text")]
    assert all(bar.name in texts for bar in shown)


def test_a_longer_time_is_a_longer_bar() -> None:
    """Bars of a panel are to scale."""
    bars = [plot.Bar("a", spread([2.0]), ours=True), plot.Bar("b & c", spread([8.0]), ours=False)]
    root = ElementTree.fromstring(plot.draw([plot.Panel("<both>", bars)]))  # noqa: S314
    ours, theirs = (float(bar.get("width", 0)) for bar in root.findall(f"{SVG}rect[@height='18']"))
    assert theirs == pytest.approx(4 * ours, rel=0.01)


def test_the_page_has_every_figure_and_leaves_nothing_out_in_silence(tmp_path: Path) -> None:
    """Page, plot and README's part are of the run; what was not run is told with its reason."""
    readme = tmp_path / "README.md"
    before = "# Title\n\n<!-- what the benchmark measured: written by `make bench` -->\n"
    after = "<!-- end of what the benchmark measured -->\n\nThe end.\n"
    readme.write_text(f"{before}stale figures\n{after}")
    page.write(full_run(product=0.5), tmp_path, readme)

    text = readme.read_text()
    assert text.startswith(before)
    assert text.endswith(after)
    assert "stale" not in text
    assert len(re.findall("^- ", text, re.MULTILINE)) == 3
    document = (tmp_path / "benchmark.md").read_text()
    assert not re.search(r"{\w*}", document)
    for scene in plan.FULL:
        assert f"### {scene.title[0].upper()}{scene.title[1:]}" in document
        assert all(f"not run: {why}" in document for why in scene.left_out.values())
    assert document.count("| met |") + document.count("| **missed** |") == len(targets.TARGETS)
    ElementTree.parse(tmp_path / "benchmark.svg")  # noqa: S314


def test_a_readme_without_its_place_is_not_touched(tmp_path: Path) -> None:
    """Where the part would go is said, and nothing is written."""
    readme = tmp_path / "README.md"
    readme.write_text("# Title\n")
    with pytest.raises(Problem, match="no place"):
        page.write(full_run(), tmp_path, readme)
    assert [path.name for path in tmp_path.iterdir()] == ["README.md"]


def test_the_document_is_json_with_every_sample() -> None:
    """`--json` has each sample of each variant, and each verdict."""
    found = full_run()
    document = json.loads(json.dumps(report.document(found)))
    for scene, told in zip(plan.FULL, document["scenes"], strict=True):
        assert {name: len(each) for name, each in told["variants"].items()} == dict.fromkeys(
            scene.variants, scene.rounds
        )
    assert len(document["targets"]) == len(targets.TARGETS)


def test_the_headlines_quote_the_run() -> None:
    """The README's lines have the ratios of the run, and are silent about what was not run."""
    lines = list(report.headlines(full_run(product=0.5)))
    assert len(lines) == 3
    assert "0.06 of the time" in lines[0]  # half a second against nine
    assert TUTORIAL in lines[0]
    assert list(report.headlines(full_run()._replace(results={}))) == []
