"""What the signed headers of several services have in common."""

import email.utils
import time

from .http import Request

_CLOCK_SKEW = 15 * 60  # seconds


def credential(request: Request, scheme: str) -> tuple[str, str]:
    """Key id and signature of `Authorization: <scheme> <key id>:<signature>`; else empty."""
    given, _, pair = request.headers.get("Authorization").partition(" ")
    key_id, _, signature = pair.partition(":")
    return (key_id, signature) if given == scheme else ("", "")


def is_recent(date: str) -> bool:
    """Whether a Date header is at most 15 minutes off; raises ValueError for no date.

    Against the real hour: a client's clock does not move when the cloud's is advanced.
    """
    try:
        then = email.utils.parsedate_to_datetime(date).timestamp()
    except OverflowError as error:
        raise ValueError(f"no date: {date[:50]}") from error
    return abs(time.time() - then) <= _CLOCK_SKEW
