"""What is measured: scenes, each with the variants that take part and how many rounds it has."""

import enum
from collections.abc import Collection
from typing import NamedTuple

from scripts.bundling.pythons import RUNTIMES
from scripts.declared import Generation

PRODUCT = "product"
TUTORIAL = "tutorial"
TUTORIAL_SOURCE = "tutorial-source"
HONEST = "honest"
NOTHING = "nothing"
FLOORS = {f"floor-{threads}": threads for threads in (8, 16, 32)}


class Host(NamedTuple):
    """What the product runs in: a runtime, with the Python of that name, as one of both has it."""

    generation: Generation
    runtime: str

    @property
    def missing(self) -> str:
        """Why it is not run where its Python is not."""
        return f"no Python {RUNTIMES[self.runtime]} on this machine"


# All other variants run in the Python that runs this.
HOSTS = {
    f"{PRODUCT}-{generation}-{runtime}": Host(generation, runtime)
    for generation, runtime in (
        (Generation.FC2, "python3.10"),
        (Generation.FC3, "python3.10"),
        (Generation.FC3, "python3.12"),
    )
}

TITLES = {
    PRODUCT: "resource-repair",
    **{
        name: f"resource-repair, {each.generation}.0, {each.runtime}"
        for name, each in HOSTS.items()
    },
    TUTORIAL: "the tutorial's way",
    TUTORIAL_SOURCE: "the tutorial's way, no .pyc",
    HONEST: "the tutorial's way, honest",
    NOTHING: "an empty handler",
    **{name: f"floor, {threads} threads" for name, threads in FLOORS.items()},
}

NEAR, FAR = 0.002, 0.020  # seconds of a round trip: the same region, and another one


class State(enum.Enum):
    """What a process has behind it when it is measured."""

    COLD = "cold"  # it does not run yet: from its start to its exit
    WARM = "warm"  # it closed a bucket before
    OTHERS = "another rule's"  # it only ever saw messages that are not ours


class Scene(NamedTuple):
    """So many findings in one message, in each variant, in turn, round after round.

    `left_out` are variants that would belong here, and why they are not run. `repeat` is how often
    a message is handled for one value.
    """

    state: State
    findings: int
    rtt: float
    rounds: int
    variants: tuple[str, ...]
    left_out: dict[str, str] = {}  # noqa: RUF012  (never changed)
    repeat: int = 1

    @property
    def key(self) -> str:
        """Its name, as in `warm-60-20ms`."""
        return key(self.state, self.findings, self.rtt)

    @property
    def title(self) -> str:
        """Its name for people."""
        if self.state is State.OTHERS:
            return "a message of another rule"
        findings = "1 finding" if self.findings == 1 else f"{self.findings} findings"
        return f"{self.state.value}, {findings}, {self.rtt * 1000:.0f} ms"


def possible(scene: Scene, runtimes: Collection[str]) -> Scene:
    """The scene without what wants a runtime that is not among these, which it says then."""
    left_out = {
        name: HOSTS[name].missing
        for name in scene.variants
        if name in HOSTS and HOSTS[name].runtime not in runtimes
    }
    variants = tuple(name for name in scene.variants if name not in left_out)
    return scene._replace(variants=variants, left_out={**scene.left_out, **left_out})


def key(state: State, findings: int, rtt: float) -> str:
    """The key of a scene."""
    return f"{state.name.lower()}-{findings}-{rtt * 1000:.0f}ms"


_ALL_COLD = (PRODUCT, TUTORIAL, TUTORIAL_SOURCE, HONEST, "floor-8", NOTHING)
_EVERYWHERE = (PRODUCT, *HOSTS, *_ALL_COLD[1:])
_MANY_COLD = (PRODUCT, TUTORIAL, TUTORIAL_SOURCE, *FLOORS)
_ALL_WARM = (PRODUCT, TUTORIAL, HONEST, *FLOORS)
_LONG = "takes minutes"
_TOLD = "60 findings tell it"

OTHERS = Scene(State.OTHERS, 1, NEAR, 15, (PRODUCT,), repeat=100)

FULL = (
    Scene(State.COLD, 1, NEAR, 15, _EVERYWHERE),
    Scene(State.COLD, 1, FAR, 7, _ALL_COLD),
    Scene(State.COLD, 100, NEAR, 7, _MANY_COLD, {HONEST: _TOLD}),
    Scene(State.WARM, 1, NEAR, 15, _ALL_WARM[:4]),
    Scene(State.WARM, 1, FAR, 7, _ALL_WARM[:4]),
    Scene(State.WARM, 10, NEAR, 7, _ALL_WARM),
    Scene(State.WARM, 10, FAR, 5, _ALL_WARM),
    Scene(State.WARM, 60, NEAR, 7, (PRODUCT, HONEST)),
    Scene(State.WARM, 60, FAR, 5, (PRODUCT, HONEST)),
    Scene(State.WARM, 100, NEAR, 5, (PRODUCT, TUTORIAL, *FLOORS), {HONEST: _TOLD}),
    Scene(State.WARM, 100, FAR, 3, (PRODUCT, TUTORIAL, *FLOORS), {HONEST: _LONG}),
    Scene(State.WARM, 1000, NEAR, 3, (PRODUCT, TUTORIAL, *FLOORS), {HONEST: _LONG}),
    Scene(
        State.WARM,
        1000,
        FAR,
        3,
        (PRODUCT, "floor-16", "floor-32"),
        {TUTORIAL: _LONG, HONEST: _LONG, "floor-8": "slower than with more threads"},
    ),
    OTHERS,
)

QUICK = (
    Scene(State.COLD, 1, NEAR, 3, _EVERYWHERE),
    Scene(State.COLD, 100, NEAR, 2, (PRODUCT, TUTORIAL)),
    Scene(State.WARM, 1, NEAR, 3, _ALL_WARM[:4]),
    Scene(State.WARM, 60, NEAR, 2, (PRODUCT, HONEST)),
    Scene(State.WARM, 100, NEAR, 2, (PRODUCT, *FLOORS)),
    OTHERS._replace(rounds=3),
)
