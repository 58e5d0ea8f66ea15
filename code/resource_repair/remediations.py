"""The remediations that there are: one line each."""

from importlib import import_module
from typing import Callable, Dict, NamedTuple, Optional, Tuple, cast

from resource_repair import naming
from resource_repair.settings import Settings
from resource_repair.timing import Deadline
from resource_repair.values import BUCKET, Finding, Invocation, Outcome

Repair = Callable[[Finding], Outcome]
Prepare = Callable[[Settings, Invocation, Deadline], Repair]


class Remediation(NamedTuple):
    """How findings about one type of resource are dealt with.

    `module` has `prepare(settings, invocation, deadline)`, which returns the repair of one finding;
    it is imported when a finding needs it, since its dependencies are most of a cold start.
    `permissions` are all that its role needs.
    """

    valid_id: Callable[[str], bool]
    module: str
    permissions: Tuple[str, ...]

    def prepare(self, settings: Settings, invocation: Invocation, deadline: Deadline) -> Repair:
        """The repair of one finding, ready to be called from several threads."""
        return cast("Prepare", import_module(self.module).prepare)(settings, invocation, deadline)


REMEDIATIONS: Dict[str, Remediation] = {
    BUCKET: Remediation(
        valid_id=naming.is_bucket_name,
        module="resource_repair.bucket_acl",
        permissions=("oss:GetBucketInfo", "oss:PutBucketAcl", "oss:GetBucketPolicyStatus"),
    ),
}


def remediation_for(resource_type: str) -> Optional[Remediation]:
    """The remediation for a type of resource; a message without a type is about a bucket."""
    return REMEDIATIONS.get(resource_type or BUCKET)
