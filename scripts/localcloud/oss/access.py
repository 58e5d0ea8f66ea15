"""Who asks, and may they: signatures, regions, owners, RAM policies and public grants."""

import dataclasses
import datetime
import hmac
import re
import time
from collections.abc import Collection
from typing import NamedTuple
from xml.etree import ElementTree

from ..http import Request
from ..ram.state import CredentialsRefusedError, Principal, RamState
from ..signed import credential, is_recent
from ..table import Match, Row, words
from . import bucket_policy, errors, regions, signature, xml
from .address import Target
from .model import Bucket
from .state import OssState

_DATE_FORMAT = "%Y%m%dT%H%M%SZ"
_LARGEST_SKEW = 15 * 60

# What signs a URL, in its query. Page "Include a V4 signature in a URL".
URL_NAMES = words(
    "x-oss-signature-version x-oss-credential x-oss-date x-oss-expires x-oss-signature"
    " x-oss-additional-headers x-oss-security-token"
)
_LONGEST_URL = 7 * 86400
_EXPIRES = re.compile("[1-9][0-9]{0,5}")


class Caller(NamedTuple):
    """Who signed a request and for which region; anybody at all has no principal.

    The region is empty where neither the host nor the signature names one.
    """

    principal: Principal | None
    region: str


class Call(NamedTuple):
    """A request that was understood, whose sender is known, and what it is about.

    The methods are what stands between a caller and a bucket: they raise ApiError or RefusedError.
    """

    match: Match
    request: Request
    target: Target
    caller: Caller
    state: OssState
    ram: RamState

    @property
    def row(self) -> Row:
        """The operation's."""
        return self.match.row

    def header(self, name: str, default: str = "") -> str:
        """A header of the request."""
        return self.request.headers.get(name, default)

    def document(self, root: str) -> ElementTree.Element:
        """The body, an XML document of what the operation takes."""
        return xml.read(self.request.body, root, self.row.fields)

    def own_bucket(self) -> Bucket:
        """The bucket of a call that only its owner's people may make.

        It must be there, in the region that the call was sent to, the caller's account's and
        within the caller's rights, in this order.
        """
        bucket = self.state.bucket(self.target.bucket)
        principal = self._signed()
        anywhere = self.state.info_anywhere and self.match.name == "GetBucketInfo"
        if self.caller.region not in ("", bucket.region) and not anywhere:
            raise errors.another_endpoint(bucket)
        if principal.account_id != bucket.owner:
            raise errors.not_yours()
        self.require()
        return bucket

    def require(self, action: str = "") -> Principal:
        """The caller, whom RAM must allow the operation, or another `action`, in its account."""
        principal = self._signed()
        action, arn = action or self._action, self._arn(principal.account_id)
        if self.ram.authorized(principal, action, arn):
            return principal
        if not self.state.explains_denials:
            raise errors.not_yours()
        raise errors.not_allowed(arn, self.ram.denial(principal, action, arn))

    def bucket_of_object(self) -> Bucket:
        """The bucket of a call about an object: public grants let in whom RAM would not."""
        bucket = self.state.bucket(self.target.bucket)
        principal = self.caller.principal
        if self.caller.region not in ("", bucket.region):
            raise errors.another_endpoint(bucket)
        arn = self._arn(bucket.owner)
        by_right = (
            principal is not None
            and principal.account_id == bucket.owner
            and self.ram.authorized(principal, self._action, arn)
        )
        if by_right or (self._anybody_may(bucket, arn) and not self.state.seems_blocked(bucket)):
            return bucket
        raise errors.no_right_to_object()

    @property
    def _action(self) -> str:
        return f"oss:{self.row.action or self.row.name}"

    def _arn(self, account_id: str) -> str:
        (form,) = self.row.resources
        return form.format(account=account_id, **self.match.names)

    def _anybody_may(self, bucket: Bucket, arn: str) -> bool:
        stored = bucket.objects.get(self.target.key)
        acl = stored.acl if stored and stored.acl != "default" else bucket.acl
        return bucket_policy.anybody_may(bucket.policy, acl, self._action, arn)

    def _signed(self) -> Principal:
        if self.caller.principal is None:
            raise errors.not_for_anybody()
        return self.caller.principal


def authenticate(
    request: Request,
    target: Target,
    ram: RamState,
    known_regions: Collection[str] = regions.KNOWN,
    *,
    accepts_v1: bool = False,
) -> Caller:
    """Who signed `request`; raises ApiError for whom OSS does not know or believe.

    A signature must be for the host's region, or for one of `known_regions` where the host is of
    none.
    """
    header = request.headers.get("Authorization")
    by_url = not URL_NAMES.isdisjoint(request.params)
    if not header and not by_url:
        return Caller(None, target.region)
    token = request.headers.get("x-oss-security-token")
    try:
        if by_url:
            key_id, region = _check_url(request, target, ram, known_regions)
            token = request.params.get("x-oss-security-token", "")
        elif header.startswith("OSS ") and accepts_v1:
            key_id, region = _check_v1(request, target, ram), target.region
        elif header.startswith(("OSS ", "OSS2 ")):
            raise errors.signature_version()
        else:
            key_id, region = _check_v4(request, target, ram, known_regions)
        return Caller(ram.authenticate(key_id, token), region)
    except CredentialsRefusedError as error:
        raise errors.of_credentials(error.refusal) from error


def _check_v4(
    request: Request, target: Target, ram: RamState, known_regions: Collection[str]
) -> tuple[str, str]:
    """The key that signed, and the id of the region that it signed for."""
    try:
        authorization = signature.parse(request.headers.get("Authorization"))
    except signature.MalformedError as error:
        raise errors.invalid_authorization(str(error)) from error
    region = _region(authorization, target, known_regions)
    moment = request.headers.get("x-oss-date")
    # By the real hour: a client's clock does not move when a test advances the cloud's.
    if abs(time.time() - _signed_at(moment, authorization)) > _LARGEST_SKEW:
        raise errors.too_skewed()
    _check_content_hash(request)
    secret = ram.secret(authorization.access_key_id)
    _check_signature(request, target, authorization, moment, secret)
    return authorization.access_key_id, region


def _check_url(
    request: Request, target: Target, ram: RamState, known_regions: Collection[str]
) -> tuple[str, str]:
    """The same of a signed URL, which is good until it expires, for a week at most."""
    asked = request.params
    given = {name: asked.get(f"x-oss-{name}", "") for name in ("credential", "signature")}
    more = asked.get("x-oss-additional-headers")
    try:
        authorization = signature.parse(
            f"{asked.get('x-oss-signature-version')} Credential={given['credential']},"
            f"Signature={given['signature']}" + (f",AdditionalHeaders={more}" if more else "")
        )
    except signature.MalformedError as error:
        raise errors.invalid_authorization(str(error)) from error
    if request.headers.get("Authorization"):
        raise errors.invalid_authorization("URL that is signed beside what is")
    region = _region(authorization, target, known_regions)
    moment, seconds = asked.get("x-oss-date", ""), asked.get("x-oss-expires", "")
    if not _EXPIRES.fullmatch(seconds) or int(seconds) > _LONGEST_URL:
        raise errors.invalid_argument("x-oss-expires", seconds)
    age = time.time() - _signed_at(moment, authorization)
    if age < -_LARGEST_SKEW:
        raise errors.too_skewed()
    if age > int(seconds):
        raise errors.expired()
    pairs = [pair for pair in request.query.split("&") if not pair.startswith("x-oss-signature=")]
    unsigned = dataclasses.replace(request, query="&".join(pairs))
    secret = ram.secret(authorization.access_key_id)
    _check_signature(unsigned, target, authorization, moment, secret)
    return authorization.access_key_id, region


def _region(
    authorization: signature.Authorization, target: Target, known_regions: Collection[str]
) -> str:
    region = regions.region_id(authorization.region)
    if region not in known_regions or region != (target.region or region):
        raise errors.signing_region()
    return region


def _check_v1(request: Request, target: Target, ram: RamState) -> str:
    """The key that signed. Such a signature is for no region."""
    moment = request.headers.get("x-oss-date", request.headers.get("Date"))
    try:
        recent = is_recent(moment)
    except (TypeError, ValueError) as error:
        raise errors.invalid_argument("Date", moment) from error
    if not recent:
        raise errors.too_skewed()
    key_id, given = credential(request, "OSS")
    to_sign = signature.v1_string_to_sign(request, target.resource)
    if not hmac.compare_digest(signature.v1_sign(ram.secret(key_id), to_sign), given.encode()):
        raise errors.signature_mismatch(key_id, given, to_sign)
    return key_id


def _signed_at(moment: str, authorization: signature.Authorization) -> float:
    try:
        signed_at = datetime.datetime.strptime(f"{moment}+0000", f"{_DATE_FORMAT}%z")
    except ValueError as error:
        raise errors.invalid_argument("x-oss-date", moment) from error
    if authorization.date != moment[:8]:
        raise errors.invalid_authorization("signing date")
    return signed_at.timestamp()


def _check_content_hash(request: Request) -> None:
    # The only value there is: the signature never covers a body.
    content_hash = request.headers.get("x-oss-content-sha256")
    if content_hash != signature.UNSIGNED_PAYLOAD:
        raise errors.invalid_argument("x-oss-content-sha256", content_hash)


def _check_signature(
    request: Request,
    target: Target,
    authorization: signature.Authorization,
    moment: str,
    secret: str,
) -> None:
    canonical = signature.canonical_request(request, target.resource, authorization.additional)
    to_sign = signature.string_to_sign(authorization, moment, canonical)
    expected = signature.sign(secret, authorization, to_sign)
    if not hmac.compare_digest(expected.encode(), authorization.signature.encode()):
        raise errors.signature_mismatch(
            authorization.access_key_id,
            authorization.signature,
            to_sign,
            canonical.decode("latin-1"),
        )
