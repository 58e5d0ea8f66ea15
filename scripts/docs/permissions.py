"""Write the table of what each verb may need to do into README.md, from what its code declares.

The Serverless Devs client is in it too: what it asks for was recorded.

python -m scripts.docs.permissions           # write it
python -m scripts.docs.permissions --check   # exit code 1 if it is not what the code declares
"""

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from scripts import ROOT, cli
from scripts.account.permission import Permission, on
from scripts.account.role import MAKE_ROLE, READ_ROLE, ROLES
from scripts.context import Verb

VERBS = tuple(name for name in cli.VERBS if name not in cli.GROUPS[cli.PIPELINE])
"""Those that work in an account, in the command's order."""

_SERVICES = "acs:fc:{region}:{account}:services/*"
_LOOKING = on(
    "*",
    *("fc:GetService", "fc:ListVpcBindings", "fc:GetFunction", "fc:GetFunctionAsyncInvokeConfig"),
    "fc:GetTrigger",
)
_TRIGGERS = on("*", "mns:Subscribe", "mns:Unsubscribe")
CLIENT = {
    "s deploy": (
        *_LOOKING,
        *on("*", "fc:CreateFunction", "fc:UpdateFunction", "fc:PutFunctionAsyncInvokeConfig"),
        *on("*", "fc:DeleteFunctionAsyncInvokeConfig", "fc:CreateTrigger", "fc:UpdateTrigger"),
        *_TRIGGERS,
        *on("*", "ram:GetPolicy", "ram:AttachPolicyToRole"),
        *on(_SERVICES, "fc:CreateService", "fc:UpdateService"),
        *READ_ROLE,
        *MAKE_ROLE,
        *on(ROLES, "ram:PassRole"),
        *on("acs:ram:*:{account}:policy/*", "ram:CreatePolicy"),
    ),
    "s invoke": on("*", "fc:ListTriggers", "fc:InvokeFunction"),
    "s remove": (
        *_LOOKING,
        *on("*", "fc:ListOnDemandConfigs", "fc:ListProvisionConfigs", "fc:ListAliases"),
        *on("*", "fc:ListServiceVersions", "fc:ListFunctions", "fc:ListTriggers"),
        *on("*", "fc:DeleteTrigger", "fc:DeleteFunction", "fc:DeleteService"),
        *_TRIGGERS,
    ),
}
"""What the Serverless Devs client (component fc 0.1.35) was seen to need for this s.yaml."""

README = ROOT / "README.md"

_BEGIN = "<!-- what the verbs need: written by `make permissions` -->\n"
_END = "<!-- end of what the verbs need -->\n"


def main(arguments: Sequence[str], readme: Path = README) -> int:
    """Write or check the table in `readme`; gives the exit code."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--check", action="store_true", help="write nothing")
    check = options.parse_args(arguments).check
    text = readme.read_text("utf-8")
    before, _, rest = text.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    wanted = f"{before}{_BEGIN}\n{table()}\n{_END}{after}"
    if wanted == text:
        return 0
    if check:
        print(f"{readme.name} tells other permissions than the code: run `make permissions`")
        return 1
    readme.write_text(wanted, "utf-8")
    return 0


def table() -> str:
    """The table, in Markdown; `{account}` and `{region}` stand for those that a verb works in."""
    rows = [row for name in (*VERBS, *CLIENT) for row in _rows(name)]
    return "\n".join(["| verb | may | on |", "| --- | --- | --- |", *rows, ""])


def of(name: str) -> tuple[Permission, ...]:
    """The permissions that a verb needs, or a command of the client (`s deploy`)."""
    if name in CLIENT:
        return CLIENT[name]
    verb = cli.load(name)
    return verb.permissions if isinstance(verb, Verb) else ()


def _rows(name: str) -> Iterator[str]:
    """A row for each kind of resource, actions in the verb's own order."""
    actions = defaultdict(list)
    for permission in of(name):
        actions[permission.resource].append(f"`{permission.action}`")
    for place, (resource, named) in enumerate(actions.items()):
        first = "" if place else f"`{name}`"
        yield f"| {first} | {', '.join(named)} | `{resource}` |"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
