"""What the benchmark makes of samples: medians, ratios, verdicts, tables and the plot."""

import itertools
import json

import pytest

from scripts.bench import plan, report, targets
from scripts.bench.figures import Sample, Spread, cpu, ratio, spread, wall
from scripts.bench.machine import describe
from scripts.bench.measure import Results
from scripts.bench.plan import FAR, HONEST, NEAR, PRODUCT, State
from scripts.bench.report import Run

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
    return Run(describe(), plan.FULL, results, {NEAR: third, FAR: third}, 300.0)


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


def test_a_module_of_another_remediation_is_noticed() -> None:
    """Where the ACL's alone is on, one too many among many misses the target."""
    what = "modules of further remediations imported, where the ACL's alone is on"
    good = sample(1.0)
    assert judged({NEAR_60: {PRODUCT: [good] * 9}})[what] is True
    assert judged({NEAR_60: {PRODUCT: [*[good] * 9, good._replace(further=1)]}})[what] is False


def test_what_was_not_run_is_not_judged() -> None:
    """Without samples there is no verdict, good or bad."""
    assert set(judged({}).values()) == {None}


def test_the_full_run_judges_everything() -> None:
    """Each target has its scene in the full plan, and no scene is there twice."""
    assert None not in judged(full_run().results).values()
    for scenes in (plan.FULL, plan.QUICK):
        assert len({scene.key for scene in scenes}) == len(scenes)


def test_the_page_has_every_figure_and_leaves_nothing_out_in_silence() -> None:
    """It has each scene, each target's verdict, and what was not run with its reason."""
    page = report.markdown(full_run(product=0.5))
    for scene in plan.FULL:
        assert f"### {scene.title[0].upper()}{scene.title[1:]}" in page
        assert all(f"not run: {why}" in page for why in scene.left_out.values())
    assert page.count("| met |") + page.count("| **missed** |") == len(targets.TARGETS)


def test_the_document_is_json_with_every_sample() -> None:
    """`--json` has each sample of each variant, and each verdict."""
    found = full_run()
    document = json.loads(json.dumps(report.document(found)))
    for scene, told in zip(plan.FULL, document["scenes"], strict=True):
        assert {name: len(each) for name, each in told["variants"].items()} == dict.fromkeys(
            scene.variants, scene.rounds
        )
    assert len(document["targets"]) == len(targets.TARGETS)
