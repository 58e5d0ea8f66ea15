"""Write the tables of docs/scale.md, or answer for other figures than those of that page.

python -m scripts.scale                                            # write them
python -m scripts.scale --check                                    # exit code 1 if they differ
python -m scripts.scale --findings 5000 --over 60 --instances 300 --warm 0.3 --cold 2

Needs no account and talks to nobody: limits, prices and assumptions are those that the page shows.
"""

import argparse
import math
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from scripts.console import Console, Exit, run
from scripts.errors import Problem, UsageError
from scripts.scale import day, page, tables
from scripts.scale.burst import Burst, course
from scripts.scale.facts import limit
from scripts.scale.inputs import Inputs, of_spec, platform

# One finding at a time is simulated: this many take about half a minute.
_MOST_FINDINGS = 1_000_000


def main(arguments: Sequence[str], where: Path = page.PAGE) -> int:
    """Write, check or answer; gives the exit code."""
    options = _options().parse_args(arguments)
    console = Console(answer_json=options.json)

    def verb(console: Console) -> Exit:
        if options.findings is not None:
            return _answer(options, console)
        return _check(where, console) if options.check else _write(where, console)

    return run(verb, console)


def _write(where: Path, console: Console) -> Exit:
    changed = page.write(of_spec(), where)
    console.say(f"wrote the tables of {where.name}" if changed else f"{where.name} is up to date")
    console.answer({"page": where.name, "changed": changed})
    return Exit.DONE


def _check(where: Path, console: Console) -> Exit:
    text = where.read_text("utf-8")
    if page.written(text, of_spec()) != text:
        raise Problem(f"{where.name} tells other figures than the program: run `make scale`")
    console.answer({"page": where.name, "changed": False})
    return Exit.DONE


def _answer(options: argparse.Namespace, console: Console) -> Exit:
    given = _given(options)
    burst = Burst(options.findings, options.over)
    failures = bool(options.failing or options.hopeless)
    what = course(burst, platform(given, options.instances, failures=failures), options.seed)
    use = day.use(options.findings, given, tables.line_bytes(), failures=failures)
    bill = day.month(use, given)
    console.say(f"{options.findings} findings over {tables.seconds(options.over)}, simulated:")
    console.table(*tables.one_course(what))
    console.say("")
    console.say("so many each day, at any time of it:")
    console.table(*tables.one_bill(bill))
    console.answer(
        {
            "inputs": given._asdict(),
            "burst": burst._asdict(),
            "instances": options.instances,
            "seed": options.seed,
            "course": what._asdict(),
            "day": use._asdict(),
            "month": [each._asdict() for each in bill],
        }
    )
    return Exit.DONE


def _given(options: argparse.Namespace) -> Inputs:
    """The inputs with what was said on the command line. Raises UsageError, Problem."""
    if options.findings > _MOST_FINDINGS:
        raise UsageError(f"--findings: {_MOST_FINDINGS} at most, since each is simulated")
    said = {name: value for name, value in vars(options).items() if name in Inputs._fields}
    return of_spec()._replace(**{name: said[name] for name in said if said[name] is not None})


def _options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(
        prog="python -m scripts.scale",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    what = options.add_mutually_exclusive_group()
    what.add_argument("--check", action="store_true", help="write nothing")
    what.add_argument("--findings", type=_number(int, 1), help="answer for so many, write nothing")
    options.add_argument("--over", type=_number(float, 0), default=60.0, help="seconds (60)")
    instances = int(limit("instances"))
    options.add_argument(
        "--instances",
        type=_number(int, 1),
        default=instances,
        help=f"at a time, as Quota Center has it ({instances})",
    )
    options.add_argument("--warm", type=_number(float, 0.001), help="seconds of a warm run")
    options.add_argument("--cold", type=_number(float, 0.001), help="seconds of a cold one")
    options.add_argument("--memory", type=_number(int, 128), help="MB, if not that of s.yaml")
    wait = "seconds before a failed run is tried again, then doubled"
    options.add_argument("--retry-wait", type=_number(float, 0), help=wait)
    share = _number(float, 0, 1)
    options.add_argument("--failing", type=share, default=0.0, help="of runs, by chance (0)")
    options.add_argument("--hopeless", type=share, default=0.0, help="of findings, always (0)")
    options.add_argument("--seed", type=int, default=1, help="of what is left to chance (1)")
    options.add_argument("--json", action="store_true", help="answer with one JSON document")
    return options


def _number(
    kind: Callable[[str], float], least: float, most: float = math.inf
) -> Callable[[str], float]:
    def number(text: str) -> float:
        value = kind(text)
        if not (least <= value <= most and math.isfinite(value)):
            raise ValueError
        return value

    number.__name__ = f"number from {least:g}" + (f" to {most:g}" if most < math.inf else "")
    return number


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
