"""OSS's errors: statuses, codes, messages and detailed codes (`EC`).

Pages "HTTP 403 errors" and the like and, for each EC, the page of that number; OSS says that the
values may change. An error that is given none here is one whose EC is not known.
"""

from collections.abc import Mapping

from ..ram.state import Refusal
from ..service import ApiError
from . import regions
from .model import (
    Bucket,
    BucketExistsError,
    BucketNotEmptyError,
    BucketNotFoundError,
    InvalidAclError,
    InvalidNameError,
    InvalidPolicyError,
    InvalidTagError,
    ObjectNotFoundError,
    PublicAccessBlockedError,
    RefusedError,
    TooManyBucketsError,
)

# Guessed: stands in for an EC that is not known, that of an injected error too.
UNKNOWN_EC = "0000-00000000"

_NO_RIGHT = "0003-00000001"
_BLOCKED = {"bucket acl": "0015-00000501", "object acl": "0016-00000901"}
_SPECIFIED_ENDPOINT = (
    "The bucket you are attempting to access must be addressed using the specified endpoint. "
    "Please send all future requests to this endpoint."
)
_REFUSALS: dict[type[RefusedError], tuple[int, str, str, str]] = {
    BucketNotFoundError: (
        404,
        "NoSuchBucket",
        "The specified bucket does not exist.",
        "0015-00000101",
    ),
    TooManyBucketsError: (
        400,
        "TooManyBuckets",
        "You have attempted to create more buckets than allowed.",
        UNKNOWN_EC,
    ),
    BucketNotEmptyError: (
        409,
        "BucketNotEmpty",
        "The bucket you tried to delete is not empty.",
        "0015-00000301",
    ),
    InvalidNameError: (
        400,
        "InvalidBucketName",
        "The specified bucket is not valid.",
        "0015-00000001",
    ),
    ObjectNotFoundError: (
        404,
        "NoSuchKey",
        "The specified key does not exist.",
        "0026-00000001",
    ),
}
# A security token that is missing gets the same answer here as a wrong one. (Guessed.)
_CREDENTIALS = {
    Refusal.UNKNOWN_KEY: (
        "InvalidAccessKeyId",
        "The OSS Access Key Id you provided does not exist in our records.",
        "0002-00000902",
    ),
    Refusal.TOKEN_INVALID: (
        "InvalidSecurityToken",
        "The security token you provided is invalid.",
        "0002-00000006",
    ),
    Refusal.TOKEN_EXPIRED: (
        "SecurityTokenExpired",
        "The security token you provided has expired.",
        "0002-00000007",
    ),
}


def of_refusal(refused: RefusedError) -> ApiError:
    """What OSS answers when its state refuses something."""
    if isinstance(refused, InvalidAclError):
        return _invalid_acl(refused)
    if isinstance(refused, InvalidPolicyError):
        # Pages "0030-00000001", "…3", "…5", "…7" and "…8"; the message is guessed.
        return ApiError(400, "InvalidPolicyDocument", str(refused), EC=refused.ec)
    if isinstance(refused, InvalidTagError):
        # Page "0010-00000219" and others; the code is guessed, after what objects' tags get.
        return ApiError(400, "InvalidTag", str(refused), EC="0010-00000219")
    if isinstance(refused, BucketExistsError):
        return _bucket_exists(refused.ec)
    if isinstance(refused, PublicAccessBlockedError):
        # As users report it; the EC for a policy is not known.
        message = f"Put public {refused} is not allowed"
        ec = _BLOCKED.get(str(refused), UNKNOWN_EC)
        return ApiError(403, "AccessDenied", message, EC=ec)
    status, code, message, ec = _REFUSALS[type(refused)]
    return ApiError(status, code, message, EC=ec)


def of_credentials(refusal: Refusal) -> ApiError:
    """What OSS answers to credentials that it does not honour."""
    code, message, ec = _CREDENTIALS[refusal]
    return ApiError(403, code, message, EC=ec)


def another_endpoint(bucket: Bucket) -> ApiError:
    """The bucket is in another region than the request was signed for."""
    return ApiError(
        403,
        "AccessDenied",
        _SPECIFIED_ENDPOINT,
        Bucket=bucket.name,
        Endpoint=regions.endpoint(bucket.region),
        EC="0003-00001403",
    )


def not_yours() -> ApiError:
    """The bucket is another account's."""
    message = "The bucket you access does not belong to you."
    return ApiError(403, "AccessDenied", message, EC=_NO_RIGHT)


def not_for_anybody() -> ApiError:
    """Nobody signed what only the bucket's owner and its people may do."""
    message = "Anonymous user has no right to access this bucket."
    return ApiError(403, "AccessDenied", message, EC=_NO_RIGHT)


def may_not_put_acl() -> ApiError:
    """PutBucketAcl of whoever may not do it, as the page "0015-00000104" has it."""
    return _bucket_exists(BucketExistsError.NOT_AGAIN)


def not_allowed(resource: str, detail: Mapping[str, str]) -> ApiError:
    """RAM does not let the caller do it. OSS's own message names no action; this one helps more.

    `detail` is RAM's own account of it. Pages "0003-00000201" and, without a Deny, "0003-00000202".
    """
    message = f"Access denied by authorizer's policy: {detail['AuthAction']} on {resource}."
    explicit = detail["NoPermissionType"] == "ExplicitDeny"
    ec = "0003-00000201" if explicit else "0003-00000202"
    return ApiError(403, "AccessDenied", message, AccessDeniedDetail=detail, EC=ec)


def no_right_to_object() -> ApiError:
    """Neither RAM nor an ACL nor a bucket policy lets the caller at the object."""
    message = "You have no right to access this object because of bucket acl."
    return ApiError(403, "AccessDenied", message, EC=_NO_RIGHT)


def signature_version() -> ApiError:
    """Signed with version 1 or 2, which new accounts cannot use. Guessed, but for status and EC."""
    message = "This account does not support signature version 1; sign with version 4."
    return ApiError(403, "AccessDenied", message, EC="0002-00000080")


def signature_mismatch(key_id: str, signature: str, to_sign: str, canonical: str = "") -> ApiError:
    """The signature is another one than that of this request; tells what should be signed."""
    more = {"CanonicalRequest": canonical} if canonical else {}
    return ApiError(
        403,
        "SignatureDoesNotMatch",
        "The request signature we calculated does not match the signature you provided. Check your "
        "key and signing method.",
        OSSAccessKeyId=key_id,
        SignatureProvided=signature,
        StringToSign=to_sign,
        **more,
        EC="0002-00000201",
    )


def signing_region() -> ApiError:
    """Signed for another region than the host's, or for none that there is; oss2's own test."""
    message = "Invalid signing region in Authorization header."
    return ApiError(400, "InvalidArgument", message, EC="0002-00000226")


def expired() -> ApiError:
    """A signed URL's time is over. Guessed, but for the code."""
    return ApiError(403, "AccessDenied", "Request has expired.")


def too_skewed() -> ApiError:
    """The request was signed more than 15 minutes ago, or ahead."""
    message = "The difference between the request time and the current time is too large."
    return ApiError(403, "RequestTimeTooSkewed", message, EC="0002-00000504")


def invalid_authorization(what: str) -> ApiError:
    """The Authorization header, or what goes with it, is not of its form."""
    message = f"Invalid {what} in Authorization header."
    return ApiError(400, "InvalidArgument", message, EC="0002-00000202")


def invalid_digest() -> ApiError:
    """The body is not the one whose Content-MD5 was sent. Page "HTTP 400 errors"."""
    message = "The Content-MD5 you specified is invalid."
    return ApiError(400, "InvalidDigest", message)


def invalid_encryption_algorithm(algorithm: str) -> ApiError:
    """Not an algorithm that OSS has. Page "PutBucketEncryption"; its EC: "0005-00000003"."""
    message = f"The encryption algorithm is invalid: '{algorithm}'."
    return ApiError(400, "InvalidEncryptionAlgorithmError", message, EC="0005-00000003")


def invalid_argument(name: str, value: str, **more: str) -> ApiError:
    """A header or a value in the query is missing or of another form. Guessed, but for the code."""
    value = value[:200]
    message = f"Invalid {name}: '{value}'."
    return ApiError(400, "InvalidArgument", message, ArgumentName=name, ArgumentValue=value, **more)


def malformed_xml() -> ApiError:
    """The body is not the XML that the operation takes."""
    message = "The XML you provided was not well-formed or did not validate against our schema."
    return ApiError(400, "MalformedXML", message)


def invalid_object_name() -> ApiError:
    """Not the key of an object. Page "Object naming conventions"."""
    return ApiError(400, "InvalidObjectName", "The specified object is not valid.")


def no_policy() -> ApiError:
    """The bucket has no policy. Page "0030-00000006"."""
    message = "The bucket policy does not exist."
    return ApiError(404, "NoSuchBucketPolicy", message, EC="0030-00000006")


def no_encryption() -> ApiError:
    """The bucket has no rule. Page "HTTP 404 errors" (that of GetBucketEncryption says 400);
    "0005-00000004".
    """
    message = "The server side encryption rule does not exist."
    return ApiError(404, "NoSuchServerSideEncryptionRule", message, EC="0005-00000004")


def no_website() -> ApiError:
    """Static website hosting is off. Page "GetBucketWebsite"; the message is guessed."""
    message = "The specified bucket does not have a website configuration."
    return ApiError(404, "NoSuchWebsiteConfiguration", message)


def not_implemented(what: str) -> ApiError:
    """The stand-in does not know that."""
    return ApiError(501, "NotImplemented", f"The local cloud does not know this: {what}")


def second_level_domain() -> ApiError:
    """A bucket in the path at a region's host. Page "HTTP 403 errors"; the message is guessed."""
    message = "The bucket must be addressed by a host name of its own."
    return ApiError(403, "SecondLevelDomainForbidden", message)


def _bucket_exists(ec: str) -> ApiError:
    message = (
        "The requested bucket name is not available. The bucket namespace is shared by all users "
        "of the system. Please select a different name and try again."
    )
    return ApiError(409, "BucketAlreadyExists", message, EC=ec)


def _invalid_acl(refused: InvalidAclError) -> ApiError:
    # Documented for a bucket; guessed for an object, its header excepted.
    is_bucket = refused.holder == "bucket"
    fields = {"EC": "0015-00000204"} if is_bucket else {}
    return ApiError(
        400,
        "InvalidArgument",
        f"no such {refused.holder} access control exists",
        ArgumentName="x-oss-acl" if is_bucket else "x-oss-object-acl",
        ArgumentValue=refused.acl,
        **fields,
    )
