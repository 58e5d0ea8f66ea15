"""Refuse a deploy that would go wrong in silence.

`s deploy` runs it first. What is wrong with s.yaml is told before all else. The client would deploy
an unset variable as the literal text `${env(PREPARE_RULE_ID)}`, and the function would then keep
every finding as misconfigured; and it would send code and signatures over plain http if nothing
tells it otherwise. Without keys of its own it would deploy nothing, and end with 0. Nor does it go
on where the client was told to deploy what is not looked at here, or an s.fc3.yaml that is not what
s.yaml gives now. That the keys are of the account that is looked at says `resource-repair doctor`.
Exit code 0, or 2.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from scripts import ROOT, context
from scripts.context import Check, Ended
from scripts.declared import (
    Generation,
    access,
    client_call,
    client_keys,
    derived,
    dotenv,
    load_for,
    region,
    rule_ids,
    template,
)
from scripts.errors import UsageError
from scripts.terminal import Console, Exit


@dataclass(frozen=True, kw_only=True)
class Options(context.Reading):
    """What it takes."""

    env: Annotated[Path, Parameter(help="default: the project's .env")] = ROOT / ".env"


@dataclass(frozen=True)
class Report:
    """What would be deployed for."""

    rule_id: str


def _check(_: Console, options: Options, environ: Mapping[str, str]) -> Ended:
    deployed = template.deployed(options.spec, environ)  # or raises why it cannot be
    source, generation = derived.source(deployed)
    alias = client_call.read(environ).access or access(deployed)
    settings = dotenv.environment(options.env, environ)
    account = client_keys.account_of(alias, settings) or settings.get("AccountID", "")
    if account.isdigit():  # else the client's keys are missing, which is told below
        load_for(source, generation, {rule_ids.RULE_ID: "", **settings}, account)
    of_fc2 = (rule_ids.ENDPOINT, rule_ids.SWITCH) if generation is Generation.FC2 else ()
    emptied = dotenv.emptied(options.env, environ)
    for name in (rule_ids.RULE_ID, *of_fc2):
        if name in emptied:
            raise UsageError(emptied[name])
    rule_id = settings.get(rule_ids.RULE_ID, "")
    place = str(dotenv.place(options.env, rule_ids.RULE_ID, rule_id))
    if wrong := rule_ids.problem(rule_id, place) or _endpoint_problem(settings, source, generation):
        raise UsageError(wrong)
    if wrong := client_keys.missing(alias, settings) or rule_ids.elsewhere(
        settings, account, region(deployed, settings), generation
    ):
        raise UsageError(wrong)
    return Ended(Exit.DONE, Report(rule_id))


def _endpoint_problem(settings: Mapping[str, str], source: Path, generation: Generation) -> str:
    if generation is Generation.FC2:
        return rule_ids.endpoint_problem(settings)
    return _overlaid(source) or rule_ids.fc3_endpoint_problem(settings)


def _overlaid(source: Path) -> str:
    """Why the client may deploy more than the file says: in 3.0 it does not tell how it was called.

    (`s deploy --env`, or a default that the client keeps.)
    """
    path = source.parent / "env.yaml"
    if not path.exists():
        return ""
    return f"the client may lay {path.name} over what is deployed: give that another name"


VERB = Check("check-deploy", __doc__ or "", Options, _check)
