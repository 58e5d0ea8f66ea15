"""What owners do to their buckets by the console, and others who write a bucket policy."""

import contextlib
import json
from collections.abc import Mapping
from typing import Any

from scripts.localcloud.oss.model import RefusedError
from scripts.localcloud.oss.state import OssState
from tests.storm.bodies import OTHER_ACCOUNT
from tests.storm.drawing import LISTED, Step


def _policy(bucket: str, was: str | None, *stated: str) -> str | None:
    """A bucket policy with these statements more; None for none."""
    there = json.loads(was)["Statement"] if was else []
    objects = f"acs:oss:*:*:{bucket}/*"
    there += [
        {**_STATEMENTS[each], "Resource": [objects, objects[:-2]] if each in _WHOLE else [objects]}
        for each in stated
    ]
    return json.dumps({"Version": "1", "Statement": there[-6:]}) if there else None


_ALLOW: Mapping[str, object] = {"Effect": "Allow", "Principal": ["*"], "Action": ["oss:GetObject"]}
_HTTP: Mapping[str, object] = {
    **_ALLOW,
    "Effect": "Deny",
    "Action": ["oss:*"],
    "Condition": {"Bool": {"acs:SecureTransport": ["false"]}},
}
_WHOLE = ("https", "spelt")  # of all of the bucket
_STATEMENTS: Mapping[str, Mapping[str, object]] = {
    "anybody": _ALLOW,
    "writes": {**_ALLOW, "Action": ["oss:PutObject"]},
    "partner": {**_ALLOW, "Principal": ["20"]},
    "deny": {**_ALLOW, "Effect": "Deny", "Action": ["oss:DeleteObject"]},
    "narrow": {**_ALLOW, "Condition": {"IpAddress": {"acs:SourceIp": ["192.0.2.0/24"]}}},
    "https": _HTTP,
    "spelt": {**_HTTP, "Condition": {"Bool": {"ACS:securetransport": "false"}}},
    "half": _HTTP,  # its objects alone can be reached by https alone
}


class Owners:
    """All of them; `tags` are those that a tag's date is one of."""

    def __init__(self, oss: OssState, tags: Mapping[str, dict[str, str]]) -> None:
        self._oss, self._tags = oss, tags
        self._stated: dict[str, str | None] = {}  # policies, as who writes them read them

    def does(self, step: Step) -> None:
        """What an owner does to a bucket, by the console; it may be gone, or blocked, by now."""
        oss, name, how = self._oss, step.bucket, step.how
        with contextlib.suppress(RefusedError):
            if step.kind in ("delete", "remake", "taken") and name in oss.names():
                oss.delete(name)
            if step.kind == "make":
                encryption = {"SSEAlgorithm": "AES256"} if how[3] else {}
                oss.create(name, region=how[0], owner=how[1], acl=how[2], encryption=encryption)
                oss.set_policy(name, _policy(name, None, *how[4]))
            elif step.kind == "open" and name == LISTED and name not in oss.names():
                oss.create(name, acl=how)
            elif step.kind in ("remake", "taken"):
                oss.create(name, acl=how, owner=OTHER_ACCOUNT * (step.kind == "taken"), age=0.0)
            elif step.kind != "delete":
                self._set(step.kind, name, how)

    def _set(self, kind: str, name: str, how: Any) -> None:
        oss = self._oss
        if kind in ("open", "close"):
            oss.set_acl(name, how if kind == "open" else "private")
        elif kind == "tag":
            oss.set_tags(name, {} if how == "none" else self._tags[how])
        elif kind == "block":
            oss.set_block_public_access(name, how)
        elif kind == "encrypt":
            oss.set_encryption(name, {"SSEAlgorithm": how} if how else {})
        elif kind == "restate":  # with a statement more, from a copy that is old by now
            oss.set_policy(name, _policy(name, self._stated.get(name), how))
        else:
            self._stated[name] = was = oss.bucket(name).policy
            stated = (was, how) if kind == "state" else (None, *how)
            oss.set_policy(name, _policy(name, *stated))
