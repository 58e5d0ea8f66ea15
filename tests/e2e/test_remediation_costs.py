"""What each remediation asks of OSS for a fix, as docs/remediations.md tells it: measured."""

import json
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib import import_module

from resource_repair.remediations import ACL, REMEDIATIONS, named
from scripts import ROOT
from tests.account import Account
from tests.e2e import scene
from tests.parts import public_policy

# What is wrong with a bucket: its ACL, or its policy; for the others a new bucket will do.
WRONG = {
    "acl": {"acl": "public-read"},
    "public-write": {"acl": "public-read-write"},
    "encryption": {},
    "policy": {"policy": "20 *"},
    "https": {},
}


def finding(product: Account, name: str) -> str:
    """One of that remediation's rule, about the bucket that has its name."""
    rule = product.rule_id if name == ACL else f"cr-{name}"
    about = {"configRuleId": rule, "resourceId": f"config-{name}", "regionId": product.cloud.region}
    return json.dumps([{**about, "accountId": product.cloud.account_id}])


def asked(product: Account) -> dict[str, list[str]]:
    """What the function asks about each bucket, all of them at once; one invocation for each."""
    before = {name: len(scene.calls(product, f"config-{name}")) for name in WRONG}
    with ThreadPoolExecutor(len(WRONG)) as pool:
        list(pool.map(partial(scene.run, product), [finding(product, each) for each in WRONG]))
    return {name: scene.calls(product, f"config-{name}")[before[name] :] for name in WRONG}


def test_the_requests_of_a_fix_are_told(product: Account) -> None:
    """A row for each: what it is for, what it asks to mend that, and where that is done already."""
    oss, ways = product.cloud.oss, [f"{each}:cr-{each}:enforce" for each in REMEDIATIONS]
    assert set(WRONG) == set(REMEDIATIONS)
    product.cloud.config.switch_rule(product.rule_id, active=False)
    for name, wrong in WRONG.items():
        oss.create(f"config-{name}", acl=wrong.get("acl", "private"))
        if "policy" in wrong:
            oss.set_policy(f"config-{name}", public_policy(f"config-{name}", "20", "*"))
    product.cloud.settle()
    with product.deployed_with(remediations=";".join(ways[1:])):
        for role in product.cloud.ram.roles:
            if "least-privilege" in role:  # which in 3.0 has no more than what s.yaml names needs
                product.cloud.ram.attach(role, "System", "AliyunOSSFullAccess")
        fix, again = asked(product), asked(product)
    rows = []
    for name, module in REMEDIATIONS.items():
        does = str(import_module(f"resource_repair.remediations.{module}").__doc__).split("\n")[0]
        cells = [f"`{name}`", does.removeprefix("The remediation of ").rstrip(".")]
        cells += [f"{len(each[name])}: {told(each[name])}" for each in (fix, again)]
        rows.append(f"| {' | '.join([*cells, told(named(name).permissions)])} |")
    page = (ROOT / "docs" / "remediations.md").read_text("utf-8")
    assert "\n".join(rows) in page, "\n".join(rows)


def told(names: object) -> str:
    """These names, in code."""
    return ", ".join(f"`{each}`" for each in names)  # type: ignore[attr-defined]
