"""Who signed an RPC-style request: both signature versions, verified byte for byte.

Pages "V3 request body and signature mechanism" and "V2 RPC request body and signature mechanism".
"""

import base64
import datetime
import hashlib
import hmac
import re
import time
import urllib.parse
from collections.abc import Iterable

from .http import Request
from .ram.state import CredentialsRefusedError, Principal, RamState, Refusal
from .service import ApiError

ALGORITHM = "ACS3-HMAC-SHA256"
FORM = "application/x-www-form-urlencoded"

_CREDENTIAL = re.compile(
    rf"{ALGORITHM} Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{{64}})"
)
_CLOCK_SKEW = 15 * 60

# Documented in the common error codes of RPC-style services, STS's page "Error codes" included.
_REFUSALS = {
    Refusal.UNKNOWN_KEY: (404, "InvalidAccessKeyId.NotFound", "Specified access key is not found."),
    Refusal.TOKEN_INVALID: (
        400,
        "InvalidSecurityToken.MismatchWithAccessKey",
        "Specified SecurityToken mismatch with the AccessKey.",
    ),
    Refusal.TOKEN_EXPIRED: (
        400,
        "InvalidSecurityToken.Expired",
        "Specified SecurityToken is expired.",
    ),
}


def authenticate(request: Request, ram: RamState) -> Principal:
    """Who signed `request`, in whichever of the two versions; raises ApiError for nobody known."""
    if request.headers.get("Authorization"):
        return authenticate_acs3(request, ram)
    return _authenticate_rpc(request, ram)


def authenticate_acs3(request: Request, ram: RamState) -> Principal:
    """Who signed `request` with ACS3-HMAC-SHA256 (version 3); raises ApiError for nobody known."""
    match = _CREDENTIAL.fullmatch(request.headers.get("Authorization"))
    if match is None:
        raise _incomplete(f"The Authorization header is not one of {ALGORITHM}.")
    key_id, signed, signature = match.groups()
    secret = _secret(key_id, ram)
    names = signed.split(";")
    unsigned = sorted({h for h in request.headers if h.startswith("x-acs-")} - set(names))
    if unsigned:
        raise _incomplete(f"These headers must be signed: {', '.join(unsigned)}.")
    if request.headers.get("x-acs-content-sha256") != hashlib.sha256(request.body).hexdigest():
        raise _mismatch("x-acs-content-sha256 is not the SHA-256 of the body.")
    canonical = _canonical_request(request, names)
    to_sign = f"{ALGORITHM}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    expected = hmac.new(secret.encode(), to_sign.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, signature):
        raise _mismatch(f"Server CanonicalRequest is:{canonical}")
    _check_date(request.headers.get("x-acs-date"))
    return _holder(key_id, request.headers.get("x-acs-security-token"), ram)


def parameters(request: Request) -> dict[str, str]:
    """The parameters of an RPC-style request: its query and, if it has one, its form."""
    form = request.body.decode("utf-8", "replace") if is_form(request) else ""
    return request.params | dict(_pairs(form))


def is_form(request: Request) -> bool:
    """Whether the body of a request says that it is a form."""
    return request.headers.get("Content-Type").startswith(FORM)


def _authenticate_rpc(request: Request, ram: RamState) -> Principal:
    params = parameters(request)
    key_id, signature = params.get("AccessKeyId", ""), params.pop("Signature", "")
    if not key_id or not signature:
        raise _incomplete("The request has neither an Authorization header nor a Signature.")
    if params.get("SignatureMethod") != "HMAC-SHA1" or not params.get("SignatureNonce"):
        raise _incomplete("SignatureMethod must be HMAC-SHA1 and SignatureNonce must be given.")
    secret = _secret(key_id, ram)
    to_sign = f"{request.method}&%2F&{_quote(_canonical_query(params.items()))}"
    digest = hmac.new(f"{secret}&".encode(), to_sign.encode(), hashlib.sha1).digest()
    if not hmac.compare_digest(base64.b64encode(digest), signature.encode()):
        raise _mismatch(f"server string to sign is:{to_sign}")
    _check_date(params.get("Timestamp", ""))
    return _holder(key_id, params.get("SecurityToken", ""), ram)


def _canonical_request(request: Request, signed: Iterable[str]) -> str:
    names = sorted(signed)
    headers = "".join(f"{name}:{request.headers.get(name).strip()}\n" for name in names)
    query = _canonical_query(_pairs(request.query))
    content = request.headers.get("x-acs-content-sha256")
    return "\n".join([request.method, request.path, query, headers, ";".join(names), content])


def _canonical_query(pairs: Iterable[tuple[str, str]]) -> str:
    return "&".join(f"{_quote(name)}={_quote(value)}" for name, value in sorted(pairs))


def _quote(text: str) -> str:
    return urllib.parse.quote(text, safe="~")


def _pairs(encoded: str) -> list[tuple[str, str]]:
    return urllib.parse.parse_qsl(encoded, keep_blank_values=True)


def _check_date(text: str) -> None:
    # Against the real hour: the client's clock does not move when a test advances the cloud's.
    try:
        stamp = datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S%z")
    except ValueError:
        raise ApiError(400, "InvalidTimeStamp.Format", f"{text!r} is not a time stamp.") from None
    if abs(time.time() - stamp.timestamp()) > _CLOCK_SKEW:
        raise ApiError(
            400, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired."
        )


def _secret(key_id: str, ram: RamState) -> str:
    try:
        return ram.secret(key_id)
    except CredentialsRefusedError as error:
        raise _not_honoured(error) from error


def _holder(key_id: str, token: str, ram: RamState) -> Principal:
    try:
        return ram.authenticate(key_id, token)
    except CredentialsRefusedError as error:
        raise _not_honoured(error) from error


def _not_honoured(error: CredentialsRefusedError) -> ApiError:
    if error.disabled:
        # Page "FAQ about RAM roles and STS tokens". Guessed: the status.
        return ApiError(403, "InvalidAccessKeyId.Inactive", "Specified access key is disabled.")
    return ApiError(*_REFUSALS[error.refusal])


def _incomplete(why: str) -> ApiError:
    return ApiError(400, "IncompleteSignature", why)


def _mismatch(why: str) -> ApiError:
    # Guessed: that a wrong content hash has no code of its own.
    return ApiError(
        400,
        "SignatureDoesNotMatch",
        f"Specified signature is not matched with our calculation. {why}",
    )
