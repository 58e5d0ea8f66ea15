"""Bring s.yaml to Function Compute and RAM: role, policies, service, function, trigger.

Shows what would change, asks, and applies. Safe to repeat: a second run finds nothing to do.
"""

import os
import sys
from collections.abc import Mapping, Sequence

from scripts import steps
from scripts.apply import Step, plan
from scripts.clients import Credentials
from scripts.console import Exit
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


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
