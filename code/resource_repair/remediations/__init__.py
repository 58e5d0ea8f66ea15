"""The remediations that there are: one line each."""

from importlib import import_module
from typing import TYPE_CHECKING, Dict, cast

if TYPE_CHECKING:
    from resource_repair.remediations.frame import Remediation

ACL = "acl"  # that of the rules in prepareRuleId

# By name, the module that has it as REMEDIATION: imported when one of its rules is given, as a cold
# start pays for every module. Several findings about one bucket are worked on in this order.
REMEDIATIONS: Dict[str, str] = {
    ACL: "bucket_acl",
    "public-write": "public_write",
    "encryption": "encryption",
    "policy": "policy",
    "https": "https",
}


def named(name: str) -> "Remediation":
    """The remediation of that name."""
    module = import_module(f"resource_repair.remediations.{REMEDIATIONS[name]}")
    return cast("Remediation", module.REMEDIATION)
