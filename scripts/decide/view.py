"""A bucket from all sides, as it was read."""

from dataclasses import dataclass
from typing import NamedTuple

from resource_repair.exemptions import Exemption
from scripts.account.audit_trail import AuditLine
from scripts.account.findings import Result

ACCOUNT, BUCKET, NOBODY = "account", "bucket", "nobody"  # who blocks public access
POLICY = "policy"  # the remediation from which a bucket may be exempt that is open by that alone


class Unread(NamedTuple):
    """Stands for what could not be read; `operation` is empty if it was no call that failed."""

    operation: str

    def __str__(self) -> str:
        return f"not read ({self.operation})" if self.operation else "not read"


@dataclass(frozen=True)
class View:
    """One bucket. If there is none of that name, its `acl` and what goes with it are None.

    `blocked_by` says whose Block Public Access is on. `exemption` is the one that holds, which may
    be from `policy` alone where the ACL is private, else the last one that did. `line` is the last
    audit line, but for those of ignored findings, which say nothing of the bucket.
    """

    bucket: str
    region: str
    result: Result | Unread | None
    acl: str | Unread | None
    public_by_policy: bool | Unread | None
    blocked_by: str | Unread | None
    exemption: Exemption | Unread | None
    line: AuditLine | Unread | None
