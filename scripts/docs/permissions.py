"""Write the tables of what each verb may do into docs/permissions.md, from what its code declares.

The Serverless Devs client is in it too: what it asks for was recorded.

python -m scripts.docs.permissions           # write it
python -m scripts.docs.permissions --check   # exit code 1 if it is not what the code declares
python -m scripts.docs.permissions --policy sweep "s deploy" --account ID --region cn-shanghai
"""

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from scripts import ROOT, cli
from scripts.account.compute.fc2_service import SERVICES
from scripts.account.function_role import POLICIES
from scripts.account.permission import Permission, on, union
from scripts.account.role import MAKE_ROLE, READ_ROLE, ROLES
from scripts.context import Verb
from scripts.declared import Generation

VERBS = tuple(name for name in cli.VERBS if name not in (*cli.GROUPS[cli.PIPELINE], "fc3"))
"""Those that work in an account, in the command's order."""

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
        *on("*", "ram:GetPolicy", "ram:AttachPolicyToRole", "ram:ListPolicyVersions"),
        *on(SERVICES, "fc:CreateService", "fc:UpdateService"),
        *READ_ROLE,
        *MAKE_ROLE,
        *on(ROLES, "ram:PassRole"),
        *on(POLICIES, "ram:CreatePolicy", "ram:CreatePolicyVersion", "ram:DeletePolicyVersion"),
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
"""What the Serverless Devs client (component fc 0.1.35) was seen to need for this s.yaml.

ListPolicyVersions, CreatePolicyVersion and DeletePolicyVersion are those of a deploy whose s.yaml
has another policy than the account, by the source of its component `ram`.
"""

_LOOKING_ALONE = on(
    "*",
    *("fc:GetFunction", "fc:GetTrigger", "fc:GetFunctionAsyncInvokeConfig", "fc:ListVpcBindings"),
    "fc:GetConcurrencyConfig",
)
CLIENT_ALONE = {
    "s deploy": (
        *_LOOKING_ALONE,
        *on("*", "fc:GetScalingConfig", "fc:GetProvisionConfig", "fc:CreateFunction"),
        *on("*", "fc:UpdateFunction", "fc:PutFunctionAsyncInvokeConfig", "fc:CreateTrigger"),
        *_TRIGGERS,
        *on(ROLES, "ram:PassRole"),
    ),
    "s invoke": on("*", "fc:InvokeFunction"),
    "s remove": (
        *on("*", "fc:GetFunction", "fc:ListVpcBindings", "fc:ListScalingConfigs"),
        *on("*", "fc:GetConcurrencyConfig", "fc:ListAliases", "fc:ListFunctionVersions"),
        *on("*", "fc:ListTriggers", "fc:ListFunctionAsyncInvokeConfigs"),
        *on("*", "fc:DeleteFunctionAsyncInvokeConfig", "fc:DeleteTrigger", "fc:DeleteFunction"),
        *_TRIGGERS,
    ),
}
"""The same of component fc3 0.1.22, for s.fc3.yaml: it makes no role, as each is declared there.

GetProvisionConfig is what `s plan` asks for besides.
"""

PAGE = ROOT / "docs" / "permissions.md"

_BEGIN = "<!-- what the verbs need: written by `make permissions` -->\n"
_END = "<!-- end of what the verbs need -->\n"


def main(arguments: Sequence[str], page: Path = PAGE) -> int:
    """Write or check the tables in `page`; gives the exit code."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--check", action="store_true", help="write nothing")
    known = (*VERBS, *CLIENT)
    policy_of = "print the rows of these verbs as one RAM policy"
    options.add_argument("--policy", nargs="+", choices=known, metavar="VERB", help=policy_of)
    options.add_argument("--fc3", action="store_true", help="with Function Compute 3.0")
    options.add_argument("--account", default="{account}", help="the account's id, for a policy")
    options.add_argument("--region", default="{region}", help="the region, for a policy")
    said = options.parse_args(arguments)
    if said.policy:
        generation = Generation.FC3 if said.fc3 else Generation.FC2
        print(policy(said.policy, said.account, said.region, generation))
        return 0
    text = page.read_text("utf-8")
    before, _, rest = text.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    wanted = f"{before}{_BEGIN}\n{table()}\n{_END}{after}"
    if wanted == text:
        return 0
    if said.check:
        print(f"{page.name} tells other permissions than the code: run `make permissions`")
        return 1
    page.write_text(wanted, "utf-8")
    return 0


def table() -> str:
    """Both tables, in Markdown; `{account}` and `{region}` stand for those that a verb works in.

    The second has verbs alone that need something else with Function Compute 3.0.
    """
    names = (*VERBS, *CLIENT)
    rows = [row for name in names for row in _rows(name, Generation.FC2)]
    other = [row for name in names if differs(name) for row in _rows(name, Generation.FC3)]
    return "\n".join(
        [
            *("| verb | may | on |", "| --- | --- | --- |", *rows, ""),
            f"On {Generation.FC3.product} these verbs need others; all other verbs the same:",
            *("", "| verb on 3.0 | may | on |", "| --- | --- | --- |", *other, ""),
        ]
    )


def differs(name: str) -> bool:
    """Whether a verb needs something else with Function Compute 3.0."""
    return set(of(name, Generation.FC3)) != set(of(name))


def policy(
    names: Sequence[str],
    account_id: str,
    region: str,
    generation: Generation = Generation.FC2,
) -> str:
    """The RAM policy of whoever runs these verbs: a statement for each kind of resource."""
    needed = union(*(of(name, generation) for name in names))
    statements = [
        {**Permission("", resource).statement(account_id, region), "Action": actions}
        for resource, actions in _by_resource(needed).items()
    ]
    return json.dumps({"Version": "1", "Statement": statements})


def of(name: str, generation: Generation = Generation.FC2) -> tuple[Permission, ...]:
    """The permissions that a verb needs, or a command of the client (`s deploy`)."""
    if name in CLIENT:
        return (CLIENT if generation is Generation.FC2 else CLIENT_ALONE)[name]
    verb = cli.load(name)
    return verb.needs(generation) if isinstance(verb, Verb) else ()


def _rows(name: str, generation: Generation) -> Iterator[str]:
    """A row for each kind of resource, actions in the verb's own order."""
    for place, (resource, actions) in enumerate(_by_resource(of(name, generation)).items()):
        first = "" if place else f"`{name}`"
        named = ", ".join(f"`{action}`" for action in actions)
        yield f"| {first} | {named} | `{resource}` |"


def _by_resource(permissions: Iterable[Permission]) -> dict[str, list[str]]:
    actions = defaultdict(list)
    for permission in permissions:
        actions[permission.resource].append(permission.action)
    return dict(actions)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
