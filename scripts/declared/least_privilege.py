"""What the function's role may do where it may do no more than it must."""

from collections.abc import Iterator
from dataclasses import replace
from types import MappingProxyType

from resource_repair import settings
from resource_repair.remediations import ACL, named
from scripts.declared.model import Policy, Spec, Statement

_OF_TAGS = "oss:GetBucketTagging"


def granted(spec: Spec) -> Spec:
    """The spec, whose role has one policy, of the role's name: what it needs and nothing else."""
    role = spec.service.role
    policy = Policy(role.name, "No more than the function needs", tuple(_statements(spec)))
    return replace(spec, service=replace(spec.service, role=replace(role, policies=(policy,))))


def _statements(spec: Spec) -> Iterator[Statement]:
    """What the remediations that are on call, and what Function Compute does in the role's name.

    Tags are read where one of them may exempt alone.

    That is (pages "Destinations for asynchronous invocations" and "Configure the logging feature"):
    what fails for good goes to the failure queue, and what is printed to the log store.
    """
    account, region = spec.account_id, spec.region
    told = settings.load(spec.function.environment)
    actions: dict[str, dict[str, None]] = {}
    for name in (ACL, *(each.remediation for each in told.others or ())):
        remediation = named(name, told.ways)
        resource = remediation.resources.format(account=account)
        actions.setdefault(resource, {}).update(dict.fromkeys(remediation.permissions))
    for resource, needed in actions.items():
        yield _allow(resource, *(each for each in needed if told.exempt_tag or each != _OF_TAGS))
    if config := spec.function.async_config:
        yield _allow(config.failure_destination, "mns:SendMessage")
    if logs := spec.service.logs:
        store = f"project/{logs.project}/logstore/{logs.logstore}"
        yield _allow(f"acs:log:{region}:{account}:{store}", "log:PostLogStoreLogs")


def _allow(resource: str, *actions: str) -> Statement:
    return MappingProxyType({"Effect": "Allow", "Action": list(actions), "Resource": resource})
