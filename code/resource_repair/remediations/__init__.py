"""The remediations that there are: one line each."""

from importlib import import_module
from typing import Callable, Dict, NamedTuple, Optional, Tuple, Union, cast

from resource_repair import naming
from resource_repair.settings import Settings
from resource_repair.timing import Deadline
from resource_repair.values import BUCKET, FAILED, Finding, Invocation, Outcome, outcome_of


class Repair:
    """One finding under repair; used by one thread at a time."""

    def step(self) -> Union[Outcome, float]:
        """Go on as far as that needs no wait: the outcome, or in how many seconds to go on."""
        raise NotImplementedError

    def give_up(self, reason: str) -> Outcome:
        """The outcome of a repair that is not gone on with: failed, with what is known so far."""
        raise NotImplementedError


class Hopeless(Repair):
    """A repair that cannot begin."""

    def __init__(self, finding: Finding, reason: str) -> None:
        self._finding = finding
        self._reason = reason

    def step(self) -> Outcome:
        """The failure."""
        return self.give_up(self._reason)

    def give_up(self, reason: str) -> Outcome:
        """The failure, for another reason."""
        return outcome_of(self._finding, FAILED, reason)


Begin = Callable[[Finding], Repair]
Prepare = Callable[[Settings, Invocation, Deadline], Begin]


class Remediation(NamedTuple):
    """How findings about one type of resource are dealt with.

    `module` has `prepare(settings, invocation, deadline)`, which returns what begins the repair of
    a finding; it is imported when one needs it, since its dependencies are most of a cold start.
    `permissions` are all that its role needs, on `resources`: an ARN with `{account}` in it.
    """

    valid_id: Callable[[str], bool]
    module: str
    permissions: Tuple[str, ...]
    resources: str

    def prepare(self, settings: Settings, invocation: Invocation, deadline: Deadline) -> Begin:
        """What begins the repair of a finding, in this invocation."""
        return cast("Prepare", import_module(self.module).prepare)(settings, invocation, deadline)


REMEDIATIONS: Dict[str, Remediation] = {
    BUCKET: Remediation(
        valid_id=naming.is_bucket_name,
        module="resource_repair.remediations.bucket_acl",
        permissions=(
            "oss:GetBucketInfo",
            "oss:PutBucketAcl",
            "oss:GetBucketPolicyStatus",
            "oss:GetBucketTagging",  # with exemptTag
            "oss:GetPublicAccessBlock",  # where the policy is public, or a ceiling is refused
        ),
        # Any bucket may be opened. (Page "OSS authorization syntax and elements": the region is *.)
        resources="acs:oss:*:{account}:*",
    ),
}


def remediation_for(resource_type: str) -> Optional[Remediation]:
    """The remediation for a type of resource; a message without a type is about a bucket."""
    return REMEDIATIONS.get(resource_type or BUCKET)
