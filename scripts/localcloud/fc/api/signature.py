"""Who signed a request of API version 2016-08-15: page "Signature authentication".

`Authorization: FC <access key id>:<base64 of HMAC-SHA256>` over the method, the headers
Content-MD5, Content-Type and Date, all x-fc- headers by name, and the decoded path.
"""

import base64
import hashlib
import hmac
import urllib.parse

from ... import signed
from ...http import Request
from ...ram.state import CredentialsRefusedError, Principal, RamState, Refusal
from ..errors import FcError

_REFUSALS = {
    Refusal.UNKNOWN_KEY: "InvalidAccessKeyID",
    Refusal.TOKEN_INVALID: "InvalidSecurityToken",
    Refusal.TOKEN_EXPIRED: "SecurityTokenExpired",
}


def authenticate(request: Request, ram: RamState) -> Principal:
    """Who signed the request; raises FcError for nobody known."""
    key_id, given = signed.credential(request, "FC")
    if not given:
        raise FcError("MissingRequiredHeader", "Authorization must be FC <key>:<signature>")
    try:
        wanted = sign(request, ram.secret(key_id))
        if not hmac.compare_digest(wanted.encode(), given.encode()):
            text = string_to_sign(request)
            raise FcError("SignatureNotMatch", f"the signature does not match: signed is {text!r}")
        _check_date(request.headers.get("Date"))
        return ram.authenticate(key_id, request.headers.get("x-fc-security-token"))
    except CredentialsRefusedError as error:
        raise FcError(_REFUSALS[error.refusal], str(error)) from error


def sign(request: Request, secret: str) -> str:
    """The signature that the request must carry."""
    digest = hmac.new(secret.encode(), string_to_sign(request).encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def string_to_sign(request: Request) -> str:
    """What is signed of a request; the query is not (but for HTTP triggers, unknown here)."""
    headers = request.headers
    own = sorted(name for name in headers if name.startswith("x-fc-"))
    return "\n".join(
        [
            request.method,
            headers.get("Content-MD5"),
            headers.get("Content-Type"),
            headers.get("Date"),
            *(f"{name}:{headers.get(name)}" for name in own),
            urllib.parse.unquote(request.path),
        ]
    )


def _check_date(text: str) -> None:
    try:
        recent = signed.is_recent(text)
    except ValueError:
        raise FcError("MissingRequiredHeader", f"Date is not a date: '{text}'") from None
    if not recent:
        raise FcError("RequestTimeTooSkewed", f"Date is more than 15 minutes off: {text}")
