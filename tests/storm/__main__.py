"""Storms by hand or by night, on either Function Compute.

python -m tests.storm [--seeds 20] [--messages 2000] [--first 1] [--generation 3]
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path

from scripts.bundling import bundle
from scripts.declared import Generation
from scripts.localcloud import LocalCloud
from scripts.stage.stage import ask_generation
from tests.account import Account, Moments
from tests.conftest import EXEMPTIONS
from tests.storm import telling
from tests.storm.drawing import draw
from tests.storm.running import Storm
from tests.storm.telling import Result


def storm(account: Account, seed: int, messages: int, knobs: Mapping[str, str]) -> Result:
    """One storm, judged; its progress on stderr."""
    began, people = time.monotonic(), sys.stderr

    def tell(what: str) -> None:
        print(f"seed {seed}: {what}, {time.monotonic() - began:.0f} s", file=people, flush=True)

    happening = Storm(account, knobs, tell)
    seen = happening.run(draw(seed, messages))
    took = time.monotonic() - began
    tell(str(dict(happening.counts)))
    tell(str(dict(telling.outcomes(seen))))
    return telling.judged(seen, seed, happening.counts, took, happening.problems)


def main() -> int:
    """Run them one after another; the exit code is 1 if a promise was broken."""
    options = _parser().parse_args()
    knobs = dict(each.split("=", 1) for each in options.set)
    generation = Generation(options.generation)
    with tempfile.TemporaryDirectory(prefix="storm-") as name, LocalCloud() as cloud:
        folder = Path(name)
        code = _code(folder / "code")
        moments = Moments(cloud, lambda: code, folder).on(generation)
        rows = []
        for seed in range(options.first, options.first + options.seeds):
            (folder / str(seed)).mkdir()
            account = moments.deployed(folder / str(seed), bundle=True)
            result = storm(account, seed, options.messages, knobs)
            rows.append(result.row)
            print(telling.line(result.row), file=sys.stderr, flush=True)
            for found in result.violations:
                print(f"seed {seed}: promise {found.promise}: {found.what}", flush=True)
            if result.violations:
                again = f"make storm FIRST={seed} SEEDS=1 MESSAGES={options.messages}"
                again += f" GENERATION={generation}"
                print(f"seed {seed} broke {len(result.violations)} promises; again: {again}")
        print(telling.line({name: name for name in telling.COLUMNS}))
        for row in rows:
            print(telling.line(row))
    return 1 if any(row["violations"] for row in rows) else 0


def _code(folder: Path) -> Path:
    folder.mkdir()
    exemptions = folder / "exemptions.yaml"
    in_a_month = datetime.now(timezone.utc).date() + timedelta(days=30)
    exemptions.write_text(EXEMPTIONS.format(expires=in_a_month.isoformat()))
    return bundle.build(folder, exemptions)


def _parser() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--seeds", type=int, default=20)
    options.add_argument("--messages", type=int, default=2000)
    options.add_argument("--first", type=int, default=1)
    ask_generation(options)
    options.add_argument("--set", action="append", default=[], help="a line of s.yaml: name=value")
    return options


if __name__ == "__main__":
    sys.exit(main())
