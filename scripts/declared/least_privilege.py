"""What the function's role may do where it may do no more than it must."""

from collections.abc import Iterator
from dataclasses import replace
from types import MappingProxyType

from resource_repair import settings
from resource_repair.remediations import REMEDIATIONS
from scripts.declared.model import Policy, Spec, Statement

_OF_TAGS = "oss:GetBucketTagging"


def granted(spec: Spec) -> Spec:
    """The spec, whose role has one policy, of the role's name: what it needs and nothing else."""
    role = spec.service.role
    policy = Policy(role.name, "No more than the function needs", tuple(_statements(spec)))
    return replace(spec, service=replace(spec.service, role=replace(role, policies=(policy,))))


def _statements(spec: Spec) -> Iterator[Statement]:
    """What the remediations call, and what Function Compute does in the role's name.

    Tags are read where one of them may exempt alone.

    That is (pages "Destinations for asynchronous invocations" and "Configure the logging feature"):
    what fails for good goes to the failure queue, and what is printed to the log store.
    """
    account, region = spec.account_id, spec.region
    tags = settings.load(spec.function.environment).exempt_tag is not None
    for remediation in REMEDIATIONS.values():
        actions = (each for each in remediation.permissions if tags or each != _OF_TAGS)
        yield _allow(remediation.resources.format(account=account), *actions)
    if config := spec.function.async_config:
        yield _allow(config.failure_destination, "mns:SendMessage")
    if logs := spec.service.logs:
        store = f"project/{logs.project}/logstore/{logs.logstore}"
        yield _allow(f"acs:log:{region}:{account}:{store}", "log:PostLogStoreLogs")


def _allow(resource: str, *actions: str) -> Statement:
    return MappingProxyType({"Effect": "Allow", "Action": list(actions), "Resource": resource})
