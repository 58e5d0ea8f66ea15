"""The remediations that there are: one line each."""

from importlib import import_module
from typing import TYPE_CHECKING, Dict, Optional, cast

if TYPE_CHECKING:
    from resource_repair.remediations.frame import Remediation
    from resource_repair.settings import Ways

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


def named(name: str, ways: "Optional[Ways]" = None) -> "Remediation":
    """The remediation of that name; `ways` are how else that of the ACL closes, if it does."""
    module = import_module(f"resource_repair.remediations.{REMEDIATIONS[name]}")
    if ways and name == ACL:
        by = import_module("resource_repair.remediations.block").by
        return cast("Remediation", by(ways, module.REMEDIATION))
    return cast("Remediation", module.REMEDIATION)
