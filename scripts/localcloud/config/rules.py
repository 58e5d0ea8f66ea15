"""Rules, what they test, and what they found."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, TypeAlias

RESOURCE_TYPE = "ACS::OSS::Bucket"
COMPLIANT, NON_COMPLIANT, IGNORED = "COMPLIANT", "NON_COMPLIANT", "IGNORED"

Trigger: TypeAlias = Literal["ConfigurationItemChangeNotification", "Manual"]
ON_CHANGE: Trigger = "ConfigurationItemChangeNotification"
ON_DEMAND: Trigger = "Manual"

Elsewhere: TypeAlias = Literal["refuses", "off"]
RecorderStatus: TypeAlias = Literal["REGISTRABLE", "BUILDING", "REGISTERED", "REBUILDING"]
"""Whether Cloud Config is switched on. Page "GetConfigurationRecorder"."""

RuleTests: TypeAlias = Literal["acl", "acl_and_policy"]
"""What "public read" means: the documentation says ACL in some places and policy in others."""

# The managed rules on a bucket's openness: what must not be in its ACL's grant.
_MUST_NOT_CONTAIN = {
    "oss-bucket-public-read-prohibited": "read",
    "oss-bucket-public-write-prohibited": "write",
}
_ENCRYPTED = "oss-bucket-server-side-encryption-enabled"
_POLICY = "oss-bucket-policy-no-any-anonymous"
_HTTPS = "oss-bucket-only-https-enabled"
MANAGED_RULES = frozenset([*_MUST_NOT_CONTAIN, _ENCRYPTED, _POLICY, _HTTPS])


@dataclass(frozen=True)
class Rule:
    """A rule; `source` is the managed rule that it applies, `risk_level` 1 (high) to 3 (low)."""

    id: str
    name: str
    source: str
    risk_level: int
    description: str
    created_at: float
    modified_at: float
    active: bool = True
    deleted: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Ignore:
    """Cloud Config's own exemption of a bucket from a rule; without an end it holds for good."""

    reason: str
    until: date | None

    def holds(self, today: date) -> bool:
        """Whether it still does. Page "IgnoreEvaluationResults": its end is the day it lapses."""
        return self.until is None or today < self.until


@dataclass(frozen=True)
class Result:
    """What a rule found about a bucket, and when; `annotation` says why it is not compliant."""

    rule_id: str
    bucket: str
    region: str
    owner: str
    annotation: str
    trigger: Trigger
    evaluated_at: float
    ignore: Ignore | None = None

    @property
    def compliance(self) -> str:
        """COMPLIANT, NON_COMPLIANT or, of a bucket that would be that but is ignored, IGNORED."""
        if not self.annotation:
            return COMPLIANT
        return IGNORED if self.ignore else NON_COMPLIANT


def annotation(
    source: str,
    acl: str,
    *,
    policy_is_public: bool = False,
    encrypted: bool = False,
    for_anonymous: bool = False,
    denies_http: bool = False,
) -> str:
    """Why the managed rule `source` finds a bucket non-compliant; empty if it is compliant.

    Page "Example of a non-compliance event"; those of a bucket that is not encrypted, of a policy
    for anonymous ones, and of one that lets http in, are guessed. A public policy is reported by
    the caller only if the rule is to test it.
    """
    if source == _ENCRYPTED:
        where = "$.ServerSideEncryptionRule.SSEAlgorithm"
        return "" if encrypted else _annotation("None", "None", where)
    if source == _POLICY:
        return _annotation("*", "*", "$.BucketPolicy") if for_anonymous else ""
    if source == _HTTPS:
        where = "$.BucketPolicy"
        return "" if denies_http else _annotation("", "acs:SecureTransport", where, "Contains")
    forbidden = _MUST_NOT_CONTAIN[source]
    if forbidden in acl:
        return _annotation(acl, forbidden, "$.AccessControlList.Grant")
    if policy_is_public and forbidden == "read":
        return _annotation("public", forbidden, "$.BucketPolicy")
    return ""


def _annotation(configuration: str, desired: str, where: str, operator: str = "NotContains") -> str:
    # Compact, and in the order of the documented example.
    return json.dumps(
        {
            "configuration": configuration,
            "desiredValue": desired,
            "operator": operator,
            "property": where,
        },
        separators=(",", ":"),
    )
