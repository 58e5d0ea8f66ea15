"""The floor: the product's four requests with the standard library alone, signed by hand.

As fast as Python gets without giving up what the repair proves: one TLS context, one connection a
bucket, as many threads as FLOOR_THREADS says, the day's signing key made once. It knows no error
but to stop: what a product must do about trouble is not in it.
"""

import hashlib
import hmac
import http.client
import json
import os
import queue
import ssl
import threading
import time
from typing import Any

_context: ssl.SSLContext | None = None
_UNSIGNED = "UNSIGNED-PAYLOAD"


def handler(event: bytes, context: Any) -> str:
    """Close every bucket of our rule, and prove it; raises RuntimeError if not."""
    rule_id = os.environ["RULE_ID"]
    items = [item for item in json.loads(event) if item["configRuleId"] == rule_id]
    work: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    for item in items:
        work.put(item)
    signer = _Signer(context.credentials)
    failures: list[BaseException] = []
    threads = [
        threading.Thread(target=_work, args=(work, signer, _tls(), failures))
        for _ in range(min(int(os.environ["FLOOR_THREADS"]), len(items)))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise RuntimeError(f"{len(failures)} threads stopped") from failures[0]
    return "success"


def _tls() -> ssl.SSLContext:
    global _context  # noqa: PLW0603  (one parse of the certificates for a process)
    if _context is None:
        authorities = os.path.join(os.path.dirname(__file__), "cacert.pem")  # noqa: PTH118, PTH120
        _context = ssl.create_default_context(cafile=authorities)
    return _context


def _work(
    work: "queue.SimpleQueue[dict[str, Any]]",
    signer: "_Signer",
    tls: ssl.SSLContext,
    failures: list[BaseException],
) -> None:
    try:
        while True:
            try:
                item = work.get_nowait()
            except queue.Empty:
                return
            _close(item["resourceId"], item["regionId"], signer, tls)
    except Exception as error:  # told by the thread that waits
        failures.append(error)


def _close(bucket: str, region: str, signer: "_Signer", tls: ssl.SSLContext) -> None:
    endpoint = os.environ["OSS_ENDPOINT"].replace("{region}", region)
    host = f"{bucket}.{endpoint.removeprefix('https://')}"
    connection = http.client.HTTPSConnection(host, context=tls, timeout=30)

    def ask(method: str, query: str, **oss_headers: str) -> bytes:
        headers = signer.headers(method, bucket, region, query, oss_headers)
        connection.request(method, f"/?{query}", headers=headers)
        response = connection.getresponse()
        body = response.read()
        if response.status != http.client.OK:
            raise RuntimeError(f"{bucket}: {method} {query}: {response.status}")
        return body

    before = ask("GET", "bucketInfo")
    if _text(before, b"Grant") != b"private":
        ask("PUT", "acl", acl="private")
        after = ask("GET", "bucketInfo")
        same = _text(before, b"CreationDate") == _text(after, b"CreationDate")
        if not same or _text(after, b"Grant") != b"private":
            raise RuntimeError(f"{bucket} was not closed")
    if _text(ask("GET", "policyStatus"), b"IsPublic") != b"false":
        raise RuntimeError(f"{bucket} is public by its policy")
    connection.close()


def _text(document: bytes, element: bytes) -> bytes:
    return document.partition(b"<" + element + b">")[2].partition(b"<")[0]


class _Signer:
    """OSS's signature V4 in a header; keeps the signing key of a day and region."""

    def __init__(self, credentials: Any) -> None:
        self._key_id = credentials.access_key_id
        self._secret = credentials.access_key_secret
        self._token = credentials.security_token
        self._keys: dict[str, bytes] = {}

    def headers(
        self, method: str, bucket: str, region: str, query: str, oss_headers: dict[str, str]
    ) -> dict[str, str]:
        """The headers of a request, its signature among them."""
        moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        headers = {f"x-oss-{name}": value for name, value in oss_headers.items()}
        headers["x-oss-content-sha256"] = _UNSIGNED
        headers["x-oss-date"] = moment
        headers["x-oss-security-token"] = self._token
        signed = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
        canonical = f"{method}\n/{bucket}/\n{query}\n{signed}\n\n{_UNSIGNED}"
        scope = f"{moment[:8]}/{region}/oss/aliyun_v4_request"
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        to_sign = f"OSS4-HMAC-SHA256\n{moment}\n{scope}\n{digest}"
        signature = hmac.digest(self._key(scope), to_sign.encode(), "sha256").hex()
        headers["Authorization"] = (
            f"OSS4-HMAC-SHA256 Credential={self._key_id}/{scope},Signature={signature}"
        )
        return headers

    def _key(self, scope: str) -> bytes:
        if scope not in self._keys:
            key = f"aliyun_v4{self._secret}".encode()
            for part in scope.split("/"):
                key = hmac.digest(key, part.encode(), "sha256")
            self._keys[scope] = key
        return self._keys[scope]
