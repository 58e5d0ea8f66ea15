"""Who signed a request to Log Service: page "Request signatures".

`Authorization: LOG <access key id>:<base64 of an HMAC>` over the method, the headers Content-MD5,
Content-Type and Date, all x-log- and x-acs- headers by name, the path and the sorted query.
(The page has HMAC-SHA1; the SDK signs with HMAC-SHA256 and says so in x-log-signaturemethod.)
"""

import base64
import hashlib
import hmac

from scripts.localcloud import signed
from scripts.localcloud.http import Request
from scripts.localcloud.ram.state import CredentialsRefusedError, Principal, RamState, Refusal
from scripts.localcloud.service import ApiError

_METHODS = {"hmac-sha1": "sha1", "hmac-sha256": "sha256"}
# Page "Common error codes": one code for all of them, and for a missing permission too.
_REFUSALS = {
    Refusal.UNKNOWN_KEY: "AccessKeyId not found: {}",
    Refusal.TOKEN_INVALID: "The security token you provided is invalid.",
    Refusal.TOKEN_EXPIRED: "The security token you provided has expired.",
}


def authenticate(request: Request, ram: RamState) -> Principal:
    """Who signed the request; raises ApiError for nobody known."""
    key_id, given = signed.credential(request, "LOG")
    if not given:
        raise ApiError(400, "MissAccessKeyId", "x-log-accesskeyid does not exist in header.")
    method = request.headers.get("x-log-signaturemethod")
    if method not in _METHODS:
        message = f"signature method {method} is unsupported."
        raise ApiError(400, "InvalidSignatureMethod", message)
    try:
        wanted = _sign(request, ram.secret(key_id), _METHODS[method])
        if not hmac.compare_digest(wanted.encode(), given.encode()):
            raise ApiError(401, "SignatureNotMatch", f"signature {given} not match")
        _check(request)
        return ram.authenticate(key_id, request.headers.get("x-acs-security-token"))
    except CredentialsRefusedError as error:
        message = _REFUSALS[error.refusal].format(key_id)
        raise ApiError(401, "Unauthorized", message) from error


def _sign(request: Request, secret: str, digest: str) -> str:
    signed = hmac.new(secret.encode(), _string_to_sign(request).encode(), digest).digest()
    return base64.b64encode(signed).decode()


def _string_to_sign(request: Request) -> str:
    headers = request.headers
    own = sorted(name for name in headers if name.startswith(("x-log-", "x-acs-")))
    query = "&".join(f"{name}={value}" for name, value in sorted(request.params.items()))
    path = "/" + "/".join(request.segments)
    return "\n".join(
        [
            request.method,
            headers.get("Content-MD5"),
            headers.get("Content-Type"),
            headers.get("Date"),
            *(f"{name}:{headers.get(name)}" for name in own),
            f"{path}?{query}" if query else path,
        ]
    )


def _check(request: Request) -> None:
    """That it was signed just now, with the body that it has; raises ApiError."""
    date = request.headers.get("Date")
    try:
        recent = signed.is_recent(date)
    except ValueError:
        message = f"Request time {date} does not follow RFC822 spec."
        raise ApiError(400, "InvalidRequestTime", message) from None
    if not recent:
        message = f"Request time {date} has been expired: it is more than 15 minutes off."
        raise ApiError(400, "RequestTimeExpired", message)
    digest = hashlib.md5(request.body, usedforsecurity=False).hexdigest().upper()
    if request.headers.get("Content-MD5") != (digest if request.body else ""):
        # Guessed: this code.
        raise ApiError(400, "PostBodyInvalid", "Content-MD5 is not the MD5 of the body.")
