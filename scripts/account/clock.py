"""What is said where a service refuses a call for the time at which it was signed.

Page "0002-00000504" of OSS, and the error codes of the others: a signature holds for 15 minutes
about the service's own time. So this machine's clock is off, and no retry helps.
"""

import re
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

_MOST = timedelta(minutes=15)
# As OSS and Function Compute call it, the RPC services, Log Service, and MNS.
_OFF = re.compile(r"RequestTimeTooSkewed|Time[Ss]tamp\.Expired|(?:Request)?TimeExpired")


def is_off(code: str) -> bool:
    """Whether that is what an error code says."""
    return _OFF.search(code) is not None


def advice(now: datetime, date: str = "") -> str:
    """What to do about it; `date` is the answer's header of that name, where it is known."""
    served = _time(date)
    off = now - served if served else timedelta()
    shows = f"this machine's clock shows {now.strftime('%Y-%m-%d %H:%M:%S')} UTC"
    which = "more than 15 minutes off the service's time"
    if abs(off) > _MOST:
        which = f"{_length(abs(off))} {'ahead of' if off > _MOST else 'behind'} the service's time"
    return f"{shows}, {which}: set it right, and run again"


def _time(date: str) -> datetime | None:
    try:
        return parsedate_to_datetime(date).astimezone(timezone.utc)
    except ValueError:
        return None


def _length(span: timedelta) -> str:
    hours, minutes = divmod(round(span.total_seconds() / 60), 60)
    days, hours = divmod(hours, 24)
    units = ((days, "d"), (hours, "h"), (minutes, "min"))
    return " ".join(f"{count} {unit}" for count, unit in units if count)
