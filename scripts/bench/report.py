"""What a run found, in words: tables, the one document of `--json`, and the README's part."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from scripts.bench import plan, targets
from scripts.bench.figures import Measure, Spread, cpu, memory, spread, wall
from scripts.bench.loop import LoopTimes
from scripts.bench.machine import Machine
from scripts.bench.measure import Results, Samples
from scripts.bench.plan import Scene
from scripts.bench.targets import Judgement


class Run(NamedTuple):
    """Everything that a run found. `trips` is what was emulated, by what was asked for, seconds."""

    machine: Machine
    scenes: tuple[Scene, ...]
    results: Results
    loop: LoopTimes
    trips: dict[float, Spread]
    seconds: float

    @property
    def judgements(self) -> list[Judgement]:
        """Each target, held to the results."""
        return targets.judge(self.results)


Table = tuple[Sequence[str], Sequence[Sequence[str]]]  # headings and rows


def target_table(run: Run) -> Table:
    """Each target, what was measured of it, and whether that meets it."""
    rows = [
        (each.target, each.limit, _measured(each), verdict(each.met)) for each in run.judgements
    ]
    return ("target", "asked for", "measured", ""), rows


def verdict(met: bool | None) -> str:
    """In a word."""
    return {True: "met", False: "missed", None: "not run"}[met]


def scene_table(run: Run, scene: Scene) -> Table:
    """A scene: a row a variant, those that were left out with the reason."""
    samples = run.results[scene.key]
    rows = [_row(scene, samples, variant) for variant in scene.variants]
    rows += [
        (plan.TITLES[variant], f"not run: {why}", *[""] * 6)
        for variant, why in scene.left_out.items()
    ]
    headings = ("", "wall, ms", "x", "CPU, ms", "CPU a finding, ms", "peak, MB", "connections")
    return (*headings, "requests"), rows


def loop_table(times: LoopTimes) -> Table:
    """The closed loop's legs."""
    rows = [
        ("first, the instance cold", f"{times.cold.repaired:.3f}", f"{times.cold.compliant:.3f}"),
        ("after it", around(times.repaired, "{:.3f}"), around(times.compliant, "{:.3f}")),
    ]
    return ("bucket", "change to repaired, s", "change to compliant, s"), rows


def busiest(run: Run) -> tuple[str, str, float]:
    """Where the server was busiest: the scene, the variant, and its share of the wall time."""
    shares = [
        (scene.title, variant, spread([s.server_cpu / (s.wall * scene.repeat) for s in samples]))
        for scene in run.scenes
        for variant, samples in run.results[scene.key].items()
        if variant != plan.NOTHING
    ]
    title, variant, share = max(shares, key=lambda each: each[2].median)
    return title, plan.TITLES[variant], share.median


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
        "loop": {
            "cold": run.loop.cold._asdict(),
            "repaired": run.loop.repaired._asdict(),
            "compliant": run.loop.compliant._asdict(),
        },
    }


def around(value: Spread, form: str = "{:.1f}") -> str:
    """A median and its quartiles: `12.1 (11.9-13.0)`."""
    texts = [form.format(each) for each in (value.median, value.low, value.high)]
    return texts[0] if value.size == 1 else f"{texts[0]} ({texts[1]}-{texts[2]})"


def headlines(run: Run) -> Iterator[str]:
    """The run in three lines, each of what was measured, for the README."""
    cold = plan.key(plan.State.COLD, 1, plan.NEAR)
    compiled = targets.compared(run.results, cold, plan.PRODUCT, plan.TUTORIAL)
    source = targets.compared(run.results, cold, plan.PRODUCT, plan.TUTORIAL_SOURCE)
    if compiled and source:
        yield (
            f"A cold start that closes one bucket takes {compiled.median:.2f} of the time of the "
            f"tutorial's one blind write, {source.median:.2f} where that is deployed as sources."
        )
    faster = [
        targets.compared(run.results, plan.key(plan.State.WARM, 60, rtt), plan.HONEST, plan.PRODUCT)
        for rtt in (plan.NEAR, plan.FAR)
    ]
    if faster[0] and faster[1]:
        yield (
            f"Sixty buckets are closed, and proved closed, {faster[0].median:.1f} times as fast as "
            f"by doing the same one after another at 2 ms a round trip, {faster[1].median:.1f} "
            "times at 20 ms."
        )
    far = plan.key(plan.State.WARM, 1000, plan.FAR)
    floor = targets.over_floor(run.results, far, wall)
    if floor:
        seconds = spread([sample.wall for sample in run.results[far][plan.PRODUCT]]).median
        yield (
            f"A thousand buckets at 20 ms take {seconds:.1f} s, {floor.median:.2f} times what the "
            "bare standard library needs with 32 threads at most."
        )


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
