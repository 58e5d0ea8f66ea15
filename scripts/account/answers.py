"""When a service answered, by its own clock: the Date of the last answer to this thread.

No SDK tells it of a refusal. All but that of MNS messages ask through `requests`, where it is
noted.
"""

from contextvars import ContextVar
from email.utils import parsedate_to_datetime
from typing import Any

from requests import adapters

_last: ContextVar[float | None] = ContextVar("_last", default=None)


def last() -> float | None:
    """Seconds since the epoch; None if the service did not tell, or none was asked."""
    return _last.get()


def _seconds(date: str) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, TypeError):
        return None


_build = adapters.HTTPAdapter.build_response


def _noting(self: adapters.HTTPAdapter, req: Any, resp: Any) -> Any:
    _last.set(_seconds(resp.headers.get("Date", "")))
    return _build(self, req, resp)


adapters.HTTPAdapter.build_response = _noting  # type: ignore[method-assign]
