"""OSS, by way of oss2: the one module that imports it.

https, signature V4, one attempt a request: nothing below the repair retries. oss2 makes, signs and
reads what goes over the connections of `transport`.
"""

import logging
import re
import threading
from typing import Any, Callable, Dict, NamedTuple, TypeVar
from xml.etree import ElementTree

import oss2

from resource_repair import naming, transport
from resource_repair.errors import (
    BucketError,
    DeniedError,
    ElsewhereError,
    NoSuchBucketError,
    RefusedError,
    TransientError,
    UnsupportedError,
)
from resource_repair.timing import Deadline
from resource_repair.values import Credentials

_CONNECT_SECONDS = 3.0
_READ_SECONDS = 5.0
_NOT_FOUND = 404
_UNSUPPORTED = (405, 501)
_TRY_AGAIN = (408, 429)
_SERVER_ERROR = 500
_MOVED = (301, 307, 403)
_TRANSIENT_CODES = frozenset(["RequestTimeout", "SlowDown", "Throttling", "OperationAborted"])
_CODE = re.compile(r"[A-Za-z.]{1,64}", re.ASCII)
_EC = re.compile(r"[0-9-]{1,32}", re.ASCII)
_REQUEST_ID = re.compile(r"[0-9A-Za-z-]{1,64}", re.ASCII)

_T = TypeVar("_T")


class _Unlogged(logging.Logger):
    """A logger that no setting wakes: nobody can look it up, and it passes nothing on."""

    def isEnabledFor(self, level: int) -> bool:  # noqa: ARG002, N802  (logging's)
        return False

    def handle(self, record: logging.LogRecord) -> None:
        pass


_UNLOGGED = _Unlogged("oss2")


def _silence_oss2() -> None:
    """At DEBUG oss2 logs the security token and signatures, and at INFO whole error answers.

    A level or a filter could be set anew by whoever configures logging, at any time.
    """
    for module in [oss2, *vars(oss2).values()]:
        if isinstance(module, type(oss2)) and module.__name__.startswith("oss2"):
            vars(module)["logger"] = _UNLOGGED


class BucketState(NamedTuple):
    """A bucket as OSS describes it in one answer. `created` identifies it beyond its name.

    `region` is where OSS says that it lives; empty if that is in no known form.
    """

    acl: str
    created: str
    region: str
    oss_request_id: str


class Oss:
    """OSS as the function's role may use it. Safe to share between threads."""

    def __init__(self, endpoint: str, credentials: Credentials, deadline: Deadline) -> None:
        _silence_oss2()
        if endpoint.startswith("https:"):
            transport.trust()
        self._endpoint = endpoint
        self._auth = _auth(credentials)
        self._deadline = deadline
        self._room = threading.Semaphore(transport.MOST_KEPT)

    def bucket(self, name: str, region: str) -> "Bucket":
        """The bucket `name` as asked of `region`, both checked before. Makes no request."""
        endpoint = self._endpoint.replace("{region}", region)

        def opened() -> Any:
            connection = transport.Connection(self._room)
            return oss2.Bucket(self._auth, endpoint, name, session=connection, region=region)

        return Bucket(opened, self._deadline)


class Bucket:
    """One bucket in one region. Each method makes one request and raises BucketError.

    All of them go over one connection, which `close` ends. `opened` gives oss2's bucket; it is
    called when that is needed, so that those of a large batch are not all there at once.
    """

    def __init__(self, opened: Callable[[], Any], deadline: Deadline) -> None:
        self._open = opened
        self._opened: Any = None
        self._deadline = deadline

    @property
    def _bucket(self) -> Any:
        opened = self._opened  # another thread may close it meanwhile
        if opened is None:
            opened = self._opened = self._open()
        return opened

    def read(self) -> BucketState:
        """The ACL, the creation date and the region (GetBucketInfo)."""
        info = self._ask(self._bucket.get_bucket_info)
        if not info.creation_date:
            raise TransientError("malformed_answer: a bucket without a creation date")
        region = naming.region_id(info.location or "") or ""
        request_id = _only(_REQUEST_ID, info.request_id)
        return BucketState(info.acl.grant, info.creation_date, region, request_id)

    def write_acl(self, acl: str) -> str:
        """Set the ACL and return OSS's request id (PutBucketAcl).

        **On a bucket that does not exist this creates it**: call it directly after `read`.
        """
        return _only(_REQUEST_ID, self._ask(lambda: self._bucket.put_bucket_acl(acl)).request_id)

    def tags(self) -> Dict[str, str]:
        """The bucket's tags (GetBucketTagging)."""
        return self._ask(self._tags)

    def public_by_policy(self) -> bool:
        """Whether the bucket policy makes it public (GetBucketPolicyStatus; False without one)."""
        return self._ask(self._policy_status) == "true"

    def close(self) -> None:
        """Close the connection, by any thread, even in use. Another request would make another."""
        opened, self._opened = self._opened, None
        if opened is not None:
            opened.session.close()

    def _tags(self) -> Dict[str, str]:
        # oss2's own takes any XML for that of a bucket without tags, which no tag would exempt.
        answer = self._bucket._do("GET", self._bucket.bucket_name, "", params={"tagging": ""})
        root = ElementTree.fromstring(answer.read())  # noqa: S314 (OSS's)
        if root.tag != "Tagging":  # which is empty where there are none
            raise ElementTree.ParseError("no Tagging")
        tags = root.iterfind("TagSet/Tag")
        return {tag.findtext("Key", ""): tag.findtext("Value", "") for tag in tags}

    def _policy_status(self) -> str:
        # oss2 has no method of its own for this sub-resource.
        answer = self._bucket._do("GET", self._bucket.bucket_name, "", params={"policyStatus": ""})
        text = ElementTree.fromstring(answer.read()).findtext("IsPublic")  # noqa: S314 (OSS's)
        if text not in ("true", "false"):
            raise ElementTree.ParseError("no IsPublic")
        return text

    def _ask(self, request: Callable[[], _T]) -> _T:
        left = self._deadline.remaining()
        if left <= 0:
            raise TransientError("deadline")
        connect = min(_CONNECT_SECONDS, left / 2)
        self._bucket.timeout = (connect, min(_READ_SECONDS, left - connect))
        try:
            return request()
        except oss2.exceptions.OssError as error:
            raise _answered(error) from None
        except (ElementTree.ParseError, RuntimeError, LookupError, ValueError):
            raise TransientError("malformed_answer: OSS sent no such XML as it should") from None


def _auth(credentials: Credentials) -> Any:
    if credentials.security_token:
        return oss2.StsAuth(*credentials, auth_version=oss2.AUTH_VERSION_4)
    return oss2.AuthV4(credentials.access_key_id, credentials.access_key_secret)


def _answered(error: Any) -> BucketError:
    """Sort OSS's error answer. Its own words are left out: they can echo what was signed."""
    reason = _only(_CODE, error.code) or f"status_{error.status}"
    if _only(_EC, error.ec):
        reason += f" (EC {error.ec})"
    request_id = _only(_REQUEST_ID, error.request_id)
    if error.status == _NOT_FOUND and error.code == "NoSuchBucket":
        return NoSuchBucketError(reason, request_id)
    if error.status in _MOVED and error.details.get("Endpoint"):
        region = naming.region_of_endpoint(error.details["Endpoint"])
        return ElsewhereError(reason, region, request_id)
    if error.status in _UNSUPPORTED:
        return UnsupportedError(reason, request_id)
    if error.status in _TRY_AGAIN or error.code in _TRANSIENT_CODES:
        return TransientError(reason, request_id)
    if error.status >= _SERVER_ERROR:
        return TransientError(reason, request_id)
    if error.code == "AccessDenied":
        return DeniedError(reason, request_id)
    return RefusedError(reason, request_id)


def _only(pattern: "re.Pattern[str]", text: Any) -> str:
    """The text if it is of the form that it should be, otherwise nothing."""
    return str(text) if pattern.fullmatch(str(text)) else ""
