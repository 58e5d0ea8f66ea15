"""The buckets of the demo: how each is opened, and what must have come of it."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from scripts.declared import PATH

_REMEDIATIONS = (
    "encryption:${env(ENCRYPTION_RULE_ID)}:enforce;policy:${env(POLICY_RULE_ID)}:enforce"
)
# Of these the demo says what it plays, whatever the spec says.
_SAID = re.compile(r" *(# )?(remediations|close|policyPublic|neverBlock):")


def _policy(bucket: str, *statements: dict[str, Any]) -> str:
    allow = {"Effect": "Allow", "Action": ["oss:GetObject"]}
    allow["Resource"] = [f"acs:oss:*:*:{bucket}/*"]
    return json.dumps({"Version": "1", "Statement": [{**allow, **each} for each in statements]})


PARTNER, _ANYBODY = {"Principal": ["20"]}, {"Principal": ["*"]}
_BY_HTTPS = {**_ANYBODY, "Condition": {"Bool": {"acs:SecureTransport": ["true"]}}}


def with_further(folder: Path) -> Path:
    """A copy of the spec in which two further remediations are on, as docs/remediations.md says."""
    path, lines = folder / PATH.name, []
    text = PATH.read_text("utf-8").replace("role: *fullAccess", "role: *leastPrivilege")
    for line in text.split("\n"):
        if line.strip().startswith("repairMode:"):
            lines += [line, line.partition("repairMode:")[0] + f"remediations: {_REMEDIATIONS}"]
        elif not _SAID.match(line):
            lines.append(line)
    path.write_text("\n".join(lines), "utf-8")
    return path


class Act(NamedTuple):
    """One bucket's story: how it is opened, and what must have come of it."""

    bucket: str
    story: str
    outcome: str
    left: str  # the ACL at the end; empty if there must be no bucket
    opened: str = "public-read"
    region: str = ""
    policy: str = ""
    encrypted: bool = True
    meanwhile: Callable[[Any], object] | None = None


FIRST = Act("config-snapshot", "opened to the public", "repaired", "private")
FURTHER = [
    Act("config-upload", "opened for writing, too", "repaired", "private", "public-read-write"),
    Act("config-beijing", "lives in another region", "repaired", "private", region="cn-beijing"),
    Act(
        "config-website",
        "public on purpose: exempt from that",
        "exempt",
        "public-read",
        encrypted=False,
    ),
    Act(
        "config-private",
        "closed by its owner meanwhile",
        "already_private",
        "private",
        meanwhile=lambda bucket: bucket.put_bucket_acl("private"),
    ),
    Act(
        "config-deleted",
        "deleted meanwhile: must not come back",
        "gone",
        "",
        meanwhile=lambda bucket: bucket.delete_bucket(),
    ),
    Act(
        "config-policy",
        "public by its bucket policy as well",
        "exposed",
        "private",
        policy=_policy("config-policy", _BY_HTTPS),
    ),
]
THREE = Act(
    "config-three",
    "three things wrong",
    "repaired",
    "private",
    policy=_policy("config-three", PARTNER, _ANYBODY),
    encrypted=False,
)
