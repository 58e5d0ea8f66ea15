"""Who signed a request to Log Service: page "Request signatures", both of its versions.

V1: `Authorization: LOG <access key id>:<base64 of an HMAC>` over the method, the headers
Content-MD5, Content-Type and Date, the x-log- and x-acs- headers by name, the path and the sorted
query. (The page has HMAC-SHA1; one SDK signs with HMAC-SHA256 and says so in
x-log-signaturemethod.) x-log-date stands beside Date, for proxies that take that away, and is not
signed: so aliyun-log-python-sdk has it.

V4: `Authorization: SLS4-HMAC-SHA256 Credential=<access key id>/<scope>,Signature=<hex>`.
"""

import base64
import email.utils
import hashlib
import hmac
import re
from collections.abc import Callable
from datetime import datetime, timezone
from typing import NamedTuple
from urllib.parse import quote

from .. import signed
from ..http import Request
from ..ram.state import CredentialsRefusedError, Principal, RamState, Refusal
from ..service import ApiError

_METHODS = {"hmac-sha1": "sha1", "hmac-sha256": "sha256"}
_V4 = "SLS4-HMAC-SHA256"
_V4_PAIR = re.compile(
    r"Credential=(?P<key>[^/,]+)/(?P<scope>(?P<day>\d{8})/(?P<region>[^/,]*)/sls/aliyun_v4_request)"
    r",Signature=(?P<signature>[0-9a-f]{64})"
)
# Page "Common error codes": one code for all of them, and for a missing permission too.
_REFUSALS = {
    Refusal.UNKNOWN_KEY: "AccessKeyId not found: {}",
    Refusal.TOKEN_INVALID: "The security token you provided is invalid.",
    Refusal.TOKEN_EXPIRED: "The security token you provided has expired.",
}


class _Claim(NamedTuple):
    """Whose request it is said to be, when and over which body, and how a secret proves it."""

    key_id: str
    signature: str
    date: str  # as RFC 822 has it
    digest: str
    digest_of_body: str
    sign: Callable[[str], str]


def authenticate(request: Request, ram: RamState, region: str) -> Principal:
    """Who signed the request; raises ApiError for nobody known."""
    scheme, _, rest = request.headers.get("Authorization").partition(" ")
    claim = _claim_v4(request, rest, region) if scheme == _V4 else _claim_v1(request)
    try:
        wanted = claim.sign(ram.secret(claim.key_id))
        if not hmac.compare_digest(wanted.encode(), claim.signature.encode()):
            raise _no_match(claim.signature)
        _check(claim)
        return ram.authenticate(claim.key_id, request.headers.get("x-acs-security-token"))
    except CredentialsRefusedError as error:
        message = _REFUSALS[error.refusal].format(claim.key_id)
        raise ApiError(401, "Unauthorized", message) from error


def _claim_v1(request: Request) -> _Claim:
    headers = request.headers
    key_id, given = signed.credential(request, "LOG")
    if not given:
        raise ApiError(400, "MissAccessKeyId", "x-log-accesskeyid does not exist in header.")
    method = headers.get("x-log-signaturemethod")
    if method not in _METHODS:
        message = f"signature method {method} is unsupported."
        raise ApiError(400, "InvalidSignatureMethod", message)
    date = headers.get("Date") or headers.get("x-log-date")
    own = sorted(n for n in headers if n.startswith(("x-log-", "x-acs-")) and n != "x-log-date")
    query = "&".join(f"{name}={value}" for name, value in sorted(request.params.items()))
    path = "/" + "/".join(request.segments)
    text = "\n".join(
        [
            request.method,
            headers.get("Content-MD5"),
            headers.get("Content-Type"),
            date,
            *(f"{name}:{headers.get(name)}" for name in own),
            f"{path}?{query}" if query else path,
        ]
    )

    def sign(secret: str) -> str:
        digest = hmac.new(secret.encode(), text.encode(), _METHODS[method]).digest()
        return base64.b64encode(digest).decode()

    md5 = hashlib.md5(request.body, usedforsecurity=False).hexdigest().upper()
    digest = md5 if request.body else ""
    return _Claim(key_id, given, date, headers.get("Content-MD5"), digest, sign)


def _claim_v4(request: Request, pair: str, region: str) -> _Claim:
    """Guessed: that another region than the project's does not match."""
    headers = request.headers
    found = _V4_PAIR.fullmatch(pair)
    if found is None:
        message = f"Http extend authorization : {pair} is invalid."
        raise ApiError(400, "ParameterInvalid", message)
    date, given = headers.get("x-log-date"), headers.get("x-log-content-sha256")
    if found["region"] != region or not date.startswith(found["day"]):
        raise _no_match(found["signature"])
    own = sorted(
        name
        for name in headers
        if name in ("host", "content-type") or name.startswith(("x-log-", "x-acs-"))
    )
    query = "&".join(
        f"{name}={quote(value, safe='~')}" if value else name
        for name, value in sorted(request.params.items())
    )
    text = "\n".join(
        [
            request.method,
            "/" + "/".join(request.segments),
            query,
            *(f"{name}:{headers.get(name).strip()}" for name in own),
            "",
            ";".join(own),
            given,
        ]
    )
    hashed = hashlib.sha256(text.encode()).hexdigest()

    def sign(secret: str) -> str:
        key = f"aliyun_v4{secret}".encode()
        for part in (found["day"], found["region"], "sls", "aliyun_v4_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        return hmac.digest(
            key, "\n".join([_V4, date, found["scope"], hashed]).encode(), "sha256"
        ).hex()

    digest = hashlib.sha256(request.body).hexdigest()
    return _Claim(found["key"], found["signature"], _rfc822(date), given, digest, sign)


def _rfc822(date: str) -> str:
    """A date as V4 has it, as V1 does; what is no date stays what it is."""
    try:
        moment = datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
    except ValueError:
        return date
    return email.utils.format_datetime(moment)


def _check(claim: _Claim) -> None:
    """That it was signed just now, with the body that it has; raises ApiError."""
    try:
        recent = signed.is_recent(claim.date)
    except ValueError:
        message = f"Request time {claim.date} does not follow RFC822 spec."
        raise ApiError(400, "InvalidRequestTime", message) from None
    if not recent:
        message = f"Request time {claim.date} has been expired: it is more than 15 minutes off."
        raise ApiError(400, "RequestTimeExpired", message)
    if claim.digest != claim.digest_of_body:
        # Guessed: this code.
        raise ApiError(400, "PostBodyInvalid", "the digest in the header is not the body's.")


def _no_match(signature: str) -> ApiError:
    return ApiError(401, "SignatureNotMatch", f"signature {signature} not match")
