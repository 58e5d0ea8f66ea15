"""The ways in which a verb fails, each told in one line."""

import re
from collections.abc import Iterable

NO_ANSWER = "NoUsableAnswer"
# Of ours: what a read says of what was just made, or just deleted.
NOT_SEEN_YET, STILL_THERE = "NotSeenYet", "StillThere"
TOPIC_UNREACHABLE = "DeliveryChannelMnsUnreachable"
DENIED = {"NoPermission", "AccessDenied", "Forbidden", "Forbidden.RAM", "Unauthorized"}
# OSS's other word for it, of a bucket that is there: page of its EC, 0015-00000104.
_DENIED_TOO = {("oss:PutBucketAcl", "BucketAlreadyExists")}
# Log Service has its own words for it (page "Common error codes"), and OSS for its bucket settings.
BUSY = re.compile("Throttl|(?:Read|Write)QuotaExceed|ServerBusy|ConcurrentUpdateBucketFailed")
_NOT_FOUND, _TOO_MANY, _SERVER_ERROR = 404, 429, 500


class UsageError(Exception):
    """It was used wrongly: the message says how to use it."""


class Problem(Exception):  # noqa: N818  (what a verb found, not a fault of its own)
    """It found something wrong: the message says what, and what to do about it."""


class ClientsError(UsageError):
    """Credentials or endpoints that cannot be used as they are set."""


class CloudError(Problem):
    """A call that did not succeed, told in one line: operation, subject, code, what to do.

    Where the call went by a proxy (`proxies.used`), it is told too. `refused` are the actions that
    are not allowed, if it is denied: those that the service named, else the operation. A `final`
    one passes not, since it was tried often enough, or tells who may not. One whose host was not
    `reached` is worth no further try by whoever only asks again, but by whoever waits for long.
    One that is `unmendable` by a statement of a RAM policy says in its advice what mends it.
    """

    def __init__(
        self,
        operation: str,
        subject: str,
        code: str,
        status: int,
        advice: str,
        proxy: str = "",
        *,
        named: Iterable[str] = (),
        final: bool = False,
        reached: bool = True,
        unmendable: bool = False,
    ) -> None:
        way = f" by way of proxy {proxy}" if proxy else ""
        super().__init__(f"{operation} on {subject} failed{way}: {code}; {advice}")
        self.operation = operation
        self.subject = subject
        self.code = code
        self.status = status
        self.refused = tuple(dict.fromkeys(named)) or (operation,)
        self.final = final
        self.reached = reached
        self.unmendable = unmendable

    def may_spread(self, why: str) -> None:
        """Tell besides that it may pass all the same, and why; it was waited for long enough."""
        self.args = (f"{self}; or {why}, and that has not spread yet: run again in some minutes",)
        self.final = True

    def may_be_new(self) -> None:
        """Tell besides that what is not there may be there soon; it was waited for a little."""
        self.args = (f"{self}; or it was made by another run just now: run again in some minutes",)

    @property
    def denied(self) -> bool:
        """Whether it is a permission that is missing."""
        return self.code in DENIED or (self.operation, self.code) in _DENIED_TOO

    @property
    def lacks_statement(self) -> bool:
        """Whether it is denied for want of a statement, which is to be told."""
        return self.denied and not self.unmendable

    @property
    def unanswered(self) -> bool:
        """Whether nothing came back that could be read."""
        return self.code == NO_ANSWER

    @property
    def outage(self) -> bool:
        """Whether it is of the moment, and tells nothing of the account or of what was asked."""
        busy = bool(BUSY.search(self.code)) or self.unanswered
        return busy or self.status == _TOO_MANY or self.status >= _SERVER_ERROR

    @property
    def passes(self) -> bool:
        """Whether it may go well in a while: throttling, an overload, no answer."""
        return self.outage and not self.final

    @property
    def not_there(self) -> bool:
        """Whether what it is done to, or what that names, is not there.

        Function Compute has no code for a log project that is missing, but words; Cloud Config has
        a code of its own for the topic of a channel.
        """
        gone = self.status == _NOT_FOUND or self.code == TOPIC_UNREACHABLE
        return gone or "does not exist" in str(self)
