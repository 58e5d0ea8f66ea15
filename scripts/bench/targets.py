"""What the product has to reach, and whether it does."""

import math
from collections.abc import Callable
from typing import NamedTuple

from scripts.bench import plan
from scripts.bench.figures import Measure, Sample, Spread, cpu, ratio, spread, wall
from scripts.bench.measure import Results, Samples
from scripts.bench.plan import FAR, FLOORS, HONEST, NEAR, PRODUCT, State


class Judgement(NamedTuple):
    """A target, what was measured of it, and whether that meets it; None where it was not run."""

    target: str
    limit: str
    measured: Spread | None
    unit: str
    met: bool | None


class Target(NamedTuple):
    """What is asked for: `measured` is to be `at_most` or `at_least` so much, or both.

    Of what is timed the median decides; of what is `counted`, every one.
    """

    what: str
    measured: Callable[[Results], Spread | None]
    at_most: float = math.inf
    at_least: float = 0
    unit: str = "x"
    counted: bool = False

    def judge(self, results: Results) -> Judgement:
        """Hold the results to it."""
        measured = self.measured(results)
        met = None if measured is None else self._met(measured)
        return Judgement(self.what, self._limit(), measured, self.unit, met)

    def _limit(self) -> str:
        if self.at_least == self.at_most:
            return f"exactly {self.at_most:g}"
        sign, bound = ("≥", self.at_least) if self.at_least else ("≤", self.at_most)
        return f"{sign} {bound:g}{' ms' if self.unit == 'ms' else self.unit}"

    def _met(self, measured: Spread) -> bool:
        if self.counted:
            return self.at_least <= measured.low and measured.high <= self.at_most
        return self.at_least <= measured.median <= self.at_most


def judge(results: Results) -> list[Judgement]:
    """Hold the results to every target."""
    return [target.judge(results) for target in TARGETS]


def best_floor(samples: Samples, measure: Measure) -> str | None:
    """Which number of threads serves the floor best in a scene, by the median of `measure`."""
    medians = {
        name: spread([measure(sample) for sample in samples[name]]).median
        for name in FLOORS
        if samples.get(name)
    }
    return min(medians, key=lambda name: medians[name]) if medians else None


def compared(results: Results, scene: str, over: str, under: str) -> Spread | None:
    """How long `over` takes in terms of `under`, if both took part in the scene."""
    samples = results.get(scene, {})
    if not (samples.get(over) and samples.get(under)):
        return None
    return ratio(samples[over], samples[under], wall)


def over_floor(results: Results, scene: str, measure: Measure) -> Spread | None:
    """The product in terms of the best floor, if both took part in the scene."""
    samples = results.get(scene, {})
    floor = best_floor(samples, measure)
    if floor is None or not samples.get(PRODUCT):
        return None
    return ratio(samples[PRODUCT], samples[floor], measure)


_COLD = plan.key(State.COLD, 1, NEAR)
_COLD_100 = plan.key(State.COLD, 100, NEAR)
_WARM_60, _WARM_60_FAR = plan.key(State.WARM, 60, NEAR), plan.key(State.WARM, 60, FAR)
_WARM_100 = plan.key(State.WARM, 100, NEAR)
_WARM_1000_FAR = plan.key(State.WARM, 1000, FAR)
_FINDINGS = {scene.key: scene.findings for scene in (*plan.FULL, *plan.QUICK)}


def _of_others(measure: Measure) -> Callable[[Results], Spread | None]:
    """Of the product, for messages that are not ours."""

    def measured(results: Results) -> Spread | None:
        samples = results.get(plan.OTHERS.key, {}).get(PRODUCT)
        return spread([measure(sample) for sample in samples]) if samples else None

    return measured


def _count(
    measure: Callable[[Sample, int], float], *, others: bool
) -> Callable[[Results], Spread | None]:
    """Of the product, in all scenes of that kind: the least, the median and the most."""

    def measured(results: Results) -> Spread | None:
        values = [
            measure(sample, _FINDINGS[key])
            for key, samples in results.items()
            if (key == plan.OTHERS.key) == others
            for sample in samples.get(PRODUCT, [])
        ]
        if not values:
            return None
        return Spread(min(values), spread(values).median, max(values), len(values))

    return measured


TARGETS = (
    Target(
        "cold process, 1 finding, against the tutorial's way",
        lambda results: compared(results, _COLD, PRODUCT, plan.TUTORIAL),
        at_most=0.75,
    ),
    Target(
        "the same, its bundle without .pyc",
        lambda results: compared(results, _COLD, PRODUCT, plan.TUTORIAL_SOURCE),
        at_most=0.30,
    ),
    Target(
        "cold process, 100 findings at 2 ms, against the tutorial's way",
        lambda results: compared(results, _COLD_100, PRODUCT, plan.TUTORIAL),
        at_most=0.70,
    ),
    Target(
        "60 buckets at 2 ms, warm: how much faster than the tutorial's way made honest",
        lambda results: compared(results, _WARM_60, HONEST, PRODUCT),
        at_least=8,
    ),
    Target(
        "60 buckets at 20 ms, warm: how much faster than the tutorial's way made honest",
        lambda results: compared(results, _WARM_60_FAR, HONEST, PRODUCT),
        at_least=15,
    ),
    Target(
        "1000 buckets at 20 ms, warm, against the floor at its best",
        lambda results: over_floor(results, _WARM_1000_FAR, wall),
        at_most=2.0,
    ),
    Target(
        "CPU of 100 findings at 2 ms, warm, against the floor at its least",
        lambda results: over_floor(results, _WARM_100, cpu),
        at_most=2.5,
    ),
    Target(
        "CPU of a message of another rule, warm",
        _of_others(lambda sample: sample.cpu * 1000),
        at_most=1,
        unit="ms",
    ),
    Target(
        "oss2 imported because of it",
        _count(lambda sample, _: float(sample.oss2), others=True),
        at_most=0,
        unit="",
        counted=True,
    ),
    Target(
        "modules of further remediations imported, where the ACL's alone is on",
        _count(lambda sample, _: sample.further, others=False),
        at_most=0,
        unit="",
        counted=True,
    ),
    Target(
        "requests of a fix",
        _count(lambda sample, findings: sample.requests / findings, others=False),
        at_most=4,
        unit="",
        counted=True,
    ),
    Target(
        "connections of a fix",
        _count(lambda sample, findings: sample.connections / findings, others=False),
        at_most=1,
        at_least=1,
        unit="",
        counted=True,
    ),
)
