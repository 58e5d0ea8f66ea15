"""The frame that all verbs share: what each says of itself, and how each begins and ends.

A verb's module has a `VERB` that names it and declares the permissions that it needs, a
`main(arguments, environ, credentials)` that calls `start`, and the work itself, which gets a
`Situation` and returns an exit code.
"""

import argparse
import itertools
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import NamedTuple

from scripts.account.clients import Clients, Credentials, Endpoints
from scripts.account.permission import Permission
from scripts.declared import PATH, Spec, dotenv, load, region, rule_ids
from scripts.declared.rule_ids import RULE_ID
from scripts.errors import CloudError, Problem, UsageError
from scripts.terminal import Console, Exit, parser, run


@dataclass(frozen=True)
class Verb:
    """What a verb says of itself; `name` is its make target and, with _ for -, its module."""

    name: str
    does: str
    permissions: tuple[Permission, ...]

    def description(self) -> str:
        """What `--help` says above the options."""
        width = max((len(each.action) for each in self.permissions), default=0)
        needs = [f"  {each.action:{width}}  {each.resource}" for each in self.permissions]
        return "\n".join([self.does, "", "needs these permissions:", *needs])


class Situation(NamedTuple):
    """What a verb works with."""

    console: Console
    options: argparse.Namespace
    spec: Spec
    clients: Clients
    environ: Mapping[str, str]

    def act(self) -> None:
        """The end of looking around: from now on each read is a request of its own."""
        self.clients.memory.act()


def start(
    verb: Verb,
    work: Callable[[Situation], Exit],
    arguments: Sequence[str],
    environ: Mapping[str, str],
    credentials: Credentials | None = None,
    *,
    add_options: Callable[[argparse.ArgumentParser], None] = lambda _: None,
    rule_id_known: bool = True,
) -> int:
    """Run a verb from its command line; gives the exit code.

    `credentials` default to the default chain's. With `rule_id_known` false the verb also runs
    before there is a PREPARE_RULE_ID, which then is empty.
    """
    options = parser(verb.description())
    options.prog = f"python -m scripts.verbs.{verb.name.replace('-', '_')}"
    options.add_argument("--spec", type=Path, default=PATH, help="default: the project's own")
    add_options(options)
    chosen = options.parse_args(arguments)

    def perform(console: Console) -> Exit:
        spec, clients = _read(chosen.spec, environ, credentials, rule_id_known=rule_id_known)
        console.say(f"account {spec.account_id}, region {spec.region}")
        try:
            return work(Situation(console, chosen, spec, clients, environ))
        except CloudError as error:
            if error.denied:
                _show_statements(console, lacking(verb.permissions, error.refused), spec)
            raise

    return run(perform, Console.of(chosen))


def show_unread(situation: Situation, verb: Verb, failures: Iterable[Problem]) -> None:
    """Say what could not be read, and which statements of a RAM policy would let it be."""
    refused: list[str] = []
    for failure in failures:
        situation.console.fail(str(failure))
        if isinstance(failure, CloudError) and failure.denied:
            refused += failure.refused
    if missing := lacking(verb.permissions, refused):
        _show_statements(situation.console, missing, situation.spec)


def lacking(declared: Iterable[Permission], refused: Iterable[str]) -> list[Permission]:
    """What allows actions that were refused: as it is declared, and else on all resources."""
    known: dict[str, list[Permission]] = {}
    for permission in declared:
        known.setdefault(permission.action.lower(), []).append(permission)
    missing = (known.get(action.lower(), [Permission(action)]) for action in refused)
    return list(dict.fromkeys(itertools.chain(*missing)))


def _show_statements(console: Console, missing: Iterable[Permission], spec: Spec) -> None:
    """Say what a RAM policy lacks: a statement, as it stands there, for each permission."""
    console.say("to be added to a policy of whoever these credentials are:")
    for permission in missing:
        console.say(f"  {json.dumps(permission.statement(spec.account_id, spec.region))}")


def _read(
    path: Path, environ: Mapping[str, str], credentials: Credentials | None, *, rule_id_known: bool
) -> tuple[Spec, Clients]:
    if not path.is_file():
        raise UsageError(f"{path} is not there: name the spec with --spec")
    settings = dict(dotenv.environment(path.parent / ".env", environ))
    if not rule_id_known:
        settings.setdefault(RULE_ID, "")
    endpoints = Endpoints.from_environment(environ)
    clients = Clients(region(path, settings), credentials=credentials, endpoints=endpoints)
    clients.memory.look()
    spec = load(path, settings, clients.account_id)
    wrong = rule_ids.problem(spec.function.environment.get("prepareRuleId", ""))
    if wrong and rule_id_known:
        raise UsageError(wrong)
    return spec, clients


_AGO = re.compile(r"([0-9]{1,6})([mhdw])")


_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def moment(text: str, now: datetime) -> datetime:
    """The time that `24h` (ago; m, h, d, w) or an ISO 8601 time means; raises UsageError."""
    ago = _AGO.fullmatch(text)
    try:
        if ago:
            return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        given = datetime.fromisoformat(re.sub("[Zz]$", "+00:00", text))
    except (ValueError, OverflowError):
        raise UsageError(
            f"{text!r} is no time: say how long ago (90m, 24h, 7d), or 2026-01-31T12:00Z"
        ) from None
    return given if given.tzinfo else given.replace(tzinfo=timezone.utc)
