"""What is known of a call to which nothing came back that could be read: host and reason."""

import socket
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

from alibabacloud_credentials.exceptions import CredentialException
from Tea.exceptions import TeaException

from scripts.account.addresses import is_loopback

REFUSES = "refuses connections"
LEADS_NOWHERE = "is a name that leads nowhere"

_DEEPEST = 12  # causes of causes
_OF_OTHER_SDKS = ("RequestError", "MNSClientNetworkException")  # OSS's and that of MNS's messages


class NoAnswer(NamedTuple):
    """`host` (with its port) is empty where the SDK does not tell; `reached` if it took a call."""

    host: str
    reason: str
    reached: bool

    def advice(self) -> str:
        """What happened, and what to do about it, for people."""
        told = f"{self.host or 'the host'} {self.reason}"
        if is_loopback(self.host.partition(":")[0]) and not self.reached:
            return f"{told}: no local cloud is up there; start it, or unset its endpoints"
        return f"{told}: check the network and the endpoint, and run again"


def is_silence(error: Exception) -> bool:
    """Whether an SDK's error tells that nothing came back, and not that it was refused."""
    if type(error).__name__ in _OF_OTHER_SDKS:
        return True
    told = getattr(error, "data", None) or {}
    known = told.get("Code") or told.get("ErrorCode") or getattr(error, "code", None)
    return (
        isinstance(error, TeaException)
        and not known
        and not isinstance(getattr(error, "inner_exception", None), CredentialException)
    )


def of(error: BaseException) -> NoAnswer:
    """What an SDK's error tells of it, by what it was caused by."""
    host, reason, reached = "", "gave no answer", True
    for cause in _causes(error):
        url = getattr(getattr(cause, "request", None), "url", None)
        host = host or _host(str(url or ""))
        if isinstance(cause, ConnectionRefusedError):
            return NoAnswer(host, REFUSES, reached=False)
        kind = type(cause).__name__
        if isinstance(cause, socket.gaierror) or kind == "NameResolutionError":
            return NoAnswer(host, LEADS_NOWHERE, reached=False)
        if kind in ("ConnectTimeoutError", "ConnectTimeout"):
            reason, reached = "cannot be reached in time", False
        elif kind in ("ReadTimeoutError", "ReadTimeout", "timeout", "TimeoutError") and reached:
            reason = "gave no answer in time"
        elif isinstance(cause, OSError) and cause.strerror and reached:
            reason = f"gave no answer ({cause.strerror})"
        elif kind in ("SSLError", "SSLCertVerificationError"):
            reason, reached = "does not prove who it is", False
    return NoAnswer(host, reason, reached)


def _host(url: str) -> str:
    """Host and port; of a local cloud without the project that Log Service's client puts before."""
    host = urlsplit(url).netloc
    local = ".".join(host.split(".")[-4:])
    return local if is_loopback(local.partition(":")[0]) else host


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what led to it, as the SDKs hang them together."""
    seen: list[BaseException] = []
    left: list[object] = [error]
    while left and len(seen) < _DEEPEST:
        each = left.pop(0)
        if not isinstance(each, BaseException) or any(each is other for other in seen):
            continue
        seen.append(each)
        yield each
        left += [getattr(each, "inner_exception", None), getattr(each, "exception", None)]
        left += [each.__cause__, each.__context__, getattr(each, "reason", None), *each.args]
