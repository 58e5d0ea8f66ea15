"""Bring s.yaml to Function Compute and RAM: role, policies, service, function, trigger.

Shows what would change, asks, and applies. Safe to repeat: a second run finds nothing to do.

Needs: sts:GetCallerIdentity; ram: GetRole, CreateRole, UpdateRole, ListPoliciesForRole, GetPolicy,
CreatePolicy, CreatePolicyVersion, AttachPolicyToRole, PassRole; fc: GetService, CreateService,
UpdateService, GetFunction, CreateFunction, UpdateFunction, GetFunctionAsyncInvokeConfig,
PutFunctionAsyncInvokeConfig, DeleteFunctionAsyncInvokeConfig, GetTrigger, CreateTrigger,
DeleteTrigger.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from scripts import check_rule_id, dotenv
from scripts.apply import Plan, Step, Verdict, apply, plan
from scripts.clients import Clients, Credentials, Endpoints
from scripts.console import Console, Exit, parser, run
from scripts.errors import UsageError
from scripts.spec import PATH, Spec, load, region

_PAST = {
    Verdict.CREATE: "created",
    Verdict.CHANGE: "changed",
    Verdict.REPLACE: "replaced",
    Verdict.REMOVE: "removed",
}


def main(
    arguments: Sequence[str], environ: Mapping[str, str], credentials: Credentials | None = None
) -> int:
    """Apply s.yaml as the command line says; `credentials` default to the default chain's.

    Gives the exit code.
    """
    options = parser(__doc__ or "")
    options.add_argument("--spec", type=Path, default=PATH, help="default: the project's")
    chosen = options.parse_args(arguments)

    def verb(console: Console) -> Exit:
        endpoints = Endpoints.from_environment(environ)
        spec, clients = _read(chosen.spec, environ, credentials, endpoints)
        return _apply(console, spec, clients)

    return run(verb, Console.of(chosen))


def _read(
    path: Path, environ: Mapping[str, str], credentials: Credentials | None, endpoints: Endpoints
) -> tuple[Spec, Clients]:
    if not path.is_file():
        raise UsageError(f"{path} is not there: name the spec with --spec")
    settings = dotenv.environment(path.parent / ".env", environ)
    clients = Clients(region(path, settings), credentials=credentials, endpoints=endpoints)
    spec = load(path, settings, clients.account_id)
    wrong = check_rule_id.problem(spec.function.environment.get("prepareRuleId", ""))
    if wrong:
        raise UsageError(wrong)
    return spec, clients


def _apply(console: Console, spec: Spec, clients: Clients) -> Exit:
    console.say(f"account {spec.account_id}, region {spec.region}")
    planned = plan(spec, clients)
    _show(console, planned)
    applied: list[Step] = []
    end = Exit.DONE
    if planned.changes and not console.dry_run:
        if console.confirm("Apply this?"):
            apply(planned, lambda step: _tell(console, applied, step))
        else:
            console.say("nothing was applied")
            end = Exit.PROBLEM
    console.answer(_document(planned, applied))
    return end


def _tell(console: Console, applied: list[Step], step: Step) -> None:
    applied.append(step)
    console.say(f"{_PAST[step.verdict]} {step.kind} {step.name}", "green")


def _show(console: Console, planned: Plan) -> None:
    rows = []
    for step in planned.steps:
        first, *further = [str(difference) for difference in step.differences] or [""]
        rows.append((step.verdict.value, step.kind, step.name, first))
        rows.extend(("", "", "", difference) for difference in further)
    console.table(("", "what", "name", "difference"), rows)
    if not planned.changes:
        console.say("nothing to do: what is live is what s.yaml declares", "green")


def _document(planned: Plan, applied: list[Step]) -> dict[str, object]:
    return {
        "account_id": planned.account_id,
        "region": planned.region,
        "steps": [
            {
                "verdict": step.verdict.value,
                "kind": step.kind,
                "name": step.name,
                "differences": [vars(difference) for difference in step.differences],
                "applied": step in applied,
            }
            for step in planned.steps
        ],
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
