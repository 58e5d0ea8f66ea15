"""Signatures in a request's header: what is signed, and with what.

Pages "Include a V4 signature in the Authorization header" and, of version 1, "Include signatures in
the Authorization header"; so do the SDKs. Nothing in here knows who may do what: it turns a request
and a secret into a signature.
"""

import base64
import hashlib
import hmac
import urllib.parse
from typing import NamedTuple

from ..http import Headers, Request
from ..table import words

ALGORITHM = "OSS4-HMAC-SHA256"
UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"

_PRODUCT = "oss"
_TERMINATOR = "aliyun_v4_request"
_ALWAYS_SIGNED = ("content-type", "content-md5")


# Of the names that are known here, as oss2 has them.
_V1_SIGNED = words(
    "acl bucketInfo cname continuation-token encryption location objectMeta policy policyStatus"
    " publicAccessBlock tagging website"
)


class MalformedError(ValueError):
    """An Authorization header that is not one of version 4; `str()` names what is wrong."""


class Authorization(NamedTuple):
    """An Authorization header's parts; `additional` are the further headers signed, sorted."""

    access_key_id: str
    date: str
    region: str
    additional: list[str]
    signature: str

    @property
    def scope(self) -> str:
        """What the signing key is good for."""
        return f"{self.date}/{self.region}/{_PRODUCT}/{_TERMINATOR}"


def parse(header: str) -> Authorization:
    """The parts of `header`; raises MalformedError."""
    algorithm, _, rest = header.partition(" ")
    if algorithm != ALGORITHM:
        raise MalformedError("signature version")
    pairs = [part.strip().partition("=") for part in rest.split(",")]
    fields = {name: value for name, _, value in pairs}
    known = {"Credential", "Signature", "AdditionalHeaders"}
    if len(fields) != len(pairs) or not fields.keys() <= known:
        raise MalformedError("field")
    if not all(fields.values()):
        raise MalformedError("empty field")
    if not {"Credential", "Signature"} <= fields.keys():
        raise MalformedError("number of fields")
    credential = fields["Credential"].split("/")
    if credential[3:] != [_PRODUCT, _TERMINATOR] or not all(credential):
        raise MalformedError("credential")
    key_id, date, region = credential[:3]
    additional = {name.lower() for name in fields.get("AdditionalHeaders", "").split(";") if name}
    return Authorization(key_id, date, region, sorted(additional), fields["Signature"])


def canonical_request(request: Request, resource: str, additional: list[str]) -> bytes:
    """The request in the one form that is signed; `resource` is `/bucket/key`, not encoded.

    The key is signed with the bucket before it however the bucket was addressed, and a header's
    value as the bytes that came: HTTP's header text is latin-1.
    """
    head = [request.method, urllib.parse.quote(resource), _canonical_query(request.query)]
    headers = _canonical_headers(request.headers, additional)
    tail = [";".join(additional), request.headers.get("x-oss-content-sha256", UNSIGNED_PAYLOAD)]
    return b"\n".join(["\n".join(head).encode(), headers, "\n".join(tail).encode()])


def string_to_sign(authorization: Authorization, moment: str, canonical: bytes) -> str:
    """What the signing key signs; `moment` is the header x-oss-date."""
    digest = hashlib.sha256(canonical).hexdigest()
    return "\n".join([ALGORITHM, moment, authorization.scope, digest])


def sign(secret: str, authorization: Authorization, to_sign: str) -> str:
    """The signature, in lower-case hexadecimal."""
    key = f"aliyun_v4{secret}".encode()
    for part in authorization.scope.split("/"):
        key = _hmac(key, part)
    return _hmac(key, to_sign).hex()


def v1_string_to_sign(request: Request, resource: str) -> str:
    """What version 1 signs: of the query only some names, most of which make an operation.

    The header x-oss-date stands in place of Date, too, as ali-oss signs it.
    """
    names = sorted(name for name in request.headers if name.startswith("x-oss-"))
    own = "".join(f"{name}:{request.headers.get(name).strip()}\n" for name in names)
    pairs = sorted(pair for pair in request.params.items() if pair[0] in _V1_SIGNED)
    query = "&".join(f"{name}={value}" if value else name for name, value in pairs)
    head = [request.headers.get(name) for name in ("Content-MD5", "Content-Type")]
    head.append(request.headers.get("x-oss-date", request.headers.get("Date")))
    return "\n".join([request.method, *head, f"{own}{resource}"]) + (f"?{query}" if query else "")


def v1_sign(secret: str, to_sign: str) -> bytes:
    """The signature, in base64."""
    digest = hmac.new(secret.encode(), to_sign.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest)


def _canonical_query(query: str) -> str:
    pairs = [pair.partition("=") for pair in query.split("&") if pair]
    encoded = sorted((_recoded(name), _recoded(value)) for name, _, value in pairs)
    return "&".join(f"{name}={value}" if value else name for name, value in encoded)


def _recoded(encoded: str) -> str:
    # Clients encode what they like, and a space as a plus; the canonical form leaves no choice.
    raw = urllib.parse.unquote_to_bytes(encoded.replace("+", " "))
    return urllib.parse.quote(raw, safe="")


def _canonical_headers(headers: Headers, additional: list[str]) -> bytes:
    signed = sorted(
        name
        for name in headers
        if name.startswith("x-oss-") or name in _ALWAYS_SIGNED or name in additional
    )
    text = "".join(f"{name}:{headers.get(name).strip()}\n" for name in signed)
    return text.encode("latin-1", "replace")


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()
