"""OSS, by way of oss2: the one module that imports it.

https, signature V4, one attempt a request: nothing below the repair retries, follows a redirect,
reads a proxy from the environment or keeps a cookie.
"""

import http.cookiejar
import logging
import re
import socket
import ssl
from typing import Any, Callable, Dict, NamedTuple, Optional, TypeVar
from xml.etree import ElementTree

import oss2
import requests
import urllib3

from resource_repair import naming
from resource_repair.batch import MAX_THREADS
from resource_repair.errors import (
    BucketError,
    DeniedError,
    ElsewhereError,
    NoSuchBucketError,
    RefusedError,
    TransientError,
    UnresolvedError,
    UnsupportedError,
)
from resource_repair.timing import Deadline
from resource_repair.values import Credentials

_CONNECT_SECONDS = 3.0
_READ_SECONDS = 5.0
_CHUNK = 16 * 1024  # bytes
_LONGEST_ANSWER = 256 * 1024
_NOT_FOUND = 404
_UNSUPPORTED = (405, 501)
_TRY_AGAIN = (408, 429)
_SERVER_ERROR = 500
_MOVED = (301, 307, 403)
_TRANSIENT_CODES = frozenset(["RequestTimeout", "SlowDown", "Throttling", "OperationAborted"])
_CODE = re.compile(r"[A-Za-z.]{1,64}", re.ASCII)
_EC = re.compile(r"[0-9-]{1,32}", re.ASCII)
_REQUEST_ID = re.compile(r"[0-9A-Za-z-]{1,64}", re.ASCII)

_UNTRUSTED = "CERTIFICATE_VERIFY_FAILED"
# On 3.6 a wrong host name is a ssl.CertificateError that is no OSError.
_UNANSWERED = (
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    OSError,
    ssl.CertificateError,
)

_T = TypeVar("_T")


class BucketState(NamedTuple):
    """A bucket as OSS describes it in one answer. `created` identifies it beyond its name.

    `region` is where OSS says that it lives; empty if that is in no known form.
    """

    acl: str
    created: str
    region: str
    oss_request_id: str


class _Session(requests.Session):
    """A session that goes where it is sent, and nowhere else."""

    def get_redirect_target(self, resp: Any) -> None:
        """None: a redirect is an answer. Following it would hand the token to the named host."""

    def send(self, request: Any, **options: Any) -> Any:
        """Send a request and read the whole answer, which is short, or is not OSS's."""
        response = super().send(request, **options)
        if response.headers.get("Content-Encoding", "identity") != "identity":
            # None was asked for, and a few bytes of it can stand for gigabytes.
            response.close()
            raise requests.exceptions.ContentDecodingError("an answer that is compressed")
        content = b""
        for chunk in response.iter_content(_CHUNK):
            content += chunk
            if len(content) > _LONGEST_ANSWER:
                response.close()
                raise requests.exceptions.ContentDecodingError("an answer without end")
        response._content = content
        return response


def _new_session() -> oss2.Session:
    session = oss2.Session()
    # Every bucket is a host of its own, and the pool forgets all but so many hosts.
    adapter = requests.adapters.HTTPAdapter(
        pool_connections=2 * MAX_THREADS, pool_maxsize=2 * MAX_THREADS
    )
    session.session = _Session()
    session.session.mount("https://", adapter)
    session.session.mount("http://", adapter)
    session.session.trust_env = False
    session.session.cookies.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
    return session


# Kept between invocations: connections, and nothing that belongs to one invocation.
_session = _new_session()


class Oss:
    """OSS as the function's role may use it. Safe to share between threads."""

    def __init__(self, endpoint: str, credentials: Credentials, deadline: Deadline) -> None:
        # At DEBUG oss2 logs the security token, and at INFO whole error answers.
        for name in ("oss2", "urllib3"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self._endpoint = endpoint
        self._auth = _auth(credentials)
        self._deadline = deadline

    def bucket(self, name: str, region: str) -> "Bucket":
        """The bucket `name` as asked of `region`, both checked before. Makes no request."""
        bucket = oss2.Bucket(
            self._auth,
            self._endpoint.replace("{region}", region),
            name,
            session=_session,
            region=region,
        )
        return Bucket(bucket, self._deadline)


class Bucket:
    """One bucket in one region. Each method makes one request and raises BucketError."""

    def __init__(self, bucket: Any, deadline: Deadline) -> None:
        self._bucket = bucket
        self._deadline = deadline

    def read(self) -> BucketState:
        """The ACL, the creation date and the region (GetBucketInfo)."""
        info = self._ask(self._bucket.get_bucket_info)
        if not info.creation_date:
            raise TransientError("malformed_answer: a bucket without a creation date")
        region = naming.region_id(info.location or "") or ""
        return BucketState(info.acl.grant, info.creation_date, region, info.request_id)

    def write_acl(self, acl: str) -> str:
        """Set the ACL and return OSS's request id (PutBucketAcl).

        **On a bucket that does not exist this creates it**: call it directly after `read`.
        """
        return str(self._ask(lambda: self._bucket.put_bucket_acl(acl)).request_id)

    def tags(self) -> Dict[str, str]:
        """The bucket's tags (GetBucketTagging); without any, an empty set."""
        return dict(self._ask(self._bucket.get_bucket_tagging).tag_set.tagging_rule)

    def public_by_policy(self) -> bool:
        """Whether the bucket policy makes it public (GetBucketPolicyStatus; False without one)."""
        return self._ask(self._policy_status) == "true"

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
        except oss2.exceptions.RequestError as error:
            raise _unanswered(error.exception) from None
        except oss2.exceptions.OssError as error:
            raise _answered(error) from None
        except _UNANSWERED as error:
            raise _unanswered(error) from None
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


def _unanswered(error: BaseException) -> BucketError:
    """Sort the failure of a request that OSS did not answer."""
    causes = _causes(error)
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return UnresolvedError("unresolved_host: the region's endpoint has no address")
    # A host that cannot prove to be OSS does not get better by asking again.
    if any(isinstance(c, ssl.CertificateError) or _UNTRUSTED in str(c) for c in causes):
        return RefusedError("untrusted_host: the endpoint's certificate is not trusted")
    return TransientError(f"unanswered: {type(error).__name__}")


def _causes(error: Optional[BaseException]) -> "list[BaseException]":
    """The error and what it wraps: requests and urllib3 keep causes in `args` and `reason`."""
    found: "list[BaseException]" = []
    waiting = [error]
    while waiting:
        each = waiting.pop()
        if not isinstance(each, BaseException) or each in found:
            continue
        found.append(each)
        waiting += [each.__cause__, each.__context__, getattr(each, "reason", None)]
        waiting += [arg for arg in each.args if isinstance(arg, BaseException)]
    return found
