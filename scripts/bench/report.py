"""What a run found, in words: the Markdown that docs/benchmark.md takes, or one JSON document."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from scripts.bench import plan, targets
from scripts.bench.figures import Measure, Spread, cpu, memory, spread, wall
from scripts.bench.machine import Machine
from scripts.bench.measure import Results, Samples
from scripts.bench.plan import Scene
from scripts.bench.targets import Judgement


class Run(NamedTuple):
    """Everything that a run found. `trips` is what was emulated, by what was asked for, seconds."""

    machine: Machine
    scenes: tuple[Scene, ...]
    results: Results
    trips: dict[float, Spread]
    seconds: float

    @property
    def judgements(self) -> list[Judgement]:
        """Each target, held to the results."""
        return targets.judge(self.results)


_VERDICTS = {True: "met", False: "**missed**", None: "not run"}


def markdown(run: Run) -> str:
    """All figures: targets, scenes with what was left out and why, round trips, machine."""
    targets_met = _table(
        ("target", "asked for", "measured", ""),
        [
            (each.target, each.limit, _measured(each), _VERDICTS[each.met])
            for each in run.judgements
        ],
    )
    scenes = "\n\n".join(
        f"### {scene.title[0].upper()}{scene.title[1:]}\n\n{_rounds(scene)}\n\n{_scene(run, scene)}"
        for scene in run.scenes
    )
    trips = "; ".join(
        f"{asked * 1000:.0f} ms asked for, {around(trip.times(1000), '{:.2f}')} ms taken"
        for asked, trip in run.trips.items()
    )
    machine = _table(("", ""), [(name, str(told)) for name, told in run.machine._asdict().items()])
    return (
        f"## Targets\n\n{targets_met}\n\n## Results\n\n{scenes}\n\n## Machine\n\n{machine}\n\n"
        f"Round trips: {trips}. The run took {run.seconds:.0f} s."
    )


def _rounds(scene: Scene) -> str:
    each = f", each the mean of {scene.repeat} messages" if scene.repeat > 1 else ""
    return f"{scene.rounds} rounds{each}."


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _scene(run: Run, scene: Scene) -> str:
    """A row a variant, those that were left out with the reason."""
    samples = run.results[scene.key]
    rows = [_row(scene, samples, variant) for variant in scene.variants]
    rows += [
        (plan.TITLES[variant], f"not run: {why}", *[""] * 6)
        for variant, why in scene.left_out.items()
    ]
    headings = ("", "wall, ms", "x", "CPU, ms", "CPU a finding, ms", "peak, MB", "connections")
    return _table((*headings, "requests"), rows)


def document(run: Run) -> dict[str, object]:
    """The run for `--json`."""
    return {
        "machine": run.machine._asdict(),
        "seconds": run.seconds,
        "round_trips": {f"{asked:g}": trip._asdict() for asked, trip in run.trips.items()},
        "targets": [
            {**each._asdict(), "measured": each.measured and each.measured._asdict()}
            for each in run.judgements
        ],
        "scenes": [
            {
                "key": scene.key,
                "title": scene.title,
                "findings": scene.findings,
                "round_trip": scene.rtt,
                "left_out": scene.left_out,
                "variants": {
                    variant: [sample._asdict() for sample in samples]
                    for variant, samples in run.results[scene.key].items()
                },
            }
            for scene in run.scenes
        ],
    }


def around(value: Spread, form: str = "{:.1f}") -> str:
    """A median and its quartiles: `12.1 (11.9-13.0)`."""
    texts = [form.format(each) for each in (value.median, value.low, value.high)]
    return texts[0] if value.size == 1 else f"{texts[0]} ({texts[1]}-{texts[2]})"


def _measured(judgement: Judgement) -> str:
    if judgement.measured is None:
        return ""
    return around(judgement.measured, "{:.2f}" if judgement.unit else "{:g}")


def _row(scene: Scene, samples: Samples, variant: str) -> tuple[str, ...]:
    taken = samples[variant]

    def of(measure: Measure, factor: float) -> Spread:
        return spread([measure(sample) for sample in taken]).times(factor)

    against = "1" if variant == plan.PRODUCT else _against(samples, variant)
    return (
        plan.TITLES[variant],
        around(of(wall, 1e3), _digits(of(wall, 1e3))),
        against,
        around(of(cpu, 1e3), _digits(of(cpu, 1e3))),
        f"{of(cpu, 1e3).median / scene.findings:.2f}",
        f"{of(memory, 1e-6).median:.0f}",
        _each(lambda n: taken[n].connections / scene.repeat, len(taken)),
        _each(lambda n: taken[n].requests / scene.repeat, len(taken)),
    )


def _against(samples: Samples, variant: str) -> str:
    """How long it takes in terms of the product."""
    pairs = zip(samples[variant], samples[plan.PRODUCT], strict=True)
    return around(spread([ours.wall / product.wall for ours, product in pairs]), "{:.2f}")


def _digits(value: Spread) -> str:
    """A form with as many digits as mean something."""
    if value.median >= 100:  # noqa: PLR2004
        return "{:.0f}"
    return "{:.1f}" if value.median >= 1 else "{:.2f}"


def _each(value: Callable[[int], float], count: int) -> str:
    """What was counted in every round; a range if that was not always the same."""
    values: Sequence[float] = [value(n) for n in range(count)]
    low, high = min(values), max(values)
    return f"{low:g}" if low == high else f"{low:g}-{high:g}"
