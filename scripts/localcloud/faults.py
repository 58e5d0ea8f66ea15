"""Bad days to order: make the next n calls of an operation fail, stall, drop or lag.

cloud.faults.add("oss:PutBucketAcl", Fail(503, "ServiceUnavailable"), times=2)
cloud.faults.add("oss:GetBucketInfo", Stall(5), subject="config-snapshot")
cloud.faults.add("oss:PutBucketAcl", Drop())          # applied, but never answered
cloud.faults.add("oss:PutBucketAcl", Lag(reads=3))    # read-back shows the old ACL three times
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from .rewinding import Rewindable


@dataclass(frozen=True)
class Fail:
    """Answer with this error, in the service's own format, and apply nothing.

    `fields` are more of its body, as far as the service's format has such: `EC`, `Endpoint` or
    `AccessDeniedDetail` of OSS.
    """

    status: int
    code: str
    message: str = "injected by the local cloud"
    fields: Mapping[str, str | Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Stall:
    """Hold the request for so many real seconds (or until the cloud stops), then serve it."""

    seconds: float


@dataclass(frozen=True)
class Hold:
    """Hold the request until `released` is set (or the cloud stops), then serve it."""

    released: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True)
class Drop:
    """Close the connection without an answer: after applying the call, or instead of it."""

    applied: bool = True


@dataclass(frozen=True)
class Lag:
    """Apply the write, but let the next `reads` reads of its subject show the state before it."""

    reads: int


# What can be late to show.
LAGGING = frozenset(
    {
        *(
            "oss:PutBucketAcl",
            "oss:PutBucketPublicAccessBlock",
            "oss:DeleteBucketPublicAccessBlock",
            "oss:PutBucketEncryption",
            "oss:DeleteBucketEncryption",
            "oss:PutBucketPolicy",
            "oss:DeleteBucketPolicy",
        ),
        *("log:GetLogStoreLogs", "log:GetLogStoreHistogram"),
        *("config:CreateConfigRule", "config:DeleteConfigRules"),
    }
)

Fault = Fail | Stall | Hold | Drop | Lag


@dataclass
class Order:
    """A fault that was ordered: `met` is set once a call has suffered it.

    One that nobody met has proved nothing. `may_be_unmet` is said where that is as it should be.
    """

    operation: str
    subject: str
    fault: Fault
    left: int
    may_be_unmet: bool = False
    met: threading.Event = field(default_factory=threading.Event)

    def __str__(self) -> str:
        subject = f" of {self.subject}" if self.subject else ""
        return f"{type(self.fault).__name__} at {self.operation}{subject}"


class Faults(Rewindable):
    """The faults ordered and not yet used up."""

    def __init__(self) -> None:
        self._orders: list[Order] = []
        self._lock = threading.Lock()

    def add(
        self,
        operation: str,
        fault: Fault,
        *,
        subject: str = "",
        times: int = 1,
        may_be_unmet: bool = False,
    ) -> Order:
        """Order `fault` for the next `times` calls of `operation` (on `subject`, if given)."""
        order = Order(operation, subject, fault, times, may_be_unmet)
        with self._lock:
            self._orders.append(order)
        return order

    def take(self, operation: str, subject: str) -> Fault | None:
        """The fault that this call must suffer, counted as used; None for a good day."""
        with self._lock:
            for order in self._orders:
                if order.operation != operation or order.subject not in ("", subject):
                    continue
                order.met.set()
                order.left -= 1
                if order.left <= 0:
                    self._orders.remove(order)
                return order.fault
        return None

    def orders(self) -> list[Order]:
        """Those not used up."""
        with self._lock:
            return list(self._orders)

    def clear(self) -> None:
        """Cancel every fault not yet used."""
        with self._lock:
            self._orders.clear()
