"""Pause the live function: findings are recorded from now on, and nothing is closed.

It goes into mode report, by its environment alone: nothing is built, and nothing is asked. Since
when and why is kept on the function itself. Safe to repeat: the first pause holds until resume.
"""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone

from resource_repair.values import REPORT, WOULD_REPAIR
from scripts.account.clients import Credentials
from scripts.account.function import GET, MODE, PAUSED, UPDATE, ChangedError, Live, Pause
from scripts.context import Situation, Verb, start
from scripts.patience import patiently
from scripts.terminal import Exit

VERB = Verb("pause", __doc__ or "", (GET, UPDATE))

_TRIES = 5  # somebody else may be changing the function too


def main(
    arguments: Sequence[str], environ: Mapping[str, str], credentials: Credentials | None = None
) -> int:
    """Pause as the command line says; gives the exit code, 0 also where it is paused already."""
    return start(
        VERB,
        _pause,
        arguments,
        environ,
        credentials,
        add_options=_add_options,
        rule_id_known=False,
    )


def _add_options(options: argparse.ArgumentParser) -> None:
    options.add_argument("--reason", default="", metavar="WHY", help="kept with the pause")


def _pause(situation: Situation) -> Exit:
    console, name = situation.console, situation.spec.function.name
    now = datetime.now(timezone.utc).replace(microsecond=0)
    situation.act()
    live, changed = _paused(situation, now)
    if changed:
        console.say(
            f"{name} is {live.pause}: findings are recorded as {WOULD_REPAIR}, and nothing is "
            "closed",
            "green",
        )
        console.say(
            f"what had begun before ends as it began, within {live.timeout:g} s; `make resume` "
            "undoes it, and until then a deploy stops"
        )
    elif live.pause:
        console.say(f"{name} is {live.pause} already: nothing was changed")
    else:
        console.say(f"would pause {name}: from mode {live.mode} it would go to {REPORT}")
    console.answer(live.described() | {"changed": changed})
    return Exit.DONE


def _paused(situation: Situation, now: datetime) -> tuple[Live, bool]:
    """The function as it is then, and whether that is this run's doing."""
    for _ in range(_TRIES - 1):
        try:
            return patiently(lambda: _pause_once(situation, now))
        except ChangedError:
            continue
    return patiently(lambda: _pause_once(situation, now))


def _pause_once(situation: Situation, now: datetime) -> tuple[Live, bool]:
    live, reason = Live.read(situation.spec, situation.clients), situation.options.reason.strip()
    if live.pause:
        # An earlier try may have been applied, and its answer lost.
        return live, (live.pause.since, live.pause.reason) == (now, reason)
    if situation.console.dry_run:
        return live, False
    pause = Pause(now, reason, live.mode)
    changed = {**live.environment, MODE: REPORT, PAUSED: pause.variable()}
    return live.set_environment(changed), True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
