"""The values that travel through the flow. All of them are immutable."""

from typing import NamedTuple, Optional, Tuple, Union

# Settled: nothing is left to do about the finding.
REPAIRED = "repaired"
ALREADY_PRIVATE = "already_private"
COMPLIANT = "compliant"
WOULD_REPAIR = "would_repair"
EXEMPT = "exempt"
BLOCKED = "blocked"
IGNORED = "ignored"
GONE = "gone"
SETTLED = frozenset(
    [REPAIRED, ALREADY_PRIVATE, COMPLIANT, WOULD_REPAIR, EXEMPT, BLOCKED, IGNORED, GONE]
)

# Settled and told: to try again changes nothing, and a person must know of it.
EXPOSED = "exposed"
UNPROVEN = "unproven"
RECREATED = "recreated"
THEIRS = "theirs"
DISABLED = "disabled"
CEILING_REFUSED = "ceiling_refused"
TOLD = frozenset([EXPOSED, UNPROVEN, RECREATED, THEIRS, DISABLED, CEILING_REFUSED])

# Not settled: Function Compute must retry, and keep the message if that does not help.
DENIED = "denied"
FAILED = "failed"

# Nothing in the message could be read, nor does it name a rule of ours: logged, not retried.
UNREADABLE = "unreadable"

# The word before the reason of what was ignored as another rule's: an alert looks for it.
OTHER_RULE = "other_rule"

ENFORCE = "enforce"
REPORT = "report"

BUCKET = "ACS::OSS::Bucket"


class Finding(NamedTuple):
    """What Cloud Config says about one resource. A field that the message lacks is empty.

    `reported_at` is when Cloud Config made the message, in milliseconds since 1970; `source` is the
    managed rule that the rule is an instance of, which later editions of the message tell.
    `remediation` is the name of the one that the rule points to, once that is known.
    """

    rule_id: str
    resource_id: str
    rule_name: str = ""
    resource_type: str = ""
    region: str = ""
    compliance: str = ""
    owner: str = ""
    reported_at: Optional[int] = None
    source: str = ""
    remediation: str = ""


class Other(NamedTuple):
    """A readable message that is no compliance finding; `kind` says what it is."""

    kind: str


class Unreadable(NamedTuple):
    """A message, or part of one, that makes no sense: why, and every text found in the message."""

    why: str
    texts: Tuple[str, ...]


Item = Union[Finding, Other, Unreadable]


class Outcome(NamedTuple):
    """What became of one finding: the record that the audit line shows.

    `before` and `after` are what the remediation changes, as it was and is; of one that writes the
    ACL `acl_before` and `acl_after` say the same, as the lines of earlier versions do.
    """

    outcome: str
    reason: str = ""
    bucket: str = ""
    region: str = ""
    rule_id: str = ""
    rule_name: str = ""
    account_id: str = ""
    acl_before: Optional[str] = None
    acl_after: Optional[str] = None
    public_by_policy: Union[bool, str, None] = None
    oss_request_id: str = ""
    duration_ms: int = 0
    reported_at: Optional[int] = None
    remediation: str = ""
    before: Optional[str] = None
    after: Optional[str] = None

    @property
    def unsettled(self) -> bool:
        """Whether the finding must be tried again, and kept if that does not help."""
        return self.outcome not in SETTLED | TOLD | {UNREADABLE}


def outcome_of(finding: Finding, outcome: str, reason: str) -> Outcome:
    """An outcome that needed no look at the resource itself."""
    return Outcome(
        outcome=outcome,
        reason=reason,
        bucket=finding.resource_id,
        region=finding.region,
        rule_id=finding.rule_id,
        rule_name=finding.rule_name,
        account_id=finding.owner,
        reported_at=finding.reported_at,
        remediation=finding.remediation,
    )


class Credentials(NamedTuple):
    """Temporary credentials of the function's role."""

    access_key_id: str
    access_key_secret: str
    security_token: str

    def __repr__(self) -> str:
        return "Credentials(...)"  # a stray log line must not give them away


class Invocation(NamedTuple):
    """What the runtime's context says about this invocation; an unknown text is empty."""

    request_id: str
    account_id: str
    region: str
    timeout: float
    credentials: Optional[Credentials]
