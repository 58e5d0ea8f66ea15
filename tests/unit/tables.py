"""Each remediation's table: what a bucket is, what its requests suffer, and what becomes of it.

A table is data, so that a test can run it with a remediation whose proof is another.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from resource_repair.exemptions import Exemption, Exemptions
from resource_repair.remediations.frame import Case, Remediation
from resource_repair.repair import BucketRepair, Means
from resource_repair.timing import Deadline
from resource_repair.values import Finding, Outcome
from tests.unit.model_oss import ACCOUNT, HOME, NAME, NOW, ModelOss

FINDING = Finding("cr-1", NAME, region=HOME, owner=ACCOUNT, reported_at=int(NOW - 60) * 1000)


@dataclass(frozen=True)
class Row:
    """A bucket, what happens, and the outcome, the first words of why, and what the bucket is left
    with: by the requests that were asked, where they are told.
    """

    there: dict[str, Any]
    outcome: str
    left: str | None
    script: tuple[str, ...] = ()
    mode: str = "enforce"
    allow: str = ""
    of: tuple[str, ...] = ()
    reason: str = ""
    asked: tuple[str, ...] = ()
    more: dict[str, Any] = field(default_factory=dict)

    def run(self, remediation: Remediation) -> tuple[ModelOss, Outcome]:
        """What the model is afterwards, and the outcome."""
        oss = ModelOss(script=iter(self.script), **self.there)
        exempt = Exemption("config-*", "a site", "web", date(2027, 1, 15), self.allow, self.of)
        deadline = Deadline(oss.clock(), 60)
        means = Means(oss.bucket, self.mode, ACCOUNT, HOME, deadline)
        case = Case(NAME, Exemptions((exempt,) * bool(self.allow)), None, deadline.clock, {})
        repair = BucketRepair(FINDING._replace(**self.more), means, remediation, case)
        while True:
            result = repair.step()
            if isinstance(result, Outcome):
                return oss, result
            oss.now += result

    def broken(self, remediation: Remediation) -> str:
        """How it ends otherwise than it should; empty if it does not."""
        oss, result = self.run(remediation)
        left = getattr(oss, "encryption" if remediation.name == "encryption" else "acl")
        asked = tuple(request.operation for request in oss.log)
        seen = (result.outcome, left, result.reason.startswith(self.reason))
        if seen != (self.outcome, self.left, True) or self.asked not in ((), asked):
            return f"{result.outcome}: {result.reason}; left {left}; asked {asked}"
        if result.outcome == "repaired" and result.after != left:
            return f"repaired, and the record says {result.after}, where there is {left}"
        return ""


LATE = ("lag",) * 200

_LOOKS = ("read", "read", "policy")

ACL = (
    Row({"acl": "public-read"}, "repaired", "private", asked=("read", "write", "read", "policy")),
    Row({"acl": "public-read-write"}, "repaired", "private"),
    Row({"acl": "private"}, "already_private", "private"),
    # What another sets meanwhile contradicts no look, nor takes another one.
    Row({"acl": "private"}, "already_private", "private", ("ok", "kms"), asked=_LOOKS),
    Row({"acl": None}, "gone", None),
    Row({"acl": "public-read"}, "would_repair", "public-read", mode="report"),
    Row({"acl": "public-read"}, "exempt", "public-read", allow="public-read"),
    Row({"acl": "public-read"}, "repaired", "private", allow="public-read", of=("encryption",)),
    Row({"acl": "public-read"}, "repaired", "private", ("ok", "ok", "lag", "lag")),
    Row({"acl": "public-read"}, "failed", "private", ("ok", "ok", *LATE), reason="not_verified"),
)

_TWICE = ("read", "read", "write", "read")

ENCRYPTION = (
    Row({}, "repaired", "AES256", asked=_TWICE),
    Row({}, "would_repair", "None", mode="report", reason="report mode: would encrypt with AES256"),
    Row({}, "repaired", "AES256", allow="public-read-write"),  # of being closed alone
    Row({}, "exempt", "None", allow="public-read", of=("encryption",), reason="a site (web, until"),
    Row({"encryption": None}, "exempt", None, allow="public-read", of=("encryption",)),
    Row({}, "repaired", "AES256", more={"reported_at": None}),
    *(
        Row({"encryption": there}, "compliant", there, reason=f"encrypted with {there}")
        for there in ("AES256", "KMS", "SM4", "of a later year")
    ),
    Row({"encryption": None}, "failed", None, reason="unknown_encryption"),
    Row({"acl": None}, "gone", "None"),
    Row({"encryption": "KMS"}, "compliant", "KMS", ("ok", "close"), asked=("read", "read")),
    # What somebody sets meanwhile stays, unless it is between the second look and the write.
    Row({}, "compliant", "KMS", ("ok", "kms")),
    Row({}, "compliant", "KMS", ("ok", "ok", "transient", "kms")),
    Row({}, "compliant", "KMS", ("ok", "ok", "applied", "kms")),
    Row({}, "compliant", "KMS", ("ok", "ok", "ok", "kms")),
    Row({}, "repaired", "AES256", ("ok", "ok", "ok", "lag", "lag")),
    Row({}, "repaired", "AES256", ("ok", "ok", "transient")),
    Row({}, "compliant", "AES256", ("ok", "ok", "applied")),
    Row({}, "failed", "AES256", ("ok", "ok", "ok", *LATE), reason="not_verified"),
    Row({}, "denied", "None", ("denied",)),
    Row({}, "denied", "None", ("ok", "ok", "denied"), reason="denied"),
    Row({}, "failed", "None", ("ok", "ok", "refused"), reason="refused"),
    # It makes no bucket: what is made again meanwhile is judged anew, and is no alarm.
    Row({}, "gone", "None", ("ok", "ok", "delete"), reason="the bucket does not exist"),
    Row({}, "gone", "AES256", ("ok", "ok", "ok", "delete")),
    Row({}, "repaired", "AES256", ("ok", "ok", "ok", "recreate")),
    Row({}, "repaired", "AES256", ("recreate",), more={"reported_at": None}),
)

_RW = {"acl": "public-read-write"}

PUBLIC_WRITE = (
    Row(_RW, "repaired", "public-read", asked=(*_TWICE, "policy")),
    Row(_RW, "would_repair", "public-read-write", mode="report", reason="report mode: would set"),
    Row({"acl": "public-read"}, "compliant", "public-read", reason="public-read at two looks"),
    Row({"acl": "private"}, "compliant", "private"),
    Row({"acl": None}, "gone", None),
    Row({"acl": "of a later year"}, "failed", "of a later year", reason="unknown_acl"),
    Row(_RW, "exempt", "public-read-write", allow="public-read-write", reason="a site"),
    Row(_RW, "repaired", "public-read", allow="public-read"),
    Row(_RW, "repaired", "public-read", allow="public-read-write", of=("acl", "encryption")),
    # A policy may let the public write just as well, and alone be what was found.
    Row({**_RW, "policy": True}, "exposed", "public-read", reason="repaired: set to public-read"),
    Row({"acl": "private", "policy": True}, "exposed", "private", reason="compliant: private"),
    Row({"acl": "private", "policy": True, "account_blocked": True}, "blocked", "private"),
    Row({"acl": "private", "policy": "denied"}, "unproven", "private"),
    Row({**_RW, "policy": True}, "exempt", "public-read-write", allow="public-read-write"),
    Row({**_RW, "blocked": True}, "ceiling_refused", "public-read-write"),
    Row({**_RW, "account_blocked": True}, "ceiling_refused", "public-read-write"),
    # What is closed meanwhile stays closed, unless it is between the second look and the write.
    Row(_RW, "compliant", "private", ("ok", "close"), reason="private at two looks"),
    Row(_RW, "compliant", "private", ("ok", "transient", "close")),
    Row(_RW, "compliant", "private", ("ok", "ok", "transient", "close")),
    Row(_RW, "compliant", "private", ("ok", "ok", "ok", "close"), reason="private at two looks"),
    Row(_RW, "repaired", "public-read", ("ok", "ok", "ok", "lag", "lag")),
    Row(_RW, "failed", "public-read", ("ok", "ok", "ok", *LATE), reason="not_verified"),
    Row(_RW, "denied", "public-read-write", ("ok", "ok", "denied")),
    Row(_RW, "recreated", "public-read", ("ok", "ok", "replaced")),
)

TABLES = {"public-write": PUBLIC_WRITE, "acl": ACL, "encryption": ENCRYPTION}
