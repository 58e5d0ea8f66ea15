"""Who asks, and may they: signatures, regions, owners, RAM policies and public grants."""

import datetime
import hmac
import time
from typing import NamedTuple

from scripts.localcloud.http import Request
from scripts.localcloud.oss import bucket_policy, errors, regions, signature
from scripts.localcloud.oss.address import Target
from scripts.localcloud.oss.model import Bucket
from scripts.localcloud.oss.state import OssState
from scripts.localcloud.ram.state import CredentialsRefusedError, Principal, RamState
from scripts.localcloud.table import Match

_DATE_FORMAT = "%Y%m%dT%H%M%SZ"
_LARGEST_SKEW = 15 * 60


class Caller(NamedTuple):
    """Who signed a request and for which region; anybody at all has no principal."""

    principal: Principal | None
    region: str


class Call(NamedTuple):
    """A request that was understood and whose sender is known."""

    operation: Match
    request: Request
    target: Target
    caller: Caller


def authenticate(request: Request, target: Target, ram: RamState) -> Caller:
    """Who signed `request`; raises ApiError for whom OSS does not know or believe."""
    header = request.headers.get("Authorization")
    if not header:
        return Caller(None, "")
    if header.startswith(("OSS ", "OSS2 ")):
        raise errors.signature_version()
    try:
        authorization = signature.parse(header)
    except signature.MalformedError as error:
        raise errors.invalid_authorization(str(error)) from error
    _check_date(request, authorization)
    _check_content_hash(request)
    try:
        _check_signature(request, target, authorization, ram.secret(authorization.access_key_id))
        token = request.headers.get("x-oss-security-token")
        principal = ram.authenticate(authorization.access_key_id, token)
    except CredentialsRefusedError as error:
        raise errors.of_credentials(error.refusal) from error
    return Caller(principal, regions.region_id(authorization.region))


class Gate:
    """What stands between a caller and a bucket; methods raise ApiError, or RefusedError."""

    def __init__(self, state: OssState, ram: RamState) -> None:
        self._state = state
        self._ram = ram

    def own_bucket(self, call: Call) -> Bucket:
        """The bucket of a call that only its owner's people may make.

        It must be there, in the region that the call was signed for, the caller's account's and
        within the caller's rights, in this order. (Guessed, but for the first.)

        OSS documents that GetBucketInfo can be sent to any region's endpoint, and yet its users
        meet the refusal: `OssState.info_anywhere` decides, so that both can be tried.
        """
        bucket = self._state.bucket(call.target.bucket)
        principal = _signed(call.caller)
        anywhere = self._state.info_anywhere and call.operation.name == "GetBucketInfo"
        if call.caller.region != bucket.region and not anywhere:
            raise errors.another_endpoint(bucket)
        if principal.account_id != bucket.owner:
            raise errors.not_yours()
        self.require(call, call.operation.name, bucket.name)
        return bucket

    def require(self, call: Call, operation: str, resource: str) -> Principal:
        """The caller, whom RAM must allow `operation` on what `resource` names in its account."""
        principal = _signed(call.caller)
        action, arn = f"oss:{operation}", _arn(principal.account_id, resource)
        if not self._ram.authorized(principal, action, arn):
            explicit = self._ram.forbidden(principal, action, arn)
            raise errors.not_allowed(action, arn, explicit=explicit)
        return principal

    def bucket_of_object(self, call: Call, operation: str) -> Bucket:
        """The bucket of a call about an object: public grants let in whom RAM would not."""
        bucket = self._state.bucket(call.target.bucket)
        principal = call.caller.principal
        if principal and call.caller.region != bucket.region:
            raise errors.another_endpoint(bucket)
        action, arn = f"oss:{operation}", _arn(bucket.owner, f"{bucket.name}/{call.target.key}")
        by_right = (
            principal is not None
            and principal.account_id == bucket.owner
            and self._ram.authorized(principal, action, arn)
        )
        blocked = self._state.blocks_public_access(bucket)
        if not by_right and (blocked or not _anybody_may(bucket, call.target.key, action, arn)):
            raise errors.no_right_to_object()
        return bucket


def _check_date(request: Request, authorization: signature.Authorization) -> None:
    moment = request.headers.get("x-oss-date")
    try:
        signed_at = datetime.datetime.strptime(f"{moment}+0000", f"{_DATE_FORMAT}%z")
    except ValueError as error:
        raise errors.invalid_header("x-oss-date", moment) from error
    if authorization.date != moment[:8]:
        raise errors.invalid_authorization("signing date")
    # By the real hour: a client's clock does not move when a test advances the cloud's.
    if abs(time.time() - signed_at.timestamp()) > _LARGEST_SKEW:
        raise errors.too_skewed()


def _check_content_hash(request: Request) -> None:
    # The only value there is: the signature never covers a body.
    content_hash = request.headers.get("x-oss-content-sha256")
    if content_hash != signature.UNSIGNED_PAYLOAD:
        raise errors.invalid_header("x-oss-content-sha256", content_hash)


def _check_signature(
    request: Request, target: Target, authorization: signature.Authorization, secret: str
) -> None:
    canonical = signature.canonical_request(request, target.resource, authorization.additional)
    moment = request.headers.get("x-oss-date")
    to_sign = signature.string_to_sign(authorization, moment, canonical)
    expected = signature.sign(secret, authorization, to_sign)
    if not hmac.compare_digest(expected.encode(), authorization.signature.encode()):
        raise errors.signature_mismatch(
            authorization.access_key_id,
            authorization.signature,
            to_sign,
            canonical.decode("latin-1"),
        )


def _signed(caller: Caller) -> Principal:
    if caller.principal is None:
        raise errors.not_for_anybody()
    return caller.principal


def _anybody_may(bucket: Bucket, key: str, action: str, arn: str) -> bool:
    stored = bucket.objects.get(key)
    acl = stored.acl if stored and stored.acl != "default" else bucket.acl
    return bucket_policy.anybody_may(bucket.policy, acl, action, arn)


def _arn(account_id: str, resource: str) -> str:
    return f"acs:oss:*:{account_id}:{resource}"
