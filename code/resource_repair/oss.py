"""OSS, by way of oss2: the one module that imports it.

https, signature V4, one attempt a request: nothing below the repair retries. oss2 makes, signs and
reads what goes over the connections of `transport`.
"""

import logging
import threading
from typing import Any, Callable, Dict, NamedTuple, Optional, TypeVar
from xml.etree import ElementTree

import oss2

from resource_repair import naming, oss_answers, transport
from resource_repair.errors import TransientError
from resource_repair.timing import Deadline
from resource_repair.values import Credentials

_BLOCK = (
    "<PublicAccessBlockConfiguration><BlockPublicAccess>true</BlockPublicAccess>"
    "</PublicAccessBlockConfiguration>"
)
_CONNECT_SECONDS = 3.0
_READ_SECONDS = 5.0

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

    `owner` is the account whose it is. `region` is where OSS says that it lives; empty if that is
    in no known form. `blocked` is whether Block Public Access holds for it by its own setting, and
    `encryption` the method of what is put there (`None` is OSS's word for none); each is None where
    OSS does not say. `policy` is the bucket policy, which takes another request: None before that,
    empty where there is none.
    """

    name: str
    owner: str
    acl: str
    created: str
    region: str
    blocked: Optional[bool]
    oss_request_id: str
    encryption: Optional[str] = None
    policy: Optional[str] = None


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
        self._closed = False
        self._deadline = deadline

    @property
    def _bucket(self) -> Any:
        opened = self._opened  # another thread may close it meanwhile
        if opened is None:
            opened = self._opened = self._open()
        if self._closed:
            opened.session.close()
            raise TransientError("closed: what is given up sends no more")
        return opened

    def read(self) -> BucketState:
        """The bucket: whose it is, its ACL and other settings (GetBucketInfo)."""
        return self._ask("GetBucketInfo", self._info)

    def write_acl(self, acl: str) -> str:
        """Set the ACL and return OSS's request id (PutBucketAcl).

        **On a bucket that does not exist this creates it**: call it directly after `read`.
        """
        answer = self._ask("PutBucketAcl", lambda: self._bucket.put_bucket_acl(acl))
        return oss_answers.request_id(answer)

    def write_encryption(self, method: str) -> str:
        """Have what is put there encrypted, and return OSS's request id (PutBucketEncryption)."""
        rule = oss2.models.ServerSideEncryptionRule(sse_algorithm=method)
        put = self._bucket.put_bucket_encryption
        return oss_answers.request_id(self._ask("PutBucketEncryption", lambda: put(rule)))

    def policy(self) -> str:
        """The bucket policy as it was put; empty if there is none (GetBucketPolicy)."""
        return self._ask("GetBucketPolicy", self._policy)

    def write_policy(self, text: str) -> str:
        """Put this in the place of the whole policy; returns OSS's request id (PutBucketPolicy)."""
        answer = self._ask("PutBucketPolicy", lambda: self._bucket.put_bucket_policy(text))
        return oss_answers.request_id(answer)

    def delete_policy(self) -> str:
        """Delete the whole policy, and return OSS's request id (DeleteBucketPolicy)."""
        delete = self._bucket.delete_bucket_policy
        return oss_answers.request_id(self._ask("DeleteBucketPolicy", delete))

    def write_block(self) -> str:
        """Switch Block Public Access on, and return OSS's request id (PutBucketPublicAccessBlock).

        As the page has it: oss2 writes True for true.
        """
        named = self._bucket.bucket_name, ""
        asked = {"data": _BLOCK, "params": {"publicAccessBlock": ""}}
        put = self._bucket._do
        answer = self._ask("PutBucketPublicAccessBlock", lambda: put("PUT", *named, **asked))
        return oss_answers.request_id(answer)

    def is_website(self) -> bool:
        """Whether it is a static website (GetBucketWebsite)."""
        return self._ask("GetBucketWebsite", self._website)

    def has_domain(self) -> bool:
        """Whether a domain is bound to it, in use or not (ListCname)."""
        return self._ask("ListCname", self._domain)

    def tags(self) -> Dict[str, str]:
        """The bucket's tags (GetBucketTagging)."""
        return self._ask("GetBucketTagging", self._tags)

    def public_by_policy(self) -> bool:
        """Whether the bucket policy makes it public (GetBucketPolicyStatus; False without one)."""
        return self._ask("GetBucketPolicyStatus", self._policy_status) == "true"

    def account_blocked(self) -> bool:
        """Whether Block Public Access holds for the whole account (GetPublicAccessBlock)."""
        return self._ask("GetPublicAccessBlock", self._account_block) == "true"

    def close(self) -> None:
        """Close the connection, by any thread, even in use. Closed stays closed."""
        self._closed = True  # before we look: who opens it meanwhile looks at this afterwards
        opened, self._opened = self._opened, None
        if opened is not None:
            opened.session.close()

    def _tags(self) -> Dict[str, str]:
        # oss2's own takes any XML for that of a bucket without tags, which no tag would exempt.
        answer = self._get(self._bucket.bucket_name, "tagging")
        # It is empty where there are none.
        tags = _root(answer, "Tagging").iterfind("TagSet/Tag")
        return {tag.findtext("Key", ""): tag.findtext("Value", "") for tag in tags}

    def _info(self) -> BucketState:
        return bucket_state(self._get(self._bucket.bucket_name, "bucketInfo"))

    def _policy(self) -> str:
        try:
            text = self._get(self._bucket.bucket_name, "policy").read()
        except oss2.exceptions.NoSuchBucketPolicy:  # by status 404 and this code
            return ""
        if not text:
            raise ValueError("neither a policy nor that there is none")
        return str(text.decode(errors="surrogateescape"))  # what is none of UTF-8 is in no policy

    def _website(self) -> bool:
        try:
            answer = self._get(self._bucket.bucket_name, "website")
        except oss2.exceptions.NoSuchWebsite:  # by status 404 and this code
            return False
        _root(answer, "WebsiteConfiguration")
        return True

    def _domain(self) -> bool:
        answer = self._get(self._bucket.bucket_name, "cname")
        return _root(answer, "ListCnameResult").find("Cname") is not None

    def _policy_status(self) -> str:
        # oss2 has no method of its own for this sub-resource.
        answer = self._get(self._bucket.bucket_name, "policyStatus")
        return _boolean(ElementTree.fromstring(answer.read()), "IsPublic")  # noqa: S314 (OSS's)

    def _account_block(self) -> str:
        answer = self._get("", "publicAccessBlock")  # without a bucket: that of the account
        root = ElementTree.fromstring(answer.read())  # noqa: S314 (OSS's)
        return _boolean(root, "BlockPublicAccess")

    def _get(self, bucket_name: str, resource: str) -> Any:
        return self._bucket._do("GET", bucket_name, "", params={resource: ""})

    def _ask(self, operation: str, request: Callable[[], _T]) -> _T:
        left = self._deadline.remaining()
        if left <= 0:
            raise TransientError("deadline")
        connect = min(_CONNECT_SECONDS, left / 2)
        self._bucket.timeout = (connect, min(_READ_SECONDS, left - connect))
        try:
            return request()
        except oss2.exceptions.OssError as error:
            raise oss_answers.sort(operation, error) from None
        except (ElementTree.ParseError, RuntimeError, LookupError, ValueError):
            raise TransientError("malformed_answer: OSS sent no such XML as it should") from None


def bucket_state(answer: Any) -> BucketState:
    """What GetBucketInfo answers; raises ParseError. oss2's own leaves Block Public Access out."""
    root = ElementTree.fromstring(answer.read()).find("Bucket")  # noqa: S314 (OSS's)
    if root is None:
        raise ElementTree.ParseError("no Bucket")
    blocked = root.findtext("BlockPublicAccess", "")
    return BucketState(
        name=_given(root, "Name"),
        owner=_given(root, "Owner/ID"),
        acl=_given(root, "AccessControlList/Grant"),
        created=_given(root, "CreationDate"),
        region=naming.region_id(root.findtext("Location", "")) or "",
        blocked={"true": True, "false": False}.get(blocked),
        oss_request_id=oss_answers.request_id(answer),
        encryption=root.findtext("ServerSideEncryptionRule/SSEAlgorithm") or None,
    )


def _root(answer: Any, tag: str) -> ElementTree.Element:
    root = ElementTree.fromstring(answer.read())  # noqa: S314 (OSS's)
    if root.tag != tag:
        raise ElementTree.ParseError(f"no {tag}")
    return root


def _given(root: ElementTree.Element, path: str) -> str:
    text = root.findtext(path)
    if not text:
        raise ElementTree.ParseError(f"no {path}")
    return text


def _boolean(root: ElementTree.Element, path: str) -> str:
    text = _given(root, path)
    if text not in ("true", "false"):
        raise ElementTree.ParseError(f"no such {path} as there is")
    return text


def _auth(credentials: Credentials) -> Any:
    if credentials.security_token:
        return oss2.StsAuth(*credentials, auth_version=oss2.AUTH_VERSION_4)
    return oss2.AuthV4(credentials.access_key_id, credentials.access_key_secret)
