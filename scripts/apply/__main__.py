"""Bring s.yaml to Function Compute and RAM: role, policies, service, function, trigger.

Shows what would change, asks, and applies. Safe to repeat: a second run finds nothing to do. If it
would begin to enforce, and more than 20 buckets are non-compliant and not exempt, their number must
be given as EXPECT_CLOSE in the environment.
"""

import os
import sys
from collections.abc import Mapping, Sequence

from scripts import CODE, dotenv, live, steps
from scripts.apply import Step, plan
from scripts.clients import Credentials
from scripts.console import Exit
from scripts.doctor import Chain, Standing
from scripts.doctor.buckets import BUCKETS, begins_to_enforce, closing
from scripts.errors import Problem
from scripts.retrying import patiently
from scripts.verb import Permission, Situation, Verb, start

_FC = "acs:fc:{region}:{account}:*"
_ROLES = "acs:ram:*:{account}:role/*"
_POLICIES = "acs:ram:*:{account}:policy/*"

VERB = Verb(
    "apply",
    __doc__ or "",
    (
        Permission("ram:GetRole", _ROLES),
        Permission("ram:CreateRole", _ROLES),
        Permission("ram:UpdateRole", _ROLES),
        Permission("ram:PassRole", _ROLES),
        Permission("ram:ListPoliciesForRole", _ROLES),
        Permission("ram:AttachPolicyToRole"),  # also on Alibaba Cloud's own policies
        Permission("ram:GetPolicy"),  # as well
        Permission("ram:CreatePolicy", _POLICIES),
        Permission("ram:CreatePolicyVersion", _POLICIES),
        Permission("fc:GetService", _FC),
        Permission("fc:CreateService", _FC),
        Permission("fc:UpdateService", _FC),
        Permission("fc:GetFunction", _FC),
        Permission("fc:CreateFunction", _FC),
        Permission("fc:UpdateFunction", _FC),
        Permission("fc:GetFunctionAsyncInvokeConfig", _FC),
        Permission("fc:PutFunctionAsyncInvokeConfig", _FC),
        Permission("fc:DeleteFunctionAsyncInvokeConfig", _FC),
        Permission("fc:GetTrigger", _FC),
        Permission("fc:CreateTrigger", _FC),
        Permission("fc:DeleteTrigger", _FC),
        *(each for each in BUCKETS.permissions if each != live.GET_FUNCTION),
    ),
)


def main(
    arguments: Sequence[str], environ: Mapping[str, str], credentials: Credentials | None = None
) -> int:
    """Apply s.yaml as the command line says; `credentials` default to the default chain's.

    Gives the exit code.
    """
    return start(VERB, _apply, arguments, environ, credentials)


def _apply(situation: Situation) -> Exit:
    console = situation.console
    planned = plan(situation.spec, situation.clients)
    steps.show(console, planned)
    if planned.changes:
        patiently(lambda: _count_what_closes(situation))
    applied: list[Step] = []
    end = Exit.DONE
    if planned.changes and not console.dry_run:
        if console.confirm("Apply this?"):
            steps.carry_out(console, planned, applied)
        else:
            console.say("nothing was applied")
            end = Exit.PROBLEM
    console.answer(steps.document(planned, applied))
    return end


def _count_what_closes(situation: Situation) -> None:
    """Say how many buckets this closes if it begins to enforce, or raise Problem as the doctor."""
    spec = situation.spec
    settings = dotenv.environment(situation.options.spec.parent / ".env", situation.environ)
    chain = Chain(spec, situation.clients, settings, CODE / "exemptions.yaml")
    if not begins_to_enforce(chain):
        return
    # Those of the bundle that it deploys, whatever has become of their file since.
    remark = closing(chain, live.bundled_exemptions(spec.function.code))
    if remark.standing is not Standing.SOUND:
        raise Problem(f"nothing was applied, since {remark.what}: {remark.mend}")
    situation.console.say(remark.what)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
