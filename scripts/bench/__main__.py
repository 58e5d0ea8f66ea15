"""Measure the product beside the tutorial's way, the same made honest, and the floor.

Needs no account and talks to loopback only. The whole run takes some minutes, and prints what
docs/benchmark.md is to hold. Exit code 1 if a target is missed.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from scripts.bench import calibrate, folders, machine, plan, report
from scripts.bench.measure import Bench
from scripts.bench.remote import Remote
from scripts.bench.report import Run
from scripts.bundling import bundle, byte_code, pythons
from scripts.errors import Problem
from scripts.terminal import Console, Exit, guarded


def main(arguments: Sequence[str]) -> int:
    """Run the benchmark; gives the exit code."""
    options = argparse.ArgumentParser(
        prog="make bench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    options.add_argument("--quick", action="store_true", help="a short look")
    options.add_argument("--json", action="store_true", help="answer with one JSON document")
    given = options.parse_args(arguments)
    console = Console(answer_json=given.json)
    return guarded(lambda console: _bench(console, quick=given.quick), console)


def _bench(console: Console, *, quick: bool) -> Exit:
    found = measure(plan.QUICK if quick else plan.FULL, _progress)
    console.page(report.markdown(found) + "\n")
    console.answer(report.document(found))
    missed = sum(each.met is False for each in found.judgements)
    if missed:
        console.fail(f"{missed} of {len(found.judgements)} targets missed")
    return Exit.PROBLEM if missed else Exit.DONE


def measure(scenes: tuple[plan.Scene, ...], progress: Callable[[str], None]) -> Run:
    """Measure the scenes. Raises Problem."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch, Remote(Path(scratch)) as remote:
        place = Path(scratch)
        progress("making the folders of code")
        try:
            archive = bundle.build(place / "bundle")
            code = folders.make(place / "code", remote.authority, archive, _runtimes())
        except (bundle.BundleError, byte_code.BytecodeError) as error:
            raise Problem(f"no bundle: {error}") from None
        trips = {rtt: calibrate.round_trip(remote, rtt) for rtt in (plan.NEAR, plan.FAR)}
        scenes = tuple(plan.possible(scene, code.hosted) for scene in scenes)
        results = Bench(remote, code, place, progress).run(scenes)
    taken = time.monotonic() - began
    return Run(machine.describe(), scenes, results, trips, taken)


def _runtimes() -> dict[str, Path]:
    """The Python of each runtime that the product is run in, where this machine has it."""
    named = {each.runtime: pythons.find(each.runtime, os.environ) for each in plan.HOSTS.values()}
    return {runtime: python for runtime, python in named.items() if python}


def _progress(what: str) -> None:
    print(what, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
