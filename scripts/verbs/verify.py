"""Verify that what is live is what s.yaml declares, field by field, and the code by its checksum.

With --loop, then also that the loop closes: on a bucket of its own, which is taken away again. What
it needs of oss, config and log it needs for that alone.
"""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence

from scripts.account.clients import Credentials
from scripts.account.function import GET
from scripts.account.function_compute import about_byte_code
from scripts.account.function_role import GET_POLICY
from scripts.account.permission import Permission
from scripts.context import Situation, Verb, start
from scripts.decide.drift import Comparison, compare
from scripts.errors import Problem
from scripts.flows import proof
from scripts.patience import patiently
from scripts.terminal import Exit

_ROLES = "acs:ram:*:{account}:role/*"

COMPARING = (
    Permission("ram:GetRole", _ROLES),
    Permission("ram:ListPoliciesForRole", _ROLES),
    GET_POLICY,
    Permission("fc:GetService"),
    GET,
    Permission("fc:GetFunctionAsyncInvokeConfig"),
    Permission("fc:GetTrigger"),
    Permission("fc:ListTriggers"),
    Permission("fc:ListVpcBindings"),
    Permission("fc:ListFunctionAsyncInvokeConfigs"),
)

VERB = Verb("verify", __doc__ or "", (*COMPARING, *proof.PERMISSIONS))


def main(
    arguments: Sequence[str], environ: Mapping[str, str], credentials: Credentials | None = None
) -> int:
    """Verify as the command line says; gives the exit code, 1 where something drifted."""
    return start(VERB, _verify, arguments, environ, credentials, add_options=_add_options)


def _add_options(options: argparse.ArgumentParser) -> None:
    options.add_argument(
        "--loop", action="store_true", help="then prove the loop on a bucket of its own"
    )
    proof.add_options(options)


def _verify(situation: Situation) -> Exit:
    found = patiently(lambda: compare(situation.spec, situation.clients))
    document = _document(situation, found)
    _show(situation, found)
    if situation.options.loop and found.pause:
        raise Problem("the loop cannot be proved while nothing is closed: `make resume` first")
    if situation.options.loop and not found.drift:
        situation.console.so_far(lambda: document)
        return proof.prove(situation, document)
    situation.console.answer(document)
    return Exit.PROBLEM if found.drift else Exit.DONE


def _show(situation: Situation, found: Comparison) -> None:
    console = situation.console
    if found.pause:
        console.say(f"{found.pause}: findings are recorded, nothing is closed; make resume", "bold")
    if not found.drift:
        console.table(("what", "name"), found.compared)
        console.say("what is live is what s.yaml declares", "green")
        return
    rows = [[cell or "nothing" for cell in each] for each in found.drift]
    console.table(("what", "name", "field", "live", "declared"), rows)
    console.say(
        "what is live is not what s.yaml declares: `make apply` brings it back",
        "red",
    )
    for each in found.drift:
        if (each.kind, each.field) == ("function", "code"):
            built = situation.spec.function.code.read_bytes()
            console.say(
                about_byte_code(built, each.live)
                or "the code differs by more than byte code, or another Python compiled it"
            )


def _document(situation: Situation, found: Comparison) -> dict[str, object]:
    return {
        "account_id": situation.spec.account_id,
        "region": situation.spec.region,
        "compared": [{"kind": kind, "name": name} for kind, name in found.compared],
        "drift": [each._asdict() for each in found.drift],
        "paused": found.pause and str(found.pause),
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
