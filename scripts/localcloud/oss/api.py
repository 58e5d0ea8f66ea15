"""OSS over HTTP: its REST API as far as buckets, and what is simple of objects, need it.

Not served: URLs signed in version 1, versions, multipart uploads and the pages of a website; bucket
policies decide about anybody at all only, not about the account's own roles.
"""

import base64
import hashlib
import secrets
from collections.abc import Sequence
from typing import Any

from ..http import Request, Response
from ..ram.state import RamState
from ..service import ApiError, Core, Service
from ..table import Match, Row, words
from . import address, errors, operations, xml
from .access import URL_NAMES, Call, authenticate
from .model import RefusedError, check_bucket_name
from .state import OssState

# Page "OSS authorization syntax and elements": a region is never anything but `*`.
_ACCOUNT = "acs:oss:*:{account}:*"
_BUCKET = "acs:oss:*:{account}:{bucket}"
_OBJECT = "acs:oss:*:{account}:{bucket}/{key}"

# Of every request that is signed.
_COMMON_HEADERS = words("x-oss-date x-oss-content-sha256 x-oss-security-token")


_WEBSITE = """
    IndexDocument Suffix SupportSubDir Type ErrorDocument Key HttpStatus RoutingRules RoutingRule
    RuleNumber Condition KeyPrefixEquals KeySuffixEquals HttpErrorCodeReturnedEquals IncludeHeader
    Equals Redirect RedirectType PassQueryString Protocol HostName HttpRedirectCode ReplaceKeyWith
    ReplaceKeyPrefixWith EnableReplacePrefix MirrorURL MirrorURLSlave MirrorURLProbe
    MirrorPassQueryString MirrorPassOriginalSlashes MirrorFollowRedirect MirrorCheckMd5 MirrorSNI
    MirrorHeaders PassAll Pass Remove Set Value
"""


_LISTING = "prefix delimiter max-keys encoding-type"


def _row(
    name: str,
    method: str,
    flags: str = "",
    *,
    page: str = "",
    read_on: str = "",
    query: str = "",
    headers: str = "",
    fields: str = "",
    action: str = "",
    guesses: tuple[str, ...] = (),
    path: str = "/{bucket}",
    resource: str = _BUCKET,
) -> Row:
    """A row of a bucket's operation; most pages are called what RAM calls the action."""
    return Row(
        name,
        method,
        path,
        page or name,
        read_on,
        words(flags),
        words(query) | URL_NAMES,
        words(headers) | _COMMON_HEADERS,
        words(fields),
        (resource,),
        action,
        guesses,
    )


def _of_account(name: str, method: str, flags: str = "", **more: Any) -> Row:
    return _row(name, method, flags, path="/", resource=_ACCOUNT, **more)


def _of_object(name: str, method: str, flags: str = "", **more: Any) -> Row:
    path = "/{bucket}/{key}"
    return _row(name, method, flags, path=path, resource=_OBJECT, **more)


TABLE = (
    _of_account(
        "ListBuckets",
        "GET",
        page="ListBuckets (GetService)",
        read_on="2026-06-03",
        query="prefix marker max-keys tag-key tag-value tagging",
        headers="x-oss-resource-group-id",
        guesses=("a tag's value without a key, and max-keys of 0 or over 1000: InvalidArgument",),
    ),
    _of_account("GetPublicAccessBlock", "GET", "publicAccessBlock"),
    _of_account("PutPublicAccessBlock", "PUT", "publicAccessBlock", fields="BlockPublicAccess"),
    _of_account("DeletePublicAccessBlock", "DELETE", "publicAccessBlock"),
    _row(
        "PutBucket",
        "PUT",
        read_on="2026-06-23",
        headers="x-oss-acl x-oss-resource-group-id x-oss-server-side-encryption"
        " x-oss-server-side-encryption-key-id x-oss-server-side-data-encryption",
        fields="StorageClass DataRedundancyType",
        guesses=(
            "how another storage class for one's own bucket is refused: as another's name",
            "that an ACL in the same request needs no oss:PutBucketAcl",
        ),
    ),
    _row("DeleteBucket", "DELETE"),
    _row(
        "ListObjects",
        "GET",
        page="GetBucket (ListObjects)",
        query=_LISTING + " marker",
        guesses=("a public ACL or policy lets nobody list",),
    ),
    _row(
        "ListObjectsV2",
        "GET",
        "list-type",
        page="ListObjectsV2 (GetBucketV2)",
        query=_LISTING + " continuation-token start-after fetch-owner",
        action="ListObjects",
        guesses=("a public ACL or policy lets nobody list",),
    ),
    _row("GetBucketInfo", "GET", "bucketInfo"),
    _row("GetBucketLocation", "GET", "location"),
    _row("GetBucketAcl", "GET", "acl"),
    _row("PutBucketAcl", "PUT", "acl", read_on="2025-05-20", headers="x-oss-acl"),
    _row("GetBucketTagging", "GET", "tagging", page="GetBucketTags"),
    _row(
        "PutBucketTagging",
        "PUT",
        "tagging",
        page="PutBucketTags",
        read_on="2025-07-08",
        fields="TagSet Tag Key Value",
    ),
    _row("DeleteBucketTagging", "DELETE", "tagging", page="DeleteBucketTags"),
    _row("GetBucketPolicy", "GET", "policy"),
    _row(
        "PutBucketPolicy",
        "PUT",
        "policy",
        guesses=(
            "that a field of a statement has 4,095 bytes at most: the page of its EC has a "
            "statement in Chinese",
            "the code of what is too long, and of acs:SourceIp without acs:SourceVpc",
            "how a policy without statements, of which there are to be one or more, is refused",
        ),
    ),
    _row("DeleteBucketPolicy", "DELETE", "policy"),
    _row("GetBucketPolicyStatus", "GET", "policyStatus"),
    _row("GetBucketPublicAccessBlock", "GET", "publicAccessBlock"),
    _row("PutBucketPublicAccessBlock", "PUT", "publicAccessBlock", fields="BlockPublicAccess"),
    _row("DeleteBucketPublicAccessBlock", "DELETE", "publicAccessBlock"),
    _row("GetBucketWebsite", "GET", "website", read_on="2026-09-22"),
    _row("PutBucketWebsite", "PUT", "website", fields=_WEBSITE),
    _row("DeleteBucketWebsite", "DELETE", "website"),
    _row("GetBucketEncryption", "GET", "encryption"),
    _row(
        "PutBucketEncryption",
        "PUT",
        "encryption",
        read_on="2026-06-23",
        fields="ApplyServerSideEncryptionByDefault SSEAlgorithm KMSMasterKeyID KMSDataEncryption",
        guesses=("data encryption without KMS is refused as another algorithm of it is",),
    ),
    _row("DeleteBucketEncryption", "DELETE", "encryption"),
    _row("ListCname", "GET", "cname"),
    _of_object("GetObject", "GET"),
    _of_object("HeadObject", "HEAD", action="GetObject"),
    _of_object("GetObjectMeta", "HEAD", "objectMeta", action="GetObject"),
    _of_object("PutObject", "PUT", headers="x-oss-object-acl x-oss-meta-*"),
    _of_object("DeleteObject", "DELETE"),
    _of_object("GetObjectAcl", "GET", "acl"),
    _of_object("PutObjectAcl", "PUT", "acl", headers="x-oss-object-acl"),
)


# Of these the bucket may be missing; of all others that is seen before who asks, as the tests of
# OSS's own SDKs have it. Guessed: the order of what else is looked at.
_MAKING = ("PutBucket", "PutBucketAcl")

# Their body is a text of its own kind.
_WHOLE_BODIES = ("PutBucketPolicy", "PutObject")


class OssService(Service):
    """All regions of OSS at one endpoint.

    A request is in the region of its host, `oss-cn-beijing.…` or a bucket's at such a host; at the
    local cloud's own address in the one that its signature names.
    """

    name = "oss"
    table = TABLE
    own_headers = ("x-oss-", "if-", "range")  # those that change what HTTP's own mean, too

    def __init__(self, core: Core, state: OssState, ram: RamState) -> None:
        super().__init__(core)
        self._state = state
        self._ram = ram
        self._operations = {row.name: operations.named(row.name) for row in TABLE}

    def segments(self, request: Request) -> Sequence[str]:
        """Bucket and key, wherever the bucket is named; a key may have slashes."""
        return address.locate(request).names

    def identify(self, request: Request) -> Match:
        """The operation and its bucket."""
        found = super().identify(request)
        if request.body and not found.row.fields and found.name not in _WHOLE_BODIES:
            raise self.unknown(f"a body of {found.name}")
        return found._replace(subject=found.names.get("bucket", ""))

    def perform(self, operation: Match, request: Request) -> Response:
        """Authenticate, authorize and carry out."""
        target = address.locate(request)
        state = self._state
        try:
            if operation.names:
                check_bucket_name(target.bucket)
                if operation.name not in _MAKING:
                    state.bucket(target.bucket)
            v1 = state.accepts_v1 or target.bucket in state.old_buckets
            caller = authenticate(request, target, self._ram, state.regions, accepts_v1=v1)
            _check_body(request)
            call = Call(operation, request, target, caller, state, self._ram)
            response = self._operations[operation.name](call)
        except RefusedError as refused:
            raise errors.of_refusal(refused) from refused
        return _stamped(response, _new_request_id())

    def refuse(self, request: Request, error: ApiError) -> Response:
        """An error document; after a HEAD, which has no body, OSS repeats it in a header."""
        request_id = _new_request_id()
        fields = dict(error.fields)
        ec = str(fields.pop("EC", errors.UNKNOWN_EC))
        document = xml.write(
            "Error",
            {
                "Code": error.code,
                "Message": error.message,
                "RequestId": request_id,
                "HostId": request.headers.get("Host").partition(":")[0],
                **fields,
                "EC": ec,
                "RecommendDoc": f"https://api.aliyun.com/troubleshoot?q={ec}",
            },
        )
        headers = {"Content-Type": "application/xml", "x-oss-ec": ec}
        if request.method == "HEAD":
            headers["x-oss-err"] = base64.b64encode(document).decode()
        return _stamped(Response(error.status, document, headers), request_id)

    def lag(self, operation: Match, reads: int) -> None:
        """What can be late to show: an ACL, Block Public Access, encryption and a policy."""
        if operation.name == "PutBucketAcl":
            self._state.let_acl_lag(operation.subject, reads)
        elif operation.name in ("PutBucketEncryption", "DeleteBucketEncryption"):
            self._state.let_encryption_lag(operation.subject, reads)
        elif operation.name in ("PutBucketPolicy", "DeleteBucketPolicy"):
            self._state.let_policy_lag(operation.subject, reads)
        else:
            self._state.let_block_lag(operation.subject, reads)


def _check_body(request: Request) -> None:
    given = request.headers.get("Content-MD5")
    digest = hashlib.md5(request.body, usedforsecurity=False).digest()
    if given and given != base64.b64encode(digest).decode():
        raise errors.invalid_digest()


def _stamped(response: Response, request_id: str) -> Response:
    response.headers |= {"Server": "AliyunOSS", "x-oss-request-id": request_id}
    return response


def _new_request_id() -> str:
    return secrets.token_hex(12).upper()
