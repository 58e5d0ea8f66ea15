"""Who signed a request of MNS's XML interface (page "Sign requests")."""

import base64
import binascii
import hashlib
import hmac
import re

from .. import signed
from ..http import Request
from ..ram.state import CredentialsRefusedError, Principal, RamState, Refusal
from ..service import ApiError

_AUTHORIZATION = re.compile(r"MNS ([^:\s]+):(\S+)")

# Guessed: the codes for tokens, which the page "Error codes" does not list, and which of its two
# codes for keys is used.
_REFUSALS = {
    Refusal.UNKNOWN_KEY: (
        "AccessIDAuthError",
        "AccessID authentication fail, please check your AccessID and retry.",
    ),
    Refusal.TOKEN_INVALID: ("InvalidSecurityToken", "The security token is not the key's."),
    Refusal.TOKEN_EXPIRED: ("SecurityTokenExpired", "The security token has expired."),
}


def authenticate(request: Request, ram: RamState) -> Principal:
    """Who signed `request`; raises ApiError for nobody known, a wrong digest or a stale date."""
    key_id, signature = _authorization(request)
    date = _date(request)
    if not date:
        raise ApiError(400, "MissingDateHeader", "Date header is required.")
    try:
        secret = ram.secret(key_id)
        expected = hmac.new(secret.encode(), _string_to_sign(request).encode(), hashlib.sha1)
        if not hmac.compare_digest(base64.b64encode(expected.digest()), signature.encode()):
            raise ApiError(
                403,
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided. "
                "Check your key and signing method.",
            )
        principal = ram.authenticate(key_id, request.headers.get("security-token"))
    except CredentialsRefusedError as error:
        raise ApiError(403, *_REFUSALS[error.refusal]) from error
    _check_date(date)
    _check_digest(request)
    return principal


def _authorization(request: Request) -> tuple[str, str]:
    header = request.headers.get("Authorization")
    if not header:
        raise ApiError(400, "MissingAuthorizationHeader", "Authorization header is required.")
    match = _AUTHORIZATION.fullmatch(header)
    if match is None:
        raise ApiError(
            400, "InvalidAuthorizationHeader", "The Authorization header format is invalid."
        )
    return match[1], match[2]


def _string_to_sign(request: Request) -> str:
    headers = request.headers
    own = "".join(
        f"{name}:{value}\n" for name, value in sorted(headers.items()) if name.startswith("x-mns-")
    )
    resource = f"{request.path}?{request.query}" if request.query else request.path
    signed = [headers.get("Content-MD5"), headers.get("Content-Type"), _date(request)]
    return "\n".join([request.method, *signed, own + resource])


def _date(request: Request) -> str:
    """When it was signed: page "Common parameters" lets x-mns-date stand for Date."""
    return request.headers.get("Date") or request.headers.get("x-mns-date")


def _check_date(text: str) -> None:
    try:
        recent = signed.is_recent(text)
    except ValueError:
        raise ApiError(400, "InvalidDateHeader", "The Date header format is invalid.") from None
    if not recent:
        raise ApiError(408, "TimeExpired", "The http request you sent is expired.")


def _check_digest(request: Request) -> None:
    """Content-MD5 is base64 of the digest, or, from the Python SDK, of its hexadecimal form."""
    header = request.headers.get("Content-MD5")
    if not header:
        return
    digest = hashlib.md5(request.body, usedforsecurity=False)
    try:
        given = base64.b64decode(header, validate=True)
    except binascii.Error:
        given = b""
    if given not in (digest.digest(), digest.hexdigest().encode()):
        raise ApiError(400, "InvalidDegist", "The Content-MD5 you specified is invalid.")
