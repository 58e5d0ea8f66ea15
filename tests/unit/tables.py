"""Each remediation's table: what a bucket is, what its requests suffer, and what becomes of it.

A table is data, so that a test can run it with a remediation whose proof is another.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from resource_repair.exemptions import Exemption, Exemptions
from resource_repair.remediations import block
from resource_repair.remediations.frame import Case, Remediation
from resource_repair.repair import BucketRepair, Means
from resource_repair.settings import ExemptTag
from resource_repair.timing import Deadline
from resource_repair.values import Finding, Outcome
from tests.unit.model_oss import ACCOUNT, HOME, NAME, NOW, ModelOss
from tests.unit.policies import (
    DENY,
    EVERYBODY,
    NAMED,
    NARROW,
    NOBODY_NAMED,
    OPEN,
    PUBLIC,
    SETTINGS,
    THEIRS,
    UNREADABLE,
    WHOLE_ACCOUNT,
    WIDE,
    WIDE_ALL,
    WRITES,
    allow,
    plain,
    policy,
)
from tests.unit.policies_no_http import EQUAL, FULL, LESS, NO_HTTP, TOO_FULL, no_http_beside

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
    tag: ExemptTag | None = None
    until: date = date(2027, 1, 15)

    def run(self, remediation: Remediation) -> tuple[ModelOss, Outcome]:
        """What the model is afterwards, and the outcome."""
        oss = ModelOss(script=iter(self.script), **self.there)
        exempt = Exemption("config-*", "a site", "web", self.until, self.allow, self.of)
        deadline = Deadline(oss.clock(), 60)
        means = Means(oss.bucket, self.mode, ACCOUNT, HOME, deadline)
        tag = self.tag or (ExemptTag("exempt-until", 7) if "tags" in self.there else None)
        exemptions = Exemptions((exempt,) * bool(self.allow))
        case = Case(NAME, exemptions, tag, deadline.clock, {}, [])
        repair = BucketRepair(FINDING._replace(**self.more), means, remediation, case)
        while True:
            result = repair.step()
            if isinstance(result, Outcome):
                return oss, result
            oss.now += result

    def broken(self, remediation: Remediation) -> str:
        """How it ends otherwise than it should; empty if it does not."""
        oss, result = self.run(remediation)
        left = {"encryption": oss.encryption, "policy": plain(oss.document)}
        left["https"] = left["policy"]
        left = left.get(remediation.name, oss.acl)
        if left is not None and remediation.acl_in is block.acl_in:
            left = block.state(oss.shown())
        asked = tuple(request.operation for request in oss.log)
        seen = (result.outcome, left, result.reason.startswith(self.reason))
        wanted = (self.outcome, plain(self.left or "") or self.left, True)
        if seen != wanted or self.asked not in ((), asked):
            return f"{result.outcome}: {result.reason}; left {left}; asked {asked}"
        if result.outcome == "repaired" and result.after != remediation.state(oss.shown()):
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

MIXED = {"document": policy(NAMED, OPEN, DENY)}
REST = policy(NAMED, DENY)
_LOOK = ("read", "get policy")
_LOOKS = (*_LOOK, *_LOOK)
_GOES_ON = ("ok",) * 4  # two looks
_TAG = ExemptTag("public-until", 7)
_TAGGED = {"tags": {"public-until": "2027-01-16"}}

POLICY = (
    Row(MIXED, "repaired", REST, asked=(*_LOOKS, "write", *_LOOKS, "policy")),
    Row(MIXED, "would_repair", MIXED["document"], mode="report", asked=_LOOK),
    Row(
        MIXED,
        "would_repair",
        MIXED["document"],
        mode="report",
        reason="report mode: would take out 1 of 3 statements",
    ),
    Row({"document": policy(OPEN)}, "repaired", ""),
    Row({"document": policy(OPEN, WRITES, OPEN)}, "repaired", ""),
    Row({"document": policy({**OPEN, "Principal": "*"}, NAMED)}, "repaired", policy(NAMED)),
    Row({"document": policy(allow("20", "*"), NAMED)}, "repaired", policy(NAMED)),
    Row({"document": policy(EVERYBODY, NAMED)}, "repaired", policy(NAMED)),
    Row(
        {"document": policy({**EVERYBODY, "Effect": "Deny"})},
        "compliant",
        policy({**EVERYBODY, "Effect": "Deny"}),
    ),
    Row({"document": policy(OPEN, NAMED, Id="é")}, "repaired", policy(NAMED, Id="é")),
    *(
        Row({"document": there}, "compliant", there, asked=(*_LOOKS, "policy"))
        for there in ("", policy(), policy(NAMED), policy(DENY), policy(NARROW))
    ),
    Row({"acl": None, **MIXED}, "gone", MIXED["document"]),
    *(
        Row({"document": there}, "failed", there, reason="unreadable_policy", asked=_LOOK)
        for there in UNREADABLE
    ),
    # What a condition narrows is left, whatever it is; OSS judges whether that is public.
    Row({"document": policy(WIDE)}, "exposed", policy(WIDE), reason="compliant: its policy lets"),
    Row({"document": policy(WIDE, OPEN)}, "exposed", policy(WIDE), reason="repaired: taken out"),
    Row({"document": policy({**OPEN, "Cond": {}})}, "exposed", policy({**OPEN, "Cond": {}})),
    Row({"document": policy(WIDE, OPEN), "blocked": True}, "ceiling_refused", policy(WIDE, OPEN)),
    Row(
        {**MIXED, "blocked": True}, "denied", MIXED["document"], (*_GOES_ON, "denied"), reason="den"
    ),
    Row({"document": policy(WIDE), "blocked": True}, "blocked", policy(WIDE)),
    Row({"document": policy(WIDE), "account_blocked": True}, "blocked", policy(WIDE)),
    Row({**MIXED, "blocked": True}, "repaired", REST),
    Row({**MIXED, "policy": True}, "exposed", REST, reason="repaired: taken out, and read back"),
    Row({**MIXED, "policy": "denied"}, "unproven", REST, reason="repaired: taken out"),
    # Whom OSS calls public without a `*`, nobody takes out unasked.
    *(
        Row({"document": policy(each)}, "exposed", policy(each), allow=allowed)
        for each in (NOBODY_NAMED, WHOLE_ACCOUNT)
        for allowed in ("", "public-read")
    ),
    # A ceiling allows what the ACL of that name does, of objects, and by name.
    Row(MIXED, "exempt", MIXED["document"], allow="public-read", reason="a site (web, until"),
    Row(MIXED, "exempt", MIXED["document"], allow="public-read-write", of=("policy",)),
    Row(MIXED, "repaired", REST, allow="public-read", of=("acl", "encryption")),
    Row({"document": policy(OPEN, WRITES)}, "repaired", policy(OPEN), allow="public-read"),
    Row({"document": policy(WRITES)}, "exempt", policy(WRITES), allow="public-read-write"),
    Row({"document": policy(SETTINGS)}, "repaired", "", allow="public-read-write"),
    Row(
        {"document": policy({**OPEN, "NotAction": ["oss:*"]})}, "repaired", "", allow="public-read"
    ),
    Row({"document": policy({**OPEN, "Action": []})}, "repaired", "", allow="public-read"),
    Row({"document": policy(WIDE)}, "exempt", policy(WIDE), allow="public-read"),
    Row({"document": policy(WIDE_ALL)}, "exposed", policy(WIDE_ALL), allow="public-read"),
    Row(
        {"document": policy(OPEN, WRITES, WIDE_ALL)},
        "exposed",
        policy(OPEN, WIDE_ALL),
        allow="public-read",
        reason="repaired: taken out",
    ),
    # So does a tag, where one counts: reading alone, on its days, and nothing where it is not read.
    Row({**MIXED, **_TAGGED}, "exempt", MIXED["document"], tag=_TAG, reason="by its tag public-u"),
    Row({**MIXED, **_TAGGED}, "repaired", REST),
    Row({"document": policy(OPEN, WRITES), **_TAGGED}, "repaired", policy(OPEN), tag=_TAG),
    Row({**MIXED, "tags": {"public-until": "2027-01-14"}}, "repaired", REST, tag=_TAG),
    Row({**MIXED, **_TAGGED}, "denied", MIXED["document"], ("ok", "ok", "denied"), tag=_TAG),
    Row({"document": REST, **_TAGGED}, "compliant", REST, tag=_TAG),
    # What the audit line has no room for could not be put back.
    Row({"document": policy(*[OPEN] * 20)}, "exposed", policy(*[OPEN] * 20), reason="too_long"),
    Row({"document": policy(*[OPEN] * 20)}, "exposed", policy(*[OPEN] * 20), mode="report"),
    # Other writers: what they add is there in the end, or a person is told to look for it.
    Row(MIXED, "repaired", policy(NAMED, DENY, THEIRS), ("ok", "adds")),
    Row(MIXED, "repaired", policy(NAMED, DENY, THEIRS), ("ok", "ok", "ok", "adds")),
    Row(
        MIXED, "unproven", policy(NAMED, DENY, THEIRS), (*_GOES_ON, "ok", "adds"), reason="somebody"
    ),
    Row(MIXED, "unproven", policy(NAMED, DENY, THEIRS), (*_GOES_ON, "ok", "ok", "ok", "adds")),
    Row(
        {**MIXED, "policy": True, "account_blocked": True},
        "unproven",
        policy(NAMED, DENY, THEIRS),
        (*_GOES_ON, "ok", "adds"),
    ),
    # What they wrote just before us, and a late look still shows, is lost.
    Row(MIXED, "unproven", REST, (*_GOES_ON, "adds", "ok", "lag"), reason="somebody else"),
    Row(
        {"document": policy(OPEN)},
        "unproven",
        "",
        (*_GOES_ON, "adds", "ok", "lag", "ok", "lag"),
        reason="somebody else",
    ),
    Row(MIXED, "repaired", policy(NAMED, DENY, THEIRS), (*_GOES_ON, "ok", "undoes")),
    Row(MIXED, "repaired", policy(NAMED, DENY, THEIRS), (*_GOES_ON, "ok", "ok", "ok", "undoes")),
    Row(
        MIXED, "failed", policy(NAMED, DENY, PUBLIC), (*_GOES_ON, "ok", "public"), reason="changed_"
    ),
    Row(
        MIXED,
        "repaired",
        policy(NAMED, DENY),
        ("ok", "public"),
        reason="taken out, and read back twice: 2 of 4",
    ),
    # Late, lost and refused answers.
    Row(MIXED, "repaired", REST, (*_GOES_ON, "ok", "ok", "lag", "ok", "lag")),
    Row(MIXED, "failed", REST, (*_GOES_ON, "ok", *LATE), reason="not_verified"),
    Row(MIXED, "repaired", REST, (*_GOES_ON, "transient")),
    Row(MIXED, "compliant", REST, (*_GOES_ON, "applied")),
    # What is put long after its look may take the place of what somebody has proved by then.
    Row(MIXED, "unproven", REST, (*_GOES_ON, "slow"), reason="written seconds after its look"),
    Row(MIXED, "unproven", REST, (*_GOES_ON, "lost"), reason="written seconds after its look"),
    Row(MIXED, "denied", MIXED["document"], ("ok", "denied")),
    Row(MIXED, "denied", MIXED["document"], (*_GOES_ON, "denied")),
    Row(MIXED, "failed", MIXED["document"], (*_GOES_ON, "refused"), reason="refused"),
    Row(MIXED, "gone", MIXED["document"], (*_GOES_ON, "delete")),
    Row(MIXED, "compliant", "", (*_GOES_ON, "ok", "recreate")),
    Row(MIXED, "compliant", "", ("ok", "recreate")),
)

SHUT = policy(NAMED, OPEN, DENY, NO_HTTP)

HTTPS = (
    Row(MIXED, "repaired", SHUT, asked=(*_LOOKS, "write", *_LOOKS)),
    Row({}, "repaired", policy(NO_HTTP), asked=(*_LOOKS, "write", *_LOOKS)),
    Row({"document": policy()}, "repaired", policy(NO_HTTP)),
    Row(
        {"document": policy(OPEN, Id="é")},
        "repaired",
        policy(OPEN, NO_HTTP, Id="é"),
        reason="http is denied to everybody, its owner too",
    ),
    Row(MIXED, "would_repair", MIXED["document"], mode="report", asked=_LOOK),
    Row({}, "would_repair", "", mode="report", reason="report mode: would deny everybody, its own"),
    *(Row({"document": there}, "compliant", there, asked=_LOOKS) for there in EQUAL),
    *(Row({"document": there}, "repaired", no_http_beside(there)) for there in LESS),
    Row({"document": FULL}, "repaired", no_http_beside(FULL)),
    Row({"document": TOO_FULL}, "failed", TOO_FULL, reason="no_room", asked=_LOOK),
    Row({"document": TOO_FULL}, "failed", TOO_FULL, mode="report", reason="no_room"),
    *(
        Row({"document": there}, "failed", there, reason="unreadable_policy", asked=_LOOK)
        for there in UNREADABLE
    ),
    Row({"acl": None}, "gone", ""),
    # It is no rule of access: what exempts from being closed exempts from nothing here.
    Row(MIXED, "repaired", SHUT, allow="public-read-write"),
    Row(MIXED, "repaired", SHUT, allow="public-read", of=("policy", "encryption")),
    Row(MIXED, "exempt", MIXED["document"], allow="public-read", of=("https",), reason="a site (w"),
    *(
        Row({"document": there}, "exempt", there, allow="public-read", of=("https",))
        for there in ("", TOO_FULL, UNREADABLE[0])
    ),
    # Block Public Access takes a Deny, and refuses the whole where something else is public.
    Row({"blocked": True}, "repaired", policy(NO_HTTP)),
    Row({"document": REST, "blocked": True}, "repaired", policy(NAMED, DENY, NO_HTTP)),
    Row({"document": REST, "blocked": True}, "denied", REST, (*_GOES_ON, "denied")),
    Row({**MIXED, "blocked": True}, "ceiling_refused", MIXED["document"], reason="Block Public"),
    Row({**MIXED, "account_blocked": True}, "ceiling_refused", MIXED["document"]),
    # Other writers: what they add is there in the end, or a person is told to look for it.
    Row(MIXED, "repaired", policy(NAMED, OPEN, DENY, THEIRS, NO_HTTP), ("ok", "adds")),
    Row(MIXED, "repaired", policy(NAMED, OPEN, DENY, PUBLIC, NO_HTTP), ("ok", "public")),
    Row(
        *(MIXED, "unproven", policy(NAMED, OPEN, DENY, NO_HTTP, THEIRS)),
        (*_GOES_ON, "ok", "adds"),
        reason="somebody else wrote it meanwhile",
    ),
    Row(
        *(MIXED, "unproven", policy(NAMED, OPEN, DENY, NO_HTTP, THEIRS)),
        (*_GOES_ON, "ok", "ok", "ok", "adds"),
    ),
    *(
        Row(MIXED, "repaired", policy(NAMED, OPEN, DENY, THEIRS, NO_HTTP), (*before, "undoes"))
        for before in ((*_GOES_ON, "ok"), (*_GOES_ON, "ok", "ok", "ok"))
    ),
    Row(MIXED, "repaired", policy(NO_HTTP), ("ok", "clears")),
    Row(MIXED, "repaired", policy(NO_HTTP), (*_GOES_ON, "ok", "ok", "ok", "clears")),
    # Late, lost and refused answers.
    Row(MIXED, "repaired", SHUT, (*_GOES_ON, "ok", "ok", "lag", "ok", "lag")),
    Row(MIXED, "failed", SHUT, (*_GOES_ON, "ok", *LATE), reason="not_verified"),
    Row(MIXED, "repaired", SHUT, (*_GOES_ON, "transient")),
    Row(MIXED, "compliant", SHUT, (*_GOES_ON, "applied")),
    Row(MIXED, "unproven", SHUT, (*_GOES_ON, "slow"), reason="written seconds after its look"),
    Row(MIXED, "unproven", SHUT, (*_GOES_ON, "lost"), reason="written seconds after its look"),
    Row(MIXED, "denied", MIXED["document"], ("ok", "denied")),
    Row(MIXED, "denied", MIXED["document"], (*_GOES_ON, "denied")),
    Row(MIXED, "failed", MIXED["document"], (*_GOES_ON, "refused"), reason="refused"),
    Row(MIXED, "gone", MIXED["document"], (*_GOES_ON, "delete")),
    Row(MIXED, "repaired", policy(NO_HTTP), (*_GOES_ON, "ok", "recreate")),
    Row(MIXED, "repaired", policy(NO_HTTP), ("ok", "recreate")),
)

TABLES = {
    "public-write": PUBLIC_WRITE,
    "acl": ACL,
    "encryption": ENCRYPTION,
    "policy": POLICY,
    "https": HTTPS,
}
