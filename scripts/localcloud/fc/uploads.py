"""The temporary bucket: where a code package can be put, to be named in CreateFunction.

No page tells of it; the Serverless Devs client and its SDKs use it so. It is Function Compute's own
and old, so that signatures of version 1 pass.
"""

import secrets
from typing import NamedTuple

from ..oss.state import OssState
from ..ram import policies
from ..ram.state import Credentials, RamState
from ..service import Core
from .errors import FcError, invalid

_OWNER = "1900000000000001"  # Function Compute's own account
_LIFETIME = 3600.0  # guessed


class Token(NamedTuple):
    """Keys to put one object, and where: the object is `<account>/<name>`."""

    credentials: Credentials
    region: str
    bucket: str
    name: str


class Uploads:
    """The bucket, which is made when it is first wanted."""

    def __init__(self, core: Core, ram: RamState, oss: OssState) -> None:
        self._core = core
        self._ram = ram
        self._oss = oss
        self.bucket = f"fc-temporary-{core.region}"

    def token(self) -> Token:
        """Where the account can put a package now."""
        if self.bucket not in self._oss.names():
            self._oss.create(self.bucket, owner=_OWNER)
            self._oss.old_buckets.add(self.bucket)
        name = secrets.token_hex(16)
        arn = f"acs:oss:*:{_OWNER}:{self.bucket}/{self._core.account_id}/{name}"
        may = policies.document(policies.allow("oss:PutObject", arn))
        key = self._ram.lend(_OWNER, may, lifetime=_LIFETIME)
        return Token(key, f"oss-{self._core.region}", self.bucket, name)

    def read(self, bucket: str, name: str) -> bytes:
        """A package that was put there. Raises FcError, in the words of page "CreateFunction"."""
        if bucket != self.bucket:
            raise FcError(
                "NotImplemented",
                f"The local cloud does not know this: a code package in the bucket '{bucket}'",
            )
        try:
            if name.startswith(f"{self._core.account_id}/"):
                return self._oss.bucket(bucket).objects[name].body
        except KeyError:  # of the bucket, or of the object
            pass
        raise invalid(f"unable to access object {name} in bucket {bucket}")
