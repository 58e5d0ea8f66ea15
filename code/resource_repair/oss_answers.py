"""What OSS's error answers mean to the repair, by their codes. Makes no request.

OSS, page "Error responses": the detailed code (EC) may change, and a message can mislead (page
"0003-00000201"). So an answer is sorted by status, code and endpoint; its EC is only told. Of an
answer, which can echo what was signed, nothing is repeated that is not of the form it should be.
"""

import re
from typing import Any, Dict, Optional, Tuple, Type

from resource_repair import naming
from resource_repair.errors import (
    BucketError,
    DeniedError,
    DisabledError,
    ElsewhereError,
    NoSuchBucketError,
    RefusedError,
    TheirsError,
    TransientError,
    UnsupportedError,
)

_NOT_FOUND = 404
_UNSUPPORTED = (405, 501)
_TRY_AGAIN = (408, 429)
_SERVER_ERROR = 500
_MOVED = (301, 307, 403)

_ERROR = r"(?:<\?xml[^>]*>)?\s*<Error>"
_CODE = r"[A-Za-z.]{1,64}"
_EC = r"[0-9-]{1,32}"
_REQUEST_ID = r"[0-9A-Za-z-]{1,64}"
_ENDPOINT = r"[^<]{1,255}"
_ACTION = r"oss:[A-Z][A-Za-z]{1,48}"
_POLICY_TYPE = r"[A-Z][A-Za-z]{1,40}Policy"
_PERMISSION_TYPE = r"ExplicitDeny|ImplicitDeny"

_CREDENTIALS = "the credentials are refused, of which the next invocation gets new ones"
_HOST = "ossEndpoint gives a host where OSS does not take this"
_NO_LONGER = (
    "OSS no longer takes what would be put: mend the policy by hand (such as acs:SourceIp without "
    "acs:SourceVpc)"
)
_ACCOUNT = (
    "the owner's account is in arrears, barred, closed or without OSS: its owner must mend that"
)

# Each code that an operation of `oss.Bucket` may be answered with: what that is, and what to say of
# it. One that means something else to one operation has that operation before it.
TABLE: Dict[str, Tuple[Type[BucketError], str]] = {
    # Pages "GetBucketInfo", "HTTP 404 errors". Believed with status 404 alone.
    "NoSuchBucket": (NoSuchBucketError, ""),
    # Pages "HTTP 403 errors", "PutBucketAcl", "OSS permission": whatever its message says. That the
    # bucket belongs to somebody else, too, is said of one's own that one has no permission for.
    "AccessDenied": (DeniedError, ""),
    # Page "0015-00000104": who may not set the ACL of a bucket that is there, its owner's people
    # included, is told that the name is taken. Trying again changes nothing.
    "PutBucketAcl BucketAlreadyExists": (DeniedError, "unless it is another account's by now"),
    # Page "HTTP 403 errors": the caller is not the owner.
    "BucketNotBelongTo": (TheirsError, "the bucket is another account's"),
    # The same page. No permission mends these.
    "UserDisable": (DisabledError, _ACCOUNT),
    "InDebt": (DisabledError, _ACCOUNT),
    "InDebtOverdue": (DisabledError, _ACCOUNT),
    "AbnormalBucketOwnerStatus": (DisabledError, _ACCOUNT),
    "BucketDisable": (DisabledError, "OSS has barred the bucket: ask Alibaba Cloud's support"),
    # Page "HTTP 404 errors": the account, not the bucket, is gone.
    "NoSuchUser": (DisabledError, _ACCOUNT),
    # Field reports, of bucket settings: "cool down and retry later".
    "ConcurrentUpdateBucketFailed": (TransientError, "somebody changes the bucket just now"),
    "OperationAborted": (TransientError, ""),
    # Page "HTTP 400 errors": only who creates a bucket has one too many. To a write it means that
    # the bucket vanished since it was read: the next read will tell.
    "PutBucketAcl TooManyBuckets": (TransientError, "no such bucket any more, it seems"),
    "RequestTimeout": (TransientError, ""),
    # Page "0002-00000504": signed anew the next time.
    "RequestTimeTooSkewed": (
        TransientError,
        "signed more than 15 minutes off OSS's time: see to the clock",
    ),
    # Pages "HTTP 429 errors", "HTTP 500 errors", "HTTP 503 errors"; with other statuses, too.
    "QpsLimitExceeded": (TransientError, ""),
    "TotalQpsLimitExceeded": (TransientError, ""),
    "MetaOperationQpsLimitExceeded": (TransientError, ""),
    "ActiveRequestLimitExceeded": (TransientError, ""),
    "ServiceUnavailable": (TransientError, ""),
    "InternalError": (TransientError, ""),
    "SlowDown": (TransientError, ""),
    "Throttling": (TransientError, ""),
    # Pages "HTTP 403 errors", "0002-00000007", "0002-00000904": the same for every bucket.
    "SecurityTokenExpired": (RefusedError, _CREDENTIALS),
    "InvalidSecurityToken": (RefusedError, _CREDENTIALS),
    "AccessKeyIdAndSecurityTokenNotMatch": (RefusedError, _CREDENTIALS),
    "InvalidAccessKeyId": (RefusedError, _CREDENTIALS),
    "SignatureDoesNotMatch": (RefusedError, _CREDENTIALS),
    # oss2's own test (EC 0002-00000226): signed for another region than the host's.
    "PutBucketEncryption InvalidArgument": (RefusedError, ""),
    "PutBucketPolicy InvalidArgument": (RefusedError, ""),
    # Pages "0030-00000007", "0030-00000008": what was put before it was so need not meet it.
    "PutBucketPolicy InvalidPolicyDocument": (RefusedError, _NO_LONGER),
    "InvalidArgument": (RefusedError, "ossEndpoint's host may be of another region"),
    # Page "HTTP 403 errors".
    "SecondLevelDomainForbidden": (RefusedError, _HOST),
    "NonStandardHostForbidden": (RefusedError, _HOST),
    "PermanentRedirect": (RefusedError, "OSS does not say where the bucket is"),
    # Page "0015-00000001": a bucket's name inside the endpoint as well.
    "InvalidBucketName": (RefusedError, _HOST),
}

# RAM, page "DecodeDiagnosticMessage".
_LAYERS = {
    "AccountLevelIdentityBasedPolicy": "the policies of the function's role",
    "ResourceGroupLevelIdentityBasedPolicy": "the policies of the function's role",
    "AssumeRolePolicy": "the trust policy of the function's role",
    "SessionPolicy": "the session policy of the credentials",
    "ControlPolicy": "a control policy, which the organisation's management account can change",
}
_SOME_LAYER = "a policy of the role, the bucket, the organisation or the VPC endpoint"


def sort(operation: str, error: Any) -> BucketError:
    """What OSS's answer to `operation` (`PutBucketAcl`) means; `error` is oss2's OssError of it.

    The reason is short, plain ASCII, and says what to do where that is known. Never raises.
    """
    # oss2 leaves out what is nested and, as it reads but 4096 bytes, everything of a longer answer.
    # It is searched, not parsed: a document type of 500 bytes can stand for megabytes.
    body = error.body.decode("latin-1") if isinstance(error.body, bytes) else ""
    body = body if re.match(_ERROR, body) else ""
    code = _only(_CODE, error.code) or _field(body, "Code", _CODE)
    ec = _only(_EC, error.ec) or _field(body, "EC", _EC)
    ec = ec or _only(_EC, error.headers.get("x-oss-ec"))
    reason = (code or f"status_{error.status}") + (f" (EC {ec})" if ec else "")
    endpoint = error.details.get("Endpoint") or _field(body, "Endpoint", _ENDPOINT)
    if error.status in _MOVED and endpoint:
        return ElsewhereError(reason, naming.region_of_endpoint(endpoint), request_id(error))
    kind, advice = meaning(operation, error.status, code)
    if kind is DeniedError:
        advice = "; ".join(filter(None, [_needs(operation, body), advice]))
    return kind(f"{reason}: {advice}" if advice else reason, request_id(error))


def request_id(answer: Any) -> str:
    """OSS's request id of what oss2 gives or raises; empty if it is in no known form."""
    return _only(_REQUEST_ID, answer.request_id)


def _only(pattern: str, text: Any) -> str:
    """The text if all of it is of the form that it should be, otherwise nothing."""
    return text if isinstance(text, str) and re.fullmatch(pattern, text, re.ASCII) else ""


def meaning(operation: str, status: int, code: str) -> Tuple[Type[BucketError], str]:
    """What the table says of an answer, which the status can overrule; and what to say of it."""
    kind, advice = TABLE.get(f"{operation} {code}") or TABLE.get(code) or (RefusedError, "")
    if status in _UNSUPPORTED:
        return UnsupportedError, ""
    if status in _TRY_AGAIN or status >= _SERVER_ERROR:
        return TransientError, advice if kind is TransientError else ""
    if kind is NoSuchBucketError and status != _NOT_FOUND:
        return RefusedError, ""
    return kind, advice


def _needs(operation: str, body: str) -> str:
    """Which permission is missing, and where, as far as `AccessDeniedDetail` tells."""
    action = _field(body, "AuthAction", _ACTION) or f"oss:{operation}"
    policy_type = _field(body, "PolicyType", _POLICY_TYPE)
    layer = _LAYERS.get(policy_type, policy_type)
    if _field(body, "NoPermissionType", _PERMISSION_TYPE) == "ExplicitDeny":
        return f"{action} is denied by {layer or _SOME_LAYER}: change that; to allow is no help"
    if layer:
        return f"{action} is not allowed by {layer}: allow it there"
    return f"allow {action} to the function's role, and look for a policy that denies it"


def _field(body: str, name: str, pattern: str) -> str:
    """The text of the first element `name` that is of the form that it should be, or nothing."""
    found: Optional[Any] = re.search(f"<{name}>({pattern})</{name}>", body, re.ASCII)
    return str(found.group(1)) if found else ""
