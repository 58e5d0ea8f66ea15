"""Carries out scenes: in each round every variant in turn, so that they share what happens."""

import contextlib
import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from scripts.bench import plan
from scripts.bench.figures import Sample
from scripts.bench.folders import Folders
from scripts.bench.plan import Host, Scene, State
from scripts.bench.process import Order, Process, Program, Taken, cold
from scripts.bench.remote import REGION, Remote
from scripts.declared import Generation
from scripts.errors import Problem

RULE = "cr-a6129bc09da7009675a0"
_BARE = "python3.12"  # its context has neither credentials nor service
ANOTHER_RULE = "cr-0000000000000000beef"

Samples = dict[str, list[Sample]]  # by variant, in the order of the rounds
Results = dict[str, Samples]  # by the key of the scene


class Bench:
    """A server, the code, and room to work in; `credentials` are id, secret and token to sign with.

    `progress` is told what is about to be measured. With `keep_requests` the server keeps those of
    the latest sample.
    """

    def __init__(
        self,
        remote: Remote,
        folders: Folders,
        place: Path,
        progress: Callable[[str], None],
        credentials: tuple[str, str, str] = ("STS.BenchmarkKey", "BenchmarkSecret", "token" * 100),
        *,
        keep_requests: bool = False,
    ) -> None:
        self._remote = remote
        self._programs = _programs(remote, folders, credentials)
        self._place = place
        self._progress = progress
        self._keep = keep_requests
        self._names = (f"bench-{number:07d}" for number in itertools.count(1))
        self._numbers = itertools.count(1)

    def run(self, scenes: tuple[Scene, ...]) -> Results:
        """Measure all scenes. Raises Problem if a variant does not do what it is to do."""
        return {scene.key: self.measure(scene) for scene in scenes}

    def measure(self, scene: Scene) -> Samples:
        """Measure a scene."""
        samples: Samples = {variant: [] for variant in scene.variants}
        with self._invokers(scene) as invokers:
            for number in range(1, scene.rounds + 1):
                self._progress(f"{scene.title}: round {number} of {scene.rounds}")
                for variant, invoke in invokers.items():
                    samples[variant].append(self._sample(scene, variant, invoke))
        return samples

    @contextlib.contextmanager
    def _invokers(self, scene: Scene) -> Iterator[Mapping[str, Callable[[Order], Taken]]]:
        """How each variant is invoked: in a new process each time, or in one that is warm."""
        with contextlib.ExitStack() as stack:
            invokers: dict[str, Callable[[Order], Taken]] = {}
            for variant in scene.variants:
                program, log = self._programs[variant], self._place / f"{variant}.log"
                if scene.state is State.COLD:
                    invokers[variant] = lambda order, p=program, o=log: cold(p, order, o)  # type: ignore[misc]
                else:
                    process = stack.enter_context(Process(program, log))
                    self._sample(scene._replace(findings=1), variant, process.invoke)
                    invokers[variant] = process.invoke
            yield invokers

    def _sample(self, scene: Scene, variant: str, invoke: Callable[[Order], Taken]) -> Sample:
        """One message. That the buckets were closed the server says, not the variant."""
        rule = ANOTHER_RULE if scene.state is State.OTHERS else RULE
        event = self._event(rule, scene.findings)
        self._remote.reset(scene.rtt, keep=self._keep)
        taken = invoke(Order(event, scene.repeat))
        seen = self._remote.seen()
        event.unlink()
        wanted = scene.findings if rule == RULE and variant != plan.NOTHING else 0
        if seen.private != wanted:
            name = plan.TITLES[variant]
            raise Problem(f"{name} closed {seen.private} buckets of {wanted}: nothing to compare")
        return Sample(
            taken.wall / scene.repeat,
            taken.cpu / scene.repeat,
            taken.memory,
            seen.connections,
            seen.asked,
            seen.cpu,
            taken.oss2,
            taken.further,
        )

    def _event(self, rule: str, findings: int) -> Path:
        """A message about buckets that nobody asked for before, in a file."""
        items = [
            {
                "configRuleId": rule,
                "resourceId": next(self._names),
                "regionId": REGION,
                "resourceType": "ACS::OSS::Bucket",
                "accountId": "1208863178610000",
                "complianceType": "NON_COMPLIANT",
            }
            for _ in range(findings)
        ]
        file = self._place / f"event-{next(self._numbers)}.json"
        file.write_text(json.dumps(items), encoding="utf-8")
        return file


def _told(host: Host, credentials: tuple[str, str, str]) -> dict[str, str]:
    """What else is in the environment there: page "Configure environment variables" of 3.0."""
    if host.generation is Generation.FC2:
        return {}
    names = ("ACCESS_KEY_ID", "ACCESS_KEY_SECRET", "SECURITY_TOKEN")
    keys = {f"ALIBABA_CLOUD_{name}": key for name, key in zip(names, credentials, strict=True)}
    return {**keys, "BARE_CONTEXT": "1"} if host.runtime == _BARE else keys


def _programs(
    remote: Remote, folders: Folders, credentials: tuple[str, str, str]
) -> dict[str, Program]:
    key_id, secret, token = credentials
    base = {"RULE_ID": RULE, "KEY_ID": key_id, "KEY_SECRET": secret, "TOKEN": token}
    encrypted = {**base, "OSS_ENDPOINT": remote.https}
    clear = {**base, "OSS_ENDPOINT": remote.http}
    product = {**encrypted, "prepareRuleId": RULE, "ossEndpoint": remote.https}
    return {
        plan.PRODUCT: Program(plan.PRODUCT, folders.product, product),
        plan.TUTORIAL: Program(plan.TUTORIAL, folders.tutorial, clear),
        plan.TUTORIAL_SOURCE: Program(plan.TUTORIAL_SOURCE, folders.tutorial_source, clear),
        plan.HONEST: Program(plan.HONEST, folders.honest, encrypted),
        plan.NOTHING: Program(plan.NOTHING, folders.nothing, encrypted),
        **{
            name: Program(name, there.code, {**product, **_told(each, credentials)}, there.python)
            for name, each in plan.HOSTS.items()
            if (there := folders.hosted.get(each.runtime))
        },
        **{
            name: Program(name, folders.floor, {**encrypted, "FLOOR_THREADS": str(threads)})
            for name, threads in plan.FLOORS.items()
        },
    }
